"""What an SMTP server's reply means for the mail and for the channel (RFC 5321 §4.2, RFC 3463)."""

import re

from workflow.ports import Handover, Outcome, Phase

CLOSING = 421  # the server ends the connection; always worth another try

# 432 and x.3.2: too many connections; 530-538 and 5.7.x: who we are or may do. About us, not about this mail.
_CHANNEL_CODES = frozenset({432, 530, 534, 535, 538})
_CHANNEL_STATUS = re.compile(r"(5\.7\.\d+|[45]\.3\.2)\b")
_ADDRESS = re.compile(r"<?[^\s<>@]+@[^\s<>@]+>?")
_LONGEST = 500


def judged(phase: Phase, code: int, words: bytes | str) -> Handover:
    """Give the verdict on a reply that is not the hoped-for one; the mail has not been accepted."""
    text = worded(words)
    if code != CLOSING and (code in _CHANNEL_CODES or _CHANNEL_STATUS.match(text)):
        return Handover(Outcome.BLOCKED, phase, code, text)
    return Handover(Outcome.REFUSED if is_permanent(code) else Outcome.RETRY, phase, code, text)


def is_accepting(code: int) -> bool:
    """Any 2xx: the second and third digit change nothing (RFC 5321 §4.3.2)."""
    return code // 100 == 2  # noqa: PLR2004 - the first digit is the meaning


def is_refusal(code: int) -> bool:
    return code // 100 == 4 or is_permanent(code)  # noqa: PLR2004 - the first digit is the meaning


def is_permanent(code: int) -> bool:
    return code // 100 == 5  # noqa: PLR2004 - the first digit is the meaning


def worded(words: bytes | str) -> str:
    """Put the server's words on one line, short and without anybody's address: they end up in lists and logs."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return _ADDRESS.sub("<adress>", " ".join(text.split()))[:_LONGEST]
