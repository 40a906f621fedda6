"""The connections of one run: opened when they are first needed, closed at its end."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Self

from workflow.ports import Channel, Postman


class Crew:
    """Up to `size` connections to the mail server."""

    def __init__(self, postman: Postman, size: int) -> None:
        self._postman, self._size = postman, size
        self._channels: list[Channel] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def size(self) -> int:
        return self._size

    def channels(self, wanted: int) -> Sequence[Channel]:
        """As many as asked for, but never more than `size`."""
        while len(self._channels) < min(wanted, self._size):
            self._channels.append(self._stack.enter_context(self._postman.connect()))
        return self._channels[:wanted]

    def dismiss(self, channel: Channel) -> None:
        """Go on with one connection less: the server takes no more of us at a time."""
        self._channels.remove(channel)
        self._size -= 1
