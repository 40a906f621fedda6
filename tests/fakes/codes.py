"""Codes in memory: a try is taken before anything is compared, and a code is spent once."""

from dataclasses import replace
from datetime import datetime

from tests.fakes.tables import Tables, in_utc, insert, refer
from workflow.domain.codes import Code


class FakeCodes:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add(self, code: Code) -> None:
        refer(self._tables.links, code.link)
        insert(self._tables.codes, code.id, in_utc(code))

    def asked(self, *, link: str, address: str = "") -> tuple[Code, ...]:
        found = (each for each in self._tables.codes.values() if each.link == link or each.address == (address or None))
        return tuple(sorted(found, key=lambda each: (each.created_at, each.id)))

    def take_try(self, link: str, browser_sha256: str, at: datetime) -> tuple[Code, ...]:
        mine = [each for each in self.asked(link=link) if each.browser_sha256 == browser_sha256 and each.is_live(at)]
        tried = tuple(replace(each, tries=each.tries + 1) for each in mine)
        for each in tried:
            self._tables.codes[each.id] = each
        return tried

    def spend(self, code_id: str, at: datetime) -> bool:
        code = self._tables.codes[code_id]
        if code.used_at is None:
            self._tables.codes[code_id] = in_utc(replace(code, used_at=at))
        return code.used_at is None

    def forget_before(self, at: datetime) -> None:
        for code_id in [each.id for each in self._tables.codes.values() if each.created_at < at]:
            self._tables.codes.pop(code_id)
