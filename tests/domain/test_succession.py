"""Who answers for a unit: its own contacts in their time, then those of the unit that came after it."""

from datetime import date, datetime, timedelta, timezone

import pytest

from tests.builders import NOW, a_contact, a_recipient, a_unit
from workflow.domain.addressing import addressee, copied, right_until
from workflow.domain.people import Contact, Role, Unit
from workflow.domain.succession import Register, is_left_alone, unreachable

LAST, FIRST = date(2026, 12, 31), date(2027, 1, 1)
OPENS, CLOSES = date(2026, 12, 10), date(2027, 2, 12)


def people(unit: Unit, *others: Unit, contacts: list[Contact]) -> list[tuple[str, date | None, date | None]]:
    register = Register((unit, *others), contacts)
    return [(each.name, each.valid_from, each.valid_to) for each in register.people_for(unit)]


def test_a_unit_that_goes_on_is_answered_for_by_its_own_contacts() -> None:
    contacts = [a_contact(valid_to=LAST), a_contact(name="Nils Ny", valid_from=FIRST), a_contact(unit="annan")]
    assert people(a_unit(), a_unit(id="annan"), contacts=contacts) == [
        ("Åsa Påhittad", None, LAST),
        ("Nils Ny", FIRST, None),
    ]


def test_after_its_last_day_the_next_unit_s_contacts_answer_for_it() -> None:
    ended = a_unit(valid_to=LAST, replaced_by="nya")
    contacts = [a_contact(), a_contact(unit="nya", name="Nils Ny")]
    assert people(ended, a_unit(id="nya"), contacts=contacts) == [
        ("Åsa Påhittad", None, LAST),
        ("Nils Ny", FIRST, None),
    ]


def test_a_contact_of_the_next_unit_whose_time_was_over_by_then_is_left_out() -> None:
    ended = a_unit(valid_to=LAST, replaced_by="nya")
    contacts = [a_contact(), a_contact(unit="nya", name="Förr", valid_to=date(2026, 11, 1)), a_contact(unit="nya")]
    assert len(people(ended, a_unit(id="nya"), contacts=contacts)) == 2


def test_where_nobody_comes_after_its_own_contacts_go_on() -> None:
    assert people(a_unit(valid_to=LAST), contacts=[a_contact()]) == [("Åsa Påhittad", None, None)]
    ended = a_unit(valid_to=LAST, replaced_by="nya")
    only_a_head = [a_contact(), a_contact(unit="nya", role=Role.HEAD)]
    assert people(ended, a_unit(id="nya"), contacts=only_a_head) == [("Åsa Påhittad", None, None)]


def test_a_line_of_units_is_followed_and_a_circle_ends() -> None:
    one = a_unit(id="a", valid_to=LAST, replaced_by="b")
    two = a_unit(id="b", valid_to=date(2027, 1, 31), replaced_by="c")
    three = a_unit(id="c", valid_to=date(2027, 3, 31), replaced_by="a")
    contacts = [a_contact(unit="a", name="A"), a_contact(unit="b", name="B"), a_contact(unit="c", name="C")]
    assert people(one, two, three, contacts=contacts) == [
        ("A", None, LAST),
        ("B", FIRST, date(2027, 1, 31)),
        ("C", date(2027, 2, 1), None),
    ]


def test_predecessors_are_the_units_that_name_it() -> None:
    units = [a_unit(id="a", replaced_by="c"), a_unit(id="b", replaced_by="c"), a_unit(id="c"), a_unit(id="d")]
    assert [each.id for each in Register(units, ()).predecessors("c")] == ["a", "b"]
    assert Register(units, ()).predecessors("d") == ()


@pytest.mark.parametrize(
    ("contacts", "alone"),
    [
        ([a_contact()], False),
        ([a_contact(valid_to=LAST)], True),
        ([a_contact(valid_to=LAST), a_contact(valid_from=FIRST)], False),
        ([a_contact(valid_to=LAST), a_contact(valid_from=date(2027, 1, 2))], True),
        ([a_contact(valid_to=LAST), a_contact(role=Role.FUNCTION_MAILBOX, name="")], False),
        ([a_contact(valid_to=LAST), a_contact(role=Role.REGISTRAR)], True),
        ([a_contact(valid_to=date(2027, 6, 1))], False),
    ],
)
def test_a_day_with_nobody_is_found(contacts: list[Contact], *, alone: bool) -> None:
    assert is_left_alone(contacts, OPENS, CLOSES) is alone


def test_addresses_that_do_not_work_are_found_in_the_round_s_own_time() -> None:
    bounced = a_contact(name="Studs", undeliverable_since=NOW)
    missing = a_contact(name="Tom", email="")
    malformed = a_contact(name="Fel", email="fel@")
    past = a_contact(name="Förr", email="", valid_to=date(2026, 12, 9))
    later = a_contact(name="Sen", email="", valid_from=date(2027, 2, 13))
    found = unreachable([a_contact(), bounced, missing, malformed, past, later], OPENS, CLOSES)
    assert [each.name for each in found] == ["Studs", "Tom", "Fel"]


# --- at a moment ---------------------------------------------------------------

MIDNIGHT = datetime(2027, 1, 1, tzinfo=timezone(timedelta(hours=1)))


def test_mail_goes_to_the_one_who_is_right_at_that_moment() -> None:
    old = a_recipient(id="old", ends_at=MIDNIGHT)
    new = a_recipient(id="new", starts_at=MIDNIGHT)
    just_before = MIDNIGHT - timedelta(microseconds=1)
    assert addressee([old, new], just_before) == old
    assert addressee([old, new], MIDNIGHT) == new
    assert right_until(new, old) == MIDNIGHT
    assert right_until(new) is None


def test_without_a_contact_person_a_deputy_then_the_mailbox_then_nobody() -> None:
    primary = a_recipient(id="p", ends_at=MIDNIGHT)
    deputy = a_recipient(id="d", role=Role.DEPUTY)
    mailbox = a_recipient(id="m", role=Role.FUNCTION_MAILBOX)
    head = a_recipient(id="h", role=Role.HEAD)
    assert addressee([head, mailbox, deputy, primary], MIDNIGHT) == deputy
    assert addressee([head, mailbox, primary], MIDNIGHT) == mailbox
    assert addressee([head, primary], MIDNIGHT) is None


def test_copies_go_to_the_others_who_are_right() -> None:
    to = a_recipient(id="d", role=Role.DEPUTY)
    other = a_recipient(id="d-2", role=Role.DEPUTY, email="bo@norrby.example")
    gone = a_recipient(id="d-3", role=Role.DEPUTY, email="cleo@norrby.example", ends_at=MIDNIGHT)
    head = a_recipient(id="h", role=Role.HEAD, email="chef@norrby.example")
    assert copied([to, other, gone, head], (Role.DEPUTY,), to, MIDNIGHT) == (other,)


def test_nobody_is_in_copy_of_their_own_mail_or_twice() -> None:
    to = a_recipient(id="p")
    same = a_recipient(id="d", role=Role.DEPUTY, email=f" {to.email.upper()}")
    head = a_recipient(id="h", role=Role.HEAD, email="chef@norrby.example")
    again = a_recipient(id="h-2", role=Role.HEAD, email="Chef@norrby.example")
    assert copied([to, same, head, again], (Role.DEPUTY, Role.HEAD), to, MIDNIGHT) == (head,)
