"""The preview says what will then happen, and what will not and why."""

from dataclasses import replace
from datetime import timedelta

from tests.builders import OPENS_AT, PLANNED_AT
from tests.services.conftest import NORRBY, ROUND, House
from workflow.domain.messages import MessageKind
from workflow.domain.preview import PreviewedMail
from workflow.services.preview import preview_round, preview_row
from workflow.services.reminders import plan_due


def seen(house: House, unit: str = "norrby") -> list[PreviewedMail]:
    with house.read() as work:
        round_ = work.rounds.get(ROUND)
    mails = preview_round(house.db, round_, calendar=house.calendar, now=house.clock.at)
    return [mail for mail in mails if mail.unit == unit]


def test_a_planned_round_shows_invitation_and_reminders(house: House) -> None:
    house.clock.at = PLANNED_AT
    mails = seen(house)
    assert (mails[0].kind, mails[0].at, mails[0].state) == (MessageKind.INVITATION, OPENS_AT, "expected")
    assert len(mails) > 1
    assert all(mail.to_email == "asa.pahittad@norrby.example" for mail in mails)


def test_the_preview_of_a_planned_round_is_what_then_happens(house: House) -> None:
    house.clock.at = PLANNED_AT
    expected = [(mail.kind, mail.slot, mail.at) for mail in seen(house)]
    house.clock.at = OPENS_AT
    house.open()
    house.deliver()
    for _, _, at in expected[1:]:
        house.clock.at = at
        plan_due(house.db, secrets=house.secrets, calendar=house.calendar, now=at)
        house.deliver()
    happened = [(each.kind, each.slot, each.sent_at) for each in house.messages()]
    assert happened == expected


def test_a_unit_that_nobody_can_be_written_to_is_named(house: House) -> None:
    assert {(mail.state, mail.suppressed) for mail in seen(house, "tysta")} == {("suppressed", "no_contact")}


def test_after_handing_in_the_reminders_are_suppressed(opened: House) -> None:
    opened.deliver()
    opened.answer(NORRBY)
    opened.submit(NORRBY)
    mails = seen(opened)
    assert [mail.state for mail in mails if mail.kind is MessageKind.INVITATION] == ["sent"]
    assert {mail.suppressed for mail in mails if mail.state == "suppressed"} == {"submitted"}
    assert not [mail for mail in mails if mail.state == "expected"]


def test_one_day_only(opened: House) -> None:
    with opened.read() as work:
        round_ = work.rounds.get(ROUND)
    first = next(mail for mail in seen(opened) if mail.state == "expected")
    day = opened.calendar.local(first.at).date()
    mails = preview_round(opened.db, round_, calendar=opened.calendar, now=OPENS_AT, on=day)
    assert mails
    assert {opened.calendar.local(mail.at).date() for mail in mails} == {day}


def test_a_round_that_is_not_stored_can_be_previewed(house: House) -> None:
    with house.read() as work:
        unsaved = replace(work.rounds.get(ROUND), id="2028-T1", opens_at=OPENS_AT + timedelta(days=1))
    mails = preview_round(house.db, unsaved, calendar=house.calendar, now=OPENS_AT)
    assert preview_row(mails[0])["at"] >= (OPENS_AT + timedelta(days=1)).isoformat()
    assert all(mail.at < unsaved.closes_at for mail in mails)
