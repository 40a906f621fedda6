"""What is due for whom: the one plan that the scheduler carries out and the preview plays through."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from workflow.domain.calendar import Calendar
from workflow.domain.messages import GIVE_UP_AFTER, Message
from workflow.domain.people import Role
from workflow.domain.reminders import Audience, Slot, due_by, slots
from workflow.domain.rounds import Round
from workflow.domain.submissions import OWED, Recipient, State, Submission


def whom(recipients: Iterable[Recipient], audience: Audience = Audience.CONTACT) -> Recipient | None:
    """Whom a mail goes to: the contact person, in their absence the deputy, else nobody; or exactly the one meant."""
    by_role = {recipient.role: recipient for recipient in recipients}
    if audience is Audience.CONTACT:
        return by_role.get(Role.PRIMARY) or by_role.get(Role.DEPUTY)
    return by_role.get(Role(audience.value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One unit in a round, with its people and its mails."""

    submission: Submission
    recipients: Sequence[Recipient] = ()
    ledger: Sequence[Message] = ()

    def known(self) -> frozenset[str]:
        """The slots of the present deadline that the ledger already accounts for."""
        revision = self.submission.deadline_revision
        return frozenset(each.slot for each in self.ledger if each.is_reminder and each.deadline_revision == revision)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The reminders of one unit to one person. `known` are those the ledger already accounts for."""

    case: Case
    to: Recipient
    slots: tuple[Slot, ...]
    known: frozenset[str]

    @property
    def submission(self) -> Submission:
        return self.case.submission

    def known_until(self, now: datetime) -> "Ladder":
        """As it stands when the ledger accounts for all that was due by `now`."""
        due = [slot.key for slot in self.slots if slot.send_at <= now]
        return self if self.known.issuperset(due) else replace(self, known=self.known.union(due))


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One reminder that the ledger lacks. `skipped` says why it does not go, "" when it does."""

    ladder: Ladder
    slot: Slot
    skipped: str = ""

    def row(self, message_id: str, *, link: str, now: datetime) -> Message:
        """As the ledger takes it up, addressed as things stand."""
        submission, to = self.ladder.submission, self.ladder.to
        copies = self.copies()
        message = Message(
            id=message_id,
            round=submission.round,
            submission=submission.id,
            recipient=to.id,
            kind=self.slot.mail,
            slot=self.slot.key,
            deadline_revision=submission.deadline_revision,
            to_name=to.name,
            to_email=to.email,
            copies=tuple(f"{each.name} <{each.email}>" for each in copies),
            link=link,
            language=to.language,
            due_at=self.slot.send_at,
            give_up_at=max(self.slot.send_at, now) + GIVE_UP_AFTER,
            detail=self._detail(copies),
            created_at=now,
        )
        return message.skip(self.skipped) if self.skipped else message

    def copies(self) -> tuple[Recipient, ...]:
        step = self.slot.step(self.ladder.submission.state)
        roles = step.copies if step else ()
        return tuple(
            each for each in self.ladder.case.recipients if each.role in roles and each.id != self.ladder.to.id
        )

    def _detail(self, copies: Iterable[Recipient]) -> dict[str, str]:
        """What the letter says of the reminder itself."""
        there = {each.role for each in self.ladder.case.recipients if each.id != self.ladder.to.id}
        states = {state for step in self.slot.steps for state in step.condition.states}
        return {
            "copies": ",".join(each.role for each in copies),
            "last": "yes" if self.slot.is_last else "",
            "next": ",".join(role for role in self.slot.announces if role in there),
            "states": "" if states >= OWED else ",".join(sorted(states)),
        }


@dataclass(frozen=True, slots=True)
class Timetable:
    """The slots of a round's deadlines. Most units share one, so each is worked out once."""

    round: Round
    calendar: Calendar
    _made: dict[object, tuple[Slot, ...]] = field(default_factory=dict, compare=False)

    def of(self, submission: Submission, to: Audience = Audience.CONTACT) -> tuple[Slot, ...]:
        """All reminders of a unit under its effective deadline, whether or not they will be needed."""
        returned = submission.state is State.RETURNED
        key = (submission.due_at, submission.due_set_at, returned, to)
        if key not in self._made:
            self._made[key] = slots(
                self.round.policy,
                due_at=submission.due_at,
                since=submission.due_set_at,
                until=self.round.closes_at,
                calendar=self.calendar,
                opened_at=self.round.opened_at or self.round.opens_at,
                returned=returned,
                to=to,
            )
        return self._made[key]

    def ladders(self, case: Case) -> tuple[Ladder, ...]:
        """One for each audience of the policy that the unit has somebody for; none when it owes nothing."""
        if not case.submission.is_owed:
            return ()
        known = case.known()
        found = ((whom(case.recipients, each), self.of(case.submission, each)) for each in self.round.policy.audiences)
        return tuple(Ladder(case=case, to=to, slots=all_slots, known=known) for to, all_slots in found if to)


def by_person(ladders: Iterable[Ladder]) -> Mapping[str, tuple[Ladder, ...]]:
    """Each person's ladders."""
    found: dict[str, list[Ladder]] = {}
    for ladder in ladders:
        found.setdefault(ladder.to.id, []).append(ladder)
    return {person: tuple(theirs) for person, theirs in found.items()}


def due_for(ladders: Iterable[Ladder], now: datetime) -> tuple[Due, ...]:
    """Everything that the ledger lacks of one person's reminders at `now`."""
    found: list[Due] = []
    for ladder in ladders:
        submission = ladder.submission
        plan = due_by(ladder.slots, known=ladder.known, due_at=submission.due_at, now=now, state=submission.state)
        found += [Due(ladder=ladder, slot=slot, skipped=why) for slot, why in plan.skip]
        if plan.send:
            found.append(Due(ladder=ladder, slot=plan.send))
    return tuple(found)
