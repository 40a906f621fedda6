"""The coordinators' side of every page: who is in, what they sent, how their pages are made."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData

from workflow.bootstrap import App
from workflow.domain.forms import clean_written
from workflow.services.access import Coordinator
from workflow.web.forms_in import SentForm, field, number
from workflow.web.office_words import OfficeWords
from workflow.web.site import check_form, language_of, render, signed_in, site_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A request of a signed-in coordinator."""

    request: Request
    house: App
    who: Coordinator
    language: str

    @property
    def by(self) -> str:
        """The coordinator's id, as it stands in the log."""
        return self.who.account.id

    @property
    def say(self) -> OfficeWords:
        return OfficeWords(self.language)

    def now(self) -> datetime:
        return self.house.now()

    def page(self, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
        """A page with what all of theirs use: `coordinator`, and `say` (words for codes)."""
        shared: dict[str, object] = {"coordinator": self.who, "say": self.say}
        return render(self.request, template, status=status, language=self.language, **(shared | values))


def seated(request: Request) -> Office:
    """Raises LoginNeededError."""
    who = signed_in(request)
    return Office(request=request, house=site_of(request), who=who, language=language_of(request))


Seated = Annotated[Office, Depends(seated)]


def posted(form: SentForm, desk: Seated) -> FormData:
    """The fields of a form that carries its session's token. Raises ForgedFormError.

    The form is read before anybody asks who sends it: then an ended session can be answered with what was typed.
    Endpoints therefore name `Posted` before `Seated`.
    """
    check_form(desk.request, desk.who.session, form)
    return form


Posted = Annotated[FormData, Depends(posted)]


def clean(form: FormData, name: str, *, where: str) -> str:
    """What was typed in a field, as it will be kept. `where` is the field's name as people read it.

    Raises TextRefusedError, TooLongError.
    """
    return clean_written(field(form, name), where=where).strip()


def version_shown(form: FormData) -> int:
    """The version that the page showed; one that cannot be read fits nothing."""
    return number(form, "version", otherwise=-1)


def new_router() -> APIRouter:
    return APIRouter(include_in_schema=False)
