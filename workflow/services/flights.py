"""Mails in the air: a connection takes its next mail as soon as the last is answered; none waits for the slowest.

A commit is shared by whoever has something to commit at that moment (exchange.py): a marker before each dot, a result
after each reply. While nobody has anything to say, letters are written ahead.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from workflow.domain.channel import ChannelState
from workflow.domain.messages import LEASE, Message, MessageState
from workflow.ports import Channel, Handover, Outcome, Phase
from workflow.services import channel
from workflow.services.boarding import Boarding, flown
from workflow.services.claims import claim
from workflow.services.crew import Crew, listen
from workflow.services.desk import Desk
from workflow.services.insisting import exchange_by_all_means
from workflow.services.landing import Landing, put_back
from workflow.services.mailroom import CHANNEL, Mailroom, Tally
from workflow.services.writing import gather_material

_WITHDRAWN: Final = Handover(Outcome.WITHDRAWN, Phase.MARKER, None, "Mejlet behövdes inte längre.")
_TOO_SLOW: Final = Handover(Outcome.WITHDRAWN, Phase.MARKER, None, "Det tog för lång tid. Mejlet prövas igen.")
_TRIED_AGAIN: Final = {MessageState.PLANNED, MessageState.SENDING}
_LOOKS_AGAIN: Final = 5.0  # seconds after a look that found nothing: a reply may take ten minutes, and others are due
_WORTH_A_TOKEN: Final = timedelta(seconds=10)
_A_WHILE: Final = 1.0  # seconds between two looks at whose patience is over
_ENOUGH: Final = 10  # mails that wait for their markers do not wait for more


def fly(room: Mailroom, crew: Crew) -> Tally:
    """Send what is due until nothing is. When the way out turns out to be shut, the rest is put back unharmed."""
    return Air(room, crew).empty()


@dataclass
class Air:
    """What is under way. `doubted` speak against the way out: they wait for the others, who may show that it works."""

    room: Mailroom
    crew: Crew
    desk: Desk = field(init=False)
    seen: ChannelState = field(default_factory=lambda: ChannelState(name=CHANNEL))
    aboard: dict[Channel, Boarding] = field(default_factory=dict)
    landed: list[Boarding] = field(default_factory=list)
    doubted: list[Boarding] = field(default_factory=list)
    boarded: int = 0
    works_for: int = 0
    """Whoever boarded before has seen since, or while it flew, that the server judges mails."""
    may_claim: bool = True
    claimed_at: float = 0.0
    has_news: bool = False
    """Something was written since the last claim: what is due may be another by then."""
    broken: Exception | None = None
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self.desk = Desk(self.room)

    def empty(self) -> Tally:
        """An error of ours drops every connection. If it touches nothing in the air, that is heard out first."""
        try:
            while self._is_anything_under_way():
                is_silent = not self._hear()
                if self._is_time(is_silent=is_silent):
                    self._exchange()
        except BaseException:
            self.crew.drop()
            raise
        if broken := self.broken:
            self._try(self._put_back)
            raise broken
        return self.tally

    def _is_anything_under_way(self) -> bool:
        if self._may_board():
            self._try(self._board)
        return bool(self.aboard or self.landed or self.doubted)

    def _try(self, step: Callable[[], object]) -> bool:
        """What may fail while mails are in the air, which are heard all the same."""
        try:
            return bool(step())
        except Exception as error:  # noqa: BLE001 - the machine's or the database's trouble: raised when all is heard
            self.broken = error
            return False

    def _may_board(self) -> bool:
        return not (self.doubted or self.broken)

    # --- boarding ----------------------------------------------------------------------------------------------------

    def _board(self) -> None:
        """A mail for every connection that is free."""
        if self.crew.has_free() and self.desk.has_mail and (self.room.is_ending() or self._has_waited_too_long()):
            self._put_back()
        while self.crew.has_free() and self._has_mail():
            for letter in self.desk.take(1):
                line = self.crew.take()
                boarding = Boarding(letter, line, self.room.clock.now(), self.boarded)
                self.boarded += 1
                self.aboard[line] = boarding
                self._go_on(boarding)
            if self.doubted:
                return

    def _has_waited_too_long(self) -> bool:
        """Its lease ran out at the desk, because those before it took long: its marker would come to nothing.

        Or its token is no longer worth anything: what is sent now counts now.
        """
        first = self.desk.first
        patience = _WORTH_A_TOKEN if self.room.rate.is_limited else LEASE
        return first is not None and first.was_claimed_by(self.room.clock.now() - patience)

    def _put_back(self) -> None:
        """What waits at the desk, for whoever claims it next."""
        with self.room.db.begin() as work:
            put_back(work, self.desk.rest, self.room.clock.now())
        self.desk.clear()
        self.may_claim = True

    def _has_mail(self) -> bool:
        """Claim more when there is none; what can be committed goes first."""
        while not self.desk.has_mail:
            if not (self._may_claim() and self._claim()):
                return False
        return True

    def _claim(self) -> bool:
        """False when there is no more for now."""
        self.claimed_at = self.room.steady()
        batch = claim(self.room, leave_now=self.crew.free)
        self.may_claim, self.has_news = batch.goes_on, False
        if not batch.goes_on:
            return False
        self.seen = batch.channel
        with self.room.db.read() as work:
            material = gather_material(
                work, batch.mails, calendar=self.room.calendar, now=self.room.clock.now(), plans=self.room.plans
            )
        self.desk.lay(batch.mails, material)
        return True

    def _claim_ahead(self) -> bool:
        """Before the last batch is used up: a connection that has become free would wait for the claim."""
        if (
            self.desk.waiting
            or len(self.desk.written) >= self.crew.size
            or not (self._may_board() and self._may_claim())
        ):
            return False
        return self._try(self._claim)

    def _may_claim(self) -> bool:
        if self._is_pending() or (self.room.rate.is_limited and not self.crew.has_free()):
            return False
        if self.aboard:
            return (self.may_claim or self._is_time_to_look_again()) and not self.seen.is_blocked
        return self.may_claim or self.has_news

    def _is_time_to_look_again(self) -> bool:
        return self.crew.has_free() and self.room.steady() - self.claimed_at >= _LOOKS_AGAIN

    # --- hearing -----------------------------------------------------------------------------------------------------

    def _hear(self) -> bool:
        """Carry on whoever has been answered; False when nobody has."""
        waiting = [line for line, each in self.aboard.items() if not each.is_ready]
        if not waiting:
            return False
        heard = listen(waiting, 0)
        if not heard and (self._write_ahead() or self._claim_ahead()):
            return True
        if not heard and (patience := self._patience()):
            heard = listen(waiting, patience)
        for line in heard:
            self._go_on(self.aboard[line])
        return bool(heard)

    def _patience(self) -> float:
        """Seconds to listen before what can be committed is."""
        if self._has_ready():
            return self.room.marker_waits
        return self.room.result_waits if self.landed else _A_WHILE

    def _write_ahead(self) -> bool:
        return self.desk.write_ahead(self.crew.size)

    def _go_on(self, boarding: Boarding) -> None:
        boarding.go_on()
        if boarding.ended is not None:
            self._take_down(boarding, boarding.ended)

    def _take_down(self, boarding: Boarding, result: Handover) -> None:
        del self.aboard[boarding.channel]
        self.crew.give_back(boarding.channel)
        if channel.is_shut(result):
            self.doubted.append(boarding)
            return
        self.landed.append(boarding)
        if channel.is_open(result):
            self.works_for = self.boarded
            self._resolve_doubts()

    def _resolve_doubts(self) -> None:
        """Those for whom the way out has shown that it works: one without a connection flies later, on another."""
        cleared = [each for each in self.doubted if each.number < self.works_for]
        self.doubted = [each for each in self.doubted if each.number >= self.works_for]
        for each in cleared:
            if each.ended and channel.never_named(each.ended):
                self.crew.dismiss(each.channel)
                self.desk.put_first(each.written)
            else:
                self.landed.append(each)

    # --- committing --------------------------------------------------------------------------------------------------

    def _is_pending(self) -> bool:
        return bool(self.landed) or self._has_ready()

    def _has_ready(self) -> bool:
        return any(each.is_ready for each in self.aboard.values())

    def _is_time(self, *, is_silent: bool) -> bool:
        if self._may_board() and self.desk.has_mail and self.crew.has_free():
            return False
        ready = sum(each.is_ready for each in self.aboard.values())
        if ready == len(self.aboard):
            return bool(ready or self.landed or self.doubted)
        enough = max(_ENOUGH, len(self.aboard) // 2)
        return (is_silent and self._is_pending()) or ready >= enough or len(self.landed) >= 2 * enough

    def _exchange(self) -> None:
        ready = [each for each in self.aboard.values() if each.is_ready]
        doubted = [] if self.aboard else self.doubted
        landing = Landing(flown(self.landed), flown(doubted))
        done = exchange_by_all_means(
            self.room,
            landing,
            [each.written for each in ready],
            seen=self.seen,
            rest=self.desk.rest,
            meanwhile=self._write_ahead,
        )
        self.has_news = True
        self.tally += _counted(landing)
        self.landed = []
        if doubted:
            self.doubted = []
        if landing.works:
            self.seen = self.seen.clear()
        self.broken = self.broken or done.broken
        if done.is_shut:
            self.desk.clear()
        for each, marked in zip(ready, done.marked, strict=True):
            self._release(each, marked)

    def _release(self, boarding: Boarding, marked: Message | None) -> None:
        if marked and marked.state is MessageState.HANDING:
            boarding.release(marked)
            return
        boarding.withdraw(_TOO_SLOW if marked and marked.state in _TRIED_AGAIN else _WITHDRAWN)
        self._take_down(boarding, boarding.flown().result)


def _counted(landing: Landing) -> Tally:
    flights: Collection[object] = landing.all
    sent = sum(each.result.outcome is Outcome.ACCEPTED for each in landing.landed)
    return Tally(sent, len(flights) - sent)
