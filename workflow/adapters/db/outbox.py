"""The SQL for the ledger of intended sends: planned once, claimed by one, never overwritten by a latecomer."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date, datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    TextClause,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    update,
)

from workflow.adapters.db import tables
from workflow.adapters.db.bulk import insert_all, update_all
from workflow.adapters.db.columns import Instant
from workflow.adapters.db.letters import LETTER, NO_LETTER, SqlLetters, letter_of
from workflow.adapters.db.moulds import Moulds
from workflow.adapters.db.statements import Values, among, insert_if_new, locked, one, refused_as
from workflow.adapters.db.tables import (
    ABOUT_NO_UNIT,
    BELTED_STATES,
    IS_LEASED,
    IS_LED,
    IS_PLANNED,
    IS_WAITED_FOR,
    MAY_LEAD,
    SECOND_BELT,
    WEARS_BELT,
    attempts,
    is_in,
    letters,
    outbox,
)
from workflow.domain.errors import NotFoundError, StaleWriteError
from workflow.domain.messages import (
    LONGEST_LEASE,
    OF_A_LINK,
    PENDING,
    REMINDERS,
    Attempt,
    Message,
    MessageKind,
    MessageState,
)

Pair = tuple[Message, Message]

_KEY = ("submission", "recipient", "kind", "slot", "deadline_revision")
_KEY_WITHOUT_UNIT = ("to_email", "kind", "slot")
_MOVING = (
    "to_name",
    "to_email",
    "copies",
    "right_until",
    "link",
    "language",
    "due_at",
    "give_up_at",
    "local_day",
    "state",
    "reason",
    "detail",
    "attempts",
    "fence",
    "lease_until",
    "sent_at",
    "reply",
    "address",
    "lead",
)
"""What may change after planning, the frozen letter apart: it comes and stays, or falls when it was refused for now."""
_IDENTIFIED = ("was_id", "was_state", "was_fence")
_moving = attrgetter(*_MOVING)
_PLAIN: Mapping[str, Callable[[Any], object]] = {"copies": list, "detail": dict, "state": str}
_STANDING = select(outbox.c.id, outbox.c.state, outbox.c.fence)


_WHOLE: Select[Any] = select(*outbox.c, *LETTER)
LIGHT: Select[Any] = select(*outbox.c, *NO_LETTER)
"""Mails without their rendered text."""


_NOW: BindParameter[datetime] = bindparam("now", type_=Instant)
_LONGEST: BindParameter[datetime] = bindparam("longest", type_=Instant)
_LIMIT: BindParameter[int] = bindparam("limit", type_=Integer)


def _goes_by_itself() -> ColumnElement[bool]:
    """Not in another's company: the first reminder of its address, or told of by a mail that has come to an end.

    While one to the address is in a worker's hands, or a dead one's, the others wait for it: it may come back to them.
    """
    first, lead, held = outbox.alias("first"), outbox.alias("lead"), outbox.alias("held")
    reminders = [str(kind) for kind in sorted(REMINDERS)]
    sooner = or_(
        first.c.due_at < outbox.c.due_at,
        and_(first.c.due_at == outbox.c.due_at, first.c.submission < outbox.c.submission),
        and_(first.c.due_at == outbox.c.due_at, first.c.submission == outbox.c.submission, first.c.id < outbox.c.id),
    )
    same = and_(MAY_LEAD, first.c.address == outbox.c.address, first.c.due_at <= _NOW)
    is_led = select(literal(1)).select_from(first).where(same, sooner).correlate(outbox).exists()
    pending = lead.c.state.in_([str(state) for state in sorted(PENDING)])
    goes_on = select(literal(1)).select_from(lead).where(lead.c.id == outbox.c.lead, pending).correlate(outbox).exists()
    in_hand = select(held.c.address).select_from(held).where(IS_LEASED, held.c.kind.in_(reminders))
    return or_(
        outbox.c.kind.not_in(reminders),
        outbox.c.address == "",
        and_(outbox.c.lead == "", ~is_led, outbox.c.address.not_in(in_hand)),
        and_(outbox.c.lead != "", ~goes_on),
    )


def _oldest(*due: ColumnElement[bool] | TextClause) -> Select[Any]:
    return _WHOLE.where(*due, outbox.c.due_at <= _NOW).order_by(outbox.c.due_at, outbox.c.id).limit(_LIMIT)


_WAITED_FOR = _oldest(IS_WAITED_FOR)
_DUE = _oldest(IS_PLANNED, outbox.c.kind.not_in([str(kind) for kind in sorted(OF_A_LINK)]), _goes_by_itself())
_GOES_ALONG = and_(
    MAY_LEAD,
    outbox.c.address.in_(bindparam("addresses", expanding=True)),
    outbox.c.due_at <= _NOW,
    ~select(letters.c.message).where(letters.c.message == outbox.c.id).exists(),
    outbox.c.id.not_in(bindparam("leads", expanding=True)),
)
_COMPANY: Select[Any] = _WHOLE.where(_GOES_ALONG).order_by(outbox.c.id)
_ALL_COMPANY: Select[Any] = select(outbox.c.id, outbox.c.address).where(_GOES_ALONG)
_EXPIRED: Select[Any] = (
    _WHOLE.where(IS_LEASED, or_(outbox.c.lease_until < _NOW, outbox.c.lease_until > _LONGEST))
    .order_by(outbox.c.lease_until, outbox.c.id)
    .limit(_LIMIT)
)
"""Made once, like all that is asked for again and again: the library would take longer to make them than to ask."""


class SqlOutbox:
    def __init__(self, connection: Connection, cast: Moulds) -> None:
        self._connection = connection
        self._letters = SqlLetters(connection, cast)

    def plan(self, messages: Iterable[Message]) -> int:
        """Insert in one fixed order, so that two planners of the same keys wait for each other, never both at once."""
        messages = sorted(messages, key=lambda each: each.key)
        rows = [_identity(message) | _progress(message) for message in messages]
        about_units = [row for row in rows if row["submission"]]
        others = [row for row in rows if not row["submission"]]
        with self._belted():
            new = insert_all(self._connection, outbox, about_units, unless=_KEY)
        if others:
            statement = insert_if_new(self._connection, outbox, *_KEY_WITHOUT_UNIT, where=ABOUT_NO_UNIT)
            new += len(self._connection.execute(statement, others).all())
        self._letters.keep(messages)
        return new

    def get(self, message_id: str) -> Message:
        query = _WHOLE.where(outbox.c.id == message_id)
        return message_of(one(self._connection, query, NotFoundError(what=message_id)))

    def due(self, now: datetime, *, limit: int) -> tuple[Message, ...]:
        """Two questions, each answered in the order of its index: no deep queue is ever sorted."""
        first = self._first(_WAITED_FOR, now, limit)
        return first + self._first(_DUE, now, limit - len(first))

    def company(self, leads: Collection[Message], now: datetime) -> dict[str, tuple[Message, ...]]:
        """Who leads has no letter yet; nor has any of its company, so that all are in the letter.

        What others hold shows when it is read once more, without a lock. Nobody waits for it: they may wait for ours.
        """
        given = {"now": now, "addresses": [each.address for each in leads], "leads": [each.id for each in leads]}
        rows = self._connection.execute(locked(self._connection, _COMPANY, skip=True), given)
        mine = {each.id: each for each in map(message_of, rows)}
        every = self._connection.execute(_ALL_COMPANY, given)
        torn = {each.address for each in every if each.id not in mine}
        company = _grouped((each.address, each) for each in mine.values())
        return {each.id: company.get(each.address, ()) for each in leads if each.address not in torn}

    def told_on(self, day: date, addresses: Collection[str] = ()) -> frozenset[str]:
        query = select(outbox.c.address).where(WEARS_BELT, outbox.c.local_day == day.isoformat())
        if addresses:
            query = query.where(outbox.c.address.in_(addresses))
        return frozenset(self._connection.execute(query).scalars())

    def written_to(self, *, address: str, name: str) -> frozenset[str]:
        folded = func.lower(func.trim(outbox.c.to_email))
        is_theirs = or_(folded == address, outbox.c.to_name == name) if name else folded == address
        return frozenset(self._connection.execute(select(folded).where(is_theirs).distinct()).scalars())

    def told_by(self, leads: Collection[str]) -> dict[str, tuple[Message, ...]]:
        query = _WHOLE.where(IS_LED, outbox.c.lead.in_(leads)).order_by(outbox.c.id)
        return _grouped((each.lead, each) for each in map(message_of, self._connection.execute(query)))

    def expired(self, now: datetime, *, limit: int) -> tuple[Message, ...]:
        return self._first(_EXPIRED, now, limit, longest=now + LONGEST_LEASE)

    def change(self, before: Message, after: Message) -> bool:
        statement = (
            update(outbox)
            .where(outbox.c.id == before.id, outbox.c.state == str(before.state), outbox.c.fence == before.fence)
            .values(_progress(after))
            .returning(outbox.c.id)
        )
        with self._belted() if _wears_belt(after) else nullcontext():
            stands = self._connection.execute(statement).one_or_none() is not None
        if stands:
            self._keep_letters([(before, after)])
        return stands

    def change_all(self, pairs: Sequence[Pair]) -> tuple[bool, ...]:
        """Lock and look first: what stands as it did is then changed as a whole."""
        if not pairs:
            return ()
        ids = [before.id for before, _ in pairs]
        query = locked(self._connection, among(self._connection, _STANDING, outbox.c.id))
        rows = self._connection.execute(query, {"ids": ids})
        standing = {row.id: (row.state, row.fence) for row in rows}
        stands = tuple(standing.get(before.id) == (str(before.state), before.fence) for before, _ in pairs)
        chosen = [pair for pair, unchanged in zip(pairs, stands, strict=True) if unchanged]
        with self._belted() if any(_puts_belt_on(*pair) for pair in chosen) else nullcontext():
            for changes in _by_what_changes(chosen).values():
                update_all(self._connection, outbox, changes, key=_IDENTIFIED)
        self._keep_letters(chosen)
        return stands

    def _keep_letters(self, pairs: Iterable[Pair]) -> None:
        self._letters.keep(after for before, after in pairs if before.frozen is None)
        self._letters.drop([after.id for before, after in pairs if after.is_thawed_from(before)])

    def note(self, *attempts: Attempt) -> None:
        insert_all(self._connection, tables.attempts, [_noted(attempt) for attempt in attempts])

    def attempts(self, message_id: str) -> tuple[Attempt, ...]:
        query = select(attempts).where(attempts.c.message == message_id).order_by(attempts.c.id)
        return tuple(_attempt(row) for row in self._connection.execute(query))

    def of_submission(self, submission_id: str) -> tuple[Message, ...]:
        return self._ordered(_WHOLE.where(outbox.c.submission == submission_id))

    def about_no_unit(self, since: datetime) -> tuple[Message, ...]:
        return self._ordered(_WHOLE.where(ABOUT_NO_UNIT, outbox.c.due_at >= since))

    def list(
        self,
        *,
        round_id: str = "",
        states: Collection[MessageState] = (),
        kinds: Collection[MessageKind] = (),
    ) -> tuple[Message, ...]:
        query = LIGHT
        if round_id:
            query = query.where(outbox.c.round == round_id)
        if states:
            query = query.where(is_in(sorted(states)))
        if kinds:
            query = query.where(outbox.c.kind.in_([str(kind) for kind in kinds]))
        return self._ordered(query)

    def _first(self, query: Select[Any], now: datetime, limit: int, **more: datetime) -> tuple[Message, ...]:
        given = {"now": now, "limit": limit, **more}
        rows = self._connection.execute(locked(self._connection, query, skip=True), given)
        return tuple(message_of(row) for row in rows)

    def _ordered(self, query: Select[Any]) -> tuple[Message, ...]:
        rows = self._connection.execute(query.order_by(outbox.c.due_at, outbox.c.id))
        return tuple(message_of(row) for row in rows)

    def _belted(self) -> AbstractContextManager[None]:
        return refused_as(
            self._connection, StaleWriteError(), constraint=str(SECOND_BELT.name), column="outbox.local_day"
        )


def _grouped(found: Iterable[tuple[str, Message]]) -> dict[str, tuple[Message, ...]]:
    groups: dict[str, list[Message]] = {}
    for key, message in found:
        groups.setdefault(key, []).append(message)
    return {key: tuple(sorted(each, key=lambda row: (row.submission, row.id))) for key, each in groups.items()}


def _wears_belt(message: Message) -> bool:
    return message.is_reminder and message.state in BELTED_STATES and not message.lead


def _puts_belt_on(before: Message, after: Message) -> bool:
    """Whether this change is one that the belt can refuse: it is not worn yet, or for another day."""
    return _wears_belt(after) and not (_wears_belt(before) and before.local_day == after.local_day)


def _by_what_changes(pairs: Sequence[Pair]) -> dict[tuple[str, ...], list[Values]]:
    """Rows in which the same columns change are written by one statement."""
    groups: dict[tuple[str, ...], list[Values]] = {}
    for before, after in pairs:
        if row := _difference(before, after):
            where = {"was_id": before.id, "was_state": str(before.state), "was_fence": before.fence}
            groups.setdefault(tuple(row), []).append(row | where)
    return groups


def _difference(before: Message, after: Message) -> Values:
    """What is another value afterwards, the letter apart."""
    return {
        name: _PLAIN.get(name, _same)(value)
        for name, was, value in zip(_MOVING, _moving(before), _moving(after), strict=True)
        if value != was
    }


def _same(value: object) -> object:
    return value


def _identity(message: Message) -> Values:
    """What never changes after planning."""
    return {
        "id": message.id,
        "round": message.round or None,
        "submission": message.submission or None,
        "recipient": message.recipient or None,
        "kind": str(message.kind),
        "slot": message.slot,
        "deadline_revision": message.deadline_revision,
        "created_at": message.created_at,
    }


def _progress(message: Message) -> Values:
    return {name: _PLAIN.get(name, _same)(value) for name, value in zip(_MOVING, _moving(message), strict=True)}


def message_of(row: Row[Any]) -> Message:
    return Message(
        id=row.id,
        round=row.round or "",
        submission=row.submission or "",
        recipient=row.recipient or "",
        kind=MessageKind(row.kind),
        slot=row.slot,
        deadline_revision=row.deadline_revision,
        to_name=row.to_name,
        to_email=row.to_email,
        copies=tuple(row.copies),
        link=row.link,
        language=row.language,
        due_at=row.due_at,
        give_up_at=row.give_up_at,
        local_day=row.local_day,
        state=MessageState(row.state),
        reason=row.reason,
        detail=row.detail,
        attempts=row.attempts,
        fence=row.fence,
        lease_until=row.lease_until,
        frozen=letter_of(row),
        sent_at=row.sent_at,
        reply=row.reply,
        lead=row.lead,
        created_at=row.created_at,
        right_until=row.right_until,
    )


def _noted(attempt: Attempt) -> Values:
    return {
        "message": attempt.message,
        "number": attempt.number,
        "phase": str(attempt.phase),
        "outcome": str(attempt.outcome),
        "code": attempt.code,
        "text": attempt.text,
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
    }


def _attempt(row: Row[Any]) -> Attempt:
    return Attempt(
        message=row.message,
        number=row.number,
        phase=row.phase,
        outcome=row.outcome,
        code=row.code,
        text=row.text,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
