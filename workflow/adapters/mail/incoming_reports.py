"""What mail servers report about a mail of ours: RFC 3464, and the older shapes that a library knows."""

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from logging import CRITICAL, getLogger
from typing import Final

from flufl.bounce import all_failures

from workflow.adapters.mail.incoming_headers import fold, one_sender, plain, references, values, words_of
from workflow.adapters.mail.incoming_parse import UNREADABLE
from workflow.adapters.mail.incoming_parts import kind_of, leaves, parts_of
from workflow.domain.incoming import DeliveryReport

MOST_REPORTS: Final = 100
LOOKED_AT: Final = 65_536  # bytes of a mail in no standard shape; what it is about stands in its beginning
_STATUS: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_ID: Final = re.compile(rb"^[ \t>]*message-id:\s*(<[^<>\s]{1,250}>)", re.IGNORECASE | re.MULTILINE)
_ACTIONS: Final = {"error": "failed", "fail": "failed", "failure": "failed"}  # seen, and meant so
getLogger("flufl.bounce").setLevel(CRITICAL)  # what it stumbles over is somebody's garbage, not news of this house
_SERVERS: Final = frozenset({"mailer-daemon", "postmaster", "mail-daemon", "mailerdaemon", "mailsystem"})


def reports_in(mail: EmailMessage, raw: bytes) -> tuple[DeliveryReport, ...]:
    """Every recipient that the mail reports about. A person's mail that merely quotes a bounce reports nothing."""
    about = _returned_id(mail)
    found = tuple(_standard(mail, about))[:MOST_REPORTS]
    return found or (tuple(_older(raw, about))[:MOST_REPORTS] if _is_from_a_server(mail) else ())


def _standard(mail: EmailMessage, about: str) -> Iterator[DeliveryReport]:
    if words_of(mail, "Content-Type").lower().startswith("multipart/report"):
        for part in leaves(mail):
            if kind_of(part) in {"message/delivery-status", "message/global-delivery-status"}:
                for fields in parts_of(part):
                    if report := _about_one(fields, about):
                        yield report


def _about_one(fields: Message, about: str) -> DeliveryReport | None:
    """One recipient's fields (RFC 3464 §2.3); None for the block about the message, which has no recipient."""
    action = re.split(r"[\s;(]", words_of(fields, "Action").lower(), maxsplit=1)[0]
    recipient = next(filter(None, (_address(fields, name) for name in ("Original-Recipient", "Final-Recipient"))), "")
    if not recipient or not action:
        return None
    status = _STATUS.search(words_of(fields, "Status"))
    return DeliveryReport(
        action=_ACTIONS.get(action, action),
        status=status[1] if status else "",
        recipient=recipient,
        diagnostic=plain(words_of(fields, "Diagnostic-Code").partition(";")[2] or words_of(fields, "Diagnostic-Code")),
        message_id=about,
    )


def _address(fields: Message, name: str) -> str:
    kind, semicolon, address = words_of(fields, name).partition(";")
    found = fold(address if semicolon else kind)
    return found if "@" in found else ""


def _returned_id(mail: EmailMessage) -> str:
    """The id of the mail that comes back with the report, whole or as its headers."""
    for part in leaves(mail):
        ids: tuple[str, ...] = ()
        if kind_of(part) in {"message/rfc822", "message/global"}:
            ids = tuple(each for inner in parts_of(part) for each in references(inner, "Message-ID"))
        elif kind_of(part) in {"text/rfc822-headers", "message/global-headers"}:
            ids = _ids(part)
        if ids:
            return ids[0]
    return ""


def _ids(part: Message) -> tuple[str, ...]:
    try:
        body = part.get_payload(decode=True)
    except UNREADABLE:
        return ()
    return tuple(_plain(each) for each in _ID.findall(body if isinstance(body, bytes) else b""))


def _plain(found: bytes) -> str:
    return plain(found.decode("ascii", "replace"))


# --- shapes older than the standard ---------------------------------------------------------------------------------


def _is_from_a_server(mail: EmailMessage) -> bool:
    local = one_sender(mail)[0].partition("@")[0]
    return local in _SERVERS or any(not path.strip("<> \t") for path in values(mail, "Return-Path"))


def _older(raw: bytes, about: str) -> Iterator[DeliveryReport]:
    beginning = raw[:LOOKED_AT]
    try:
        delayed, failed = all_failures(message_from_bytes(beginning, policy=policy.compat32))
    except UNREADABLE:
        return
    returned = about or next((_plain(each) for each in _ID.findall(_body(beginning))), "")
    for action, recipients in (("failed", failed), ("delayed", delayed)):
        for recipient in sorted(recipients):
            address = fold(recipient.decode("ascii", "replace"))
            line = _line_about(beginning, address)
            status = _STATUS.search(line)
            yield DeliveryReport(
                action=action,
                status=status[1] if status else "",
                recipient=address,
                diagnostic=line,
                message_id=returned,
            )


def _body(raw: bytes) -> bytes:
    head, line, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    return body if line else head


def _line_about(raw: bytes, address: str) -> str:
    """What is said about a recipient: the line with a status code that comes first after the address."""
    text = raw.decode("utf-8", "replace")
    at = text.casefold().find(address)
    lines = text[max(at, 0) :][:2_000].splitlines()
    told = next((line for line in lines if _STATUS.search(line) or re.search(r"\b[45]\d\d\b", line)), "")
    return plain(told)
