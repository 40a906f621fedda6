"""The connections of one run: opened when they are first needed, closed at its end."""

import select
from collections.abc import Collection
from contextlib import ExitStack
from typing import Self

from workflow.ports import Channel, Postman


class Crew:
    """Up to `size` connections to the mail server; each carries one mail at a time."""

    def __init__(self, postman: Postman, size: int) -> None:
        self._postman, self._size = postman, size
        self._free: list[Channel] = []
        self._all: list[Channel] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def size(self) -> int:
        return self._size

    @property
    def free(self) -> int:
        """How many carry nothing, or could be opened."""
        return len(self._free) + self._size - len(self._all)

    def has_free(self) -> bool:
        return self.free > 0

    def take(self) -> Channel:
        """One that carries nothing. Raises IndexError when all do: ask first."""
        if not self._free and len(self._all) < self._size:
            self._free.append(self._stack.enter_context(self._postman.connect()))
            self._all += self._free
        return self._free.pop()

    def give_back(self, channel: Channel) -> None:
        self._free.append(channel)

    def dismiss(self, channel: Channel) -> None:
        """Go on with one connection less: the server takes no more of us at a time."""
        self._free.remove(channel)
        self._all.remove(channel)
        self._size -= 1

    def drop(self) -> None:
        """Nothing more is said on any of them: what has no dot yet is accepted nowhere."""
        for channel in self._all:
            channel.drop()


def listen(channels: Collection[Channel], seconds: float) -> list[Channel]:
    """Those that can go on, after so many seconds at the most; [] when none can yet."""
    waits = [(each.waits_on(), each) for each in channels]
    if at_once := [each for number, each in waits if number is None]:
        return at_once
    waiting = {number: each for number, each in waits if number is not None and number > 0}
    if not waiting:  # none that could be waited for
        return list(channels) if seconds else []
    poll = select.poll()
    for number in waiting:
        poll.register(number, select.POLLIN)
    return [waiting[number] for number, _ in poll.poll(seconds * 1000)]
