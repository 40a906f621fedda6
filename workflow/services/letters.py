"""Turning a row of the ledger into the letter it is: every word read from how things stand at the first claim."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from workflow.domain import datewords
from workflow.domain.attachments import size_words
from workflow.domain.calendar import Calendar
from workflow.domain.codes import CODE_LIFE, LinkMode
from workflow.domain.forms import QuestionSet
from workflow.domain.letters import (
    Approved,
    CodeLetter,
    Colleague,
    Excused,
    Extension,
    ExtensionRefused,
    ExtensionWithdrawn,
    HandedOver,
    Handover,
    Invitation,
    LastDay,
    Letter,
    MailedForm,
    Moved,
    NewLink,
    Overdue,
    Receipt,
    ReceiptItem,
    Reminder,
    Returned,
    ReturnedItem,
)
from workflow.domain.messages import CROSSED, INSTEAD_OF, NOTE, Message, MessageKind
from workflow.domain.people import Office
from workflow.domain.rounds import Round, RoundState
from workflow.domain.submissions import Edition, Submission
from workflow.ports import LINK_SECRET
from workflow.services.told_day import PREVIOUS_DUE


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All a letter may speak of, as it stands at `now`. `edition` is what was handed in last, if anything."""

    message: Message
    round: Round
    submission: Submission
    edition: Edition | None
    office: Office
    calendar: Calendar
    now: datetime

    @property
    def questions(self) -> QuestionSet:
        return self.round.form.asked(self.submission.kind, self.submission.unit)

    def moment(self, instant: datetime) -> str:
        return datewords.due_moment(instant, self.message.language, self.calendar.zone)


def compose(at: Situation) -> Letter:
    """The letter for the message's kind."""
    return _COMPOSERS[at.message.kind](at, shared(at))


def link_url(office: Office, link: str, mode: LinkMode, *, marker: str = LINK_SECRET) -> str:
    """The personal link, with the marker where the secret will stand; a verified one has none."""
    if not link:
        return office.base_url
    return f"{office.base_url}/l/{link}" + (f".{marker}" if mode is LinkMode.DIRECT else "")


def shared(at: Situation) -> dict[str, Any]:
    """What every letter says."""
    language = at.message.language
    due, due_day = _due_words(at.calendar, at.submission.due_at, language)
    return {
        "language": language,
        "first_name": at.message.to_name.split(" ", maxsplit=1)[0],
        "unit": at.submission.unit_name,
        "round": at.round.title(language),
        "due": due,
        "due_day": due_day,
        "due_clock": due.rpartition(" ")[2],
        "link": link_url(at.office, at.message.link, at.round.links),
        "office": at.office.sender_name,
        "contact_name": at.office.contact_name,
        "contact_phone": at.office.contact_phone,
        "contact_email": at.office.contact_email,
        "note": at.message.detail.get(NOTE, ""),
        "instead_of": at.message.detail.get(INSTEAD_OF, ""),
    }


@lru_cache(maxsize=512)
def _due_words(calendar: Calendar, due_at: datetime, language: str) -> tuple[str, str]:
    """The same for nearly all units of a round."""
    return datewords.due_moment(due_at, language, calendar.zone), datewords.day(calendar.last_day(due_at), language)


@lru_cache(maxsize=512)
def _days_left(calendar: Calendar, today: date, last_day: date, language: str) -> str:
    return datewords.days_until(last_day, today, calendar, language)


def progress(at: Situation) -> dict[str, Any]:
    """How far the unit is."""
    submission, saved = at.submission, at.submission.saved_at
    return {
        "state": str(submission.state),
        "answered": submission.answered,
        "questions": submission.questions,
        "saved": datewords.day(at.calendar.local(saved).date(), at.message.language) if saved else "",
    }


def _nagging(at: Situation) -> dict[str, Any]:
    return progress(at) | {"announces": roles(at.message, "next")}


def _own_words(at: Situation, shared: dict[str, Any]) -> dict[str, Any]:
    """What the site's policy says instead of the mail's own words, with its names filled in."""
    step = at.round.policy.step(at.message.slot, at.submission.state)
    named = {name: shared[name] for name in ("unit", "round", "due", "due_day")}
    own = {"own_subject": step.subject, "opening": step.opening} if step else {}
    return {key: words.get(at.message.language, "").format(**named) for key, words in own.items() if words}


def roles(message: Message, key: str) -> tuple[str, ...]:
    """Roles that the planner has noted in the row."""
    return tuple(filter(None, message.detail.get(key, "").split(",")))


def _invitation(at: Situation, shared: dict[str, Any]) -> Letter:
    start, end = at.round.span
    covers = datewords.period(start, end, at.message.language)
    return Invitation(**shared, covers=covers, questions=at.submission.questions)


def _reminder(at: Situation, shared: dict[str, Any]) -> Letter:
    """One that has had to wait until the last day says that it is the last day."""
    today, last_day = at.calendar.local(at.now).date(), at.calendar.last_day(at.submission.due_at)
    if today == last_day:
        return LastDay(**shared, **_nagging(at))
    left = _days_left(at.calendar, today, last_day, at.message.language)
    return Reminder(**shared, **_nagging(at), **_own_words(at, shared), left=left)


def _last_day(at: Situation, shared: dict[str, Any]) -> Letter:
    return LastDay(**shared, **_nagging(at), **_own_words(at, shared))


def _overdue(at: Situation, shared: dict[str, Any]) -> Letter:
    language = at.message.language
    closes = at.calendar.last_day(at.round.closes_at)
    return Overdue(
        **shared,
        **_nagging(at),
        **_own_words(at, shared),
        late=datewords.late_words(at.calendar.days_late(at.submission.due_at, at.now), language),
        compiled_from=datewords.day(at.calendar.add_working_days(closes, 1), language),
        copies=roles(at.message, "copies"),
        is_last=at.message.detail.get("last") == "yes",
    )


def _returned(at: Situation, shared: dict[str, Any]) -> Letter:
    items = tuple(
        ReturnedItem(number=question.number, text=question.text, comment=at.submission.comments[question.key])
        for question in at.questions.questions
        if question.key in at.submission.comments
    )
    return Returned(**shared, reason=at.submission.reason, items=items)


def _receipt(at: Situation, shared: dict[str, Any]) -> Letter:
    language = at.message.language
    edition = at.edition
    if edition is None:
        raise ValueError(at.message.id)  # a receipt is only planned together with its edition
    items = tuple(
        ReceiptItem(
            number=question.number,
            text=question.text,
            paragraphs=() if answer.not_applicable else answer.paragraphs,
            not_applicable=answer.na_reason if answer.not_applicable else "",
        )
        for question in at.questions.questions
        if (answer := edition.answers.get(question.key))
    )
    return Receipt(
        **shared,
        received=datewords.moment(edition.received_at, language, at.calendar.zone),
        late=datewords.late_words(edition.late_days, language),
        edition=edition.number,
        diary_number=at.submission.diary_number,
        sha256=edition.sha256,
        items=items,
        files=tuple(f"{each.name} ({size_words(each.size, language)})" for each in edition.files),
        crossed=CROSSED in at.message.detail,
    )


def _approved(_: Situation, shared: dict[str, Any]) -> Letter:
    return Approved(**shared)


def _extension(at: Situation, shared: dict[str, Any]) -> Letter:
    reason = at.message.detail.get("reason", "")
    return Extension(**shared, previous_due=_previous_due(at), reason=reason, reminded=_is_reminded(at))


def _previous_due(at: Situation) -> str:
    """The day that they had been told of; "" where it is the one that stands: then they know of no other."""
    previous = datetime.fromisoformat(at.message.detail[PREVIOUS_DUE])
    return "" if previous == at.submission.due_at else at.moment(previous)


def _is_reminded(at: Situation) -> bool:
    """After the closing nothing goes by itself."""
    return at.round.state is RoundState.OPEN and at.submission.due_at <= at.round.closes_at


def _extension_refused(at: Situation, shared: dict[str, Any]) -> Letter:
    wished = datetime.fromisoformat(at.message.detail["wished"])
    reason = at.message.detail.get("reason", "")
    return ExtensionRefused(**shared, wished=at.moment(wished), reason=reason, overdue=at.submission.is_overdue(at.now))


def _extension_withdrawn(at: Situation, shared: dict[str, Any]) -> Letter:
    reason = at.message.detail.get("reason", "")
    return ExtensionWithdrawn(**shared, previous_due=_previous_due(at), reason=reason)


def _moved(at: Situation, shared: dict[str, Any]) -> Letter:
    previous = datetime.fromisoformat(at.message.detail[PREVIOUS_DUE])
    return Moved(**shared, previous_due=_previous_due(at), earlier=at.submission.due_at < previous)


def _excused(at: Situation, shared: dict[str, Any]) -> Letter:
    return Excused(**shared, reason=at.submission.reason)


def _handover(at: Situation, shared: dict[str, Any]) -> Letter:
    late = at.calendar.days_late(at.submission.due_at, at.now) if at.submission.is_overdue(at.now) else 0
    return Handover(
        **shared,
        **progress(at),
        before=at.message.detail.get("before", ""),
        late=datewords.late_words(late, at.message.language),
    )


def _handed_over(at: Situation, shared: dict[str, Any]) -> Letter:
    return HandedOver(**shared, after=at.message.detail["after"])


def _code(at: Situation, shared: dict[str, Any]) -> Letter:
    """In place of the code stands the marker: nobody reads it in the ledger or in a backup."""
    return CodeLetter(**shared, code=LINK_SECRET, until=at.moment(at.message.created_at + CODE_LIFE))


def _new_link(_: Situation, shared: dict[str, Any]) -> Letter:
    return NewLink(**shared)


def _mailed_form(_: Situation, shared: dict[str, Any]) -> Letter:
    return MailedForm(**shared)


def _colleague(at: Situation, shared: dict[str, Any]) -> Letter:
    return Colleague(**shared, **progress(at), who=at.message.detail["who"])


_COMPOSERS = {
    MessageKind.INVITATION: _invitation,
    MessageKind.REMINDER: _reminder,
    MessageKind.LAST_DAY: _last_day,
    MessageKind.OVERDUE: _overdue,
    MessageKind.RETURNED: _returned,
    MessageKind.RECEIPT: _receipt,
    MessageKind.APPROVED: _approved,
    MessageKind.EXTENSION: _extension,
    MessageKind.EXTENSION_REFUSED: _extension_refused,
    MessageKind.EXTENSION_WITHDRAWN: _extension_withdrawn,
    MessageKind.MOVED: _moved,
    MessageKind.EXCUSED: _excused,
    MessageKind.HANDOVER: _handover,
    MessageKind.HANDED_OVER: _handed_over,
    MessageKind.CODE: _code,
    MessageKind.NEW_LINK: _new_link,
    MessageKind.MAILED_FORM: _mailed_form,
    MessageKind.COLLEAGUE: _colleague,
}
