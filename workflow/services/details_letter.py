"""The mail that asks whether the register is right: it says what stood in it when it was planned, or it does not go."""

from datetime import date, datetime

from workflow.domain import datewords
from workflow.domain.calendar import Calendar
from workflow.domain.details import PLACES, UNTIL, Place, unpack
from workflow.domain.letters import DetailsCheck, DetailsItem, DetailsRefused
from workflow.domain.messages import Message
from workflow.domain.people import Office, Role
from workflow.ports import LINK_SECRET


def details_url(office: Office, token: str) -> str:
    return f"{office.base_url}/uppgifter/{token}"


def compose_details(message: Message, *, office: Office, calendar: Calendar) -> DetailsCheck:
    language = message.language
    places = unpack(message.detail[PLACES])
    is_mailbox = all(each.contact.role is Role.FUNCTION_MAILBOX for each in places)
    until = calendar.last_day(datetime.fromisoformat(message.detail[UNTIL]))
    return DetailsCheck(
        language=language,
        first_name="" if is_mailbox else message.to_name.split(" ", maxsplit=1)[0],
        link=details_url(office, f"{message.link}.{LINK_SECRET}"),
        office=office.sender_name,
        contact_name=office.contact_name,
        contact_phone=office.contact_phone,
        contact_email=office.contact_email,
        items=tuple(_item(each, language) for each in places),
        is_mailbox=is_mailbox,
        is_again=message.slot.partition(".")[0].endswith("-again"),
        until=datewords.day(until, language, year=True),
    )


def compose_refused(message: Message, *, office: Office) -> DetailsRefused:
    return DetailsRefused(
        language=message.language,
        first_name=message.to_name.split(" ", maxsplit=1)[0],
        link=office.base_url,
        office=office.sender_name,
        contact_name=office.contact_name,
        contact_phone=office.contact_phone,
        contact_email=office.contact_email,
        unit=message.detail["unit"],
        asked=message.detail["asked"],
        reason=message.detail["reason"],
    )


def _item(place: Place, language: str) -> DetailsItem:
    contact = place.contact
    return DetailsItem(
        unit=place.unit_name,
        role=str(contact.role),
        name=contact.name,
        email=contact.email,
        phone=contact.phone,
        speaks=contact.language,
        since=_day(contact.valid_from, language),
        until=_day(contact.valid_to, language),
    )


def _day(day: date | None, language: str) -> str:
    return datewords.day(day, language, year=True) if day else ""
