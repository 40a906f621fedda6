"""Who does what in the demo: data only. Units are those of config/units.csv; all people are invented."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from random import Random

from workflow.domain.calendar import Calendar
from workflow.domain.people import Unit, UnitKind

ROUND = "2027-T1"
FIRST_DAY, LAST_DAY = date(2027, 4, 19), date(2027, 6, 11)
WORD_UNIT = "sdn-haa"  # answers with the real texts of 2022, in the Word form
NEVER = frozenset({"massan", "ofn", "kyrkn"})
EXCUSED = "valn"
EXTENDED = "sdn-fars"
RETURNED = "trafn"
LATE = frozenset({"sdn-jarva", "aldn", "servn", "sdn-hv", "sisab"})
NOT_APPLICABLE: Mapping[str, tuple[str, str]] = {
    "forskn": ("svart_ekonomi", "Nämnden hade inga gemensamma insatser under perioden."),
    "idrn": ("verksamhetsomraden", "Nämnden har ingen verksamhet i de områdena."),
    "stokab": ("platssamverkan", "Bolaget äger ingen mark på de utpekade platserna."),
}


class Act(StrEnum):
    """What a person does in the pages."""

    START = "start"
    ANSWER = "answer"
    UPLOAD = "upload"
    EXTEND = "extend"
    EXCUSE = "excuse"
    RETURN = "return"
    SUPPLEMENT = "supplement"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One thing one person does at one moment; `unit` is empty for a coordinator's round through what waits."""

    at: datetime
    act: Act
    unit: str = ""


def scenes(units: tuple[Unit, ...], calendar: Calendar, *, seed: int = 2027) -> tuple[Scene, ...]:
    """The whole play in time order; the same seed gives the same play."""
    chance = Random(seed)  # noqa: S311 - a play, no secret
    found = [scene for unit in units for scene in _answering(unit, calendar, chance)]
    found += [
        Scene(at=calendar.at(date(2027, 4, 21), time(9, 30)), act=Act.EXCUSE, unit=EXCUSED),
        Scene(at=calendar.at(date(2027, 5, 17), time(13, 15)), act=Act.EXTEND, unit=EXTENDED),
        Scene(at=calendar.at(date(2027, 5, 20), time(15, 0)), act=Act.RETURN, unit=RETURNED),
        Scene(at=calendar.at(date(2027, 5, 26), time(11, 10)), act=Act.SUPPLEMENT, unit=RETURNED),
    ]
    found += [
        Scene(at=calendar.at(day, time(15, 30)), act=Act.REVIEW)
        for day in (date(2027, 5, 12), date(2027, 5, 21), date(2027, 5, 28), date(2027, 6, 10))
    ]
    return tuple(sorted(found, key=lambda scene: scene.at))


def _answering(unit: Unit, calendar: Calendar, chance: Random) -> list[Scene]:
    if unit.id in NEVER or unit.id == EXCUSED:
        # Of those who never hand in, one has at least begun.
        begun = calendar.at(date(2027, 5, 11), time(10, 20))
        return [Scene(at=begun, act=Act.START, unit=unit.id)] if unit.id == "ofn" else []
    at = _moment(unit, calendar, chance)
    act = Act.UPLOAD if unit.id == WORD_UNIT else Act.ANSWER
    found = [Scene(at=at, act=act, unit=unit.id)]
    if chance.random() < 0.4 and unit.id != WORD_UNIT:  # noqa: PLR2004 - some begin a few days before they finish
        day = calendar.add_working_days(calendar.local(at).date(), -2)
        found.insert(0, Scene(at=calendar.at(day, time(chance.randint(10, 15), 5)), act=Act.START, unit=unit.id))
    return found


def _moment(unit: Unit, calendar: Calendar, chance: Random) -> datetime:
    """Most answer in the last week; the late ones two to six working days after the last day."""
    due = date(2027, 5, 26) if unit.kind is UnitKind.BOLAG else date(2027, 5, 19)
    if unit.id in LATE:
        day = calendar.add_working_days(due, chance.randint(2, 6))
    elif unit.id == EXTENDED:
        day = date(2027, 5, 27)
    elif unit.id == RETURNED:
        day = date(2027, 5, 18)
    else:
        day = calendar.add_working_days(due, -min(9, int(chance.expovariate(0.4))) - 1)
    return calendar.at(day, time(chance.randint(10, 14), chance.randrange(5, 60, 5)))  # after the morning's mails
