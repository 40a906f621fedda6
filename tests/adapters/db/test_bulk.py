"""Rows written by the thousand say what was to be written, and are refused as single ones are."""

from datetime import date

import pytest
from sqlalchemy.exc import IntegrityError

from tests.builders import a_contact, a_recipient, a_round, a_submission, a_unit
from workflow.adapters.db.database import SqlDatabase

AWKWARD = (
    '"',
    "\\",
    '\\"',
    "{",
    "},{",
    ",",
    "NULL",
    "null",
    "",
    " blank ",
    "å\nä\tö",
    "a'b",
    "%s",
    "\u2028",
    "🙂",
    "\\N",
)


@pytest.mark.parametrize("text", AWKWARD)
def test_text_comes_back_as_it_was_written(sql_database: SqlDatabase, text: str) -> None:
    contact = a_contact(unit="norrby", name=text, phone=text, valid_from=date(2027, 1, 1))
    with sql_database.begin() as work:
        work.people.replace([a_unit(id="norrby", name=text, short=text, reports=False)], [contact])

    with sql_database.read() as work:
        (unit,) = work.people.units()
        assert (unit.name, unit.short, unit.reports, unit.valid_from) == (text, text, False, None)
        assert work.people.contacts() == (contact,)


@pytest.mark.parametrize("text", AWKWARD)
def test_lists_and_mappings_come_back_as_they_were_written(sql_database: SqlDatabase, text: str) -> None:
    submission = a_submission(comments={text: text}, open_questions=(text, "mark"))
    with sql_database.begin() as work:
        work.rounds.add(a_round())
        work.submissions.add([submission])

    with sql_database.read() as work:
        assert work.submissions.get(submission.id) == submission


def test_a_row_that_is_there_refuses_them_all(sql_database: SqlDatabase) -> None:
    with sql_database.begin() as work:
        work.rounds.add(a_round())
        work.submissions.add([a_submission()])
        work.recipients.add([a_recipient(id="r-1")], [])

    with pytest.raises(IntegrityError), sql_database.begin() as work:
        work.recipients.add([a_recipient(id="r-0"), a_recipient(id="r-1")], [])

    with sql_database.read() as work:
        assert [each.id for each in work.recipients.of_round(a_round().id)] == ["r-1"]
