"""What went wrong, in one clear message: English, or Swedish where the terminal's locale is."""

import locale
from datetime import datetime

from workflow.cli import later, typed
from workflow.domain.errors import TertialError
from workflow.domain.phrases import Phrase


def said(error: Exception) -> str | None:
    """The message for an error that a person can do something about; None for a defect of ours."""
    if isinstance(error, TertialError):
        return in_words(error)
    if isinstance(error, OSError):
        return f"{error.strerror or error}" + (f": {error.filename}" if error.filename else "")
    room = type(error).__module__
    if room.startswith("sqlalchemy"):
        first = str(getattr(error, "orig", None) or error).splitlines()[0]
        return f"The database does not answer as it should: {first}\n`tertial check` says what is missing."
    return str(error) if room.startswith("workflow.") else None


def in_words(error: TertialError) -> str:
    """The error's sentence with its values in the reader's language; instants as they are typed here."""
    into = language()
    own = {
        name: _phrase(value, into) if isinstance(value, Phrase) else typed.shown(value)
        for name, value in error.values.items()
        if isinstance(value, (Phrase, datetime))
    }
    return later.words.error_text(error, into, **own)


def language() -> str:
    return "sv" if (locale.getlocale()[0] or "").lower().startswith("sv") else "en"


def phrase_in_words(phrase: Phrase) -> str:
    """The phrase in the reader's language."""
    return _phrase(phrase, language())


def _phrase(phrase: Phrase, into: str) -> str:
    """The phrase in words; it may hold others."""
    fields = {
        name: _phrase(value, into) if isinstance(value, Phrase) else value for name, value in phrase.fields.items()
    }
    return later.words.translations(into).gettext(phrase.text).format(**fields)
