"""What comes in is looked at before anybody reads it: no odd address, no request that could fill the memory."""

from collections.abc import Awaitable, Callable, MutableMapping
from math import ceil
from typing import Any
from unicodedata import category

from starlette.requests import Request

from workflow.domain.errors import TooLargeError

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Site = Callable[[Scope, Receive, Send], Awaitable[None]]

MEGABYTE = 1_000_000
# A browser that is still sending when we close the connection shows an error of its own instead of our page. So what
# is too large is read to its end and thrown away, up to this many times the limit.
PATIENCE = 10
AT_THE_DOOR = 1  # megabytes: more than an address, a password or a code ever takes, whoever sends it
DOORS = ("/login", "/l/")


class PlainPaths:
    """ASGI middleware: an address with control characters (%00) is no page of ours, and no database looks it up."""

    def __init__(self, app: Site, *, refuse: Callable[[Request], Site]) -> None:
        self.app = app
        self.refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_odd = scope["type"] == "http" and any(category(letter) in {"Cc", "Cs"} for letter in scope["path"])
        site = self.refuse(Request(scope)) if is_odd else self.app
        await site(scope, receive, send)


class BodyLimit:
    """ASGI middleware: a body above the limit raises TooLargeError where it is read, announced or not (chunked).

    Where anybody may knock it is a smaller one.
    """

    def __init__(self, app: Site, *, megabytes: int) -> None:
        self.app = app
        self.limit = megabytes * MEGABYTE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = min(self.limit, AT_THE_DOOR * MEGABYTE) if scope["path"].startswith(DOORS) else self.limit
        await self.app(scope, _Counter(receive, announced=_announced(scope), limit=limit), send)


class _Counter:
    """The receiving end of one request."""

    def __init__(self, receive: Receive, *, announced: int, limit: int) -> None:
        self.receive = receive
        self.announced = announced
        self.limit = limit
        self.seen = 0

    async def __call__(self) -> Message:
        message = await self._next()
        if max(self.announced, self.seen) > self.limit:
            await self._throw_away(message)
            size = ceil(max(self.announced, self.seen) / MEGABYTE)
            raise TooLargeError(megabytes=size, limit=self.limit // MEGABYTE)
        return message

    async def _next(self) -> Message:
        message = await self.receive()
        self.seen += len(message.get("body", b""))
        return message

    async def _throw_away(self, message: Message) -> None:
        while message.get("more_body") and self.seen < self.limit * PATIENCE:
            message = await self._next()


def _announced(scope: Scope) -> int:
    """The Content-Length; 0 where there is none, or nonsense (the server in front has then counted for itself)."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
