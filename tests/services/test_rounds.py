"""Opening is one transaction or nothing, however many try."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import CLOSES_AT, OPENS_AT, a_round
from tests.services.conftest import HAMNEN, NORRBY, ROUND, House
from workflow.domain.audit import first_break
from workflow.domain.errors import AlreadyExistsError, DeadlineError, FarDeadlineError, RoundMoveRefusedError
from workflow.domain.messages import MessageKind, MessageState
from workflow.domain.people import UnitKind
from workflow.domain.rounds import RoundState
from workflow.services import freezing, rounds


def test_opening_makes_everything_at_once(opened: House) -> None:
    check_everything_is_made(opened)


@pytest.mark.parametrize("at_once", [1, 2])
def test_many_units_are_frozen_a_batch_at_a_time(house: House, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(rounds, "AT_ONCE", at_once)
    house.open()
    check_everything_is_made(house)


def check_everything_is_made(opened: House) -> None:
    with opened.read() as work:
        assert work.rounds.get(ROUND).state is RoundState.OPEN
        assert [each.unit for each in work.submissions.of_round(ROUND)] == ["hamnen", "norrby", "tysta"]
        assert len(work.recipients.links_of(NORRBY)) == 2
        planned = {(each.kind, each.to_email) for each in work.outbox.list(round_id=ROUND)}
        assert planned == {
            (MessageKind.INVITATION, "cleo@hamnen.example"),
            (MessageKind.INVITATION, "asa.pahittad@norrby.example"),
        }
        assert first_break(work.log.all()) is None
    assert opened.events() == ["round.planned", "round.opened"]


def test_a_second_opening_is_refused_and_changes_nothing(opened: House) -> None:
    before = opened.events()
    with pytest.raises(RoundMoveRefusedError):
        opened.open()
    assert opened.events() == before
    assert len(opened.messages()) == 1


def test_a_broken_opening_leaves_nothing_behind(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(freezing, "make_message", broken)
    with pytest.raises(RuntimeError, match="power cut"):
        house.open()
    with house.read() as work:
        assert work.rounds.get(ROUND).state is RoundState.PLANNED
        assert work.submissions.of_round(ROUND) == ()
        assert work.recipients.of_round(ROUND) == ()
        assert work.outbox.list(round_id=ROUND) == ()


def test_the_scheduler_opens_what_is_due_and_only_that(house: House) -> None:
    def open_due() -> tuple[str, ...]:
        return rounds.open_due_rounds(house.db, secrets=house.secrets, calendar=house.calendar, now=house.clock.at)

    house.clock.at = OPENS_AT - timedelta(seconds=1)
    assert open_due() == ()
    house.clock.at = OPENS_AT + timedelta(days=2)  # it was down for two days: late, but opened
    assert open_due() == (ROUND,)
    assert open_due() == ()


def test_a_round_opened_at_night_invites_in_the_morning(house: House) -> None:
    house.clock.at = OPENS_AT + timedelta(days=4, hours=15)  # Friday evening
    house.open()
    invitation = house.messages()[0]
    assert house.calendar.in_window(invitation.due_at)
    assert house.calendar.local(invitation.due_at).strftime("%a %H:%M") == "Mon 07:00"
    assert house.deliver().sent == 0


def test_planning_twice_is_refused(house: House) -> None:
    with pytest.raises(AlreadyExistsError):
        rounds.plan_round(house.db, a_round(state=RoundState.PLANNED), by="k", now=OPENS_AT)


def test_dates_in_the_wrong_order_are_refused(house: House) -> None:
    for due in (OPENS_AT, CLOSES_AT + timedelta(hours=1)):
        wrong = replace(a_round(id="2027-T2"), due_at={UnitKind.BOLAG: due})
        with pytest.raises(DeadlineError):
            rounds.plan_round(house.db, wrong, by="k", now=OPENS_AT)


def test_readiness_names_who_lacks_a_contact_and_what_speaks_against_the_date(house: House) -> None:
    bridge_day = house.calendar.end_of_day(house.calendar.local(OPENS_AT).date() + timedelta(days=4))
    found = rounds.readiness(house.db, replace(a_round(), due_at={UnitKind.FACKNAMND: bridge_day}), house.calendar)
    assert [unit.id for unit in found.units] == ["tysta"]
    assert [unit.id for unit in found.without_contact] == ["tysta"]
    assert [warning.reason for _, warning in found.warnings] == ["bridge_day"]


def test_closing_cancels_reminders_and_takes_late_answers_all_the_same(opened: House) -> None:
    opened.deliver()
    opened.clock.at = CLOSES_AT
    assert rounds.close_due_rounds(opened.db, now=CLOSES_AT) == (ROUND,)
    opened.answer(HAMNEN)
    assert opened.submit(HAMNEN).late_days > 0
    assert all(state is not MessageState.PLANNED for kind, _, state in opened.mails() if kind is MessageKind.REMINDER)


def test_a_cancelled_round_never_opens(house: House) -> None:
    rounds.cancel_round(house.db, ROUND, by="k", now=OPENS_AT)
    assert rounds.open_due_rounds(house.db, secrets=house.secrets, calendar=house.calendar, now=CLOSES_AT) == ()


def test_a_round_whose_closing_has_passed_invites_nobody(house: House) -> None:
    house.clock.at = CLOSES_AT + timedelta(days=1)
    opened = rounds.open_due_rounds(house.db, secrets=house.secrets, calendar=house.calendar, now=house.clock.at)
    assert opened == ()
    with pytest.raises(rounds.RoundOverError):
        house.open()


def test_a_mistyped_year_is_refused(house: House) -> None:
    far = replace(a_round(id="2027-T2", state=RoundState.PLANNED), closes_at=CLOSES_AT + timedelta(days=45 * 365))
    with pytest.raises(FarDeadlineError):
        rounds.plan_round(house.db, far, by="k", now=OPENS_AT)
