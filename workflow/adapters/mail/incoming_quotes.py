"""A person's own words, without the older mail below them. When it is not sure what is whose, all of it is kept."""

import re
from functools import cache
from typing import Final

from mailparser_reply.parser import EmailMessage as ReplyPatterns

# The library's patterns search with nested repetition: they get short lines, and not many of them.
_LONGEST_LINE: Final = 160
_MOST_LINES: Final = 1_500
_DIVIDER: Final = re.compile(
    r"^(?:-{3,} ?(?:original message|ursprungligt meddelande|originalmeddelande"
    r"|(?:vidarebefordrat|forwarded) (?:meddelande|message)) ?-{3,}|_{30,})$",
    re.IGNORECASE | re.MULTILINE,
)
_HEADING: Final = re.compile(r"^[* >]*(?:från|from):", re.IGNORECASE | re.MULTILINE)
_SUBJECT: Final = re.compile(r"^[* >]*(?:ämne|rubrik|subject):", re.IGNORECASE | re.MULTILINE)
_ELSEWHERE: Final = re.compile(
    r"\b(?:nedan|nedanför|i texten|inline|below|rött|röd text|rödmarkera\w*|in red|mellan raderna)\b", re.IGNORECASE
)


def own_words(text: str) -> str:
    """The text above the mail that it answers; the whole text where the answers may stand inside or below it."""
    text = text.strip()
    lines = text.split("\n")
    shown = "\n".join(line.strip()[:_LONGEST_LINE] for line in lines[:_MOST_LINES])
    for start, end in _older_mails(shown):
        above, below = shown[:start], shown[end:]
        if _is_all_quoted(below) or (_is_heading(shown[start:]) and not _ELSEWHERE.search(above)):
            kept = "\n".join(lines[: above.count("\n")]) if above.strip() else ""
            return kept.strip() or text
    return _without_quoted_end(lines).strip() or text


def _older_mails(shown: str) -> list[tuple[int, int]]:
    """Where older mails seem to begin, and where their heading ends, from the top."""
    found = [_trimmed(each) for pattern in (_patterns(), _DIVIDER) for each in pattern.finditer(shown)]
    return sorted(found)[:20]


@cache
def _patterns() -> re.Pattern[str]:
    pattern: re.Pattern[str] = ReplyPatterns(text="", languages=["sv", "en"]).HEADER_REGEX
    return pattern


def _trimmed(found: re.Match[str]) -> tuple[int, int]:
    """The library's match may begin with line ends."""
    start = found.start() + len(found[0]) - len(found[0].lstrip())
    return start, found.end()


def _is_heading(below: str) -> bool:
    """Outlook's From, Sent, To, Subject: two of them could be somebody's own list of days."""
    beginning = "\n".join(below.split("\n")[:12])
    return bool(_HEADING.search(beginning) and _SUBJECT.search(beginning))


def _is_all_quoted(below: str) -> bool:
    said = [line for line in below.split("\n") if line.strip()]
    return bool(said) and all(line.startswith(">") for line in said)


def _without_quoted_end(lines: list[str]) -> str:
    """Quoted lines at the very end, with nothing of one's own among them; quotes answered one by one are kept."""
    end = len(lines)
    while end and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith(">")):
        end -= 1
    own = lines[:end]
    return "\n".join(own) if not any(line.lstrip().startswith(">") for line in own) else "\n".join(lines)
