"""The letter about several units: each with its own last day, state and link, to those who may open it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from workflow.domain import datewords
from workflow.domain.addressing import address_of, all_copies
from workflow.domain.letters import Several, SeveralItem
from workflow.domain.messages import BEFORE_THE_LAST_DAY, Frozen, Message
from workflow.domain.people import fold_address
from workflow.domain.submissions import Recipient
from workflow.ports import LINK_SECRET, Secrets
from workflow.services.letters import Situation, link_url, progress, roles, shared

MASK = "•••"
"""Stands where the secret of a personal link would."""
_MARKER_BEGINS = LINK_SECRET.replace("}", "-")
_ANY_MARKER = re.compile(f"{re.escape(LINK_SECRET)}|{re.escape(_MARKER_BEGINS)}[^{{}}]*}}")


class LostLinkError(ValueError):
    """A link would leave without its secret: it opens nothing."""


def compose_several(situations: Sequence[Situation], people: Iterable[Recipient]) -> Several:
    """One mail for the lead and its company. `people` are those of all these units.

    A unit's link opens its draft. So it stands in the mail only if all who get the mail belong to that unit now; of
    the others it says that the link is in the earlier mail. The reader may be known in two languages: one is spoken.
    """
    language = min((at.message.language for at in situations), key=("sv", "en").index)
    situations = [replace(at, message=replace(at.message, language=language)) for at in situations]
    lead = situations[0]
    readers = {fold_address(address_of(each)) for each in all_copies([at.message for at in situations])}
    belong: dict[str, set[str]] = {}
    for each in (person for person in people if person.is_right(lead.now)):
        belong.setdefault(each.submission, set()).add(fold_address(each.email))
    items = [_item(at, is_open=readers <= belong.get(at.submission.id, set())) for at in situations]
    general = shared(lead) | {"link": lead.office.base_url, "note": "", "instead_of": ""}
    closes = lead.calendar.last_day(max(at.round.closes_at for at in situations))
    late = any(item.late for item in items)
    compiled = datewords.day(lead.calendar.add_working_days(closes, 1), lead.message.language) if late else ""
    return Several(
        **general,
        items=tuple(sorted(items, key=lambda item: item.order)),
        overdue=sum(bool(item.late) for item in items),
        copies=_every(situations, "copies"),
        announces=_every(situations, "next"),
        compiled_from=compiled,
    )


def _item(at: Situation, *, is_open: bool) -> SeveralItem:
    words, language = shared(at), at.message.language
    is_late = at.message.kind not in BEFORE_THE_LAST_DAY
    today, last_day = at.calendar.local(at.now).date(), at.calendar.last_day(at.submission.due_at)
    return SeveralItem(
        **progress(at),
        order=at.submission.due_at.isoformat() + at.submission.unit_name,
        unit=words["unit"],
        round=words["round"],
        due=words["due"],
        due_day=words["due_day"],
        late=datewords.late_words(at.calendar.days_late(at.submission.due_at, at.now), language) if is_late else "",
        left="" if is_late or today == last_day else datewords.days_until(last_day, today, at.calendar, language),
        is_last=at.message.detail.get("last") == "yes",
        note=words["note"],
        link=_own_link(at) if is_open and at.message.link else "",
    )


def _own_link(at: Situation) -> str:
    return link_url(at.office, at.message.link, at.round.links, marker=_marker(at.message))


def _every(situations: Sequence[Situation], key: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(role for at in situations for role in roles(at.message, key)))


def with_secrets(frozen: Frozen, message: Message, secrets: Secrets) -> Frozen:
    """The letter as it is sent: each link with its own secret. What is kept never holds one. Raises LostLinkError."""
    text, html = frozen.text, frozen.html
    if not _has_marker(text, html):  # about one unit: the mail has one secret, if any
        return frozen
    for each in (message, *message.company):
        if each.link:
            secret = secrets.link_secret(each.link)
            text, html = text.replace(_marker(each), secret), html.replace(_marker(each), secret)
    if _has_marker(text, html):
        raise LostLinkError("a link in the letter belongs to none of the units that it tells of")
    return replace(frozen, text=text, html=html)


def masked(text: str) -> str:
    """What is shown of a letter: whoever has the secret of a link can answer in the unit's name."""
    return _ANY_MARKER.sub(MASK, text)


def _has_marker(*parts: str) -> bool:
    return any(_MARKER_BEGINS in part for part in parts)


def _marker(message: Message) -> str:
    """Where the secret of this row's link will stand. Nobody who types anything can guess it."""
    return f"{_MARKER_BEGINS}{message.link}}}"
