"""What several processes do to one database at the same moment; each function runs in a process of its own."""

from collections.abc import Callable
from dataclasses import replace
from multiprocessing import get_context
from queue import Empty
from typing import Any

from tests.builders import NOW, a_contact, a_message, an_answer, an_event
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.db.engine import make_engine
from workflow.domain.channel import Rate
from workflow.domain.errors import AnswerClashError, StaleWriteError
from workflow.domain.messages import Message, MessageState

RACERS = 10
_START_SECONDS = 30
_RACE_SECONDS = 100

Race = Callable[[SqlDatabase, int], Any]


class RaceFailedError(Exception):
    """One of the racers came back with an error, or not at all."""


def race(run: Race, url: str) -> list[Any]:
    """Let RACERS processes loose on the database at once; gives what each brought back."""
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    results, line = context.Queue(), context.Barrier(RACERS)
    processes = [context.Process(target=_run, args=(run, url, lane, line, results)) for lane in range(RACERS)]
    for process in processes:
        process.start()
    try:
        brought = [results.get(timeout=_RACE_SECONDS) for _ in processes]
    except Empty as silence:
        raise RaceFailedError("a racer never came back") from silence
    finally:
        for process in processes:
            process.join(_START_SECONDS)
            process.kill()
    failed = [each for each in brought if isinstance(each, str)]
    if failed:
        raise RaceFailedError(failed)
    return brought


def _run(run: Race, url: str, lane: int, line: Any, results: Any) -> None:
    database = SqlDatabase(make_engine(url))
    try:
        line.wait(_START_SECONDS)
        results.put(run(database, lane))
    except Exception as error:
        results.put(repr(error))
        raise
    finally:
        database.close()


# --- the races ---------------------------------------------------------------

TURNS = 40
JOINS = 8
KEYS = 150


def count_up(database: SqlDatabase, _lane: int) -> int:
    """Read, add one, save – again from the start when somebody was first. Gives how often that was."""
    beaten = done = 0
    while done < TURNS:
        with database.read() as work:
            seen = work.submissions.get("2027-T1.norrby")
        try:
            with database.begin() as work:
                work.submissions.save(replace(seen, answered=seen.answered + 1))
            done += 1
        except StaleWriteError:
            beaten += 1
    return beaten


def count_up_under_lock(database: SqlDatabase, _lane: int) -> int:
    for _ in range(TURNS):
        with database.begin() as work:
            seen = work.submissions.get("2027-T1.norrby", lock=True)
            work.submissions.save(replace(seen, answered=seen.answered + 1))
    return 0


def plan_the_same(database: SqlDatabase, lane: int) -> int:
    """Everybody plans the same keys, each under ids of its own and in an order of its own."""
    slots = list(range(KEYS))
    new = 0
    for start in range(0, KEYS, 50):
        chosen = slots[start : start + 50]
        ordered = chosen if lane % 2 else chosen[::-1]
        with database.begin() as work:
            new += work.outbox.plan([a_message(id=f"m-{lane}-{slot}", slot=f"T+{slot}") for slot in ordered])
    return new


def claim_all(database: SqlDatabase, _lane: int) -> list[str]:
    """Claim until nothing is due; every message is claimed in the transaction that found it."""
    mine: list[str] = []
    empty = 0
    while empty < 3:  # others may still hold what they will not have claimed
        with database.begin() as work:
            found = work.outbox.due(NOW, limit=5)
            mine += [each.id for each in found if work.outbox.change(each, each.claim(NOW))]
        empty = 0 if found else empty + 1
    return mine


def claim_in_batches(database: SqlDatabase, _lane: int) -> list[str]:
    """As claim_all, but a batch in one go."""
    mine: list[str] = []
    empty = 0
    while empty < 3:
        with database.begin() as work:
            found = work.outbox.due(NOW, limit=20)
            stands = work.outbox.change_all([(each, each.claim(NOW)) for each in found])
            mine += [each.id for each, ours in zip(found, stands, strict=True) if ours]
        empty = 0 if found else empty + 1
    return mine


def join_the_register(database: SqlDatabase, lane: int) -> int:
    """Everybody writes the whole register anew, each time with one person more."""
    for turn in range(JOINS):
        with database.begin() as work:
            work.people.hold()
            one_more = a_contact(email=f"n{lane}-{turn}@norrby.example")
            work.people.replace(work.people.units(), [*work.people.contacts(), one_more])
    return JOINS


def find_the_register_full(database: SqlDatabase, lane: int) -> bool:
    """One learns that an address is dead while the others write the register anew."""
    if lane:
        return join_the_register(database, lane) == JOINS
    with database.begin() as work:
        return work.people.mark_undeliverable("asa@norrby.example", NOW) == 1


def claimed_mails() -> list[Message]:
    return [a_message(slot=f"T+{number}", state=MessageState.SENDING, fence=1) for number in range(KEYS)]


def finish_the_same(database: SqlDatabase, lane: int) -> int:
    """Everybody believes to hold the same claimed mails and writes them in batches, in an order of its own."""
    found = claimed_mails()[:: -1 if lane % 2 else 1]
    won = 0
    for start in range(0, len(found), 10):
        with database.begin() as work:
            won += sum(work.outbox.change_all([(each, each.hand(NOW)) for each in found[start : start + 10]]))
    return won


TOKENS = 40


def take_tokens(database: SqlDatabase, _lane: int) -> int:
    """Everybody takes one token at a time until there are none; no time passes."""
    taken = 0
    rate = Rate(TOKENS * 3)
    while True:
        with database.begin() as work:
            state = work.channels.get("smtp", lock=True).refill(rate, NOW)
            if state.tokens < 1:
                return taken
            work.channels.save(state.take(1))
            taken += 1


def append_events(database: SqlDatabase, lane: int) -> int:
    for turn in range(TURNS // 2):
        with database.begin() as work:
            work.log.append(an_event(data={"lane": lane, "turn": turn}))
            work.log.append(an_event(kind="second", data={"lane": lane, "turn": turn}))
    return 0


def write_one_answer(database: SqlDatabase, lane: int) -> tuple[list[int], int]:
    """Write upon the newest version every time; gives the versions that became mine and how often I was refused."""
    mine: list[int] = []
    refused = 0
    for turn in range(TURNS // 2):
        with database.read() as work:
            version = work.drafts.of("2027-T1.norrby").get("etableringar", an_answer()).version
        answer = an_answer(text=f"{lane}.{turn}", version=version)
        try:
            with database.begin() as work:
                mine.append(work.drafts.save("2027-T1.norrby", answer, by=f"r-{lane}", at=NOW).version)
        except AnswerClashError as clash:
            refused += 1
            theirs = clash.values["theirs"]
            if theirs == answer or clash.values["who"] == f"r-{lane}":
                raise RaceFailedError(f"refused for my own sake: {clash.values}") from clash
    return mine, refused


def remind_on_one_day(database: SqlDatabase, lane: int) -> int:
    """Everybody sends a reminder of its own, all on one local day: one may."""
    message = a_message(id=f"m-{lane}", slot=f"T+{lane}")
    with database.begin() as work:
        work.outbox.plan([message])
    try:
        with database.begin() as work:
            return int(work.outbox.change(message, replace(message.claim(NOW), local_day="2027-05-10")))
    except StaleWriteError:
        return 0
