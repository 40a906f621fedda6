"""A mail that went without somebody in copy: the coordinators are told of it once, as of a mail that came back."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from workflow.domain.addressing import address_of
from workflow.domain.arrivals import Arrival
from workflow.domain.incoming import IncomingKind
from workflow.domain.messages import Message
from workflow.domain.people import fold_address
from workflow.ports import Outcome, RefusedCopy, Secrets, Work
from workflow.services.landing import Flown
from workflow.services.mailroom import log_message
from workflow.services.matching import people_at

_WENT = frozenset({Outcome.ACCEPTED, Outcome.UNKNOWN})


def note_left_out(work: Work, flown: Flown, rows: Sequence[Message], *, secrets: Secrets, now: datetime) -> None:
    """For each unit that the copy was about. Tried again by a person, it is the same note.

    Of an address that is marked already they know: a reminder a day would make a note a day.
    """
    if flown.result.outcome not in _WENT:
        return
    for copy in flown.result.left_out:
        if any(contact.undeliverable_since for _, contact in work.people.at({fold_address(copy.address)})):
            continue
        theirs = [row for row in rows if fold_address(copy.address) in _copied(row)]
        for row in theirs or rows[:1]:
            arrival = _note(work, row, copy, secrets, now)
            if work.incoming.add(arrival, {}):
                log_message(work, "message.copy_refused", row, now, arrival=arrival.id)


def _copied(row: Message) -> set[str]:
    return {fold_address(address_of(copy)) for copy in row.copies}


def _note(work: Work, row: Message, copy: RefusedCopy, secrets: Secrets, now: datetime) -> Arrival:
    people = people_at(work.recipients.of(row.submission) if row.submission else (), copy.address)
    identity = sha256(f"copy {row.id} {fold_address(copy.address)}".encode()).hexdigest()
    return Arrival(
        id=secrets.new_id(),
        digest=identity,
        identity=identity,
        kind=IncomingKind.BOUNCE,
        came_at=now,
        sender="",
        sender_name="",
        subject=row.frozen.subject if row.frozen else "",
        text="",
        round=row.round,
        submission=row.submission,
        message=row.id,
        recipient=next((each.id for each in people), ""),
        address=copy.address,
        said=copy.said,
    )
