"""The local mailbox: every accepted mail as an .eml file, its envelope as a line of log.jsonl."""

import contextlib
import email
import json
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from pathlib import Path

from workflow.adapters.files import write_whole

KIND_HEADER = "X-Tertial-Kind"
LOG_NAME = "log.jsonl"
_NAME = re.compile(r"(\d{4,})-([a-z0-9_]+)-([a-z0-9-]+)\.eml")
_NUMBER = re.compile(r"(\d{4,})-")
_LONGEST = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What the sending side said before the mail itself."""

    sender: str
    recipients: tuple[str, ...]
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMail:
    """One mail as a person would read it. `envelope` is None when a crash came between the file and its log line."""

    number: int
    kind: str
    path: Path
    subject: str
    sender: str
    to: str
    date: datetime | None
    message_id: str
    text: str
    html: str
    attachments: tuple[str, ...]
    envelope: Envelope | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One attached file as it was sent."""

    name: str
    media_type: str
    data: bytes


class MailFolder:
    """Writes mails so that each is either whole on disk or not there; one writer at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(".draft-*"):
            left.unlink()
        self._last = _last_number(folder)

    def store(self, data: bytes, envelope: Envelope) -> Path:
        """Keep the bytes as they came, synced to disk. Raises OSError (disk full), leaving no trace of the mail."""
        number = self._last + 1
        final = self._folder / f"{number:04}-{_kind(data)}-{_slug(envelope.recipients)}.eml"
        try:
            write_whole(final, data)
            self._last = number
            self._note(final, envelope)
        except OSError:
            final.unlink(missing_ok=True)
            raise
        return final

    def _note(self, mail: Path, envelope: Envelope) -> None:
        line = {
            "file": mail.name,
            "from": envelope.sender,
            "to": list(envelope.recipients),
            "received": envelope.received_at.isoformat(),
        }
        text = json.dumps(line, ensure_ascii=False) + "\n"
        _append(self._folder / LOG_NAME, text.encode("utf-8", "backslashreplace"))


def read_mailbox(folder: Path) -> tuple[StoredMail, ...]:
    """Give all mails of the folder, newest first. An unreadable part becomes empty text, never an error."""
    envelopes = dict(_envelopes(folder / LOG_NAME))
    named = ((_NAME.fullmatch(path.name), path) for path in folder.glob("*.eml"))
    mails = [_read(path, int(name[1]), name[2], envelopes.get(path.name)) for name, path in named if name]
    return tuple(sorted(mails, key=lambda mail: mail.number, reverse=True))


def read_attachment(path: Path, index: int) -> Attachment | None:
    """Give one attached file, counted from 0 in the order of `StoredMail.attachments`; None when there is none."""
    message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
    with contextlib.suppress(LookupError, ValueError, AttributeError):
        part = list(message.iter_attachments())[index]
        data = part.get_payload(decode=True)
        if isinstance(data, bytes):
            return Attachment(name=part.get_filename() or "", media_type=part.get_content_type(), data=data)
    return None


def _read(path: Path, number: int, kind: str, envelope: Envelope | None) -> StoredMail:
    message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
    return StoredMail(
        number=number,
        kind=kind,
        path=path,
        subject=_header(message, "Subject"),
        sender=_header(message, "From"),
        to=_header(message, "To"),
        date=_date(message),
        message_id=_header(message, "Message-ID"),
        text=_body(message, "plain"),
        html=_body(message, "html"),
        attachments=_attachments(message),
        envelope=envelope,
    )


def _header(message: EmailMessage, name: str) -> str:
    with contextlib.suppress(ValueError, IndexError, AttributeError):  # what the parser says of broken headers
        return str(message[name] or "").strip()
    return ""


def _date(message: EmailMessage) -> datetime | None:
    with contextlib.suppress(ValueError, IndexError, AttributeError, TypeError):
        return parsedate_to_datetime(str(message["Date"]))
    return None


def _body(message: EmailMessage, kind: str) -> str:
    with contextlib.suppress(LookupError, ValueError, AttributeError):  # unknown charset, broken structure
        part = message.get_body((kind,))
        return str(part.get_content()).replace("\r\n", "\n") if part else ""
    return ""


def _attachments(message: EmailMessage) -> tuple[str, ...]:
    with contextlib.suppress(LookupError, ValueError, AttributeError):
        return tuple(part.get_filename() or "" for part in message.iter_attachments())
    return ()


def _envelopes(log: Path) -> Iterator[tuple[str, Envelope]]:
    for line in log.read_text(encoding="utf-8", errors="replace").split("\n") if log.exists() else ():
        with contextlib.suppress(ValueError, KeyError, TypeError):  # a line that a crash has cut off
            said = json.loads(line)
            at = datetime.fromisoformat(said["received"])
            yield said["file"], Envelope(sender=said["from"], recipients=tuple(said["to"]), received_at=at)


def _kind(data: bytes) -> str:
    named = str(BytesHeaderParser().parsebytes(data).get(KIND_HEADER, ""))
    return re.sub(r"[^a-z0-9]+", "_", named.lower()).strip("_")[:_LONGEST] or "x"


def _slug(recipients: Sequence[str]) -> str:
    local = recipients[0].rpartition("@")[0] if recipients else ""
    plain = unicodedata.normalize("NFKD", local).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST].strip("-") or "x"


def _last_number(folder: Path) -> int:
    logged = (name for name, _ in _envelopes(folder / LOG_NAME))
    kept = (path.name for path in folder.glob("*.eml"))
    return max((int(name[1]) for name in map(_NUMBER.match, (*logged, *kept)) if name), default=0)


def _append(log: Path, line: bytes) -> None:
    """Add a whole line or nothing, synced."""
    file = os.open(log, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        end = os.fstat(file).st_size
        if end and os.pread(file, 1, end - 1) != b"\n":
            line = b"\n" + line  # a crash has cut the line before; it is lost, this one is not
        try:
            _write_through(file, line)
        except OSError:
            os.ftruncate(file, end)
            raise
    finally:
        os.close(file)


def _write_through(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]
    os.fsync(file)
