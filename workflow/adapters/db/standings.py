"""The SQL for how a round stands: every query finds an index, or is bounded by the rows it is asked about."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, TextClause, and_, case, func, not_, or_, select, text

from workflow.adapters.db.outbox import LIGHT, message_of
from workflow.adapters.db.people import RECIPIENTS, recipient_of
from workflow.adapters.db.statements import led_by_others
from workflow.adapters.db.submissions import submission_of
from workflow.adapters.db.tables import (
    IS_DATED,
    IS_OWED,
    IS_PLANNED,
    IS_UNDELIVERED,
    IS_WAITING,
    LACKS_CONTACT,
    outbox,
    recipients,
    rounds,
    submissions,
)
from workflow.domain.messages import OWED_ONLY, REMINDERS, Message, MessageState
from workflow.domain.overview import OVERDUE, OWES, WITHOUT_CONTACT, Group, Wanted
from workflow.domain.people import ANSWERING, UnitKind, search_key
from workflow.domain.rounds import RoundState
from workflow.domain.submissions import OWED, Recipient, State, Submission

_ALIKE = (
    submissions.c.state,
    submissions.c.kind,
    submissions.c.due_at,
    submissions.c.due_set_at,
    submissions.c.has_contact,
)
_ONLY_WHILE_OWED = [str(kind) for kind in sorted(OWED_ONLY)]
_STILL_OWED = [str(state) for state in sorted(OWED)]
_HAS_DATES = text(f"({IS_DATED.text})")  # the index knows it without brackets, another condition beside it does not
_LAST_LETTERS = "z" * 26  # ids are lower-case letters and digits, 26 of them: none that begins so comes after


class SqlStandings:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def groups(self, round_id: str) -> tuple[Group, ...]:
        query = select(*_ALIKE, func.count().label("units")).where(submissions.c.round == round_id).group_by(*_ALIKE)
        return tuple(
            Group(
                state=State(row.state),
                kind=UnitKind(row.kind),
                due_at=row.due_at,
                due_set_at=row.due_set_at,
                has_contact=row.has_contact,
                units=row.units,
            )
            for row in self._connection.execute(query)
        )

    def submissions(
        self, round_id: str, wanted: Wanted, *, now: datetime, limit: int, offset: int = 0
    ) -> tuple[Submission, ...]:
        query = select(submissions).where(*_conditions(round_id, wanted, now)).order_by(*_order(wanted, now))
        rows = self._connection.execute(query.limit(limit).offset(offset))
        return tuple(submission_of(row) for row in rows)

    def count(self, round_id: str, wanted: Wanted, *, now: datetime) -> int:
        query = select(func.count()).select_from(submissions).where(*_conditions(round_id, wanted, now))
        return self._connection.execute(query).scalar_one()

    def recipients(self, submissions: Collection[str]) -> tuple[Recipient, ...]:
        query = RECIPIENTS.where(recipients.c.submission.in_(sorted(submissions))).order_by(recipients.c.id)
        return tuple(recipient_of(row) for row in self._connection.execute(query))

    def shared(self, people: Collection[str]) -> tuple[str, ...]:
        address = func.lower(func.trim(recipients.c.email)).label("address")
        with_rounds = recipients.join(submissions).join(rounds, submissions.c.round == rounds.c.id)
        theirs = select(recipients.c.submission, address).select_from(with_rounds).where(address.in_(sorted(people)))
        owed = theirs.where(submissions.c.state.in_(_STILL_OWED), rounds.c.state == str(RoundState.OPEN))
        found: dict[str, set[str]] = {}
        for submission, person in self._connection.execute(owed):
            found.setdefault(person, set()).add(submission)
        return tuple(sorted({each for ids in found.values() if len(ids) > 1 for each in ids}))

    def messages(self, submissions: Collection[str]) -> tuple[Message, ...]:
        query = LIGHT.where(outbox.c.submission.in_(sorted(submissions))).order_by(outbox.c.due_at, outbox.c.id)
        return tuple(message_of(row) for row in self._connection.execute(query))

    def next_mails(self, round_id: str, *, limit: int) -> tuple[datetime, int] | None:
        planned = select(outbox.c.due_at).where(IS_PLANNED, led_by_others(outbox.c.round, round_id))
        first = self._connection.execute(planned.order_by(outbox.c.due_at, outbox.c.id).limit(1)).scalar_one_or_none()
        if first is None:
            return None
        same = planned.where(outbox.c.due_at == first).limit(limit).subquery()
        return first, self._connection.execute(select(func.count()).select_from(same)).scalar_one()

    def undelivered(self, round_id: str, state: MessageState, *, limit: int) -> tuple[int, tuple[Message, ...]]:
        still = or_(outbox.c.kind.not_in(_ONLY_WHILE_OWED), submissions.c.state.in_(_STILL_OWED))
        troubled = select(outbox.c.id).where(outbox.c.round == round_id, IS_UNDELIVERED, outbox.c.state == str(state))
        matters = and_(outbox.c.id.in_(troubled), still)
        count = select(func.count()).select_from(outbox.join(submissions)).where(matters)
        first = LIGHT.select_from(outbox.join(submissions)).where(matters).order_by(outbox.c.due_at, outbox.c.id)
        rows = self._connection.execute(first.limit(limit))
        return self._connection.execute(count).scalar_one(), tuple(message_of(row) for row in rows)

    def reminded(self, round_id: str) -> Mapping[tuple[UnitKind, str], int]:
        what = (submissions.c.kind, outbox.c.slot)
        went = and_(outbox.c.round == round_id, outbox.c.state == str(MessageState.SENT))
        common = and_(outbox.c.kind.in_([str(kind) for kind in sorted(REMINDERS)]), outbox.c.deadline_revision == 0)
        query = select(*what, func.count()).select_from(outbox.join(submissions)).where(went, common).group_by(*what)
        return {(UnitKind(kind), slot): count for kind, slot, count in self._connection.execute(query)}

    def mail_ids(self, start: str, *, limit: int) -> tuple[str, ...]:
        query = select(outbox.c.id).where(outbox.c.id.between(start, start + _LAST_LETTERS))
        found = query.where(outbox.c.id.startswith(start, autoescape=True)).order_by(outbox.c.id).limit(limit)
        return tuple(self._connection.execute(found).scalars())


Condition = ColumnElement[bool] | TextClause


def _conditions(round_id: str, wanted: Wanted, now: datetime) -> list[Condition]:
    found = _alone(round_id, now) if wanted.state == WITHOUT_CONTACT else _stands(round_id, wanted.state, now)
    if wanted.kind:
        found.append(submissions.c.kind == wanted.kind)
    if sought := search_key(wanted.text):
        people = select(recipients.c.submission).where(recipients.c.search_key.contains(sought, autoescape=True))
        found.append(
            or_(submissions.c.search_key.contains(sought, autoescape=True), submissions.c.id.in_(people)),
        )
    return found


def _stands(round_id: str, state: str, now: datetime) -> list[Condition]:
    """Word for word what the partial indexes say, so that they are found."""
    in_round = submissions.c.round == round_id
    if state == OWES:
        return [in_round, IS_OWED]
    if state == OVERDUE:
        return [in_round, IS_OWED, submissions.c.due_at < now]
    if state == State.SUBMITTED:
        return [in_round, IS_WAITING]
    return [in_round, submissions.c.state == state] if state else [in_round]


def _alone(round_id: str, now: datetime) -> list[Condition]:
    """Who never had anybody, and of those whose people have their time, who has nobody right now: these few lead."""
    never = select(submissions.c.id).where(LACKS_CONTACT, led_by_others(submissions.c.round, round_id))
    others = recipients.alias("others")
    right_now = (
        select(others.c.id)
        .where(
            others.c.submission == recipients.c.submission,
            others.c.role.in_([str(role) for role in ANSWERING]),
            others.c.invited_by == "",
            or_(others.c.starts_at.is_(None), others.c.starts_at <= now),
            or_(others.c.ends_at.is_(None), others.c.ends_at > now),
        )
        .exists()
    )
    deserted = select(recipients.c.submission).where(_HAS_DATES, ~right_now)
    owes = submissions.c.state.in_(_STILL_OWED)
    return [submissions.c.id.in_(never.union_all(deserted)), led_by_others(submissions.c.round, round_id), owes]


def _order(wanted: Wanted, now: datetime) -> list[ColumnElement[Any]]:
    by_name = submissions.c.sort_key
    if wanted.order == "waiting":
        return [submissions.c.handed_in_at, by_name]
    if wanted.order == "due" or (wanted.order == "late" and wanted.state == OVERDUE):
        return [submissions.c.due_at, by_name]
    if wanted.order == "late":
        is_late = and_(submissions.c.state.in_(_STILL_OWED), submissions.c.due_at < now)
        latest = case((is_late, submissions.c.due_at))
        return [not_(is_late), latest, submissions.c.late_days.desc(), by_name]
    return [by_name]
