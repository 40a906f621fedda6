"""How the yearly mail to somebody would read if it went now; nothing is planned, and its link opens nothing."""

from datetime import datetime

from workflow.domain.details import LINK_LIFE, PLACES, UNTIL, pack
from workflow.domain.errors import NotFoundError
from workflow.domain.messages import Message
from workflow.domain.people import fold_address
from workflow.services.details import KIND, everybody
from workflow.services.details_letter import compose_details
from workflow.services.mailroom import Mailroom


def preview_of(room: Mailroom, address: str, *, now: datetime) -> tuple[str, ...]:
    """Its lines, the subject first. Raises NotFoundError for somebody who would get none."""
    with room.db.read() as work:
        places = everybody(work, room.calendar, now).get(fold_address(address))
    if not places:
        raise NotFoundError(what=address)
    until = room.calendar.end_of_day(room.calendar.local(now).date() + LINK_LIFE)
    contact = places[0].contact
    message = Message(
        id="",
        round="",
        submission="",
        recipient="",
        kind=KIND,
        slot=str(room.calendar.local(now).year),
        deadline_revision=0,
        to_name=contact.name,
        to_email=contact.email,
        language=contact.language,
        due_at=now,
        give_up_at=now,
        detail={PLACES: pack(places), UNTIL: until.isoformat()},
        created_at=now,
    )
    words = room.renderer.render(compose_details(message, office=room.office, calendar=room.calendar))
    to = f"To: {contact.name} <{contact.email}>".replace("  ", " ")
    return (to, f"Subject: {words.subject}", "", *words.text.splitlines())
