"""What a coordinator decides about one mail before it goes: hold it, skip it, let it go again, add some words.

A mail that is still to come gets its row in the ledger now, under the very key the planner would give it: so the
planner finds the slot accounted for, and the database lets there be only one. A moved last day makes new mails; what
was decided about the old ones falls with them, and the consequences of the move show it.

A mail that told of several units is decided about as a whole, whichever of its rows is named (see services/company.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from workflow.domain.calendar import Calendar
from workflow.domain.errors import NotFoundError, ReasonMissingError, RefusedError, StaleWriteError
from workflow.domain.forms import clean_written
from workflow.domain.messages import NOTE, OWED_ONLY, Message, MessageState
from workflow.domain.planning import Case, Due, Timetable
from workflow.domain.rounds import Round, RoundState
from workflow.domain.submissions import Submission, submission_id
from workflow.ports import Database, Secrets, Work
from workflow.services.addressing import refuse_replaced
from workflow.services.company import Pair, as_one, whole_or_alone
from workflow.services.mailroom import log_message
from workflow.services.one_a_day import leaves_at

OPEN_TO_WORDS = frozenset({MessageState.PLANNED, MessageState.HELD})
OPEN_TO_HANDS = OPEN_TO_WORDS | {MessageState.FAILED, MessageState.UNKNOWN}


class NotOpenYetError(RefusedError):
    sentence = "Omgången {round} är inte öppen. Ett enskilt mejl går att pausa, hoppa över och ändra medan den är det."


class MailSettledError(RefusedError):
    """It has gone, is on its way, or was stopped for a reason that still holds."""

    sentence = "Mejlet går inte att ändra längre: det har gått, är på väg eller behövs inte."


class ToldElsewhereError(RefusedError):
    """Another mail told of this unit, in words that stand: they are not the unit's own to change."""

    sentence = (
        "Om den här enheten berättar mejlet om {unit} ({mail}), som redan är skrivet. Det går inte att ändra för den "
        "här enheten ensam."
    )


class ToldTodayError(RefusedError):
    """The person has had their one reminder of the day: let go now, this one would fall."""

    sentence = (
        "Personen har redan fått dagens påminnelse, och får högst en om dagen. Släpp mejlet {when} eller senare, "
        "så går det då."
    )


class NoteChangedError(RefusedError):
    """A colleague wrote in the same mail in between (value: theirs). Nothing of either is lost."""

    sentence = "En kollega har ändrat de egna raderna medan du skrev. Nu står där: ”{theirs}”"


class Deed(StrEnum):
    """HOLD: it waits until it is released. SKIP: it does not go. NOTE: some own words in it ("" takes them away)."""

    HOLD = "hold"
    SKIP = "skip"
    RELEASE = "release"
    NOTE = "note"


_EVENTS = {
    Deed.HOLD: "message.held",
    Deed.SKIP: "message.skipped",
    Deed.RELEASE: "message.released",
    Deed.NOTE: "message.noted",
}


def decide(
    db: Database,
    round_id: str,
    name: str,
    deed: Deed,
    words: str = "",
    *,
    upon: str | None = None,
    by: str,
    secrets: Secrets,
    calendar: Calendar,
    now: datetime,
) -> Message:
    """Do it, and log it. `name` is the mail's id in the ledger, or unit and slot (norrby.T-5).

    `words` say why, or are the note; releasing needs none. `upon` is the note that a new one was written upon (None:
    whatever stands there).

    Gives the named row as it is then. Raises NotFoundError, NotOpenYetError, MailSettledError, ToldElsewhereError,
    ReplacedReaderError, ToldTodayError, ReasonMissingError, TextRefusedError, TooLongError, NoteChangedError.
    """
    change = _change(deed, words, now)
    with db.begin() as work:
        # The round first: the planner waits until we are done, or has planned the mail already.
        round_ = work.rounds.get(round_id, lock=True)
        if round_.state is not RoundState.OPEN:
            raise NotOpenYetError(round=round_id)
        named = _Named(round=round_, name=name)
        standing = _in_ledger(work, named)
        row = standing or _to_come(work, named, secrets=secrets, calendar=calendar, now=now)
        if row is None:
            raise NotFoundError(what=name)
        mail = _mail_about(work, row, deed)
        if deed is Deed.NOTE and upon is not None:
            _refuse_to_overwrite(mail, words, upon)
        group = _moved(mail, change)
        if deed is not Deed.SKIP:
            group = _needed(work, mail, group, row)
        if deed is Deed.RELEASE:
            refuse_replaced(work, mail, now=now)
            _refuse_a_second(work, group[0][1], calendar, now)
        moved = [after for _, after in group]
        if not (all(work.outbox.change_all(group)) if standing else work.outbox.plan(moved) == 1):
            raise StaleWriteError
        for each in moved:
            log_message(work, _EVENTS[deed], each, now, by=by)
        return next(each for each in moved if each.id == row.id)


def _change(deed: Deed, words: str, now: datetime) -> Callable[[Message], Message]:
    """What becomes of the mail."""
    said = clean_written(words, where="reason").strip()
    if deed in {Deed.HOLD, Deed.SKIP} and not said:
        raise ReasonMissingError
    changes: Mapping[Deed, Callable[[Message], Message]] = {
        Deed.HOLD: lambda mail: mail.hold(said),
        Deed.SKIP: lambda mail: mail.skip(said),
        Deed.RELEASE: lambda mail: mail.let_go(now),
        Deed.NOTE: lambda mail: mail.noted(said),
    }
    return changes[deed]


def _mail_about(work: Work, row: Message, deed: Deed) -> Message:
    """The mail that told of the row, with all that it told of, or will yet.

    Where that has come to another end, the row can only be left as it is: it has no words of its own.
    """
    mail = whole_or_alone(work, row)
    if row.lead and (deed is Deed.NOTE or (mail is row and deed is not Deed.SKIP)):
        lead = work.outbox.get(row.lead)
        unit = work.submissions.get(lead.submission).unit_name
        raise ToldElsewhereError(unit=unit, mail=f"{lead.submission}.{lead.slot}")
    return mail


def _needed(work: Work, mail: Message, group: Sequence[Pair], row: Message) -> Sequence[Pair]:
    """What asks for an answer that has come in stays as it is, in case the answer is taken back.

    The others go without it if they are written anew; a letter that stands goes as a whole or not at all.
    """
    units = work.submissions.several({before.submission for before, _ in group})
    needed = [pair for pair in group if pair[0].kind not in OWED_ONLY or units[pair[0].submission].is_owed]
    is_torn = group[0][1].frozen is not None and len(needed) < len((mail, *mail.company))
    if is_torn or all(before.id != row.id for before, _ in needed):
        raise MailSettledError
    return needed


def _refuse_to_overwrite(message: Message, words: str, upon: str) -> None:
    theirs = message.detail.get(NOTE, "")
    if theirs not in {clean_written(upon, where="reason").strip(), clean_written(words, where="reason").strip()}:
        raise NoteChangedError(theirs=theirs)


def _refuse_a_second(work: Work, message: Message, calendar: Calendar, now: datetime) -> None:
    """What a person lets go is never dropped behind their back."""
    if not message.is_reminder or message.due_at > now:
        return
    leaves = leaves_at(work, message, calendar=calendar, now=now)
    if leaves != calendar.next_window(now):
        raise ToldTodayError(when=leaves)


def _moved(mail: Message, change: Callable[[Message], Message]) -> Sequence[Pair]:
    try:
        return [(before, after.marked_by_hand()) for before, after in as_one(mail, change(mail))]
    except ValueError as error:
        raise MailSettledError from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """What a name stands for in a round: a unit and a slot, or with no slot an id of the ledger."""

    round: Round
    name: str

    @property
    def submission(self) -> str:
        return submission_id(self.round.id, self._parts[0])

    @property
    def slot(self) -> str:
        return self._parts[2]

    @property
    def _parts(self) -> tuple[str, str, str]:
        return self.name.removeprefix(f"{self.round.id}.").partition(".")


def _in_ledger(work: Work, named: _Named) -> Message | None:
    """By unit and slot under the present last day, what can still be decided about first; or by its id."""
    submission = work.submissions.several({named.submission}).get(named.submission)
    if submission is not None and named.slot:
        rows = work.outbox.of_submission(submission.id)
        fitting = [each for each in rows if (each.slot, each.deadline_revision) == _key(named, submission)]
        return min(fitting, key=lambda each: each.state not in OPEN_TO_HANDS, default=None)
    try:
        message = work.outbox.get(named.name)
    except NotFoundError:
        return None
    return message if message.round == named.round.id else None


def _key(named: _Named, submission: Submission) -> tuple[str, int]:
    return named.slot, submission.deadline_revision


def _to_come(work: Work, named: _Named, *, secrets: Secrets, calendar: Calendar, now: datetime) -> Message | None:
    """The row that the planner would make when its time has come."""
    submission = work.submissions.several({named.submission}).get(named.submission)
    if submission is None or not named.slot:
        return None
    people, rows = work.recipients.of(submission.id), work.outbox.of_submission(submission.id)
    ladders = Timetable(named.round, calendar).ladders(Case(submission=submission, recipients=people, ledger=rows), now)
    found = next(((ladder, slot) for ladder in ladders for slot in ladder.slots if slot.key == named.slot), None)
    if found is None:
        return None
    ladder, slot = found
    links = work.recipients.links_of(submission.id)
    link = next((each.id for each in links if each.recipient == ladder.to.id and each.is_valid(now)), "")
    return Due(ladder=ladder, slot=slot).row(secrets.new_id(), link=link, now=now)
