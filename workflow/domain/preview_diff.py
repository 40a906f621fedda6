"""What a change does to the mails to come: which move, fall away, are added, held, or go to somebody else."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

from workflow.domain.messages import REMINDERS, MessageState
from workflow.domain.preview import EXPECTED, PreviewedMail

COMING = frozenset({EXPECTED, MessageState.PLANNED, MessageState.SENDING})
"""The states in which a mail will go if nothing changes."""


class Effect(StrEnum):
    """What happens to one mail, in the order in which it is told."""

    MOVED = "moved"
    DROPPED = "dropped"
    ADDED = "added"
    HELD = "held"
    READDRESSED = "readdressed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One mail before and after; `why` is the reason it stops, as the preview gives it, or ""."""

    effect: Effect
    before: PreviewedMail | None
    after: PreviewedMail | None
    why: str = ""

    @property
    def mail(self) -> PreviewedMail:
        """The mail as it will be, or as it would have been. Raises ValueError for a difference of nothing."""
        found = self.after or self.before
        if found is None:
            raise ValueError(self.effect)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewDiff:
    """All differences in time order; `unchanged` counts the coming mails that stay as they are."""

    differences: tuple[Difference, ...]
    unchanged: int

    @property
    def counts(self) -> Mapping[Effect, int]:
        """How many of each effect there are; an effect without any is left out."""
        found = Counter(each.effect for each in self.differences)
        return {effect: found[effect] for effect in Effect if found[effect]}


def preview_diff(before: Iterable[PreviewedMail], after: Iterable[PreviewedMail]) -> PreviewDiff:
    """Compare two previews of a round, mail by mail; what has gone already is in neither.

    A mail is the same by unit and slot, so that a moved last day moves its reminders rather than replacing them.
    """
    after = tuple(after)
    old, new = _coming(before), _coming(after)
    stopped = {_identity(mail): mail for mail in after if mail.suppressed}
    found = []
    for key in dict.fromkeys((*old, *new)):
        for one, other in zip_longest(old.get(key, ()), new.get(key, ())):
            found.append(_difference(one, other, stopped.get(key)))
    told = sorted(filter(None, found), key=lambda each: (each.mail.at, each.mail.unit_name, each.mail.slot))
    return PreviewDiff(differences=tuple(told), unchanged=len(found) - len(told))


def _identity(mail: PreviewedMail) -> tuple[str, str, str]:
    return mail.unit, mail.slot, "" if mail.kind in REMINDERS else mail.kind


def _coming(mails: Iterable[PreviewedMail]) -> Mapping[tuple[str, str, str], Sequence[PreviewedMail]]:
    found: defaultdict[tuple[str, str, str], list[PreviewedMail]] = defaultdict(list)
    for mail in sorted(mails, key=lambda each: each.at):
        if mail.state in COMING:
            found[_identity(mail)].append(mail)
    return found


def _difference(
    before: PreviewedMail | None, after: PreviewedMail | None, stopped: PreviewedMail | None
) -> Difference | None:
    if after is None:
        held = stopped is not None and stopped.state == MessageState.HELD
        why = stopped.suppressed if stopped else ""
        return Difference(effect=Effect.HELD if held else Effect.DROPPED, before=before, after=None, why=why)
    if before is None:
        return Difference(effect=Effect.ADDED, before=None, after=after)
    if before.at != after.at:
        return Difference(effect=Effect.MOVED, before=before, after=after)
    if (before.to_email, before.copies) != (after.to_email, after.copies):
        return Difference(effect=Effect.READDRESSED, before=before, after=after)
    return None
