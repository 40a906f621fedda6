"""Pages that die in the midst of requests: `python -m tests.faults.pages --kills 500 --db sqlite --seed 1`.

A person answers and hands in for unit after unit; each time they press, the pages are killed with SIGKILL, at a named
point of the request or at any moment. They come back, and whoever got no answer presses again, on the same page.
"""

import argparse
import random
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import httpx2
from lxml.html import HtmlElement

from tests.faults.conftest import Stage, make_stage, until
from tests.faults.evidence import Violation
from tests.faults.hand import note, nursery, start
from tests.faults.kill import commit
from tests.faults.serving import POINTS, serve
from tests.faults.world import drop_database, new_database
from tests.postgres import own_server
from workflow.demo.browser import Browser
from workflow.domain.submissions import State
from workflow.up import free_port

TEXT = "Skrivet strax innan det slocknade."
FIELDS = ("text.etableringar", "text.mark", "text.tillstand")
ANY_MOMENT = "any moment"
WAYS = (*POINTS, ANY_MOMENT, ANY_MOMENT, ANY_MOMENT)
LONGEST_REQUEST = 0.06  # seconds in which a kill at any moment strikes
KILLS_PER_WORLD = 50

say = sys.stdout.write


# --- one person and the pages -------------------------------------------------


@contextmanager
def pages(stage: Stage, port: int, point: str = "", door: str = "") -> Iterator[BaseProcess]:
    process = start(stage.context, serve, stage.place, port, point, door)
    try:
        until(lambda: is_answering(port), "the pages answer", 60)
        yield process
    finally:
        process.kill()
        process.join()


def is_answering(port: int) -> bool:
    try:
        return bool(httpx2.get(f"http://127.0.0.1:{port}/healthz", timeout=2).is_success)
    except httpx2.HTTPError:
        return False


def enter(stage: Stage, person: Browser, submission: str) -> None:
    with stage.house.db.read() as work:
        link = work.recipients.links_of(submission)[0]
    path = f"/l/{link.id}.{stage.house.secrets.link_secret(link.id)}"
    person.send(person.open(path), path)


def answered(page: HtmlElement) -> dict[str, str | bool]:
    """The fields of this unit's form, all filled in."""
    return {name: TEXT for name in FIELDS if any(name in form.fields for form in page.forms)}


def versions(stage: Stage, submission: str) -> dict[str, int]:
    with stage.house.db.read() as work:
        return {key: each.version for key, each in work.drafts.of(submission).items() if each.text == TEXT}


def state(stage: Stage, submission: str) -> tuple[State, int]:
    with stage.house.db.read() as work:
        found = work.submissions.get(submission)
    return found.state, found.edition


# --- again and again ----------------------------------------------------------


@dataclass(slots=True)
class Tally:
    """Of presses at which the pages died. `stored`: it was in the database when they were dead; `answered`: the person
    had been told so. `lost` and `doubled` are what is wrong after they have pressed again.
    """

    kills: int = 0
    stored: int = 0
    answered: int = 0
    lost: int = 0
    doubled: int = 0

    def __add__(self, more: "Tally") -> "Tally":
        return Tally(*(getattr(self, each.name) + getattr(more, each.name) for each in fields(Tally)))

    def __str__(self) -> str:
        return "  ".join(f"{getattr(self, each.name):>8}" for each in fields(Tally))


HEADING = "  ".join(f"{each.name:>8}" for each in fields(Tally))
Found = dict[str, Tally]
"""By the way in which the pages died."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What a person wants on a page. `stands`: whether it is so, and whether it is so twice."""

    door: str
    look: Callable[[], HtmlElement]
    press: Callable[[HtmlElement], None]
    stands: Callable[[], tuple[bool, bool]]


@dataclass
class Siege:
    """The pages of a world, and who kills them."""

    stage: Stage
    dice: random.Random
    found: Found = field(default_factory=dict)
    port: int = field(default_factory=free_port)

    def unit(self, submission: str) -> None:
        """It answers, and hands in."""
        with Browser(f"http://127.0.0.1:{self.port}") as person:
            self._run(self._saving(person, submission))
            self._run(self._handing_in(person, submission))

    def _saving(self, person: Browser, submission: str) -> Errand:
        def look() -> HtmlElement:
            enter(self.stage, person, submission)
            return person.open("/svara")

        def press(page: HtmlElement) -> None:
            person.send(page, "/svara", answered(page), button=("action", "save"))
            kept = {name.removeprefix("text."): TEXT for name in answered(page)}
            note(self.stage.place.history, {"op": "save", "submission": submission, "answers": kept})

        def stands() -> tuple[bool, bool]:
            found = versions(self.stage, submission).values()
            return bool(found), any(version > 1 for version in found)

        return Errand(door="drafts", look=look, press=press, stands=stands)

    def _handing_in(self, person: Browser, submission: str) -> Errand:
        def press(page: HtmlElement) -> None:
            person.send(page, "/svara/lamna-in")
            note(self.stage.place.history, {"op": "submit", "submission": submission, "edition": 1})

        def stands() -> tuple[bool, bool]:
            found, edition = state(self.stage, submission)
            return found is State.SUBMITTED, edition > 1

        return Errand(door="editions", look=lambda: person.open("/svara/kontrollera"), press=press, stands=stands)

    def _run(self, errand: Errand) -> None:
        way = self.dice.choice(WAYS)
        page, was_answered = self._until_death(errand, way)
        was_stored, _ = errand.stands()
        if not was_answered:
            with pages(self.stage, self.port):
                errand.press(page)
        stands, twice = errand.stands()
        self.found[way] = self.found.get(way, Tally()) + Tally(1, was_stored, was_answered, not stands, twice)

    def _until_death(self, errand: Errand, way: str) -> tuple[HtmlElement, bool]:
        """The page that was pressed, and whether an answer came."""
        fate = (way, errand.door) if way in POINTS else ("", "")
        with pages(self.stage, self.port, *fate) as process:
            page = errand.look()
            if way == ANY_MOMENT:
                threading.Timer(self.dice.uniform(0, LONGEST_REQUEST), process.kill).start()
            try:
                errand.press(page)
            except httpx2.HTTPError:
                was_answered = False
            else:
                was_answered = True
            process.join(20)
            assert process.exitcode == -signal.SIGKILL, f"they came through {way} alive"
        return page, was_answered


@dataclass(frozen=True, slots=True)
class Pressed:
    """What became of one world."""

    found: Found
    violations: Sequence[Violation]


def press(server: str, shelf: Path, seed: int, kills: int) -> Iterator[Pressed]:
    """World after world until all kills are done; two for each unit. `server` "" means SQLite."""
    context = nursery()
    for number, done in enumerate(range(0, kills, KILLS_PER_WORLD)):
        units = (min(KILLS_PER_WORLD, kills - done) + 1) // 2
        folder = Path(mkdtemp(prefix=f"pages-{number}-", dir=shelf))
        url = new_database(server, shelf, folder)
        with make_stage(url, folder, context, count=units) as stage:
            siege = Siege(stage, random.Random(f"{seed} {number}"))  # noqa: S311 - chance, no secret
            for unit in range(units):
                siege.unit(f"{stage.round.id}.u{unit}")
            stage.deliver()
            yield Pressed(siege.found, stage.violations())
        drop_database(server, url)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="pages", description="Kill the pages and press again. Exit code 1: wrong.")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--db", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to stop"))  # servers and worlds are taken down
    with ExitStack() as stack:
        shelf = Path(stack.enter_context(TemporaryDirectory(prefix="pages-")))
        server = stack.enter_context(own_server()) if given.db == "postgres" else ""
        say(f"commit {commit()}, {given.db}, seed {given.seed}\n")
        return _report(press(server, shelf, given.seed, given.kills))


def _report(worlds: Iterable[Pressed]) -> int:
    found: Found = {}
    violations: list[Violation] = []
    for world in worlds:
        found = {way: found.get(way, Tally()) + world.found.get(way, Tally()) for way in dict.fromkeys(WAYS)}
        violations += world.violations
    total = sum(found.values(), Tally())
    rows = {"": HEADING, **{way: str(each) for way, each in found.items()}, "all": str(total)}
    say("".join(f"{name:<14}{row}\n" for name, row in rows.items()))
    say("".join(f"  {each}\n" for each in violations))
    return int(bool(violations) or total.lost + total.doubled > 0)


if __name__ == "__main__":
    sys.exit(main())
