"""Previewed mails to a test box: marked as a test, with links that open nothing, and outside the ledger."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape

from workflow.domain import datewords
from workflow.domain.audit import Event
from workflow.domain.errors import RefusedError
from workflow.domain.messages import Frozen
from workflow.domain.preview import PreviewedMail
from workflow.ports import Channel, Handover, Outcome
from workflow.services.mailroom import Mailroom
from workflow.services.preview import RoundPreview
from workflow.services.preview_mail import words_of

MOST = 500
_BODY = re.compile(r"<body[^>]*>", re.IGNORECASE)
_NOTES = {
    "sv": "Test: det här mejlet går till {who} {when}. Länken i det öppnar ingenting.",
    "en": "Test: this e-mail goes to {who} {when}. The link in it opens nothing.",
}


class ContactsAddressError(RefusedError):
    """A test must not reach somebody who would believe it."""

    sentence = "{address} tillhör en kontaktperson. Välj en adress som inte får riktiga mejl."


class NothingToTestError(RefusedError):
    sentence = "Inget av mejlen ska gå, så det finns inget att skicka till testlådan."


class TooManyTestsError(RefusedError):
    sentence = "Det blir {count} mejl. Skicka högst {limit} åt gången: välj en dag eller ett av varje slag."


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialTally:
    """How many the mail server took, and what it said to the others."""

    sent: int
    refusals: tuple[str, ...] = ()


def send_to_test_box(
    room: Mailroom,
    preview: RoundPreview,
    mails: Sequence[PreviewedMail],
    address: str,
    *,
    by: str,
    now: datetime,
    force: bool = False,
) -> TrialTally:
    """Write those that will go and hand them over at once, in and out of office hours. The ledger is not touched.

    Raises ContactsAddressError unless `force`, NothingToTestError, TooManyTestsError, and what makes an address or a
    template unusable; then nothing has been sent.
    """
    letters = _letters(room, preview, mails, address, now)
    if not force:
        _refuse_contacts(room, preview.round.id, address)
    data = [room.envelopes.assemble(letter, secret="") for letter in letters]
    tally = _hand_over(room, address, data)
    with room.db.begin() as work:
        sent = {"sent": tally.sent, "refused": len(tally.refusals)}
        work.log.append(Event(kind="preview.test_box", actor=by, at=now, round=preview.round.id, data=sent))
    return tally


def _letters(
    room: Mailroom, preview: RoundPreview, mails: Sequence[PreviewedMail], address: str, now: datetime
) -> list[Frozen]:
    going = [mail for mail in mails if not mail.suppressed and mail.row is not None]
    if not going:
        raise NothingToTestError
    if len(going) > MOST:
        raise TooManyTestsError(count=len(going), limit=MOST)
    written = ((mail, words_of(room, preview, mail).words) for mail in going)
    return [_as_test(room, mail, words, address, now) for mail, words in written if words]


def _as_test(room: Mailroom, mail: PreviewedMail, words: Frozen, address: str, now: datetime) -> Frozen:
    language = mail.row.language if mail.row and mail.row.language in _NOTES else "sv"
    who = ", ".join((f"{mail.to_name} <{mail.to_email}>", *mail.copies))
    note = _NOTES[language].format(who=who, when=datewords.moment(mail.at, language, room.calendar.zone))
    return replace(
        words,
        subject=f"[Test] {words.subject}",
        text=f"{note}\n\n{words.text}",
        html=_BODY.sub(lambda body: f"{body[0]}<p>{escape(note)}</p>", words.html, count=1),
        to_name="",
        to_email=address,
        copies=(),
        message_id=f"<test-{room.secrets.new_id()}@{room.office.mail_domain}>",
        date=now,
    )


def _refuse_contacts(room: Mailroom, round_id: str, address: str) -> None:
    with room.db.read() as work:
        known = [each.email for each in work.people.contacts()]
        known += [each.email for each in work.recipients.of_round(round_id)]
    if address.strip().casefold() in {each.strip().casefold() for each in known}:
        raise ContactsAddressError(address=address)


def _hand_over(room: Mailroom, address: str, data: Sequence[bytes]) -> TrialTally:
    """One after the other over one connection; a way out that is shut ends it."""
    sent, refusals = 0, []
    with room.postman.connect() as channel:
        for each in data:
            ended = _send(channel, room.office.sender_email, address, each)
            if ended.outcome is Outcome.ACCEPTED:
                sent += 1
                continue
            refusals.append(f"{ended.code or ''} {ended.text}".strip())
            if ended.outcome in {Outcome.BLOCKED, Outcome.RETRY, Outcome.UNKNOWN}:
                break
    return TrialTally(sent=sent, refusals=tuple(refusals))


def _send(channel: Channel, sender: str, address: str, data: bytes) -> Handover:
    preparing = channel.prepare(sender, (address,), data)
    while True:
        try:
            next(preparing)
        except StopIteration as over:
            if over.value is not None:
                ended: Handover = over.value
                return ended
            channel.send_dot()
            return channel.read_reply()
