"""The register of units and contacts as the coordinators see it: list and search, one unit with its people."""

from collections.abc import Sequence
from datetime import date

from fastapi.responses import HTMLResponse

from workflow.domain.errors import NotFoundError
from workflow.domain.people import Contact, Unit, search_key, sort_key
from workflow.domain.roster import is_mailbox
from workflow.domain.succession import Register, answering
from workflow.services.corrections import waiting_corrections
from workflow.services.roster import roster_of
from workflow.web.correction_pages import status_of
from workflow.web.office import Office, Seated, new_router

router = new_router()


@router.get("/enheter")
def listing(desk: Seated, sok: str = "") -> HTMLResponse:
    roster, today = roster_of(desk.house.db), _today(desk)
    register = Register(roster.units, roster.contacts)
    wanted = search_key(sok)
    found = [unit for unit in roster.units if wanted in search_key(_searched(unit, register))]
    found.sort(key=lambda unit: sort_key(unit.name))
    return desk.page(
        "register.html",
        nav_here="register",
        rows=[(unit, answering(register.people_for(unit), today)[:1], _troubled(register, unit)) for unit in found],
        total=len(roster.units),
        search=sok,
        today=today,
        details=status_of(desk),
        asked=waiting_corrections(desk.house.db),
    )


@router.get("/enheter/{unit}")
def one(desk: Seated, unit: str) -> HTMLResponse:
    """Raises NotFoundError."""
    roster, today = roster_of(desk.house.db), _today(desk)
    register = Register(roster.units, roster.contacts)
    found = next((each for each in roster.units if each.id == unit), None)
    if found is None:
        raise NotFoundError(what=unit)
    return desk.page(
        "register_unit.html",
        nav_here="register",
        unit=found,
        people=register.people_for(found),
        number=lambda contact: _number(register.contacts_of(found.id), contact),
        before=register.predecessors(found.id),
        after=register.line(found)[1:],
        works=lambda contact: is_mailbox(contact.email) and not contact.undeliverable_since,
        today=today,
    )


def _number(own: Sequence[Contact], shown: Contact) -> int:
    """Which of the unit's own contacts, from 1, a person is (a merger may have cut their days); 0 for another's."""
    alike = [
        place
        for place, each in enumerate(own, start=1)
        if (each.unit, each.role, each.email) == (shown.unit, shown.role, shown.email)
    ]
    return own.index(shown) + 1 if shown in own else next(iter(alike), 0)


def _today(desk: Office) -> date:
    return desk.house.calendar.local(desk.now()).date()


def _searched(unit: Unit, register: Register) -> str:
    people = (f"{each.name} {each.email}" for each in register.contacts_of(unit.id))
    return " ".join((unit.id, unit.name, unit.short, *people))


def _troubled(register: Register, unit: Unit) -> tuple[Contact, ...]:
    """Whose address does not work."""
    return tuple(
        each for each in register.contacts_of(unit.id) if each.undeliverable_since or not is_mailbox(each.email)
    )
