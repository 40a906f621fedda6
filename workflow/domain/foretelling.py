"""Who gets what, when and why: what has gone, and what would go if from now on nobody did anything.

What is to come is played (playing.py); here stands what does not move: what has gone or ended, what is stopped for the
whole unit, and the invitations of a round that has not opened.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from workflow.domain.addressing import addressee, first_reachable
from workflow.domain.calendar import Calendar
from workflow.domain.messages import (
    CONTACT_CHANGED,
    WINDOWED,
    Message,
    MessageKind,
    MessageState,
    why_untrue,
)
from workflow.domain.planning import Case, Due, Ladder
from workflow.domain.playing import Play, Scene, naming, written_anew
from workflow.domain.preview import EXPECTED, NO_CONTACT, OPENING, ROUND_CLOSED, SUPPRESSED, PreviewedMail, previewed
from workflow.domain.reminders import Audience
from workflow.domain.rounds import Round, RoundState
from workflow.domain.submissions import Recipient, Submission

_STOPPED = frozenset({MessageState.CANCELLED, MessageState.SKIPPED, MessageState.HELD})


def preview(
    round_: Round,
    cases: Iterable[Case],
    *,
    calendar: Calendar,
    now: datetime,
    beside: Iterable[tuple[Round, Sequence[Case]]] = (),
    told: Iterable[str] = (),
) -> tuple[PreviewedMail, ...]:
    """Every mail of these units in time order. Of a planned round: as if it opened at its time, or now if that is past.

    The submissions of a planned round are those that opening will make. `beside` are the other rounds of that time:
    who answers in two gets one mail. `told` are the addresses that have had their reminder of today.
    """
    shown = Scene(round_, tuple(cases), calendar, now)
    others = (Scene(other, tuple(theirs), calendar, now) for other, theirs in beside)
    play = Play(shown=shown, scenes=[shown, *others], calendar=calendar, now=now, told=frozenset(told))
    played = play.played()
    standing = _Standing(play, shown)
    mails = [mail for case in shown.cases for mail in standing.of(case)]
    if round_.state is RoundState.PLANNED:
        send_at = calendar.next_window(shown.begins)
        mails += [_invitation(case, first_reachable(case.recipients, send_at, calendar)) for case in shown.cases]
    return tuple(sorted([*mails, *played], key=lambda mail: mail.at))


@dataclass(slots=True)
class _Standing:
    """What has been said and settled, and who told of whom."""

    play: Play
    scene: Scene
    carriers: Mapping[str, Submission] = field(init=False)
    companies: Mapping[str, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        cases = [case for scene in self.play.scenes for case in scene.cases]
        self.carriers = {row.id: case.submission for case in cases for row in case.ledger if row.is_reminder}
        self.companies = defaultdict(list)
        for case in cases:
            for lead in (row.lead for row in case.ledger if row.lead):
                carrier = self.carriers.get(lead)
                self.companies[lead].append(naming(case.submission, beside=carrier or case.submission))

    def of(self, case: Case) -> Iterator[PreviewedMail]:
        for message in case.ledger:
            if not (self.scene.is_running and message.is_reminder and message.state is MessageState.PLANNED):
                yield from self._standing(case, message)
        why = "" if self.scene.is_running else ROUND_CLOSED
        why = why if case.submission.is_owed else str(case.submission.state)
        for audience in self.scene.round.policy.audiences:
            yield from self._never(case, audience, why)

    def _standing(self, case: Case, message: Message) -> Iterator[PreviewedMail]:
        """A mail that is in the ledger and no reminder still to go."""
        submission = case.submission
        carrier = self.carriers.get(message.lead)
        at, state = message.sent_at or message.due_at, str(message.state)
        why = message.reason if message.state in _STOPPED else ""
        if message.state is MessageState.PLANNED:
            at = self._leaves(message)
            why = why_untrue(message, submission, round_state=str(self.scene.round.state), now=at)
            state = SUPPRESSED if why else state
        yield previewed(
            submission,
            message,
            at=at,
            state=state,
            suppressed=why,
            along=tuple(sorted(self.companies.get(message.id, ()))),
            carried_by=_carrier(carrier, submission) if carrier else "",
        )
        anew = written_anew(message, case, at) if why == CONTACT_CHANGED and state == SUPPRESSED else None
        if anew:
            yield previewed(submission, anew, at=at, state=EXPECTED)

    def _leaves(self, message: Message) -> datetime:
        due_at = max(message.due_at, self.scene.begins)
        return self.play.moment(due_at).next_window if message.kind in WINDOWED else due_at

    def _never(self, case: Case, audience: Audience, blanket: str) -> Iterator[PreviewedMail]:
        """The reminders that there would have been."""
        nobody = Recipient(id="", submission=case.submission.id, role="", name="", email="")
        known, every = self.play.known_of(case), self.scene.timetable.of(case.submission, audience)
        for slot in every:
            to = addressee(case.recipients, max(slot.send_at, self.scene.begins), audience)
            why = blanket if to or audience is not Audience.CONTACT else NO_CONTACT
            if why and slot.key not in known:
                ladder = Ladder(case=case, to=to or nobody, slots=every, known=known)
                row = Due(ladder=ladder, slot=slot).row("", link="", now=self.scene.begins)
                yield previewed(case.submission, row, at=slot.send_at, state=SUPPRESSED, suppressed=why)


def _carrier(carrier: Submission, carried: Submission) -> str:
    return carrier.unit if carrier.round == carried.round else carrier.id


def _invitation(case: Case, at: datetime) -> PreviewedMail:
    to = addressee(case.recipients, at)
    row = Message(
        id="",
        round=case.submission.round,
        submission=case.submission.id,
        recipient=to.id if to else "",
        kind=MessageKind.INVITATION,
        slot=OPENING,
        deadline_revision=case.submission.deadline_revision,
        to_name=to.name if to else "",
        to_email=to.email if to else "",
        language=to.language if to else "sv",
        due_at=at,
        give_up_at=at,
        created_at=at,
    )
    state, why = (EXPECTED, "") if to else (SUPPRESSED, NO_CONTACT)
    return previewed(case.submission, row, at=at, state=state, suppressed=why)
