"""Units, their contacts, coordinators; the Swedish order of names and the forgiving search."""

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class UnitKind(StrEnum):
    """The kinds of unit in the city (domain glossary)."""

    KOMMUNSTYRELSE = "kommunstyrelse"
    FACKNAMND = "facknamnd"
    STADSDELSNAMND = "stadsdelsnamnd"
    BOLAG = "bolag"
    INTRESSEBOLAG = "intressebolag"
    STIFTELSE = "stiftelse"
    KOMMUNALFORBUND = "kommunalforbund"


class Role(StrEnum):
    """What a contact is to its unit."""

    PRIMARY = "primary"
    DEPUTY = "deputy"
    HEAD = "head"
    REGISTRAR = "registrar"
    FUNCTION_MAILBOX = "function_mailbox"


ANSWERING = (Role.PRIMARY, Role.DEPUTY, Role.FUNCTION_MAILBOX)
"""Who may answer for a unit, first choice first: a mailbox that somebody reads is better than nobody."""
ONE_AT_A_TIME = frozenset({Role.PRIMARY, Role.HEAD})
"""Roles of which a unit has one on any day; of the others it may have several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A committee or company board. The full name is stored, never built (genitives are irregular)."""

    id: str
    name: str
    short: str = ""
    kind: UnitKind
    valid_from: date | None = None
    valid_to: date | None = None
    replaced_by: str = ""
    reports: bool = True

    def is_valid(self, on: date) -> bool:
        return _is_within(on, self.valid_from, self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person (or function mailbox) that answers for a unit, from one day to another, both included.

    `language` is "sv" or "en". A function mailbox may lack a name. `undeliverable_since` is when a mail first came
    back from the address; None while it works.
    """

    unit: str
    role: Role
    name: str
    email: str
    phone: str = ""
    language: str = "sv"
    valid_from: date | None = None
    valid_to: date | None = None
    undeliverable_since: datetime | None = None

    @property
    def first_name(self) -> str:
        return self.name.split(" ", maxsplit=1)[0]

    def is_valid(self, on: date) -> bool:
        return _is_within(on, self.valid_from, self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A coordinator's local login. `once` marks a password that is spent by its first use.

    `digest`: whether the daily mail of what needs doing is wanted; without it, reminders of reviews come alone.
    """

    id: str
    email: str
    name: str
    password_hash: str
    language: str = "sv"
    once: bool = False
    digest: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The coordinators' office as contacts meet it: sender of every mail, and whom to ask.

    `inbox` is the mailbox that Tertial reads itself, "" when it reads none.
    """

    name: str
    sender_name: str
    sender_email: str
    contact_name: str
    contact_phone: str
    contact_email: str
    base_url: str
    mail_domain: str
    inbox: str = ""


_AFTER_Z = str.maketrans({"å": "{a", "ä": "{b", "ö": "{c", "æ": "{b", "ø": "{c"})


def sort_key(name: str) -> tuple[str, str]:
    """Swedish alphabetical order: Å Ä Ö after Z, case and other accents ignored, ties by the name as written."""
    folded = name.casefold() if name.isascii() else unicodedata.normalize("NFC", name).casefold().translate(_AFTER_Z)
    return _without_accents(folded), name


def stored_sort_key(name: str) -> str:
    """`sort_key` as one text, which sorts by code points as the pair does."""
    return "\x01".join(sort_key(name))


def fold_address(email: str) -> str:
    """What tells two people apart: the address without blanks around it, and small."""
    return email.strip().casefold()


def search_key(text: str) -> str:
    """What search compares: no case, no dots or accents, so that "hagersten" finds Hägersten-Älvsjö."""
    return _without_accents(text.casefold()).replace("ø", "o").replace("æ", "a").strip()


def _is_within(on: date, first: date | None, last: date | None) -> bool:
    return (first is None or first <= on) and (last is None or on <= last)


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    return "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))
