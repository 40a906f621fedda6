"""The yearly question in memory, with the promises a database keeps: one of each address and year, answered once."""

from collections.abc import Collection, Iterable

from tests.fakes.tables import Tables, in_utc, insert, refer
from workflow.domain.details import Check, Correction, CorrectionClosedError, CorrectionState
from workflow.domain.errors import NotFoundError


class FakeDetails:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def ask(self, checks: Iterable[Check]) -> frozenset[str]:
        known = {(each.year, each.address) for each in self._tables.checks.values()}
        by_key = {(each.year, each.address): each for each in checks}
        new = [each for key, each in by_key.items() if key not in known]
        for each in new:
            insert(self._tables.checks, each.id, in_utc(each))
        return frozenset(each.id for each in new)

    def checks(self, ids: Collection[str], *, lock: bool = False) -> dict[str, Check]:
        return {each: self._tables.checks[each] for each in sorted(ids) if each in self._tables.checks}

    def of_year(self, year: int) -> tuple[Check, ...]:
        found = (each for each in self._tables.checks.values() if each.year == year)
        return tuple(sorted(found, key=lambda each: each.address))

    def answer(self, check: Check) -> None:
        self._tables.checks[check.id] = in_utc(check)

    def request(self, corrections: Iterable[Correction]) -> None:
        for each in corrections:
            refer(self._tables.checks, each.check)
            insert(self._tables.corrections, each.id, in_utc(each))

    def correction(self, correction_id: str) -> Correction:
        if correction_id not in self._tables.corrections:
            raise NotFoundError(what=correction_id)
        return self._tables.corrections[correction_id]

    def corrections(self, *, check: str = "", states: Collection[CorrectionState] = ()) -> tuple[Correction, ...]:
        found = (
            each
            for each in self._tables.corrections.values()
            if (not check or each.check == check) and (not states or each.state in states)
        )
        return tuple(sorted(found, key=lambda each: (each.asked_at, each.id)))

    def change(self, before: Correction, after: Correction) -> None:
        if self.correction(before.id).state is not before.state:
            raise CorrectionClosedError
        self._tables.corrections[before.id] = in_utc(after)
