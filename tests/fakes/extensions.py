"""Requests for more time in memory, with the one promise a database keeps: one open request per submission."""

from collections.abc import Callable, Collection

from tests.fakes.tables import Tables, in_utc, insert, refer
from workflow.domain.errors import AlreadyAskedError, NotFoundError, RequestAnsweredError
from workflow.domain.extensions import Extension, ExtensionState


class FakeExtensions:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def get(self, extension_id: str) -> Extension:
        if extension_id not in self._tables.extensions:
            raise NotFoundError(what=extension_id)
        return self._tables.extensions[extension_id]

    def add(self, extension: Extension) -> None:
        refer(self._tables.submissions, extension.submission)
        if extension.is_open and any(each.is_open for each in self.of(extension.submission)):
            raise AlreadyAskedError(wished=extension.wished)
        insert(self._tables.extensions, extension.id, in_utc(extension))

    def change(self, before: Extension, after: Extension) -> None:
        stored = self._tables.extensions.get(before.id)
        if stored is None or stored.state != before.state:
            raise RequestAnsweredError
        self._tables.extensions[before.id] = in_utc(after)

    def of(self, submission_id: str) -> tuple[Extension, ...]:
        return self._where(lambda each: each.submission == submission_id)

    def of_round(self, round_id: str, *, states: Collection[ExtensionState] = ()) -> tuple[Extension, ...]:
        return self._where(
            lambda each: (
                self._tables.submissions[each.submission].round == round_id and (not states or each.state in states)
            )
        )

    def _where(self, chosen: Callable[[Extension], bool]) -> tuple[Extension, ...]:
        found = [each for each in self._tables.extensions.values() if chosen(each)]
        return tuple(sorted(found, key=lambda each: (str(each.asked_at or each.decided_at), each.id)))
