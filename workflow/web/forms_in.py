"""How forms are read: strictly, so that no letter is guessed and nothing typed is lost on the way."""

from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from workflow.domain.errors import RefusedError

MOST_FIELDS = 1_000  # a form of a hundred questions has some six hundred
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

# What people type, by the first part of the field's name (`text.samverkan`): shown again whatever happens.
TYPED = ("text", "reason", "comment", "note")


class UnreadableFormError(RefusedError):
    """A form that is not one, or whose letters are not UTF-8: no browser sends that."""

    sentence = "Formuläret gick inte att läsa: texten är inte i formatet UTF-8. Ingenting har ändrats."


class NoFileError(RefusedError):
    """The button was pressed before a file was chosen."""

    sentence = "Ingen fil är vald. Välj filen och försök igen."


async def _read_form(request: Request) -> FormData:
    """The fields of a form. Raises UnreadableFormError, TooLargeError. Kept in `request.state` for the error page."""
    if not request.headers.get("content-type", "").lower().startswith(URLENCODED):
        raise UnreadableFormError
    body = await request.body()
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError as error:
        raise UnreadableFormError from error
    fields: list[tuple[str, str | UploadFile]] = list(pairs)
    form = FormData(fields)
    request.state.form = form
    return form


async def _read_upload(request: Request) -> AsyncIterator[FormData]:
    """The fields of a form that carries a file. Raises UnreadableFormError, TooLargeError."""
    if not request.headers.get("content-type", "").lower().startswith(MULTIPART):
        raise UnreadableFormError
    try:
        form = await request.form(max_files=1, max_fields=10)
    except HTTPException as error:  # what Starlette makes of a multipart body that does not parse
        raise UnreadableFormError from error
    try:
        yield form
    finally:
        await form.close()


SentForm = Annotated[FormData, Depends(_read_form)]
SentFile = Annotated[FormData, Depends(_read_upload)]


def field(form: FormData, name: str) -> str:
    """One field's text; empty when it was not sent."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def sent_file(form: FormData, name: str) -> tuple[str, bytes]:
    """The name and content of the file. Raises NoFileError."""
    upload = form.get(name)
    if not isinstance(upload, UploadFile) or not upload.filename:
        raise NoFileError
    return visible(upload.filename), upload.file.read()


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
    return "".join("\ufffd" if _hidden(letter) else letter for letter in lines)


def _hidden(letter: str) -> bool:
    return (letter < " " and letter not in "\n\t") or "\x7f" <= letter <= "\x9f" or letter in "\ufffe\uffff"
