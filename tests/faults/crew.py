"""The processes of a world, one of which is killed every few milliseconds and started again."""

import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.faults.cradle import Midwife
from tests.faults.trail import BORN, Trail, lay
from tests.faults.world import Place

YOUTH, LONGEST_YOUTH = 0.02, 2.0  # seconds of CPU; seconds
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
SENDERS = ("worker", "naive")


@dataclass
class Crew:
    """By name; each can be killed and comes back. `met` counts where on their way kills met the workers."""

    midwife: Midwife
    place: Place
    dice: random.Random
    roles: Sequence[str]
    members: dict[str, int] = field(default_factory=dict)
    met: Counter[str] = field(default_factory=Counter)

    def __enter__(self) -> Self:
        lay(self.place.trail)
        for number, role in enumerate(self.roles):
            self._start(f"{role} {number}")
        return self

    def __exit__(self, *_: object) -> None:
        self.dismiss("")

    def kill_one(self) -> None:
        """Mostly those who send: they have most to lose. One kill in ten meets whoever is just being born."""
        hasty, until = self.dice.random() < 0.1, time.monotonic() + LONGEST_YOUTH
        while not (grown := [each for each in self.members if hasty or self._is_grown(each)]):
            hasty = time.monotonic() > until
            time.sleep(0.002)
        name = self.dice.choice(grown)
        if not name.startswith(SENDERS):
            name = self.dice.choice(grown)
        self._kill(name)
        self.met[self._where(name)] += 1
        self._start(name)

    def _is_grown(self, name: str) -> bool:
        """Whether it has got going, by the work it has done: on a busy machine time alone says nothing."""
        if name.startswith("worker") and self._trail(name).last() == BORN:
            return False
        try:
            fields = Path(f"/proc/{self.members[name]}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return True
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS >= YOUTH

    def _where(self, name: str) -> str:
        role = name.partition(" ")[0]
        return self._trail(name).last() if role == "worker" else f"a {role}"

    def _trail(self, name: str) -> Trail:
        return Trail.of(self.place.trail, int(name.partition(" ")[2]))

    def dismiss(self, role: str) -> None:
        """End all of a role; "" ends everybody."""
        for name in [each for each in self.members if each.startswith(role)]:
            self._kill(name)

    def _start(self, name: str) -> None:
        role, _, number = name.partition(" ")
        self._trail(name).at(BORN)
        self.members[name] = self.midwife.bear(role, self.dice.getrandbits(32), int(number))

    def _kill(self, name: str) -> None:
        self.midwife.bury(self.members.pop(name))
