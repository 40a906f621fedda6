"""A mail that told of several units, decided about by hand: whichever row is named, it is the whole mail that moves."""

from collections.abc import Sequence
from functools import partial

import pytest

from tests.services.conftest import NORRBY, ROUND, House
from tests.services.test_company import (
    NOT_NOW,
    NOT_TAKEN,
    OSBY,
    TRIO,
    VINGE,
    at,
    by_hand,
    hand_in,
    house,
    letter,
    rows,
    states,
)
from workflow.domain.messages import MessageState
from workflow.ports import Handover, Outcome
from workflow.services import outbox, submissions
from workflow.services.addressing import ReplacedReaderError
from workflow.services.by_hand import Deed, MailSettledError, NoteChangedError, ToldElsewhereError, decide

__all__ = ["house"]

UNITS = ("norrby", "osby", "vinge")
"""Norrby's row is the one with the letter, the others were told of."""


def told_at(house: House, outcome: Outcome | Handover) -> None:
    house.postman.script = [outcome]
    at(house, -7)
    house.deliver()
    assert [bool(each.lead) for each in rows(house)] == [False, True, True]


def to_go_again(house: House) -> None:
    """Nobody knew what became of it, and somebody has asked for the same bytes once more."""
    told_at(house, Outcome.UNKNOWN)
    outbox.send_again(house.db, rows(house)[0].id, by="k", why="Nej.", calendar=house.calendar, now=house.clock.at)
    assert states(house) == [MessageState.PLANNED] * 3


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, NOT_TAKEN])
def test_skipped_no_unit_stays_behind_on_the_list(house: House, outcome: Outcome | Handover, unit: str) -> None:
    told_at(house, outcome)
    by_hand(house, f"{unit}.T-5", Deed.SKIP, "Hon har fått det.")
    assert states(house) == [MessageState.SKIPPED] * 3
    assert {each.reason for each in rows(house)} == {"Hon har fått det."}
    assert house.events()[-3:] == ["message.skipped"] * 3


@pytest.mark.parametrize("unit", UNITS)
def test_what_may_have_come_is_released_in_the_same_bytes(house: House, unit: str) -> None:
    told_at(house, Outcome.UNKNOWN)
    before = letter(house)
    by_hand(house, f"{unit}.T-5", Deed.SKIP)
    at(house, -7, 11)  # what is written now has another date
    by_hand(house, f"{unit}.T-5", Deed.RELEASE)
    assert states(house) == [MessageState.PLANNED] * 3
    house.deliver()
    assert (states(house), letter(house)) == ([MessageState.SENT] * 3, before)
    assert len(house.postman.taken) == 1


@pytest.mark.parametrize("unit", UNITS)
def test_what_was_refused_is_released_as_one_mail_written_anew(house: House, unit: str) -> None:
    told_at(house, NOT_TAKEN)
    by_hand(house, f"{unit}.T-5", Deed.SKIP)
    by_hand(house, f"{unit}.T-5", Deed.RELEASE)
    assert [(each.state, each.lead, each.frozen) for each in rows(house)] == [(MessageState.PLANNED, "", None)] * 3
    house.deliver()
    assert states(house) == [MessageState.SENT] * 3
    assert len(house.postman.taken) == 1


@pytest.mark.parametrize("who", [NORRBY, OSBY])
def test_who_has_handed_in_is_left_out_of_what_is_written_anew(house: House, who: str) -> None:
    told_at(house, NOT_TAKEN)
    by_hand(house, "vinge.T-5", Deed.SKIP)
    hand_in(house, who)
    with pytest.raises(MailSettledError):
        by_hand(house, f"{who.removeprefix(f'{ROUND}.')}.T-5", Deed.RELEASE)
    by_hand(house, "vinge.T-5", Deed.RELEASE)
    assert states(house, who) == [MessageState.SKIPPED]
    house.deliver()
    assert states(house, *(each for each in TRIO if each != who)) == [MessageState.SENT] * 2
    submissions.take_back(house.db, who, by="r", secrets=house.secrets, now=house.clock.at)
    assert states(house, who) == [MessageState.SKIPPED]


@pytest.mark.parametrize("who", [NORRBY, OSBY])
@pytest.mark.parametrize("deeds", [(Deed.HOLD,), (Deed.HOLD, Deed.RELEASE), (Deed.SKIP, Deed.RELEASE)])
def test_words_that_have_become_untrue_stay_where_they_are(house: House, deeds: Sequence[Deed], who: str) -> None:
    to_go_again(house)
    for deed in deeds[:-1]:
        by_hand(house, "norrby.T-5", deed)
    hand_in(house, who)
    before = states(house)
    with pytest.raises((MailSettledError, ToldElsewhereError)):
        by_hand(house, "vinge.T-5", deeds[-1])
    assert states(house) == before


@pytest.mark.parametrize("unit", UNITS)
def test_held_and_released_it_is_still_one_mail(house: House, unit: str) -> None:
    to_go_again(house)
    before = letter(house)
    by_hand(house, f"{unit}.T-5", Deed.HOLD)
    assert states(house) == [MessageState.HELD] * 3
    house.deliver()
    assert states(house) == [MessageState.HELD] * 3
    at(house, -7, 11)
    by_hand(house, f"{unit}.T-5", Deed.RELEASE)
    house.deliver()
    assert (states(house), letter(house)) == ([MessageState.SENT] * 3, before)
    assert len(house.postman.taken) == 1


def test_one_that_only_waits_beside_the_others_is_held_alone(house: House) -> None:
    house.postman.script = [NOT_NOW]
    at(house, -7)
    house.deliver()
    by_hand(house, "osby.T-5", Deed.HOLD)
    assert states(house) == [MessageState.PLANNED, MessageState.HELD, MessageState.PLANNED]


@pytest.mark.parametrize("held", [False, True])
def test_no_words_are_added_where_they_would_never_be_read(house: House, held: bool) -> None:
    to_go_again(house)
    if held:
        by_hand(house, "norrby.T-5", Deed.HOLD)
    before = rows(house)
    with pytest.raises(MailSettledError):
        by_hand(house, "norrby.T-5", Deed.NOTE)
    with pytest.raises(ToldElsewhereError, match=rf"mejlet om Norrby \({NORRBY}\.T-5\)"):
        by_hand(house, "osby.T-5", Deed.NOTE)
    assert rows(house) == before


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, NOT_TAKEN])
@pytest.mark.parametrize("unit", UNITS)
def test_what_has_failed_is_neither_held_nor_released(house: House, outcome: Outcome | Handover, unit: str) -> None:
    told_at(house, outcome)
    before = rows(house)
    for deed in (Deed.HOLD, Deed.RELEASE):
        with pytest.raises(MailSettledError):
            by_hand(house, f"{unit}.T-5", deed)
    assert rows(house) == before


def test_a_unit_left_behind_by_its_mail_is_skipped_alone_and_never_sent_without_its_bytes(house: House) -> None:
    """As it stood where the letter's row had been skipped by itself."""
    told_at(house, Outcome.UNKNOWN)
    lead = rows(house, NORRBY)[0]
    with house.db.begin() as work:
        assert work.outbox.change(lead, lead.skip("Hon har fått det.").marked_by_hand())
    by_hand(house, "osby.T-5", Deed.SKIP)
    assert states(house) == [MessageState.SKIPPED, MessageState.SKIPPED, MessageState.UNKNOWN]
    with pytest.raises(ToldElsewhereError):
        by_hand(house, "vinge.T-5", Deed.RELEASE)
    outbox.skip(house.db, rows(house, VINGE)[0].id, by="k", why="Klart.", now=house.clock.at)
    assert states(house) == [MessageState.SKIPPED] * 3


@pytest.mark.parametrize("who", TRIO)
def test_bytes_that_may_have_come_are_not_released_to_a_reader_who_was_replaced(house: House, who: str) -> None:
    told_at(house, Outcome.UNKNOWN)
    by_hand(house, "osby.T-5", Deed.SKIP)
    (row,) = rows(house, who)
    with house.db.begin() as work:
        assert work.outbox.change(row, row.but(right_until=house.clock.at))
    with pytest.raises(ReplacedReaderError):
        by_hand(house, "vinge.T-5", Deed.RELEASE)
    assert states(house) == [MessageState.SKIPPED] * 3


def test_the_named_row_is_what_comes_back_and_its_note_is_its_own(house: House) -> None:
    told_at(house, NOT_TAKEN)
    osby = partial(
        decide,
        house.db,
        ROUND,
        "osby.T-5",
        by="k-1",
        secrets=house.secrets,
        calendar=house.calendar,
        now=house.clock.at,
    )
    skipped = osby(Deed.SKIP, "Onödigt")
    assert (skipped.submission, skipped.state) == (OSBY, MessageState.SKIPPED)
    osby(Deed.RELEASE)
    osby(Deed.NOTE, "Ring mig.")
    with pytest.raises(NoteChangedError):
        osby(Deed.NOTE, "Skriv.", upon="")
