"""A mail that came in: taken once, matched, and all that follows from it in one transaction. The log holds ids only.

One mail may bring several things, each for somebody else to see to: every unit's form is a case of its own, for that
unit; other files beside a form, and words that ask for something, are another, for the coordinators.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256

from workflow.domain.arrivals import Arrival, Sheet
from workflow.domain.asked_time import asked_day
from workflow.domain.audit import Event
from workflow.domain.forms import keepable
from workflow.domain.incoming import EnclosedFile, IncomingKind, IncomingMail, kind_of
from workflow.domain.messages import Message
from workflow.domain.people import fold_address
from workflow.domain.submissions import Recipient
from workflow.ports import Work
from workflow.services import bounces
from workflow.services.mailed_forms import FoundForm, answer_form, candidates, find_forms
from workflow.services.mailroom import Mailroom
from workflow.services.matching import About, about
from workflow.services.rounds import SYSTEM
from workflow.services.unreadable import settle_unreadable


def take_in(room: Mailroom, mail: IncomingMail, *, now: datetime) -> Arrival | None:
    """Keep it and do what follows; None when it was taken in before, by whatever way. Safe to call again after a crash.

    What follows may be mails that are due at once: ask for Job.DELIVER.
    """
    with room.db.read() as work:
        if work.incoming.knows(mail.digest):
            return None
        found = about(work, mail, office=room.office, secrets=room.secrets, now=now)
        able = candidates(work, mail, found, now=now)
    forms = find_forms(room.documents, mail, able, found) if able else ()
    with room.db.begin() as work:
        return _Taking(room, work, mail, found, forms, now).take()


@dataclass(frozen=True, slots=True)
class _Taking:
    """One mail in its transaction."""

    room: Mailroom
    work: Work
    mail: IncomingMail
    found: About
    forms: tuple[FoundForm, ...]
    now: datetime

    def take(self) -> Arrival | None:
        """Gives the first case that is new; the others stand beside it."""
        self.work.submissions.several(self._touched(), lock=True)
        first, *others = self._cases()
        parts = (replace(each, digest=_digest_of_part(self.mail.digest, n)) for n, each in enumerate(others, start=1))
        kept = [each for each in (first, *parts) if self._keep(each)]
        settle_unreadable(self.work, self.mail, now=self.now)
        for each in kept:
            self._log(each)
        followed = [self._follow(each) for each in kept]
        return followed[0] if followed else None

    def _keep(self, arrival: Arrival) -> bool:
        return self.work.incoming.add(
            arrival, {each.number: self.mail.files[each.number - 1] for each in arrival.sheets}
        )

    def _cases(self) -> list[Arrival]:
        kind = kind_of(self.mail, is_matched=self.found.is_known, is_form=bool(self.forms))
        if kind is not IncomingKind.FORM:
            return [self._enriched(self._arrival(kind, self.found.submission, self.found.writer))]
        cases = [self._arrival(kind, each.submission, each.writer, only={each.number}) for each in self.forms]
        beside = set(range(1, len(self.mail.files) + 1)) - {each.number for each in self.forms}
        unit = self.found.message.submission if self.found.message else self.forms[0].submission
        writer = next((each.writer for each in self.forms if each.submission == unit), self.found.writer)
        reply = self._enriched(self._arrival(IncomingKind.REPLY, unit, writer, only=beside))
        return [*cases, reply] if beside or reply.asked_until else cases

    def _touched(self) -> set[str]:
        """All that may be written about, locked at once: then two mails never wait for each other."""
        told = self.work.outbox.told_by([self.found.message.id]) if self.found.message else {}
        units = {each.submission for rows in told.values() for each in rows}
        return {each for each in (*units, *(form.submission for form in self.forms), self.found.submission) if each}

    def _arrival(
        self, kind: IncomingKind, submission: str, writer: Recipient | None, *, only: set[int] | None = None
    ) -> Arrival:
        """With all files of the mail, or those numbered `only`."""
        mail = self.mail
        submission = submission if kind is not IncomingKind.STRAY else ""
        message = self.found.message.id if self.found.message else ""
        return Arrival(
            id=self.room.secrets.new_id(),
            digest=mail.digest,
            identity=mail.same_case(kind, submission, "" if kind is IncomingKind.FORM else message),
            kind=kind,
            came_at=self.now,
            sender=_kept(mail.sender),
            sender_name=_kept(mail.sender_name),
            subject=_kept(mail.subject),
            text=_kept(mail.text),
            round=self.work.submissions.get(submission).round if submission else "",
            submission=submission,
            message=message,
            recipient=writer.id if writer and submission else "",
            said=_kept(mail.automatic),
            sheets=_sheets(mail.files, only, are_forms=kind is IncomingKind.FORM),
            left_out=tuple(map(_kept, mail.left_out)),
        )

    def _enriched(self, arrival: Arrival) -> Arrival:
        """With what its kind has to say beside."""
        if arrival.kind is IncomingKind.REPLY:
            return replace(arrival, asked_until=self._asked_until(arrival))
        action = {IncomingKind.BOUNCE: "failed", IncomingKind.DELAYED: "delayed"}.get(arrival.kind)
        report = bounces.failed_report(self.mail, action) if action else None
        message = self.found.message
        if report is None or message is None:
            return arrival
        address = bounces.bounced_address(message, report)
        people = self.work.recipients.of(message.submission) if message.submission else ()
        return replace(
            arrival,
            address=address,
            status=_kept(report.status),
            said=_kept(report.diagnostic),
            recipient=bounces.reached(people, address),
        )

    def _asked_until(self, arrival: Arrival) -> date | None:
        if not arrival.submission:
            return None
        submission = self.work.submissions.get(arrival.submission)
        if not submission.is_owed:
            return None
        calendar = self.room.calendar
        today, last_day = calendar.local(self.now).date(), calendar.last_day(submission.due_at)
        return asked_day(arrival.text, today=today, last_day=last_day)

    def _follow(self, arrival: Arrival) -> Arrival:
        if arrival.kind is IncomingKind.FORM:
            writer = next(each.writer for each in self.forms if each.submission == arrival.submission)
            answer_form(self.work, arrival, writer, secrets=self.room.secrets, now=self.now)
        if self.found.message and arrival.kind is IncomingKind.BOUNCE:
            return self._bounce(arrival, self.found.message)
        if self.found.message and arrival.kind is IncomingKind.DELIVERED:
            bounces.settle(self.work, self.found.message, delivered=True, now=self.now)
        return arrival

    def _bounce(self, arrival: Arrival, message: Message) -> Arrival:
        """What settles an unknown mail needs nobody: the mail itself then stands among those that failed."""
        is_reader = fold_address(arrival.address) == message.address
        settled = is_reader and bounces.settle(self.work, message, delivered=False, now=self.now)
        rows = bounces.told_of(self.work, message)
        bounces.turn_to_deputy(self.work, rows, arrival.address, secrets=self.room.secrets, now=self.now)
        bounces.mark_address(self.work, message, arrival.address, now=self.now)  # the register is locked after mails
        if not settled:
            return arrival
        handled = arrival.handle(by=SYSTEM, at=self.now)
        self.work.incoming.handle(arrival, handled)
        return handled

    def _log(self, arrival: Arrival) -> None:
        event = Event(
            kind=f"incoming.{arrival.kind}",
            actor=SYSTEM,
            at=self.now,
            round=arrival.round,
            submission=arrival.submission,
            message=arrival.message,
            data={"arrival": arrival.id, "files": len(arrival.sheets)},
        )
        self.work.log.append(event)


def _kept(text: str) -> str:
    """� stands where a character was that nothing can hold."""
    return keepable(text.replace("\r\n", "\n").replace("\r", "\n"))[0]


def _digest_of_part(digest: str, number: int) -> str:
    """As unique as the mail's own: the database keeps each part once."""
    return sha256(f"{digest} {number}".encode()).hexdigest()


def _sheets(files: Sequence[EnclosedFile], only: set[int] | None, *, are_forms: bool) -> tuple[Sheet, ...]:
    return tuple(
        Sheet(
            number=number,
            name=_kept(file.name),
            media_type=_kept(file.media_type),
            size=len(file.content),
            sha256=sha256(file.content).hexdigest(),
            is_form=are_forms,
        )
        for number, file in enumerate(files, start=1)
        if only is None or number in only
    )
