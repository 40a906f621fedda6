"""The eleven standing invariants (I1–I11) over the database, the sink's truth, the log, and what people were told."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from tests.faults import told
from tests.faults.evidence import Evidence, Violation
from tests.faults.world import CALENDAR
from workflow.domain.addressing import addressee
from workflow.domain.audit import first_break, first_unfit
from workflow.domain.messages import OWED_ONLY, TO_OFFICE, Message, MessageKind, MessageState
from workflow.domain.planning import Timetable
from workflow.domain.rounds import ANSWERABLE, Round, RoundState
from workflow.domain.submissions import Submission
from workflow.services.reminders import known_slots

UNDER_WAY = frozenset({MessageState.SENDING, MessageState.HANDING})
ENDED = frozenset({MessageState.SENT, MessageState.FAILED, MessageState.UNKNOWN})
TOLD_FOR = timedelta(days=7)  # how long coordinators are told of a mail to one of them
SENT_BACK = frozenset({"submission.returned", "submission.reopened"})
HISTORY = {  # event → the states it may be met in → the state it leads to
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
DECISIONS = {
    "approve": "submission.approved",
    "return": "submission.returned",
    "reopen": "submission.reopened",
    "excuse": "submission.excused",
}


def check(evidence: Evidence, rules: Sequence[str] = ()) -> list[Violation]:
    """All that is wrong; `rules` narrows it to some of I1 to I11."""
    wanted = [RULES[rule] for rule in rules] or RULES.values()
    return [violation for rule in wanted for violation in rule(evidence)]


# --- the invariants ----------------------------------------------------------


def planned_once(evidence: Evidence) -> Iterator[Violation]:
    """I1: each key at most once; one reminder per person and local day, in the ledger and at the server."""
    for key, times in Counter(each.key for each in evidence.messages).items():
        if times > 1:
            yield Violation("I1", (key,), f"planned {times} times")
    yield from told.belt_lies_round_the_ledger(evidence)
    yield from told.one_a_day_arrived(evidence)


def due_exists(evidence: Evidence) -> Iterator[Violation]:
    """I2: whoever was to be invited has an invitation, whoever owes an answer has every slot that is due."""
    ledger: dict[str, list[Message]] = {}
    for message in evidence.messages:
        ledger.setdefault(message.submission, []).append(message)
    rounds = {each.id: each for each in evidence.rounds}
    for submission in evidence.submissions:
        mine, round_ = ledger.get(submission.id, []), rounds[submission.round]
        if addressee(evidence.recipients[submission.id], round_.opened_at or round_.opens_at) is None:
            continue
        if not any(each.kind is MessageKind.INVITATION for each in mine):
            yield Violation("I2", (submission.id,), "never invited")
        if submission.is_owed and round_.state is RoundState.OPEN:
            lacking = _due_slots(evidence, round_, submission) - known_slots(mine, submission)
            if lacking:
                yield Violation("I2", (submission.id, *sorted(lacking)), "a slot that is due is not in the ledger")


def _due_slots(evidence: Evidence, round_: Round, submission: Submission) -> set[str]:
    """Those of every audience in which the unit has somebody."""
    people, timetable = evidence.recipients[submission.id], Timetable(round_, CALENDAR)
    return {
        slot.key
        for audience in round_.policy.audiences
        if addressee(people, evidence.now, audience)
        for slot in timetable.of(submission, audience)
        if slot.send_at <= evidence.now
    }


def arrived_once(evidence: Evidence) -> Iterator[Violation]:
    """I3: no mail reaches the server more often than once, and once more for each time a person asked for it."""
    again = evidence.again()
    for message, times in evidence.copies().items():
        if times > 1 + again[message]:
            yield Violation("I3", (message,), f"{times} copies at the server")


def sent_arrived(evidence: Evidence) -> Iterator[Violation]:
    """I4: what the ledger calls sent is at the server; what is at the server, the ledger does not call unsent.

    A mail told of exactly the units whose rows say so.
    """
    copies, arrived = evidence.copies(), evidence.tellings()
    ends, again = {MessageState.SENT, MessageState.UNKNOWN} | UNDER_WAY, evidence.again()
    for message in evidence.messages:
        if message.state is MessageState.SENT and not arrived[message.id]:
            yield Violation("I4", (message.id, message.key), "sent, but the server never had it")
        if arrived[message.id] and message.state not in ends and not again[message.id]:
            yield Violation("I4", (message.id, message.key), f"the server has it, but it is {message.state}")
    known = {message.id for message in evidence.messages}
    yield from (Violation("I4", (each,), "the server has what nobody planned") for each in copies if each not in known)
    yield from told.letters_are_as_the_ledger_says(evidence)


def nothing_stuck(evidence: Evidence) -> Iterator[Violation]:
    """I5: in a world that has come to rest nothing is under way, and nothing that may leave now is waiting."""
    for message in evidence.messages:
        if message.state in UNDER_WAY and (message.lease_until is None or message.lease_until < evidence.now):
            yield Violation("I5", (message.id, message.key), f"still {message.state} after its lease")
        if message.state is MessageState.PLANNED and message.due_at <= evidence.now:
            yield Violation("I5", (message.id, message.key), "due, and still only planned")


def decided_in_time(evidence: Evidence) -> Iterator[Violation]:
    """I6: by the order of the log, no mail that asks for an answer is released after the answer came in.

    Asked of each row the log released, and of each unit that the mail at the server tells of.
    """
    kinds = {message.id: message.kind for message in evidence.messages}
    answered = told.Answered()
    for link in evidence.log:
        event = link.event
        answered.hear(event)
        if event.kind == "message.handing" and event.submission in answered and kinds[event.message] in OWED_ONLY:
            yield Violation("I6", (event.message, event.submission, str(link.number)), "released after the answer")
    yield from told.told_in_time(evidence)


def told_is_kept(evidence: Evidence) -> Iterator[Violation]:
    """I7: every save and submission that was confirmed is stored, word for word; every decision stands in the log."""
    for row in evidence.told:
        submission = str(row["submission"])
        kept: Mapping[str, str] = row["answers"] if isinstance(row.get("answers"), dict) else {}  # type: ignore[assignment]
        for question, text in kept.items():
            if text not in {stored for _, stored in evidence.answers.get((submission, question), ())}:
                yield Violation("I7", (submission, question), f"confirmed, but not stored: {text}")
        if row["op"] == "submit" and row["edition"] not in {
            each.number for each in evidence.editions.get(submission, ())
        }:
            yield Violation("I7", (submission, str(row["edition"])), "handed in, but there is no such edition")
    yield from _decided_in_vain(evidence)


def _decided_in_vain(evidence: Evidence) -> Iterator[Violation]:
    confirmed = Counter((str(row["op"]), str(row["submission"])) for row in evidence.told)
    logged = Counter((link.event.kind, link.event.submission) for link in evidence.log)
    for (op, submission), times in confirmed.items():
        if op in DECISIONS and times > logged[DECISIONS[op], submission]:
            yield Violation("I7", (submission, DECISIONS[op]), "confirmed more often than it is in the log")


def history_is_a_path(evidence: Evidence) -> Iterator[Violation]:
    """I8: a submission's events follow the rules, editions and answer versions are numbered without gaps."""
    yield from _paths(evidence)
    for submission in evidence.submissions:
        numbers = [each.number for each in evidence.editions.get(submission.id, ())]
        if numbers != list(range(1, submission.edition + 1)):
            yield Violation("I8", (submission.id,), f"editions {numbers} of {submission.edition}")
    for (where, question), versions in evidence.answers.items():
        if [version for version, _ in versions] != list(range(1, len(versions) + 1)):
            yield Violation("I8", (where, question), "answer versions with a gap")


def _paths(evidence: Evidence) -> Iterator[Violation]:
    states = {each.id: "not_started" for each in evidence.submissions}
    supplements: set[str] = set()  # what was sent back once is sent back again when its supplement is taken back
    for link in evidence.log:
        event = link.event
        if event.kind not in HISTORY:
            continue
        allowed, after = HISTORY[event.kind]
        before = states.get(event.submission, "")
        if event.kind in SENT_BACK:
            supplements.add(event.submission)
        elif event.kind == "submission.taken_back" and event.submission in supplements:
            after = "returned"
        if before not in allowed:
            yield Violation("I8", (event.submission, str(link.number)), f"{event.kind} met in {before}")
        states[event.submission] = after or before
    for submission in evidence.submissions:
        if str(submission.state) != states[submission.id]:
            yield Violation("I8", (submission.id,), f"is {submission.state}, its log says {states[submission.id]}")


def chain_holds(evidence: Evidence) -> Iterator[Violation]:
    """I9: the log is unbroken, ends where its head says, and has all that was anchored outside the database."""
    broken = first_break(evidence.log)
    if broken is not None:
        yield Violation("I9", (str(broken),), "the chain of the log is broken")
    last = (evidence.log[-1].number, evidence.log[-1].hash) if evidence.log else (0, evidence.head[1])
    if last != evidence.head:
        yield Violation("I9", (str(last[0]), str(evidence.head[0])), "the log does not end where its head says")
    unfit = first_unfit(evidence.log, evidence.kept.anchors)
    if unfit is not None:
        yield Violation("I9", (str(unfit.head.number),), "the log does not fit its anchor: cut off, or written anew")


def rounds_are_whole(evidence: Evidence) -> Iterator[Violation]:
    """I10: one round per year and period, opened once, with all the submissions it counted; else with none."""
    for key, times in Counter((str(each.year), each.period.code) for each in evidence.rounds).items():
        if times > 1:
            yield Violation("I10", key, f"{times} rounds of the same period")
    said: dict[str, list[int]] = {}
    for link in evidence.log:
        if link.event.kind == "round.opened":
            said.setdefault(link.event.round, []).append(int(link.event.data["submissions"]))
    have = Counter(each.round for each in evidence.submissions)
    for round_ in evidence.rounds:
        expected = said.get(round_.id, [])
        opened = round_.state in ANSWERABLE
        if len(expected) != int(opened) or have[round_.id] != sum(expected):
            yield Violation("I10", (round_.id,), f"{round_.state}, openings {expected}, submissions {have[round_.id]}")


def doubt_is_shown(evidence: Evidence) -> Iterator[Violation]:
    """I11: a coordinator is shown every mail of which nobody knows whether it arrived, as long as it matters."""
    owed = {each.id for each in evidence.submissions if each.is_owed}
    about_units = (each for each in evidence.messages if each.submission)
    matter = [each for each in about_units if each.kind not in OWED_ONLY or each.submission in owed]
    for message in (*matter, *_newest_to_coordinators(evidence)):
        if message.state is MessageState.UNKNOWN and message.id not in evidence.listed:
            yield Violation("I11", (message.id, message.key), "unknown, and no coordinator is shown it")


def _newest_to_coordinators(evidence: Evidence) -> Iterable[Message]:
    """Whatever became of earlier ones: a newer one tells the same, and more."""
    tried = [each for each in evidence.messages if each.kind in TO_OFFICE and each.state in ENDED]
    newest = {each.address: each for each in sorted(tried, key=lambda each: (each.due_at, each.id))}
    return [each for each in newest.values() if each.due_at > evidence.now - TOLD_FOR]


RULES: Mapping[str, Callable[[Evidence], Iterator[Violation]]] = {
    "I1": planned_once,
    "I2": due_exists,
    "I3": arrived_once,
    "I4": sent_arrived,
    "I5": nothing_stuck,
    "I6": decided_in_time,
    "I7": told_is_kept,
    "I8": history_is_a_path,
    "I9": chain_holds,
    "I10": rounds_are_whole,
    "I11": doubt_is_shown,
}
