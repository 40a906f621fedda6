"""The signs by which a machine's mail is known: RFC 3834, and what is usual beside it."""

import re
from email.message import Message
from typing import Final

from workflow.adapters.mail.incoming_headers import one_sender, values, words_of
from workflow.adapters.mail.incoming_parts import kind_of, leaves

_LIST: Final = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})
_PRESENT: Final = ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply", "X-Mail-Autoreply", "List-Id")
_MACHINES: Final = frozenset({"mailer-daemon", "postmaster", "no-reply", "noreply", "do-not-reply", "donotreply"})
# A subject is believed where it begins as mail programs write it. A person who writes "Frånvaro nästa vecka" is one:
# so plain words count only with the colon, or alone. "Re:" before them is a person's answer.
_SUBJECT: Final = re.compile(
    r"(?:(?:autosvar|automatiskt (?:svar|meddelande)|automatic reply|auto(?:matic)? ?-?(?:reply|response|svar)"
    r"|out[ -]of[ -](?:the[ -])?office|frånvaromeddelande|frånvaro(?:assistent|hanterare)|semestermeddelande"
    r"|vacation (?:reply|response))\b"
    r"|(?:frånvaro|frånvarande|semester|ej på plats|inte på plats|ooo|ledig|föräldraledig)\s*(?::|$))",
    re.IGNORECASE,
)


def why_automatic(message: Message, *, is_report: bool = False) -> str:
    """Why a machine is held to have written it, in a few words; "" for a person.

    X-Auto-Response-Suppress is no sign: programs put it on what people write, too.
    """
    submitted = _first_word(message, "Auto-Submitted")
    if submitted and submitted != "no":
        return f"Auto-Submitted: {submitted}"
    if is_report or words_of(message, "Content-Type").lower().startswith("multipart/report"):
        return "multipart/report"
    precedence = _first_word(message, "Precedence")
    if precedence in _LIST:
        return f"Precedence: {precedence}"
    return _by_header(message) or _by_calendar(message) or _by_sender(message) or _by_subject(message)


def _first_word(message: Message, name: str) -> str:
    return re.split(r"[\s;(]", words_of(message, name).lower(), maxsplit=1)[0]


def _by_header(message: Message) -> str:
    for name in _PRESENT:
        if any(value.strip().lower() not in {"", "no", "false"} for value in values(message, name)):
            return name
    return "Return-Path: <>" if any(not path.strip("<> \t") for path in values(message, "Return-Path")) else ""


def _by_calendar(message: Message) -> str:
    """A calendar program's "accepted" to the entry that came with the invitation (RFC 5546 §3.2.3)."""
    for part in leaves(message):
        if kind_of(part) == "text/calendar" and "method=reply" in words_of(part, "Content-Type").lower().replace(
            '"', ""
        ):
            return "text/calendar; method=REPLY"
    return ""


def _by_sender(message: Message) -> str:
    local = one_sender(message)[0].partition("@")[0]
    return f"From: {local}" if local in _MACHINES else ""


def _by_subject(message: Message) -> str:
    found = _SUBJECT.match(words_of(message, "Subject"))
    return f"Subject: {found[0].strip()}" if found else ""
