"""Holding back the mails of a database that has travelled in time, and letting them go when somebody has looked."""

from datetime import datetime

from workflow.domain.audit import Event
from workflow.domain.messages import MessageState
from workflow.ports import Database

RESTORED = "restored"
"""The reason of what a restored backup holds back: since it was taken, the mail may have gone."""


def hold_planned(db: Database, *, why: str, by: str, now: datetime) -> int:
    """Hold every mail that some worker would send. What stands at the final dot already is never resent anyway."""
    with db.begin() as work:
        waiting = work.outbox.list(states=(MessageState.PLANNED, MessageState.SENDING))
        held = sum(work.outbox.change(message, message.hold(why)) for message in waiting)
        work.log.append(Event(kind="mail.held", actor=by, at=now, data={"held": held, "why": why}))
        return held


def release_held(db: Database, *, by: str, now: datetime) -> int:
    """A person has looked: what the restore held is planned again, what is overdue goes at once. Gives how many.

    What somebody holds for a reason of their own stays held.
    """
    with db.begin() as work:
        held = [each for each in work.outbox.list(states=(MessageState.HELD,)) if each.reason == RESTORED]
        released = sum(work.outbox.change(message, message.let_go(now)) for message in held)
        if released:
            work.log.append(Event(kind="mail.released", actor=by, at=now, data={"released": released}))
        return released
