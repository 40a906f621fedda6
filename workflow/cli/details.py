"""`tertial units details`: who has answered whether the register is right, and when the next question goes."""

from datetime import datetime
from typing import Annotated, Any

import typer

from workflow.cli.output import AsJson, Record, as_json, field, listing, plain, result, time_of
from workflow.cli.shell import Shell, command
from workflow.cli.typed import shown
from workflow.services.corrections import waiting_corrections
from workflow.services.details_preview import preview_of
from workflow.services.details_status import Answerer, DetailsStatus, details_status

app = typer.Typer()

COLUMNS = (
    field("name", "name"),
    field("address", "email"),
    field("units", "units_text"),
    field("answer", "answer"),
    time_of("answered", "answered_at"),
    time_of("asked", "asked_at"),
    time_of("reminded", "reminded_at"),
)


@command(app, "details")
def details(
    shell: Shell,
    *,
    mail: Annotated[str, typer.Option("--mail", metavar="ADDRESS", help="Read the mail to this person.")] = "",
    json: AsJson = False,
) -> None:
    """Who has answered the yearly question, what waits for you, when the next one goes and to how many."""
    house = shell.house
    if mail:
        for line in preview_of(house.mailroom, mail, now=shell.now()):
            result(plain(line))
        return
    status = details_status(house.db, house.plans().details, calendar=house.calendar, now=shell.now())
    rows = [_row(each) for each in status.people]
    waiting = len(waiting_corrections(house.db))
    if json:
        as_json({**_head(status), "waiting_corrections": waiting, "people": rows})
        return
    listing(rows, COLUMNS)
    for line in _lines(status, waiting):
        result(line)


def _row(each: Answerer) -> dict[str, Any]:
    units = [place.contact.unit for place in each.places]
    return {
        "name": each.name,
        "email": each.check.address,
        "units": units,
        "units_text": ", ".join(units),
        "answer": str(each.standing),
        "answered_at": _iso(each.check.answered_at),
        "asked_at": _iso(each.asked_at),
        "reminded_at": _iso(each.again_at),
    }


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _head(status: DetailsStatus) -> Record:
    return {
        "year": status.year or None,
        "asked": len(status.people),
        "answered": status.answered,
        "next_at": _iso(status.next_at),
        "next_people": status.next_people if status.next_at else 0,
    }


def _lines(status: DetailsStatus, waiting: int) -> list[str]:
    lines = [f"{status.year}: {status.answered} of {len(status.people)} have answered."] if status.year else []
    if waiting:
        lines.append(f"{waiting} wait for a coordinator (`tertial units corrections`).")
    if status.next_at:
        lines.append(
            f"The next question goes {shown(status.next_at)}, to {status.next_people} people of today's register."
        )
    elif not status.sends:
        lines.append("The yearly question is turned off (config/rounds.toml, [details]).")
    return lines
