"""A mail that could not be taken in, however often: it lies with a mail server, and somebody has to be told of it."""

from datetime import datetime
from hashlib import sha256

from workflow.domain.arrivals import Arrival
from workflow.domain.audit import Event
from workflow.domain.forms import keepable
from workflow.domain.incoming import IncomingKind, IncomingMail
from workflow.ports import Work
from workflow.services.mailroom import Mailroom
from workflow.services.rounds import SYSTEM


def note_unreadable(room: Mailroom, mail: IncomingMail, folder: str, *, now: datetime) -> bool:
    """Who wrote and what about, and the `folder` it lies in; "" while it stays with the server that brings it.

    Of the rest nothing is looked at: something in it is more than we can bear. True when it is new.
    """
    arrival = Arrival(
        id=room.secrets.new_id(),
        digest=digest_of(mail),
        identity=digest_of(mail),
        kind=IncomingKind.UNREADABLE,
        came_at=now,
        sender=keepable(mail.sender)[0],
        sender_name=keepable(mail.sender_name)[0],
        subject=keepable(mail.subject)[0],
        text="",
        said=folder,
    )
    with room.db.begin() as work:
        is_new = work.incoming.add(arrival, {})
        if is_new:
            data = {"arrival": arrival.id}
            work.log.append(Event(kind="incoming.unreadable", actor=SYSTEM, at=now, data=data))
        return is_new


def settle_unreadable(work: Work, mail: IncomingMail, *, now: datetime) -> None:
    """It has been taken in after all: nobody need look for it."""
    for arrival in work.incoming.list(kinds={IncomingKind.UNREADABLE}, open_only=True):
        if arrival.digest == digest_of(mail):
            work.incoming.handle(arrival, arrival.handle(by=SYSTEM, at=now))


def digest_of(mail: IncomingMail) -> str:
    """Not the mail's own: it may be taken in one day."""
    return sha256(f"unreadable {mail.digest}".encode()).hexdigest()
