"""The SQL for submissions and the editions that were handed in."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update

from workflow.adapters.db import codecs, tables
from workflow.adapters.db.attachments import content_of, freeze_files, frozen_files
from workflow.adapters.db.bulk import insert_all
from workflow.adapters.db.statements import Values, among, locked
from workflow.adapters.db.tables import edition_files, editions, submissions
from workflow.domain.attachments import AttachedFile
from workflow.domain.errors import NotFoundError, StaleWriteError
from workflow.domain.people import UnitKind, search_key, stored_sort_key
from workflow.domain.submissions import Edition, Standing, State, Submission

_ONE = select(submissions).where(submissions.c.id == bindparam("of"))
_SAVE = (
    update(submissions)
    .where(submissions.c.id == bindparam("of"), submissions.c.version == bindparam("shown"))
    .returning(submissions.c.version)
)
_SEVERAL = select(submissions)
_STANDINGS = select(submissions.c.id, submissions.c.state, submissions.c.deadline_revision, submissions.c.due_at)


class SqlSubmissions:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, submission_id: str, *, lock: bool = False) -> Submission:
        query = locked(self._connection, _ONE) if lock else _ONE
        row = self._connection.execute(query, {"of": submission_id}).one_or_none()
        if row is None:
            raise NotFoundError(what=submission_id)
        return submission_of(row)

    def several(self, ids: Collection[str], *, lock: bool = False) -> dict[str, Submission]:
        query = self._among(_SEVERAL, lock=lock)
        return {row.id: submission_of(row) for row in self._connection.execute(query, {"ids": sorted(ids)})}

    def standings(self, ids: Collection[str], *, lock: bool = False) -> dict[str, Standing]:
        query = self._among(_STANDINGS, lock=lock)
        rows = self._connection.execute(query, {"ids": sorted(ids)})
        return {id_: Standing(State(state), revision, due_at) for id_, state, revision, due_at in rows}

    def _among(self, query: Select[Any], *, lock: bool) -> Select[Any]:
        query = among(self._connection, query, submissions.c.id)
        return locked(self._connection, query) if lock else query

    def of_round(self, round_id: str) -> tuple[Submission, ...]:
        query = select(submissions).where(submissions.c.round == round_id).order_by(submissions.c.id)
        return tuple(submission_of(row) for row in self._connection.execute(query))

    def of_unit(self, unit: str) -> tuple[Submission, ...]:
        query = select(submissions).where(submissions.c.unit == unit).order_by(submissions.c.id)
        return tuple(submission_of(row) for row in self._connection.execute(query))

    def add(self, submissions: Iterable[Submission]) -> None:
        rows = [_values(submission) | {"has_contact": submission.has_contact} for submission in submissions]
        insert_all(self._connection, tables.submissions, rows)

    def save(self, submission: Submission) -> Submission:
        values = _values(submission) | {"version": submission.version + 1}
        shown = {"of": submission.id, "shown": submission.version}
        row = self._connection.execute(_SAVE, values | shown).one_or_none()
        if row is None:
            raise StaleWriteError
        return replace(submission, version=row.version)


def _values(submission: Submission) -> Values:
    return {
        "id": submission.id,
        "round": submission.round,
        "unit": submission.unit,
        "unit_name": submission.unit_name,
        "kind": str(submission.kind),
        "due_at": submission.due_at,
        "due_set_at": submission.due_set_at,
        "questions": submission.questions,
        "state": str(submission.state),
        "deadline_revision": submission.deadline_revision,
        "extended": submission.extended,
        "answered": submission.answered,
        "saved_at": submission.saved_at,
        "edition": submission.edition,
        "received_at": submission.received_at,
        "handed_in_at": submission.handed_in_at,
        "late_days": submission.late_days,
        "review_started": submission.review_started,
        "open_questions": list(submission.open_questions),
        "comments": dict(submission.comments),
        "reason": submission.reason,
        "decided_at": submission.decided_at,
        "decided_by": submission.decided_by,
        "diary_number": submission.diary_number,
        "version": submission.version,
        "sort_key": stored_sort_key(submission.unit_name),
        "search_key": search_key(submission.unit_name),
    }


def submission_of(row: Row[Any]) -> Submission:
    return Submission(
        id=row.id,
        round=row.round,
        unit=row.unit,
        unit_name=row.unit_name,
        kind=UnitKind(row.kind),
        due_at=row.due_at,
        due_set_at=row.due_set_at,
        questions=row.questions,
        state=State(row.state),
        deadline_revision=row.deadline_revision,
        extended=row.extended,
        answered=row.answered,
        saved_at=row.saved_at,
        edition=row.edition,
        received_at=row.received_at,
        handed_in_at=row.handed_in_at,
        late_days=row.late_days,
        review_started=row.review_started,
        open_questions=tuple(row.open_questions),
        comments=row.comments,
        reason=row.reason,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        diary_number=row.diary_number,
        has_contact=row.has_contact,
        version=row.version,
    )


# --- editions ----------------------------------------------------------------


class SqlEditions:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, edition: Edition) -> None:
        row = {
            "submission": edition.submission,
            "number": edition.number,
            "answers": codecs.plain_answers(edition.answers),
            "received_at": edition.received_at,
            "received_from": edition.received_from,
            "late_days": edition.late_days,
        }
        self._connection.execute(insert(editions), row)
        freeze_files(self._connection, edition)

    def of(self, submission_id: str) -> tuple[Edition, ...]:
        query = select(editions).where(editions.c.submission == submission_id).order_by(editions.c.number)
        files = frozen_files(self._connection, edition_files.c.submission == submission_id)
        rows = self._connection.execute(query)
        return tuple(_edition(row, files.get((submission_id, row.number), ())) for row in rows)

    def content(self, submission_id: str, number: int, file: AttachedFile) -> bytes:
        if file not in frozen_files(self._connection, edition_files.c.submission == submission_id).get(
            (submission_id, number), ()
        ):
            raise NotFoundError(what=file.name)
        return content_of(self._connection, submission_id, file)

    def latest(self, round_id: str) -> dict[str, Edition]:
        newer = editions.alias("newer")
        overtaken = (
            select(newer.c.number)
            .where(newer.c.submission == editions.c.submission, newer.c.number > editions.c.number)
            .exists()
        )
        query = select(editions).join(submissions).where(submissions.c.round == round_id, ~overtaken)
        rows = self._connection.execute(query)
        of_round = select(submissions.c.id).where(submissions.c.round == round_id)
        files = frozen_files(self._connection, edition_files.c.submission.in_(of_round))
        return {row.submission: _edition(row, files.get((row.submission, row.number), ())) for row in rows}


def _edition(row: Row[Any], files: Sequence[AttachedFile]) -> Edition:
    return Edition(
        submission=row.submission,
        number=row.number,
        answers=codecs.answers_of(row.answers),
        received_at=row.received_at,
        received_from=row.received_from,
        late_days=row.late_days,
        files=tuple(files),
    )
