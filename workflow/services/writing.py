"""Writing a claimed mail: words, enclosures and bytes, outside every transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from workflow.domain.addressing import address_of, all_copies
from workflow.domain.calendar import Calendar
from workflow.domain.codes import written
from workflow.domain.marks import Mark, with_mark
from workflow.domain.messages import TO_OFFICE, Enclosure, Frozen, Message, MessageKind
from workflow.domain.rounds import Round
from workflow.domain.submissions import Edition, Recipient, Submission
from workflow.ports import CalendarEntry, Rendered, Work
from workflow.services.details_letter import compose_details, compose_refused
from workflow.services.digest import Agenda, read_agenda
from workflow.services.digest_letters import compose_for_office
from workflow.services.letters import Situation, compose
from workflow.services.mailroom import Mailroom, Plans
from workflow.services.several import compose_several, with_secrets
from workflow.services.sheets import edition_sheet, form_sheet

WITH_ENTRY = frozenset(
    {
        MessageKind.INVITATION,
        MessageKind.HANDOVER,
        MessageKind.EXTENSION,
        MessageKind.EXTENSION_WITHDRAWN,
        MessageKind.MOVED,
        MessageKind.RETURNED,
    }
)
"""Mails that tell of a (new) last day carry it as a calendar entry."""
WITH_FORM = frozenset({MessageKind.INVITATION, MessageKind.HANDOVER})
WITH_EDITION = frozenset({MessageKind.RECEIPT})
"""Mails that carry what was handed in as a document."""
_COPY_NAMES = {"sv": "svar", "en": "answers"}
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What the letters of a batch speak of, read in one go; only for those that are not frozen already."""

    rounds: Mapping[str, Round]
    submissions: Mapping[str, Submission]
    editions: Mapping[tuple[str, str], Edition]  # by submission and the receipt's slot: each tells of its own
    recipients: Mapping[str, Recipient]
    agenda: Agenda | None = None


NOTHING = Material(rounds={}, submissions={}, editions={}, recipients={})


@dataclass(frozen=True, slots=True)
class Written:
    """A claimed mail with its first and only rendering, and its bytes. The ledger does not hold `frozen` yet."""

    message: Message
    frozen: Frozen
    data: bytes
    sender: str
    """Of the envelope: where a mail server says that it could not deliver."""

    @property
    def recipients(self) -> tuple[str, ...]:
        return (self.message.to_email, *(address_of(copy) for copy in self.frozen.copies))


def gather_material(
    work: Work, messages: Iterable[Message], *, calendar: Calendar, now: datetime, plans: Plans = lambda: None
) -> Material:
    """Read all that is needed to write these mails."""
    leads = [each for each in messages if each.frozen is None]
    unwritten = [row for each in leads for row in (each, *each.company)]
    to_office = any(each.kind in TO_OFFICE for each in unwritten)
    handed_in = {each.submission: work.editions.of(each.submission) for each in unwritten if each.kind in WITH_EDITION}
    with_people = {row.submission for each in leads if each.company for row in (each, *each.company)}
    with_people |= {each.submission for each in unwritten if each.kind in WITH_FORM}
    return Material(
        rounds={id_: work.rounds.get(id_) for id_ in {each.round for each in unwritten if each.round}},
        submissions=work.submissions.several({each.submission for each in unwritten if each.submission}),
        editions={(id_, each.slot): each for id_, editions in handed_in.items() for each in editions},
        recipients={each.id: each for each in work.recipients.of(*sorted(with_people))} if with_people else {},
        agenda=read_agenda(work, plans=plans(), calendar=calendar, now=now) if to_office else None,
    )


def write(room: Mailroom, message: Message, material: Material, *, now: datetime) -> Written:
    """Render the letter, unless it is frozen, and assemble it.

    Raises LostLinkError, and whatever a site's own template may raise.
    """
    frozen = message.frozen or _freeze(room, message, material, now)
    secret = _secret(room, message)
    shown = with_secrets(frozen, message, room.secrets)
    inbox = frozen.inbox if frozen.reply_to else room.office.inbox
    answers = _marked(room, message, inbox, Mark.REPLY) or frozen.reply_to
    data = room.envelopes.assemble(shown, secret=secret, reply_to=answers)
    return Written(message, frozen, data, _marked(room, message, inbox, Mark.BOUNCE) or frozen.sender_email)


def _marked(room: Mailroom, message: Message, inbox: str, mark: Mark) -> str:
    """Follows from the mail's id and our key, so that it is the same at every try; "" where no inbox is read."""
    return with_mark(inbox, mark, message.id, room.secrets.seal(mark, message.id)) if inbox else ""


def _secret(room: Mailroom, message: Message) -> str:
    """What stands in the mail that is sent, and in nothing that is kept."""
    if message.kind is MessageKind.CODE:
        return written(room.secrets.code(message.slot))
    return room.secrets.link_secret(message.link) if message.link else ""


def _freeze(room: Mailroom, message: Message, material: Material, now: datetime) -> Frozen:
    if material.agenda and message.kind in TO_OFFICE:
        letter = compose_for_office(message, material.agenda, office=room.office, calendar=room.calendar, now=now)
        return _frozen(room, message, room.renderer.render(letter), (), now)
    if message.kind is MessageKind.DETAILS_CHECK:
        asked = compose_details(message, office=room.office, calendar=room.calendar)
        return _frozen(room, message, room.renderer.render(asked), (), now)
    if message.kind is MessageKind.DETAILS_REFUSED:
        refused = compose_refused(message, office=room.office)
        return _frozen(room, message, room.renderer.render(refused), (), now)
    situation = _situation(room, message, material, now)
    company = tuple(_situation(room, each, material, now) for each in message.company)
    people = material.recipients.values()
    words = room.renderer.render(compose_several((situation, *company), people) if company else compose(situation))
    enclosed = _enclosures(room, situation, words.subject, material.recipients.get(message.recipient))
    return _frozen(room, message, words, enclosed, now)


def _frozen(
    room: Mailroom, message: Message, words: Rendered, enclosed: tuple[Enclosure, ...], now: datetime
) -> Frozen:
    return Frozen(
        subject=words.subject,
        text=words.text,
        html=words.html,
        sender_name=room.office.sender_name,
        sender_email=room.office.sender_email,
        to_name=message.to_name,
        to_email=message.to_email,
        copies=all_copies((message, *message.company)),
        message_id=f"<{message.id}@{room.office.mail_domain}>",
        date=now,
        kind=message.kind,
        attachments=enclosed,
        inbox=room.office.inbox,
        reply_to=room.office.contact_email,
    )


def _situation(room: Mailroom, message: Message, material: Material, now: datetime) -> Situation:
    return Situation(
        message=message,
        round=material.rounds[message.round],
        submission=material.submissions[message.submission],
        edition=material.editions.get((message.submission, message.slot)),
        office=room.office,
        calendar=room.calendar,
        now=now,
    )


def _enclosures(room: Mailroom, at: Situation, subject: str, recipient: Recipient | None) -> tuple[Enclosure, ...]:
    found = []
    if at.message.kind in WITH_ENTRY and at.submission.is_owed:
        found.append(_entry(room, at, subject))
    if at.message.kind in WITH_FORM and at.submission.is_owed:
        sheet = form_sheet(at.round, at.submission, recipient, answers={}, office=room.office, calendar=room.calendar)
        name = f"{at.round.id}-{at.submission.unit}.docx"
        found.append(Enclosure(name=name, media_type=_WORD, content=room.documents.word_form(sheet)))
    if at.message.kind in WITH_EDITION and at.edition:
        found.append(_copy(room, at, at.edition))
    return tuple(found)


def _copy(room: Mailroom, at: Situation, edition: Edition) -> Enclosure:
    """What was handed in, as a document to keep."""
    language = at.message.language
    sheet = edition_sheet(
        at.round, at.submission, edition, language=language, office=room.office, calendar=room.calendar
    )
    name = f"{at.round.id}-{at.submission.unit}-{_COPY_NAMES[language]}-{edition.number}.docx"
    return Enclosure(name=name, media_type=_WORD, content=room.documents.word_copy(sheet))


def _entry(room: Mailroom, at: Situation, subject: str) -> Enclosure:
    return room.envelopes.calendar_entry(
        CalendarEntry(
            uid=f"{at.submission.id}@{room.office.mail_domain}",
            sequence=at.submission.deadline_revision,
            summary=subject,
            description=at.submission.unit_name,
            url=room.office.base_url,
            due_at=at.submission.due_at,
            stamp=at.now,
            organizer_name=room.office.sender_name,
            organizer_email=room.office.sender_email,
        )
    )
