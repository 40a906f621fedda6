"""The files beside a draft: kept once, taken away whole, and for ever once they have been handed in."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.builders import NOW, a_file, a_submission, an_attachment, an_edition
from workflow.adapters.db import migrate
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.db.engine import make_engine
from workflow.adapters.db.losses import LosingDowngradeError
from workflow.domain.errors import NotFoundError
from workflow.ports import Database

UNIT = an_attachment().submission
PDF, OTHER = b"%PDF", b"\x00\xff\r\n'"
SECOND = an_attachment(
    id="a-0", file=a_file(content=OTHER, name="b.png", kind="png"), added_at=NOW + timedelta(seconds=1)
)


def test_they_come_back_as_they_were_in_the_order_they_came(stocked: Database) -> None:
    with stocked.begin() as work:
        work.attachments.add(an_attachment(), PDF)
        work.attachments.add(SECOND, OTHER)
    with stocked.read() as work:
        assert work.attachments.of(UNIT) == (an_attachment(), SECOND)
        assert work.attachments.content(SECOND) == OTHER
        assert work.attachments.of("2027-T1.osby") == ()


def test_what_is_taken_away_is_gone(stocked: Database) -> None:
    with stocked.begin() as work:
        work.attachments.add(an_attachment(), PDF)
    with stocked.begin() as work:
        work.attachments.remove(an_attachment())
    with stocked.read() as work:
        assert work.attachments.of(UNIT) == ()
        with pytest.raises(NotFoundError):
            work.attachments.content(an_attachment())


def test_but_not_while_another_name_has_it(stocked: Database) -> None:
    twin = an_attachment(id="a-2", file=a_file(name="kopia.pdf"))
    with stocked.begin() as work:
        work.attachments.add(an_attachment(), PDF)
        work.attachments.add(twin, PDF)
        work.attachments.remove(an_attachment())
    with stocked.read() as work:
        assert work.attachments.of(UNIT) == (twin,)
        assert work.attachments.content(twin) == PDF


def test_nor_once_it_has_been_handed_in(stocked: Database) -> None:
    with stocked.begin() as work:
        work.attachments.add(an_attachment(), PDF)
        work.editions.add(an_edition(files=(a_file(),)))
        work.attachments.remove(an_attachment())
    with stocked.read() as work:
        (edition,) = work.editions.of(UNIT)
        assert edition == an_edition(files=(a_file(),))
        assert work.editions.latest("2027-T1") == {UNIT: edition}
        assert work.editions.content(UNIT, 1, a_file()) == PDF


def test_a_draft_file_is_not_reached_through_an_edition(stocked: Database) -> None:
    with stocked.begin() as work:
        work.attachments.add(an_attachment(), PDF)
        work.attachments.add(SECOND, OTHER)
        work.editions.add(an_edition(files=(a_file(),)))
    with stocked.read() as work:
        for number, file in ((1, SECOND.file), (2, a_file()), (1, a_file(name="annat.pdf"))):
            with pytest.raises(NotFoundError):
                work.editions.content(UNIT, number, file)


def test_units_do_not_share_what_is_the_same(stocked: Database) -> None:
    theirs = an_attachment(id="a-9", submission="2027-T1.osby")
    with stocked.begin() as work:
        work.submissions.add([a_submission(id="2027-T1.osby", unit="osby")])
        work.attachments.add(an_attachment(), PDF)
        work.attachments.add(theirs, PDF)
        work.attachments.remove(an_attachment())
    with stocked.read() as work:
        assert work.attachments.content(theirs) == PDF


def test_the_database_refuses_to_lose_the_content_of_an_edition(sql_stocked: SqlDatabase, sql_url: str) -> None:
    with sql_stocked.begin() as work:
        work.attachments.add(an_attachment(), PDF)
        work.editions.add(an_edition(files=(a_file(),)))
        work.attachments.remove(an_attachment())
    engine = make_engine(sql_url)
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text("DELETE FROM contents"))
    engine.dispose()


def test_going_back_says_that_attachments_would_be_lost(sql_stocked: SqlDatabase, sql_url: str) -> None:
    with sql_stocked.begin() as work:
        work.attachments.add(an_attachment(), PDF)
    with pytest.raises(LosingDowngradeError, match="1 attachments beside drafts"):
        migrate.downgrade(sql_url, "0015")
    migrate.downgrade(sql_url, "0015", losing=True)
    migrate.upgrade(sql_url)
    assert migrate.is_current(sql_url)
