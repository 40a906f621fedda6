"""The filled-in form that comes by mail: found among the files, kept as the unit's draft, answered with one mail."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from workflow.domain.arrivals import FORM_ENDINGS, Arrival
from workflow.domain.errors import FileRefusedError
from workflow.domain.forms import QuestionSet
from workflow.domain.incoming import EnclosedFile, IncomingKind, IncomingMail
from workflow.domain.messages import MessageKind
from workflow.domain.people import ANSWERING
from workflow.domain.rounds import ANSWERABLE
from workflow.domain.submissions import Recipient, Submission, submission_id
from workflow.ports import Documents, ReadForm, Secrets, Work
from workflow.services.intended import make_message
from workflow.services.matching import About, people_at

MOST_FILES: Final = 5  # that are opened
MOST_UNITS: Final = 20  # that one person answers for in rounds that take answers
MOST_ANSWERS: Final = 3  # mails to one person within a day, whatever they send: two machines never write for ever
_A_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A unit that the writer answers for, and what it is asked."""

    submission: Submission
    writer: Recipient
    questions: QuestionSet


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundForm:
    """Which file (counted from 1) is a form, and whose."""

    number: int
    submission: str
    writer: Recipient


def candidates(work: Work, mail: IncomingMail, found: About, *, now: datetime) -> tuple[Candidate, ...]:
    """The units that this mail may bring a form for, that of the mail it answers first. None for a machine's mail."""
    if mail.reports or mail.automatic or not any(map(_may_be_form, mail.files)):
        return ()
    theirs = people_at(work.recipients.at(mail.sender), mail.sender)
    able = [each for each in theirs if each.role in ANSWERING and each.is_right(now)]
    ordered = sorted(able, key=lambda each: (each.submission != found.submission, each.submission))
    return tuple(islice(_askable(work, ordered), MOST_UNITS))


def _askable(work: Work, people: Iterable[Recipient]) -> Iterator[Candidate]:
    seen: set[str] = set()
    for each in people:
        if each.submission in seen:
            continue
        seen.add(each.submission)
        submission = work.submissions.get(each.submission)
        round_ = work.rounds.get(submission.round)
        if round_.state in ANSWERABLE:
            asked = round_.form.asked(submission.kind, submission.unit)
            yield Candidate(submission=submission, writer=each, questions=asked)


def find_forms(
    documents: Documents, mail: IncomingMail, able: Sequence[Candidate], found: About
) -> tuple[FoundForm, ...]:
    """The first file for each unit that is a form of ours. It says itself whose; else it belongs to the mail answered.

    Outside every transaction: opening a file takes its time.
    """
    files = [(number, file) for number, file in enumerate(mail.files, start=1) if _may_be_form(file)]
    forms: dict[str, FoundForm] = {}
    for number, file in files[:MOST_FILES]:
        whose = _whose(documents, file, able, found)
        if whose is not None:
            form = FoundForm(number=number, submission=whose.submission.id, writer=whose.writer)
            forms.setdefault(form.submission, form)
    return tuple(forms.values())


def _whose(documents: Documents, file: EnclosedFile, able: Sequence[Candidate], found: About) -> Candidate | None:
    answered = next((each for each in able if each.submission.id == found.submission), None)
    for candidate in able:
        read = _read(documents, file, candidate.questions)
        if read is None:
            continue
        named = submission_id(read.round, read.unit)
        return next((each for each in able if each.submission.id == named), answered)
    return None


def _read(documents: Documents, file: EnclosedFile, questions: QuestionSet) -> ReadForm | None:
    try:
        return documents.read_word(file.content, name=file.name, questions=questions)
    except FileRefusedError:
        return None


def _may_be_form(file: EnclosedFile) -> bool:
    return file.name.casefold().endswith(FORM_ENDINGS)


def answer_form(work: Work, arrival: Arrival, writer: Recipient, *, secrets: Secrets, now: datetime) -> bool:
    """Tell the writer to look at how we read it: never twice of the same file, nor more than a few times a day.

    Not where nothing can be handed in, and not without a personal link.
    """
    submission = work.submissions.get(arrival.submission)
    links = work.recipients.links_of(submission.id)
    link = next((each.id for each in links if each.recipient == writer.id and each.is_valid(now)), "")
    if not link or not submission.is_owed or _told_enough(work, arrival, writer, now):
        return False
    message = make_message(
        submission,
        writer,
        link=link,
        kind=MessageKind.MAILED_FORM,
        slot=f"form-{arrival.id}",
        secrets=secrets,
        due_at=now,
        now=now,
    )
    return work.outbox.plan([message]) == 1


def _told_enough(work: Work, arrival: Arrival, writer: Recipient, now: datetime) -> bool:
    form = arrival.form
    before = work.incoming.list(submission=arrival.submission, kinds={IncomingKind.FORM})
    same = (each for each in before if each.id != arrival.id and each.form and form)
    if any(each.form.sha256 == form.sha256 for each in same if each.form and form):
        return True
    mails = (each for each in work.outbox.of_submission(arrival.submission) if each.kind is MessageKind.MAILED_FORM)
    recent = [each for each in mails if each.recipient == writer.id and now - each.created_at < _A_DAY]
    return len(recent) >= MOST_ANSWERS
