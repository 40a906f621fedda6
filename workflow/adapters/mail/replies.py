"""What an SMTP server's reply means for the mail and for the channel (RFC 5321 §4.2, RFC 3463)."""

import re
from dataclasses import replace

from workflow.ports import Handover, Outcome, Phase

CLOSING = 421  # the server ends the connection; always worth another try

# 432 and x.3.2: too many connections; 530-538 and 5.7.x: who we are or may do. About us, not about this mail.
_CHANNEL_CODES = frozenset({432, 530, 534, 535, 538})
_CHANNEL_STATUS = re.compile(r"(5\.7\.\d+|[45]\.3\.2)\b")
# Of the recipient alone, whatever else is wrong (RFC 3463 §3.2, RFC 7505); 5.1.7 and 5.1.8 are about the sender, and
# 5.1.0 may be about either.
_NO_SUCH_MAILBOX = re.compile(r"5\.1\.(1|2|3|6|10)\b")
_ANY_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")
_BARE_CODES = frozenset({550, 551, 553})
_ABOUT_US = re.compile(r"sender|relay|rcpthosts|denied|polic|spam|blocked|(block|black) ?list|authenti", re.IGNORECASE)
_ADDRESS = re.compile(r"<?[^\s<>@]+@[^\s<>@]+>?")
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LONGEST = 500


def judged(phase: Phase, code: int, words: bytes | str) -> Handover:
    """Give the verdict on a reply that is not the hoped-for one; the mail has not been accepted."""
    text = worded(words)
    if code != CLOSING and (code in _CHANNEL_CODES or _CHANNEL_STATUS.match(text)):
        return Handover(Outcome.BLOCKED, phase, code, text)
    return Handover(Outcome.REFUSED if is_permanent(code) else Outcome.RETRY, phase, code, text)


def judged_recipient(address: str, code: int, words: bytes | str) -> Handover:
    """As `judged`, for the reply to RCPT: a server that says that nobody has the address says so for good."""
    verdict = judged(Phase.RCPT, code, words)
    if verdict.outcome is Outcome.REFUSED and _names_nobody(code, verdict.text):
        return replace(verdict, nobody=(address,))
    return verdict


def _names_nobody(code: int, text: str) -> bool:
    """A full mailbox is somebody's. A bare 550 is also what strict servers say to strangers: the words tell."""
    if _ANY_STATUS.match(text):
        return _NO_SUCH_MAILBOX.match(text) is not None
    return code in _BARE_CODES and not _ABOUT_US.search(text)


def is_accepting(code: int) -> bool:
    """Any 2xx: the second and third digit change nothing (RFC 5321 §4.3.2)."""
    return code // 100 == 2  # noqa: PLR2004 - the first digit is the meaning


def is_refusal(code: int) -> bool:
    return code // 100 == 4 or is_permanent(code)  # noqa: PLR2004 - the first digit is the meaning


def is_permanent(code: int) -> bool:
    return code // 100 == 5  # noqa: PLR2004 - the first digit is the meaning


def worded(words: bytes | str) -> str:
    """Put the server's words on one line, short and without anybody's address: they end up in lists and logs.

    Nor with what no text holds: PostgreSQL keeps no NUL, and one reply would undo what is written along with it.
    """
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return _ADDRESS.sub("<adress>", " ".join(_NO_TEXT.sub(" ", text).split()))[:_LONGEST]
