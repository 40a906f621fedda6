"""The gathered report as a value: focus area → question → unit, with missing, late and not applicable explicit."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from unicodedata import normalize

from workflow.domain.forms import Answer
from workflow.domain.people import sort_key
from workflow.domain.rounds import Round
from workflow.domain.submissions import Edition, State, Submission

FILES = "bilagor"
"""The folder of the ZIP in which attachments lie, a folder for each unit."""

_LONGEST = 40
_OTHERS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFile:
    """An attachment in the report: the unit's own name for it, and its place in the ZIP (plain ASCII)."""

    name: str
    path: str
    kind: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitStatus:
    """How one unit stands in the report. `edition` 0 means nothing has been handed in.

    `files` are the attachments of the edition shown.
    `received_at` and `late_days` are those of the first edition, the legal moment; `edition_…` those of the text shown.
    """

    unit: str
    name: str
    kind: str
    state: str
    edition: int
    received_at: datetime | None
    late_days: int
    due_at: datetime
    sha256: str
    diary_number: str
    edition_received_at: datetime | None = None
    edition_late_days: int = 0
    files: tuple[BundleFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One unit under one question; `answer` is None where nothing has been handed in."""

    status: UnitStatus
    text: str
    answer: Answer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleQuestion:
    """A question with every unit that was asked it, in Swedish order. `text` is the commonest wording."""

    key: str
    number: str
    label: str
    text: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleArea:
    key: str
    number: int
    title: str
    questions: tuple[BundleQuestion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Everything the report says; `edition` 0 is a draft edition.

    `as_of` is the last thing that happened to its content, never the time of gathering: identical input gives
    identical bytes.
    """

    round: str
    title: str
    form_title: str
    form_id: str
    form_version: str
    period_start: date
    period_end: date
    edition: int
    as_of: datetime
    areas: tuple[BundleArea, ...]
    units: tuple[UnitStatus, ...]

    @property
    def is_draft(self) -> bool:
        return self.edition == 0

    @property
    def missing(self) -> tuple[UnitStatus, ...]:
        return tuple(unit for unit in self.units if unit.edition == 0 and unit.state != State.EXCUSED)

    @property
    def with_files(self) -> tuple[UnitStatus, ...]:
        return tuple(unit for unit in self.units if unit.files)

    @property
    def late(self) -> tuple[UnitStatus, ...]:
        return tuple(unit for unit in self.units if unit.late_days > 0 and unit.state != State.EXCUSED)


def compose_bundle(
    round_: Round,
    submissions: Sequence[Submission],
    editions: Mapping[str, Edition],
    *,
    edition: int,
) -> Bundle:
    """Fold the handed-in editions (latest per submission id) into the report.

    Drafts cannot come in: they are not among the arguments.
    """
    ordered = sorted(submissions, key=lambda each: sort_key(each.unit_name))
    statuses = {each.id: _status(each, editions.get(each.id)) for each in ordered}
    areas = []
    for area in round_.form.areas:
        questions = []
        for number, question in area.numbered:
            asked = [each for each in ordered if question.asked_of(each.kind, each.unit)]
            entries = tuple(
                Entry(
                    status=statuses[each.id],
                    text=question.text_for(each.kind),
                    answer=editions[each.id].answers.get(question.key) if each.id in editions else None,
                )
                for each in asked
            )
            if entries:
                questions.append(
                    BundleQuestion(
                        key=question.key,
                        number=number,
                        label=question.label,
                        text=question.texts[""],
                        entries=entries,
                    ),
                )
        areas.append(BundleArea(key=area.key, number=area.number, title=area.title, questions=tuple(questions)))
    start, end = round_.span
    return Bundle(
        round=round_.id,
        title=round_.title("sv"),
        form_title=round_.form.title,
        form_id=round_.form.id,
        form_version=round_.form.version,
        period_start=start,
        period_end=end,
        edition=edition,
        as_of=_last_change(round_, ordered),
        areas=tuple(areas),
        units=tuple(statuses.values()),
    )


def _status(submission: Submission, edition: Edition | None) -> UnitStatus:
    return UnitStatus(
        unit=submission.unit,
        name=submission.unit_name,
        kind=submission.kind,
        state=submission.state,
        edition=edition.number if edition else 0,
        received_at=submission.received_at,
        late_days=submission.late_days,
        due_at=submission.due_at,
        sha256=edition.sha256 if edition else "",
        diary_number=submission.diary_number,
        edition_received_at=edition.received_at if edition else None,
        edition_late_days=edition.late_days if edition else 0,
        files=_files(submission.unit, edition) if edition else (),
    )


def _files(unit: str, edition: Edition) -> tuple[BundleFile, ...]:
    return tuple(
        BundleFile(
            name=file.name,
            path=f"{FILES}/{unit}/{place:02}-{_plain(file.name.rpartition('.')[0])}.{file.kind}",
            kind=file.kind,
            sha256=file.sha256,
            size=file.size,
        )
        for place, file in enumerate(edition.files, start=1)
    )


def _plain(words: str) -> str:
    """Letters and digits that every program and archive can hold, at most 40: Årsrapport 2 → arsrapport-2."""
    letters = normalize("NFKD", words.casefold()).encode("ascii", "ignore").decode()
    return _OTHERS.sub("-", letters)[:_LONGEST].strip("-") or "bilaga"


def _last_change(round_: Round, submissions: Sequence[Submission]) -> datetime:
    moments = [round_.opens_at, round_.opened_at, round_.closed_at]
    for each in submissions:
        moments += [each.handed_in_at, each.decided_at]
    return max(moment for moment in moments if moment is not None)
