"""How a personal link opens: directly, or with a short code that is mailed afresh; and what a code is good for."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from workflow.domain.errors import RefusedError

ALPHABET = "234789CDFGHJKMNPQRTVWXY"  # nothing that looks like another letter or digit, and no vowels: no words
LENGTH = 8
CODE_LIFE = timedelta(minutes=10)  # OWASP ASVS 5.0 v5.0.0-6.5.5
MOST_TRIES = 5
_BETWEEN = re.compile(r"[\s\u00ad\u2010-\u2015\u2212_.-]+")  # what people and mail programs put between the halves


class LinkMode(StrEnum):
    """DIRECT: whoever has the mail comes in. VERIFIED: the link holds no secret, and asks for a code by mail."""

    DIRECT = "direct"
    VERIFIED = "verified"


class CodeError(RefusedError):
    """A code that opens nothing. Each kind says why, and what helps."""


class NoCodeError(CodeError):
    sentence = "Koden är åtta tecken, till exempel {example}. Den står i mejlet som vi skickade nyss."


class WrongCodeError(CodeError):
    sentence = "Koden stämmer inte. Kontrollera den mot det senaste mejlet. Försök som är kvar: {left}."


class TriesSpentError(CodeError):
    sentence = "Koden har skrivits fel för många gånger och gäller inte längre. Skicka en ny kod."


class UsedCodeError(CodeError):
    sentence = "Koden är redan använd. Den gäller bara en gång. Skicka en ny kod."


class ExpiredCodeError(CodeError):
    sentence = "Koden gäller inte längre: den gick ut {until}. Skicka en ny kod."


class OtherBrowserError(CodeError):
    sentence = "Ingen kod väntar i den här webbläsaren. En kod gäller bara där man bad om den. Skicka en ny kod hit."


class TooManyCodesError(CodeError):
    sentence = "Det har skickats många koder nyss. Nästa kan skickas {until}. Brådskar det, hör av dig till {contact}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A code somebody asked for. The code itself is stored nowhere: it is made of the id and the house's key.

    It opens `link` only, and only in the browser that asked. `address` (folded) is where it was mailed.
    """

    id: str
    link: str
    address: str
    browser_sha256: str
    created_at: datetime
    expires_at: datetime
    tries: int = 0
    used_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        return self.used_at is None and self.tries < MOST_TRIES and now < self.expires_at

    def why_dead(self) -> CodeError:
        """Of one that is not live any more."""
        if self.used_at is not None:
            return UsedCodeError()
        return TriesSpentError() if self.tries >= MOST_TRIES else ExpiredCodeError(until=self.expires_at)


@dataclass(frozen=True, slots=True)
class Limit:
    most: int
    within: timedelta

    def free_at(self, asked: Sequence[datetime], now: datetime) -> datetime | None:
        """When the next may be asked for; None: now. `asked` in order of time."""
        recent = [at for at in asked if now - at < self.within]
        return recent[-self.most] + self.within if len(recent) >= self.most else None


DAY = timedelta(days=1)
OF_A_LINK = (Limit(3, CODE_LIFE), Limit(10, DAY))
OF_AN_ADDRESS = (Limit(10, CODE_LIFE), Limit(30, DAY))
"""More than of a link: one person may answer for many units, each with a link of its own."""


def next_free(asked: Iterable[Code], *, link: str, address: str, now: datetime) -> datetime | None:
    """When another code may be mailed; None: now. A mail scanner that presses the button floods nobody."""
    codes = sorted(asked, key=lambda code: code.created_at)
    of_link = [code.created_at for code in codes if code.link == link]
    of_address = [code.created_at for code in codes if code.address == address]
    waits = [limit.free_at(of_link, now) for limit in OF_A_LINK]
    waits += [limit.free_at(of_address, now) for limit in OF_AN_ADDRESS]
    return max(filter(None, waits), default=None)


def spell(number: int) -> str:
    """A number as a code: eight characters of ALPHABET, the lowest 36 bits or so of it."""
    letters = []
    for _ in range(LENGTH):
        number, place = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[place])
    return "".join(letters)


def written(code: str) -> str:
    """As people read it: in two halves."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def read_code(typed: str) -> str:
    """The code that was meant, whatever the case, dashes and blanks. Raises NoCodeError."""
    code = _BETWEEN.sub("", typed).upper()
    if len(code) != LENGTH or not set(code) <= set(ALPHABET):
        raise NoCodeError(example=written(ALPHABET[-LENGTH:]))
    return code


def masked(email: str) -> str:
    """Enough of an address for its owner to know it: a…@norrby.example."""
    name, _, domain = email.rpartition("@")
    return f"{name[:1]}…@{domain}"
