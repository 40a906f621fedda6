"""Who has answered whether the register is right, and what they want changed: applied with one press, or closed."""

from fastapi.responses import HTMLResponse, Response

from workflow.domain.details import CorrectionState
from workflow.domain.errors import ConfigError, RefusedError, StaleWriteError
from workflow.ports import Job
from workflow.services.corrections import apply_correction, handle_correction, open_corrections, refuse_correction
from workflow.services.details_status import DetailsStatus, details_status
from workflow.web.forms_in import field
from workflow.web.office import Office, Posted, Seated, new_router
from workflow.web.site import go

router = new_router()

PAGE = "/register/uppgifter"


def status_of(desk: Office) -> DetailsStatus | None:
    """None while config/rounds.toml cannot be read: the page of the rounds says why."""
    try:
        policy = desk.house.plans().details
    except ConfigError:
        return None
    return details_status(desk.house.db, policy, calendar=desk.house.calendar, now=desk.now())


@router.get(PAGE)
def listing(desk: Seated) -> HTMLResponse:
    return _page(desk)


@router.post(f"{PAGE}/{{correction}}")
def decide(form: Posted, desk: Seated, correction: str) -> Response:
    """Pressed twice, or by two: the first one holds, and the other sees how it stands. Raises NotFoundError."""
    deed, house = field(form, "deed"), desk.house
    try:
        if deed == CorrectionState.HANDLED:
            handle_correction(house.db, correction, by=desk.by, now=desk.now())
        elif deed == CorrectionState.REFUSED:
            refuse_correction(
                house.db,
                correction,
                reason=field(form, "reason"),
                by=desk.by,
                secrets=house.secrets,
                now=desk.now(),
            )
            house.queue.ask(Job.DELIVER)
        else:
            apply_correction(
                house.db, correction, by=desk.by, secrets=house.secrets, calendar=house.calendar, now=desk.now()
            )
            house.queue.ask(Job.DELIVER)
    except StaleWriteError as error:
        return _page(desk, status=409, problem=(correction, desk.say.error(error)))
    except RefusedError as error:
        return _page(desk, status=422, problem=(correction, desk.say.error(error)))
    return go(PAGE)


def _page(desk: Office, *, status: int = 200, problem: tuple[str, str] | None = None) -> HTMLResponse:
    asked = open_corrections(desk.house.db, now=desk.now())
    shown = {each.correction.id for each in asked}
    target = f"k{problem[0]}" if problem and problem[0] in shown else ""
    return desk.page(
        "corrections.html",
        status=status,
        nav_here="register",
        requests=asked,
        details=status_of(desk),
        asked=(),
        problems=[(target, problem[1])] if problem else [],
    )
