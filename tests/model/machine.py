"""Everything people, processes, servers and clocks may do, in any order; after each step model and system agree."""

from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from datetime import datetime, time, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tasks.watch import ClockWatch
from tests.builders import OPENS_AT, a_contact, a_round, a_unit
from tests.fakes.anchors import FakeAnchors
from tests.fakes.database import FakeDatabase
from tests.fakes.documents import FakeDocuments
from tests.fakes.files import FakeFiles
from tests.model import truths
from tests.model.model import Unit
from tests.model.world import ANSWERS, CALENDAR, DEATHS, DiedError, Life, MortalDatabase, Postman, World
from tests.services.conftest import MovingClock
from workflow.domain.clockguard import JUMP
from workflow.domain.errors import TertialError
from workflow.domain.forms import Answer
from workflow.domain.messages import LEASE, MessageKind, MessageState, end_of_day
from workflow.domain.people import Role, UnitKind
from workflow.domain.reminders import Slot, slots
from workflow.domain.rounds import RoundState
from workflow.domain.submissions import Move
from workflow.ports import Database
from workflow.services import bundles, extensions, guard, holding, outbox, reminders, rounds, submissions
from workflow.services.audit import anchor_head

ROUND = "2027-T1"

ASA = {"norrby", "viken"}
NAMES = ("norrby", "hamnen", "viken", "tysta")
"""Åsa answers for Norrby and Viken: one person, however her address is written, whichever language it goes with."""

names = st.sampled_from(["norrby", "hamnen", "viken", "norrby", "hamnen", "viken", "tysta"])
deaths = st.sampled_from(["", "", "", "", "before", "after"])
due_days = st.integers(-2, 30)
fates = st.lists(st.sampled_from([*ANSWERS, *DEATHS]), max_size=4)
jumps = st.sampled_from(
    [
        *(-timedelta(seconds=20), -timedelta(seconds=90), -timedelta(minutes=9)),
        *(-timedelta(hours=3), -timedelta(days=1), -timedelta(days=30), timedelta(hours=3), timedelta(days=1)),
    ]
)
"""How far somebody sets the clock: back by so little that no guard may see it, or so far, either way, that it must."""
waits = st.sampled_from([timedelta(minutes=6), timedelta(minutes=20), timedelta(hours=5), timedelta(days=1)])
"""What others do while a mail is on its way: hand in, move a deadline, close, send, set the clock, or wait."""
deeds = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["submit", "excuse", "take_back"]), names),
        st.tuples(st.just("extend"), names),
        st.tuples(st.sampled_from(["close", "work", "hold", "release"]), st.just("")),
        st.tuples(st.just("wait"), waits),
        st.tuples(st.just("set_clock"), jumps),
    ),
    max_size=3,
)


DOUBTFUL = (MessageState.UNKNOWN, MessageState.FAILED)


class Machine(RuleBasedStateMachine):
    """In memory; another kind of database is a subclass's `make_database`."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.make_database(), MovingClock(OPENS_AT))
        self.db, self.clock = self.world.db, self.world.clock
        self.units: dict[str, Unit] = {}
        self.round = a_round(state=RoundState.PLANNED, opened_at=None)
        self.resent: dict[str, int] = {}
        self.left_in_doubt: set[str] = set()
        self.sound = True
        self.anchors = FakeAnchors()
        self.set_by, self.unseen, self.may_doubt = timedelta(), timedelta(), False
        self.watch = self._a_watch()

    def make_database(self) -> Database:
        """An empty one."""
        return FakeDatabase()

    @property
    def now(self) -> datetime:
        return self.clock.at

    def _a_watch(self) -> ClockWatch:
        """What a process looks at: the wall, and a clock that counts what was lived through."""
        return ClockWatch(self.db, self.clock, timedelta(seconds=30), steady=self._lived)

    def _lived(self) -> float:
        return (self.clock.at - self.set_by).timestamp()

    # --- the round ------------------------------------------------------------------------------------------------

    @initialize(death=deaths)
    def open(self, death: str) -> None:
        """Two schedulers open the round at once, and one of them may die of it."""
        kinds = (UnitKind.STADSDELSNAMND, UnitKind.BOLAG, UnitKind.FACKNAMND, UnitKind.FACKNAMND)
        roster = [a_unit(id=name, name=name, kind=kind) for name, kind in zip(NAMES, kinds, strict=True)]
        people = [
            a_contact(),
            a_contact(role=Role.DEPUTY, email="bo@norrby.example"),
            a_contact(unit="hamnen", email="cleo@hamnen.example"),
            a_contact(unit="viken", email="ASA.Pahittad@norrby.example", language="en"),
        ]
        with self.db.begin() as work:
            work.people.replace(roster, people)
        self.watch.tick()
        rounds.plan_round(self.db, self.round, by="k", now=self.now)
        dying = MortalDatabase(self.db, _life(death), meanwhile=[])
        try:
            self._open(dying)
        except DiedError:
            self._open(self.db)
        self._open(self.db)
        self._reload()
        for unit in roster:
            questions = self.round.form.asked(unit.kind, unit.id).keys
            made = Unit(unit.id != "tysta", tuple(questions), self.round.due_at[unit.kind], self.now)
            made.mail(MessageKind.INVITATION, "open")
            self.units[unit.id] = made

    def _open(self, db: Database) -> None:
        rounds.open_due_rounds(db, secrets=self.world.secrets, calendar=CALENDAR, now=self.now)

    @rule(death=deaths, doubled=st.booleans())
    def tick(self, death: str = "", doubled: bool = False) -> None:
        """What the scheduler asks for; a second one may be at it at the same moment."""
        if self._rests(self.watch.tick):
            return
        rounds.close_due_rounds(self.db, now=self.now)
        if self.now >= self.round.closes_at:
            self._model_closed()
        life = _life(death)
        busy = self._busy()
        others = [lambda: self._plan(self.db)] if doubled else []
        try:
            self._plan(MortalDatabase(self.db, life, meanwhile=others))
        except DiedError:
            if death == "before" and not doubled:
                return
        day_ends = end_of_day(CALENDAR, self.now)
        for name, unit in self.units.items() if self.round.state is RoundState.OPEN else ():
            unit.plan(self._slots(unit), self.now, day_ends if name in busy else self.now)

    def _busy(self) -> set[str]:
        """The units of those persons for whom a reminder waits, or is due and not in the ledger."""
        waiting = {
            each.submission.partition(".")[2] for each in self._messages(MessageState.PLANNED) if each.is_reminder
        }
        mine = waiting | {name for name, unit in self.units.items() if unit.lacks(self._slots(unit), self.now)}
        return mine | (ASA if mine & ASA else set())

    def _plan(self, db: Database) -> None:
        reminders.plan_due(db, secrets=self.world.secrets, calendar=CALENDAR, now=self.now)

    def _slots(self, unit: Unit) -> tuple[Slot, ...]:
        return slots(
            self.round.policy,
            due_at=unit.due_at,
            since=unit.due_set_at,
            until=self.round.closes_at,
            calendar=CALENDAR,
        )

    @rule()
    @precondition(lambda self: self.now > OPENS_AT + timedelta(days=20))
    def close(self) -> None:
        if self.round.state is RoundState.OPEN:
            rounds.close_round(self.db, ROUND, by="k", now=self.now)
            self._model_closed()

    @rule()
    def gather(self) -> None:
        if self._is_held():
            return
        bundles.gather_due(self.db, FakeDocuments(), FakeFiles(), now=self.now)
        self._reload()

    def _model_closed(self) -> None:
        if self.round.state is RoundState.OPEN:
            self._reload()
            assert self.round.closed_at is not None

    def _reload(self) -> None:
        with self.db.read() as work:
            self.round = work.rounds.get(ROUND)

    # --- people ---------------------------------------------------------------------------------------------------

    def _agree(self, name: str, change: Callable[[Unit], bool], do: Callable[[Database], object], death: str) -> None:
        """Model and system both do it, or both refuse; a death just before the commit undoes it all."""
        self.sound, before = False, deepcopy(self.units[name])
        allowed, done = change(self.units[name]), True
        try:
            do(MortalDatabase(self.db, _life(death)))
        except TertialError:
            done = False
        except DiedError:
            if death == "before":
                self.units[name] = before
        assert done == allowed, f"allowed by the model: {allowed}, done by the system: {done}"
        self.sound = True

    @rule(name=names, question=st.integers(0, 2), text=st.sampled_from("ab"), death=deaths)
    def save(self, name: str, question: int, text: str, death: str) -> None:
        keys = self.units[name].questions
        self._save(name, keys[question % len(keys)], text, death)

    @rule(name=names, text=st.sampled_from("ab"))
    def hand_in(self, name: str, text: str = "a") -> None:
        for key in self.units[name].questions:
            self._save(name, key, self.units[name].answers.get(key, text), "")
        self.submit(name)

    def _save(self, name: str, key: str, text: str, death: str) -> None:
        stored = submissions.sheet(self.db, _id(name)).answers.get(key, Answer(question=key))
        answer = Answer(question=key, text=text, version=stored.version)
        self._agree(
            name,
            lambda unit: unit.save(key, text),
            lambda db: submissions.save_answers(db, _id(name), [answer], by="r", now=self.now),
            death,
        )

    @rule(name=names, death=deaths)
    def submit(self, name: str, death: str = "") -> None:
        self._agree(
            name,
            lambda unit: unit.submit(self.now),
            lambda db: submissions.submit(
                db, _id(name), by="r", secrets=self.world.secrets, calendar=CALENDAR, now=self.now
            ),
            death,
        )

    @rule(name=names, death=deaths)
    def take_back(self, name: str, death: str = "") -> None:
        self._agree(
            name,
            lambda unit: unit.take_back(self.now),
            lambda db: submissions.take_back(db, _id(name), by="r", secrets=self.world.secrets, now=self.now),
            death,
        )

    @rule(name=names)
    def start_review(self, name: str) -> None:
        self._agree(
            name, Unit.start_review, lambda db: submissions.start_review(db, _id(name), by="k", now=self.now), ""
        )

    @rule(name=names, death=deaths, stale=st.sampled_from([False, False, True]))
    @precondition(lambda self: self._some("submitted"))
    def approve(self, name: str, death: str, stale: bool) -> None:
        """`stale`: somebody else has changed it since the page was shown."""
        version = self._version(name) - stale
        self._agree(
            name,
            lambda unit: not stale and unit.approve(),
            lambda db: submissions.approve(
                db, _id(name), version=version, by="k", secrets=self.world.secrets, now=self.now
            ),
            death,
        )

    @rule(
        name=names,
        move=st.sampled_from([Move.RETURN, Move.RETURN, Move.REOPEN]),
        all_=st.booleans(),
        days=due_days,
        death=deaths,
    )
    @precondition(lambda self: self._some("submitted", "approved"))
    def give_back(self, name: str, move: Move, all_: bool, days: int, death: str) -> None:
        due_at, version = self._day(days), self._version(name)
        comments = {} if all_ else {self.units[name].questions[0]: "Mer, tack."}
        self._agree(
            name,
            lambda unit: unit.give_back(move, due_at, self.now, set(comments)),
            lambda db: submissions.give_back(
                db,
                _id(name),
                version=version,
                reason="Läs igen.",
                comments=comments,
                due_at=due_at,
                by="k",
                secrets=self.world.secrets,
                now=self.now,
                move=move,
            ),
            death,
        )

    @rule(name=names, death=deaths)
    @precondition(lambda self: self.now > OPENS_AT + timedelta(days=25))
    def excuse(self, name: str, death: str = "") -> None:
        self._agree(
            name,
            Unit.excuse,
            lambda db: submissions.excuse(
                db, _id(name), reason="Ej berörd.", by="k", secrets=self.world.secrets, now=self.now
            ),
            death,
        )

    @rule(name=names, days=due_days, death=deaths)
    def extend(self, name: str, days: int = 9, death: str = "") -> None:
        due_at = self._day(days)
        self._agree(
            name,
            lambda unit: unit.extend(due_at, self.now),
            lambda db: extensions.extend(
                db, [_id(name)], due_at, reason="Sjuk.", by="k", secrets=self.world.secrets, now=self.now
            ),
            death,
        )

    def _some(self, *states: str) -> bool:
        return any(unit.state in states for unit in self.units.values())

    def _version(self, name: str) -> int:
        with self.db.read() as work:
            return work.submissions.get(_id(name)).version

    def _day(self, days: int) -> datetime:
        return CALENDAR.at(CALENDAR.local(self.now).date() + timedelta(days=days), time(16))

    # --- workers --------------------------------------------------------------------------------------------------

    @rule(
        ready=st.sampled_from([True, True, False]),
        script=fates,
        connections=st.integers(1, 3),
        dies_at=st.sampled_from([0, 0, 0, 1, 2, 3, 4, 5]),
        after=st.booleans(),
        before_marker=deeds,
        before_reply=deeds,
    )
    def work(
        self,
        *,
        ready: bool,
        script: list[str],
        connections: int,
        dies_at: int,
        after: bool,
        before_marker: list[tuple[str, object]],
        before_reply: list[tuple[str, object]],
    ) -> None:
        """A worker delivers; servers, crashes, and what everybody else does meanwhile, as it comes."""
        if ready:
            if self._is_held():
                self.trust(mended=False)
            self.tick()
            self.wait_for_the_window()
        life = Life(dies_at, after)
        postman = Postman(self.world.server, life, list(script))
        postman.before_marker = [lambda: self._do(before_marker)]
        postman.before_reply = [lambda: self._do(before_reply)]
        if self._is_held():
            return
        try:
            outbox.deliver(self.world.mailroom(postman, connections=connections, held=self._is_held))
        except DiedError:
            self.restart()

    def _do(self, todo: list[tuple[str, object]]) -> None:
        for deed, what in todo:
            match deed:
                case "submit" | "hand_in" | "excuse" | "take_back" | "extend":
                    getattr(self, deed)(what)
                case "work":
                    self.deliver()
                case "wait":
                    assert isinstance(what, timedelta)
                    self.clock.at += what
                case "set_clock":
                    assert isinstance(what, timedelta)
                    self.set_clock(what)
                case _:
                    getattr(self, deed)()

    @rule()
    def deliver(self) -> None:
        """A worker to which nothing happens leaves nothing behind that is out of time."""
        if self._is_held():
            return
        outbox.deliver(self.world.mailroom(Postman(self.world.server, Life()), held=self._is_held))
        with self.db.read() as work:
            assert work.outbox.expired(self.now, limit=1) == ()

    @rule(number=st.integers(0, 99))
    @precondition(lambda self: self._messages(*DOUBTFUL))
    def send_again(self, number: int) -> None:
        doubtful = self._messages(*DOUBTFUL)
        chosen = doubtful[number % len(doubtful)]
        try:
            mail = outbox.send_again(
                self.db, chosen.id, by="k", why="Hen har inte fått det.", calendar=CALENDAR, now=self.now
            ).id
        except outbox.NoOtherDayError:
            assert self._has_had_another(chosen), f"{chosen.key} may go today, and is refused"
            return
        self.resent[mail] = self.resent.get(mail, 0) + 1

    def _has_had_another(self, mail: truths.Message) -> bool:
        day = CALENDAR.local(CALENDAR.next_window(self.now)).date().isoformat()
        told = self._messages(MessageState.SENDING, MessageState.HANDING, MessageState.SENT, MessageState.UNKNOWN)
        return any(
            each.is_reminder and each.local_day == day and each.address == mail.address and each.id != mail.id
            for each in told
        )

    @rule(number=st.integers(0, 99), planned=st.sampled_from([False, False, False, True]))
    def skip(self, number: int, planned: bool) -> None:
        """A planned mail is not wanted, or a person is content to leave a doubtful one as it is."""
        found = self._messages(MessageState.PLANNED) if planned else self._messages(*DOUBTFUL)
        if found:
            chosen = found[number % len(found)]
            mail = outbox.skip(self.db, chosen.id, by="k", why="Behövs inte.", now=self.now).id
            self.left_in_doubt |= {mail} if chosen.state is MessageState.UNKNOWN else set()

    @rule(released=st.sampled_from([True, True, False]))
    def put_in_quarantine(self, released: bool) -> None:
        self.hold()
        if released:
            self.release()

    def hold(self) -> None:
        holding.hold_planned(self.db, why=holding.RESTORED, by="k", now=self.now)

    @rule()
    def release(self) -> None:
        holding.release_held(self.db, by="k", now=self.now)

    def _messages(self, *states: MessageState) -> list[truths.Message]:
        with self.db.read() as work:
            return list(work.outbox.list(states=states))

    # --- time -----------------------------------------------------------------------------------------------------

    @rule(gap=st.sampled_from([LEASE, timedelta(hours=1), timedelta(hours=5), timedelta(days=1), timedelta(days=4)]))
    def wait(self, gap: timedelta) -> None:
        self.clock.at += gap + timedelta(seconds=1)

    @rule()
    def wait_for_the_window(self) -> None:
        self.clock.at = CALENDAR.next_window(self.now)

    @rule(late=st.sampled_from([timedelta(), timedelta(minutes=7), timedelta(hours=9, minutes=50)]))
    def wait_for_a_reminder(self, late: timedelta) -> None:
        coming = [slot.send_at for unit in self.units.values() for slot in self._slots(unit) if slot.send_at > self.now]
        self.clock.at = min(coming, default=self.now) + late
        self.tick()

    # --- a clock that is not to be believed -----------------------------------------------------------------------

    @rule(by=jumps)
    def set_clock(self, by: timedelta) -> None:
        """Somebody sets the wall's clock. Steady time and the mail server know that nothing was lived through."""
        self.clock.at += by
        self.set_by += by
        self.world.server.house_is_off += by
        self.unseen += by
        self.may_doubt = True

    def _rests(self, look: Callable[[], bool]) -> bool:
        """What a process asks before each job. A jump that can be seen holds it; time that merely passes never does."""
        was_set, self.unseen = self.unseen, timedelta()
        rests = look()
        assert rests or abs(was_set) <= JUMP, f"the clock was set by {was_set}, and nobody noticed"
        assert self.may_doubt or not rests, "nobody has set the clock, and it is suspect"
        return rests

    def _is_held(self) -> bool:
        return self._rests(self.watch.suspect)

    @rule()
    def restart(self) -> None:
        """A process that is born after the jump has seen none; what it knows of time stands in the database."""
        self.watch, self.unseen = self._a_watch(), timedelta()
        self._is_held()

    @rule(mended=st.booleans())
    @precondition(lambda self: self.may_doubt)
    def trust(self, *, mended: bool) -> None:
        """A person compares the clock with another and says that it is right, having put it right or as it is."""
        if mended:
            self.set_clock(-self.world.server.house_is_off)
        self._is_held()
        with suppress(guard.NothingStandsError):
            guard.trust_clock(self.db, by="k", why="Jämförd med en annan.", now=self.now)
        self.world.server.house_is_off = timedelta()
        self.may_doubt = False

    @rule()
    def anchor(self) -> None:
        anchor_head(self.db, self.anchors, now=self.now)

    # --- what is true after every step ----------------------------------------------------------------------------

    @invariant()
    def all_is_true(self) -> None:
        if not self.units:
            return
        self.sound = False
        with self.db.read() as work:
            truths.ledger_is_what_is_owed(work, self.units)
            truths.units_are_as_the_model_says(work, self.units)
            truths.each_mail_arrived_as_the_ledger_says(work, self.world.server, self.resent, self.left_in_doubt)
            truths.one_reminder_a_day_in_working_hours(work, self.world.server)
            truths.mails_tell_of_what_went_with_them(work, self.world.server, self.resent)
            truths.nobody_is_told_of_who_has_answered(work, self.world.server)
            truths.nothing_is_handed_to_who_has_answered(work)
        truths.log_is_whole(self.db, self.anchors)
        self.sound = True

    def teardown(self) -> None:
        """Faults end; two working days later nothing is under way, and all that was due is accounted for."""
        if not self.units or not self.sound:
            return  # what is wrong already is the finding
        if self.may_doubt:
            self.trust(mended=False)
        self.release()
        for _ in range(10):
            self.clock.at = CALENDAR.next_window(self.now + timedelta(hours=3))
            self.deliver()
        with self.db.read() as work:
            truths.nothing_is_left_lying(work, self.now)
        self.all_is_true()


def _life(death: str) -> Life:
    return Life(dies_at=1 if death else 0, after=death == "after")


def _id(name: str) -> str:
    return f"{ROUND}.{name}"
