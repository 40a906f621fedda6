"""Answering in Word: the form to take away, and what we read in the file that comes back, to be confirmed."""

from collections.abc import Mapping
from dataclasses import dataclass
from json import dumps, loads

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from workflow.domain.errors import FileRefusedError
from workflow.domain.forms import Answer, AskedQuestion
from workflow.ports import ReadForm
from workflow.services.sheets import form_sheet
from workflow.web import answers
from workflow.web.desk import Desk, show, sit_down, store
from workflow.web.forms_in import NoFileError, SentFile, SentForm, field, number, sent_file, visible
from workflow.web.site import language_of
from workflow.web.words import error_text

router = APIRouter()

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One question of the file beside what is stored; `read` is None where the file has no answer."""

    question: AskedQuestion
    read: Answer | None
    stored: Answer
    is_open: bool

    @property
    def seen(self) -> str:
        return answers.fingerprint(self.stored)

    @property
    def is_new(self) -> bool:
        return self.read is not None and self.read != self.stored

    @property
    def overwrites(self) -> bool:
        return self.is_new and not self.stored.is_empty


@router.get("/svara/word")
def take_away(request: Request) -> Response:
    """The form as .docx with fill-in fields, and in them what is written so far."""
    desk = sit_down(request)
    sheet = form_sheet(
        desk.sheet.round,
        desk.submission,
        desk.visitor.recipient,
        answers=desk.sheet.answers,
        office=desk.house.office,
        calendar=desk.house.calendar,
    )
    headers = {
        "Content-Disposition": f'attachment; filename="{desk.submission.round}-{desk.submission.unit}.docx"',
        "Cache-Control": "no-store",
    }
    return Response(desk.house.documents.word_form(sheet), media_type=MEDIA_TYPE, headers=headers)


@router.get("/svara/word/ladda-upp")
def choose_file(request: Request) -> Response:
    return show(request, sit_down(request), "word_upload.html", problem="")


@router.post("/svara/word")
def read_file(request: Request, form: SentFile) -> Response:
    """Read the file and show what we read; nothing is stored."""
    desk = sit_down(request, form)
    try:
        name, data = sent_file(form, "file")
        read = desk.house.documents.read_word(data, name=name, questions=desk.sheet.questions)
    except (FileRefusedError, NoFileError) as error:
        problem = error_text(error, language_of(request))
        return show(request, desk, "word_upload.html", status=422, problem=problem)
    return _show_reading(request, desk, read, problem=False)


@router.post("/svara/word/bekrafta")
def confirm(request: Request, form: SentForm) -> Response:
    """Store what the person has seen and perhaps corrected, as if it had been typed."""
    desk = sit_down(request, form)
    read = _carried(desk, form)
    if _is_foreign(desk, read) and "foreign" not in form:
        return _show_reading(request, desk, read, status=422, problem=True)
    return store(request, desk, form, then="/svara")


def _show_reading(request: Request, desk: Desk, read: ReadForm, *, problem: bool, status: int = 200) -> Response:
    found = {answer.question: answer for answer in read.answers}
    readings = [_reading(desk, question, found) for question in desk.sheet.questions.questions]
    return show(
        request,
        desk,
        "word_confirm.html",
        status=status,
        read=read,
        carried={"unread": dumps(read.unread), "unknown": dumps(read.unknown), "more": read.more},
        readings=readings,
        foreign=_is_foreign(desk, read),
        problem=problem,
    )


def _reading(desk: Desk, question: AskedQuestion, found: Mapping[str, Answer]) -> Reading:
    return Reading(
        question=question,
        read=found.get(question.key),
        stored=desk.sheet.answers.get(question.key) or Answer(question=question.key),
        is_open=desk.submission.accepts_answer(question.key),
    )


def _is_foreign(desk: Desk, read: ReadForm) -> bool:
    """Whether the file says that it belongs to another round or another unit."""
    return read.round not in ("", desk.submission.round) or read.unit not in ("", desk.submission.unit)


def _carried(desk: Desk, form: FormData) -> ReadForm:
    """The reading as the confirmation form carries it."""
    sent = answers.sent_answers(form, desk.sheet.questions)
    return ReadForm(
        round=field(form, "file_round"),
        unit=field(form, "file_unit"),
        form_id=field(form, "file_form"),
        form_version=field(form, "file_version"),
        answers=tuple(answers.shown_again(sent).values()),
        unread=_carried_lines(form, "unread"),
        unknown=_carried_lines(form, "unknown"),
        more=number(form, "more", otherwise=0),
    )


def _carried_lines(form: FormData, name: str) -> tuple[str, ...]:
    """Lines as `_show_reading` sends them along: all in one field, however many there are."""
    try:
        lines = loads(field(form, name) or "[]")
    except (ValueError, RecursionError):
        return ()
    return tuple(visible(line) for line in lines if isinstance(line, str)) if isinstance(lines, list) else ()
