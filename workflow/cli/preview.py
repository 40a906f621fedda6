"""`tertial round preview`: every mail of a round before it goes; read one, or send them to a test box."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from workflow.cli.output import (
    AsJson,
    Column,
    DryRunFlag,
    Record,
    as_json,
    done,
    field,
    listing,
    plain,
    result,
    time_of,
)
from workflow.cli.rounds import RoundName
from workflow.cli.shell import BY, Shell, command, fail
from workflow.cli.typed import unit_named, usage_day
from workflow.cli.way_out import way_out
from workflow.domain.messages import MessageKind
from workflow.domain.preview import PreviewedMail
from workflow.domain.slotwords import slot_words
from workflow.services.preview import RoundPreview, look_ahead, preview_row
from workflow.services.preview_mail import Wanted, WrittenMail, chosen, find_planned, first_of_each, words_of
from workflow.services.trial_mail import send_to_test_box

app = typer.Typer()

On = Annotated[str, typer.Option("--on", metavar="DATE", help="Only the mails of this day.")]
OfUnit = Annotated[str, typer.Option("--unit", metavar="UNIT", help="Only the mails to this unit.")]
OfKind = Annotated[MessageKind | None, typer.Option("--kind", help="Only mails of this kind.")]
OneMail = Annotated[str, typer.Option("--mail", metavar="ID|N", help="Read this one, by its id or number.")]
TestBox = Annotated[str, typer.Option("--to-test-box", metavar="ADDRESS", help="Send them there, marked as a test.")]
FirstOfEach = Annotated[bool, typer.Option("--first-of-each", help="To the test box: one of each kind.")]
Force = Annotated[bool, typer.Option("--force", help="Also to a box that is a contact's.")]


def _to(record: Record) -> str:
    return record["to"]["email"] if record["to"] else ""


def _why(record: Record) -> str:
    """Why it goes, or why not."""
    return f"not sent: {record['suppressed']}" if record["suppressed"] else slot_words(record["slot"], "en")


COLUMNS = (
    field("n", "number", right=True),
    time_of("when", "at"),
    field("unit", "unit"),
    field("mail", "kind"),
    field("state", "state"),
    Column("to", _to),
    Column("copies", lambda record: len(record["copies"]) or "", right=True),
    Column("why", _why),
    field("id", "id"),
)


@command(app, "preview")
def preview(
    shell: Shell,
    round_: RoundName,
    *,
    on: On = "",
    unit: OfUnit = "",
    kind: OfKind = None,
    mail: OneMail = "",
    to_test_box: TestBox = "",
    one_of_each: FirstOfEach = False,
    force: Force = False,
    dry_run: DryRunFlag = False,
    json: AsJson = False,
) -> None:
    """Who gets what, when and why; also what will not go, and why not. Nothing is sent to anybody but a test box."""
    house = shell.house
    with house.db.read() as work:
        found = work.rounds.get(round_)
    seen = look_ahead(house.db, found, calendar=house.calendar, now=shell.now())
    day = usage_day(on, "--on") if on else None
    wanted = Wanted(on=day, unit=unit_named(unit) if unit else "", kind=str(kind or ""))
    mails = (find_planned(seen, mail),) if mail else chosen(seen, wanted)
    if to_test_box:
        _test(shell, seen, first_of_each(mails) if one_of_each else mails, to_test_box, force=force, dry_run=dry_run)
    elif mail:
        _read(words_of(house.mailroom, seen, mails[0]), _rows(seen, mails)[0], json=json)
    else:
        listing(_rows(seen, mails), COLUMNS, json_too=json, empty="No mail.")


def _rows(seen: RoundPreview, mails: Sequence[PreviewedMail]) -> list[dict[str, Any]]:
    """With each mail's number in the whole list, so that a filter does not change it."""
    places = {id(mail): place for place, mail in enumerate(seen.mails, 1)}
    return [{"number": places[id(mail)], **preview_row(mail), "id": seen.id_of(mail)} for mail in mails]


def _read(written: WrittenMail, row: Record, *, json: bool) -> None:
    words = written.words
    letter = {
        "subject": words.subject if words else None,
        "text": words.text if words else None,
        "html": words.html if words else None,
        "attachments": [each.name for each in words.attachments] if words else [],
    }
    if json:
        as_json({**row, **letter})
        return
    for line in _lines(row, letter):
        result(plain(line))


def _lines(row: Record, letter: Record) -> list[str]:
    when = time_of("", "at").cell(row)
    head = [f"{when}  {row['unit']}  {row['kind']} {row['slot']}  {row['state']}", f"Why: {_why(row)}"]
    if letter["subject"] is None:
        return [*head, "It does not go, so it is not written."]
    people = [f"To: {row['to']['name']} <{row['to']['email']}>", *(f"Copy: {copy}" for copy in row["copies"])]
    attached = [f"Attached: {', '.join(letter['attachments']) or '-'}", ""]
    return [*head, *people, f"Subject: {letter['subject']}", *attached, *letter["text"].splitlines()]


def _test(
    shell: Shell, seen: RoundPreview, mails: Sequence[PreviewedMail], address: str, *, force: bool, dry_run: bool
) -> None:
    going = [mail for mail in mails if not mail.suppressed]
    if dry_run:
        done(f"{len(going)} mails to {plain(address)}, marked [Test].", dry_run=True)
        return
    with way_out(shell) as room:
        tally = send_to_test_box(room, seen, mails, address, by=BY, now=shell.now(), force=force)
    done(f"{tally.sent} of {len(going)} mails sent to {plain(address)}, marked [Test].")
    if tally.refusals:
        fail(plain(f"The mail server said no: {tally.refusals[0]}"))
