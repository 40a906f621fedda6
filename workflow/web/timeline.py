"""The round's timeline as numbers for the drawing and facts for the list beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from workflow.domain.calendar import Calendar
from workflow.domain.people import UnitKind
from workflow.domain.reminders import Slot, slots
from workflow.domain.rounds import Round

WIDTH = 1180
MARGIN = 20
FIRST_LANE, LANE_STEP = 78, 44
_COMMITTEES = frozenset({UnitKind.KOMMUNSTYRELSE, UnitKind.FACKNAMND, UnitKind.STADSDELSNAMND})
_LETTER = 7.4  # how wide a letter of 13.5 px is at most, on an average


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """One reminder on a lane; `sent` is how many mails went, None if not counted."""

    x: float
    slot: Slot
    sent: int | None
    is_past: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The kinds of unit that share a last day. `is_committees` and `kinds` give its name."""

    kinds: tuple[UnitKind, ...]
    due_at: datetime
    due_x: float
    y: int
    dots: tuple[Dot, ...]
    is_past: bool

    @property
    def is_committees(self) -> bool:
        return set(self.kinds) <= _COMMITTEES and len(self.kinds) > 1


Moment = tuple[datetime, str, Lane | None, Dot | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Everything the drawing needs, in its own units. `today_x` is None outside the round."""

    start: datetime
    end: datetime
    start_x: float
    end_x: float
    today_x: float | None
    past_x: float
    lanes: tuple[Lane, ...]
    free: tuple[tuple[float, float], ...]

    @property
    def height(self) -> int:
        return self.bottom + 54

    @property
    def bottom(self) -> int:
        """Where the lanes end."""
        return FIRST_LANE + LANE_STEP * (len(self.lanes) - 1) + 28

    def moments(self, now: datetime) -> list[Moment]:
        """Last days and reminders in time order, with now among them when it is inside: (when, what, lane, dot)."""
        found: list[Moment] = [(lane.due_at, "due", lane, None) for lane in self.lanes]
        found += [(dot.slot.send_at, "mail", lane, dot) for lane in self.lanes for dot in lane.dots]
        if self.today_x is not None:
            found.append((now, "now", None, None))
        return sorted(found, key=lambda each: each[0])

    def anchor(self, x: float, words: int, *, last: bool) -> str:
        """On which side of its mark a label of so many letters stands without covering those at both ends."""
        room_left = x - self.start_x - 16 * _LETTER
        room_right = self.end_x - x - 10 * _LETTER
        needs = words * _LETTER
        if last:
            return "start" if room_right >= needs else "end"
        return "end" if room_left >= needs else "start"


def timeline(
    round_: Round, reminded: Mapping[tuple[UnitKind, str], int] | None, calendar: Calendar, now: datetime
) -> Timeline:
    """`reminded` counts the reminders that went, by kind of unit and slot; None: not counted."""
    start, end = round_.opened_at or round_.opens_at, round_.closed_at or round_.closes_at
    end = max([end, *round_.due_at.values(), start + timedelta(days=1)])
    scale = (WIDTH - 2 * MARGIN) / (end - start).total_seconds()

    def x_of(instant: datetime) -> float:
        inside = min(max(instant, start), end)
        return round(MARGIN + (inside - start).total_seconds() * scale, 1)

    lanes = []
    for place, (due_at, group) in enumerate(_groups(round_)):
        due_slots = slots(round_.policy, due_at=due_at, since=start, until=round_.closes_at, calendar=calendar)
        dots = tuple(
            Dot(x=x_of(each.send_at), slot=each, sent=_sent(reminded, group, each.key), is_past=each.send_at <= now)
            for each in due_slots
        )
        y = FIRST_LANE + LANE_STEP * place
        lanes.append(Lane(kinds=group, due_at=due_at, due_x=x_of(due_at), y=y, dots=dots, is_past=due_at <= now))
    return Timeline(
        start=start,
        end=end,
        start_x=x_of(start),
        end_x=x_of(end),
        today_x=x_of(now) if start <= now <= end else None,
        past_x=x_of(now),
        lanes=tuple(lanes),
        free=tuple((x_of(first), round(x_of(after) - x_of(first), 1)) for first, after in _free(start, end, calendar)),
    )


def _groups(round_: Round) -> list[tuple[datetime, tuple[UnitKind, ...]]]:
    groups: dict[datetime, list[UnitKind]] = {}
    for kind, due_at in sorted(round_.due_at.items(), key=lambda item: (item[1], list(UnitKind).index(item[0]))):
        groups.setdefault(due_at, []).append(kind)
    return [(due_at, tuple(kinds)) for due_at, kinds in groups.items()]


def _sent(reminded: Mapping[tuple[UnitKind, str], int] | None, kinds: tuple[UnitKind, ...], slot: str) -> int | None:
    """Reminders of the common last day that went to these kinds; None when nobody has counted them."""
    return None if reminded is None else sum(reminded.get((kind, slot), 0) for kind in kinds)


def _free(start: datetime, end: datetime, calendar: Calendar) -> list[tuple[datetime, datetime]]:
    """Weekends and red days between two instants, neighbours joined."""
    first = calendar.local(start).date()
    days = [first + timedelta(days=each) for each in range((calendar.local(end).date() - first).days + 1)]
    spans: list[tuple[date, date]] = []
    for day in days:
        if calendar.is_working_day(day):
            continue
        if spans and spans[-1][1] == day - timedelta(days=1):
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return [(calendar.end_of_day(first - timedelta(days=1)), calendar.end_of_day(last)) for first, last in spans]
