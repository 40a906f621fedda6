"""The hands that work in a world, each a process of its own that may be killed at any moment.

`python -m tests.faults.hand --role worker --database URL --folder F --smtp-port N`; the tests start the same functions
from a warm fork server, because a Python process takes half a second to start and a fork does not.
"""

import argparse
import json
import os
import random
import smtplib
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

from tasks.jobs import JOBS
from tests.builders import an_answer
from tests.faults.crash import Fate, Witness, crashing, followed_db
from tests.faults.sink import name_of
from tests.faults.trail import IDLE as LOOKING
from tests.faults.trail import Trail
from tests.faults.world import Place
from workflow.adapters.files import write_whole
from workflow.bootstrap import App
from workflow.domain.digest import DigestPolicy
from workflow.domain.errors import TertialError
from workflow.domain.messages import LEASE, Message, MessageState
from workflow.domain.rounds import RoundState
from workflow.domain.submissions import Move, State, Submission
from workflow.ports import Job, Work
from workflow.services import audit, digest, extensions, reminders, rounds, submissions
from workflow.services.mailroom import Tally

IDLE = 0.01  # seconds between two looks
FOR_ALL = 10.0  # seconds
UNEMPLOYED, UNTICKED = 0.05, 0.25  # seconds: looking costs time that those who have work need
MOST_EXCUSED = 1 / 8  # of a round's units: an excuse is for good, and whoever is excused gets no reminders


def worker(place: Place, _seed: int = 0, number: int = 0, house: App | None = None) -> None:
    """Deliver, again and again, by the very function that the queue's job runs. One of a crew leaves a trail."""
    trail = Trail.of(place.trail, number)
    house = house or place.house()
    followed = replace(house, mailroom=crashing(house.mailroom, trail))

    def turn() -> None:
        trail.at(LOOKING)
        if JOBS[Job.DELIVER](followed) == Tally():
            time.sleep(UNEMPLOYED)

    _forever(place, turn)


def fated_worker(place: Place, fate: Fate) -> None:
    """Deliver once in a house that kills or stops its own process at a named point (tests/faults/crash.py).

    Commits wait for all who could share them: what is left behind does not depend on the machine's speed.
    """
    house = place.house()
    room = replace(house.mailroom, marker_waits=FOR_ALL, result_waits=FOR_ALL)
    JOBS[Job.DELIVER](replace(house, mailroom=crashing(room, fate)))


def delivering_once(place: Place) -> None:
    JOBS[Job.DELIVER](place.house())


def scheduler(place: Place, _seed: int = 0, _number: int = 0, house: App | None = None) -> None:
    """Open, close and plan what is due, and keep the log's head beside the database.

    The plans of config/ stay outside: the driver plans the rounds. It ticks when the clock has moved on, else now and
    then: people extend, take back and are sent back meanwhile.
    """
    house = house or place.house()
    last: datetime | None = None
    at = 0.0

    def tick() -> None:
        nonlocal last, at
        now = house.now()
        if last and now < last + timedelta(hours=1) and time.monotonic() < at + UNTICKED:
            return
        schedule(house, now)
        last, at = now, time.monotonic()
        write_whole(place.ticked, now.isoformat().encode(), durable=False)

    _forever(place, tick)


def schedule(house: App, now: datetime) -> None:
    rounds.open_due_rounds(house.db, secrets=house.secrets, calendar=house.calendar, now=now)
    reminders.plan_due(house.db, secrets=house.secrets, calendar=house.calendar, now=now)
    digest.plan_digests(house.db, DigestPolicy(), secrets=house.secrets, calendar=house.calendar, now=now)
    rounds.close_due_rounds(house.db, now=now)
    audit.anchor_head(house.db, house.anchors, now=now)


def submitter(place: Place, seed: int, _number: int = 0, house: App | None = None) -> None:
    """Units save, hand in, take back; coordinators approve, return, reopen, excuse, extend. What is told is noted."""
    house, dice = house or place.house(), random.Random(seed)  # noqa: S311 - chance, no secret
    _forever(place, lambda: act(house, place, dice), pause=lambda: dice.uniform(0.01, 0.06))


def naive(place: Place, _seed: int = 0, _number: int = 0, house: App | None = None) -> None:
    """What most programs do: claim with a lease, send, note it as sent; after the lease send again. No marker."""
    house = house or place.house()
    _forever(place, lambda: _naive_turn(house, place))


def fated_naive(place: Place, fate: Fate) -> None:
    """The naive one in a house that kills its own process at a named point; one that it never comes to: to the end."""
    house = place.house()
    followed = replace(house, db=followed_db(house.db, fate))
    while _naive_turn(followed, place, fate):
        pass


ROLES: Mapping[str, Callable[[Place, int, int, App | None], None]] = {
    "worker": worker,
    "scheduler": scheduler,
    "submitter": submitter,
    "naive": naive,
}


def _forever(place: Place, act: Callable[[], object], pause: Callable[[], float] = lambda: IDLE) -> None:
    """Until killed. Orphans end themselves: whoever started them has died without a word."""
    parent = os.getppid()
    while os.getppid() == parent:
        try:
            act()
        except Exception as error:  # noqa: BLE001 - a database that is away comes back
            note(place.mutterings, {"act": type(error).__name__, "said": str(error)[:500]})
            time.sleep(0.1)
        time.sleep(pause())


# --- people ------------------------------------------------------------------


def act(house: App, place: Place, dice: random.Random) -> None:
    with house.db.read() as work:
        open_ = [each.id for each in work.rounds.all() if each.state is RoundState.OPEN]
        some = [submission for each in open_ for submission in work.submissions.of_round(each)]
    if not some:
        return
    excused = sum(each.state is State.EXCUSED for each in some)
    with suppress(TertialError):  # somebody was first, or it is not allowed any more: as with people
        _do(house, place, dice.choice(some), dice, may_excuse=excused < len(some) * MOST_EXCUSED)


def _do(house: App, place: Place, chosen: Submission, dice: random.Random, *, may_excuse: bool) -> None:
    if may_excuse and chosen.allows(Move.EXCUSE) and dice.random() < 0.05:
        _excuse(house, place, chosen)
    elif chosen.is_owed:
        _answer(house, place, chosen, dice)
    elif chosen.allows(Move.TAKE_BACK) and dice.random() < 0.3:
        submissions.take_back(house.db, chosen.id, by="r", secrets=house.secrets, now=house.now())
    elif chosen.allows(Move.APPROVE) and dice.random() < 0.4:
        _approve(house, place, chosen)
    elif chosen.allows(Move.RETURN) or chosen.allows(Move.REOPEN):
        _send_back(house, place, chosen)


def _answer(house: App, place: Place, chosen: Submission, dice: random.Random) -> None:
    now = house.now()
    if dice.random() < 0.1:
        extensions.extend(
            house.db, [chosen.id], now + timedelta(days=5), reason="sjukdom", by="k", secrets=house.secrets, now=now
        )
        return
    save(house, place, chosen.id, dice)
    if dice.random() < 0.4:
        hand_in(house, place, chosen.id)


def _approve(house: App, place: Place, chosen: Submission) -> None:
    done = submissions.approve(
        house.db, chosen.id, version=chosen.version, by="k", secrets=house.secrets, now=house.now()
    )
    note(place.history, {"op": "approve", "submission": chosen.id, "edition": done.edition})


def _excuse(house: App, place: Place, chosen: Submission) -> None:
    submissions.excuse(
        house.db, chosen.id, reason="läggs ned", by="k", secrets=house.secrets, now=house.now(), footing=chosen.footing
    )
    note(place.history, {"op": "excuse", "submission": chosen.id})


def _send_back(house: App, place: Place, chosen: Submission) -> None:
    now, move = house.now(), Move.RETURN if chosen.allows(Move.RETURN) else Move.REOPEN
    submissions.give_back(
        house.db,
        chosen.id,
        version=chosen.version,
        reason="Något saknas.",
        comments={},
        due_at=now + timedelta(days=10),
        by="k",
        secrets=house.secrets,
        now=now,
        move=move,
    )
    note(place.history, {"op": str(move), "submission": chosen.id})


def save(house: App, place: Place, submission_id: str, dice: random.Random) -> None:
    """Answer every question anew, and note what was confirmed as stored."""
    sheet = submissions.sheet(house.db, submission_id)
    answers = [
        an_answer(key, f"Svar {dice.getrandbits(64):x}", version=sheet.answers[key].version if sheet.answers else 0)
        for key in sheet.questions.keys
        if sheet.submission.accepts_answer(key)
    ]
    saved = submissions.save_answers(house.db, submission_id, answers, by="r", now=house.now())
    clashed = {str(clash.values["question"]) for clash in saved.clashes}
    kept = {answer.question: answer.text for answer in answers if answer.question not in clashed}
    note(place.history, {"op": "save", "submission": submission_id, "answers": kept})


def hand_in(house: App, place: Place, submission_id: str) -> None:
    done = submissions.submit(
        house.db, submission_id, by="r", secrets=house.secrets, calendar=house.calendar, now=house.now()
    )
    note(place.history, {"op": "submit", "submission": submission_id, "edition": done.edition})


def note(path: Path, row: Mapping[str, object]) -> None:
    line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
    file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    try:
        os.write(file, line)
    finally:
        os.close(file)


# --- the naive sender --------------------------------------------------------


def _naive_turn(house: App, place: Place, witness: Witness | None = None) -> bool:
    """Whether there was anything to do."""
    now = house.now()
    with house.db.begin() as work:
        for lost in work.outbox.expired(now, limit=20):
            work.outbox.change(lost, lost.recover())
        mine = [claimed for each in work.outbox.due(now, limit=4) if (claimed := _naive_claim(work, each, now))]
    if not mine:
        return False
    with smtplib.SMTP("127.0.0.1", place.smtp_port, "[127.0.0.1]") as client:
        for message in mine:
            client.send_message(_letter(house, message))
            if witness:
                witness.at("reply read")
            with house.db.begin() as work:
                sent = replace(message, state=MessageState.SENT, sent_at=now, reply="250", lease_until=None)
                work.outbox.change(message, sent)
    return True


def _naive_claim(work: Work, message: Message, now: datetime) -> Message | None:
    claimed = replace(
        message, state=MessageState.SENDING, fence=message.fence + 1, attempts=message.attempts + 1,
        lease_until=now + LEASE,
    )  # fmt: skip
    return claimed if work.outbox.change(message, claimed) else None


def _letter(house: App, message: Message) -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"] = house.office.sender_email, message.to_email
    letter["Subject"], letter["Message-ID"] = message.kind, f"<{message.id}@{house.office.mail_domain}>"
    letter.set_content(f"Hej {name_of(int(message.submission.rpartition('.u')[2] or 0))}!")
    return letter


# --- starting them -----------------------------------------------------------


def nursery() -> ForkServerContext:
    """Where hands are born: a process that has imported all this and holds no connection to anything."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.warm"])
    return context


def start(context: ForkServerContext, act: Callable[..., None], *arguments: object) -> BaseProcess:
    process = context.Process(target=act, args=arguments, daemon=True)
    process.start()
    return process


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="hand", description="One process of a world, until it is killed.")
    parser.add_argument("--role", choices=sorted(ROLES), required=True)
    parser.add_argument("--database", required=True, help="URL of a database that has been settled in")
    parser.add_argument("--folder", type=Path, required=True, help="where the clock file is")
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    place = Place(database_url=given.database, folder=given.folder, smtp_port=given.smtp_port)
    ROLES[given.role](place, given.seed, given.number, None)


if __name__ == "__main__":
    main()
