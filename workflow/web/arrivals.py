"""What came in by mail, as it stands on the unit's page; and the day that a reply asks for, ready to be given."""

from datetime import datetime, time

from workflow.domain.arrivals import Arrival
from workflow.domain.submissions import Submission
from workflow.services import inbox
from workflow.services.overview import SubmissionView
from workflow.web.office import Office
from workflow.web.typed_time import TypedTime, typed_of

PROPOSED_DAYS = 5  # working days; a proposal, the field is free
_AFTERNOON = time(16)


def beside_unit(desk: Office, view: SubmissionView) -> dict[str, object]:
    """What came in about the unit, and what its replies ask for."""
    arrivals = [each.arrival for each in inbox.inbox(desk.house.db, submission=view.submission.id)]
    asking = [each for each in arrivals if each.needs_office and each.asked_until and view.submission.is_owed]
    asked = {each.id: proposed_day(desk, each, view.submission) for each in asking}
    return {
        "arrivals": arrivals,
        "asked_days": asked,
        "asked_typed": {key: typed_of(day, desk.house.calendar) for key, day in asked.items()},
    }


def proposed_day(desk: Office, arrival: Arrival, submission: Submission) -> datetime:
    """The day that was asked for, at the clock time of the last day that stands; else some working days on."""
    calendar = desk.house.calendar
    if arrival.asked_until:
        clock = typed_of(submission.due_at, calendar).clock
        return TypedTime(arrival.asked_until.isoformat(), clock).instant(calendar)
    later = max(calendar.local(desk.now()).date(), calendar.last_day(submission.due_at))
    return calendar.at(calendar.add_working_days(later, PROPOSED_DAYS), _AFTERNOON)
