"""What a coordinator decides about one unit's underlag; each decision is about the version that was on the page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData

from workflow.domain.errors import MoveRefusedError, RefusedError, StaleWriteError, TextRefusedError, TooLongError
from workflow.domain.forms import QuestionSet
from workflow.domain.submissions import Edition, Move, submission_id
from workflow.ports import Database, Job
from workflow.services import extensions, ledger, overview, submissions
from workflow.services.consequences import consequences
from workflow.services.overview import SubmissionView
from workflow.web.day_words import day_warnings
from workflow.web.forms_in import field, number, typed_texts
from workflow.web.office import Office, Posted, Seated, clean, new_router, version_shown
from workflow.web.review_pages import submission_page
from workflow.web.site import go
from workflow.web.typed_time import TypedTime, UnreadableClockError

router = new_router()


class NotMarkedError(RefusedError):
    sentence = (
        "Du har skrivit en kommentar till fråga {number} utan att markera frågan. Markera den eller ta bort texten."
    )


class MarkedError(RefusedError):
    sentence = "Du har markerat frågor eller skrivit kommentarer. Ta bort dem om du vill godkänna, eller returnera."


class NotConfirmedError(RefusedError):
    sentence = "Bekräfta med krysset: det går inte att ångra."


class UnwiseDayError(RefusedError):
    """Not wrong, but to be confirmed."""

    sentence = "Dagen kan vara olämplig. Välj en annan eller bekräfta den."


@dataclass(frozen=True, slots=True)
class Case:
    """One posted decision: which unit, which form on the page, what was typed."""

    desk: Office
    round_id: str
    unit: str
    section: str
    form: FormData

    @property
    def id(self) -> str:
        return submission_id(self.round_id, self.unit)

    @property
    def url(self) -> str:
        return f"/omgang/{self.round_id}/underlag/{self.unit}"

    def text(self, name: str, where: str) -> str:
        return clean(self.form, name, where=self.desk.say.gettext(where))

    def due_at(self) -> datetime:
        """The last day typed in this section; an unwise one must be confirmed. Raises RefusedError."""
        calendar = self.desk.house.calendar
        day, clock = (field(self.form, f"{self.section}.{part}") for part in ("day", "clock"))
        due_at = TypedTime(day, clock).instant(calendar)
        closes_at = overview.submission_view(self.desk.house.db, self.id).round.closes_at
        warnings = day_warnings(calendar, self.desk.language, due_at, closes_at)
        if warnings and field(self.form, "confirmed") != f"{day} {clock}":
            raise UnwiseDayError(warnings=warnings)
        return due_at

    def decide(self, do: Callable[[], object], *, mails: bool = True) -> Response:
        """Do it; a refusal shows the page again with all that was typed, an earlier decision shows whose it was."""
        try:
            do()
        except (StaleWriteError, MoveRefusedError):
            return _overtaken(self)
        except RefusedError as error:
            return _refused(self, error)
        if mails:
            self.desk.house.queue.ask(Job.DELIVER)
        return go(self.url)


@router.post("/omgang/{round_id}/underlag/{unit}/granska")
def start_review(form: Posted, desk: Seated, round_id: str, unit: str) -> Response:
    case = Case(desk, round_id, unit, "review", form)
    return case.decide(
        lambda: submissions.start_review(desk.house.db, case.id, by=desk.by, now=desk.now()), mails=False
    )


@router.post("/omgang/{round_id}/underlag/{unit}/godkann")
def approve(form: Posted, desk: Seated, round_id: str, unit: str) -> Response:
    case = Case(desk, round_id, unit, "return", form)
    return case.decide(lambda: _approve(case))


@router.post("/omgang/{round_id}/underlag/{unit}/returnera")
def give_back(form: Posted, desk: Seated, round_id: str, unit: str) -> Response:
    case = Case(desk, round_id, unit, "return", form)
    return case.decide(lambda: _give_back(case, Move.RETURN))


@router.post("/omgang/{round_id}/underlag/{unit}/ateroppna")
def reopen(form: Posted, desk: Seated, round_id: str, unit: str) -> Response:
    case = Case(desk, round_id, unit, "reopen", form)
    return case.decide(lambda: _give_back(case, Move.REOPEN))


@router.post("/omgang/{round_id}/underlag/{unit}/undanta")
def excuse(form: Posted, desk: Seated, round_id: str, unit: str) -> Response:
    case = Case(desk, round_id, unit, "excuse", form)
    return case.decide(lambda: _excuse(case))


@router.post("/omgang/{round_id}/underlag/{unit}/anstand")
def extend(form: Posted, desk: Seated, round_id: str, unit: str) -> Response:
    """With `action=look` nothing is done: the page shows what it would do to the mails to come."""
    case = Case(desk, round_id, unit, "extend", form)
    if field(form, "action") == "look":
        return _foretell(case, lambda db: _extend(case, db))
    return case.decide(lambda: _extend(case, desk.house.db))


@router.post("/omgang/{round_id}/underlag/{unit}/diarienummer")
def set_diary_number(form: Posted, desk: Seated, round_id: str, unit: str) -> Response:
    case = Case(desk, round_id, unit, "diary", form)
    return case.decide(lambda: _set_diary_number(case), mails=False)


def _approve(case: Case) -> None:
    questions = _questions(case)
    if any(field(case.form, f"{what}.{key}").strip() for key in questions.keys for what in ("mark", "comment")):
        raise MarkedError
    desk = case.desk
    submissions.approve(
        desk.house.db,
        case.id,
        version=version_shown(case.form),
        by=desk.by,
        secrets=desk.house.secrets,
        now=desk.now(),
    )


def _give_back(case: Case, move: Move) -> None:
    desk = case.desk
    submissions.give_back(
        desk.house.db,
        case.id,
        version=version_shown(case.form),
        reason=case.text(f"reason.{case.section}", "Motivering"),
        comments=_comments(case),
        due_at=case.due_at(),
        by=desk.by,
        secrets=desk.house.secrets,
        now=desk.now(),
        move=move,
    )


def _excuse(case: Case) -> None:
    desk = case.desk
    reason = case.text("reason.excuse", "Motivering")
    if field(case.form, "confirmed") != "yes":
        raise NotConfirmedError
    submissions.excuse(
        desk.house.db,
        case.id,
        reason=reason,
        by=desk.by,
        secrets=desk.house.secrets,
        now=desk.now(),
        footing=field(case.form, "footing"),
    )


def _foretell(case: Case, change: Callable[[Database], object]) -> Response:
    house = case.desk.house
    try:
        diff = consequences(house.db, case.round_id, change, calendar=house.calendar, now=case.desk.now())
    except (StaleWriteError, MoveRefusedError):
        return _overtaken(case)
    except RefusedError as error:
        return _refused(case, error)
    typed = _as_typed(case.form)
    return submission_page(case.desk, case.round_id, case.unit, section=case.section, typed=typed, diff=diff)


def _extend(case: Case, db: Database) -> None:
    desk = case.desk
    extensions.extend(
        db,
        [case.id],
        case.due_at(),
        reason=case.text("reason.extend", "Motivering"),
        by=desk.by,
        secrets=desk.house.secrets,
        now=desk.now(),
        footing=field(case.form, "footing"),
        request=field(case.form, "request"),
    )


def _set_diary_number(case: Case) -> None:
    desk = case.desk
    submissions.set_diary_number(
        desk.house.db,
        case.id,
        case.text("note.diary", "Diarienummer"),
        by=desk.by,
        now=desk.now(),
        version=version_shown(case.form),
    )


def _questions(case: Case) -> QuestionSet:
    return _asked(overview.submission_view(case.desk.house.db, case.id))


def _asked(view: SubmissionView) -> QuestionSet:
    return view.round.form.asked(view.submission.kind, view.submission.unit)


def _comments(case: Case) -> dict[str, str]:
    """The comments of the marked questions. A comment that would be lost is asked about."""
    found = {}
    for question in _questions(case).questions:
        comment = case.text(f"comment.{question.key}", "Kommentar")
        if field(case.form, f"mark.{question.key}"):
            found[question.key] = comment
        elif comment:
            raise NotMarkedError(number=question.number, key=question.key)
    return found


_FIELDS: tuple[tuple[type[RefusedError], str], ...] = (
    (NotConfirmedError, "confirmed"),
    (UnreadableClockError, "clock"),
    (TextRefusedError, "reason"),
    (TooLongError, "reason"),
)


def _field_of(case: Case, error: RefusedError) -> str:
    """The id of the field an error is about."""
    if isinstance(error, NotMarkedError):
        return f"mark-{error.values['key']}"
    if isinstance(error, MarkedError) or case.section == "review":
        return ""
    if case.section == "diary":
        return "diary"
    if case.section in {"refuse", "withdraw"}:
        return f"{case.section}-reason"
    by_kind = next((part for kind, part in _FIELDS if isinstance(error, kind)), "")
    wants_reason = type(error).__name__ == "ReasonMissingError"
    return f"{case.section}-{'reason' if wants_reason else by_kind or 'day'}"


def _refused(case: Case, error: RefusedError) -> HTMLResponse:
    warnings = error.values.get("warnings", ())
    return submission_page(
        case.desk,
        case.round_id,
        case.unit,
        status=422,
        section=case.section,
        typed=_as_typed(case.form),
        problems=[(_field_of(case, error), case.desk.say.error(error))],
        warnings=warnings if isinstance(warnings, tuple) else (),
    )


def _overtaken(case: Case) -> HTMLResponse:
    """Who was first, what it is now, how a version that came in since differs, and all that was typed."""
    desk = case.desk
    view = overview.submission_view(desk.house.db, case.id)
    events = ledger.history(desk.house.db, case.id)
    names = ledger.people(desk.house.db, view.recipients)
    seen, newest = _seen_and_newest(case, view)
    last = next((each for each in reversed(events) if each.kind.startswith(("submission.", "extension."))), None)
    return desk.page(
        "overtaken.html",
        status=409,
        nav_round=case.round_id,
        nav_here="overview",
        message=desk.say.error(StaleWriteError()),
        now_is=desk.say.state(view.submission.state),
        last=desk.say.event(last, names) if last else "",
        last_at=last.at if last else None,
        back=case.url,
        back_name=view.submission.unit_name,
        typed=typed_texts(case.form),
        seen=seen,
        newest=newest,
        is_sealed=newest is not None and view.submission.is_sealed(newest.number),
        questions=_asked(view).questions,
    )


def _seen_and_newest(case: Case, view: SubmissionView) -> tuple[Edition | None, Edition | None]:
    """The version on the page that was posted, and the one that has come in since; None where none has."""
    shown = number(case.form, "edition", otherwise=0)
    seen = next((each for each in view.editions[:-1] if each.number == shown), None)
    return (None, None) if seen is None or view.submission.is_owed else (seen, view.editions[-1])


def _as_typed(form: FormData) -> dict[str, str]:
    return {name: value for name, value in form.items() if isinstance(value, str)}
