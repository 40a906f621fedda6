"""The safety headers that every answer carries, pages and files alike."""

from starlette.datastructures import MutableHeaders

from workflow.web.limits import Message, Receive, Scope, Send, Site

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'self'; frame-src 'self'"
    ),
    "Referrer-Policy": "no-referrer",  # a personal link never leaves in a Referer
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class SafetyHeaders:
    """ASGI middleware: sets each header where the answer has none of its own."""

    def __init__(self, app: Site) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)
