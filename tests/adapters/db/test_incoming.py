"""Mails that came in, in the database: the round trip, each digest once, seen to once, files beside."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.builders import NOW, ROUND, SUBMISSION, a_sent_message
from workflow.domain.arrivals import Arrival, ArrivalHandledError, Sheet
from workflow.domain.errors import NotFoundError
from workflow.domain.incoming import EnclosedFile, IncomingKind
from workflow.ports import Database

FILE = EnclosedFile(name="../ifyllt.docx", media_type="application/octet-stream", content=b"PK\x00\xff")
SENT = a_sent_message(id="m1")
CAME = Arrival(
    id="a1",
    digest="d1",
    identity="what d1",
    kind=IncomingKind.REPLY,
    came_at=NOW,
    sender="asa.pahittad@norrby.example",
    sender_name="Åsa Påhittad",
    subject="SV: Påminnelse",
    text="Vi behöver till fredag.\n\nHälsningar\nÅsa",
    round=ROUND,
    submission=SUBMISSION,
    message="m1",
    recipient="r-1",
    asked_until=date(2027, 5, 28),
    left_out=("film.mov", ""),
    sheets=(Sheet(number=1, name=FILE.name, media_type=FILE.media_type, size=4, sha256="5e" * 32, is_form=True),),
)
STRAY = Arrival(
    id="a2",
    digest="d2",
    identity="what d2",
    kind=IncomingKind.STRAY,
    came_at=NOW + timedelta(minutes=1),
    sender="",
    sender_name="",
    subject="",
    text="",
)


@pytest.fixture
def filled(stocked: Database) -> Database:
    with stocked.begin() as work:
        work.outbox.plan([SENT])
        assert work.incoming.add(CAME, {1: FILE})
        assert work.incoming.add(STRAY, {})
    return stocked


def test_what_goes_in_comes_out(filled: Database) -> None:
    with filled.read() as work:
        assert work.incoming.get("a1") == CAME
        assert work.incoming.get("a2") == STRAY
        assert work.incoming.file("a1", 1) == FILE
        with pytest.raises(NotFoundError):
            work.incoming.get("a3")
        with pytest.raises(NotFoundError):
            work.incoming.file("a1", 2)


def test_the_same_mail_fetched_twice_is_one(filled: Database) -> None:
    with filled.begin() as work:
        assert work.incoming.knows("d1")
        assert not work.incoming.knows("d3")
        assert not work.incoming.add(replace(CAME, id="a9", subject="Another"), {1: FILE})
    with filled.read() as work:
        assert [each.id for each in work.incoming.list()] == ["a2", "a1"]


def test_the_same_mail_by_another_way_is_one_and_other_bytes_of_another_are_not(filled: Database) -> None:
    with filled.begin() as work:
        assert not work.incoming.add(replace(CAME, id="a9", digest="d9"), {1: FILE})
        assert work.incoming.add(replace(CAME, id="a8", digest="d8", identity="what d8"), {1: FILE})
    with filled.read() as work:
        assert {each.id for each in work.incoming.list()} == {"a1", "a2", "a8"}


def test_lists_choose_by_kind_round_unit_and_what_is_open(filled: Database) -> None:
    with filled.read() as work:
        box = work.incoming
        assert box.list() == (STRAY, CAME)
        assert box.list(limit=1) == (STRAY,)
        assert box.list(kinds={IncomingKind.REPLY, IncomingKind.BOUNCE}) == (CAME,)
        assert box.list(round_id=ROUND) == box.list(submission=SUBMISSION) == (CAME,)
        assert box.list(submission="2027-T1.hamn") == ()


def test_it_is_seen_to_once(filled: Database) -> None:
    handled = CAME.handle(by="k-1", at=NOW + timedelta(hours=1))
    with filled.begin() as work:
        work.incoming.handle(CAME, handled)
    with filled.begin() as work, pytest.raises(ArrivalHandledError):
        work.incoming.handle(CAME, CAME.handle(by="k-2", at=NOW + timedelta(hours=2)))
    with filled.read() as work:
        assert work.incoming.get("a1") == handled
        assert work.incoming.list(open_only=True) == (STRAY,)
    with pytest.raises(ArrivalHandledError):
        handled.handle(by="k-2", at=NOW)
