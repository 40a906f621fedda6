"""The previewed mails with their words: each written by the same hand that will write it, without a usable link."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from workflow.domain.errors import NotFoundError
from workflow.domain.messages import Frozen, Message, MessageKind, MessageState
from workflow.domain.preview import PreviewedMail
from workflow.domain.rounds import Round
from workflow.services.mailroom import Mailroom
from workflow.services.preview import RoundPreview, look_ahead
from workflow.services.several import masked
from workflow.services.writing import Material, gather_material, write

_NO_LINK = "forhandsvisning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which mails to look at; what is left empty leaves nothing out."""

    on: date | None = None
    unit: str = ""
    kind: str = ""

    def fits(self, mail: PreviewedMail, day: date) -> bool:
        return self.on in {None, day} and self.unit in {"", mail.unit} and self.kind in {"", mail.kind}


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenMail:
    """A previewed mail and its words; None where nothing will be written because it does not go."""

    mail: PreviewedMail
    words: Frozen | None


def chosen(preview: RoundPreview, wanted: Wanted) -> tuple[PreviewedMail, ...]:
    """The mails that fit, in time order."""
    return tuple(mail for mail in preview.mails if wanted.fits(mail, preview.day(mail)))


def first_of_each(mails: Sequence[PreviewedMail]) -> tuple[PreviewedMail, ...]:
    """One mail of each kind that goes: enough to see how they all read."""
    found: dict[MessageKind, PreviewedMail] = {}
    for mail in mails:
        if mail.row is not None and not mail.suppressed:
            found.setdefault(mail.kind, mail)
    return tuple(found.values())


def find_planned(preview: RoundPreview, name: str) -> PreviewedMail:
    """A mail by its id in the ledger, by unit and slot (norrby.T-5, 2027-T1.norrby.T-5), or by its number from 1.

    The same slot may stand there twice, before and after a moved last day: the one still to come is meant.
    Raises NotFoundError.
    """
    if name.isdigit() and 0 < int(name) <= len(preview.mails):
        return preview.mails[int(name) - 1]
    bare = name.removeprefix(f"{preview.round.id}.")
    fitting = [mail for mail in preview.mails if bare == mail.name or (name and name == mail.message)]
    if not fitting:
        raise NotFoundError(what=name)
    return next((mail for mail in reversed(fitting) if not mail.suppressed), fitting[-1])


def preview_mail(room: Mailroom, round_: Round, name: str, *, now: datetime) -> WrittenMail:
    """One mail of a round with its words. Raises NotFoundError, and what a site's own template may raise."""
    preview = look_ahead(room.db, round_, calendar=room.calendar, now=now)
    return words_of(room, preview, find_planned(preview, name))


def words_of(room: Mailroom, preview: RoundPreview, mail: PreviewedMail) -> WrittenMail:
    """As first written if it is, else as it would be written at its time if nothing happened before."""
    row = _row(room, mail)
    held = mail.state == MessageState.HELD  # it may be let go, and one wants to know what that would be
    if row is None or (mail.suppressed and not held and row.frozen is None):
        return WrittenMail(mail=mail, words=None)
    if row.frozen:
        return WrittenMail(mail=mail, words=_masked(row.frozen))
    unlinked = replace(row, id=row.id or mail.name, link=_NO_LINK)
    written = write(room, unlinked, _material(room, preview, unlinked), now=mail.at)
    return WrittenMail(mail=mail, words=_masked(written.frozen))


def _row(room: Mailroom, mail: PreviewedMail) -> Message | None:
    if not mail.message:
        return mail.row
    with room.db.read() as work:
        return work.outbox.get(mail.message)


def _material(room: Mailroom, preview: RoundPreview, row: Message) -> Material:
    """What the letter speaks of; of a round that has not opened, what opening will make."""
    if preview.is_stored:
        with room.db.read() as work:
            return gather_material(work, [row], calendar=room.calendar, now=row.due_at)
    return Material(
        rounds={row.round: preview.round},
        submissions={each.submission.id: each.submission for each in preview.cases},
        editions={},
        recipients={each.id: each for case in preview.cases for each in case.recipients},
    )


def _masked(frozen: Frozen) -> Frozen:
    return replace(frozen, text=masked(frozen.text), html=masked(frozen.html))
