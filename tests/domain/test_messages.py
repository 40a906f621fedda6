"""The ledger's states: what may follow what, and what a crash leaves behind."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.builders import DUE_AT, NOW, a_frozen, a_message, a_submission
from workflow.domain.messages import (
    DECISIONS,
    GIVE_UP_AFTER,
    LEASE,
    MESSAGE_MOVES,
    OWED_ONLY,
    RETRY_LADDER,
    Message,
    MessageKind,
    MessageState,
    why_untrue,
)
from workflow.domain.submissions import State


def test_every_state_says_what_may_follow() -> None:
    assert set(MESSAGE_MOVES) == set(MessageState)


def test_a_claim_raises_the_fence_and_sets_a_lease() -> None:
    claimed = a_message().claim(NOW)
    assert (claimed.state, claimed.fence, claimed.attempts) == (MessageState.SENDING, 1, 1)
    assert claimed.lease_until == NOW + LEASE


def test_a_lease_is_over_when_its_time_is_and_when_the_clock_was_set_back() -> None:
    claimed = a_message().claim(NOW)
    lost = {minutes: claimed.has_lost_its_lease(NOW + timedelta(minutes=minutes)) for minutes in (-11, -10, 0, 14, 15)}
    assert lost == {-11: True, -10: False, 0: False, 14: False, 15: True}
    assert not a_message().has_lost_its_lease(NOW)


def test_a_lost_lease_before_the_marker_is_planned_again_and_after_it_nobody_knows() -> None:
    sending = a_message().claim(NOW)
    assert sending.recover().state is MessageState.PLANNED
    handing = sending.hand(NOW)
    assert handing.recover().state is MessageState.UNKNOWN
    assert sending.recover().fence == handing.recover().fence == 2


def test_unknown_goes_again_only_by_a_person_and_with_the_same_bytes() -> None:
    unknown = a_message().claim(NOW).freeze(a_frozen(), local_day="2027-05-10").hand(NOW).unknown("connection_lost")
    again = unknown.again(NOW, "mottagaren har inte fått det")
    assert again.state is MessageState.PLANNED
    assert again.frozen is unknown.frozen


def test_a_second_rendering_never_replaces_the_first() -> None:
    frozen = a_message().freeze(a_frozen(), local_day="2027-05-10")
    assert frozen.freeze(a_frozen(subject="Annat"), local_day="2027-05-11") is frozen


def test_what_is_put_back_is_as_if_it_had_not_been_claimed() -> None:
    planned = a_message(attempts=2, kind=MessageKind.INVITATION, reason="451 later")
    back = planned.claim(NOW, local_day="2027-05-10").put_back(NOW)
    assert (back.state, back.attempts, back.due_at, back.give_up_at, back.reason) == (
        planned.state,
        planned.attempts,
        planned.due_at,
        planned.give_up_at,
        planned.reason,
    )
    assert back.fence == planned.fence + 1  # whoever claimed it cannot write any more
    assert planned.claim(NOW).put_back(NOW, behind=True).due_at > NOW
    assert planned.claim(NOW).hand(NOW).put_back(NOW, why="550 5.7.1 policy").reason == "550 5.7.1 policy"


def test_the_time_for_retries_does_not_run_while_nobody_tries() -> None:
    week = timedelta(days=7)
    invitation = a_message(kind=MessageKind.INVITATION, attempts=1)
    assert invitation.claim(NOW + week).give_up_at == invitation.give_up_at + week
    assert invitation.postpone(NOW + week).give_up_at == invitation.give_up_at + week
    assert invitation.claim(NOW - week).give_up_at == invitation.give_up_at
    assert a_message().postpone(NOW + week).claim(NOW + week).give_up_at == a_message().give_up_at


def test_the_ladder_waits_at_least_as_long_as_greylisting_and_ends() -> None:
    message, now, waits = a_message(), NOW, []
    while message.state is MessageState.PLANNED:
        now = max(now, message.due_at)
        message = message.claim(now).retry(now, "450 greylisted")
        waits.append(message.due_at - now)
    assert message.state is MessageState.FAILED
    assert min(waits[:-1]) >= timedelta(minutes=5)
    assert tuple(waits[: len(RETRY_LADDER)]) == RETRY_LADDER
    assert now <= NOW + GIVE_UP_AFTER


@pytest.mark.parametrize("state", [MessageState.SENT, MessageState.CANCELLED, MessageState.SKIPPED])
def test_nothing_follows_an_end(state: MessageState) -> None:
    message = a_message(state=state)
    moves: tuple[Callable[[], Message], ...] = (
        lambda: message.claim(NOW),
        lambda: message.again(NOW, ""),
        lambda: message.cancel(""),
        lambda: message.hold(""),
    )
    for move in moves:
        with pytest.raises(ValueError, match="no move"):
            move()


def why(message: Message, *, round_state: str = "open", now: datetime = NOW, **submission: object) -> str:
    return why_untrue(message, a_submission(**submission), round_state=round_state, now=now)


@pytest.mark.parametrize("kind", [kind for kind in MessageKind if kind not in DECISIONS])
def test_only_mails_that_ask_for_an_answer_become_untrue_when_it_has_come_in(kind: MessageKind) -> None:
    found = why(a_message(kind=kind), state=State.SUBMITTED)
    assert found == ("submitted" if kind in OWED_ONLY else "")


@pytest.mark.parametrize(
    ("revision", "round_state", "reason"),
    [(1, "open", "deadline_moved"), (0, "closed", "round_closed"), (0, "open", "")],
)
def test_a_moved_deadline_and_a_closed_round_stop_reminders(revision: int, round_state: str, reason: str) -> None:
    assert why(a_message(), state=State.DRAFT, deadline_revision=revision, round_state=round_state) == reason


@pytest.mark.parametrize("kind", [MessageKind.INVITATION, MessageKind.RETURNED])
def test_an_extension_takes_neither_the_invitation_nor_the_return_away(kind: MessageKind) -> None:
    assert why(a_message(kind=kind), state=State.RETURNED, deadline_revision=3) == ""


def test_a_reminder_from_before_the_last_day_is_untrue_after_it() -> None:
    assert why(a_message(kind=MessageKind.LAST_DAY), now=DUE_AT) == "too_late"
    assert why(a_message(kind=MessageKind.OVERDUE), now=DUE_AT) == ""


def test_a_decision_that_was_undone_is_not_announced() -> None:
    assert why(a_message(kind=MessageKind.APPROVED), state=State.RETURNED) == "returned"
    assert why(a_message(kind=MessageKind.APPROVED), state=State.APPROVED) == ""


def test_the_key_names_the_slot_and_not_its_date() -> None:
    assert a_message(due_at=NOW + timedelta(days=3)).key == a_message().key


def test_a_persons_skip_can_be_undone_but_nobody_elses() -> None:
    by_hand = a_message().skip("onödigt").marked_by_hand()
    assert by_hand.let_go(NOW).state is MessageState.PLANNED
    with pytest.raises(ValueError, match="no move"):
        a_message().skip("superseded").let_go(NOW)


def test_what_may_have_come_is_let_go_in_its_own_bytes_and_what_was_refused_is_written_anew() -> None:
    written = a_message().freeze(a_frozen(), local_day="2027-05-10").claim(NOW).hand(NOW)
    in_doubt, refused = (each.skip("").marked_by_hand() for each in (written.unknown("silence"), written.failed("552")))
    assert in_doubt.let_go(NOW).frozen == a_frozen()
    assert refused.let_go(NOW).frozen is None


def test_let_go_goes_at_its_time_or_at_once_if_that_is_past() -> None:
    later = NOW + timedelta(days=1)
    assert a_message(due_at=later).hold("").let_go(NOW).due_at == later
    assert a_message(due_at=NOW).hold("").let_go(later).due_at == later
    with pytest.raises(ValueError, match="not held"):
        a_message().let_go(NOW)


def test_words_are_added_only_to_what_is_not_written() -> None:
    noted = a_message(detail={"last": "yes"}).noted("Hej")
    assert noted.detail == {"last": "yes", "note": "Hej"}
    assert noted.noted("").detail == {"last": "yes"}
    for settled in (a_message(state=MessageState.SENT), a_message().freeze(a_frozen(), local_day="2027-05-10")):
        with pytest.raises(ValueError, match="no words"):
            settled.noted("Hej")
