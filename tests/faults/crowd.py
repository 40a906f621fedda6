"""Who answers for whom where a person has several units: in two languages, at addresses written in two ways, in all
the parts one can play – contact of one, head of another, in copy for a third.
"""

from collections.abc import Sequence
from datetime import time

from tests.builders import a_contact, a_policy, an_account
from tests.faults.world import daily
from workflow.bootstrap import App
from workflow.domain.messages import MessageKind
from workflow.domain.people import Contact, Role, Unit
from workflow.domain.reminders import Audience, Policy, Step

SHARES = (4, 4, 3, 3, 2, 2)
"""How many units each of the first contact persons answers for; all others have one."""
UNITS = 32
UNITS_OF_A_HEAD = 8


def contacts(some: Sequence[Unit], shares: Sequence[int] = SHARES) -> tuple[Contact, ...]:
    """The first contact person is also the last unit's head, the second is deputy (in copy) of every sixth unit."""
    people: list[Contact] = []
    for number, unit in enumerate(some):
        people.append(_contact(unit, number, shares))
        if number % 3 == 0:
            people.append(a_contact(unit=unit.id, role=Role.DEPUTY, name="Bo", email=_deputy(number, unit)))
        head = _address(0) if unit is some[-1] else f"chef{number // UNITS_OF_A_HEAD}@flera.example"
        people.append(a_contact(unit=unit.id, role=Role.HEAD, name="Chef", email=head))
    return tuple(people)


def _contact(unit: Unit, number: int, shares: Sequence[int]) -> Contact:
    first = 0
    for person, units in enumerate(shares):
        if number < first + units:
            address, language = _address(person), ("sv", "en")[number % 2]
            written = address.title() if number % 2 else address
            return a_contact(unit=unit.id, name=f"Åsa {person}", email=written, language=language)
        first += units
    return a_contact(unit=unit.id, name=f"Åsa {unit.short}", email=f"a@{unit.id}.example")


def _address(person: int) -> str:
    return f"asa.{person}@flera.example"


def _deputy(number: int, unit: Unit) -> str:
    return _address(1) if number % 6 == 0 else f"b@{unit.id}.example"


def escalating() -> Policy:
    """Every working day to the contact, from the second day after the last one every other day to the head too."""
    to_head = Step(offset=2, at=time(8, 30), mail=MessageKind.OVERDUE, to=Audience.HEAD, every=2)
    return a_policy(steps=(*daily().steps, to_head))


def hire(house: App) -> None:
    """Two coordinators: one wants the daily mail, the other is reminded of reviews alone."""
    with house.db.begin() as work:
        work.access.add_account(an_account(id="k", email="k@kontoret.example", digest=False))
        work.access.add_account(an_account(id="k-2", email="k2@kontoret.example", language="en"))
