"""Why a mail goes, in words: what its slot in the ledger means."""

import re

from workflow.domain.datewords import working_days
from workflow.domain.reminders import slot_offset

_SWEDISH = {
    "open": "omgången öppnar",
    "edition": "underlaget, version {number}",
    "return": "underlaget returnerades",
    "extension": "anstånd",
    "excused": "undantag",
    "T": ("{days} före sista dagen", "sista dagen", "{days} efter sista dagen"),
    "R": (
        "{days} före kompletteringens sista dag",
        "kompletteringens sista dag",
        "{days} efter kompletteringens sista dag",
    ),
    "O": ("{days} före öppningen", "omgången öppnar", "{days} efter att omgången öppnade"),
}
_ENGLISH = {
    "open": "the round opens",
    "edition": "the report, version {number}",
    "return": "the report was returned",
    "extension": "more time was given",
    "excused": "excused",
    "T": ("{days} before the last day", "the last day", "{days} after the last day"),
    "R": (
        "{days} before the supplement's last day",
        "the supplement's last day",
        "{days} after the supplement's last day",
    ),
    "O": ("{days} before the opening", "the round opens", "{days} after the round opened"),
}
_NUMBERED = re.compile(r"(?P<what>[a-z]+)(?:-(?P<number>\d+))?")


def slot_words(slot: str, lang: str) -> str:
    """T-5 is "5 arbetsdagar före sista dagen". A slot that no table knows stands as it is."""
    table = _ENGLISH if lang == "en" else _SWEDISH
    offset = slot_offset(slot)
    if offset is not None:
        before_at_after = table[slot[0]]
        place = (offset > 0) - (offset < 0) + 1
        return before_at_after[place].format(days=working_days(abs(offset), lang))
    found = _NUMBERED.fullmatch(slot)
    words = table.get(found["what"]) if found else None
    return words.format(number=found["number"]) if found and isinstance(words, str) else slot
