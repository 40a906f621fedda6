"""What a round takes from the register when it opens: submissions, people with their time, links, invitations."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from workflow.domain.addressing import addressee, first_reachable
from workflow.domain.calendar import Calendar
from workflow.domain.forms import AskedCounts
from workflow.domain.messages import Message, MessageKind
from workflow.domain.people import ANSWERING, Contact, Unit
from workflow.domain.rounds import Round
from workflow.domain.submissions import Link, Recipient, Submission, submission_id
from workflow.domain.succession import Register
from workflow.ports import Secrets, Work
from workflow.services.intended import make_message

LINK_LIFE = timedelta(days=180)  # a link outlives the round, so that a late answer or a supplement still finds its way


@dataclass(frozen=True, slots=True, kw_only=True)
class Freezing:
    """Many units in the same few statements."""

    round: Round
    register: Register
    secrets: Secrets
    calendar: Calendar
    now: datetime
    questions: AskedCounts

    def write(self, work: Work, units: Sequence[Unit]) -> None:
        people = [self._recipients(submission_id(self.round.id, unit.id), unit) for unit in units]
        submissions = [self._submission(unit, some) for unit, some in zip(units, people, strict=True)]
        everybody = [recipient for some in people for recipient in some]
        links = {each.id: make_link(each, self.secrets, self.now) for each in everybody if each.role in ANSWERING}
        work.submissions.add(submissions)
        work.recipients.add(everybody, links.values())
        send_at = self.calendar.next_window(self.now)
        moments = [first_reachable(some, send_at, self.calendar) for some in people]
        chosen = [addressee(some, moment) for some, moment in zip(people, moments, strict=True)]
        work.outbox.plan(
            self._invitation(submission, to, links[to.id], moment)
            for submission, to, moment in zip(submissions, chosen, moments, strict=True)
            if to
        )

    def _submission(self, unit: Unit, people: Iterable[Recipient]) -> Submission:
        return Submission(
            id=submission_id(self.round.id, unit.id),
            round=self.round.id,
            unit=unit.id,
            unit_name=unit.name,
            kind=unit.kind,
            due_at=self.round.due_at[unit.kind],
            due_set_at=self.now,
            questions=self.questions.of(unit.kind, unit.id),
            has_contact=any(each.role in ANSWERING for each in people),
        )

    def _recipients(self, submission: str, unit: Unit) -> tuple[Recipient, ...]:
        return frozen_recipients(submission, self.register.people_for(unit), calendar=self.calendar, now=self.now)

    def _invitation(self, submission: Submission, to: Recipient, link: Link, due_at: datetime) -> Message:
        return make_message(
            submission,
            to,
            link=link.id,
            kind=MessageKind.INVITATION,
            slot="open",
            secrets=self.secrets,
            due_at=due_at,
            now=self.now,
        )


def frozen_recipients(
    submission: str, contacts: Iterable[Contact], *, calendar: Calendar, now: datetime
) -> tuple[Recipient, ...]:
    """The contacts as a round keeps them, those of the future included; whoever's time is over is left out.

    The first of a role is `<submission>.primary`, the second `<submission>.primary-2`.
    """
    found: list[Recipient] = []
    counted: Counter[str] = Counter()
    for contact in contacts:
        ends_at = calendar.end_of_day(contact.valid_to) if contact.valid_to else None
        if ends_at and ends_at <= now:
            continue
        counted[contact.role] += 1
        recipient = Recipient(
            id=recipient_id(submission, contact.role, counted[contact.role]),
            submission=submission,
            role=contact.role,
            name=contact.name,
            email=contact.email,
            phone=contact.phone,
            language=contact.language,
            starts_at=calendar.at(contact.valid_from, time.min) if contact.valid_from else None,
            ends_at=ends_at,
            is_unreachable=contact.undeliverable_since is not None,
        )
        found.append(recipient)
    return tuple(found)


def recipient_id(submission: str, role: str, number: int) -> str:
    return f"{submission}.{role}" if number == 1 else f"{submission}.{role}-{number}"


def make_link(recipient: Recipient, secrets: Secrets, now: datetime) -> Link:
    """A personal link that opens while the recipient is the right one, and no longer than half a year."""
    link_id = secrets.new_id()
    expires_at = now + LINK_LIFE
    return Link(
        id=link_id,
        submission=recipient.submission,
        recipient=recipient.id,
        secret_sha256=secrets.digest(secrets.link_secret(link_id)),
        created_at=now,
        expires_at=min(expires_at, recipient.ends_at or expires_at),
        starts_at=recipient.starts_at,
    )
