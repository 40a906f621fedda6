"""`tertial audit verify`: the log's chain, and the anchors that were kept of it."""

from pathlib import Path
from typing import Annotated

import typer

from workflow.adapters.anchors import FileAnchors
from workflow.cli import typed
from workflow.cli.output import AsJson, as_json, note, result
from workflow.cli.shell import Shell, command, fail
from workflow.domain.audit import Anchor, Head, Kept
from workflow.services import audit as proof

app = typer.Typer()

Copies = Annotated[
    list[Path] | None,
    typer.Option(
        "--anchors", metavar="FILE", exists=True, dir_okay=False, help="Also these: a copy, an edition's .anchor.jsonl."
    ),
]


@command(app, "verify")
def verify(shell: Shell, *, anchors: Copies = None, json: AsJson = False) -> None:
    """Prove that nothing in the log was changed, removed, put in later, cut off or written anew.

    Every event holds the hash of the one before it: the first one that does not fit is named. A log that was cut off,
    or written anew as a whole, shows only by its anchors: number and hash of the last event, kept outside the database
    in DATA/anchors.jsonl once an hour and after every closing and gathering, and beside each numbered edition. Keep a
    copy of that file where nobody who can write to the database can write too, and name it with --anchors.

    Exit code 1 and the first broken place, or the first anchor that does not fit.
    """
    own = shell.house.settings.data_dir / "anchors.jsonl"
    kept = {file: FileAnchors(file).read() for file in (own, *(anchors or ()))}
    verdict = proof.verify(shell.house.db, *kept.values())
    if json:
        as_json(_proof(verdict, kept))
    elif verdict.holds:
        result(f"The chain holds: {verdict.head.number} events, head {verdict.head.hash}")
    for file, each in {} if json else kept.items():
        _tell_anchors(file, each, verdict)
    if verdict.broken_at is not None:
        fail(f"The chain is broken at event {verdict.broken_at}: it was changed, removed or put in later.")
    if verdict.unfit is not None:
        fail(_misfit(verdict.unfit, verdict.head))


def _tell_anchors(file: Path, kept: Kept, verdict: proof.Verdict) -> None:
    """What the file vouches for; said, and no error, when it holds nothing."""
    if kept.unreadable:
        note(
            f"{file}: no anchor can be read in line {', '.join(map(str, kept.unreadable))} (a torn write, or changed)."
        )
    for anchor in kept.anchors:
        if anchor.restored:
            note(
                f"{file}: a backup was restored {typed.shown(anchor.at)}; the log went on from event {_named(anchor)}."
            )
    if not kept.anchors:
        note(f"{file}: no anchors yet. A log that was cut off or written anew cannot be told from a whole one.")
    elif verdict.holds:
        last = kept.anchors[-1]
        result(f"All {len(kept.anchors)} anchors fit: {file}, up to event {_named(last)} of {typed.shown(last.at)}.")


def _misfit(anchor: Anchor, head: Head) -> str:
    gone = anchor.head.number > head.number
    what = f"the log ends at event {head.number}" if gone else "the log has another event there"
    why = "It was cut off." if gone else "It was written anew from there or before."
    return f"The log does not fit the anchor of {typed.shown(anchor.at)}, event {_named(anchor)}: {what}. {why}"


def _named(anchor: Anchor) -> str:
    return f"{anchor.head.number} ({anchor.head.hash[:12]})"


def _proof(verdict: proof.Verdict, kept: dict[Path, Kept]) -> dict[str, object]:
    unfit = verdict.unfit
    return {
        "holds": verdict.holds,
        "events": verdict.head.number,
        "head": verdict.head.hash,
        "first_break": verdict.broken_at,
        "first_unfit": {"number": unfit.head.number, "hash": unfit.head.hash, "at": unfit.at.isoformat()}
        if unfit
        else None,
        "anchors": [
            {"file": str(file), "kept": len(each.anchors), "unreadable_lines": list(each.unreadable)}
            for file, each in kept.items()
        ],
    }
