"""Somebody entered in the register by mistake: asked once more and removed, or told why not and offered a last day."""

from fastapi.responses import HTMLResponse, Response

from workflow.domain.errors import NotFoundError, StaleWriteError
from workflow.services.contacts import people_of
from workflow.services.mistyped import KnownError, remove_contact, why_kept
from workflow.services.roster import roster_of
from workflow.web.contact_pages import as_typed, place_of
from workflow.web.forms_in import field
from workflow.web.office import Office, Posted, Seated, new_router
from workflow.web.site import go

router = new_router()


@router.get("/enheter/{unit}/person/{number}/ta-bort")
def ask(desk: Seated, unit: str, number: int) -> HTMLResponse:
    """Raises NotFoundError."""
    return _page(desk, unit, number)


@router.post("/enheter/{unit}/person/{number}/ta-bort")
def remove(form: Posted, desk: Seated, unit: str, number: int) -> Response:
    """Raises NotFoundError where the person shown is gone."""
    try:
        remove_contact(desk.house.db, unit, number, seal=field(form, "seal"), by=desk.by, now=desk.now())
    except (StaleWriteError, NotFoundError):
        said = desk.say.gettext(
            "Någon annan har ändrat här under tiden. Inget är borttaget; se vem det gäller och försök igen."
        )
        place = place_of(people_of(desk.house.db, unit), field(form, "shown"))
        return _page(desk, unit, place, status=409, problems=[("", said)])
    except KnownError:
        return _page(desk, unit, number, status=422)
    return go(f"/enheter/{unit}")


def _page(
    desk: Office, unit: str, number: int, *, status: int = 200, problems: list[tuple[str, str]] | None = None
) -> HTMLResponse:
    house = desk.house
    people = people_of(house.db, unit)
    contact, kept = people.numbered(number), why_kept(house.db, unit, number)
    today = house.calendar.local(desk.now()).date()
    return desk.page(
        "contact_remove.html",
        status=status,
        nav_here="register",
        unit=next(each for each in roster_of(house.db).units if each.id == unit),
        number=number,
        person=contact,
        is_alone=len(people.contacts) == 1,
        kept=desk.say.error(kept) if kept else "",
        typed=as_typed(contact),
        today=today,
        seal=people.seal,
        problems=problems or [],
    )
