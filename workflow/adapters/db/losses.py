"""What going back to an older schema would lose: counted before, so that nobody loses it unawares."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, table, text


@dataclass(frozen=True, slots=True)
class Loss:
    """Rows of a table that only the schema from `revision` on can hold, and what they are."""

    revision: str
    table: str
    where: str
    what: str

    def count(self, connection: Connection) -> int:
        """How many there are now."""
        rows = select(func.count()).select_from(table(self.table)).where(text(self.where))
        return connection.execute(rows).scalar_one()


LOSSES = (
    Loss("0004", "rounds", "NOT confirmed", "rounds that are held until a person confirms them: they would open"),
    Loss("0005", "accounts", "NOT digest", "coordinators who want no daily mail: they would get it again"),
    Loss("0005", "outbox", "submission IS NULL", "mails about no unit, which the older ledger cannot hold"),
    Loss("0006", "contacts", "valid_from IS NOT NULL OR valid_to IS NOT NULL", "contacts' first and last days"),
    Loss("0006", "contacts", "undeliverable_since IS NOT NULL", "marks of addresses that do not work"),
    Loss("0006", "recipients", "starts_at IS NOT NULL OR ends_at IS NOT NULL", "changes of person within a round"),
    Loss("0007", "extensions", "1 = 1", "extensions and requests for more time, with their reasons"),
    Loss("0010", "outbox", "lead <> ''", "mails about several units: which of them told of which"),
    Loss("0011", "details_checks", "1 = 1", "yearly questions about the register, with their answers"),
    Loss("0011", "corrections", "1 = 1", "corrections that contacts have asked for"),
    Loss("0012", "rounds", "links <> 'direct'", "rounds whose links ask for a code: they would open without"),
    Loss("0015", "incoming", "1 = 1", "mails that came in, with their files"),
    Loss("0016", "attachments", "1 = 1", "attachments beside drafts"),
    Loss("0016", "edition_files", "1 = 1", "attachments that have been handed in"),
    Loss("0017", "recipients", "invited_by <> ''", "who was invited by whom: they would get all mails"),
)


class LosingDowngradeError(Exception):
    """The older schema cannot hold what is there. Nothing has been changed."""

    def __init__(self, revision: str, found: Mapping[Loss, int]) -> None:
        lines = [f"  {count} {loss.what} (kept since {loss.revision})" for loss, count in found.items()]
        super().__init__(
            "\n".join(
                [
                    f"Going back to {revision} would lose:",
                    *lines,
                    "Make a backup (tertial db backup FILE), and go back with losing=True if it may be lost.",
                ]
            )
        )


def refuse_losses(connection: Connection, revision: str, undone: Iterable[str]) -> None:
    """Raises LosingDowngradeError where undoing these revisions would lose rows."""
    gone = set(undone)
    counted = {loss: loss.count(connection) for loss in LOSSES if loss.revision in gone}
    found = {loss: count for loss, count in counted.items() if count}
    if found:
        raise LosingDowngradeError(revision, found)
