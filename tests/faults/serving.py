"""The pages as a process of their own that dies at a named point of a request; started from the fork server."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import uvicorn

from tests.faults.world import Place
from workflow.ports import Database, Meanwhile, Work, nothing_else
from workflow.web.application import create_site

POINTS = ("body read", "before commit", "after commit")


def serve(place: Place, port: int, point: str, door: str) -> None:
    """`door` is the repository whose writing marks the transaction that is meant: drafts or editions."""
    house = place.house()
    dying: Any = replace(house, db=_Db(house.db, point, door))
    uvicorn.run(create_site(dying), host="127.0.0.1", port=port, access_log=False, log_level="critical")


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class _Db:
    inner: Database
    point: str
    door: str

    @contextmanager
    def begin(self, meanwhile: Meanwhile = nothing_else) -> Iterator[Work]:
        with self.inner.begin(meanwhile) as work:
            masked: Any = _Work(work, self.point, self.door)
            yield masked
            if masked.is_meant and self.point == "before commit":
                _die()
        if masked.is_meant and self.point == "after commit":
            _die()

    @contextmanager
    def read(self) -> Iterator[Work]:
        with self.inner.read() as work:
            yield work


class _Work:
    def __init__(self, inner: Work, point: str, door: str) -> None:
        self._inner, self._point, self._door = inner, point, door
        self.is_meant = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return _Door(found, self) if name == self._door else found

    def enter(self) -> None:
        self.is_meant = True
        if self._point == "body read":
            _die()


class _Door:
    def __init__(self, inner: Any, work: _Work) -> None:
        self._inner, self._work = inner, work

    def __getattr__(self, name: str) -> Any:
        if name in {"save", "add"}:
            self._work.enter()
        return getattr(self._inner, name)
