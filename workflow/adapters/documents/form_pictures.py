"""The pictures of a filled-in form, whole and ready to go as attachments, or with the reason why they cannot."""

from collections.abc import Iterator, Mapping
from posixpath import normpath
from types import MappingProxyType

from workflow.adapters.documents.attached_images import check_jpeg, check_png
from workflow.adapters.documents.attached_refusals import NOT_THAT_KIND
from workflow.adapters.documents.form_answers import FormAnswers
from workflow.adapters.documents.picture_refusals import DRAWN, TOO_MANY, refused, why_not
from workflow.adapters.documents.safe_xml import Refusal
from workflow.adapters.documents.source import Source
from workflow.adapters.documents.tape import Mark, Sign
from workflow.adapters.documents.unpacking import unpack
from workflow.adapters.documents.upload import open_form
from workflow.domain.forms import QuestionSet
from workflow.domain.phrases import Phrase, say
from workflow.ports import FormPicture

MAX_PICTURES = 20
MAX_REFUSED = 20
"""More than anybody reads."""

_KINDS = MappingProxyType({"png": check_png, "jpg": check_jpeg})


def form_pictures(data: bytes, *, name: str, questions: QuestionSet) -> tuple[FormPicture, ...]:
    """Those in PNG and JPEG, in the form's order, and of the others why not; none of a file that is no safe form."""
    try:
        source = open_form(data, name=name)
        marks = [mark for mark in source.body.tape.marks if mark.sign is Sign.PICTURE]
        parts = unpack(data, keep={_part(source, mark) for mark in marks}.__contains__)
    except Refusal:
        return ()
    numbers = _numbers(source, questions)
    found = (_picture(mark, numbers.get(mark.at, ""), parts.get(_part(source, mark), b"")) for mark in marks)
    return tuple(_first(found))


def _picture(mark: Mark, question: str, content: bytes) -> FormPicture:
    if not mark.target:
        return _refused(say(DRAWN), question, mark.text)
    said = NOT_THAT_KIND
    for kind, check in _KINDS.items():
        try:
            check(content)
        except Refusal as refusal:
            said = said if str(refusal) == NOT_THAT_KIND else str(refusal)
            continue
        return FormPicture(kind=kind, content=content, question=question, about=mark.text)
    return _refused(why_not(content, said), question, mark.text)


def _refused(why: Phrase, question: str, about: str) -> FormPicture:
    return FormPicture(kind="", content=b"", question=question, about=about, refused=refused(why, question))


def _part(source: Source, mark: Mark) -> str:
    return normpath(source.targets.get(mark.target, mark.target)) if mark.target else ""


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


def _first(pictures: Iterator[FormPicture]) -> Iterator[FormPicture]:
    """Each once, and no more than there is room for: those beyond are refused."""
    kept, told = set[bytes](), set[str]()
    for found in pictures:
        each = found
        if not each.refused and each.content not in kept and len(kept) == MAX_PICTURES:
            each = _refused(say(TOO_MANY, limit=MAX_PICTURES), each.question, each.about)
        if each.refused:
            if str(each.refused) not in told and len(told) < MAX_REFUSED:
                told.add(str(each.refused))
                yield each
        elif each.content not in kept:
            kept.add(each.content)
            yield each
