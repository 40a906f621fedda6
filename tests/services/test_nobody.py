"""A server that says at once that nobody has the address: it is marked, and whoever is next gets the mail."""

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest

from tests.builders import DUE_AT, a_recipient
from tests.fakes.mail import ACCEPTED, LOST
from tests.services.conftest import NORRBY, House
from tests.services.test_incoming import ASA, BO, a_bounce, room, take
from workflow.domain.incoming import IncomingKind
from workflow.domain.messages import Message, MessageKind, MessageState
from workflow.domain.people import Role
from workflow.ports import Handover, Outcome, Phase
from workflow.services.inbox import see_to, to_see_to
from workflow.services.outbox import deliver, send_again
from workflow.services.reminders import plan_due


def first(house: House) -> Message:
    return next(each for each in house.messages() if each.to_email == ASA)


def marked(house: House) -> set[str]:
    with house.read() as work:
        return {each.email for each in work.people.contacts() if each.undeliverable_since}


def reached(house: House, submission: str = NORRBY) -> list[str]:
    return [each.to_email for each in house.messages(submission) if each.state is MessageState.SENT]


def test_the_address_is_marked_and_the_deputy_gets_it_at_once(opened: House) -> None:
    opened.postman.dead = {ASA}
    opened.deliver()
    assert (first(opened).state, first(opened).reason) == (MessageState.FAILED, "550 5.1.1 no such user")
    assert marked(opened) == {ASA}
    assert reached(opened) == [BO]
    letter = next(each for each in opened.postman.taken if each.recipients == (BO,)).data.decode()
    assert "Mejlet till" in letter
    assert opened.events().count("message.turned_to_deputy") == 1
    assert opened.events().count("address.undeliverable") == 1


def test_nobody_is_told_twice_when_a_person_tries_the_dead_address_again(opened: House) -> None:
    opened.postman.dead = {ASA}
    opened.deliver()
    opened.clock.at += timedelta(hours=1)
    send_again(opened.db, first(opened).id, by="k-1", why="En gång till", calendar=opened.calendar, now=opened.clock.at)
    opened.deliver()
    assert reached(opened) == [BO]
    assert opened.events().count("address.undeliverable") == 1


def test_where_all_are_dead_the_mail_fails_and_nobody_goes_round_in_circles(opened: House) -> None:
    opened.postman.dead = {ASA, BO}
    opened.deliver()
    assert marked(opened) == {ASA, BO}
    assert [each.state for each in opened.messages()] == [MessageState.FAILED] * 2


@pytest.mark.parametrize(
    "refusal",
    [
        Handover(Outcome.REFUSED, Phase.RCPT, 552, "5.2.2 mailbox full"),
        Handover(Outcome.REFUSED, Phase.MAIL, 550, "5.1.8 sender"),
        Handover(Outcome.REFUSED, Phase.DOT, 550, "5.1.1 too late to say"),
        Handover(Outcome.BLOCKED, Phase.RCPT, 550, "5.7.1 policy"),
    ],
    ids=lambda each: each.text,
)
def test_what_says_nothing_of_the_address_marks_nobody(opened: House, refusal: Handover) -> None:
    opened.postman.always = refusal
    opened.deliver()
    assert marked(opened) == set()
    assert {each.to_email for each in opened.messages()} == {ASA}


def test_what_has_become_untrue_meanwhile_goes_to_no_deputy(opened: House) -> None:
    opened.postman.dead = {ASA}
    opened.answer(NORRBY)
    hand_in_while_sending(opened)
    opened.deliver()
    invited = [each.to_email for each in opened.messages() if each.kind is MessageKind.INVITATION and each.sent_at]
    assert invited == []  # the receipt does go on to the deputy


def hand_in_while_sending(house: House) -> None:
    """Norrby hands in when the other unit's mail is with the server: Norrby's has been refused, not yet recorded."""

    def submit() -> None:
        if house.submission().is_owed:
            house.submit(NORRBY)

    house.postman.before_marker = submit


def test_a_dead_copy_is_marked_and_its_reader_keeps_the_mail(opened: House) -> None:
    with_copy(opened, BO)
    opened.postman.dead = {BO}
    opened.deliver()
    assert marked(opened) == {BO}
    assert {each.to_email for each in opened.messages()} == {ASA}
    assert reached(opened) == [ASA]
    assert [each.recipients for each in opened.postman.taken if ASA in each.recipients] == [(ASA,)]


def test_the_coordinators_are_told_of_a_refused_copy_once(opened: House) -> None:
    with_copy(opened, BO)
    opened.postman.dead = {BO}
    opened.postman.always = LOST
    opened.deliver()
    (note,) = (each.arrival for each in to_see_to(opened.db))
    assert (note.kind, note.address, note.submission) == (IncomingKind.BOUNCE, BO, NORRBY)
    assert (note.message, note.recipient) == (first(opened).id, f"{NORRBY}.deputy")
    assert "5.1.1" in note.said
    assert opened.events().count("message.copy_refused") == 1
    see_to(opened.db, note.id, by="k-1", now=opened.clock.at)
    send_again(opened.db, first(opened).id, by="k-1", why="Säkert", calendar=opened.calendar, now=opened.clock.at)
    opened.postman.always = ACCEPTED
    opened.deliver()
    assert first(opened).state is MessageState.SENT
    assert to_see_to(opened.db) == ()
    assert opened.events().count("message.copy_refused") == 1


def test_of_a_copy_that_is_known_to_be_dead_nobody_is_told_every_day(opened: House) -> None:
    with_copy(opened, BO)
    opened.postman.dead = {BO}
    with opened.db.begin() as work:
        work.people.mark_undeliverable(BO, opened.clock.at)
    opened.deliver()
    assert reached(opened) == [ASA]
    assert to_see_to(opened.db) == ()


def test_a_copy_that_is_refused_for_now_holds_the_mail_up_for_a_while_only(opened: House) -> None:
    with_copy(opened, BO)
    opened.postman.busy = {BO}
    states = []
    for wait in (0, 5, 15):
        opened.clock.at += timedelta(minutes=wait, seconds=1)
        opened.deliver()
        states.append(first(opened).state)
    assert states == [MessageState.PLANNED, MessageState.PLANNED, MessageState.SENT]
    assert marked(opened) == set()
    assert [each.arrival.address for each in to_see_to(opened.db)] == [BO]


def test_a_mail_that_would_be_too_late_does_not_wait_for_a_copy(opened: House) -> None:
    with_copy(opened, BO, give_up_at=opened.clock.at + timedelta(minutes=4))
    opened.postman.busy = {BO}
    opened.deliver()
    assert reached(opened) == [ASA]


def test_a_deputy_in_copy_has_not_had_what_was_refused_as_a_whole(opened: House) -> None:
    with_copy(opened, BO)
    opened.postman.dead = {ASA}
    opened.deliver()
    assert reached(opened) == [BO]


@pytest.mark.parametrize("at_once", [True, False])
def test_the_deputy_s_mail_has_the_same_copies_as_the_one_that_did_not_arrive(opened: House, *, at_once: bool) -> None:
    """But for those whose address is dead, too; and the reader is not in copy of their own mail."""
    head, dead, mailbox = "chef@norrby.example", "gammal@norrby.example", "namnd@norrby.example"
    with opened.db.begin() as work:
        others = ((Role.HEAD, head), (Role.HEAD, dead), (Role.FUNCTION_MAILBOX, mailbox))
        people = [a_recipient(id=f"r-{to}", submission=NORRBY, role=role, email=to) for role, to in others]
        work.recipients.add(people, [])
        row = next(each for each in work.outbox.of_submission(NORRBY) if each.kind is MessageKind.INVITATION)
        changed = replace(row, detail={"copies": "deputy,head"} if at_once else {"copies": "head"})
        assert work.outbox.change(row, changed)
    opened.postman.dead = {dead, ASA} if at_once else {dead}
    deliver(room(opened))
    if not at_once:
        take(opened, a_bounce(opened, first(opened)))
        deliver(room(opened))
    assert [each.recipients for each in opened.postman.taken if BO in each.recipients] == [(BO, head)]
    anew = next(each for each in opened.messages() if each.to_email == BO)
    assert anew.detail["copies"] == "head"


def with_copy(house: House, address: str, **changes: Any) -> None:
    with house.db.begin() as work:
        (row,) = [each for each in work.outbox.of_submission(NORRBY) if each.kind is MessageKind.INVITATION]
        assert work.outbox.change(row, replace(row, copies=(f"Bo Påhittad <{address}>",), **changes))


def test_a_later_reminder_goes_to_whoever_can_be_reached_until_the_address_works_again(opened: House) -> None:
    opened.postman.dead = {ASA}
    opened.deliver()
    remind(opened, -5)
    remind(opened, 0)
    assert reminded(opened) == [BO, BO], "Åsa's is known to be dead: nothing is tried there"
    with opened.db.begin() as work:
        mended = [replace(each, undeliverable_since=None) for each in work.people.contacts()]
        work.people.replace(work.people.units(), mended)
    opened.postman.dead = set()
    remind(opened, 8)
    assert reminded(opened) == [BO, BO, ASA]


def test_where_nobody_can_be_reached_it_goes_to_the_contact_person_as_ever(opened: House) -> None:
    with opened.db.begin() as work:
        for each in (ASA, BO):
            work.people.mark_undeliverable(each, opened.clock.at)
    remind(opened, -5)
    assert reminded(opened) == [ASA]


def remind(house: House, days: int) -> None:
    """The reminder of so many working days from the last day."""
    day = house.calendar.last_day(DUE_AT)
    day = house.calendar.add_working_days(day, days) if days else day
    house.clock.at = house.calendar.at(day, time(12))
    plan_due(house.db, secrets=house.secrets, calendar=house.calendar, now=house.clock.at)
    house.deliver()


def reminded(house: House) -> list[str]:
    return [each.to_email for each in house.messages() if each.is_reminder and each.state is MessageState.SENT]
