"""What a mail that came in is about: by what nobody can make up who has not had our mail, or by who writes."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from workflow.domain.errors import NotFoundError
from workflow.domain.incoming import IncomingMail
from workflow.domain.marks import Mark, read_mark
from workflow.domain.messages import Message
from workflow.domain.people import ANSWERING, Office, fold_address
from workflow.domain.rounds import RoundState
from workflow.domain.submissions import Recipient
from workflow.ports import Secrets, Work

MOST_REFERENCES = 50  # a thread has some ten; whoever writes thousands wants us to look for them


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The mail of ours that it is about, and who of that unit wrote it; None where nothing shows it.

    With a writer alone it is a mail of their own, about the unit that they answer for.
    """

    message: Message | None = None
    writer: Recipient | None = None

    @property
    def submission(self) -> str:
        if self.message:
            return self.message.submission
        return self.writer.submission if self.writer else ""

    @property
    def is_known(self) -> bool:
        return self.message is not None or self.writer is not None


def about(work: Work, mail: IncomingMail, *, office: Office, secrets: Secrets, now: datetime) -> About:
    """A report is about the mail whose sealed address it came to, and nothing else; anything may stand in its text.

    A person's mail is about the one whose sealed address it came to; or about the one whose Message-ID it names, if
    one of that unit's people wrote it. Somebody who answers in an open round may also just write: whoever forges that
    gets no further than a coordinator's eyes.
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
    return About(writer=_known(work, mail.sender, now))


def people_at(recipients: Iterable[Recipient], address: str) -> tuple[Recipient, ...]:
    """Whoever has this address, however it is written."""
    wanted = fold_address(address)
    return tuple(each for each in recipients if wanted and fold_address(each.email) == wanted)


def _known(work: Work, sender: str, now: datetime) -> Recipient | None:
    """Somebody who answers for a unit in an open round; of several units, for one that still owes."""
    theirs = [each for each in people_at(work.recipients.at(sender), sender) if each.is_right(now)]
    units = work.submissions.several({each.submission for each in theirs if each.role in ANSWERING})
    rounds = work.rounds.states({each.round for each in units.values()})
    open_ = {id_: each for id_, each in units.items() if rounds[each.round] is RoundState.OPEN}
    known = [each for each in theirs if each.submission in open_ and each.role in ANSWERING]
    return min(known, key=lambda each: (not open_[each.submission].is_owed, each.submission), default=None)


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
