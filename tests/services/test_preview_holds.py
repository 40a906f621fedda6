"""What the preview says is what then happens, mail by mail, until somebody does something.

Random rounds (one, or two that overlap), policies and rosters (shared contacts, missing contacts, people who change in
the middle), and a random history of drafts, submissions, returns, extensions, hand-overs, outages and days on which
nothing leaves. After each event the preview is taken; the scheduler and the workers then run until the next one, and
every reminder that leaves or is left out in between must be the one that was foretold.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from shutil import copyfile
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import CLOSES_AT, DUE_AT, OPENS_AT, a_contact, a_period, a_policy, a_round, a_unit
from tests.conftest import empty_postgres
from tests.fakes.database import FakeDatabase
from tests.model.world import CALENDAR, Life, Postman, World
from tests.services.conftest import ROUND, MovingClock
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.db.engine import make_engine
from workflow.domain.errors import TertialError
from workflow.domain.forms import Answer
from workflow.domain.messages import REMINDERS, Message, MessageKind
from workflow.domain.people import Contact, Role, UnitKind
from workflow.domain.preview import PreviewedMail
from workflow.domain.reminders import Anchor, Audience, Condition, Policy, Step
from workflow.domain.rounds import Round, RoundState
from workflow.domain.submissions import Move
from workflow.ports import Database
from workflow.services import extensions, handover, outbox, reminders, rounds, submissions
from workflow.services.preview import preview_round

SECOND = "2027-T2"
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
    """Some leave in the middle of the round; somebody may come after them, at once or after a while."""
    people = []
    for unit in UNITS:
        for role in (Role.PRIMARY, Role.DEPUTY, Role.HEAD):
            if not draw(st.sampled_from([True, True, True, False])):
                continue
            leaves = draw(st.sampled_from([None, None, None, *range(1, 30)]))
            last = leaves and CALENDAR.local(OPENS_AT).date() + timedelta(days=leaves)
            people.append(a_contact(unit=unit, role=role, email=draw(st.sampled_from(PEOPLE)), valid_to=last))
            if last and (gap := draw(st.sampled_from([None, 1, 1, 4]))):
                first = last + timedelta(days=gap)
                email = draw(st.sampled_from(PEOPLE))
                people.append(a_contact(unit=unit, role=role, name="Nils Ny", email=email, valid_from=first))
    return people


@dataclass(frozen=True)
class Second:
    """A round beside the first: so many days later it opens, and is its last day."""

    opens: int
    due: int


seconds = st.one_of(st.none(), st.builds(Second, opens=st.integers(0, 20), due=st.integers(-2, 9)))

Told = tuple[datetime, str, str, str, tuple[str, ...], bool]
"""When, which submission, which slot, to whom, copies, and whether another row carries it."""

EVENT = st.tuples(
    st.sampled_from(
        [
            "draft",
            "hand_in",
            "give_back",
            "extend",
            "take_back",
            "hand_over",
            "bounce",
            "outage",
            "nothing_leaves",
            "nothing",
        ]
    ),
    st.integers(0, len(UNITS) - 1),
    st.integers(1, 12),
    st.sampled_from([time(3), time(7, 30), time(8), time(9, 45), time(12), time(22)]),
)
Event = tuple[str, int, int, time]


class Play:
    """One round, or two, played."""

    def __init__(self, db: Database, policy: Policy, people: list[Contact], second: Second | None = None) -> None:
        self.world = World(db, MovingClock(OPENS_AT))
        self.db, self.clock = db, self.world.clock
        with db.begin() as work:
            units = [a_unit(id=unit, name=unit, kind=kind) for unit, kind in zip(UNITS, KINDS, strict=True)]
            work.people.replace(units, people)
        due_at = {kind: DUE_AT + timedelta(days=number) for number, kind in enumerate(dict.fromkeys(KINDS))}
        self.round = a_round(policy=policy, due_at=due_at, state=RoundState.PLANNED, opened_at=None)
        rounds.plan_round(db, self.round, by="k", now=OPENS_AT)
        if second:
            later, opens = timedelta(days=second.due), timedelta(days=second.opens)
            other = replace(
                self.round,
                id=SECOND,
                period=a_period(code="T2"),
                opens_at=OPENS_AT + opens,
                due_at={kind: at + later for kind, at in due_at.items()},
                closes_at=CLOSES_AT + timedelta(days=3),
            )
            rounds.plan_round(db, other, by="k", now=OPENS_AT)

    @property
    def now(self) -> datetime:
        return self.clock.at

    def stored(self) -> tuple[Round, ...]:
        return rounds.all_rounds(self.db)

    def open(self) -> None:
        rounds.open_round(self.db, ROUND, secrets=self.world.secrets, calendar=CALENDAR, now=self.now)

    def tick(self, at: datetime, *, leaves: bool = True) -> None:
        self.clock.at = at
        rounds.open_due_rounds(self.db, secrets=self.world.secrets, calendar=CALENDAR, now=at)
        rounds.close_due_rounds(self.db, now=at)
        reminders.plan_due(self.db, secrets=self.world.secrets, calendar=CALENDAR, now=at)
        if leaves:
            outbox.deliver(self.world.mailroom(Postman(self.world.server, Life())))

    def instants(self, until: datetime) -> Iterator[datetime]:
        """Now, and every time of day that a policy, the window or a change of person knows."""
        yield self.now
        first, last = CALENDAR.local(self.now).date(), CALENDAR.local(until).date()
        for day in (first + timedelta(days=number) for number in range((last - first).days + 1)):
            for hour in (time(0), time(7), *HOURS):
                if self.now < (at := CALENDAR.at(day, hour)) < until:
                    yield at

    def do(self, what: str, unit: str, days: int) -> None:
        """What somebody does, if it is allowed just now."""
        id_ = f"{SECOND if days % 3 == 0 else ROUND}.{unit}"
        due_at = CALENDAR.at(CALENDAR.local(self.now).date() + timedelta(days=days), time(16))
        db, now, secrets = self.db, self.now, self.world.secrets
        deeds: dict[str, Callable[[], object]] = {
            "draft": lambda: self.write(id_, 1),
            "hand_in": lambda: self.hand_in(id_),
            "take_back": lambda: submissions.take_back(db, id_, by="r", secrets=secrets, now=now),
            "extend": lambda: extensions.extend(db, [id_], due_at, reason="Sjuk.", by="k", secrets=secrets, now=now),
            "bounce": lambda: self.bounce(PEOPLE[days % 4], mended=days > 7),
            "hand_over": lambda: self.hand_over(id_, days),
            "give_back": lambda: self.give_back(id_, due_at),
        }
        with suppress(TertialError):
            deeds.get(what, lambda: None)()

    def write(self, id_: str, number: int) -> None:
        for key in submissions.sheet(self.db, id_).questions.keys[:number]:
            version = submissions.sheet(self.db, id_).answers.get(key, Answer(question=key)).version
            answer = Answer(question=key, text="a", version=version)
            submissions.save_answers(self.db, id_, [answer], by="r", now=self.now)

    def hand_in(self, id_: str) -> None:
        self.write(id_, 99)
        submissions.submit(self.db, id_, by="r", secrets=self.world.secrets, calendar=CALENDAR, now=self.now)

    def give_back(self, id_: str, due_at: datetime) -> None:
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
            secrets=self.world.secrets,
            now=self.now,
        )

    def bounce(self, email: str, *, mended: bool) -> None:
        """Mail comes back from the address, or a coordinator says that it works again."""
        with self.db.begin() as work:
            if not mended:
                work.people.mark_undeliverable(email, self.now)
                return
            contacts = [replace(each, undeliverable_since=None) for each in work.people.contacts()]
            work.people.replace(work.people.units(), contacts)

    def hand_over(self, id_: str, days: int) -> None:
        role = (Role.PRIMARY, Role.DEPUTY, Role.HEAD)[days % 3 if days < 6 else 0]
        new = handover.Successor(name="Nils Ny", email=PEOPLE[days % 4], role=role)
        handover.hand_over(self.db, id_, new, by="k", secrets=self.world.secrets, calendar=CALENDAR, now=self.now)

    def seen(self) -> list[tuple[str, PreviewedMail]]:
        """The mails of all rounds, each with its submission."""
        return [
            (f"{each.id}.{mail.unit}", mail)
            for each in self.stored()
            for mail in preview_round(self.db, each, calendar=CALENDAR, now=self.now)
        ]

    def foretold(self, until: datetime) -> list[Told]:
        going = [(id_, each) for id_, each in self.seen() if each.kind in REMINDERS and self.now <= each.at < until]
        return sorted(
            (each.at, id_, each.slot, each.to_email, each.copies, bool(each.carried_by))
            for id_, each in going
            if each.state in {"expected", "planned"} and not each.suppressed
        )

    def foretold_reasons(self, until: datetime) -> set[tuple[str, str, str]]:
        return {(id_, each.slot, each.suppressed) for id_, each in self.seen() if each.suppressed and each.at < until}

    def rows(self) -> tuple[Message, ...]:
        with self.db.read() as work:
            return work.outbox.list(kinds=REMINDERS)

    def happened(self, since: datetime, until: datetime) -> list[Told]:
        return sorted(
            (each.sent_at, each.submission, each.slot, each.to_email, each.copies, bool(each.lead))
            for each in self.rows()
            if each.sent_at and since <= each.sent_at < until
        )

    def left_out(self) -> set[tuple[str, str, str]]:
        stopped = {"skipped", "cancelled"}
        return {(each.submission, each.slot, each.reason) for each in self.rows() if each.state in stopped}


def play(
    db: Database, policy: Policy, people: list[Contact], events: list[Event], second: Second | None = None
) -> None:
    game = Play(db, policy, people, second)
    game.open()
    for what, number, days, clock in [*events, ("nothing", 0, 60, time(12))]:
        day = CALENDAR.local(game.now).date() + timedelta(days=days)
        until = min(max(CALENDAR.at(day, clock), game.now + timedelta(minutes=1)), CLOSES_AT + timedelta(days=5))
        if what == "outage":
            game.clock.at = until
            continue
        game.do(what, UNITS[number], days)
        before, since = game.left_out(), game.now
        promised, reasons = game.foretold(until), game.foretold_reasons(until)
        for instant in list(game.instants(until)):
            game.tick(instant, leaves=what != "nothing_leaves")
        if what != "nothing_leaves":
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


@given(policies(), rosters(), st.lists(EVENT, max_size=5), seconds)
@effort(25)
@pytest.mark.timeout(180)
def test_in_memory(policy: Policy, people: list[Contact], events: list[Event], second: Second | None) -> None:
    play(FakeDatabase(), policy, people, events, second)


def test_all_that_waited_over_night_gives_way_whatever_round_it_is_of() -> None:
    """Found by chance: of two mails that gave way together, the preview let one go."""
    last_day, overdue = (
        Step(offset=0, at=time(8), mail=MessageKind.LAST_DAY),
        Step(offset=2, at=time(8), mail=MessageKind.OVERDUE, to=Audience.HEAD, every=5),
    )
    people = [
        a_contact(unit="hamnen", email="asa@x.example"),
        a_contact(unit="hamnen", email="bo@x.example", role=Role.HEAD),
    ]
    events: list[Event] = [("nothing", 0, 35, time(22)), ("outage", 0, 7, time(22))]
    play(FakeDatabase(), Policy(steps=(last_day, overdue)), people, events, Second(opens=2, due=6))


stories = st.tuples(policies(), rosters(), st.lists(EVENT, max_size=3), seconds)
Story = tuple[Policy, list[Contact], list[Event], Second | None]


@given(story=stories)
@effort(2)
@pytest.mark.timeout(180)
def test_on_sqlite(sqlite_template: Path, tmp_path: Path, story: Story) -> None:
    with on_sqlite(sqlite_template, tmp_path) as db:
        play(db, *story)


@given(story=stories)
@effort(2)
@pytest.mark.timeout(180)
@pytest.mark.postgres
def test_on_postgres(postgres_migrated: str, story: Story) -> None:
    empty_postgres(postgres_migrated)
    with closing(SqlDatabase(make_engine(postgres_migrated))) as db:
        play(db, *story)


def test_what_waits_over_a_change_of_person_is_foretold_to_the_one_who_takes_over(database: Database) -> None:
    """The reminder of the 20th at 17.30 leaves on the 21st, when Nils has come after Åsa and Bo after Cleo."""
    last, first = date(2027, 5, 20), date(2027, 5, 21)
    people = [
        a_contact(email="asa@x.example", valid_to=last),
        a_contact(name="Nils Ny", email="nils@x.example", valid_from=first),
        a_contact(role=Role.DEPUTY, email="cleo@x.example", valid_to=last),
        a_contact(role=Role.DEPUTY, name="Bo", email="bo@x.example", valid_from=first),
    ]
    step = Step(offset=-6, at=time(17, 30), mail=MessageKind.REMINDER, copies=(Role.DEPUTY,))
    game = Play(database, a_policy(steps=(step,)), people)
    game.open()
    evening, morning = CALENDAR.at(last, time(18, 30)), CALENDAR.at(first, time(7))
    game.tick(evening, leaves=False)
    promised = game.foretold(CLOSES_AT)
    assert [(at, slot, to, copies) for at, _, slot, to, copies, _ in promised] == [
        (morning, "T-6", "nils@x.example", ("Bo <bo@x.example>",))
    ]
    game.tick(morning)
    assert promised == game.happened(OPENS_AT, CLOSES_AT)


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
