"""How forms are read: strictly, so that no letter is guessed and nothing typed is lost on the way."""

import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from itertools import islice
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from workflow.domain.errors import RefusedError

MOST_FIELDS = 1_000  # a form of a hundred questions has some six hundred
MOST_FILES = 100  # chosen at once
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

# What people type, by the first part of the field's name (`text.samverkan`): shown again whatever happens.
TYPED = ("text", "reason", "comment", "note")
_TYPED_PIECE = re.compile(rf"(?<![^&])(?:{'|'.join(TYPED)}|name)\b[^&]+".encode())

_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")


class UnreadableFormError(RefusedError):
    """A form that is not one, or whose letters are not UTF-8: no browser sends that."""

    sentence = "Formuläret gick inte att läsa: texten är inte i formatet UTF-8. Ingenting har ändrats."


class TooManyFieldsError(RefusedError):
    """More fields than any form of ours has."""

    sentence = "Formuläret har fler än {limit} fält och gick inte att ta emot. Ingenting har ändrats."


class NoFileError(RefusedError):
    """The button was pressed before a file was chosen."""

    sentence = "Ingen fil är vald. Välj filen och försök igen."


async def _read_form(request: Request) -> FormData:
    """The fields of a form, kept in `request.state` so that an error's page can show what was typed.

    Raises UnreadableFormError, TooManyFieldsError, TooLargeError.
    """
    if not request.headers.get("content-type", "").lower().startswith(URLENCODED):
        raise UnreadableFormError
    body = await request.body()
    try:
        form = _form_of(_pairs(body))
    except RefusedError:
        request.state.form = _form_of(_typed_pairs(body))
        raise
    request.state.form = form
    return form


def _pairs(body: bytes) -> list[tuple[str, str]]:
    if body.count(b"&") >= MOST_FIELDS:
        raise TooManyFieldsError(limit=MOST_FIELDS)
    try:
        return parse_qsl(body.decode("utf-8"), keep_blank_values=True, encoding="utf-8", errors="strict")
    except ValueError as error:
        raise UnreadableFormError from error


def _form_of(pairs: Iterable[tuple[str, str]]) -> FormData:
    fields: list[tuple[str, str | UploadFile]] = list(pairs)
    return FormData(fields)


def _typed_pairs(body: bytes) -> Iterator[tuple[str, str]]:
    """What somebody typed, out of a form that is refused: few enough to show, unreadable letters as �."""
    pieces = (piece[0].decode("utf-8", "replace") for piece in _TYPED_PIECE.finditer(body))
    for piece in islice(pieces, MOST_FIELDS):
        yield from parse_qsl(piece, encoding="utf-8", errors="replace")


def _upload(files: int) -> Callable[[Request], AsyncIterator[FormData]]:
    """Reads the fields of a form that carries so many files. Raises UnreadableFormError, TooLargeError."""

    async def read(request: Request) -> AsyncIterator[FormData]:
        if not request.headers.get("content-type", "").lower().startswith(MULTIPART):
            raise UnreadableFormError
        try:
            form = await request.form(max_files=files, max_fields=10)
        except HTTPException as error:  # what Starlette makes of a multipart body that does not parse
            raise UnreadableFormError from error
        try:
            yield form
        finally:
            await form.close()

    return read


SentForm = Annotated[FormData, Depends(_read_form)]
SentFile = Annotated[FormData, Depends(_upload(1))]
SentFiles = Annotated[FormData, Depends(_upload(MOST_FILES))]


def field(form: FormData, name: str) -> str:
    """One field's text; empty when it was not sent."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def number(form: FormData, name: str, *, otherwise: int) -> int:
    """One field's whole number from 0 to 999 999 999; anything else is `otherwise`."""
    text = field(form, name)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= len("999999999") else otherwise


def sent_file(form: FormData, name: str) -> tuple[str, bytes]:
    """The name and content of the file. Raises NoFileError."""
    upload = form.get(name)
    if not isinstance(upload, UploadFile) or not upload.filename:
        raise NoFileError
    return visible(upload.filename), upload.file.read()


def sent_files(form: FormData, name: str) -> list[tuple[str, bytes]]:
    """The names and contents of the files; none where none was chosen."""
    chosen = (each for each in form.getlist(name) if isinstance(each, UploadFile) and each.filename)
    found = []
    for each in chosen:
        each.file.seek(0)
        found.append((visible(each.filename or ""), each.file.read()))
    return found


def typed_texts(form: FormData) -> list[tuple[str, str]]:
    """What a person wrote in a form, with the name of each field that the form itself carries; passwords never."""
    found = []
    for name, value in form.multi_items():
        kind, _, key = name.partition(".")
        if kind in TYPED and isinstance(value, str) and value.strip():
            found.append((field(form, f"name.{key}") if key else "", visible(value)))
    return found


def visible(text: str) -> str:
    """Text as it can be shown and sent again: characters that nobody sees and nothing can hold become �."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _HIDDEN.sub("\ufffd", lines)
