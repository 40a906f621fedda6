"""The ledger of sends: what has gone, what will, what did not arrive and what to do about it."""

from collections.abc import Callable

from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData

from workflow.domain.arrivals import Arrival
from workflow.domain.errors import ReasonMissingError, RefusedError, StaleWriteError
from workflow.domain.messages import MESSAGE_MOVES, UNDELIVERED, Message, MessageState
from workflow.ports import Job
from workflow.services import inbox, ledger, outbox
from workflow.services.several import masked
from workflow.web.forms_in import field, visible
from workflow.web.office import Office, Posted, Seated, clean, new_router
from workflow.web.site import go

router = new_router()

PAGE = 50  # mails on a page of the list


@router.get("/omgang/{round_id}/utskick")
def listing(desk: Seated, round_id: str, lage: str = "", sida: int = 1) -> HTMLResponse:
    """What did not arrive first, then by when it is due, newest first."""
    found = ledger.ledger(desk.house.db, round_id)
    state = lage if lage in set(MessageState) else ""
    shown = [line for line in reversed(found.lines) if not state or line.message.state == state]
    ordered = sorted(shown, key=lambda line: line.message.state not in UNDELIVERED)
    pages = max(1, -(-len(ordered) // PAGE))
    number = min(max(sida, 1), pages)
    return desk.page(
        "mails.html",
        nav_round=round_id,
        nav_here="mails",
        round=found.round,
        lines=ordered[(number - 1) * PAGE : number * PAGE],
        found=len(ordered),
        pages=pages,
        number=number,
        counts={each: sum(line.message.state is each for line in found.lines) for each in MessageState},
        total=len(found.lines),
        state=state,
    )


@router.get("/omgang/{round_id}/utskick/{message_id}")
def show(desk: Seated, round_id: str, message_id: str) -> HTMLResponse:
    return _page(desk, round_id, message_id)


@router.post("/omgang/{round_id}/utskick/{message_id}/igen")
def send_again(form: Posted, desk: Seated, round_id: str, message_id: str) -> Response:
    def do(why: str) -> None:
        outbox.send_again(desk.house.db, message_id, by=desk.by, why=why, calendar=desk.house.calendar, now=desk.now())
        desk.house.queue.ask(Job.DELIVER)

    return _decide(desk, _mail(desk, round_id, message_id), form, MessageState.PLANNED, do)


@router.post("/omgang/{round_id}/utskick/{message_id}/hoppa")
def skip(form: Posted, desk: Seated, round_id: str, message_id: str) -> Response:
    def do(why: str) -> None:
        outbox.skip(desk.house.db, message_id, by=desk.by, why=why, now=desk.now())

    return _decide(desk, _mail(desk, round_id, message_id), form, MessageState.SKIPPED, do)


def may_become(message: Message, state: MessageState) -> bool:
    """Whether a person may decide this about the mail. What is on its way is left alone."""
    decidable = message.state in UNDELIVERED or message.state in {MessageState.PLANNED, MessageState.HELD}
    return decidable and message.state is not state and state in MESSAGE_MOVES[message.state]


def _mail(desk: Office, round_id: str, message_id: str) -> Message:
    return ledger.mail(desk.house.db, round_id, message_id).message


def _decide(desk: Office, message: Message, form: FormData, state: MessageState, do: Callable[[str], None]) -> Response:
    try:
        _check_move(message, state)
        do(_why(desk, form))
    except (RefusedError, StaleWriteError, ValueError) as error:  # ValueError: moved between the look and the deed
        refused = error if isinstance(error, RefusedError) else StaleWriteError()
        status = 422 if isinstance(error, RefusedError) else 409
        why = visible(field(form, "reason.mail"))
        return _page(desk, message.round, message.id, status=status, why=why, refused=desk.say.error(refused))
    return go(f"/omgang/{message.round}/utskick/{message.id}")


def _check_move(message: Message, state: MessageState) -> None:
    """Raises StaleWriteError: the page it was pressed on showed another state."""
    if not may_become(message, state):
        raise StaleWriteError


def _why(desk: Office, form: FormData) -> str:
    """Raises ReasonMissingError, TextRefusedError."""
    why = clean(form, "reason.mail", where=desk.say.gettext("Motivering"))
    if not why:
        raise ReasonMissingError
    return why


def _page(
    desk: Office, round_id: str, message_id: str, *, status: int = 200, why: str = "", refused: str = ""
) -> HTMLResponse:
    view = ledger.mail(desk.house.db, round_id, message_id)
    frozen = view.message.frozen
    return desk.page(
        "mail.html",
        status=status,
        nav_round=round_id,
        nav_here="mails",
        round=view.round,
        sub=view.submission,
        mail=view.message,
        attempts=view.attempts,
        came=_came(desk, view.message),
        text=masked(frozen.text) if frozen else "",
        can_send=view.message.state in UNDELIVERED,
        can_skip=may_become(view.message, MessageState.SKIPPED),
        why=why,
        refused=refused,
    )


def _came(desk: Office, message: Message) -> list[Arrival]:
    """What came in by mail about this one: that it did not arrive, that it is late, answers."""
    found = inbox.inbox(desk.house.db, submission=message.submission) if message.submission else ()
    return [each.arrival for each in found if each.arrival.message == message.id]
