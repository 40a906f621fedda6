"""The local mailbox, outside production only: what would have been sent; nothing here has left the machine."""

import email
from collections.abc import Mapping
from email import policy
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from workflow.domain.errors import NotFoundError
from workflow.web.office_words import OfficeWords
from workflow.web.site import language_of, render, site_of

FRAME_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_AT_HOME = frozenset({"localhost", "127.0.0.1", "::1"})


def at_home(request: Request) -> None:
    """Only for the person at this very machine: the mails hold personal links. Raises NotFoundError.

    The host is looked at too, so that no foreign page can point its own name here and read along (DNS rebinding).
    """
    house = site_of(request)
    hosts = _AT_HOME | {urlsplit(house.settings.base_url).hostname or ""}
    if house.settings.production or not _is_loopback(request) or (request.url.hostname or "") not in hosts:
        raise NotFoundError(what=request.url.path)


class _Stored(Protocol):
    """What of a kept mail is used here."""

    @property
    def html(self) -> str: ...
    @property
    def path(self) -> Path: ...


Stored = TypeVar("Stored", bound=_Stored)
router = APIRouter(prefix="/postlada", include_in_schema=False, dependencies=[Depends(at_home)])


@router.get("")
def listing(request: Request) -> HTMLResponse:
    mails = site_of(request).mailbox()
    return render(request, "mailbox.html", mails=mails, say=OfficeWords(language_of(request)))


@router.get("/{number}")
def show(request: Request, number: int) -> HTMLResponse:
    mails = {each.number: each for each in site_of(request).mailbox()}
    mail = _kept(mails, number)
    numbers = sorted(mails)
    place = numbers.index(number)
    return render(
        request,
        "mailbox_message.html",
        mail=mail,
        say=OfficeWords(language_of(request)),
        older=numbers[place - 1] if place else None,
        newer=numbers[place + 1] if place + 1 < len(numbers) else None,
    )


@router.get("/{number}/html")
def show_html(request: Request, number: int) -> HTMLResponse:
    """The mail's own HTML, for the frame on the page: it may have its styles and nothing else."""
    mail = _kept({each.number: each for each in site_of(request).mailbox()}, number)
    html = mail.html.replace("<head>", '<head><base target="_top">', 1)  # a link leads the whole page, not the frame
    return HTMLResponse(html, headers={"Content-Security-Policy": FRAME_POLICY, "Cache-Control": "no-store"})


@router.get("/{number}/bilaga/{place}")
def attachment(request: Request, number: int, place: int) -> Response:
    mail = _kept({each.number: each for each in site_of(request).mailbox()}, number)
    message = email.message_from_bytes(mail.path.read_bytes(), policy=policy.default)
    parts = list(message.iter_attachments())
    if not 0 <= place < len(parts):
        raise NotFoundError(what=str(place))
    data = parts[place].get_payload(decode=True)
    if not isinstance(data, bytes):
        raise NotFoundError(what=str(place))
    name = quote(parts[place].get_filename() or f"bilaga-{place + 1}")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "Cache-Control": "no-store"}
    return Response(data, media_type="application/octet-stream", headers=headers)


def _is_loopback(request: Request) -> bool:
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _kept(mails: Mapping[int, Stored], number: int) -> Stored:
    if number not in mails:
        raise NotFoundError(what=str(number))
    return mails[number]
