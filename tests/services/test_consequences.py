"""What a change would do to the mails is what it then does; asking changes nothing."""

from datetime import timedelta
from itertools import count

import pytest

from tests.builders import CLOSES_AT, DUE_AT, OPENS_AT
from tests.services.conftest import HAMNEN, NORRBY, ROUND, House
from workflow.domain.errors import MoveRefusedError, ReasonMissingError, UnknownRoundError
from workflow.domain.preview import PreviewedMail
from workflow.domain.preview_diff import Effect, PreviewDiff, preview_diff
from workflow.ports import Database
from workflow.services import extensions, rounds
from workflow.services.consequences import consequences
from workflow.services.preview import preview_round

NEW_DAY = DUE_AT + timedelta(days=7)


def seen(house: House) -> tuple[PreviewedMail, ...]:
    with house.read() as work:
        round_ = work.rounds.get(ROUND)
    return preview_round(house.db, round_, calendar=house.calendar, now=house.clock.at)


def close(house: House, db: Database) -> None:
    rounds.close_round(db, ROUND, by="k-1", now=house.clock.at)


def extend(house: House, db: Database, *units: str, reason: str = "Sjukdom") -> None:
    extensions.extend(
        db, units or (NORRBY,), NEW_DAY, reason=reason, by="k-1", secrets=house.secrets, now=house.clock.at
    )


def asked(house: House, change: object) -> PreviewDiff:
    assert callable(change)
    return consequences(house.db, ROUND, lambda db: change(house, db), calendar=house.calendar, now=house.clock.at)


def test_closing_drops_every_reminder_to_come(opened: House) -> None:
    opened.deliver()
    coming = [mail for mail in seen(opened) if mail.state == "expected"]
    diff = asked(opened, close)
    assert diff.counts == {Effect.DROPPED: len(coming)}
    assert {each.why for each in diff.differences} == {"round_closed"}


def test_an_extension_moves_the_units_reminders_and_tells_it(opened: House) -> None:
    opened.deliver()
    diff = asked(opened, extend)
    assert {each.mail.unit for each in diff.differences} == {"norrby"}
    assert [each.mail.kind for each in diff.differences if each.effect is Effect.ADDED] == ["extension"]
    assert diff.counts[Effect.MOVED] >= 3
    assert diff.unchanged == sum(mail.state == "expected" and mail.unit == "hamnen" for mail in seen(opened))


@pytest.mark.parametrize("change", [close, extend, lambda house, db: extend(house, db, NORRBY, HAMNEN)])
def test_what_is_foretold_is_what_then_happens(opened: House, change: object) -> None:
    assert callable(change)
    opened.deliver()
    before = seen(opened)
    foretold = asked(opened, change)
    change(opened, opened.db)
    happened = preview_diff(before, seen(opened))
    assert plain(foretold) == plain(happened)


def plain(diff: PreviewDiff) -> list[object]:
    """Without the ids of mails that are new in the ledger."""
    return [(each.effect, each.mail.unit, each.mail.slot, each.mail.at, each.why) for each in diff.differences]


def test_asking_keeps_nothing(opened: House) -> None:
    opened.deliver()
    before = opened.messages(), opened.submission(), opened.events()
    asked(opened, extend)
    asked(opened, close)
    assert (opened.messages(), opened.submission(), opened.events()) == before


def test_what_the_change_refuses_is_refused_and_nothing_kept(opened: House) -> None:
    with pytest.raises(ReasonMissingError):
        asked(opened, lambda house, db: extend(house, db, reason=" "))
    opened.answer(NORRBY)
    opened.submit(NORRBY)
    with pytest.raises(MoveRefusedError):
        asked(opened, lambda house, db: extend(house, db, HAMNEN, NORRBY))
    assert not opened.submission(HAMNEN).extended


def test_several_steps_of_one_change_are_seen_together(opened: House) -> None:
    opened.deliver()
    turns = count()

    def both(house: House, db: Database) -> None:
        for unit in (NORRBY, HAMNEN):
            extend(house, db, unit)
            next(turns)

    assert {each.mail.unit for each in asked(opened, both).differences} == {"norrby", "hamnen"}
    assert next(turns) == 2


def test_opening_a_planned_round_now(house: House) -> None:
    house.clock.at = OPENS_AT - timedelta(days=3)
    diff = asked(
        house,
        lambda house, db: rounds.open_round(
            db, ROUND, secrets=house.secrets, calendar=house.calendar, now=house.clock.at
        ),
    )
    assert diff.counts == {Effect.MOVED: 2}
    assert {each.mail.kind for each in diff.differences} == {"invitation"}


def test_a_round_that_is_not_there(house: House) -> None:
    with pytest.raises(UnknownRoundError):
        consequences(house.db, "2031-T9", lambda _: None, calendar=house.calendar, now=CLOSES_AT)
