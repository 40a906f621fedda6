"""`tertial submission show | approve | return | reopen | excuse`."""

from datetime import datetime
from typing import Annotated

import typer

from workflow.cli.output import AsJson, DryRunFlag, Record, as_json, at, done, plain, result, say_warnings
from workflow.cli.rounds import RoundName
from workflow.cli.shell import BY, Shell, command
from workflow.cli.typed import due_warnings, pairs, shown_due, unit_named, usage_instant
from workflow.domain.submissions import Move, Submission
from workflow.ports import Job
from workflow.services import submissions
from workflow.services.lineage import earlier_row, previous_answers
from workflow.services.listings import find_submission, submission_document

app = typer.Typer()

UnitName = Annotated[
    str, typer.Argument(metavar="UNIT", help="An id of units.csv, such as sdn-haa.", parser=unit_named)
]
UnitList = Annotated[list[str], typer.Argument(metavar="UNIT...", help="Ids of units.csv, such as sdn-haa.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; the unit is told.")]
Questions = Annotated[
    list[str] | None,
    typer.Option("--question", metavar="KEY=COMMENT", help="Only this question opens again. Repeatable."),
]
Due = Annotated[str, typer.Option("--due", metavar="WHEN", help="The last day of the supplement.")]


@command(app, "show")
def show(shell: Shell, round_: RoundName, unit: UnitName, *, json: AsJson = False) -> None:
    """What the unit has handed in, and how it stands. A draft's text is the unit's own and is never shown."""
    found = find_submission(shell.house.db, round_, unit)
    document = submission_document(shell.house.db, found.id)
    if json:
        as_json(document)
        return
    for line in _lines(document):
        result(line)


@command(app, "previous")
def previous(shell: Shell, round_: RoundName, unit: UnitName, *, json: AsJson = False) -> None:
    """What the unit, or the units that it has replaced, handed in last before this round."""
    found = find_submission(shell.house.db, round_, unit)
    rows = [earlier_row(each) for each in previous_answers(shell.house.db, found.id)]
    if json:
        as_json(rows)
    elif not rows:
        result("Nothing has been handed in before this round.")
    for row in [] if json else rows:
        result(plain(f"{row['name']} ({row['unit']}), {row['round']}, edition {row['edition']}, {row['state']}"))
        for each in row["answers"]:
            result(plain(f"  {each['question']}: {each['answer'] or each['na_reason']}"))


def _lines(document: Record) -> list[str]:
    lines = [
        plain(f"{document['name']} ({document['unit']}), {document['round']}"),
        f"State: {document['state']}, {document['answered']} of {document['questions']} answered",
        f"Due: {shown_due(datetime.fromisoformat(document['due_at']))}   Came in: {at(document['received_at']) or '-'}",
    ]
    lines += [plain(f"Reason: {document['reason']}")] if document["reason"] else []
    lines += [plain(f"Comment on {key}: {text}") for key, text in document["comments"].items()]
    if document["editions"]:
        lines += _edition(document["editions"][-1])
    return lines


def _edition(edition: Record) -> list[str]:
    lines = ["", f"Edition {edition['edition']}, came in {at(edition['received_at'])}, sha256 {edition['sha256']}"]
    for each in edition["answers"]:
        lines += ["", plain(f"{each['number']} {each['text']}")]
        if each["not_applicable"]:
            lines.append(plain(f"Not applicable: {each['na_reason']}"))
        lines += [plain(line) for line in each["answer"].splitlines()]
    for each in edition["attachments"]:
        lines += ["", plain(f"Attachment: {each['name']}, {each['bytes']} bytes, sha256 {each['sha256']}")]
    return lines


@command(app, "approve")
def approve(shell: Shell, round_: RoundName, units: UnitList, *, dry_run: DryRunFlag = False) -> None:
    """Approve what one or several units have handed in."""
    house = shell.house
    chosen = [find_submission(house.db, round_, unit_named(unit)) for unit in units]
    for each in chosen:
        submissions.approve(
            shell.database(dry_run=dry_run),
            each.id,
            version=each.version,
            by=BY,
            secrets=house.secrets,
            now=shell.now(),
        )
        _told(shell, each, "approved", dry_run=dry_run)


@command(app, "return")
def return_(
    shell: Shell,
    round_: RoundName,
    unit: UnitName,
    *,
    due: Due,
    reason: Reason = "",
    question: Questions = None,
    dry_run: DryRunFlag = False,
) -> None:
    """Return what was handed in for a supplement."""
    _give_back(shell, round_, unit, Move.RETURN, (due, reason, question or []), dry_run=dry_run)


@command(app, "reopen")
def reopen(
    shell: Shell,
    round_: RoundName,
    unit: UnitName,
    *,
    due: Due,
    reason: Reason,
    question: Questions = None,
    dry_run: DryRunFlag = False,
) -> None:
    """Reopen what was approved."""
    _give_back(shell, round_, unit, Move.REOPEN, (due, reason, question or []), dry_run=dry_run)


def _give_back(
    shell: Shell, round_: str, unit: str, move: Move, given: tuple[str, str, list[str]], *, dry_run: bool
) -> None:
    due, reason, question = given
    when = usage_instant(due, "--due")
    found = find_submission(shell.house.db, round_, unit)
    submissions.give_back(
        shell.database(dry_run=dry_run),
        found.id,
        version=found.version,
        reason=reason,
        comments=_comments(shell, found, question),
        due_at=when,
        by=BY,
        secrets=shell.house.secrets,
        now=shell.now(),
        move=move,
    )
    say_warnings(due_warnings(shell.house.calendar, when))
    what = "returned" if move is Move.RETURN else "reopened"
    _told(shell, found, f"{what}; due {shown_due(when)}", dry_run=dry_run)


def _comments(shell: Shell, found: Submission, question: list[str]) -> dict[str, str]:
    with shell.house.db.read() as work:
        known = work.rounds.get(found.round).form.asked(found.kind, found.unit).keys
    comments = pairs(question, "--question", "KEY=COMMENT")
    if unknown := [key for key in comments if key not in known]:
        raise typer.BadParameter(f"no question {unknown[0]!r}; there are: {', '.join(known)}.", param_hint="--question")
    return comments


@command(app, "excuse")
def excuse(shell: Shell, round_: RoundName, unit: UnitName, *, reason: Reason, dry_run: DryRunFlag = False) -> None:
    """Exempt a unit from this round."""
    found = find_submission(shell.house.db, round_, unit)
    submissions.excuse(
        shell.database(dry_run=dry_run), found.id, reason=reason, by=BY, secrets=shell.house.secrets, now=shell.now()
    )
    _told(shell, found, "excused", dry_run=dry_run)


def _told(shell: Shell, submission: Submission, what: str, *, dry_run: bool) -> None:
    if not dry_run:
        shell.nudge(Job.DELIVER)
    done(plain(f"{submission.unit_name} ({submission.unit}) is {what}."), dry_run=dry_run)
