"""The pictures of a filled-in form, whole and ready to go as attachments; what is said of them stands in the notes."""

from collections.abc import Iterator, Mapping
from posixpath import normpath
from types import MappingProxyType

from workflow.adapters.documents.attached_images import check_jpeg, check_png
from workflow.adapters.documents.form_answers import FormAnswers
from workflow.adapters.documents.safe_xml import Refusal
from workflow.adapters.documents.source import Source
from workflow.adapters.documents.tape import Mark, Sign
from workflow.adapters.documents.unpacking import unpack
from workflow.adapters.documents.upload import open_form
from workflow.domain.forms import QuestionSet
from workflow.ports import FormPicture

MAX_PICTURES = 20
MAX_BYTES = 6_000_000
"""In all: they travel with the page on which the reading is confirmed."""

_KINDS = MappingProxyType({"png": check_png, "jpg": check_jpeg})


def form_pictures(data: bytes, *, name: str, questions: QuestionSet) -> tuple[FormPicture, ...]:
    """Those in PNG and JPEG, in the form's order; none of a file that is no safe form."""
    try:
        source = open_form(data, name=name)
        marks = [mark for mark in source.body.tape.marks if mark.sign is Sign.PICTURE and mark.target]
        parts = unpack(data, keep={_part(source, mark) for mark in marks}.__contains__)
    except Refusal:
        return ()
    numbers = _numbers(source, questions)
    named = ((mark, numbers.get(mark.at, ""), parts.get(_part(source, mark), b"")) for mark in marks)
    found = (
        FormPicture(kind=kind, content=content, question=number, about=mark.text)
        for mark, number, content in named
        if (kind := _kind(content))
    )
    return tuple(_first(found))


def _part(source: Source, mark: Mark) -> str:
    return normpath(source.targets.get(mark.target, mark.target))


def _numbers(source: Source, questions: QuestionSet) -> Mapping[int, str]:
    """In the answer to which question a place on the tape lies."""
    answers = FormAnswers(source.body, questions, by_libreoffice=source.by_libreoffice)
    return {
        mark.at: question.number
        for question in questions.questions
        if question.key in answers.given
        for region in answers.given[question.key].regions
        for mark in region.marks
    }


def _kind(content: bytes) -> str:
    for kind, check in _KINDS.items():
        try:
            check(content)
        except Refusal:
            continue
        return kind
    return ""


def _first(pictures: Iterator[FormPicture]) -> Iterator[FormPicture]:
    """Each once, as many as there is room for."""
    room, seen = MAX_BYTES, set[bytes]()
    for each in pictures:
        if each.content in seen or len(each.content) > room or len(seen) == MAX_PICTURES:
            continue
        seen.add(each.content)
        room -= len(each.content)
        yield each
