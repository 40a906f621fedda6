"""At what hour a unit's reminders go: all that one person gets on a day, over units and open rounds, go together."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from workflow.domain.addressing import addressee
from workflow.domain.calendar import Calendar
from workflow.domain.people import fold_address
from workflow.domain.planning import Case, Ladder, Timetable, by_person
from workflow.domain.reminders import Audience, Slot, slot_audience
from workflow.domain.submissions import Recipient
from workflow.ports import Work

MANY_PEOPLE = 20_000  # beyond that, whose days go together is not looked up, and each unit is shown its own hour


def shared_slots(
    work: Work, recipients: Iterable[Iterable[Recipient]], calendar: Calendar, now: datetime
) -> Mapping[str, tuple[Slot, ...]]:
    """By submission, the reminders to the contacts of these units who have others of their own, as they will go.

    `recipients` are those of each unit. A unit that is not in it shares its contact's days with nobody.
    """
    people = {fold_address(to.email) for each in recipients if (to := addressee(each, now))}
    if not people or len(people) > MANY_PEOPLE:
        return {}
    found: dict[str, list[Slot]] = defaultdict(list)
    for ladders in by_person(_ladders(work, people, calendar, now), calendar).values():
        for ladder in ladders if len(ladders) > 1 else ():
            found[ladder.submission.id] += [
                slot for slot in ladder.slots if slot_audience(slot.key) is Audience.CONTACT
            ]
    return {key: tuple(sorted(slots, key=lambda slot: slot.send_at)) for key, slots in found.items()}


def _ladders(work: Work, people: set[str], calendar: Calendar, now: datetime) -> list[Ladder]:
    """All reminders of the units that these people have to do with."""
    submissions = work.submissions.several(work.standings.shared(people))
    recipients: dict[str, list[Recipient]] = defaultdict(list)
    for each in work.standings.recipients(submissions):
        recipients[each.submission].append(each)
    cases = [Case(submission=each, recipients=recipients[each.id]) for each in submissions.values()]
    timetables = {
        id_: Timetable(work.rounds.get(id_), calendar) for id_ in {each.round for each in submissions.values()}
    }
    return [ladder for case in cases for ladder in timetables[case.submission.round].ladders(case, now)]
