"""A mail server in memory: answers by a script, remembers what it took, and looks between body and dot."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from workflow.ports import Channel, Handover, Outcome, Phase, Preparation, RefusedCopy

NO_USER = Handover(Outcome.REFUSED, Phase.RCPT, 550, "5.1.1 no such user")
GREYLISTED = Handover(Outcome.RETRY, Phase.RCPT, 450, "4.2.0 greylisted")
POLICY = Handover(Outcome.BLOCKED, Phase.RCPT, 550, "5.7.30 basic authentication is not supported")
LOST = Handover(Outcome.UNKNOWN, Phase.DOT, None, "connection lost")
ACCEPTED = Handover(Outcome.ACCEPTED, Phase.DONE, 250, "2.0.0 Ok")
NOBODY_THERE = Handover(Outcome.RETRY, Phase.CONNECT, None, "connection refused")

NOBODY = -1  # a descriptor that never becomes readable

_USUAL = {each.outcome: each for each in (NO_USER, GREYLISTED, POLICY, LOST, ACCEPTED)}
_AFTER_THE_DOT = {Phase.DOT, Phase.DONE}


@dataclass(slots=True)
class Taken:
    """One mail the server answered 250 for."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes


@dataclass
class FakePostman:
    """`script` holds what is to come, mail by mail; after it everything is accepted, or answered with `always`.

    `dead` are the addresses it says nobody has, before it looks into the script; `busy` those in copy that it does not
    take for now.

    `before_marker` runs when the body is with the server, `before_reply` when the dot is. `has_answered` is asked each
    time somebody looks for the reply to a dot.
    """

    script: list[Outcome | Handover] = field(default_factory=list)
    always: Handover = ACCEPTED
    dead: set[str] = field(default_factory=set)
    busy: set[str] = field(default_factory=set)
    taken: list[Taken] = field(default_factory=list)
    connected: int = 0
    answers_at_once: bool = True
    before_marker: Callable[[], None] = lambda: None
    before_reply: Callable[[], None] = lambda: None
    has_answered: Callable[[], bool] = lambda: True

    @contextmanager
    def connect(self) -> Iterator[Channel]:
        self.connected += 1
        yield FakeChannel(self)

    def answer(self) -> Handover:
        scripted = self.script.pop(0) if self.script else self.always
        return scripted if isinstance(scripted, Handover) else _USUAL[scripted]


class FakeChannel:
    """A mail is taken when its dot is sent, never before."""

    def __init__(self, postman: FakePostman) -> None:
        self._postman = postman
        self._loaded: tuple[Taken, Handover] | None = None
        self._is_dotted = False

    def prepare(self, sender: str, recipients: Sequence[str], data: bytes, *, waits: bool = True) -> Preparation:
        yield
        reader, *copies = recipients
        nobody = tuple(each for each in recipients if each in self._postman.dead)
        if reader in nobody:
            return replace(NO_USER, nobody=nobody)
        if waits and self._postman.busy.intersection(copies):
            return GREYLISTED
        answer = self._postman.answer()
        gone = [RefusedCopy(each, "550 5.1.1 no such user", is_nobody=True) for each in nobody]
        gone += [RefusedCopy(each, "450 4.2.0 later", is_nobody=False) for each in copies if each in self._postman.busy]
        if gone and answer.phase in _AFTER_THE_DOT:
            recipients = [each for each in recipients if each not in {one.address for one in gone}]
            answer = replace(answer, nobody=nobody, left_out=tuple(gone))
        if answer.phase not in _AFTER_THE_DOT:
            return answer
        self._postman.before_marker()
        self._loaded = Taken(sender, tuple(recipients), data), answer
        return None

    def send_dot(self) -> None:
        taken, answer = self._dotted()
        self._is_dotted = True
        if answer.outcome is Outcome.ACCEPTED:
            self._postman.taken.append(taken)

    def waits_on(self) -> int | None:
        return NOBODY if self._is_dotted and not self._postman.answers_at_once else None

    def has_answered(self) -> bool:
        return self._postman.has_answered()

    def read_reply(self) -> Handover:
        self._postman.before_reply()
        answer = self._dotted()[1]
        self._loaded, self._is_dotted = None, False
        return answer

    def drop(self) -> None:
        self._loaded = None

    def _dotted(self) -> tuple[Taken, Handover]:
        if self._loaded is None:
            raise RuntimeError("no mail is prepared on this channel")
        return self._loaded
