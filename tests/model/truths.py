"""The standing invariants of reliability.md section 4, over database, server and log."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from tests.fakes.anchors import FakeAnchors
from tests.model.model import Unit
from tests.model.world import CALENDAR, Server
from workflow.domain.messages import LEASE, OWED_ONLY, REMINDERS, WINDOWED, Message, MessageKind, MessageState
from workflow.domain.people import fold_address
from workflow.ports import Database, Work
from workflow.services.audit import verify

__all__ = ["Message"]

ENDED = {
    MessageState.SENT,
    MessageState.UNKNOWN,
    MessageState.FAILED,
    MessageState.CANCELLED,
    MessageState.SKIPPED,
}
CERTAIN = set(MessageState) - {MessageState.SENT, MessageState.UNKNOWN, MessageState.HANDING}
"""States in which the ledger claims that nothing has arrived since the last time a person sent it again."""
ANSWERED = {"submission.submitted", "submission.excused"}
OWES_AGAIN = {"submission.returned", "submission.reopened", "submission.taken_back"}
PATHS = {
    "submission.started": ({"not_started"}, "draft"),
    "submission.submitted": ({"draft", "returned"}, "submitted"),
    "submission.taken_back": ({"submitted"}, "draft"),
    "submission.review_started": ({"submitted"}, "submitted"),
    "submission.approved": ({"submitted"}, "approved"),
    "submission.returned": ({"submitted"}, "returned"),
    "submission.reopened": ({"approved"}, "returned"),
    "submission.excused": ({"not_started", "draft", "submitted", "returned"}, "excused"),
    "submission.extended": ({"not_started", "draft", "returned"}, ""),
}


def ledger_is_what_is_owed(work: Work, units: Mapping[str, Unit]) -> None:
    """I1, I2: each mail that is owed is in the ledger once, and no other; what was missed says why."""
    ledger = work.outbox.list()
    assert len({each.key for each in ledger}) == len(ledger)
    for name, unit in units.items():
        mine = [each for each in ledger if each.submission.endswith(f".{name}")]
        found = {(str(each.kind), each.slot, each.deadline_revision): each for each in mine}
        assert found.keys() == unit.mails.keys(), name
        for key, why in unit.mails.items():
            if why:
                assert (found[key].state, found[key].reason) == (MessageState.SKIPPED, why)


def units_are_as_the_model_says(work: Work, units: Mapping[str, Unit]) -> None:
    """I7, I8: every word that was saved is there, editions are consecutive, `received_at` is the first submission."""
    for name, unit in units.items():
        stored = next(each for each in work.submissions.of_round("2027-T1") if each.unit == name)
        assert (stored.state, stored.due_at, stored.deadline_revision) == (unit.state, unit.due_at, unit.revision)
        assert (stored.edition, stored.received_at) == (unit.editions, unit.received_at)
        assert {key: each.text for key, each in work.drafts.of(stored.id).items()} == unit.answers
        editions = work.editions.of(stored.id)
        assert [each.number for each in editions] == list(range(1, unit.editions + 1))
        if unit.state in {"submitted", "approved"}:
            assert {key: each.text for key, each in editions[-1].answers.items()} == unit.answers


def each_mail_arrived_as_the_ledger_says(
    work: Work, server: Server, resent: Mapping[str, int], left_in_doubt: Collection[str]
) -> None:
    """I3, I4: never twice unless a person sent it again; `sent` has arrived; only `unknown` may or may not have.

    A person may leave an `unknown` one as it is: then it is skipped, and may have arrived.
    """
    copies = server.copies()
    for message in work.outbox.list():
        mail = message.lead or message.id
        arrived, again = copies[mail], resent.get(mail, 0)
        assert arrived <= 1 + again, f"{message.key} arrived {arrived} times"
        assert arrived >= 1 or message.state is not MessageState.SENT, f"{message.key} is sent and never arrived"
        doubtful = message.state not in CERTAIN or mail in left_in_doubt
        assert arrived <= again or doubtful, f"{message.key} arrived and is {message.state}"


def one_reminder_a_day_in_working_hours(work: Work, server: Server) -> None:
    """What a person sees in the inbox; a mail that was claimed in time may take as long as its lease.

    Nobody can keep to hours by a clock that goes wrong unseen; then they are those of the house's own.

    The words are those of the day, unless the mail stood at the final dot before: its bytes never change again.
    """
    handed = Counter(link.event.message for link in work.log.all() if link.event.kind == "message.handing")
    reminders = {
        (fold_address(each.to), each.message, CALENDAR.local(each.at).date())
        for each in server.arrived
        if _reminds(each.kind)
    }
    twice = [key for key, count in Counter((to, day) for to, _, day in reminders).items() if count > 1]
    assert not twice, f"two reminders on a day: {twice}"
    for each in server.arrived:
        if MessageKind(each.kind) in WINDOWED:
            moments = (each.at, each.at - LEASE, each.by_the_house)
            assert any(map(CALENDAR.in_window, moments)), f"{each.kind} left at {each.at}"
        if _reminds(each.kind) and handed[each.message] == 1:
            written, left = CALENDAR.local(each.written_at).date(), CALENDAR.local(each.at).date()
            assert written == left, f"{each.kind} of {written} left on {left}: its words are no longer true"


def _reminds(kind: str) -> bool:
    return MessageKind(kind) in REMINDERS


def mails_tell_of_what_went_with_them(work: Work, server: Server, resent: Mapping[str, int]) -> None:
    """I4: of a mail that has gone, exactly those rows are marked as gone that stand in it."""
    went: dict[str, set[str]] = defaultdict(set)
    ledger = {each.id: each for each in work.outbox.list()}
    for each in ledger.values():
        went[each.lead or each.id].add(each.submission.partition(".")[2])
    for arrival in (each for each in server.arrived if _reminds(each.kind) and not resent.get(each.message)):
        assert not ledger[arrival.message].lead, f"{arrival} goes with another"
        assert arrival.tells == went[arrival.message], f"tells of {arrival.tells}, the ledger of {went}"


def nobody_is_told_of_who_has_answered(work: Work, server: Server) -> None:
    """I6, asked of the mails themselves: a unit that stood in a reminder had not answered when its dot came."""
    answered: set[str] = set()
    coming = sorted((each for each in server.arrived if _reminds(each.kind)), key=lambda each: -each.logged)
    for number, event in enumerate((link.event for link in work.log.all()), start=1):
        if event.kind in ANSWERED:
            answered.add(event.submission.partition(".")[2])
        elif event.kind in OWES_AGAIN:
            answered.discard(event.submission.partition(".")[2])
        while coming and coming[-1].logged == number:
            arrival = coming.pop()
            assert not arrival.tells & answered, f"{arrival.message} to who has answered: {arrival.tells & answered}"


def nothing_is_handed_to_who_has_answered(work: Work) -> None:
    """I6, and I8 again: by the order of the log, which is the order of the commits."""
    states: dict[str, str] = {}
    answered: set[str] = set()
    for event in (link.event for link in work.log.all()):
        if event.kind in PATHS:
            allowed, then = PATHS[event.kind]
            now = states.get(event.submission, "not_started")
            assert now in allowed, f"{event.kind} of a unit that was {now}"
            states[event.submission] = then or now
        if event.kind in ANSWERED:
            answered.add(event.submission)
        elif event.kind in OWES_AGAIN:
            answered.discard(event.submission)
        elif event.kind == "message.handing" and event.data["mail"] in OWED_ONLY:
            assert event.submission not in answered, f"{event.data} to who has answered"


def log_is_whole(db: Database, anchors: FakeAnchors) -> None:
    """I9."""
    assert verify(db, anchors.read()).holds


def nothing_is_left_lying(work: Work, now: datetime) -> None:
    """I5, when faults have ended: each mail has come to an end, or is not due yet."""
    left = [each for each in work.outbox.list() if each.state not in ENDED and each.due_at <= now]
    assert not left, [(each.key, each.state, each.reason) for each in left]
