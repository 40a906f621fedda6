"""What a change would do to the mails to come, in a sentence and a list: for every --dry-run that moves mails."""

from workflow.cli.output import Column, Record, as_json, at, field, result, table, time_of
from workflow.domain.preview_diff import Effect, PreviewDiff
from workflow.services.consequences import difference_row

_VERBS = {
    Effect.MOVED: ("moves", "move"),
    Effect.DROPPED: ("falls away", "fall away"),
    Effect.ADDED: ("is added", "are added"),
    Effect.HELD: ("is held", "are held"),
    Effect.READDRESSED: ("gets other recipients", "get other recipients"),
}


def _change(record: Record) -> str:
    before, after = at(record["before"]), at(record["after"])
    return f"{before} -> {after}" if before and after and before != after else ""


COLUMNS = (
    time_of("when", "at"),
    field("unit", "unit"),
    field("mail", "kind"),
    field("slot", "slot"),
    field("effect", "effect"),
    Column("from -> to", _change),
    field("why", "why"),
)


def counted(diff: PreviewDiff) -> str:
    """As in: 12 mails move, 3 fall away, 1 is added."""
    parts = [f"{n} {_VERBS[effect][n != 1]}" for effect, n in diff.counts.items()]
    if not parts:
        return "No mails change."
    first, _, rest = ", ".join(parts).partition(" ")
    return f"{first} {'mail' if first == '1' else 'mails'} {rest}."


def say_consequences(diff: PreviewDiff, *, json: bool = False) -> None:
    """The sentence and each mail it speaks of; as JSON the list only."""
    rows = [difference_row(each) for each in diff.differences]
    if json:
        as_json(rows)
        return
    result(counted(diff))
    if rows:
        table(rows, COLUMNS)
