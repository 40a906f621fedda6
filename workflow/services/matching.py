"""What a mail that came in is about: believed only by what nobody can make up who has not had our mail."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from workflow.domain.errors import NotFoundError
from workflow.domain.incoming import IncomingMail
from workflow.domain.marks import Mark, read_mark
from workflow.domain.messages import Message
from workflow.domain.people import Office, fold_address
from workflow.domain.submissions import Recipient
from workflow.ports import Secrets, Work

MOST_REFERENCES = 50  # a thread has some ten; whoever writes thousands wants us to look for them


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The mail of ours that it is about, and who of that unit wrote it; None where nothing shows it."""

    message: Message | None = None
    writer: Recipient | None = None

    @property
    def submission(self) -> str:
        return self.message.submission if self.message else ""


def about(work: Work, mail: IncomingMail, *, office: Office, secrets: Secrets) -> About:
    """A report is about the mail whose sealed address it came to, and nothing else; anything may stand in its text.

    A person's mail is about the one whose sealed address it came to; or about the one whose Message-ID it names, if
    one of that unit's people wrote it.
    """
    if mail.reports:
        return About(message=_marked(work, mail.delivered_to, {Mark.BOUNCE}, secrets))
    found = _marked(work, mail.delivered_to, set(Mark), secrets)
    if found is not None:
        return About(message=found, writer=_writer(work, found, mail.sender))
    for each in mail.references[:MOST_REFERENCES]:
        named = _named(work, each, office)
        writer = _writer(work, named, mail.sender) if named else None
        if writer is not None:
            return About(message=named, writer=writer)
    return About()


def people_at(recipients: Iterable[Recipient], address: str) -> tuple[Recipient, ...]:
    """Whoever has this address, however it is written."""
    wanted = fold_address(address)
    return tuple(each for each in recipients if wanted and fold_address(each.email) == wanted)


def _marked(work: Work, addresses: Iterable[str], marks: set[Mark], secrets: Secrets) -> Message | None:
    for address in addresses:
        mark = read_mark(address)
        if mark is None or mark.mark not in marks:
            continue
        if hmac.compare_digest(mark.seal, secrets.seal(mark.mark, mark.message)):
            return _ledger(work, mark.message)
    return None


def _named(work: Work, reference: str, office: Office) -> Message | None:
    id_, _, domain = reference.strip().strip("<>").rpartition("@")
    return _ledger(work, id_) if id_ and domain.casefold() == office.mail_domain.casefold() else None


def _ledger(work: Work, message_id: str) -> Message | None:
    try:
        return work.outbox.get(message_id)
    except NotFoundError:
        return None


def _writer(work: Work, message: Message, sender: str) -> Recipient | None:
    if not message.submission:
        return None
    return next(iter(people_at(work.recipients.of(message.submission), sender)), None)
