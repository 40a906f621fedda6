"""The log is anchored outside the database; whatever is done to it in there is found, and its place is named."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Executable, delete, insert, text, update

from tests.builders import CLOSES_AT, NOW, an_event
from tests.fakes.anchors import FakeAnchors
from tests.fakes.files import FakeFiles, files_of
from tests.services.conftest import ROUND, House
from workflow.adapters.anchors import FileAnchors
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.db.engine import make_engine
from workflow.adapters.db.log import _values
from workflow.adapters.db.tables import APPEND_ONLY, audit_head, events
from workflow.domain.audit import GENESIS, Anchor, Chained, Head, chain, first_unfit
from workflow.ports import Anchors, Database
from workflow.services import bundles, rounds
from workflow.services.audit import anchor_head, anchor_restored, verify

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def append(database: Database, count: int = 1, kind: str = "submission.saved") -> None:
    with database.begin() as work:
        for number in range(count):
            work.log.append(an_event(kind=kind, data={"number": number}))


def log_of(database: Database) -> tuple[Chained, ...]:
    with database.read() as work:
        return work.log.all()


# --- keeping -------------------------------------------------------------------------------------------------------


def test_an_empty_log_is_not_anchored(database: Database) -> None:
    assert anchor_head(database, FakeAnchors(), now=NOW) is None
    assert verify(database, FakeAnchors().read()).holds


def test_the_head_is_kept_at_most_once_an_hour_and_only_when_it_has_moved(database: Database) -> None:
    anchors = FakeAnchors()
    append(database, 3)
    assert anchor_head(database, anchors, now=NOW) == Anchor(Head(3, log_of(database)[2].hash), NOW)
    append(database)
    assert anchor_head(database, anchors, now=NOW + 59 * MINUTE) is None
    assert anchor_head(database, anchors, now=NOW + HOUR) is not None
    assert anchor_head(database, anchors, now=NOW + 3 * HOUR) is None
    assert [each.head.number for each in anchors.kept] == [3, 4]


@pytest.mark.parametrize("kind", ["round.closed", "round.bundled"])
def test_a_closing_and_a_bundle_do_not_wait_for_the_hour(database: Database, kind: str) -> None:
    anchors = FakeAnchors()
    append(database)
    anchor_head(database, anchors, now=NOW)
    append(database, kind=kind)
    append(database)
    assert anchor_head(database, anchors, now=NOW + MINUTE) is not None
    append(database)
    assert anchor_head(database, anchors, now=NOW + 2 * MINUTE) is None
    assert [each.head.number for each in anchors.kept] == [1, 3]


def test_a_clock_that_was_set_back_does_not_stop_the_anchoring(database: Database) -> None:
    anchors = FakeAnchors()
    append(database)
    anchor_head(database, anchors, now=NOW)
    append(database)
    assert anchor_head(database, anchors, now=NOW - 5 * HOUR) is not None


def test_an_edition_has_the_head_of_its_log_beside_it_and_not_in_its_files(opened: House) -> None:
    files = FakeFiles()
    rounds.close_round(opened.db, ROUND, now=CLOSES_AT)
    closed = log_of(opened.db)[-1]
    gathered = bundles.bundle_round(opened.db, opened.documents, files, ROUND, now=CLOSES_AT)
    beside = files.kept[f"{ROUND}/{ROUND}-utgava-1.anchor.jsonl"]
    assert beside == Anchor(Head(closed.number, closed.hash), CLOSES_AT).line()
    assert all(beside.strip() not in data for data in files_of(gathered).values())
    assert verify(opened.db, FakeAnchors([Anchor(Head(closed.number, closed.hash), CLOSES_AT)]).read()).holds


# --- the file ------------------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> FileAnchors:
    return FileAnchors(tmp_path / "data" / "anchors.jsonl")


ONE, TWO = Anchor(Head(1, "1a" * 32), NOW), Anchor(Head(2, "2b" * 32), NOW + HOUR, restored=True)


@pytest.mark.parametrize("made", [FakeAnchors, FileAnchors])
def test_what_is_kept_is_read_again_in_order(made: Callable[..., Anchors], tmp_path: Path) -> None:
    anchors = made() if made is FakeAnchors else made(tmp_path / "new" / "anchors.jsonl")
    assert (anchors.last(), anchors.read().anchors) == (None, ())
    anchors.keep(ONE)
    anchors.keep(TWO)
    assert (anchors.last(), anchors.read().anchors) == (TWO, (ONE, TWO))


def test_the_file_is_only_ever_appended_to_and_private(file: FileAnchors) -> None:
    file.keep(ONE)
    before = file.path.read_bytes()
    file.keep(TWO)
    assert file.path.read_bytes().startswith(before)
    assert file.path.stat().st_mode & 0o777 == 0o600


def test_a_line_that_a_power_cut_tore_is_told_of_and_spoils_no_other(file: FileAnchors) -> None:
    file.keep(ONE)
    with file.path.open("ab") as torn:
        torn.write(TWO.line()[:40])
    assert file.last() is None
    file.keep(TWO)
    file.path.write_bytes(file.path.read_bytes() + b'["no", "anchor"]\n{"number": 1, "hash": "", "at": "2027-05-10"}\n')
    assert file.read().anchors == (ONE, TWO)
    assert file.read().unreadable == (2, 4, 5)


def test_the_last_line_of_a_long_file_is_found_without_reading_it_all(file: FileAnchors) -> None:
    for number in range(1, 60):
        file.keep(replace(ONE, head=Head(number, "1a" * 32)))
    last = file.last()
    assert last is not None
    assert last.head.number == 59


# --- tampering: whoever owns the database can drop its triggers ------------------------------------------------------


@dataclass
class Vault:
    """Ten events on a real database, anchored after the fourth and the eighth."""

    url: str
    db: SqlDatabase
    anchors: FakeAnchors = field(default_factory=FakeAnchors)

    def run(self, *statements: Executable) -> None:
        engine = make_engine(self.url)
        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                for (name,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                    connection.execute(text(f"DROP TRIGGER {name}"))
            else:
                for table in APPEND_ONLY:
                    connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            for statement in statements:
                connection.execute(statement)
        engine.dispose()

    def cut(self, last: int) -> None:
        """Shorten the log, and set the head back so that the chain is whole."""
        head = GENESIS if last == 0 else log_of(self.db)[last - 1].hash
        self.run(delete(events).where(events.c.number > last), update(audit_head).values(number=last, hash=head))

    def rewrite(self, place: int) -> None:
        """Write the event and all after it anew, with a chain that holds."""
        log, links = log_of(self.db), list[Chained]()
        for link in log:
            event = replace(link.event, actor="nobody") if link.number == place else link.event
            links.append(chain(event, number=link.number, previous=links[-1].hash if links else GENESIS))
        rows = [_values(link) for link in links]
        self.run(delete(events), insert(events).values(rows), update(audit_head).values(hash=links[-1].hash))

    def found(self) -> tuple[int | None, int | None]:
        """The first broken event, and the number of the first anchor that does not fit."""
        verdict = verify(self.db, self.anchors.read())
        return verdict.broken_at, verdict.unfit.head.number if verdict.unfit else None


@pytest.fixture
def vault(sql_url: str, sql_database: SqlDatabase) -> Vault:
    made = Vault(sql_url, sql_database)
    for hour in (0, 1):
        append(sql_database, 4)
        anchor_head(sql_database, made.anchors, now=NOW + hour * HOUR)
    append(sql_database, 2)
    return made


def test_an_untouched_log_holds(vault: Vault) -> None:
    verdict = verify(vault.db, vault.anchors.read())
    assert verdict.holds
    assert verdict.head == Head(10, log_of(vault.db)[9].hash)


def test_an_edited_event_is_named(vault: Vault) -> None:
    vault.run(update(events).where(events.c.number == 6).values(actor="nobody"))
    assert vault.found() == (6, None)


def test_a_deleted_event_is_named(vault: Vault) -> None:
    vault.run(delete(events).where(events.c.number == 3))
    assert vault.found() == (3, None)


def test_a_tail_cut_off_by_somebody_who_forgot_the_head_is_named(vault: Vault) -> None:
    vault.run(delete(events).where(events.c.number == 10))
    assert vault.found() == (10, None)


@pytest.mark.parametrize(("last", "unfit"), [(7, 8), (3, 4), (0, 4)])
def test_a_tail_cut_off_with_the_head_set_back_is_named_by_its_anchor(vault: Vault, last: int, unfit: int) -> None:
    vault.cut(last)
    assert verify(vault.db).holds  # this is what a chain alone cannot see
    assert vault.found() == (None, unfit)


@pytest.mark.parametrize(("place", "unfit"), [(1, 4), (4, 4), (5, 8)])
def test_a_log_written_anew_with_a_chain_that_holds_is_named_by_its_anchor(
    vault: Vault, place: int, unfit: int
) -> None:
    vault.rewrite(place)
    assert verify(vault.db).holds
    assert vault.found() == (None, unfit)


def test_a_log_that_was_cut_and_then_grew_again_is_named_by_its_anchor(vault: Vault) -> None:
    vault.cut(7)
    append(vault.db, 5)
    assert vault.found() == (None, 8)


def test_what_happened_after_the_last_anchor_nobody_can_vouch_for(vault: Vault) -> None:
    """The honest limit: an hour."""
    vault.rewrite(9)
    assert vault.found() == (None, None)


def test_a_copy_kept_elsewhere_finds_what_the_own_file_was_made_to_hide(vault: Vault) -> None:
    elsewhere = vault.anchors.read()
    vault.cut(7)
    vault.anchors.kept.pop()
    assert vault.found() == (None, None)
    verdict = verify(vault.db, vault.anchors.read(), elsewhere)
    assert verdict.unfit == elsewhere.anchors[1]


# --- restoring -----------------------------------------------------------------------------------------------------


def test_after_a_restore_the_log_goes_on_and_what_it_gave_up_is_on_file(vault: Vault) -> None:
    vault.cut(6)  # what putting back a backup of then does
    anchor_restored(vault.db, vault.anchors, now=NOW + 5 * HOUR)
    append(vault.db, 6)
    anchor_head(vault.db, vault.anchors, now=NOW + 6 * HOUR)
    assert vault.found() == (None, None)
    assert [each.restored for each in vault.anchors.kept] == [False, False, True, False]
    vault.cut(11)
    assert vault.found() == (None, 12)


def test_a_restore_forgives_only_what_lay_beyond_it() -> None:
    log = tuple(chain(an_event(), number=number, previous=GENESIS) for number in (1, 2))
    wrong, restored = Anchor(Head(1, "no"), NOW), Anchor(Head(2, log[1].hash), NOW, restored=True)
    assert first_unfit(log, [wrong, restored]) == wrong
    assert first_unfit(log, [Anchor(Head(3, "gone"), NOW), restored]) is None
    assert first_unfit(log, [restored, Anchor(Head(3, "gone"), NOW)]) is not None
