"""What the contact person's doors share: reading their submission, storing what they typed, showing the form."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from workflow.bootstrap import App
from workflow.domain.errors import LockedQuestionError, TertialError
from workflow.domain.extensions import Extension, ExtensionState, in_force, open_among
from workflow.domain.forms import Answer, QuestionSet, missing
from workflow.domain.submissions import Edition, State, Submission
from workflow.services import extensions, overview, submissions
from workflow.services.access import Visitor
from workflow.services.inbox import mailed_forms
from workflow.services.lineage import previous_answers
from workflow.services.overview import SubmissionView
from workflow.services.submissions import Sheet
from workflow.web import answers, last_time
from workflow.web.answers import Typed
from workflow.web.site import answering, check_form, go, language_of, render, site_of
from workflow.web.words import error_text, translations

HANDED_IN = frozenset({State.SUBMITTED, State.APPROVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A contact person before their own submission."""

    house: App
    visitor: Visitor
    sheet: Sheet
    view: SubmissionView

    @property
    def submission(self) -> Submission:
        return self.sheet.submission

    @property
    def latest(self) -> Edition | None:
        """What was handed in last."""
        return self.view.editions[-1] if self.view.editions else None

    @property
    def names(self) -> Mapping[str, str]:
        """The unit's own people by id."""
        return {each.id: each.name for each in self.view.recipients}

    @property
    def draft_seal(self) -> str:
        """Names the draft as it stands, so that nobody hands in what they have not read."""
        return self.sheet.seal


def sit_down(request: Request, form: FormData | None = None) -> Desk:
    """The desk of this request's session; with `form`, its token is checked. Raises SessionOverError, ForgedFormError.

    The one place where pages read a draft, and only that of the session's own link.
    """
    visitor = answering(request)
    if form is not None:
        check_form(request, visitor.session, form)
    return read_desk(site_of(request), visitor)


def read_desk(house: App, visitor: Visitor) -> Desk:
    return Desk(
        house=house,
        visitor=visitor,
        sheet=submissions.sheet(house.db, visitor.submission),
        view=overview.submission_view(house.db, visitor.submission),
    )


def show(request: Request, desk: Desk, template: str, *, status: int = 200, **values: object) -> Response:
    """A page of this submission."""
    return render(
        request,
        template,
        status=status,
        language="",
        visitor=desk.visitor,
        round=desk.sheet.round,
        submission=desk.submission,
        sheet=desk.sheet,
        latest=desk.latest,
        editions=desk.view.editions,
        **values,
    )


def show_form(
    request: Request, desk: Desk, typed: Typed | None = None, *, status: int = 200, fault: str = ""
) -> Response:
    """The form, with what was typed standing where it was typed; `fault` is a sentence about the whole."""
    made = answers.rows(desk.sheet, typed or Typed(), desk.latest)
    earlier = previous_answers(desk.house.db, desk.submission.id)
    lacking = {question.key for question in missing(desk.sheet.questions, desk.sheet.answers)}
    return show(
        request,
        desk,
        "answer.html",
        status=status,
        rows={row.key: row for row in made},
        lacking=lacking,
        fault=fault,
        extension=_newest_extension(desk),
        mailed=mailed_forms(desk.house.db, desk.submission.id),
        earlier=earlier,
        last=last_time.beside(earlier, language_of(request)),
        comparison=last_time.comparison,
    )


def _newest_extension(desk: Desk) -> Extension | None:
    """What the form tells of: an open request, else the last answer to one, as long as it matters."""
    known = extensions.of_unit(desk.house.db, desk.submission.id)
    told = open_among(known) or in_force(desk.submission, known)
    refused = [each for each in known[-1:] if each.state is ExtensionState.REFUSED]
    return told or next(iter(refused), None)


def store(request: Request, desk: Desk, form: FormData, *, then: str) -> Response:
    """Save what was changed and go on to `then`; or show the form again with everything that was typed."""
    sent = _sent(desk, form, language_of(request))
    changed = answers.changed_answers(form, sent)
    shown = answers.shown_again(sent)
    refused = answers.refusals(changed, desk.sheet.questions)
    if refused:
        problems = {key: said(request, desk.sheet.questions, error) for key, error in refused.items()}
        return show_form(request, desk, Typed(answers=shown, problems=problems), status=422)
    if not changed:
        return go(then)
    try:
        clashed = _save(desk, changed)
    except LockedQuestionError as error:
        fault = said(request, desk.sheet.questions, error)
        return show_form(request, read_desk(desk.house, desk.visitor), Typed(answers=shown), status=422, fault=fault)
    if not clashed:
        return go(then)
    mine = {key: shown[key] for key in clashed}  # all others are stored
    return show_form(request, read_desk(desk.house, desk.visitor), Typed(answers=mine, clashes=clashed), status=409)


def _sent(desk: Desk, form: FormData, language: str) -> list[Answer]:
    """What was typed, and where nothing was, what the choice against last time's answer says."""
    sent = answers.sent_answers(form, desk.sheet.questions)
    if not any(f"against.{each.question}" in form for each in sent):
        return sent
    before = last_time.beside(previous_answers(desk.house.db, desk.submission.id), language)
    return [
        last_time.chosen(form, each, before.get(each.question, ()), untouched=answers.untouched(form, each))
        for each in sent
    ]


def _save(desk: Desk, changed: list[Answer]) -> Mapping[str, answers.Clash]:
    saved = submissions.save_answers(
        desk.house.db,
        desk.visitor.submission,
        changed,
        by=desk.visitor.recipient.id,
        now=desk.house.now(),
    )
    return answers.clashes_of(saved.clashes, desk.names)


def said(request: Request, questions: QuestionSet, error: TertialError) -> str:
    """The error's sentence, with the question named as it is printed."""
    language = language_of(request)
    key = str(error.values.get("question", error.values.get("field", "")))
    question = questions.question(key)
    if question is None:
        return error_text(error, language)
    name = translations(language).gettext("fråga {number}").format(number=question.number)
    return error_text(error, language, field=name, question=question.number)
