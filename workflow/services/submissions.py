"""Answering and reviewing: save, submit, take back, approve, return, reopen, excuse; one transaction each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from workflow.domain.attachments import AttachedFile, Attachment
from workflow.domain.audit import Event
from workflow.domain.calendar import Calendar
from workflow.domain.errors import (
    AnswerClashError,
    DraftChangedError,
    LockedQuestionError,
    RefusedError,
    StaleWriteError,
)
from workflow.domain.extensions import open_among
from workflow.domain.forms import Answer, QuestionSet, clean_answer, clean_text
from workflow.domain.messages import CROSSED, MessageKind, MessageState
from workflow.domain.rounds import ANSWERABLE, Round
from workflow.domain.submissions import Edition, Move, Submission, answers_sha256
from workflow.ports import Database, Secrets, Work
from workflow.services.lastdays import Act, shown
from workflow.services.mailing import announce, withdraw_untrue


class RoundNotAnswerableError(RefusedError):
    sentence = "Omgången {round} tar inte emot svar."


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What saving gave: the submission, the answers as stored, and the clashes with both texts (nothing is lost)."""

    submission: Submission
    questions: QuestionSet
    answers: Mapping[str, Answer]
    clashes: tuple[AnswerClashError, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Everything the unit itself sees of its submission."""

    round: Round
    submission: Submission
    questions: QuestionSet
    answers: Mapping[str, Answer]
    attachments: tuple[Attachment, ...] = ()

    @property
    def files(self) -> tuple[AttachedFile, ...]:
        """The attachments as they would be handed in."""
        return tuple(each.file for each in self.attachments)

    @property
    def seal(self) -> str:
        """Names the draft as it stands, so that nobody hands in what they have not read."""
        return answers_sha256(self.answers, self.files)


def sheet(db: Database, submission_id: str) -> Sheet:
    """The unit's own view, drafts included. Only for doors that have proved to be the unit."""
    with db.read() as work:
        submission = work.submissions.get(submission_id)
        round_ = work.rounds.get(submission.round)
        return Sheet(
            round=round_,
            submission=submission,
            questions=round_.form.asked(submission.kind, submission.unit),
            answers=work.drafts.of(submission_id),
            attachments=work.attachments.of(submission_id),
        )


def save_answers(
    db: Database,
    submission_id: str,
    answers: Sequence[Answer],
    *,
    by: str,
    now: datetime,
) -> Saved:
    """Append what was typed, question by question, each upon the version it was written on.

    A question somebody else changed in between is left as they wrote it and comes back in `clashes`; all others are
    saved. Raises TextRefusedError, LockedQuestionError, MoveRefusedError: then nothing is saved.
    """
    with db.begin() as work:
        submission, round_ = answerable(work, submission_id)
        questions = round_.form.asked(submission.kind, submission.unit)
        cleaned = [clean_answer(answer, known=questions.keys) for answer in answers]
        stored, clashes = _append(work, submission, cleaned, by=by, now=now)
        if not stored:
            return Saved(submission=submission, questions=questions, answers={}, clashes=clashes)  # nothing began
        written = note_written(work, submission, questions, stored, by=by, now=now)
        return Saved(submission=written, questions=questions, answers=stored, clashes=clashes)


def submit(
    db: Database,
    submission_id: str,
    *,
    by: str,
    secrets: Secrets,
    calendar: Calendar,
    now: datetime,
    seal: str = "",
) -> Submission:
    """The legal moment: edition, receipt and log in one transaction; planned reminders fall.

    `seal` (Sheet.seal of what was read through) makes sure that nothing else is handed in: DraftChangedError.
    Raises IncompleteError with what is missing; MoveRefusedError when it has been handed in already.
    """
    with db.begin() as work:
        submission, round_ = answerable(work, submission_id)
        questions = round_.form.asked(submission.kind, submission.unit)
        answers = work.drafts.of(submission_id)
        files = tuple(each.file for each in work.attachments.of(submission_id))
        if seal and submission.is_owed and seal != answers_sha256(answers, files):
            raise DraftChangedError
        submitted = submission.submit(questions, answers, at=now, calendar=calendar)
        submitted = work.submissions.save(submitted)
        edition = Edition(
            submission=submission_id,
            number=submitted.edition,
            answers={key: answers[key] for key in questions.keys if key in answers},
            received_at=now,
            received_from=by,
            late_days=calendar.days_late(submission.due_at, now),
            files=files,
        )
        work.editions.add(edition)
        withdraw_untrue(work, submitted, round_state=round_.state, now=now)
        _lapse_request(work, submitted, by, secrets, now)
        crossed = {CROSSED: "yes"} if _is_being_reminded(work, submission_id) else {}
        announce(work, submitted, MessageKind.RECEIPT, slot=edition.slot, secrets=secrets, now=now, detail=crossed)
        data: dict[str, str | int] = {"edition": edition.number, "sha256": edition.sha256}
        data |= {"files": len(files)} if files else {}
        work.log.append(_event("submission.submitted", submitted, by, now, **data))
        return submitted


def _is_being_reminded(work: Work, submission_id: str) -> bool:
    """Whether a reminder is beyond recall: one that is only being prepared will be stopped by its marker."""
    mails = work.outbox.of_submission(submission_id)
    return any(each.is_reminder and each.state is MessageState.HANDING for each in mails)


def take_back(db: Database, submission_id: str, *, by: str, secrets: Secrets, now: datetime) -> Submission:
    """The contact takes the submission back; the edition that came in stays on record.

    Where the round's last day has been moved since, what is owed again follows it, and its people are told.
    """
    with db.begin() as work:
        submission, round_ = answerable(work, submission_id)
        back = submission.take_back(at=now)
        act = Act(work=work, by=by, now=now, secrets=secrets)
        rejoined = back.rejoin(round_.due_at[submission.kind], at=now)
        back = act.set_day(back, rejoined, MessageKind.MOVED, round_=round_, reason="")
        work.log.append(_event("submission.taken_back", back, by, now))
        return back


def start_review(db: Database, submission_id: str, *, by: str, now: datetime) -> Submission:
    """A coordinator begins to review: from now on the contact cannot take it back. Again changes nothing."""
    with db.begin() as work:
        submission = work.submissions.get(submission_id, lock=True)
        if submission.review_started:
            return submission
        started = work.submissions.save(submission.start_review())
        work.log.append(_event("submission.review_started", started, by, now))
        return started


def approve(
    db: Database,
    submission_id: str,
    *,
    version: int | None,
    by: str,
    secrets: Secrets,
    now: datetime,
) -> Submission:
    """Approve what was shown: raises StaleWriteError when `version` is no longer the stored one."""
    with db.begin() as work:
        submission = _shown(work, submission_id, version)
        approved = work.submissions.save(submission.approve(by=by, at=now))
        announce(work, approved, MessageKind.APPROVED, slot=f"edition-{approved.edition}", secrets=secrets, now=now)
        work.log.append(_event("submission.approved", approved, by, now, edition=approved.edition))
        return approved


def give_back(
    db: Database,
    submission_id: str,
    *,
    version: int | None,
    reason: str,
    comments: Mapping[str, str],
    due_at: datetime,
    by: str,
    secrets: Secrets,
    now: datetime,
    move: Move = Move.RETURN,
) -> Submission:
    """Return for a supplement, or with Move.REOPEN reopen what was approved.

    `comments` maps question to what is asked; only those questions open again (none: all).
    """
    with db.begin() as work:
        submission = _shown(work, submission_id, version)
        returned = submission.give_back(
            move,
            reason=clean_text(reason, where="reason"),
            comments={question: clean_text(comment, where=question) for question, comment in comments.items()},
            due_at=due_at,
            by=by,
            at=now,
        )
        returned = work.submissions.save(returned)
        announce(
            work,
            returned,
            MessageKind.RETURNED,
            slot=f"return-{returned.deadline_revision}",
            secrets=secrets,
            now=now,
        )
        kind = "submission.reopened" if move is Move.REOPEN else "submission.returned"
        work.log.append(_event(kind, returned, by, now, edition=returned.edition, questions=len(comments)))
        return returned


def excuse(
    db: Database,
    submission_id: str,
    *,
    reason: str,
    by: str,
    secrets: Secrets,
    now: datetime,
    footing: str | None = None,
) -> Submission:
    """The unit is exempt this round; its reminders fall and it is told.

    Raises StaleWriteError when `footing` (Submission.footing) is not as it was shown: a saved draft is no news.
    """
    with db.begin() as work:
        submission = shown(work, submission_id, footing)
        round_ = work.rounds.get(submission.round)
        excused = work.submissions.save(submission.excuse(reason=clean_text(reason, where="reason"), by=by, at=now))
        withdraw_untrue(work, excused, round_state=round_.state, now=now)
        _lapse_request(work, excused, by, secrets, now)
        announce(work, excused, MessageKind.EXCUSED, slot="excused", secrets=secrets, now=now)
        work.log.append(_event("submission.excused", excused, by, now))
        return excused


def set_diary_number(
    db: Database, submission_id: str, number: str, *, by: str, now: datetime, version: int | None = None
) -> Submission:
    """The registrar's own number, free text. `version` as in `approve`."""
    with db.begin() as work:
        submission = _shown(work, submission_id, version)
        numbered = work.submissions.save(
            replace(submission, diary_number=clean_text(number.strip(), where="diary_number"))
        )
        work.log.append(_event("submission.diary_number", numbered, by, now))
        return numbered


def _lapse_request(work: Work, submission: Submission, by: str, secrets: Secrets, now: datetime) -> None:
    """Whoever has handed in or been excused waits for no answer about more time."""
    act = Act(work=work, by=by, now=now, secrets=secrets)
    act.lapse(submission, open_among(work.extensions.of(submission.id)))


def answerable(work: Work, submission_id: str) -> tuple[Submission, Round]:
    """The submission, locked, and its round. Raises RoundNotAnswerableError, NotFoundError."""
    submission = work.submissions.get(submission_id, lock=True)
    round_ = work.rounds.get(submission.round)
    if round_.state not in ANSWERABLE:
        raise RoundNotAnswerableError(round=round_.id)
    return submission, round_


def note_written(
    work: Work, submission: Submission, questions: QuestionSet, answers: Mapping[str, Answer], *, by: str, now: datetime
) -> Submission:
    """The draft has been written in: how far it is now, and in the log that it was begun. Raises MoveRefusedError."""
    written = work.submissions.save(submission.write(questions, answers, at=now))
    if submission.state != written.state:
        work.log.append(_event("submission.started", written, by, now))
    return written


def _append(
    work: Work, submission: Submission, answers: Sequence[Answer], *, by: str, now: datetime
) -> tuple[dict[str, Answer], tuple[AnswerClashError, ...]]:
    """Give all that is stored afterwards (the submission's lock keeps others from it), and the clashes."""
    clashes = []
    stored = dict(work.drafts.of(submission.id))
    for answer in answers:
        known = stored.get(answer.question)
        if known == answer or (known is None and answer.is_empty):
            continue
        if not submission.accepts_answer(answer.question):
            raise LockedQuestionError(question=answer.question)
        try:
            stored[answer.question] = work.drafts.save(submission.id, answer, by=by, at=now)
        except AnswerClashError as clash:
            clashes.append(clash)
    return stored, tuple(clashes)


def _shown(work: Work, submission_id: str, version: int | None) -> Submission:
    submission = work.submissions.get(submission_id, lock=True)
    if version is not None and submission.version != version:
        raise StaleWriteError(
            submission=submission_id, state=submission.state, by=submission.decided_by, at=submission.decided_at
        )
    return submission


def _event(kind: str, submission: Submission, by: str, now: datetime, **data: str | int) -> Event:
    return Event(kind=kind, actor=by, at=now, round=submission.round, submission=submission.id, data=data)
