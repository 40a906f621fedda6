"""The bundle gathers itself, keeps every edition, and is the same for the same content."""

from datetime import timedelta

import pytest

from tests.builders import CLOSES_AT
from tests.fakes.files import FakeFiles
from tests.services.conftest import NORRBY, ROUND, House
from workflow.domain.errors import RoundMoveRefusedError
from workflow.domain.rounds import RoundState
from workflow.services import bundles, rounds


def test_a_closed_round_gathers_itself_once(opened: House) -> None:
    files = FakeFiles()
    assert bundles.gather_due(opened.db, opened.documents, files, now=opened.clock.at) == ()
    opened.answer(NORRBY)
    opened.submit(NORRBY)
    rounds.close_round(opened.db, ROUND, now=CLOSES_AT)
    assert bundles.gather_due(opened.db, opened.documents, files, now=CLOSES_AT) == (ROUND,)
    assert bundles.gather_due(opened.db, opened.documents, files, now=CLOSES_AT) == ()
    assert sorted(files.kept) == [
        f"{ROUND}/{ROUND}-utgava-1.{ending}" for ending in ("anchor.jsonl", "docx", "json", "zip")
    ]
    with opened.read() as work:
        assert work.rounds.get(ROUND).state is RoundState.BUNDLED


def test_a_supplement_makes_a_new_edition_and_the_old_one_stays(opened: House) -> None:
    files = FakeFiles()
    rounds.close_round(opened.db, ROUND, now=CLOSES_AT)
    bundles.bundle_round(opened.db, opened.documents, files, ROUND, now=CLOSES_AT)
    first = dict(files.kept)
    opened.answer(NORRBY)
    opened.submit(NORRBY)
    bundles.bundle_round(opened.db, opened.documents, files, ROUND, now=CLOSES_AT)
    assert first.items() <= files.kept.items()
    assert f"{ROUND}/{ROUND}-utgava-2.zip" in files.kept


def test_gathering_again_with_nothing_new_makes_no_new_edition(opened: House) -> None:
    files = FakeFiles()
    rounds.close_round(opened.db, ROUND, now=CLOSES_AT)
    first = bundles.bundle_round(opened.db, opened.documents, files, ROUND, now=CLOSES_AT)
    kept = dict(files.kept)
    again = bundles.bundle_round(opened.db, opened.documents, files, ROUND, now=CLOSES_AT + timedelta(days=1))
    assert again == first
    assert files.kept == kept
    with opened.read() as work:
        assert work.rounds.get(ROUND).editions == 1


def test_an_open_round_has_only_drafts(opened: House) -> None:
    with pytest.raises(RoundMoveRefusedError):
        bundles.bundle_round(opened.db, opened.documents, FakeFiles(), ROUND, now=opened.clock.at)
    one = bundles.draft_bundle(opened.db, opened.documents, ROUND)
    assert one.files == bundles.draft_bundle(opened.db, opened.documents, ROUND).files
    assert one.bundle.is_draft
