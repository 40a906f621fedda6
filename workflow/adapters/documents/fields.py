"""What writer and reader of the Word form agree on: names of fields, their empty texts, the hidden properties."""

from collections.abc import Iterable
from hashlib import sha256
from re import compile as pattern
from types import MappingProxyType

from workflow.adapters.documents.form_words import WORDS

OUR_PLACEHOLDERS = tuple(each for words in WORDS.values() for each in (words.write_answer, words.write_reason))
REASON_LABELS = tuple(words.reason for words in WORDS.values())

PLACEHOLDERS = frozenset(
    {
        *OUR_PLACEHOLDERS,
        # what Word itself puts back into a field that somebody emptied
        "Klicka eller tryck här för att ange text.",
        "Klicka här för att ange text.",
        "Click or tap here to enter text.",
        "Click here to enter text.",
    },
)

FORM_ID = "Tertial formulär"
FORM_VERSION = "Tertial formulärversion"
ROUND = "Tertial omgång"
UNIT = "Tertial enhet"
OWN_TEXT = "Tertial egen text"

REASON_SUFFIX = ".ej_aktuellt"
BOOKMARK_PREFIXES = ("svar_", "orsak_")

_BOOKMARK = pattern(r"[a-z0-9_]{1,34}")  # Word allows 40 characters, six go to the prefix
_SPACE = pattern(r"\s+")

SYMBOLS = MappingProxyType(
    {"F0E0": "→", "F0DF": "←", "F0F3": "↔", "F0E8": "⇒", "F04A": "☺", "F04C": "☹", "F0B7": "•"},
)
"""The signs that Word's autocorrect takes out of symbol fonts (their place there → the sign)."""


def reason_field(key: str) -> str:
    """Name the field where a unit says why a question does not concern it."""
    return key + REASON_SUFFIX


def bookmark(field: str) -> str:
    """Name the bookmark round a field: the one mark that every office program keeps (at most 40 characters)."""
    key = field.removesuffix(REASON_SUFFIX)
    prefix = BOOKMARK_PREFIXES[key != field]
    return prefix + (key if _BOOKMARK.fullmatch(key) else sha256(key.encode()).hexdigest()[:16])


def fingerprint(text: str) -> str:
    """Eight hexadecimal digits by which a line of the form's own text is known again, however it is spaced."""
    return sha256(_SPACE.sub(" ", text).strip().encode()).hexdigest()[:8]


def fingerprints(lines: Iterable[str]) -> str:
    return " ".join(sorted({fingerprint(line) for line in lines if line.strip()}))


def without_invitations(text: str) -> str:
    """Take out the invitation that stays beside what is written: LibreOffice lets people write before and after it."""
    for invitation in OUR_PLACEHOLDERS:
        text = text.replace(invitation, "")
    return text


def is_blank(text: str) -> bool:
    """Say whether a field's text is no answer: nothing at all, or still the invitation to write."""
    return not text.strip() or _SPACE.sub(" ", text).strip() in PLACEHOLDERS
