"""What the ledger of intended sends promises."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from tests.builders import (
    NOW,
    a_frozen,
    a_message,
    a_recipient,
    a_sent_message,
    a_submission,
    an_attempt,
    an_office_message,
)
from tests.fakes.tables import FakeRefusedError
from workflow.domain.clockguard import JUMP
from workflow.domain.errors import NotFoundError, StaleWriteError
from workflow.domain.messages import LEASE, Message, MessageKind, MessageState
from workflow.ports import Database

TODAY = "2027-05-10"
MINUTE = timedelta(minutes=1)


def plan(database: Database, *messages: Message) -> int:
    with database.begin() as work:
        return work.outbox.plan(messages)


def change(database: Database, before: Message, after: Message) -> bool:
    with database.begin() as work:
        return work.outbox.change(before, after)


def stored(database: Database, message: Message) -> Message:
    with database.read() as work:
        return work.outbox.get(message.id)


# --- planning ----------------------------------------------------------------


def test_a_message_comes_back_as_it_was(stocked: Database) -> None:
    message = a_message(
        copies=("bo.pahittad@norrby.example",),
        language="en",
        local_day=TODAY,
        reason="retry",
        detail={"previous_due": "21 maj", "a": "1"},
        attempts=2,
        fence=3,
        lease_until=NOW + LEASE,
        state=MessageState.HANDING,
        frozen=a_frozen(),
        reply="451 later",
        sent_at=NOW,
    )
    assert plan(stocked, message) == 1
    back = stored(stocked, message)
    assert back == message
    assert back.frozen == a_frozen()
    assert back.frozen is not None
    assert back.frozen.date.isoformat() == "2027-05-10T09:00:00+02:00"


def test_a_key_is_planned_once_for_ever(stocked: Database) -> None:
    first = a_message(id="m-1")
    assert plan(stocked, first, a_message(id="m-2", slot="T-1")) == 2
    change(stocked, first, first.cancel("submitted"))
    assert plan(stocked, a_message(id="m-3"), a_message(id="m-4", slot="T+3"), a_message(id="m-5", slot="T+3")) == 1
    assert plan(stocked) == 0
    with stocked.read() as work:
        assert [each.id for each in work.outbox.list()] == ["m-1", "m-2", "m-4"]
        assert work.outbox.get("m-1").state is MessageState.CANCELLED


@pytest.mark.parametrize(
    "changes",
    [{"recipient": "r-2"}, {"kind": MessageKind.OVERDUE}, {"slot": "T-1"}, {"deadline_revision": 1}],
)
def test_every_part_of_the_key_makes_another_message(stocked: Database, changes: dict[str, object]) -> None:
    with stocked.begin() as work:
        work.recipients.add([a_recipient(id="r-2")], [])
    assert plan(stocked, a_message(), a_message(**changes)) == 2


# --- about no unit -------------------------------------------------------------


def test_a_mail_about_no_unit_comes_back_as_it_was(stocked: Database) -> None:
    message = an_office_message()
    assert plan(stocked, message, a_message()) == 2
    assert stored(stocked, message) == message
    with stocked.read() as work:
        assert message in work.outbox.list()
        assert message not in work.outbox.list(round_id=message.round or a_message().round)
        assert work.outbox.due(NOW, limit=10)


def test_one_of_a_kind_address_and_slot_is_planned_for_ever(stocked: Database) -> None:
    first = an_office_message(id="m-1")
    assert plan(stocked, first) == 1
    change(stocked, first, first.cancel("nothing_to_do"))
    assert plan(stocked, an_office_message(id="m-2"), an_office_message(id="m-3", slot="2027-05-11")) == 1
    assert plan(stocked, an_office_message(id="m-4", kind=MessageKind.REVIEW_REMINDER)) == 1
    assert plan(stocked, an_office_message(id="m-5", to_email="li@stadsledningskontoret.example")) == 1
    with stocked.read() as work:
        assert [each.id for each in work.outbox.list()] == ["m-1", "m-3", "m-4", "m-5"]


@pytest.mark.parametrize("half", [{"submission": ""}, {"recipient": ""}, {"round": ""}])
def test_a_mail_is_about_a_whole_unit_or_about_none(stocked: Database, half: dict[str, str]) -> None:
    with pytest.raises((IntegrityError, FakeRefusedError)):
        plan(stocked, a_message(**half))


def test_thousands_are_planned_in_one_go(stocked: Database) -> None:
    many = [a_message(slot=f"T+{number}") for number in range(2_500)]
    assert plan(stocked, *many) == 2_500
    assert plan(stocked, *many, a_message(slot="T+9999")) == 1


def test_a_message_to_nobody_and_an_id_used_twice_are_refused(stocked: Database) -> None:
    with pytest.raises((IntegrityError, FakeRefusedError)):
        plan(stocked, a_message(recipient="r-9"))
    with pytest.raises((IntegrityError, FakeRefusedError)):
        plan(stocked, a_message(id="m-1"), a_message(id="m-1", slot="T-1"))
    with stocked.read() as work:
        assert work.outbox.list() == ()


def test_an_unknown_message_is_named(stocked: Database) -> None:
    with stocked.read() as work, pytest.raises(NotFoundError, match="m-9"):
        work.outbox.get("m-9")


# --- what is due -------------------------------------------------------------


def test_what_is_due_comes_oldest_first_and_no_more_than_asked_for(stocked: Database) -> None:
    for id_, minutes in (("m-d", 1), ("m-c", 0), ("m-b", -1), ("m-a", 0)):
        plan(stocked, a_message(id=id_, slot=id_, due_at=NOW + minutes * MINUTE, to_email=f"{id_}@norrby.example"))
    plan(stocked, a_message(id="m-held", slot="held", state=MessageState.HELD))
    with stocked.begin() as work:
        assert [each.id for each in work.outbox.due(NOW, limit=10)] == ["m-b", "m-a", "m-c"]
        assert [each.id for each in work.outbox.due(NOW, limit=2)] == ["m-b", "m-a"]
        assert work.outbox.due(NOW - timedelta(days=1), limit=10) == ()


def test_what_somebody_waits_for_comes_before_all_else_that_is_due(stocked: Database) -> None:
    """A code is good for ten minutes; a round's invitations may take longer."""
    bulk = [a_message(id=f"m-{number}", slot=f"{number}", kind=MessageKind.INVITATION) for number in range(3)]
    code = a_message(id="m-code", slot="c", kind=MessageKind.CODE, due_at=NOW)
    link = a_message(id="m-link", slot="l", kind=MessageKind.NEW_LINK, due_at=NOW - MINUTE)
    later = a_message(id="m-later", slot="later", kind=MessageKind.CODE, due_at=NOW + MINUTE)
    plan(stocked, *(replace(each, due_at=NOW - 5 * MINUTE) for each in bulk), code, link, later)
    with stocked.begin() as work:
        assert [each.id for each in work.outbox.due(NOW, limit=3)] == ["m-link", "m-code", "m-0"]
        assert [each.id for each in work.outbox.due(NOW, limit=1)] == ["m-link"]
        assert len(work.outbox.due(NOW, limit=10)) == 5


def test_only_leases_that_have_run_out_are_expired(stocked: Database) -> None:
    ends = NOW + LEASE
    plan(
        stocked,
        a_message(id="m-1", slot="1", state=MessageState.HANDING, lease_until=ends + MINUTE),
        a_message(id="m-2", slot="2", state=MessageState.SENDING, lease_until=ends),
        a_message(id="m-3", slot="3", state=MessageState.SENDING, lease_until=ends + 5 * MINUTE),
        a_message(id="m-4", slot="4"),
    )
    with stocked.begin() as work:
        assert work.outbox.expired(ends, limit=10) == ()
        assert [each.id for each in work.outbox.expired(ends + 2 * MINUTE, limit=10)] == ["m-2", "m-1"]
        assert [each.id for each in work.outbox.expired(ends + 2 * MINUTE, limit=1)] == ["m-2"]


def test_a_lease_from_before_the_clock_was_set_back_holds_nothing_up(stocked: Database) -> None:
    plan(stocked, a_message(id="m-1", state=MessageState.HANDING, lease_until=NOW + LEASE))
    with stocked.begin() as work:
        assert work.outbox.expired(NOW - JUMP, limit=10) == ()
        assert [each.id for each in work.outbox.expired(NOW - JUMP - MINUTE, limit=10)] == ["m-1"]


# --- changing ----------------------------------------------------------------


def test_a_message_goes_all_the_way_to_sent(stocked: Database) -> None:
    planned = a_message()
    plan(stocked, planned)
    claimed = planned.claim(NOW)
    ready = claimed.freeze(a_frozen(), local_day=TODAY)
    handing = ready.hand(NOW)
    sent = handing.sent(NOW + MINUTE, "250 2.0.0 Ok")
    for before, after in ((planned, claimed), (claimed, ready), (ready, handing), (handing, sent)):
        assert change(stocked, before, after)
        assert stored(stocked, planned) == after
    assert stored(stocked, planned).frozen == a_frozen()


def test_a_second_claim_and_a_late_finish_do_not_match(stocked: Database) -> None:
    planned = a_message()
    plan(stocked, planned)
    claimed = planned.claim(NOW)
    assert change(stocked, planned, claimed)
    assert not change(stocked, planned, planned.claim(NOW))
    handing = claimed.hand(NOW)
    assert change(stocked, claimed, handing)
    assert change(stocked, handing, handing.recover())
    assert not change(stocked, handing, handing.sent(NOW, "250 too late"))
    assert stored(stocked, planned).state is MessageState.UNKNOWN
    assert not change(stocked, replace(planned, id="m-9"), claimed)


def test_a_worker_that_lost_its_lease_cannot_write_over_its_successor(stocked: Database) -> None:
    planned = a_message()
    plan(stocked, planned)
    slow = planned.claim(NOW)
    recovered = slow.recover()
    successor = recovered.claim(NOW + LEASE)
    for before, after in ((planned, slow), (slow, recovered), (recovered, successor)):
        assert change(stocked, before, after)
    assert successor.state is slow.state
    assert not change(stocked, slow, slow.hand(NOW + LEASE))
    assert stored(stocked, planned) == successor


def test_what_the_list_leaves_out_is_not_lost_by_a_change(stocked: Database) -> None:
    plan(stocked, a_message(frozen=a_frozen()))
    with stocked.begin() as work:
        (listed,) = work.outbox.list()
        assert work.outbox.change(listed, listed.hold("paused"))
    back = stored(stocked, a_message())
    assert (back.state, back.frozen) == (MessageState.HELD, a_frozen())


def test_a_frozen_mail_is_never_frozen_anew(stocked: Database) -> None:
    message = a_message(frozen=a_frozen())
    plan(stocked, message)
    assert change(stocked, message, replace(message.claim(NOW), frozen=a_frozen(subject="Något annat")))
    assert stored(stocked, message).frozen == a_frozen()


def test_nor_by_somebody_who_has_not_seen_that_it_is(stocked: Database) -> None:
    plan(stocked, a_message(frozen=a_frozen()))
    with stocked.begin() as work:
        (listed,) = work.outbox.list()
        assert work.outbox.change(listed, replace(listed.claim(NOW), frozen=a_frozen(subject="Något annat")))
    assert stored(stocked, a_message()).frozen == a_frozen()


# --- changing many ---------------------------------------------------------------------------------------------------


def change_all(database: Database, *pairs: tuple[Message, Message]) -> tuple[bool, ...]:
    with database.begin() as work:
        return work.outbox.change_all(pairs)


def test_each_of_many_is_written_where_state_and_fence_still_stand(stocked: Database) -> None:
    mails = [a_message(slot=f"T-{number}") for number in range(4)]
    plan(stocked, *mails)
    assert change(stocked, mails[1], mails[1].cancel("submitted"))
    taken = mails[2].claim(NOW)  # by another worker, to the very state and fence that we want to write
    assert change(stocked, mails[2], replace(taken, lease_until=NOW + MINUTE))
    gone = replace(mails[0], id="m-9", slot="T-9")
    chosen = [*mails, gone]
    assert change_all(stocked, *((each, each.claim(NOW)) for each in chosen)) == (True, False, False, True, False)
    assert [stored(stocked, each).state for each in mails] == ["sending", "cancelled", "sending", "sending"]
    assert stored(stocked, mails[2]).lease_until == NOW + MINUTE
    assert change_all(stocked) == ()


def test_many_are_frozen_each_with_its_own_letter_and_only_once(stocked: Database) -> None:
    mails = [a_message(slot=f"T-{number}").claim(NOW) for number in range(3)]
    first = replace(mails[2], frozen=a_frozen(subject="Den första"))
    plan(stocked, *mails[:2], first)
    letters = [a_frozen(subject=f"Mejl {number}") for number in range(3)]
    pairs = [(each, replace(each, frozen=letter).hand(NOW)) for each, letter in zip(mails, letters, strict=True)]
    assert change_all(stocked, *pairs) == (True, True, True)
    assert [stored(stocked, each).frozen for each in mails] == [letters[0], letters[1], a_frozen(subject="Den första")]
    assert change_all(stocked, *((after, after.sent(NOW, "250 ok")) for _, after in pairs)) == (True, True, True)
    assert [stored(stocked, each).frozen for each in mails][:2] == letters[:2]


def test_when_the_belt_refuses_one_of_many_none_is_written_and_the_transaction_goes_on(stocked: Database) -> None:
    mails = [a_message(slot="T-5"), a_message(slot="T-4"), a_message(kind=MessageKind.RECEIPT)]
    plan(stocked, *mails)
    pairs = [(each, each.claim(NOW, local_day=TODAY)) for each in mails]
    with stocked.begin() as work:
        with pytest.raises(StaleWriteError):
            work.outbox.change_all(pairs)
        assert work.outbox.change_all(pairs[1:]) == (True, True)
    assert [stored(stocked, each).state for each in mails] == ["planned", "sending", "sending"]


# --- the second belt ---------------------------------------------------------


@pytest.mark.parametrize("state", [MessageState.SENDING, MessageState.HANDING, MessageState.SENT, MessageState.UNKNOWN])
def test_a_second_reminder_on_the_same_day_is_refused_and_the_transaction_goes_on(
    stocked: Database, state: MessageState
) -> None:
    plan(stocked, a_message(slot="T-5", local_day=TODAY, state=state))
    other = a_message(slot="T+3", kind=MessageKind.OVERDUE)
    plan(stocked, other)
    with stocked.begin() as work:
        with pytest.raises(StaleWriteError):
            work.outbox.change(other, replace(other.claim(NOW), local_day=TODAY))
        assert work.outbox.change(other, other.skip("superseded"))
    assert stored(stocked, other).state is MessageState.SKIPPED


@pytest.mark.parametrize(
    "before",
    [
        {"local_day": "2027-05-09", "state": MessageState.SENT},
        {"local_day": TODAY, "state": MessageState.CANCELLED},
        {"local_day": TODAY, "state": MessageState.FAILED},
        {"local_day": TODAY, "state": MessageState.SENT, "kind": MessageKind.RECEIPT},
        {"local_day": TODAY, "state": MessageState.SENT, "to_email": "bo@norrby.example"},
        {"local_day": TODAY, "state": MessageState.SENT, "lead": "m-other"},
        {"local_day": "", "state": MessageState.SENT},
    ],
)
def test_the_belt_lies_round_one_persons_reminders_of_one_day_only(
    stocked: Database, before: dict[str, object]
) -> None:
    with stocked.begin() as work:
        work.submissions.add([a_submission(unit="osby")])
        work.recipients.add([a_recipient(id="r-2")], [])
    plan(stocked, a_message(**before))
    other = a_message(slot="T-1")
    plan(stocked, other)
    assert change(stocked, other, replace(other.claim(NOW), local_day=TODAY if before["local_day"] else ""))


@pytest.mark.parametrize(
    "before",
    [{"recipient": "r-2"}, {"submission": "2027-T1.osby"}, {"to_email": " ASA.pahittad@Norrby.example"}],
)
def test_it_is_the_person_who_gets_one_a_day_whatever_it_is_about(stocked: Database, before: dict[str, object]) -> None:
    with stocked.begin() as work:
        work.submissions.add([a_submission(unit="osby")])
        work.recipients.add([a_recipient(id="r-2")], [])
    plan(stocked, a_message(**before, local_day=TODAY, state=MessageState.SENT))
    other = a_message(slot="T-1")
    plan(stocked, other)
    with pytest.raises(StaleWriteError):
        change(stocked, other, replace(other.claim(NOW), local_day=TODAY))


# --- one person's reminders ----------------------------------------------------


def two_units(stocked: Database, **changes: object) -> tuple[Message, Message, Message]:
    """Of one person: norrby's and osby's, and what somebody else gets."""
    with stocked.begin() as work:
        work.submissions.add([a_submission(unit="osby")])
    first = a_message(id="m-9", **changes)
    second = a_message(id="m-1", submission="2027-T1.osby", to_email="Asa.Pahittad@norrby.example ")
    other = a_message(id="m-5", slot="T-1", to_email="bo@norrby.example")
    plan(stocked, first, second, other)
    return first, second, other


def test_only_the_first_of_a_persons_reminders_is_due_and_has_the_others_for_company(stocked: Database) -> None:
    first, second, other = two_units(stocked)
    with stocked.begin() as work:
        due = work.outbox.due(NOW, limit=10)
        assert {each.id for each in due} == {first.id, other.id}
        assert work.outbox.company(due, NOW) == {first.id: (second,), other.id: ()}
        assert work.outbox.company(due, NOW - MINUTE) == {first.id: (), other.id: ()}


@pytest.mark.parametrize("state", [MessageState.SENDING, MessageState.HANDING])
def test_while_one_of_a_persons_reminders_is_in_hand_none_is_due(stocked: Database, state: MessageState) -> None:
    first, second, other = two_units(stocked)
    assert change(stocked, second, replace(second, state=state, lease_until=NOW - MINUTE))
    with stocked.begin() as work:
        assert {each.id for each in work.outbox.due(NOW, limit=10)} == {other.id}
    held = replace(second, state=state)
    assert change(stocked, held, replace(held, state=MessageState.FAILED, lease_until=None))
    with stocked.begin() as work:
        assert {each.id for each in work.outbox.due(NOW, limit=10)} == {first.id, other.id}


def test_when_the_first_falls_the_next_one_leads(stocked: Database) -> None:
    first, second, other = two_units(stocked)
    assert change(stocked, first, first.cancel("submitted"))
    with stocked.begin() as work:
        assert {each.id for each in work.outbox.due(NOW, limit=10)} == {second.id, other.id}


def test_a_row_that_a_mail_told_of_waits_for_it_and_is_given_when_it_has_ended(stocked: Database) -> None:
    first, second, _ = two_units(stocked, state=MessageState.HELD)
    assert change(stocked, second, replace(second, lead=first.id))
    with stocked.begin() as work:
        assert second.id not in {each.id for each in work.outbox.due(NOW, limit=10)}
        assert {key: [each.id for each in rows] for key, rows in work.outbox.told_by([first.id]).items()} == {
            first.id: [second.id]
        }
    assert change(stocked, first, first.cancel("submitted"))
    with stocked.begin() as work:
        assert second.id in {each.id for each in work.outbox.due(NOW, limit=10)}


def test_a_letter_that_stands_takes_no_more_along(stocked: Database) -> None:
    first, second, _ = two_units(stocked)
    assert change(stocked, second, replace(second, frozen=a_frozen()))
    with stocked.begin() as work:
        assert work.outbox.company([first], NOW) == {first.id: ()}


def test_a_message_does_not_stand_in_its_own_way(stocked: Database) -> None:
    sending = a_message(state=MessageState.SENDING, local_day=TODAY)
    plan(stocked, sending)
    assert change(stocked, sending, sending.hand(NOW))


def test_planning_what_is_already_sent_wears_the_belt_too(stocked: Database) -> None:
    plan(stocked, a_sent_message(local_day=TODAY))
    with stocked.begin() as work:
        with pytest.raises(StaleWriteError):
            work.outbox.plan([a_sent_message(slot="T-1", local_day=TODAY)])
        assert work.outbox.plan([a_message(slot="T-1")]) == 1


# --- attempts and lists ------------------------------------------------------


def test_attempts_are_kept_in_the_order_they_were_noted(stocked: Database) -> None:
    plan(stocked, a_message(), a_message(slot="T-1"))
    noted = (
        an_attempt(code=451, outcome="retry", phase="rcpt", text="4.7.1 Greylisted"),
        an_attempt(number=2, code=None, outcome="unknown", text=""),
        an_attempt(number=2, text="250 the late proof"),
    )
    with stocked.begin() as work:
        for attempt in noted:
            work.outbox.note(attempt)
        work.outbox.note(an_attempt(message=a_message(slot="T-1").id))
    with stocked.read() as work:
        assert work.outbox.attempts(a_message().id) == noted
        assert work.outbox.attempts("m-9") == ()


def test_lists_are_narrowed_by_round_state_and_kind(stocked: Database) -> None:
    plan(
        stocked,
        a_message(id="m-3", slot="3", due_at=NOW + MINUTE),
        a_message(id="m-2", slot="2", state=MessageState.UNKNOWN),
        a_message(id="m-1", slot="1", state=MessageState.SENT, kind=MessageKind.RECEIPT),
    )

    def ids(**narrowed: object) -> str:
        with stocked.read() as work:
            return " ".join(each.id for each in work.outbox.list(**narrowed))  # type: ignore[arg-type]  # by name

    assert ids() == "m-1 m-2 m-3"
    assert ids(round_id="2027-T1") == "m-1 m-2 m-3"
    assert ids(round_id="2027-T2") == ""
    assert ids(states={MessageState.UNKNOWN, MessageState.SENT}) == "m-1 m-2"
    assert ids(kinds=[MessageKind.RECEIPT]) == "m-1"
    assert ids(kinds=[MessageKind.RECEIPT], states=[MessageState.UNKNOWN]) == ""
    with stocked.read() as work:
        assert [each.id for each in work.outbox.of_submission("2027-T1.norrby")] == ["m-1", "m-2", "m-3"]
        assert work.outbox.of_submission("2027-T1.osby") == ()
