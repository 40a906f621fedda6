"""The pages' languages: Swedish is written in the templates, English stands in locale/en*.po."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from workflow.domain import datewords
from workflow.domain.errors import FileRefusedError, IncompleteError, TertialError
from workflow.domain.phrases import Phrase

LANGUAGES = ("sv", "en")
_GROUPED = 10_000  # from here on, digits are read in threes
_LOCALE = Path(__file__).parent / "locale"

Translate = Callable[[str], str]

# What stands for a machine's word in an error's sentence, by the field it stands in.
_SAID: Mapping[str, Mapping[str, str]] = {
    "move": {
        "write": "skriva i",
        "submit": "lämna in",
        "take_back": "ta tillbaka",
        "return": "returnera",
        "approve": "godkänna",
        "reopen": "öppna igen",
        "excuse": "undanta",
        "review": "granska",
        "invite": "bjuda in någon till",
        "extend": "ge anstånd för",
        "ask_extension": "be om anstånd för",
        "end_extension": "ta tillbaka anståndet för",
        "move": "flytta sista dagen i",
        "open": "öppna",
        "close": "stänga",
        "bundle": "samla",
        "cancel": "ställa in",
    },
    "state": {
        "not_started": "ej påbörjat",
        "draft": "ett utkast",
        "submitted": "inlämnat",
        "returned": "returnerat",
        "approved": "godkänt",
        "excused": "undantaget",
        "planned": "planerad",
        "open": "öppen",
        "closed": "stängd",
        "bundled": "samlad",
        "cancelled": "inställd",
    },
}
SAID = tuple(word for words in _SAID.values() for word in words.values())


@cache
def translations(language: str) -> NullTranslations:
    """The catalogue of a language; Swedish needs none. Merged and compiled from its .po files when first asked for."""
    sources = sorted(_LOCALE.glob(f"{language}*.po"))
    if not sources:
        return NullTranslations()
    whole = Catalog(locale=language)
    for source in sources:
        with source.open("rb") as lines:
            for message in read_po(lines, locale=language):
                whole[message.id] = message
    compiled = BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return Translations(compiled)


def error_text(error: TertialError, language: str, **words: object) -> str:
    """The error's sentence in the reader's language; `words` replaces values that need words of their own."""
    catalogue = translations(language)
    if isinstance(error, IncompleteError) and error.values.get("count") == 1:
        return str(catalogue.gettext("1 fråga saknar svar."))
    values = {field: _said(field, value, language) for field, value in error.values.items()}
    if isinstance(error, FileRefusedError):
        values["why"] = catalogue.gettext(str(values.get("why", "")))
    return str(catalogue.gettext(error.sentence)).format(**values | words)


def phrase_text(phrase: Phrase, language: str) -> str:
    """The phrase in the reader's language; it may hold others."""
    fields = {
        name: phrase_text(value, language) if isinstance(value, Phrase) else value
        for name, value in phrase.fields.items()
    }
    return str(translations(language).gettext(phrase.text)).format(**fields)


def _said(field: str, value: object, language: str) -> object:
    if isinstance(value, datetime):
        return datewords.moment(value, language)
    if isinstance(value, Phrase):
        return phrase_text(value, language)
    if isinstance(value, int) and value >= _GROUPED:
        return f"{value:,}" if language == "en" else f"{value:,}".replace(",", "\N{NO-BREAK SPACE}")
    swedish = _SAID.get(field, {}).get(str(value))
    return value if swedish is None else translations(language).gettext(swedish)


def preferred(accept_language: str) -> str:
    """The best of our languages for an Accept-Language header (RFC 9110 §12.5.4); Swedish when nothing fits."""
    wishes = []
    for part in accept_language.split(","):
        tag, _, quality = part.strip().partition(";q=")
        try:
            wishes.append((-float(quality or 1), tag.lower().split("-")[0]))
        except ValueError:
            continue
    return next((tag for _, tag in sorted(wishes, key=lambda wish: wish[0]) if tag in LANGUAGES), "sv")
