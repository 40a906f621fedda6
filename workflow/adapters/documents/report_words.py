"""The sentences of the gathered report: what came in, what is missing, what was late, and how each unit stands."""

from collections.abc import Iterable, Iterator, Sequence
from types import MappingProxyType
from zoneinfo import ZoneInfo

from workflow.domain.bundles import Bundle, BundleQuestion, Entry, UnitStatus
from workflow.domain.calendar import local_time
from workflow.domain.datewords import at_start, day, due_moment, moment, working_days
from workflow.domain.people import UnitKind
from workflow.domain.submissions import State

SWEDISH = "sv"

STATES = MappingProxyType(
    {
        State.NOT_STARTED: "Ej påbörjad",
        State.DRAFT: "Utkast",
        State.SUBMITTED: "Inlämnad",
        State.RETURNED: "Returnerad",
        State.APPROVED: "Godkänd",
        State.EXCUSED: "Undantagen",
    },
)
_KINDS = MappingProxyType(
    {
        UnitKind.KOMMUNSTYRELSE: "kommunstyrelsen",
        UnitKind.FACKNAMND: "facknämnder",
        UnitKind.STADSDELSNAMND: "stadsdelsnämnder",
        UnitKind.BOLAG: "bolag",
        UnitKind.INTRESSEBOLAG: "intressebolag",
        UnitKind.STIFTELSE: "stiftelser",
        UnitKind.KOMMUNALFORBUND: "kommunalförbund",
    },
)


def edition(bundle: Bundle, zone: ZoneInfo) -> str:
    """`Utgåva 1, med det som kommit in till och med fredag 11 juni 2027 kl. 16.00`."""
    name = "Utkast" if bundle.is_draft else f"Utgåva {bundle.edition}"
    return f"{name}, med det som hänt till och med {moment(bundle.as_of, SWEDISH, zone)}"


def overview(bundle: Bundle) -> Iterator[str]:
    """Tell in sentences how many have answered, and name those who are missing, late or exempt."""
    excused = tuple(unit for unit in bundle.units if _is_excused(unit))
    handed_in = sum(1 for unit in bundle.units if unit.edition)
    count = len(bundle.units)
    units = "nämnd eller bolag" if count == 1 else "nämnder och bolag"
    parts = [f"{handed_in} har lämnat in", f"{len(bundle.missing)} har inte lämnat in"]
    if excused:
        parts.append(f"{len(excused)} är {'undantagen' if len(excused) == 1 else 'undantagna'}")
    yield f"{count} {units} ingår. {listed(parts)}."
    if bundle.missing:
        yield f"Har inte lämnat in: {listed(unit.name for unit in bundle.missing)}."
    if bundle.late:
        late = (f"{unit.name} ({working_days(unit.late_days, SWEDISH)})" for unit in bundle.late)
        yield f"Kom in efter sista dag: {listed(late)}."
    if excused:
        yield f"Undantagna från omgången: {listed(unit.name for unit in excused)}."


def asked(question: BundleQuestion) -> str:
    """Count who was asked: `11 fick frågan. 9 har svarat och 2 har inte lämnat in. 1 svar kom in efter sista dag.`."""
    entries = question.entries
    given = [entry.answer for entry in entries if entry.answer is not None and entry.answer.is_complete]
    not_applicable = sum(1 for answer in given if answer.not_applicable)
    missing = sum(1 for entry in entries if not entry.status.edition and not _is_excused(entry.status))
    excused = sum(1 for entry in entries if not entry.status.edition and _is_excused(entry.status))
    late = sum(1 for entry in entries if entry.status.late_days)
    counts = (
        (len(given) - not_applicable, "har svarat"),
        (not_applicable, "anger ej aktuellt"),
        (missing, "har inte lämnat in"),
        (excused, "är undantagen" if excused == 1 else "är undantagna"),
    )
    parts = [f"{count} {words}" for count, words in counts if count]
    sentences = [f"{len(entries)} fick frågan", listed(parts), f"{late} svar kom in efter sista dag" if late else ""]
    return " ".join(f"{sentence}." for sentence in sentences if sentence)


def other_wordings(question: BundleQuestion) -> Iterator[str]:
    """Say once for each wording of its own who was asked in it."""
    kinds: dict[str, dict[str, None]] = {}
    for entry in question.entries:
        if entry.text != question.text:
            kinds.setdefault(entry.text, {})[entry.status.kind] = None
    for text, found in kinds.items():
        names = listed(_KINDS[UnitKind(kind)] for kind in found)
        yield f"{at_start(names)} fick frågan så här: {text}"


def came_in(status: UnitStatus, bundle: Bundle, zone: ZoneInfo) -> tuple[str, str]:
    """Say beside a unit's name when its answer came: the plain words, and those that stand out (late, missing)."""
    if status.received_at is None or not status.edition:
        return ("Undantagen", "") if _is_excused(status) else ("", "Saknas")
    received = local_time(status.received_at, zone)
    words = day(received.date(), SWEDISH, year=received.year != local_time(bundle.as_of, zone).year)
    words += _newer(status, zone)
    if status.late_days:
        return at_start(words), f"Kom in {working_days(status.late_days, SWEDISH)} efter sista dag"
    return f"Kom in {words}", ""


def _newer(status: UnitStatus, zone: ZoneInfo) -> str:
    """Say when the text that is shown came in, where it is not the first one."""
    if status.edition == 1 or status.edition_received_at is None:
        return ""
    received = day(local_time(status.edition_received_at, zone).date(), SWEDISH)
    late = f", {working_days(status.edition_late_days, SWEDISH)} sent" if status.edition_late_days else ""
    return f". Version {status.edition} kom in {received}{late}"


def no_answer(entry: Entry, bundle: Bundle, zone: ZoneInfo) -> tuple[str, str]:
    """Say why there is no answer: the words that stand out, and the rest."""
    status = entry.status
    if status.edition:
        return "", "Inget svar på frågan."
    if _is_excused(status):
        return "", "Undantagen från omgången."
    tense = "är" if status.due_at > bundle.as_of else "var"
    return "Har inte lämnat in.", f" Sista dag {tense} {due_moment(status.due_at, SWEDISH, zone)}."


def listed(words: Iterable[str]) -> str:
    """`a, b och c`."""
    every: Sequence[str] = tuple(words)
    return " och ".join(part for part in (", ".join(every[:-1]), "".join(every[-1:])) if part)


def _is_excused(status: UnitStatus) -> bool:
    return status.state == State.EXCUSED
