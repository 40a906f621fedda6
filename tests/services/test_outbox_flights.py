"""Several mails in one flight: each keeps every promise it has alone, whatever happens to the others."""

from collections.abc import Callable, Iterator, Sized
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from tests.builders import OPENS_AT, a_message, a_recipient, a_submission
from tests.fakes.mail import GREYLISTED, LOST, NO_USER, NOBODY_THERE, POLICY, FakePostman
from tests.services.conftest import HAMNEN, NORRBY, ROUND, House
from workflow.domain.letters import Letter
from workflow.domain.messages import LEASE, Message, MessageKind, MessageState
from workflow.ports import Channel, Database, Handover, Meanwhile, Outcome, Rendered, Work, nothing_else
from workflow.services import claims, outbox
from workflow.services.claims import BATCH
from workflow.services.mailroom import Mailroom, Tally

MINUTE = timedelta(minutes=1)


def stock(house: House, mails: int, **changes: object) -> list[str]:
    """So many units more, each with a mail that is due and no question of reminders."""
    ids = [f"{ROUND}.u{number:03}" for number in range(mails)]
    with house.db.begin() as work:
        work.submissions.add([a_submission(unit=id_.partition(".")[2], state="approved") for id_ in ids])
        work.recipients.add([a_recipient(id=f"r-{id_}", submission=id_) for id_ in ids], [])
        planned = [
            a_message(
                id=f"m-{id_}",
                submission=id_,
                recipient=f"r-{id_}",
                link="",
                kind=MessageKind.APPROVED,
                slot="",
                due_at=OPENS_AT,
                **changes,
            )
            for id_ in ids
        ]
        work.outbox.plan(planned)
    return [each.id for each in planned]


def states(house: House, ids: list[str]) -> list[MessageState]:
    with house.read() as work:
        return [work.outbox.get(id_).state for id_ in ids]


@dataclass
class Counting:
    """A database that counts its transactions, and says whether one is open."""

    inner: Database
    begun: int = 0
    depth: int = 0

    @contextmanager
    def begin(self, meanwhile: Meanwhile = nothing_else) -> Iterator[Work]:
        self.begun, self.depth = self.begun + 1, self.depth + 1
        try:
            with self.inner.begin(meanwhile) as work:
                yield work
        finally:
            self.depth -= 1

    def read(self) -> AbstractContextManager[Work]:
        return self.inner.read()


@pytest.fixture
def eight(house: House) -> list[str]:
    """Eight mails that are due, and nothing else."""
    house.open()
    with house.db.begin() as work:
        for each in work.outbox.list():
            work.outbox.change(each, each.skip("not in this test"))
    return stock(house, 8)


def with_connections(house: House, connections: int) -> Mailroom:
    return replace(house.mailroom, connections=connections)


@pytest.mark.parametrize(("connections", "exchanges", "looks"), [(1, 9, 1), (4, 3, 1), (50, 2, 2)])
def test_mails_share_their_commits_and_their_connections(
    house: House, eight: list[str], connections: int, exchanges: int, looks: int
) -> None:
    """What was heard and what goes next is written together; with connections to spare, more is looked for at once."""
    db = Counting(house.db)
    assert outbox.deliver(replace(with_connections(house, connections), db=db)) == Tally(sent=8)
    recover, claim = 1, 1
    assert db.begun == recover + claim + exchanges + looks
    assert house.postman.connected == min(connections, 8)
    assert states(house, eight) == [MessageState.SENT] * 8


def test_nothing_is_written_or_handed_over_inside_a_transaction(house: House, eight: list[str]) -> None:
    db = Counting(house.db)
    room = replace(with_connections(house, 4), db=db)
    depths = []

    class Watched:
        def render(self, letter: object) -> Rendered:
            depths.append(db.depth)
            return room.renderer.render(letter)  # type: ignore[arg-type]

    house.postman.before_marker = lambda: depths.append(db.depth)
    house.postman.before_reply = lambda: depths.append(db.depth)
    outbox.deliver(replace(room, renderer=Watched()))
    assert depths == [0] * 24


def test_a_marker_is_committed_before_its_dot_and_results_go_with_the_next_markers(
    house: House, eight: list[str]
) -> None:
    seen = []

    def look() -> None:
        found = states(house, eight)
        seen.append((found.count(MessageState.HANDING), found.count(MessageState.SENT), len(house.postman.taken)))

    house.postman.before_marker = house.postman.before_reply = look
    outbox.deliver(with_connections(house, 4))
    bodies, replies = [(0, 0, 0)] * 4, [(4, 0, 4)] * 4
    next_bodies, next_replies = [(4, 0, 4)] * 4, [(4, 4, 8)] * 4
    assert seen == bodies + replies + next_bodies + next_replies


@dataclass
class Loud:
    """A renderer that says when it writes, and can break."""

    room: Mailroom
    say: Callable[[], None]

    def render(self, letter: Letter) -> Rendered:
        self.say()
        return self.room.renderer.render(letter)


def loud(room: Mailroom, say: Callable[[], None]) -> Mailroom:
    return replace(room, renderer=Loud(room, say))


@pytest.mark.parametrize(
    ("at_once", "seen"),
    [(True, "wwwwrrrrwwwwrrrr"), (False, "wwwwwwwwrrrrrrrr")],
    ids=["answers at once", "thinks"],
)
def test_while_the_server_thinks_the_next_flight_is_written(
    house: House, eight: list[str], at_once: bool, seen: str
) -> None:
    order: list[str] = []
    house.postman.answers_at_once = at_once
    house.postman.before_reply = lambda: order.append("r")
    outbox.deliver(loud(with_connections(house, 4), lambda: order.append("w")))
    assert "".join(order) == seen
    assert states(house, eight) == [MessageState.SENT] * 8


def test_a_letter_that_breaks_while_mails_are_in_the_air_harms_none_of_them(house: House, eight: list[str]) -> None:
    begun = []

    def say() -> None:
        begun.append(len(house.postman.taken))
        if begun.count(4) in {1, 2} and begun[-1] == 4:  # ahead, and when its turn comes
            raise ValueError("a broken template")

    house.postman.answers_at_once = False
    outbox.deliver(loud(with_connections(house, 4), say))
    assert sorted(states(house, eight)) == [MessageState.FAILED] + [MessageState.SENT] * 7


def test_what_was_written_ahead_is_put_back_when_the_way_out_is_shut(house: House, eight: list[str]) -> None:
    house.postman.answers_at_once = False
    house.postman.script = [Outcome.ACCEPTED] * 4 + [NOBODY_THERE] * 4
    outbox.deliver(with_connections(house, 4))
    assert states(house, eight) == [MessageState.SENT] * 4 + [MessageState.PLANNED] * 4


@dataclass
class Locking:
    """A database that tells in which order each transaction locks units and mails."""

    inner: Database
    patch: pytest.MonkeyPatch
    orders: list[str] = field(default_factory=list)

    @contextmanager
    def begin(self, meanwhile: Meanwhile = nothing_else) -> Iterator[Work]:
        with self.inner.begin(meanwhile) as work, self.patch.context() as patch:
            self.orders.append("")
            for door, name in (
                (work.submissions, "several"),
                (work.submissions, "standings"),
                (work.outbox, "change_all"),
            ):
                patch.setattr(door, name, self._telling(getattr(door, name), "m" if name == "change_all" else "u"))
            yield work

    def _telling(self, call: Callable[..., object], letter: str) -> Callable[..., object]:
        def told(rows: Sized, **how: bool) -> object:
            if rows and (letter == "m" or how.get("lock")):
                self.orders[-1] += letter
            return call(rows, **how)

        return told

    def read(self) -> AbstractContextManager[Work]:
        return self.inner.read()


def test_units_are_locked_before_mails_also_when_a_way_out_that_is_shut_puts_some_back(
    house: House, eight: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever hands in holds the unit and wants its mails: the other way round each would wait for the other."""
    db = Locking(house.db, monkeypatch)
    house.postman.script = [replace(NO_USER, nobody=(a_message().to_email,)), POLICY]
    outbox.deliver(replace(house.mailroom, db=db))
    assert states(house, eight).count(MessageState.PLANNED) == 7
    assert "umm" in db.orders
    assert not any("mu" in order for order in db.orders)


def test_each_mail_of_a_flight_ends_in_its_own_way(house: House, eight: list[str]) -> None:
    house.postman.script = [Outcome.ACCEPTED, NO_USER, LOST, GREYLISTED]
    assert outbox.deliver(with_connections(house, 8)) == Tally(sent=5, other=3)
    assert states(house, eight) == ["sent", "failed", "unknown", "planned", "sent", "sent", "sent", "sent"]
    with house.read() as work:
        outcomes = [[each.outcome for each in work.outbox.attempts(id_)] for id_ in eight[:4]]
    assert outcomes == [["accepted"], ["refused"], ["unknown"], ["retry"]]


def test_one_that_was_taken_over_is_dropped_alone(house: House, eight: list[str]) -> None:
    done: list[bool] = []

    def meanwhile() -> None:
        if not done:
            done.append(True)
            with house.db.begin() as work:
                mine = work.outbox.get(eight[2])
                assert work.outbox.change(mine, mine.recover())

    house.postman.before_marker = meanwhile
    outbox.deliver(with_connections(house, 8))
    found = states(house, eight)
    assert found[2] is MessageState.SENT  # planned again by the recovery, claimed anew, sent once
    assert found == [MessageState.SENT] * 8
    assert len(house.postman.taken) == 8
    with house.read() as work:
        assert [each.outcome for each in work.outbox.attempts(eight[2])] == ["withdrawn", "accepted"]


def test_one_that_cannot_be_written_leaves_its_place_to_the_next(house: House, eight: list[str]) -> None:
    room = with_connections(house, 4)

    class Broken:
        turn = 0

        def render(self, letter: object) -> Rendered:
            self.turn += 1
            if self.turn in {1, 3}:
                raise KeyError("mall")
            return room.renderer.render(letter)  # type: ignore[arg-type]

    assert outbox.deliver(replace(room, renderer=Broken())) == Tally(sent=6)
    assert states(house, eight).count(MessageState.FAILED) == 2


def test_an_address_that_no_mail_can_carry_fails_alone(house: House, eight: list[str]) -> None:
    with house.db.begin() as work:
        bad = work.outbox.get(eight[0])
        work.outbox.change(bad, replace(bad, to_email="a@x.example, b@y.example"))
    assert outbox.deliver(with_connections(house, 4)) == Tally(sent=7)
    assert states(house, eight)[0] is MessageState.FAILED


def test_more_than_a_batch_goes_in_one_run(house: House, eight: list[str]) -> None:
    outbox.deliver(with_connections(house, 4))
    house.clock.at += MINUTE
    with house.db.begin() as work:
        work.outbox.plan(
            a_message(
                id=f"n-{number}",
                submission=f"{ROUND}.u000",
                recipient=f"r-{ROUND}.u000",
                link="",
                kind=MessageKind.APPROVED,
                slot=f"n-{number}",
            )
            for number in range(BATCH + 5)
        )
    house.clock.at = a_message().due_at
    assert outbox.deliver(with_connections(house, 50)).sent == BATCH + 5


@pytest.mark.parametrize(("connections", "looks"), [(2, 5), (1, 60)])
def test_while_one_reply_takes_long_a_free_connection_takes_what_has_become_due(
    house: House, eight: list[str], connections: int, looks: int
) -> None:
    """A look a second: at the first another mail becomes due; the reply comes when that has left, or after a minute."""
    outbox.deliver(house.mailroom)
    plan_approved(house, "slow")
    seconds = 0

    def has_answered() -> bool:
        nonlocal seconds
        if len(house.postman.taken) == 10:
            return True
        seconds += 1
        if seconds == 1:
            plan_approved(house, "next")
        return seconds == 60

    house.postman.answers_at_once = False
    house.postman.has_answered = has_answered
    assert outbox.deliver(replace(with_connections(house, connections), steady=lambda: seconds)) == Tally(sent=2)
    assert seconds == looks


def plan_approved(house: House, slot: str) -> None:
    unit = f"{ROUND}.u000"
    mail = a_message(id=slot, slot=slot, kind=MessageKind.APPROVED, submission=unit, recipient=f"r-{unit}", link="")
    with house.db.begin() as work:
        work.outbox.plan([replace(mail, due_at=house.clock.at)])


def test_what_waited_at_the_desk_until_its_lease_ran_out_is_claimed_anew_and_not_handed_over_in_vain(
    house: House, eight: list[str]
) -> None:
    """A relay that takes four minutes a mail, over one connection."""
    bodies = []

    def take_long() -> None:
        house.clock.at += 4 * MINUTE
        bodies.append(house.clock.at)

    house.postman.before_marker = take_long
    outbox.deliver(house.mailroom)
    assert states(house, eight) == [MessageState.SENT] * 8
    assert len(bodies) == 8 + 2  # two began within their leases and came to their markers after them


def test_a_process_that_is_to_end_hands_over_what_has_begun_and_puts_back_the_rest(
    house: House, eight: list[str]
) -> None:
    """A batch over a slow relay takes longer than whoever ends the process has patience."""
    bodies: list[str] = []
    house.postman.before_marker = lambda: bodies.append("one more")
    room = replace(with_connections(house, 2), is_ending=lambda: bool(bodies))
    assert outbox.deliver(room).sent == 2
    assert states(house, eight) == [MessageState.SENT] * 2 + [MessageState.PLANNED] * 6
    with house.db.read() as work:
        assert [work.outbox.get(id_).attempts for id_ in eight] == [1] * 2 + [0] * 6


def test_a_batch_that_waits_for_the_morning_does_not_hide_what_may_go_now(house: House, eight: list[str]) -> None:
    """A hundred reminders out of hours come first in the queue; what answers a person goes all the same."""
    reminders = [
        a_message(
            id=f"w-{number}",
            submission=NORRBY,
            recipient="r-x",
            link="",
            slot=f"w-{number}",
            due_at=OPENS_AT - MINUTE,
        )
        for number in range(BATCH)
    ]
    with house.db.begin() as work:
        work.recipients.add([a_recipient(id="r-x", submission=NORRBY)], [])
        work.outbox.plan(reminders)
    house.clock.at += timedelta(hours=14)  # 22:00
    assert outbox.deliver(with_connections(house, 4)) == Tally(sent=8)


# --- crashes ---------------------------------------------------------------------------------------------------------


class KilledError(BaseException):
    """Stands for the end of the process: nothing of ours runs after it but what a `finally` does."""


@dataclass
class Mortal:
    """A database whose n-th transaction kills, before its commit or after it."""

    inner: Database
    nth: int
    after_commit: bool
    begun: int = 0

    @contextmanager
    def begin(self, meanwhile: Meanwhile = nothing_else) -> Iterator[Work]:
        self.begun += 1
        dies = self.begun == self.nth
        with self.inner.begin(meanwhile) as work:
            yield work
            if dies and not self.after_commit:
                raise KilledError
        if dies:
            raise KilledError

    def read(self) -> AbstractContextManager[Work]:
        return self.inner.read()


@dataclass
class Death:
    """Where a process dies, what the ledger then holds of each mail, and how many the server has taken."""

    name: str
    kill: Callable[[Mailroom, FakePostman], Mailroom]
    left: MessageState
    at_sink: int
    in_the_end: MessageState
    taken: int = field(default=8)


def in_transaction(nth: int, *, after: bool) -> Callable[[Mailroom, FakePostman], Mailroom]:
    return lambda room, _: replace(room, db=Mortal(room.db, nth, after))


def _die() -> None:
    raise KilledError


def at_body(room: Mailroom, postman: FakePostman) -> Mailroom:
    postman.before_marker = _die
    return room


def at_reply(room: Mailroom, postman: FakePostman) -> Mailroom:
    postman.before_reply = _die
    return room


RECOVER, CLAIM, MARK, FINISH = 1, 2, 3, 4
DEATHS = [
    Death("in claim", in_transaction(CLAIM, after=False), MessageState.PLANNED, 0, MessageState.SENT),
    Death("after claim", in_transaction(CLAIM, after=True), MessageState.SENDING, 0, MessageState.SENT),
    Death("body sent", at_body, MessageState.SENDING, 0, MessageState.SENT),
    Death("in marker", in_transaction(MARK, after=False), MessageState.SENDING, 0, MessageState.SENT),
    Death("after marker", in_transaction(MARK, after=True), MessageState.HANDING, 0, MessageState.UNKNOWN, taken=0),
    Death("reply unread", at_reply, MessageState.HANDING, 8, MessageState.UNKNOWN),
    Death("in finish", in_transaction(FINISH, after=False), MessageState.HANDING, 8, MessageState.UNKNOWN),
    Death("after finish", in_transaction(FINISH, after=True), MessageState.SENT, 8, MessageState.SENT),
]


@pytest.mark.parametrize("death", DEATHS, ids=lambda each: each.name)
def test_whatever_dies_wherever_no_mail_goes_twice_and_none_is_lost_unseen(
    house: House, eight: list[str], death: Death
) -> None:
    with pytest.raises(KilledError):
        outbox.deliver(death.kill(with_connections(house, 8), house.postman))
    assert states(house, eight) == [death.left] * 8
    assert len(house.postman.taken) == death.at_sink
    house.postman.before_marker = house.postman.before_reply = lambda: None
    house.clock.at += LEASE + MINUTE
    outbox.deliver(with_connections(house, 8))
    assert states(house, eight) == [death.in_the_end] * 8
    assert len(house.postman.taken) == death.taken


# --- a database in trouble -------------------------------------------------------------------------------------------


class TroubledError(Exception):
    """Stands for a deadlock, a lock that was held for too long, a connection that was lost."""


@dataclass
class Troubled:
    """A database in which some transactions fail, by their number, before anything is written."""

    inner: Database
    fails: Callable[[int], bool]
    begun: int = 0

    @contextmanager
    def begin(self, meanwhile: Meanwhile = nothing_else) -> Iterator[Work]:
        self.begun += 1
        if self.fails(self.begun):
            raise TroubledError
        with self.inner.begin(meanwhile) as work:
            yield work

    def read(self) -> AbstractContextManager[Work]:
        return self.inner.read()


def test_a_claim_ahead_that_fails_lets_what_is_in_the_air_be_heard(
    house: House, eight: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "BATCH", 4)
    house.postman.answers_at_once = False
    ahead = MARK + 1
    room = replace(with_connections(house, 4), db=Troubled(house.db, lambda nth: nth == ahead))
    with pytest.raises(TroubledError):
        outbox.deliver(room)
    assert states(house, eight) == [MessageState.SENT] * 4 + [MessageState.PLANNED] * 4


RESULTS, ALONE, FIRST = FINISH, FINISH + 1, FINISH + 2  # with others' markers, by themselves, and the first marker then


def in_trouble(house: House, *fails: int, patience: int = 0) -> Mailroom:
    """Four connections; these transactions fail, and so many results' tries are waited out."""
    troubled = Troubled(house.db, lambda nth: nth in fails)
    return replace(with_connections(house, 4), db=troubled, waits_out=lambda _, tries: tries < patience)


def test_results_are_not_lost_because_others_cannot_be_marked(house: House, eight: list[str]) -> None:
    assert outbox.deliver(in_trouble(house, RESULTS)) == Tally(sent=8)
    assert states(house, eight) == [MessageState.SENT] * 8


def test_of_those_that_wait_for_their_markers_only_the_one_in_trouble_stays_behind(
    house: House, eight: list[str]
) -> None:
    assert outbox.deliver(in_trouble(house, RESULTS, FIRST)) == Tally(sent=7, other=1)
    assert sorted(states(house, eight)) == [MessageState.SENDING] + [MessageState.SENT] * 7
    house.clock.at += LEASE + MINUTE
    assert outbox.deliver(with_connections(house, 4)) == Tally(sent=1)
    assert len(house.postman.taken) == 8


def test_where_none_can_be_marked_the_run_ends_and_has_written_what_it_heard(house: House, eight: list[str]) -> None:
    with pytest.raises(TroubledError):
        outbox.deliver(in_trouble(house, RESULTS, *range(FIRST, FIRST + 8)))
    assert sorted(states(house, eight)) == [MessageState.SENDING] * 4 + [MessageState.SENT] * 4
    house.clock.at += LEASE + MINUTE
    assert outbox.deliver(with_connections(house, 4)) == Tally(sent=4)
    assert len(house.postman.taken) == 8


@pytest.mark.parametrize("patience", [0, 3])
def test_what_was_heard_is_written_as_soon_as_the_database_is_back(
    house: House, eight: list[str], patience: int
) -> None:
    room = in_trouble(house, RESULTS, *range(ALONE, ALONE + 3), patience=patience)
    if patience:
        assert outbox.deliver(room) == Tally(sent=8)
        assert states(house, eight) == [MessageState.SENT] * 8
        return
    with pytest.raises(TroubledError):
        outbox.deliver(room)
    assert sorted(states(house, eight)) == [MessageState.HANDING] * 4 + [MessageState.SENDING] * 4


def test_what_has_not_left_when_a_run_breaks_off_need_not_wait_for_its_lease(house: House, eight: list[str]) -> None:
    class Torn(FakePostman):
        @contextmanager
        def connect(self) -> Iterator[Channel]:
            if self.connected == 2:
                raise OSError("no more sockets")
            with super().connect() as channel:
                yield channel

    with pytest.raises(OSError, match="sockets"):
        outbox.deliver(replace(with_connections(house, 4), postman=Torn()))
    assert states(house, eight) == [MessageState.SENT] * 2 + [MessageState.SENDING] + [MessageState.PLANNED] * 5


# --- late proof ------------------------------------------------------------------------------------------------------


def taken_over(house: House, id_: str, *also: Callable[[Message], Message]) -> Callable[[], None]:
    """Somebody else's recovery, while this worker waits for the reply."""

    def meanwhile() -> None:
        house.postman.before_reply = lambda: None
        with house.db.begin() as work:
            for move in (lambda message: message.recover(), *also):
                stored = work.outbox.get(id_)
                assert work.outbox.change(stored, move(stored))

    return meanwhile


def data_of(house: House, kind: str) -> list[dict[str, str | int]]:
    with house.read() as work:
        return [dict(each.event.data) for each in work.log.all() if each.event.kind == kind]


def test_a_250_read_late_resolves_what_had_become_unknown(house: House, eight: list[str]) -> None:
    house.postman.before_reply = taken_over(house, eight[0])
    outbox.deliver(with_connections(house, 8))
    with house.read() as work:
        proved = work.outbox.get(eight[0])
        attempts = work.outbox.attempts(eight[0])
    assert (proved.state, proved.reply, proved.sent_at) == (MessageState.SENT, "250 2.0.0 Ok", OPENS_AT)
    assert [each.outcome for each in attempts] == ["accepted"]
    (told,) = data_of(house, "message.resolved")
    assert (told["code"], told["reply"]) == (250, "2.0.0 Ok")
    assert data_of(house, "message.stale_result") == []


@pytest.mark.parametrize(
    ("answer", "moves", "left"),
    [
        (LOST, (), MessageState.UNKNOWN),
        (Outcome.ACCEPTED, (lambda message: message.again(OPENS_AT + MINUTE, "kom inte"),), MessageState.PLANNED),
    ],
)
def test_any_other_late_result_is_only_logged(
    house: House,
    eight: list[str],
    answer: Outcome | Handover,
    moves: tuple[Callable[[Message], Message], ...],
    left: MessageState,
) -> None:
    house.postman.script = [answer]
    house.postman.before_reply = taken_over(house, eight[0], *moves)
    outbox.deliver(with_connections(house, 8))
    assert states(house, eight)[0] is left
    (told,) = data_of(house, "message.stale_result")
    assert told["code"] == (250 if answer is Outcome.ACCEPTED else 0)
    assert "reply" not in told


def test_the_marker_of_a_flight_reads_every_submission_again(opened: House) -> None:
    """One of two is handed in between body and dot: its dot is never sent, the other's is."""
    opened.answer(HAMNEN)

    def submit() -> None:
        if opened.submission(HAMNEN).is_owed:
            opened.submit(HAMNEN)

    opened.postman.before_marker = submit
    outbox.deliver(with_connections(opened, 4))
    assert (MessageKind.INVITATION, "open", MessageState.CANCELLED) in opened.mails(HAMNEN)
    assert opened.mails(NORRBY) == [(MessageKind.INVITATION, "open", MessageState.SENT)]
