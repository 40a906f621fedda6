"""The page behind the link in the yearly mail: what the register says, two answers. No login; a GET changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData

from workflow.adapters.mail.addresses import clean as clean_header
from workflow.domain.details import Place, Wish
from workflow.domain.errors import RefusedError, StaleWriteError
from workflow.domain.forms import clean_written
from workflow.domain.people import Role
from workflow.services.details_answers import Question, Reader, Wished, problems
from workflow.web.about import speak
from workflow.web.forms_in import SentForm, visible
from workflow.web.forms_in import field as sent
from workflow.web.site import go, language_of, render, site_of
from workflow.web.words import LANGUAGES, error_text, translations

router = APIRouter(include_in_schema=False)

CHANGE = "andra"
KEEP = "keep"
FIELDS = ("wish", "who", "email", "phone", "role", "note")
CONFLICT = 409
UNPROCESSABLE = 422


class KeptButChangedError(RefusedError):
    sentence = "Du har skrivit något nytt men valt att uppgifterna stämmer. Välj vad som ska ändras."


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it stands: by field and number of the place, and what is wrong: (id of the field, sentence)."""

    fields: Mapping[str, str]
    problems: tuple[tuple[str, str], ...] = ()
    wishes: Mapping[int, Wished] = field(default_factory=dict)


@router.get("/uppgifter/{token}")
def show(request: Request, token: str, svar: str = "", sprak: str = "") -> Response:
    """Mail scanners come here too: nothing is written. Raises LinkError."""
    asked = _reader(request, token).look()
    language = _language(request, asked, sprak)
    typed = Typed(_as_it_is(asked)) if svar == CHANGE and asked.places else None
    response = _page(request, asked, language, typed=typed)
    if sprak in LANGUAGES:
        speak(request, response, sprak)
    return response


@router.post("/uppgifter/{token}")
def answer(request: Request, form: SentForm, token: str, sprak: str = "") -> Response:
    """`svar` is `stammer`, or `andra` with the changes. Raises LinkError."""
    reader = _reader(request, token)
    asked = reader.look()
    language = _language(request, asked, sprak)
    if sent(form, "svar") != CHANGE:
        try:
            reader.confirm(sent(form, "seal"))
        except StaleWriteError:
            return _page(request, reader.look(), language, status=CONFLICT, changed=True)
        return go(request.url.path)
    typed = _read(form, asked, language)
    if typed.problems:
        return _page(request, asked, language, status=UNPROCESSABLE, typed=typed)
    try:
        reader.ask_for(typed.wishes, sent(form, "seal"))
    except StaleWriteError:
        return _page(request, reader.look(), language, status=CONFLICT, typed=typed, changed=True)
    return go(request.url.path)


def _reader(request: Request, token: str) -> Reader:
    house = site_of(request)
    return Reader(
        db=house.db,
        secrets=house.secrets,
        calendar=house.calendar,
        office=house.office,
        now=house.now(),
        token=token,
    )


def _language(request: Request, asked: Question, chosen: str) -> str:
    return chosen if chosen in LANGUAGES else language_of(request, asked.language)


def _page(
    request: Request,
    asked: Question,
    language: str,
    *,
    typed: Typed | None = None,
    changed: bool = False,
    status: int = 200,
) -> HTMLResponse:
    return render(
        request,
        "details.html",
        status=status,
        language=language,
        asked=asked,
        typed=typed,
        changed=changed,
        roles=[str(role) for role in Role],
        left_over=_left_over(asked, typed) if typed else (),
    )


def _as_it_is(asked: Question) -> dict[str, str]:
    """The form before anybody has typed: what was asked for and still waits, else what the register says."""
    waiting = {each.was: each for each in asked.waiting}
    found: dict[str, str] = {}
    for number, place in enumerate(asked.places):
        mine = waiting.get(place)
        contact = mine.wanted if mine else place.contact
        values = (mine.wish if mine else KEEP, contact.name, contact.email, contact.phone, contact.role)
        texts = (*(str(value) for value in values), mine.note if mine else "")
        found |= {f"{name}.{number}": text for name, text in zip(FIELDS, texts, strict=True)}
    return found


def _read(form: FormData, asked: Question, language: str) -> Typed:
    shown = {
        f"{name}.{number}": visible(sent(form, f"{name}.{number}"))
        for number in range(_numbers(form))
        for name in FIELDS
    }
    typed = Typed(shown)
    wishes: dict[int, Wished] = {}
    found: list[tuple[str, str]] = []
    for number, place in enumerate(asked.places):
        chosen = sent(form, f"wish.{number}")
        if chosen in set(Wish):
            wishes[number], wrong = _wished(form, number, place, Wish(chosen), language)
            found += wrong
        elif _has_written(form, number, place):
            found.append((f"{KEEP}.{number}", error_text(KeptButChangedError(), language)))
    if not found:
        told = problems(asked.places, wishes)
        found = [(_target(number, fault.field), error_text(fault.error, language)) for number, fault in told]
    return replace(typed, problems=tuple(found), wishes=wishes)


def _has_written(form: FormData, number: int, place: Place) -> bool:
    """Whether somebody has written something new and left the choice as it was: it must not be lost unseen."""
    was = place.contact
    known = {"who": was.name, "email": was.email, "phone": was.phone, "role": str(was.role), "note": ""}
    return any(
        sent(form, f"{name}.{number}").strip() != value for name, value in known.items() if f"{name}.{number}" in form
    )


def _wished(
    form: FormData, number: int, place: Place, wish: Wish, language: str
) -> tuple[Wished, list[tuple[str, str]]]:
    gettext = translations(language).gettext
    labels = {
        "who": gettext("namn"),
        "email": gettext("e-post"),
        "phone": gettext("telefon"),
        "note": gettext("vad som ska ändras"),
    }
    texts: dict[str, str] = {}
    wrong: list[tuple[str, str]] = []
    for name, label in labels.items():
        key = f"{name}.{number}"
        try:
            text = clean_written(sent(form, key), where=label).strip()
            texts[name] = text if name == "note" else " ".join(clean_header(text, field=label).split())
        except RefusedError as error:
            texts[name] = ""
            wrong.append((key, error_text(error, language)))
    role = sent(form, f"role.{number}")
    wished = Wished(
        wish=wish,
        name=texts["who"],
        email=texts["email"],
        phone=texts["phone"],
        role=Role(role) if role in set(Role) and wish is Wish.CHANGE else place.contact.role,
        note=texts["note"],
    )
    return wished, wrong


def _target(number: int, name: str) -> str:
    known = {"name": "who", "wish": "keep"}.get(name, name)
    return f"{known if known in {*FIELDS, 'keep'} else 'keep'}.{number}"


def _numbers(form: FormData) -> int:
    return sum(key.startswith("wish.") for key in form)


def _left_over(asked: Question, typed: Typed) -> tuple[str, ...]:
    """What somebody wrote about a place that the register has no more."""
    shown = {f"note.{number}" for number in range(len(asked.places))}
    return tuple(text for key, text in typed.fields.items() if key.startswith("note.") and key not in shown and text)
