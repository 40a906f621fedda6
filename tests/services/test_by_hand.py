"""One mail decided about by hand: the planner obeys, and what is undone goes after all."""

from datetime import timedelta

import pytest

from tests.builders import DUE_AT, OPENS_AT
from tests.services.conftest import NORRBY, ROUND, House
from tests.services.test_preview_mail import ahead
from workflow.domain.errors import NotFoundError, ReasonMissingError
from workflow.domain.messages import Message, MessageState
from workflow.domain.preview_diff import Effect
from workflow.services import extensions, rounds, submissions
from workflow.services.by_hand import Deed, MailSettledError, NotOpenYetError, decide
from workflow.services.consequences import consequences
from workflow.services.holding import release_held
from workflow.services.preview_mail import find_planned, words_of
from workflow.services.reminders import plan_due

T5 = "norrby.T-5"


def by_hand(house: House, deed: Deed, words: str = "De har ringt.", name: str = T5) -> Message:
    return decide(
        house.db,
        ROUND,
        name,
        deed,
        words,
        by="k-1",
        secrets=house.secrets,
        calendar=house.calendar,
        now=house.clock.at,
    )


def at_its_time(house: House, name: str = T5) -> None:
    """The clock goes to the mail's time, and scheduler and worker do what they do."""
    house.clock.at = max(house.clock.at, find_planned(ahead(house), name).at)
    plan_due(house.db, secrets=house.secrets, calendar=house.calendar, now=house.clock.at)
    house.deliver()


def states(house: House) -> dict[str, MessageState]:
    return {each.slot: each.state for each in house.messages()}


@pytest.fixture
def running(opened: House) -> House:
    opened.deliver()
    return opened


@pytest.mark.parametrize(("deed", "state"), [(Deed.HOLD, MessageState.HELD), (Deed.SKIP, MessageState.SKIPPED)])
def test_a_mail_to_come_is_stopped_and_the_planner_obeys(running: House, deed: Deed, state: MessageState) -> None:
    when = find_planned(ahead(running), T5).at
    by_hand(running, deed)
    running.clock.at = when
    at_its_time(running)
    assert states(running)["T-5"] is state
    at_its_time(running, "norrby.T+0")
    assert states(running) == {"open": MessageState.SENT, "T-5": state, "T+0": MessageState.SENT}


@pytest.mark.parametrize("deed", [Deed.HOLD, Deed.SKIP])
def test_what_is_undone_in_time_goes_at_its_time(running: House, deed: Deed) -> None:
    when = find_planned(ahead(running), T5).at
    by_hand(running, deed)
    by_hand(running, Deed.RELEASE)
    assert find_planned(ahead(running), T5).at == when
    running.deliver()
    assert states(running)["T-5"] is MessageState.PLANNED
    at_its_time(running)
    assert states(running)["T-5"] is MessageState.SENT
    assert sum(each.slot == "T-5" for each in running.messages()) == 1


def test_a_mail_that_was_held_past_its_time_goes_when_it_is_released(running: House) -> None:
    by_hand(running, Deed.HOLD)
    running.clock.at = find_planned(ahead(running), T5).at + timedelta(hours=2)
    by_hand(running, Deed.RELEASE)
    running.deliver()
    assert states(running)["T-5"] is MessageState.SENT


def test_one_planned_ahead_does_not_fall_for_an_older_one(running: House) -> None:
    """T+0 has a note and so stands in the ledger already when T-5 is planned."""
    by_hand(running, Deed.NOTE, "Ring gärna.", "norrby.T+0")
    at_its_time(running)
    assert states(running) == {
        "open": MessageState.SENT,
        "T-5": MessageState.SENT,
        "T+0": MessageState.PLANNED,
    }
    at_its_time(running, "norrby.T+0")
    assert states(running)["T+0"] is MessageState.SENT


def test_a_note_stands_in_that_mail_only_and_is_seen_before_it_goes(running: House) -> None:
    by_hand(running, Deed.NOTE, "Tack för samtalet i går!\nHälsningar Karin")
    seen = ahead(running)
    words = words_of(running.mailroom, seen, find_planned(seen, T5)).words
    assert words
    assert "Tack för samtalet i går!" in words.text
    assert "Hälsningar Karin" in words.html
    at_its_time(running)
    sent = next(each for each in running.messages() if each.slot == "T-5")
    assert sent.frozen
    assert "Tack för samtalet i går!" in sent.frozen.text
    at_its_time(running, "norrby.T+0")
    last = next(each for each in running.messages() if each.slot == "T+0")
    assert last.frozen
    assert "samtalet" not in last.frozen.text


def test_a_note_is_taken_away_again_and_no_markup_gets_through(running: House) -> None:
    by_hand(running, Deed.NOTE, "<b>Hej</b>")
    seen = ahead(running)
    words = words_of(running.mailroom, seen, find_planned(seen, T5)).words
    assert words
    assert "&lt;b&gt;Hej" in words.html
    by_hand(running, Deed.NOTE, "")
    seen = ahead(running)
    words = words_of(running.mailroom, seen, find_planned(seen, T5)).words
    assert words
    assert "Hej</b>" not in words.text


def test_a_held_mail_can_have_a_note(running: House) -> None:
    by_hand(running, Deed.HOLD)
    assert by_hand(running, Deed.NOTE, "Ring.").state is MessageState.HELD


def test_in_the_ledger_by_its_id(opened: House) -> None:
    (invitation,) = opened.messages()
    held = by_hand(opened, Deed.HOLD, name=invitation.id)
    assert held.state is MessageState.HELD
    opened.deliver()
    assert states(opened) == {"open": MessageState.HELD}
    by_hand(opened, Deed.RELEASE, name="norrby.open")
    opened.deliver()
    assert states(opened) == {"open": MessageState.SENT}


def test_the_consequences_are_shown_first(running: House) -> None:
    for deed, effect in ((Deed.HOLD, Effect.HELD), (Deed.SKIP, Effect.DROPPED)):
        diff = consequences(
            running.db,
            ROUND,
            lambda db, deed=deed: decide(  # type: ignore[misc]
                db,
                ROUND,
                T5,
                deed,
                "Väntar",
                by="k",
                secrets=running.secrets,
                calendar=running.calendar,
                now=running.clock.at,
            ),
            calendar=running.calendar,
            now=running.clock.at,
        )
        assert diff.counts == {effect: 1}
        assert diff.differences[0].why == "Väntar"


def test_everything_is_in_the_log_without_its_words(running: House) -> None:
    by_hand(running, Deed.HOLD, "Hemligt skäl")
    by_hand(running, Deed.NOTE, "Hemliga rader")
    by_hand(running, Deed.RELEASE)
    by_hand(running, Deed.SKIP, "Hemligt skäl")
    assert running.events()[-4:] == ["message.held", "message.noted", "message.released", "message.skipped"]
    with running.read() as work:
        assert "Heml" not in repr(work.log.all())


def test_a_moved_last_day_makes_new_mails(running: House) -> None:
    by_hand(running, Deed.HOLD)
    by_hand(running, Deed.NOTE, "Ring.", "norrby.T+0")
    extensions.extend(
        running.db,
        [NORRBY],
        DUE_AT + timedelta(days=7),
        reason="Sjukdom",
        by="k-1",
        secrets=running.secrets,
        now=running.clock.at,
    )
    assert states(running)["T-5"] is MessageState.CANCELLED
    assert find_planned(ahead(running), T5).state == "expected"


def test_what_has_come_in_needs_no_release(running: House) -> None:
    by_hand(running, Deed.HOLD)
    running.answer(NORRBY)
    running.submit(NORRBY)
    with pytest.raises(MailSettledError):
        by_hand(running, Deed.RELEASE)


@pytest.mark.parametrize("deed", [Deed.NOTE, Deed.HOLD])
def test_what_stands_ahead_survives_an_answer_that_is_taken_back(running: House, deed: Deed) -> None:
    when = find_planned(ahead(running), T5).at
    by_hand(running, deed)
    running.answer(NORRBY)
    running.submit(NORRBY)
    submissions.take_back(
        running.db, NORRBY, by="r", secrets=running.secrets, now=running.clock.at + timedelta(minutes=1)
    )
    if deed is Deed.HOLD:
        by_hand(running, Deed.RELEASE)
    assert find_planned(ahead(running), T5).at == when
    at_its_time(running)
    assert states(running)["T-5"] is MessageState.SENT


def test_what_stands_ahead_falls_at_its_time_when_the_answer_has_come_in(running: House) -> None:
    when = find_planned(ahead(running), T5).at
    by_hand(running, Deed.NOTE)
    running.answer(NORRBY)
    running.submit(NORRBY)
    foretold = find_planned(ahead(running), T5)
    assert (foretold.state, foretold.suppressed) == ("suppressed", "submitted")
    running.clock.at = when
    running.deliver()
    assert states(running)["T-5"] is MessageState.CANCELLED


def test_what_has_gone_or_fallen_is_settled(running: House) -> None:
    for deed in Deed:
        with pytest.raises(MailSettledError):
            by_hand(running, deed, name="norrby.open")


def test_a_skip_of_the_planners_own_is_not_undone(running: House) -> None:
    running.clock.at = find_planned(ahead(running), "norrby.T+0").at
    plan_due(running.db, secrets=running.secrets, calendar=running.calendar, now=running.clock.at)
    assert states(running)["T-5"] is MessageState.SKIPPED
    with pytest.raises(MailSettledError):
        by_hand(running, Deed.RELEASE)


def test_a_reason_is_wanted(running: House) -> None:
    for deed in (Deed.HOLD, Deed.SKIP):
        with pytest.raises(ReasonMissingError):
            by_hand(running, deed, " ")
    assert "T-5" not in states(running)


@pytest.mark.parametrize("name", ["", "norrby.T-99", "finns-inte.T-5", "norrby", "2031-T1.norrby.T-5"])
def test_a_mail_that_is_not_there(running: House, name: str) -> None:
    with pytest.raises(NotFoundError):
        by_hand(running, Deed.HOLD, name=name)


def test_before_and_after_the_round(house: House) -> None:
    with pytest.raises(NotOpenYetError):
        by_hand(house, Deed.HOLD)
    house.clock.at = OPENS_AT
    house.open()
    rounds.close_round(house.db, ROUND, by="k-1", now=house.clock.at)
    with pytest.raises(NotOpenYetError):
        by_hand(house, Deed.HOLD)


def test_letting_go_after_a_restore_leaves_what_people_hold(running: House) -> None:
    by_hand(running, Deed.HOLD)
    assert release_held(running.db, by="k-1", now=running.clock.at) == 0
    assert states(running)["T-5"] is MessageState.HELD
