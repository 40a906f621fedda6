"""Files that a unit lets go with its answers: what kinds, how large, how they are named; never what is in them."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from unicodedata import category, normalize

from workflow.domain.errors import FileRefusedError, RefusedError

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "pdf": "application/pdf",
        "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "odt": "application/vnd.oasis.opendocument.text",
        "ods": "application/vnd.oasis.opendocument.spreadsheet",
        "png": "image/png",
        "jpg": "image/jpeg",
        "csv": "text/csv",
        "txt": "text/plain",
    }
)
"""The kinds that can be checked by what is in them, with their media types (IANA). A site may allow fewer."""

MEGABYTE = 1_000_000
LONGEST_NAME = 120
"""Characters, the ending with them: what a list can show."""
LONGEST_NAME_BYTES = 255
"""In UTF-8: what every file system takes. A name of 120 emoji has 480."""

_ALIASES = MappingProxyType({"jpeg": "jpg", "jpe": "jpg"})
_NO_NAME = "bilaga"
_UNSAFE = re.compile(r'[<>:"/\\|?*]')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class AttachmentRefusedError(FileRefusedError):
    """A file that is not what its name says, or not safe to open."""

    sentence = "Filen {file} går inte att bifoga: {why}"


class KindNotAllowedError(RefusedError):
    sentence = "Filen {file} går inte att bifoga: den filtypen tas inte emot. Det går bra med {kinds}."


class TooManyFilesError(RefusedError):
    sentence = "Det går att ha högst {limit} bilagor. Ta bort någon och försök igen."


class FileTooLargeError(RefusedError):
    sentence = "Filen {file} är större än {limit} MB. Gör den mindre, eller dela den i flera."


class FilesTooLargeError(RefusedError):
    sentence = "Med filen {file} blir bilagorna tillsammans större än {limit} MB. Ta bort någon eller gör dem mindre."


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedFile:
    """A file as it is listed. `name` is for display and download, `kind` one of KINDS; `size` in bytes.

    Its content is found by `sha256` (hexadecimal), and is the unit's until it has been handed in.
    """

    name: str
    kind: str
    sha256: str
    size: int

    @property
    def media_type(self) -> str:
        return KINDS[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file beside the draft, until the unit takes it away. Those that are there go with every handing in."""

    id: str
    submission: str
    file: AttachedFile
    added_by: str
    added_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a site allows: kinds, megabytes (10⁶ bytes) of one file and of all of a unit, and how many files."""

    kinds: frozenset[str] = frozenset(KINDS)
    each_mb: int = 10
    total_mb: int = 30
    files: int = 20

    @property
    def endings(self) -> tuple[str, ...]:
        """The kinds as they are told to people: pdf, docx …, in one order."""
        return tuple(kind for kind in KINDS if kind in self.kinds)

    def check(self, file: AttachedFile, others: Iterable[AttachedFile]) -> None:
        """Raises TooManyFilesError, FileTooLargeError, FilesTooLargeError."""
        sizes = [each.size for each in others]
        if file.size > self.each_mb * MEGABYTE:
            raise FileTooLargeError(file=file.name, limit=self.each_mb)
        if len(sizes) >= self.files:
            raise TooManyFilesError(limit=self.files)
        if sum(sizes) + file.size > self.total_mb * MEGABYTE:
            raise FilesTooLargeError(file=file.name, limit=self.total_mb)


def ending_of(name: str) -> str:
    """The kind that a file's name says, "" where it says none: Bild.JPEG → jpg."""
    _, dot, ending = name.strip().rpartition(".")
    small = ending.strip().lower() if dot else ""
    return _ALIASES.get(small, small)


def safe_name(name: str, kind: str) -> str:
    """A name to show and to save under, whatever was sent: no folders, nothing invisible, nothing that turns it round.

    Ends with the kind (bild.jpeg stays one: only what is no ending of that kind is replaced).
    """
    last = re.split(r"[/\\]", name)[-1]
    seen = "".join(letter for letter in last if category(letter) not in _HIDDEN)
    words = " ".join(_UNSAFE.sub("_", normalize("NFC", seen)).split())
    stem, dot, ending = words.rpartition(".")
    if not dot or ending_of(words) != kind:
        stem, ending = words, kind
    stem = _cut(stem.strip(" ."), room=len(ending) + 2).rstrip(" .") or _NO_NAME
    return f"{'_' if _RESERVED.fullmatch(stem) else ''}{stem}.{ending.lower()}"


def free_name(name: str, taken: Collection[str]) -> str:
    """The name, or where another file has it: rapport (2).pdf. Capitals do not count."""
    known = {each.casefold() for each in taken}
    stem, _, ending = name.rpartition(".")
    tries = (f"{_cut(stem, room=len(ending) + 7)} ({number}).{ending}" for number in range(2, len(known) + 3))
    return name if name.casefold() not in known else next(each for each in tries if each.casefold() not in known)


def _cut(stem: str, *, room: int) -> str:
    """As much of the stem as leaves `room` bytes for what comes after; what belongs to a letter goes with it."""
    kept = stem[: LONGEST_NAME - room]
    while len(kept.encode()) > LONGEST_NAME_BYTES - room:
        kept = kept[:-1]
    cut = stem[len(kept) :]
    while kept and cut and _belongs_to_the_letter_before(cut[0]):
        kept, cut = kept[:-1], kept[-1:]
    return kept


def _belongs_to_the_letter_before(letter: str) -> bool:
    return (
        category(letter).startswith("M")
        or "\N{EMOJI MODIFIER FITZPATRICK TYPE-1-2}" <= letter <= "\N{EMOJI MODIFIER FITZPATRICK TYPE-6}"
    )


def size_words(size: int, language: str) -> str:
    """A size as people read it (1 kB is 1,000 bytes): `340 kB`, `1,2 MB`; English `1.2 MB`."""
    if size < MEGABYTE:
        return f"{max(1, round(size / 1000))} kB"
    whole = f"{size / MEGABYTE:.1f} MB"
    return whole if language == "en" else whole.replace(".", ",")
