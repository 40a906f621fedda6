"""`tertial form check | word`."""

from pathlib import Path
from typing import Annotated

import typer

from workflow.adapters.forms import check_form, load_form
from workflow.cli.errors import in_words
from workflow.cli.output import Yes, note, plain, result, write_new
from workflow.cli.rounds import RoundName
from workflow.cli.shell import Shell, command
from workflow.cli.submissions import UnitName
from workflow.domain.addressing import addressee
from workflow.services.listings import find_submission
from workflow.services.sheets import form_sheet

app = typer.Typer()


@command(app, "check")
def check(
    _shell: Shell,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A form in TOML.")],
) -> None:
    """Name every fault of a form with its line."""
    faults = check_form(file)
    for fault in faults:
        note(in_words(fault))
    if faults:
        raise typer.Exit(1)
    form = load_form(file)
    questions = sum(len(area.questions) for area in form.areas)
    result(plain(f"{file}: {form.id} {form.version}, {len(form.areas)} focus areas, {questions} questions."))


@command(app, "word")
def word(
    shell: Shell,
    round_: RoundName,
    unit: UnitName,
    *,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Such as sdn-haa.docx.")] = None,
    yes: Yes = False,
) -> None:
    """Write a unit's empty Word form, the one that goes with its invitation, in the contact's language."""
    house = shell.house
    found = find_submission(house.db, round_, unit)
    with house.db.read() as work:
        stored, recipients = work.rounds.get(round_), work.recipients.of(found.id)
    sheet = form_sheet(
        stored,
        found,
        addressee(recipients, house.now()),
        answers={},  # never what is in the draft: that is the unit's own
        office=house.office,
        calendar=house.calendar,
    )
    write_new(output or Path(f"{round_}-{unit}.docx"), house.documents.word_form(sheet), yes=yes)
