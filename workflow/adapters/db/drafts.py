"""The SQL for answers in the making: append-only, one version after the other per question."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, select

from workflow.adapters.db.statements import insert_if_new
from workflow.adapters.db.tables import answers
from workflow.domain.errors import AnswerClashError
from workflow.domain.forms import Answer

_VERSIONS = (
    select(answers.c.question, func.max(answers.c.version).label("version"))
    .where(answers.c.submission == bindparam("of"))
    .group_by(answers.c.question)
    .subquery()
)
_ALL = (
    select(answers)
    .join(_VERSIONS, and_(_VERSIONS.c.question == answers.c.question, _VERSIONS.c.version == answers.c.version))
    .where(answers.c.submission == bindparam("of"))
)
_NEWEST = (
    select(answers)
    .where(answers.c.submission == bindparam("of"), answers.c.question == bindparam("asked"))
    .order_by(answers.c.version.desc())
    .limit(1)
)


class SqlDrafts:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, submission_id: str) -> dict[str, Answer]:
        return {row.question: _answer(row) for row in self._connection.execute(_ALL, {"of": submission_id})}

    def save(self, submission_id: str, answer: Answer, *, by: str, at: datetime) -> Answer:
        theirs, who = self._newest(submission_id, answer.question)
        if answer == theirs:
            return theirs
        if answer.version == theirs.version and self._append(submission_id, answer, by=by, at=at):
            return replace(answer, version=answer.version + 1)
        theirs, who = self._newest(submission_id, answer.question)  # who was first may have come since
        if answer == theirs:
            return theirs
        raise AnswerClashError(question=answer.question, mine=answer, theirs=theirs, who=who)

    def _newest(self, submission_id: str, question: str) -> tuple[Answer, str]:
        """Find the stored answer and who saved it; nothing stored is the empty answer with version 0."""
        row = self._connection.execute(_NEWEST, {"of": submission_id, "asked": question}).one_or_none()
        return (Answer(question=question), "") if row is None else (_answer(row), row.saved_by)

    def _append(self, submission_id: str, answer: Answer, *, by: str, at: datetime) -> bool:
        statement = insert_if_new(self._connection, answers, "submission", "question", "version")
        row = {
            "submission": submission_id,
            "question": answer.question,
            "version": answer.version + 1,
            "text": answer.text,
            "not_applicable": answer.not_applicable,
            "na_reason": answer.na_reason,
            "saved_by": by,
            "saved_at": at,
        }
        return self._connection.execute(statement, row).one_or_none() is not None


def _answer(row: Row[Any]) -> Answer:
    return Answer(
        question=row.question,
        text=row.text,
        not_applicable=row.not_applicable,
        na_reason=row.na_reason,
        version=row.version,
    )
