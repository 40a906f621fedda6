"""One person of the register: added, changed, given a last day, the address marked as working or not."""

from dataclasses import replace
from datetime import date

from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData

from workflow.adapters.mail.addresses import clean as clean_header
from workflow.domain.errors import NotFoundError, RefusedError, StaleWriteError
from workflow.domain.people import Contact, Role
from workflow.services.contacts import Fault, UnitPeople, faults, people_of, save_contact
from workflow.services.roster import roster_of
from workflow.web.forms_in import field
from workflow.web.office import Office, Posted, Seated, clean, new_router
from workflow.web.site import go
from workflow.web.typed_time import read_day

router = new_router()

FIELDS = ("role", "name", "email", "phone", "language", "since", "until", "fails")
NOBODY = dict.fromkeys(FIELDS, "") | {"role": str(Role.PRIMARY), "language": "sv"}
CONFLICT = 409
Problems = list[tuple[str, str]]


@router.get("/enheter/{unit}/person/{number}")
def ask(desk: Seated, unit: str, number: int) -> HTMLResponse:
    """Number 0 is somebody new. Raises NotFoundError."""
    people = people_of(desk.house.db, unit)
    typed = as_typed(people.numbered(number)) if number else NOBODY
    return _page(desk, unit, number, typed, seal=people.seal)


@router.post("/enheter/{unit}/person/{number}")
def save(form: Posted, desk: Seated, unit: str, number: int) -> Response:
    people = people_of(desk.house.db, unit)
    typed = {name: field(form, name) for name in FIELDS}
    contact, problems = _read(desk, form, unit)
    try:
        others = _others(people, number)
        problems += [(fault.field, desk.say.error(fault.error)) for fault in _new_faults(contact, others, problems)]
        if problems:
            return _page(desk, unit, number, typed, seal=field(form, "seal"), status=422, problems=problems)
        save_contact(
            desk.house.db,
            contact,
            number=number,
            works=_works(people, number, contact, typed),
            seal=field(form, "seal"),
            by=desk.by,
            now=desk.now(),
        )
    except (StaleWriteError, NotFoundError):
        said = desk.say.gettext(
            "Någon annan har ändrat här under tiden. Det du skrev står kvar; jämför och spara igen."
        )
        return _page(
            desk,
            unit,
            place_of(people, field(form, "shown")),
            typed,
            seal=people.seal,
            status=CONFLICT,
            problems=[("", said)],
        )
    return go(f"/enheter/{unit}")


def place_of(people: UnitPeople, shown: str) -> int:
    """Where the person that the page showed stands now; 0 where they are gone."""
    return next((place for place, each in enumerate(people.contacts, start=1) if shown and each.email == shown), 0)


def _others(people: UnitPeople, number: int) -> list[Contact]:
    """Raises NotFoundError where the one shown is gone."""
    old = people.numbered(number) if number else None
    return [each for each in people.contacts if each is not old]


def _works(people: UnitPeople, number: int, contact: Contact, typed: dict[str, str]) -> bool:
    """A box left ticked beside a new address told of the old one."""
    old = people.numbered(number) if number else None
    was_marked = old is not None and old.undeliverable_since is not None
    is_new_address = old is not None and old.email.casefold() != contact.email.casefold()
    return not typed["fails"] or (was_marked and is_new_address)


def _read(desk: Office, form: FormData, unit: str) -> tuple[Contact, Problems]:
    problems: Problems = []
    role, language = field(form, "role"), field(form, "language")
    contact = Contact(
        unit=unit,
        role=Role(role) if role in set(Role) else Role.PRIMARY,
        name=_words(desk, form, "name", desk.say.gettext("namn"), problems),
        email=_words(desk, form, "email", desk.say.gettext("e-post"), problems),
        phone=_words(desk, form, "phone", desk.say.gettext("telefon"), problems),
        language=language if language in {"sv", "en"} else "sv",
    )
    first, last = (_day(desk, form, name, problems) for name in ("since", "until"))
    return replace(contact, valid_from=first, valid_to=last), problems


def _words(desk: Office, form: FormData, name: str, where: str, problems: Problems) -> str:
    try:
        return " ".join(clean_header(clean(form, name, where=where), field=where).split())
    except RefusedError as error:
        problems.append((name, desk.say.error(error)))
        return ""


def _day(desk: Office, form: FormData, name: str, problems: Problems) -> date | None:
    typed = field(form, name).strip()
    try:
        return read_day(typed) if typed else None
    except RefusedError as error:
        problems.append((name, desk.say.error(error)))
        return None


def _new_faults(contact: Contact, others: list[Contact], known: Problems) -> list[Fault]:
    """Without those of fields that could not be read at all."""
    unread = {name for name, _ in known}
    if unread & {"since", "until"}:
        unread |= {"role", "until"}
    return [fault for fault in faults(contact, others) if fault.field not in unread]


def as_typed(contact: Contact) -> dict[str, str]:
    """How the form shows a contact, by its fields."""
    return {
        "role": str(contact.role),
        "name": contact.name,
        "email": contact.email,
        "phone": contact.phone,
        "language": contact.language,
        "since": contact.valid_from.isoformat() if contact.valid_from else "",
        "until": contact.valid_to.isoformat() if contact.valid_to else "",
        "fails": "yes" if contact.undeliverable_since else "",
    }


def _page(
    desk: Office,
    unit: str,
    number: int,
    typed: dict[str, str],
    *,
    seal: str,
    status: int = 200,
    problems: Problems | None = None,
) -> HTMLResponse:
    found = next(each for each in roster_of(desk.house.db).units if each.id == unit)
    people = people_of(desk.house.db, unit)
    return desk.page(
        "contact_edit.html",
        status=status,
        nav_here="register",
        unit=found,
        number=number,
        typed=typed,
        seal=seal,
        roles=[str(role) for role in Role],
        problems=sorted(problems or [], key=lambda each: FIELDS.index(each[0]) if each[0] else -1),
        shown=people.numbered(number).email if number else "",
        others=people.contacts if status == CONFLICT else (),
    )
