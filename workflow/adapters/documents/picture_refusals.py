"""Why a picture in a form cannot become an attachment: Swedish, ending with what to do. The pages translate it."""

from itertools import chain
from types import MappingProxyType

from workflow.adapters.documents import attached_refusals
from workflow.domain.phrases import Phrase, say

REFUSED = "{picture} kan inte bli en bilaga: {why}"
IN_ANSWER = "Bilden i svaret på fråga {number}"
OUTSIDE = "En bild utanför svaren"

FORMAT = (
    "den är i formatet {format}, som vi inte kan kontrollera. "
    "Spara den som PNG eller JPEG och lägg till den under Bilagor."
)
DRAWN = "den är ett diagram eller en figur som har ritats i filen. Spara den som PNG och lägg till den under Bilagor."
ABSENT = "den finns inte med i filen. Lägg till den under Bilagor."
DAMAGED = "den är skadad. Spara den på nytt och lägg till den under Bilagor."
TOO_BIG = "den har för många bildpunkter. Gör den mindre och lägg till den under Bilagor."
TOO_MANY = "filen har fler än {limit} bilder. Lägg till den under Bilagor."

PICTURE_REFUSALS = (REFUSED, IN_ANSWER, OUTSIDE, FORMAT, DRAWN, ABSENT, DAMAGED, TOO_BIG, TOO_MANY)

_STARTS = MappingProxyType(
    {
        b"GIF8": "GIF",
        b"BM": "BMP",
        b"II*\0": "TIFF",
        b"MM\0*": "TIFF",
        b"\xd7\xcd\xc6\x9a": "WMF",
        b"\x01\0\x09\0": "WMF",
    }
)
_WITHIN = MappingProxyType(
    {(40, b" EMF"): "EMF", (8, b"WEBP"): "WebP", (4, b"ftypheic"): "HEIC", (4, b"ftypavif"): "AVIF"}
)
_START_OF_TEXT = 1000  # letters in which an SVG says that it is one, after its comments


def refused(why: Phrase, question: str) -> Phrase:
    """The whole sentence about the picture that answers this question, "" for none."""
    return say(REFUSED, picture=say(IN_ANSWER, number=question) if question else say(OUTSIDE), why=why)


def why_not(content: bytes, said: str) -> Phrase:
    """Why this is no attachment, when the check of its kind has `said` so."""
    if not content:
        return say(ABSENT)
    if name := _format(content):
        return say(FORMAT, format=name)
    return say(TOO_BIG if said == attached_refusals.TOO_BIG else DAMAGED)


def _format(content: bytes) -> str:
    found = (name for start, name in _STARTS.items() if content.startswith(start))
    found_within = (name for (place, sign), name in _WITHIN.items() if content.startswith(sign, place))
    return next(chain(found, found_within), "") or ("SVG" if b"<svg" in content[:_START_OF_TEXT].lower() else "")
