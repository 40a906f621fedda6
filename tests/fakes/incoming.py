"""Mails that came in, in memory: each digest and each identity once, and handled once."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from tests.fakes.tables import FakeRefusedError, Tables, in_utc, insert, refer
from workflow.domain.arrivals import Arrival, ArrivalHandledError
from workflow.domain.errors import NotFoundError
from workflow.domain.incoming import EnclosedFile, IncomingKind


class FakeIncoming:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add(self, arrival: Arrival, files: Mapping[int, EnclosedFile]) -> bool:
        if any(arrival.digest == each.digest or arrival.identity == each.identity for each in self.list()):
            return False
        if set(files) != {each.number for each in arrival.sheets}:
            raise FakeRefusedError("files without a sheet, or the other way")
        kept = self._tables
        about = (
            (kept.rounds, arrival.round),
            (kept.submissions, arrival.submission),
            (kept.messages, arrival.message),
            (kept.recipients, arrival.recipient),
        )
        for table, key in about:
            if key:
                refer(table, key)
        insert(kept.incoming, arrival.id, in_utc(arrival))
        for number, file in files.items():
            insert(kept.incoming_files, (arrival.id, number), file)
        return True

    def knows(self, digest: str) -> bool:
        return any(each.digest == digest for each in self._tables.incoming.values())

    def get(self, arrival_id: str, *, lock: bool = False) -> Arrival:
        if arrival_id not in self._tables.incoming:
            raise NotFoundError(what=arrival_id)
        return self._tables.incoming[arrival_id]

    def list(
        self,
        *,
        kinds: Collection[IncomingKind] = (),
        round_id: str = "",
        submission: str = "",
        open_only: bool = False,
        without_unit: bool = False,
        before: datetime | None = None,
        limit: int = 0,
    ) -> tuple[Arrival, ...]:
        found = [
            each
            for each in self._tables.incoming.values()
            if (not kinds or each.kind in kinds)
            and (not round_id or each.round == round_id)
            and (not submission or each.submission == submission)
            and (not open_only or each.is_open)
            and not (without_unit and each.submission)
            and (before is None or each.came_at < before)
        ]
        ordered = sorted(found, key=lambda each: (each.came_at, each.id), reverse=True)
        return tuple(ordered[:limit] if limit else ordered)

    def dispose(self, ids: Collection[str]) -> None:
        kept = self._tables
        for key in [key for key in kept.incoming_files if key[0] in ids]:
            del kept.incoming_files[key]
        for id_ in ids:
            kept.incoming.pop(id_, None)

    def ids(self, start: str, *, limit: int) -> tuple[str, ...]:
        return tuple(sorted(each for each in self._tables.incoming if each.startswith(start))[:limit])

    def file(self, arrival_id: str, number: int) -> EnclosedFile:
        if (arrival_id, number) not in self._tables.incoming_files:
            raise NotFoundError(what=f"{arrival_id}/{number}")
        return self._tables.incoming_files[arrival_id, number]

    def handle(self, before: Arrival, after: Arrival) -> None:
        stored = self.get(before.id)
        if not stored.is_open:
            raise ArrivalHandledError
        handled = replace(stored, handled_at=after.handled_at, handled_by=after.handled_by)
        self._tables.incoming[before.id] = in_utc(handled)
