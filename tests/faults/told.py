"""What the mails at the server tell of, unit by unit, beside what ledger and log say: the eyes for mails about several.

The sink has read whom a mail was for and which units stand in its text; the log has when it was released.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.faults.evidence import Evidence, Violation
from tests.faults.sink import Dot
from tests.faults.world import CALENDAR
from workflow.domain.audit import Chained, Event
from workflow.domain.messages import REMINDERS, TO_OFFICE, Message, MessageState
from workflow.domain.people import fold_address

BELTED = frozenset({MessageState.SENDING, MessageState.HANDING, MessageState.SENT, MessageState.UNKNOWN})
OWES_AGAIN = frozenset({"submission.returned", "submission.reopened", "submission.taken_back"})


@dataclass(slots=True)
class Answered:
    """Which units have answered, as one reads along the log."""

    units: set[str] = field(default_factory=set)

    def hear(self, event: Event) -> None:
        if event.kind in {"submission.submitted", "submission.excused"}:
            self.units.add(event.submission)
        elif event.kind in OWES_AGAIN:
            self.units.discard(event.submission)

    def __contains__(self, submission: str) -> bool:
        return submission in self.units


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail that the server kept. `release` is the marker before its dot; None: the log knows of none."""

    dot: Dot
    row: Message
    release: Chained | None
    tells: frozenset[str]

    @property
    def person(self) -> str:
        return fold_address(self.dot.to[0])

    @property
    def day(self) -> str:
        """The local day of its release."""
        return CALENDAR.local(self.release.event.at).date().isoformat() if self.release else ""


def arrivals(evidence: Evidence) -> Iterator[Arrival]:
    """All that was kept of what is in the ledger, in the order of the dots.

    A dot follows its own marker, and nothing is marked again before its reply: the n-th dot belongs to the n-th.
    """
    rows = {each.id: each for each in evidence.messages}
    units = {(each.round, each.unit_name): each.id for each in evidence.submissions}
    releases: dict[str, list[Chained]] = defaultdict(list)
    for link in evidence.log:
        if link.event.kind == "message.handing":
            releases[link.event.message].append(link)
    seen: Counter[str] = Counter()
    for dot in evidence.dots:
        seen[dot.message] += 1
        if dot.kept and (row := rows.get(dot.message)):
            mine = releases[row.id][: seen[dot.message]]
            tells = frozenset(units.get((row.round, name), name) for name in dot.tells)
            yield Arrival(dot, row, mine[-1] if mine else None, tells)


def belt_lies_round_the_ledger(evidence: Evidence) -> Iterator[Violation]:
    """One mail leads on a person's day, all others go with one; and none goes with somebody else's."""
    rows = {each.id: each for each in evidence.messages}
    belted = [each for each in evidence.messages if each.is_reminder and each.state in BELTED and each.local_day]
    leads = Counter((each.address, each.local_day) for each in belted if not each.lead)
    yield from (Violation("I1", day, f"{times} reminders on a day") for day, times in leads.items() if times > 1)
    units = Counter((each.submission, each.address, each.local_day) for each in belted)
    yield from (Violation("I1", unit, f"told {times} times on a day") for unit, times in units.items() if times > 1)
    for each in (each for each in evidence.messages if each.lead):
        lead = rows.get(each.lead)
        if lead is None or lead.lead or lead.address != each.address:
            yield Violation("I1", (each.id, each.lead), "goes with a mail that is no mail of this person's")


def one_a_day_arrived(evidence: Evidence) -> Iterator[Violation]:
    """What a person finds in the inbox: on a local day one reminder about all units, and one mail of the office's."""
    again = evidence.again()
    found: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for each in arrivals(evidence):
        sort = "reminders" if each.row.kind in REMINDERS else "daily mails" if each.row.kind in TO_OFFICE else ""
        if sort and each.day and not again[each.row.id]:
            found[each.person, each.day, sort].add(each.row.id)
    for (person, day, sort), mails in found.items():
        if len(mails) > 1:
            yield Violation("I1", (person, day, *sorted(mails)), f"{len(mails)} {sort} at the server for one day")


def letters_are_as_the_ledger_says(evidence: Evidence) -> Iterator[Violation]:
    """A reminder tells of the units whose rows went with it: of no fewer and of no other."""
    ledger = _with_their_company(evidence)
    for each in arrivals(evidence):
        if each.row.is_reminder and each.tells != ledger[each.row.id]:
            wrong = sorted(each.tells ^ ledger[each.row.id])
            yield Violation("I4", (each.row.id, *wrong), "the mail and the ledger do not tell of the same units")


def _with_their_company(evidence: Evidence) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for each in evidence.messages:
        found[each.lead or each.id].add(each.submission)
    return {id_: frozenset(units) for id_, units in found.items()} | {
        each.id: frozenset() for each in evidence.messages if each.lead
    }


def told_in_time(evidence: Evidence) -> Iterator[Violation]:
    """No unit is told of in a reminder whose marker stands behind its answer in the log, or that has no marker."""
    marked: dict[int, Arrival] = {}
    for each in arrivals(evidence):
        if each.row.is_reminder and each.release is None:
            yield Violation("I6", (each.row.id,), "at the server without ever having been released")
        elif each.row.is_reminder and each.release:
            marked[each.release.number] = each
    answered = Answered()
    for link in evidence.log:
        answered.hear(link.event)
        if found := marked.get(link.number):
            for unit in sorted(unit for unit in found.tells if unit in answered):
                yield Violation("I6", (found.row.id, unit, str(link.number)), "told of after its answer")
