"""Who was refused at RCPT, and what that means: the reader's mail does not depend on those in copy."""

from collections.abc import Mapping
from dataclasses import replace

from workflow.adapters.mail.replies import CLOSING, is_permanent
from workflow.ports import Handover, Outcome, Phase, RefusedCopy

Refusals = Mapping[str, Handover]
"""The verdict on each address that the server would not have."""


def verdict(refused: Refusals, reader: str, *, named: int, waits: bool) -> Handover | None:
    """Why the mail does not go, None when it does. Of those in copy only a passing refusal stops it, if it `waits`."""
    passing = (each for each in refused.values() if waits and not _is_for_good(each))
    closing = (each for each in refused.values() if each.code == CLOSING)
    stop = refused.get(reader) or next(closing, None) or next(passing, None)
    if stop is None:
        return None
    counted = f"{len(refused)} av {named} mottagare: " if named > 1 else ""
    nobody = tuple(address for each in refused.values() for address in each.nobody)
    outcome = stop.outcome if reader in refused else Outcome.RETRY
    return Handover(outcome, Phase.RCPT, stop.code, counted + stop.text, nobody)


def without(refused: Refusals) -> tuple[RefusedCopy, ...]:
    """The copies of a mail that goes all the same."""
    return tuple(
        RefusedCopy(address, f"{each.code or ''} {each.text}".strip(), is_nobody=bool(each.nobody))
        for address, each in refused.items()
    )


def with_copies(handover: Handover, left_out: tuple[RefusedCopy, ...]) -> Handover:
    """The end of a mail that went without some of its copies: it says so."""
    if not left_out:
        return handover
    said = "; ".join(each.said for each in left_out)
    nobody = tuple(each.address for each in left_out if each.is_nobody)
    text = f"{handover.text} ({len(left_out)} i kopia togs inte emot: {said})"
    return replace(handover, text=text, nobody=(*handover.nobody, *nobody), left_out=left_out)


def _is_for_good(verdict: Handover) -> bool:
    """An address that no server was asked about has no code."""
    return verdict.code is None or is_permanent(verdict.code)
