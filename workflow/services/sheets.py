"""What is printed of one unit: its form to fill in Word, and what it handed in, to keep."""

from collections.abc import Mapping

from workflow.domain import datewords
from workflow.domain.calendar import Calendar
from workflow.domain.forms import Answer
from workflow.domain.people import Office
from workflow.domain.rounds import Round
from workflow.domain.submissions import Edition, Recipient, Submission
from workflow.ports import EditionSheet, FormSheet


def form_sheet(
    round_: Round,
    submission: Submission,
    recipient: Recipient | None,
    *,
    answers: Mapping[str, Answer],
    language: str = "",
    office: Office,
    calendar: Calendar,
) -> FormSheet:
    """What is printed on the unit's Word form; empty `answers` for the one that goes with the invitation.

    In the recipient's language where no other is asked for.
    """
    spoken = language or (recipient.language if recipient else "sv")
    return FormSheet(
        form=round_.form,
        questions=round_.form.asked(submission.kind, submission.unit),
        round=round_.id,
        round_title=round_.title(spoken),
        unit=submission.unit,
        unit_name=submission.unit_name,
        contact_name=recipient.name if recipient else "",
        contact_phone=recipient.phone if recipient else "",
        contact_email=recipient.email if recipient else "",
        due=datewords.due_moment(submission.due_at, spoken, calendar.zone),
        office=office.name,
        answers=answers,
        made_at=round_.opened_at or round_.opens_at,
        language=spoken,
    )


def edition_sheet(
    round_: Round, submission: Submission, edition: Edition, *, language: str, office: Office, calendar: Calendar
) -> EditionSheet:
    """What is printed of this edition."""
    return EditionSheet(
        form_title=round_.form.title,
        questions=round_.form.asked(submission.kind, submission.unit),
        round_title=round_.title(language),
        unit_name=submission.unit_name,
        office=office.name,
        edition=edition,
        received=datewords.moment(edition.received_at, language, calendar.zone),
        late=datewords.late_words(edition.late_days, language),
        diary_number=submission.diary_number,
        language=language,
    )
