"""How a round stands, of a database in memory."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from tests.fakes.tables import Tables
from workflow.domain.addressing import addressee
from workflow.domain.messages import OWED_ONLY, Message, MessageState
from workflow.domain.overview import OVERDUE, OWES, WITHOUT_CONTACT, Group, Wanted
from workflow.domain.people import UnitKind, fold_address, search_key, sort_key
from workflow.domain.rounds import RoundState
from workflow.domain.submissions import Recipient, Submission


class FakeStandings:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def groups(self, round_id: str) -> tuple[Group, ...]:
        alike = Counter(_alike(each) for each in self._of_round(round_id))
        return tuple(replace(group, units=units) for group, units in alike.items())

    def submissions(
        self, round_id: str, wanted: Wanted, *, now: datetime, limit: int, offset: int = 0
    ) -> tuple[Submission, ...]:
        found = [each for each in self._of_round(round_id) if self._is_wanted(each, wanted, now)]
        found.sort(key=lambda each: (*_order(each, wanted, now), sort_key(each.unit_name)))
        return tuple(found[offset : offset + limit])

    def count(self, round_id: str, wanted: Wanted, *, now: datetime) -> int:
        return sum(self._is_wanted(each, wanted, now) for each in self._of_round(round_id))

    def recipients(self, submissions: Collection[str]) -> tuple[Recipient, ...]:
        return self._tables.people(lambda each: each.submission in submissions)

    def shared(self, people: Collection[str]) -> tuple[str, ...]:
        found: dict[str, set[str]] = {}
        for each in self._tables.recipients.values():
            submission = self._tables.submissions[each.submission]
            if submission.is_owed and self._tables.rounds[submission.round].state is RoundState.OPEN:
                found.setdefault(fold_address(each.email), set()).add(submission.id)
        return tuple(sorted({each for key, ids in found.items() if key in people and len(ids) > 1 for each in ids}))

    def messages(self, submissions: Collection[str]) -> tuple[Message, ...]:
        return tuple(replace(each, frozen=None) for each in self._mails() if each.submission in submissions)

    def next_mails(self, round_id: str, *, limit: int) -> tuple[datetime, int] | None:
        planned = (each for each in self._mails() if each.state is MessageState.PLANNED)
        due = [each.due_at for each in planned if each.round == round_id]
        return (due[0], min(due.count(due[0]), limit)) if due else None

    def undelivered(self, round_id: str, state: MessageState, *, limit: int) -> tuple[int, tuple[Message, ...]]:
        found = [
            replace(each, frozen=None)
            for each in self._mails()
            if each.round == round_id and each.state is state and self._matters(each)
        ]
        return len(found), tuple(found[:limit])

    def reminded(self, round_id: str) -> Mapping[tuple[UnitKind, str], int]:
        return Counter(
            (self._tables.submissions[each.submission].kind, each.slot)
            for each in self._mails()
            if each.round == round_id
            and each.is_reminder
            and each.deadline_revision == 0
            and each.state is MessageState.SENT
        )

    def mail_ids(self, start: str, *, limit: int) -> tuple[str, ...]:
        return tuple([each for each in sorted(self._tables.messages) if each.startswith(start)][:limit])

    def _of_round(self, round_id: str) -> list[Submission]:
        return [each for each in self._tables.submissions.values() if each.round == round_id]

    def _mails(self) -> list[Message]:
        return sorted(self._tables.messages.values(), key=lambda each: (each.due_at, each.id))

    def _matters(self, message: Message) -> bool:
        return message.kind not in OWED_ONLY or self._tables.submissions[message.submission].is_owed

    def _is_wanted(self, each: Submission, wanted: Wanted, now: datetime) -> bool:
        sought = search_key(wanted.text)
        names = [each.unit_name, *(one.name for one in self.recipients({each.id}))]
        stands = {
            "": True,
            OWES: each.is_owed,
            OVERDUE: each.is_overdue(now),
            WITHOUT_CONTACT: each.is_owed and addressee(self.recipients({each.id}), now) is None,
        }.get(wanted.state, each.state == wanted.state)
        return (
            stands
            and (not wanted.kind or each.kind == wanted.kind)
            and (not sought or any(sought in search_key(name) for name in names))
        )


def _alike(each: Submission) -> Group:
    return Group(
        state=each.state,
        kind=each.kind,
        due_at=each.due_at,
        due_set_at=each.due_set_at,
        has_contact=each.has_contact,
        units=0,
    )


def _order(each: Submission, wanted: Wanted, now: datetime) -> tuple[object, ...]:
    if wanted.order == "waiting":
        return (each.handed_in_at,)
    if wanted.order == "due":
        return (each.due_at,)
    if wanted.order == "late":
        return (0, each.due_at.timestamp()) if each.is_overdue(now) else (1, -each.late_days)
    return ()
