"""Keeping the head of the log outside the database, and proving that the log is still the one that was anchored."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from workflow.domain.audit import Anchor, Head, Kept, first_break, first_unfit
from workflow.ports import Anchors, Database

ANCHOR_EVERY = timedelta(hours=1)
MILESTONES = frozenset({"round.closed", "round.bundled"})
"""What is anchored at the next tick, without waiting for the hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`head` is where the stored log ends. `broken_at`: the first event that is changed, missing or out of place.

    `unfit`: the first anchor, in the order they were kept, whose event the log lacks or has otherwise; it is looked
    for in an unbroken chain only.
    """

    head: Head
    broken_at: int | None
    unfit: Anchor | None

    @property
    def holds(self) -> bool:
        return self.broken_at is None and self.unfit is None


def anchor_head(db: Database, anchors: Anchors, *, now: datetime) -> Anchor | None:
    """Asked at every tick: keeps the head when it has moved and is an hour old, or a round was closed or gathered.

    Gives the anchor that was kept. Any number of processes may ask; two that keep the same head do no harm.
    """
    last = anchors.last()
    with db.read() as work:
        head = work.log.head()
        if last and last.head == head:
            return None
        if last and abs(now - last.at) < ANCHOR_EVERY and not work.log.has_since(last.head.number, MILESTONES):
            return None
    return _keep(anchors, Anchor(head, now)) if head.number else None


def anchor_restored(db: Database, anchors: Anchors, *, now: datetime) -> Anchor:
    """A backup was put back: from here the log goes on. What was anchored beyond it is given up, and that is on file.

    An attacker could write such a line too; it says when, and `verify` shows it.
    """
    with db.read() as work:
        return _keep(anchors, Anchor(work.log.head(), now, restored=True))


def verify(db: Database, *kept: Kept) -> Verdict:
    """Prove the chain from its first event to its head, and that every anchor that was kept is in it.

    The chain alone shows what was changed, removed or put in; only anchors show a log that ends too early (whoever
    cuts it can set the head in the database back as well) or was written anew from some place on.
    """
    with db.read() as work:
        log, head = work.log.all(), work.log.head()
    end = Head(log[-1].number, log[-1].hash) if log else Head()
    broken = first_break(log)
    if broken is None and head != end:
        broken = end.number + 1
    misfits = (first_unfit(log, each.anchors) for each in kept) if broken is None else ()
    return Verdict(head=end, broken_at=broken, unfit=next(filter(None, misfits), None))


def _keep(anchors: Anchors, anchor: Anchor) -> Anchor:
    anchors.keep(anchor)
    return anchor
