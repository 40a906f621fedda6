"""What the preview says is what then happens, mail by mail, until somebody does something.

Random rounds, policies and rosters (shared contacts, missing contacts), and a random history of drafts, submissions,
returns, extensions and outages. After each event the preview is taken; the scheduler and the workers then run until
the next one, and every reminder that leaves or is left out in between must be the one that was foretold.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from shutil import copyfile
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import CLOSES_AT, DUE_AT, OPENS_AT, a_contact, a_policy, a_round, a_unit
from tests.fakes.database import FakeDatabase
from tests.model.world import CALENDAR, Life, Postman, World
from tests.services.conftest import ROUND, MovingClock
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.db.engine import make_engine
from workflow.domain.errors import TertialError
from workflow.domain.forms import Answer
from workflow.domain.messages import REMINDERS, MessageKind
from workflow.domain.people import Contact, Role, UnitKind
from workflow.domain.reminders import Anchor, Audience, Condition, Policy, Step
from workflow.domain.rounds import Round, RoundState
from workflow.domain.submissions import Move
from workflow.ports import Database
from workflow.services import extensions, outbox, reminders, rounds, submissions
from workflow.services.preview import preview_round

UNITS = ("norrby", "osby", "vinge", "hamnen")
KINDS = (UnitKind.STADSDELSNAMND, UnitKind.STADSDELSNAMND, UnitKind.FACKNAMND, UnitKind.BOLAG)
PEOPLE = ("asa@x.example", "ASA@x.example", "bo@x.example", "cleo@x.example")

HOURS = (time(8), time(9), time(10), time(17, 30))
hours = st.sampled_from(HOURS)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Each occasion at most once; some only for one state, some counted from the opening, some to the head."""
    steps = [
        Step(
            offset=offset,
            at=draw(hours),
            mail=MessageKind.REMINDER if offset < 0 else MessageKind.OVERDUE if offset else MessageKind.LAST_DAY,
            copies=(Role.DEPUTY,) if offset > 0 else (),
            condition=draw(st.sampled_from([Condition.ANY, Condition.ANY, Condition.DRAFT])),
            every=draw(st.sampled_from([0, 0, 4])) if offset > 0 else 0,
        )
        for offset in draw(st.lists(st.integers(-8, 6), min_size=1, max_size=6, unique=True))
    ]
    if draw(st.booleans()):
        steps.append(Step(anchor=Anchor.OPENED, offset=3, at=draw(hours), mail=MessageKind.REMINDER))
    if draw(st.booleans()):
        steps.append(Step(offset=2, at=draw(hours), mail=MessageKind.OVERDUE, to=Audience.HEAD, every=5))
    return a_policy(steps=tuple(sorted(steps, key=lambda step: step.offset)))


@st.composite
def rosters(draw: st.DrawFn) -> list[Contact]:
    return [
        a_contact(unit=unit, role=role, email=draw(st.sampled_from(PEOPLE)))
        for unit in UNITS
        for role in (Role.PRIMARY, Role.DEPUTY, Role.HEAD)
        if draw(st.sampled_from([True, True, True, False]))
    ]


Told = tuple[datetime, str, str, str, tuple[str, ...], bool]
"""When, which unit, which slot, to whom, copies, and whether another row carries it."""

EVENT = st.tuples(
    st.sampled_from(["draft", "hand_in", "give_back", "extend", "take_back", "outage", "nothing"]),
    st.integers(0, len(UNITS) - 1),
    st.integers(1, 12),
    st.sampled_from([time(3), time(7, 30), time(8), time(9, 45), time(12), time(22)]),
)


class Play:
    """One round, played."""

    def __init__(self, db: Database, policy: Policy, people: list[Contact]) -> None:
        self.world = World(db, MovingClock(OPENS_AT))
        self.db, self.clock = db, self.world.clock
        with db.begin() as work:
            units = [a_unit(id=unit, name=unit, kind=kind) for unit, kind in zip(UNITS, KINDS, strict=True)]
            work.people.replace(units, people)
        due_at = {kind: DUE_AT + timedelta(days=number) for number, kind in enumerate(dict.fromkeys(KINDS))}
        self.round = a_round(policy=policy, due_at=due_at, state=RoundState.PLANNED, opened_at=None)
        rounds.plan_round(db, self.round, by="k", now=OPENS_AT)

    @property
    def now(self) -> datetime:
        return self.clock.at

    def stored(self) -> Round:
        return rounds.find_round(self.db, ROUND)

    def open(self) -> None:
        rounds.open_round(self.db, ROUND, secrets=self.world.secrets, calendar=CALENDAR, now=self.now)

    def tick(self, at: datetime) -> None:
        self.clock.at = at
        rounds.close_due_rounds(self.db, now=at)
        reminders.plan_due(self.db, secrets=self.world.secrets, calendar=CALENDAR, now=at)
        outbox.deliver(self.world.mailroom(Postman(self.world.server, Life())))

    def instants(self, until: datetime) -> Iterator[datetime]:
        """Now, and every time of day that a policy or the window knows."""
        yield self.now
        first, last = CALENDAR.local(self.now).date(), CALENDAR.local(until).date()
        for day in (first + timedelta(days=number) for number in range((last - first).days + 1)):
            for hour in (time(7), *HOURS):
                if self.now < (at := CALENDAR.at(day, hour)) < until:
                    yield at

    def do(self, what: str, unit: str, days: int) -> None:
        id_ = f"{ROUND}.{unit}"
        due_at = CALENDAR.at(CALENDAR.local(self.now).date() + timedelta(days=days), time(16))
        secrets = self.world.secrets
        try:
            if what in {"draft", "hand_in"}:
                keys = submissions.sheet(self.db, id_).questions.keys
                for key in keys if what == "hand_in" else keys[:1]:
                    version = submissions.sheet(self.db, id_).answers.get(key, Answer(question=key)).version
                    answer = Answer(question=key, text="a", version=version)
                    submissions.save_answers(self.db, id_, [answer], by="r", now=self.now)
            if what == "hand_in":
                submissions.submit(self.db, id_, by="r", secrets=self.world.secrets, calendar=CALENDAR, now=self.now)
            if what == "take_back":
                submissions.take_back(self.db, id_, by="r", now=self.now)
            if what == "extend":
                extensions.extend(self.db, [id_], due_at, reason="Sjuk.", by="k", secrets=secrets, now=self.now)
            if what == "give_back":
                with self.db.read() as work:
                    version = work.submissions.get(id_).version
                submissions.give_back(
                    self.db,
                    id_,
                    version=version,
                    reason="Mer.",
                    comments={},
                    due_at=due_at,
                    move=Move.RETURN,
                    by="k",
                    secrets=secrets,
                    now=self.now,
                )
        except TertialError:
            return  # not allowed just now: nothing has happened

    def foretold(self, until: datetime) -> list[Told]:
        found = preview_round(self.db, self.stored(), calendar=CALENDAR, now=self.now)
        going = [each for each in found if each.kind in REMINDERS and self.now <= each.at < until]
        return sorted(
            (each.at, each.unit, each.slot, each.to_email, each.copies, bool(each.carried_by))
            for each in going
            if each.state in {"expected", "planned"} and not each.suppressed
        )

    def foretold_reasons(self, until: datetime) -> set[tuple[str, str, str]]:
        found = preview_round(self.db, self.stored(), calendar=CALENDAR, now=self.now)
        return {(each.unit, each.slot, each.suppressed) for each in found if each.suppressed and each.at < until}

    def happened(self, since: datetime, until: datetime) -> list[Told]:
        with self.db.read() as work:
            rows = work.outbox.list(round_id=ROUND, kinds=REMINDERS)
        return sorted(
            (each.sent_at, each.submission.rpartition(".")[2], each.slot, each.to_email, each.copies, bool(each.lead))
            for each in rows
            if each.sent_at and since <= each.sent_at < until
        )

    def left_out(self) -> set[tuple[str, str, str]]:
        with self.db.read() as work:
            rows = work.outbox.list(round_id=ROUND, kinds=REMINDERS)
        stopped = {"skipped", "cancelled"}
        return {(each.submission.rpartition(".")[2], each.slot, each.reason) for each in rows if each.state in stopped}


def play(db: Database, policy: Policy, people: list[Contact], events: list[tuple[str, int, int, time]]) -> None:
    game = Play(db, policy, people)
    game.open()
    for what, number, days, clock in [*events, ("nothing", 0, 60, time(12))]:
        day = CALENDAR.local(game.now).date() + timedelta(days=days)
        until = min(max(CALENDAR.at(day, clock), game.now + timedelta(minutes=1)), CLOSES_AT + timedelta(days=2))
        if what == "outage":
            game.clock.at = until
            continue
        game.do(what, UNITS[number], days)
        before, since = game.left_out(), game.now
        promised, reasons = game.foretold(until), game.foretold_reasons(until)
        for instant in list(game.instants(until)):
            game.tick(instant)
        assert promised == game.happened(since, until)
        assert game.left_out() - before <= reasons
        game.clock.at = until


@contextmanager
def on_sqlite(template: Path, folder: Path) -> Iterator[Database]:
    file = folder / f"{uuid4().hex}.sqlite"
    copyfile(template, file)
    db = SqlDatabase(make_engine(f"sqlite:///{file}"))
    try:
        yield db
    finally:
        db.close()


def effort(runs: int) -> settings:
    return settings(max_examples=runs, deadline=None, suppress_health_check=list(HealthCheck))


@given(policies(), rosters(), st.lists(EVENT, max_size=5))
@effort(25)
@pytest.mark.timeout(180)
def test_in_memory(policy: Policy, people: list[Contact], events: list[tuple[str, int, int, time]]) -> None:
    play(FakeDatabase(), policy, people, events)


@given(policies=policies(), people=rosters(), events=st.lists(EVENT, max_size=3))
@effort(2)
@pytest.mark.timeout(180)
def test_on_sqlite(
    sqlite_template: Path,
    tmp_path: Path,
    policies: Policy,
    people: list[Contact],
    events: list[tuple[str, int, int, time]],
) -> None:
    with on_sqlite(sqlite_template, tmp_path) as db:
        play(db, policies, people, events)


def test_before_the_round_opens(database: Database) -> None:
    """On each of the databases: what is foretold of a planned round is what is sent once it has opened."""
    people = [a_contact(unit=unit, email=email) for unit, email in zip(UNITS, PEOPLE, strict=True)]
    game = Play(database, replace(a_policy()), people)
    promised = game.foretold(CLOSES_AT)
    game.open()
    for at in sorted({each[0] for each in promised}):
        game.tick(at)
    assert promised == game.happened(OPENS_AT, CLOSES_AT)
    assert any(each[-1] for each in promised)
