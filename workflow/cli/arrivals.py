"""`tertial inbox list`, `tertial mail inbox list | show | handle`: what came in by mail."""

from typing import Annotated

import typer

from workflow.cli.output import AsJson, DryRunFlag, Record, as_json, at, done, field, listing, plain, result, time_of
from workflow.cli.shell import BY, Shell, command
from workflow.cli.typed import round_named
from workflow.domain.arrivals import FOR_THE_OFFICE
from workflow.domain.incoming import IncomingKind
from workflow.services.inbox import Post, find_arrival, inbox, one, see_to
from workflow.services.listings import instant

app = typer.Typer()
box = typer.Typer(help="What came in by mail.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(box, name="inbox")
mailbox = typer.Typer()
"""`tertial inbox list`: the same, where the mailbox is."""

ArrivalId = Annotated[str, typer.Argument(metavar="ID", help="The id, or enough of its beginning.")]

COLUMNS = (
    field("id", "id"),
    time_of("came", "came_at"),
    field("kind", "kind"),
    field("unit", "unit"),
    field("from", "from"),
    field("subject", "subject"),
    field("asks until", "asked_until"),
    time_of("handled", "handled_at"),
)


@command(mailbox, "list")
@command(box, "list")
def list_arrivals(
    shell: Shell,
    round_: Annotated[str, typer.Argument(metavar="[ROUND]", help="Only about this round.")] = "",
    *,
    kind: Annotated[list[IncomingKind] | None, typer.Option("--kind", help="Only of this kind. Repeatable.")] = None,
    todo: Annotated[bool, typer.Option("--todo", help="Only what waits for a coordinator.")] = False,
    no_unit: Annotated[bool, typer.Option("--no-unit", help="Only what is about no unit.")] = False,
    json: AsJson = False,
) -> None:
    """All that came in, newest first. Of a form it says only that it came: it is the unit's draft."""
    about = round_named(round_)
    found = inbox(shell.house.db, kinds=set(kind or ()), open_only=todo, without_unit=no_unit, round_id=about)
    rows = [_row(each) for each in found if not todo or each.arrival.kind in FOR_THE_OFFICE]
    listing(rows, COLUMNS, json_too=json, empty="No mail.")


@command(box, "show")
def show(shell: Shell, mail: ArrivalId, *, json: AsJson = False) -> None:
    """One mail that came in, with its words."""
    post = one(shell.house.db, find_arrival(shell.house.db, mail))
    document = _row(post) | {
        "text": post.arrival.text,
        "files": [each.name for each in post.arrival.sheets],
        "left_out": list(post.arrival.left_out),
    }
    if json:
        as_json(document)
        return
    for line in _lines(document):
        result(plain(line))


@command(box, "handle")
def handle(shell: Shell, mail: ArrivalId, *, dry_run: DryRunFlag = False) -> None:
    """Mark a mail as seen to, so that it leaves the coordinators' list. A form is seen to by its unit."""
    arrival_id = find_arrival(shell.house.db, mail)
    see_to(shell.database(dry_run=dry_run), arrival_id, by=BY, now=shell.now())
    done(f"{arrival_id} is seen to.", dry_run=dry_run)


def _row(post: Post) -> dict[str, object]:
    each = post.arrival
    return {
        "id": each.id,
        "came_at": instant(each.came_at),
        "kind": str(each.kind),
        "round": each.round,
        "unit": post.submission.unit if post.submission else "",
        "from": each.sender,
        "subject": each.subject,
        "mail": each.message,
        "address": each.address,
        "status": each.status,
        "said": each.said,
        "asked_until": each.asked_until.isoformat() if each.asked_until else "",
        "handled_at": instant(each.handled_at),
    }


def _lines(document: Record) -> list[str]:
    return [
        f"{document['id']}  {document['kind']}  {at(document['came_at'])}",
        f"{document['round']} {document['unit']}  handled {at(document['handled_at']) or '-'}",
        f"From: {document['from'] or '-'}",
        f"Subject: {document['subject']}",
        *([f"Did not reach: {document['address']}"] if document["address"] else []),
        *([f"Said: {document['status']} {document['said']}"] if document["said"] or document["status"] else []),
        *([f"Asks for time until: {document['asked_until']}"] if document["asked_until"] else []),
        f"Attached: {', '.join(document['files']) or '-'}",
        "",
        *str(document["text"]).splitlines(),
    ]
