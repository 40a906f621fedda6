"""A database that holds one open round with one unit, its contact person and link."""

import pytest

from tests.builders import a_link, a_recipient, a_round, a_submission
from workflow.adapters.db.database import SqlDatabase
from workflow.ports import Database


def stock(database: Database) -> None:
    with database.begin() as work:
        work.rounds.add(a_round())
        work.submissions.add([a_submission()])
        work.recipients.add([a_recipient()], [a_link()])


@pytest.fixture
def stocked(database: Database) -> Database:
    stock(database)
    return database


@pytest.fixture
def sql_stocked(sql_database: SqlDatabase) -> SqlDatabase:
    stock(sql_database)
    return sql_database
