"""What speaks against a last day, in the reader's words."""

from datetime import datetime

from workflow.domain import datewords
from workflow.domain.calendar import Calendar
from workflow.web.words import translations


def day_warnings(calendar: Calendar, language: str, due_at: datetime, closes_at: datetime) -> tuple[str, ...]:
    """In sentences; empty when nothing does. Raises OutsideCalendarError."""
    found = [f"{datewords.at_start(datewords.warning(each, language))}." for each in calendar.due_warnings(due_at)]
    if due_at > closes_at:
        closes = datewords.due_moment(closes_at, language, calendar.zone)
        sentence = translations(language).gettext("Omgången stänger {closes}. Efter det går inga påminnelser.")
        found.append(str(sentence).format(closes=closes))
    return tuple(found)
