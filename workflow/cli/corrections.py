"""`tertial units corrections | correct`: what contacts want changed in the register, and the decision about it."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from workflow.cli.output import AsJson, DryRunFlag, done, field, listing, plain, time_of
from workflow.cli.shell import BY, Shell, command
from workflow.domain.details import Correction, Wish
from workflow.domain.errors import NotFoundError
from workflow.ports import Database, Job
from workflow.services.corrections import (
    Asked,
    apply_correction,
    handle_correction,
    open_corrections,
    refuse_correction,
)
from workflow.services.listings import instant

app = typer.Typer()

COLUMNS = (
    field("id", "id"),
    field("unit", "unit"),
    field("person", "person"),
    field("wants", "wants"),
    time_of("asked", "asked_at"),
)
_WISHES = {
    Wish.CHANGE: "these details: ",
    Wish.SUCCESSOR: "somebody else in their place: ",
    Wish.OTHER: "in their own words: ",
}
_DONE = {
    "apply": "The register says so now",
    "handled": "Marked as done by hand",
    "refuse": "Refused; the register stays as it is",
}


class Answer(StrEnum):
    """What becomes of a request."""

    APPLY = "apply"
    HANDLED = "handled"
    REFUSE = "refuse"


@command(app, "corrections")
def corrections(shell: Shell, *, json: AsJson = False) -> None:
    """What contacts have asked to have changed, and nobody has decided; oldest first."""
    rows = [_row(each) for each in open_corrections(shell.house.db, now=shell.now())]
    listing(rows, COLUMNS, json_too=json, empty="Nobody wants anything changed.")


@command(app, "correct")
def correct(
    shell: Shell,
    correction: Annotated[str, typer.Argument(metavar="ID", help="Its id, or how it begins.")],
    answer: Annotated[Answer, typer.Argument(help="Change the register so, mark it as done by hand, or say no.")],
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why not: who asked gets it by mail.")] = "",
    dry_run: DryRunFlag = False,
) -> None:
    """Decide what a contact has asked for. Who takes over does so at once, in open rounds too."""
    if bool(reason.strip()) != (answer is Answer.REFUSE):
        raise typer.BadParameter("give it with refuse, and only then.", param_hint="--reason")
    house, db = shell.house, shell.database(dry_run=dry_run)
    found = _find(house.db, correction, shell)
    if answer is Answer.APPLY:
        apply_correction(db, found.id, by=BY, secrets=house.secrets, calendar=house.calendar, now=shell.now())
    elif answer is Answer.REFUSE:
        refuse_correction(db, found.id, reason=reason, by=BY, secrets=house.secrets, now=shell.now())
    else:
        handle_correction(db, found.id, by=BY, now=shell.now())
    if not dry_run:
        shell.nudge(Job.DELIVER)
    who = found.was.contact.name or found.was.contact.email
    done(plain(f"{_DONE[answer]}: {who}, {found.was.unit_name}."), dry_run=dry_run)


def _find(db: Database, start: str, shell: Shell) -> Correction:
    """Raises NotFoundError where no request that waits begins so, or several do."""
    waiting = open_corrections(db, now=shell.now()) if start else ()
    found = [each.correction for each in waiting if each.correction.id.startswith(start)]
    if len(found) != 1:
        raise NotFoundError(what=start)
    return found[0]


def _row(asked: Asked) -> dict[str, Any]:
    one = asked.correction
    wanted = ", ".join(filter(None, (one.name, one.email, one.phone, "" if one.wish is Wish.OTHER else str(one.role))))
    return {
        "id": one.id,
        "unit": one.was.contact.unit,
        "unit_name": one.was.unit_name,
        "person": one.was.contact.name or one.was.contact.email,
        "role": str(one.was.contact.role),
        "wish": str(one.wish),
        "wants": _WISHES[one.wish] + "; ".join(filter(None, (wanted, one.note))),
        "name": one.name,
        "email": one.email,
        "phone": one.phone,
        "new_role": str(one.role),
        "note": one.note,
        "can_be_applied": asked.can_be_applied,
        "asked_at": instant(one.asked_at),
    }
