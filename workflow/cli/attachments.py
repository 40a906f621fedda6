"""`tertial submission attachments`: the files that came in with a unit's answers, listed or taken home."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated

import typer

from workflow.cli.output import AsJson, Column, as_json, field, listing, note, plain, result
from workflow.cli.rounds import RoundName
from workflow.cli.shell import Shell, command
from workflow.cli.submissions import UnitName
from workflow.cli.typed import unit_named
from workflow.domain.attachments import AttachedFile
from workflow.domain.errors import AlreadyExistsError, NotFoundError, RefusedError
from workflow.domain.submissions import Edition, Submission
from workflow.services.attachments import edition_file
from workflow.services.listings import attachment_rows, find_submission
from workflow.services.overview import submission_view

app = typer.Typer()


class SealedError(RefusedError):
    sentence = (
        "{unit} kan ännu ta tillbaka det som har lämnats in i {round}. "
        "Bilagorna går att hämta när någon har börjat granska det."
    )


COLUMNS = (
    field("edition", "edition", right=True),
    field("nr", "place", right=True),
    field("name", "name"),
    field("bytes", "bytes", right=True),
    field("sha256", "sha256"),
    Column("", lambda record: "not yet: the unit may take it back unread" if record["sealed"] else ""),
)


@command(app, "attachments")
def attachments(
    shell: Shell,
    round_: RoundName,
    unit: UnitName,
    *,
    edition: Annotated[
        int | None, typer.Option("--edition", min=1, help="Of this edition only; --out: else the newest.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", file_okay=False, help="Save the files there.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Also over files that are there.")] = False,
    json: AsJson = False,
) -> None:
    """List the files that have come in with the answers, or save them; what lies beside a draft is the unit's own."""
    found = find_submission(shell.house.db, round_, unit_named(unit))
    editions = submission_view(shell.house.db, found.id).editions
    chosen = [each for each in editions if edition in {None, each.number}]
    if edition and not chosen:
        raise NotFoundError(what=f"{round_} {unit} {edition}")
    if out is None:
        listing(attachment_rows(found, chosen), COLUMNS, json_too=json, empty="No attachments have come in.")
        return
    for path in _saved(shell, found, chosen[-1:], out, force=force):
        if not json:
            result(plain(path))
    if json:
        rows = attachment_rows(found, chosen[-1:])
        as_json([{**row, "path": str(out / str(row["name"]))} for row in rows])
    elif not any(each.files for each in chosen[-1:]):
        note("No attachments have come in.")


def _saved(
    shell: Shell, submission: Submission, editions: list[Edition], folder: Path, *, force: bool
) -> Iterator[Path]:
    """Save the files one by one under the unit's own names. Raises SealedError, AlreadyExistsError before the first."""
    files = [(each.number, place, file) for each in editions for place, file in enumerate(each.files, start=1)]
    if any(submission.is_sealed(number) for number, _, _ in files):
        raise SealedError(unit=submission.unit, round=submission.round)
    taken = [path for _, _, file in files if (path := folder / file.name).exists() or path.is_symlink()]
    if taken and not force:
        raise AlreadyExistsError(what=str(taken[0]))
    folder.mkdir(parents=True, exist_ok=True)
    for number, place, _ in files:
        yield _written(folder, *edition_file(shell.house.db, submission.id, number, place))


def _written(folder: Path, file: AttachedFile, data: bytes) -> Path:
    """Whole or not at all, and never through a link that lies there."""
    with NamedTemporaryFile(dir=folder, prefix=".tertial-", delete=False) as waiting:
        waiting.write(data)
    Path(waiting.name).chmod(0o640)
    return Path(waiting.name).replace(folder / file.name)
