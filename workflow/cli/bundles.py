"""`tertial bundle`: what has come in, gathered."""

from pathlib import Path
from typing import Annotated

import typer

from workflow.cli.output import DryRunFlag, note, plain, result
from workflow.cli.rounds import RoundName
from workflow.cli.shell import BY, Shell, command
from workflow.domain.bundles import Bundle
from workflow.services.bundles import bundle_round, draft_bundle

app = typer.Typer()


@command(app, "bundle")
def bundle(
    shell: Shell,
    round_: RoundName,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where to.", file_okay=False)],
    draft: Annotated[bool, typer.Option("--draft", help="What has come in so far; freezes nothing.")] = False,
    dry_run: DryRunFlag = False,
) -> None:
    """Gather a round as Word, JSON and ZIP: the next numbered edition of a closed one, or a draft on any day."""
    house = shell.house
    if draft or dry_run:
        gathered = draft_bundle(house.db, house.documents, round_)
    else:
        gathered = bundle_round(house.db, house.documents, house.files, round_, by=BY, now=shell.now())
    if not dry_run:
        output.mkdir(parents=True, exist_ok=True)
        for name, data in gathered.reports.items():
            (output / name).write_bytes(data)
            result(str(output / name))
        with (output / gathered.package.name).open("wb") as package:
            gathered.package.write(package)
        result(str(output / gathered.package.name))
    note(_summary(gathered.bundle))


def _summary(gathered: Bundle) -> str:
    missing, late = len(gathered.missing), len(gathered.late)
    came = len(gathered.units) - missing
    edition = "draft" if gathered.is_draft else f"edition {gathered.edition}"
    return plain(f"{gathered.title}, {edition}: {came} of {len(gathered.units)} units, {missing} missing, {late} late.")
