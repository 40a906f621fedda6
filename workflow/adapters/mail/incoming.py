"""A mail that came in, from its bytes to what it says; nothing that anybody can send makes it raise."""

import hashlib
from collections.abc import Sequence

from workflow.adapters.mail.incoming_headers import addressees, one_sender, references, words_of
from workflow.adapters.mail.incoming_parse import parse
from workflow.adapters.mail.incoming_parts import collect
from workflow.adapters.mail.incoming_quotes import own_words
from workflow.adapters.mail.incoming_reports import reports_in
from workflow.adapters.mail.incoming_signs import why_automatic
from workflow.domain.incoming import IncomingMail

_MEGABYTE = 1024 * 1024


def read_mail(raw: bytes, *, envelope: Sequence[str] = (), max_mb: int = 20, whole: bool = True) -> IncomingMail:
    """Say what a mail says. `envelope` are the recipients that the server was told, trusted before any header.

    Files of more than `max_mb` megabytes together are named in `left_out`, not kept; so is everything when only the
    beginning of the mail was fetched (`whole` is false) or when its build would cost too much to take apart.
    """
    read = parse(raw, whole=whole)
    mail = read.mail
    found = collect(mail, most_bytes=max_mb * _MEGABYTE)
    sender, name = one_sender(mail)
    reports = reports_in(mail, raw)
    return IncomingMail(
        digest=hashlib.sha256(raw).hexdigest(),
        message_id=_first(references(mail, "Message-ID")),
        sender=sender,
        sender_name=name,
        subject=words_of(mail, "Subject"),
        delivered_to=addressees(mail, envelope),
        references=references(mail, "In-Reply-To", "References"),
        automatic=why_automatic(mail, is_report=bool(reports)),
        reports=reports,
        text=own_words(found.text),
        files=found.files if read.is_whole else (),
        written=words_of(mail, "Date"),
        left_out=found.left_out if read.is_whole else _lost([each.name for each in found.files]),
    )


def _first(ids: tuple[str, ...]) -> str:
    return ids[0] if ids else ""


def _lost(names: Sequence[str]) -> tuple[str, ...]:
    """A file that was cut off in the middle is no file; that there was more is said even where no name is known."""
    return (*names, "") if "" not in names else tuple(names)
