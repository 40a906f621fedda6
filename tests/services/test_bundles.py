"""The bundle gathers itself, keeps every edition, and is the same for the same content."""

from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from json import loads
from zipfile import ZipFile

import pytest

from tests.builders import CLOSES_AT
from tests.fakes.files import FakeFiles, files_of
from tests.services.conftest import NORRBY, ROUND, House
from workflow.adapters.documents.documents import OfficeDocuments
from workflow.domain.attachments import Limits
from workflow.domain.errors import RoundMoveRefusedError
from workflow.domain.rounds import RoundState
from workflow.services import attachments, bundles, rounds, submissions


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
    assert files_of(one) == files_of(bundles.draft_bundle(opened.db, opened.documents, ROUND))
    assert one.bundle.is_draft


def attach(house: House, name: str, data: bytes) -> None:
    attachments.add_file(
        house.db,
        NORRBY,
        name,
        data,
        limits=Limits(),
        documents=house.documents,
        secrets=house.secrets,
        by="r-1",
        now=house.clock.at,
    )


def test_attachments_lie_in_the_package_under_plain_names(opened: House) -> None:
    """Those of what came in, none of a draft; the manifest holds the fingerprint of each."""
    documents = OfficeDocuments()
    opened.answer(NORRBY)
    attach(opened, "Årsrapport – åäö 2.pdf", b"%PDF-1")
    opened.submit(NORRBY)
    submissions.take_back(opened.db, NORRBY, by="r", secrets=opened.secrets, now=opened.clock.at)
    attach(opened, "Utkast.pdf", b"%PDF-2")
    gathered = bundles.draft_bundle(opened.db, documents, ROUND)
    place = "bilagor/norrby/01-arsrapport-aao-2.pdf"
    with ZipFile(BytesIO(files_of(gathered)[f"{ROUND}-utkast.zip"])) as package:
        assert [name for name in package.namelist() if name.startswith("bilagor/")] == [place]
        assert package.read(place) == b"%PDF-1"
        listed = {each["name"]: each["sha256"] for each in loads(package.read("manifest.json"))["files"]}
    assert listed[place] == sha256(b"%PDF-1").hexdigest()
    norrby = next(unit for unit in gathered.bundle.units if unit.unit == "norrby")
    assert [(each.name, each.path) for each in norrby.files] == [("Årsrapport – åäö 2.pdf", place)]
    told = loads(files_of(gathered)[f"{ROUND}-utkast.json"])["bundle"]["units"]
    assert [each["files"][0]["path"] for each in told if each["files"]] == [place]
