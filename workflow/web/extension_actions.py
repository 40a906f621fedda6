"""What a coordinator answers to a request for more time, and how given time is taken back."""

from fastapi.responses import Response

from workflow.services import extensions
from workflow.web.forms_in import field
from workflow.web.office import Posted, Seated, new_router
from workflow.web.review_actions import Case

router = new_router()


@router.post("/omgang/{round_id}/underlag/{unit}/anstand/neka")
def refuse(form: Posted, desk: Seated, round_id: str, unit: str) -> Response:
    case = Case(desk, round_id, unit, "refuse", form)
    return case.decide(
        lambda: extensions.refuse(
            desk.house.db,
            case.id,
            field(form, "request"),
            reason=case.text("reason.refuse", "Motivering"),
            by=desk.by,
            secrets=desk.house.secrets,
            now=desk.now(),
        )
    )


@router.post("/omgang/{round_id}/underlag/{unit}/anstand/ta-tillbaka")
def withdraw(form: Posted, desk: Seated, round_id: str, unit: str) -> Response:
    case = Case(desk, round_id, unit, "withdraw", form)
    return case.decide(
        lambda: extensions.withdraw(
            desk.house.db,
            case.id,
            reason=case.text("reason.withdraw", "Motivering"),
            by=desk.by,
            secrets=desk.house.secrets,
            now=desk.now(),
            footing=field(form, "footing"),
        )
    )
