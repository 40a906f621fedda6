"""Answering in Word: the form to take away, and what we read in the file that comes back, to be confirmed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from json import dumps, loads

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from workflow.domain.errors import FileRefusedError
from workflow.domain.forms import Answer, AskedQuestion
from workflow.ports import ReadForm
from workflow.services.inbox import put_form_away
from workflow.services.sheets import form_sheet
from workflow.web import answers, word_pictures
from workflow.web.attachment_pages import show_files
from workflow.web.desk import Desk, read_desk, show, sit_down, store
from workflow.web.forms_in import NoFileError, SentFile, SentForm, field, number, sent_file, visible
from workflow.web.site import language_of
from workflow.web.word_pictures import Picture
from workflow.web.words import error_text, phrase_text

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the confirmation page says beside the answers, in the reader's words; it travels along with the form.

    `unread` holds pairs: where the text stands, and the text. `pictures` says why some cannot be attachments.
    """

    unread: Sequence[tuple[str, str]]
    notes: Sequence[str]
    pictures: Sequence[str]
    absent: Sequence[str]
    unknown: Sequence[str]
    more: int

    @property
    def carried(self) -> Mapping[str, str | int]:
        return {
            "unread": dumps(self.unread),
            "notes": dumps(self.notes),
            "left": dumps(self.pictures),
            "absent": dumps(self.absent),
            "unknown": dumps(self.unknown),
            "more": self.more,
        }


@router.get("/svara/word/formular")
def take_away(request: Request) -> Response:
    """The form as .docx with fill-in fields, and in them what is written so far."""
    desk = sit_down(request)
    sheet = form_sheet(
        desk.sheet.round,
        desk.submission,
        desk.visitor.recipient,
        answers=desk.sheet.answers,
        language=language_of(request),
        office=desk.house.office,
        calendar=desk.house.calendar,
    )
    headers = {
        "Content-Disposition": f'attachment; filename="{desk.submission.round}-{desk.submission.unit}.docx"',
        "Cache-Control": "no-store",
    }
    return Response(desk.house.documents.word_form(sheet), media_type=MEDIA_TYPE, headers=headers)


@router.get("/svara/word")
@router.get("/svara/word/ladda-upp")
@router.get("/svara/word/bekrafta")
def choose_file(request: Request) -> Response:
    """Also where pages stood that a POST had shown: to load them again, or in the other language, starts over."""
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
    return show_read(request, desk, read, name, data)


@router.post("/svara/word/bekrafta")
def confirm(request: Request, form: SentForm) -> Response:
    """Store what the person has seen and perhaps corrected, as if it had been typed."""
    desk = sit_down(request, form)
    read = _carried(desk, form)
    if _is_foreign(desk, read) and "foreign" not in form:
        along = _carried_along(form)
        mailed, pictures = field(form, "mailed"), word_pictures.carried(form)
        return show_reading(request, desk, read, along, pictures, status=422, problem=True, mailed=mailed)
    problems = word_pictures.keep(desk, word_pictures.carried(form), language_of(request))
    stored = store(request, desk, form, then="/svara")
    if stored.status_code == HTTPStatus.SEE_OTHER and (mailed := field(form, "mailed")):
        by, now = desk.visitor.recipient.id, desk.house.now()
        put_form_away(desk.house.db, desk.submission.id, mailed, by=by, now=now)
    if stored.status_code == HTTPStatus.SEE_OTHER and problems:
        return show_files(request, read_desk(desk.house, desk.visitor), problems, status=422)
    return stored


def show_read(request: Request, desk: Desk, read: ReadForm, name: str, data: bytes, *, mailed: str = "") -> Response:
    """How we read a file that has just come, with the pictures in it that may go as attachments."""
    found = desk.house.documents.form_pictures(data, name=name, questions=desk.sheet.questions)
    language = language_of(request)
    pictures, refused = word_pictures.offered(found, desk.house.settings.attachments, language)
    return show_reading(request, desk, read, _told(read, refused, language), pictures, problem=False, mailed=mailed)


def show_reading(
    request: Request,
    desk: Desk,
    read: ReadForm,
    told: Told,
    pictures: Sequence[Picture],
    *,
    problem: bool,
    status: int = 200,
    mailed: str = "",
) -> Response:
    """How we read a file. `mailed` is the mail that it came with, if it did."""
    found = {answer.question: answer for answer in read.answers}
    readings = [_reading(desk, question, found) for question in desk.sheet.questions.questions]
    return show(
        request,
        desk,
        "word_confirm.html",
        status=status,
        read=read,
        told=told,
        readings=readings,
        foreign=_is_foreign(desk, read),
        problem=problem,
        mailed=mailed,
        pictures=pictures,
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
    )


def _told(read: ReadForm, refused: Sequence[str], language: str) -> Told:
    return Told(
        unread=[(phrase_text(each.where, language), each.text) for each in read.unread],
        notes=[phrase_text(note, language) for note in read.notes],
        pictures=refused,
        absent=read.absent,
        unknown=read.unknown,
        more=read.more,
    )


def _carried_along(form: FormData) -> Told:
    return Told(
        unread=[
            (visible(str(pair[0])), visible(str(pair[1])))
            for pair in _carried_list(form, "unread")
            if isinstance(pair, list) and len(pair) == len(("where", "text"))
        ],
        notes=_carried_lines(form, "notes"),
        pictures=_carried_lines(form, "left"),
        absent=_carried_lines(form, "absent"),
        unknown=_carried_lines(form, "unknown"),
        more=number(form, "more", otherwise=0),
    )


def _carried_lines(form: FormData, name: str) -> list[str]:
    return [visible(line) for line in _carried_list(form, name) if isinstance(line, str)]


def _carried_list(form: FormData, name: str) -> list[object]:
    """Lines as `Told.carried` sends them along: all in one field, however many there are."""
    try:
        lines = loads(field(form, name) or "[]")
    except (ValueError, RecursionError):
        return []
    return lines if isinstance(lines, list) else []
