"""A mail that came in: taken once, matched, and all that follows from it in one transaction. The log holds ids only."""

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
from workflow.ports import Work
from workflow.services import bounces
from workflow.services.mailed_forms import FoundForm, answer_form, candidates, find_form
from workflow.services.mailroom import Mailroom
from workflow.services.matching import About, about
from workflow.services.rounds import SYSTEM


def take_in(room: Mailroom, mail: IncomingMail, *, now: datetime) -> Arrival | None:
    """Keep it and do what follows; None when the same bytes were taken in before. Safe to call again after a crash.

    What follows may be mails that are due at once: ask for Job.DELIVER.
    """
    with room.db.read() as work:
        if work.incoming.knows(mail.digest):
            return None
        found = about(work, mail, office=room.office, secrets=room.secrets)
        able = candidates(work, mail, found, now=now)
    form = find_form(room.documents, mail, able, found) if able else None
    with room.db.begin() as work:
        return _Taking(room, work, mail, found, form, now).take()


@dataclass(frozen=True, slots=True)
class _Taking:
    """One mail in its transaction."""

    room: Mailroom
    work: Work
    mail: IncomingMail
    found: About
    form: FoundForm | None
    now: datetime

    def take(self) -> Arrival | None:
        self.work.submissions.several(self._touched(), lock=True)
        kind = kind_of(self.mail, is_matched=self.found.message is not None, is_form=self.form is not None)
        arrival = self._enriched(self._arrival(kind))
        files = dict(enumerate(self.mail.files, start=1))
        if not self.work.incoming.add(arrival, files):
            return None
        self._log(arrival)
        return self._follow(arrival)

    def _touched(self) -> set[str]:
        """All that may be written about, locked at once: then two mails never wait for each other."""
        told = self.work.outbox.told_by([self.found.message.id]) if self.found.message else {}
        units = {each.submission for rows in told.values() for each in rows}
        return {each for each in (*units, self._submission, self.found.submission) if each}

    @property
    def _submission(self) -> str:
        return self.form.submission if self.form else self.found.submission

    def _arrival(self, kind: IncomingKind) -> Arrival:
        mail = self.mail
        submission = self._submission if kind is not IncomingKind.STRAY else ""
        writer = self.form.writer if self.form else self.found.writer
        return Arrival(
            id=self.room.secrets.new_id(),
            digest=mail.digest,
            kind=kind,
            came_at=self.now,
            sender=_kept(mail.sender),
            sender_name=_kept(mail.sender_name),
            subject=_kept(mail.subject),
            text=_kept(mail.text),
            round=self.work.submissions.get(submission).round if submission else "",
            submission=submission,
            message=self.found.message.id if self.found.message else "",
            recipient=writer.id if writer and submission else "",
            said=_kept(mail.automatic),
            sheets=_sheets(mail.files, self.form.number if self.form and kind is IncomingKind.FORM else 0),
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
        if arrival.kind is IncomingKind.FORM and self.form:
            answer_form(self.work, arrival, self.form.writer, secrets=self.room.secrets, now=self.now)
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


def _sheets(files: Sequence[EnclosedFile], form: int) -> tuple[Sheet, ...]:
    return tuple(
        Sheet(
            number=number,
            name=_kept(file.name),
            media_type=_kept(file.media_type),
            size=len(file.content),
            sha256=sha256(file.content).hexdigest(),
            is_form=number == form,
        )
        for number, file in enumerate(files, start=1)
    )
