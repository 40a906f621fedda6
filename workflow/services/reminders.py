"""What should have happened by now: plans the reminders that are due, and accounts for those that were missed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from workflow.domain.audit import Event
from workflow.domain.calendar import Calendar
from workflow.domain.errors import TertialError
from workflow.domain.messages import REMINDERS, Message, MessageKind, MessageState
from workflow.domain.planning import Case, Due, Ladder, Timetable, Turn, by_person, turn_of
from workflow.domain.reminders import SUPERSEDED, Slot, next_after
from workflow.domain.rounds import Round, RoundState
from workflow.domain.submissions import Recipient, Submission
from workflow.ports import Database, Secrets, Work
from workflow.services.rounds import SYSTEM


def plan_due(db: Database, *, secrets: Secrets, calendar: Calendar, now: datetime) -> int:
    """Plan for all open rounds together: who answers in two of them gets one mail. Gives how many were planned.

    A round that cannot be read stops no other; its error is raised when the others have been planned.
    """
    with db.read() as work:  # look first, in a transaction that blocks nobody: at most ticks nothing is due
        open_rounds = sorted(each.id for each in work.rounds.all() if each.state is RoundState.OPEN)
        plan, broken = _plan(work, open_rounds, calendar, now)
    planned = _carry_out(db, open_rounds, secrets=secrets, calendar=calendar, now=now) if plan else 0
    if broken:
        raise broken[0]
    return planned


def slots_of(round_: Round, submission: Submission, calendar: Calendar) -> tuple[Slot, ...]:
    """All reminders of a submission under its effective deadline, whether or not they will be needed."""
    return Timetable(round_, calendar).of(submission)


def next_reminder(
    round_: Round, submission: Submission, known: Iterable[str], calendar: Calendar, now: datetime
) -> Slot | None:
    """The next reminder if nothing changes; None when the unit owes nothing or the round is not open."""
    if not submission.is_owed or round_.state is not RoundState.OPEN:
        return None
    return next_after(slots_of(round_, submission, calendar), known=set(known), now=now)


def known_slots(messages: Iterable[Message], submission: Submission) -> set[str]:
    """The slots of the present deadline that the ledger already accounts for."""
    own = tuple(each for each in messages if each.submission == submission.id)
    return set(Case(submission=submission, ledger=own).known())


def cases_of(work: Work, round_id: str, kinds: Iterable[MessageKind] = ()) -> tuple[Case, ...]:
    """The units of a round with their people and mails (all of them, or of these kinds), read in three queries."""
    recipients: dict[str, list[Recipient]] = defaultdict(list)
    for recipient in work.recipients.of_round(round_id):
        recipients[recipient.submission].append(recipient)
    ledger: dict[str, list[Message]] = defaultdict(list)
    for message in work.outbox.list(round_id=round_id, kinds=frozenset(kinds)):
        ledger[message.submission].append(message)
    return tuple(
        Case(submission=each, recipients=recipients.get(each.id, ()), ledger=ledger.get(each.id, ()))
        for each in work.submissions.of_round(round_id)
    )


def _carry_out(db: Database, open_rounds: Sequence[str], *, secrets: Secrets, calendar: Calendar, now: datetime) -> int:
    with db.begin() as work:
        # One planner at a time: a second would take the first one's new reminder for an older one and skip it.
        locked = [work.rounds.get(each, lock=True) for each in open_rounds]
        plan, _ = _plan(work, [each.id for each in locked if each.state is RoundState.OPEN], calendar, now)
        rows = _rows(work, [due for turn in plan for due in turn.dues], secrets=secrets, now=now)
        overtaken = {each.id: each for turn in plan for each in turn.overtaken}
        work.outbox.change_all([(each, each.skip(SUPERSEDED)) for each in overtaken.values()])
        new = work.outbox.plan(rows)
        for round_id in dict.fromkeys(row.round for row in rows) if new else ():
            _log_planned(work, round_id, rows, now)
        return new


def _plan(
    work: Work, round_ids: Iterable[str], calendar: Calendar, now: datetime
) -> tuple[list[Turn], list[TertialError]]:
    """What there is to do for each person, and the errors of the rounds that could not be read."""
    ladders: list[Ladder] = []
    waiting: dict[str, tuple[Message, ...]] = {}
    broken = []
    for round_id in round_ids:
        try:
            timetable = Timetable(work.rounds.get(round_id), calendar)
            cases = cases_of(work, round_id, REMINDERS)
        except TertialError as error:
            broken.append(error)
            continue
        ladders += [ladder for case in cases for ladder in timetable.ladders(case, now)]
        waiting |= {case.submission.id: found for case in cases if (found := case.waiting())}
    turns = (turn_of(theirs, waiting, now=now, calendar=calendar) for theirs in by_person(ladders, calendar).values())
    return [turn for turn in turns if turn.dues or turn.overtaken], broken


def _rows(work: Work, dues: Sequence[Due], *, secrets: Secrets, now: datetime) -> list[Message]:
    rounds = dict.fromkeys(due.ladder.submission.round for due in dues)
    links = {
        link.recipient: link.id for id_ in rounds for link in work.recipients.links_of_round(id_) if link.is_valid(now)
    }
    return [due.row(secrets.new_id(), link=links.get(due.ladder.to.id, ""), now=now) for due in dues]


def _log_planned(work: Work, round_id: str, rows: Iterable[Message], now: datetime) -> None:
    states = [row.state for row in rows if row.round == round_id]
    skipped = states.count(MessageState.SKIPPED)
    data = {"planned": len(states) - skipped, "skipped": skipped}
    work.log.append(Event(kind="reminders.planned", actor=SYSTEM, at=now, round=round_id, data=data))
