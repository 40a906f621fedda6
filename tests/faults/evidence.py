"""Everything that can be known of a world: the database, the sink's truth, the event log, what people were told."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from tests.faults.sink import Dot, read_truth
from workflow.adapters.db.engine import make_engine
from workflow.adapters.db.tables import answers as answers_table
from workflow.adapters.db.tables import audit_head
from workflow.bootstrap import App
from workflow.domain.audit import Chained, Kept
from workflow.domain.messages import Message, MessageState
from workflow.domain.rounds import Round
from workflow.domain.submissions import Edition, Recipient, Submission
from workflow.ports import Work
from workflow.services.office_troubles import troubled_mails


@dataclass(frozen=True, slots=True)
class Violation:
    """`rule` is I1 to I11; `ids` say where to look."""

    rule: str
    ids: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"{self.rule} {self.text}: {', '.join(self.ids)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that can be known of a world, read once. `told` are the lines of the history.

    `listed` are the mails a coordinator is shown as not known to have arrived: on top of a round's page, or, when they
    are about no unit, in the daily mail.
    """

    now: datetime
    rounds: tuple[Round, ...]
    submissions: tuple[Submission, ...]
    recipients: Mapping[str, tuple[Recipient, ...]]
    messages: tuple[Message, ...]
    listed: frozenset[str]
    editions: Mapping[str, tuple[Edition, ...]]
    answers: Mapping[tuple[str, str], tuple[tuple[int, str], ...]]
    log: tuple[Chained, ...]
    head: tuple[int, str]
    kept: Kept
    dots: tuple[Dot, ...]
    told: tuple[Mapping[str, object], ...]

    def copies(self) -> Counter[str]:
        """How often each message id was kept by the sink."""
        return Counter(dot.message for dot in self.dots if dot.kept)

    def tellings(self) -> Counter[str]:
        """How often each row of the ledger was told of by a mail that was kept: its own, or the one it went with."""
        copies = self.copies()
        return Counter({each.id: copies[each.lead or each.id] for each in self.messages})

    def again(self) -> Counter[str]:
        """How often a person asked for a message to be sent again."""
        return Counter(link.event.message for link in self.log if link.event.kind == "message.again")

    def acts(self) -> Counter[str]:
        """What people did, by the kind of its event."""
        return Counter(link.event.kind for link in self.log if link.event.kind.startswith("submission."))


def gather(house: App, truth: Path, history: Path, now: datetime) -> Evidence:
    """Read it all in one snapshot of the database, and before it what lies beside it: that must be in the database."""
    dots, told, kept = read_truth(truth), _lines(history), house.anchors.read()
    with house.db.read() as work:
        rounds = work.rounds.all()
        submissions = tuple(each for round_ in rounds for each in work.submissions.of_round(round_.id))
        people = [each for round_ in rounds for each in work.recipients.of_round(round_.id)]
        return Evidence(
            now=now,
            rounds=rounds,
            submissions=submissions,
            recipients={
                each.id: tuple(person for person in people if person.submission == each.id) for each in submissions
            },
            messages=work.outbox.list(),
            listed=frozenset(_listed(work, rounds, now)),
            editions={each.id: work.editions.of(each.id) for each in submissions if each.edition},
            answers=_answers(house.settings.database_url),
            log=work.log.all(),
            head=_head(house.settings.database_url),
            kept=kept,
            dots=dots,
            told=told,
        )


def _listed(work: Work, rounds: Sequence[Round], now: datetime) -> Iterator[str]:
    for round_ in rounds:
        count, _ = work.standings.undelivered(round_.id, MessageState.UNKNOWN, limit=0)
        yield from (each.id for each in work.standings.undelivered(round_.id, MessageState.UNKNOWN, limit=count)[1])
    yield from (each.id for each in troubled_mails(work, now))


def _lines(path: Path) -> tuple[Mapping[str, object], ...]:
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    return tuple(json.loads(line) for line in lines if line.endswith(b"\n"))


def _answers(url: str) -> dict[tuple[str, str], tuple[tuple[int, str], ...]]:
    """Every version of every answer: the ports give only the newest."""
    engine = make_engine(url)
    with engine.begin() as connection:
        rows = connection.execute(select(answers_table).order_by(answers_table.c.version)).all()
    engine.dispose()
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for row in rows:
        found.setdefault((row.submission, row.question), []).append((row.version, row.text))
    return {key: tuple(versions) for key, versions in found.items()}


def _head(url: str) -> tuple[int, str]:
    engine = make_engine(url)
    with engine.begin() as connection:
        row = connection.execute(select(audit_head)).one()
    engine.dispose()
    return row.number, row.hash
