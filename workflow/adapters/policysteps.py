"""The reminder policy in rounds.toml: each [[policy.step]] read and checked, every fault on its line."""

from collections.abc import Sequence
from datetime import time
from string import Formatter

from workflow.adapters import configfaults as faults
from workflow.adapters.tomltables import Table
from workflow.domain.calendar import Calendar
from workflow.domain.messages import REMINDERS, MessageKind
from workflow.domain.people import Role
from workflow.domain.phrases import say
from workflow.domain.reminders import Anchor, Audience, Condition, Policy, Step

LANGUAGES = ("sv", "en")
FARTHEST_STEP = 60  # working days; a mistyped offset would otherwise walk off the calendar
OWN_WORDS = ("unit", "round", "due", "due_day")
"""What a site's own subject or opening may name in braces."""
_KEYS = ("anchor", "offset", "at", "mail", "to", "copies", "condition", "every", "subject", "opening")


def read_policy(table: Table, calendar: Calendar) -> Policy:
    """The steps in order of offset; what is wrong is noted in the table's file."""
    table.only("step")
    tables = table.tables("step")
    steps = [_step(each, calendar) for each in tables]
    _refuse_overlaps(tables, steps)
    return Policy(steps=tuple(sorted(steps, key=lambda step: (step.anchor is not Anchor.OPENED, step.offset))))


def _step(table: Table, calendar: Calendar) -> Step:
    table.only(*_KEYS)
    anchor = Anchor(_chosen(table, "anchor", Anchor.DUE, Anchor))
    lowest = 1 if anchor is Anchor.OPENED else -FARTHEST_STEP
    offset = table.number("offset", lowest, FARTHEST_STEP)
    return Step(
        anchor=anchor,
        offset=offset,
        at=_sending_time(table, calendar),
        mail=_mail(table, anchor, offset),
        to=Audience(_chosen(table, "to", Audience.CONTACT, Audience)),
        copies=_copies(table),
        condition=_condition(table, anchor),
        every=_every(table, offset),
        subject=_own_words(table, "subject"),
        opening=_own_words(table, "opening"),
    )


def _chosen(table: Table, key: str, default: str, choices: type[Anchor | Audience | Condition]) -> str:
    named = table.choice(key, [each.value for each in choices]) if table.has(key) else ""
    return named or default


def _sending_time(table: Table, calendar: Calendar) -> time:
    at = table.clock("at")
    opens, closes = calendar.window
    if table.has("at") and not opens <= at < closes:
        what = say(faults.OUTSIDE_WINDOW, value=f"{at:%H:%M}")
        table.fault("at", what, say(faults.WINDOW, opens=f"{opens:%H:%M}", closes=f"{closes:%H:%M}"))
    return at


def _mail(table: Table, anchor: Anchor, offset: int) -> MessageKind:
    """A mail that says "two days left" the day after would be untrue: the offset decides which one fits."""
    before = offset < 0 or anchor is Anchor.OPENED
    fits = MessageKind.REMINDER if before else MessageKind.OVERDUE if offset else MessageKind.LAST_DAY
    named = table.choice("mail", sorted(REMINDERS))
    if named and named != fits:
        table.fault("mail", say(faults.WRONG_MAIL, mail=named, offset=offset), say(faults.MAIL_BY_OFFSET))
    return fits


def _copies(table: Table) -> tuple[Role, ...]:
    """Nobody gets a mail twice over: whom it is written to is not in copy."""
    roles = tuple(Role(role) for role in table.choices("copies", (Role.DEPUTY, Role.HEAD)))
    to = table.values.get("to")
    if to in roles:
        table.fault("copies", say(faults.COPY_OF_ONESELF, role=to), say(faults.KEEP_ONE))
    return roles


def _condition(table: Table, anchor: Anchor) -> Condition:
    condition = Condition(_chosen(table, "condition", Condition.ANY, Condition))
    if anchor is Anchor.RETURNED_DUE and condition in {Condition.NOT_STARTED, Condition.DRAFT}:
        table.fault("condition", say(faults.NEVER_TRUE, value=condition), say(faults.ONLY_RETURNED))
    return condition


def _every(table: Table, offset: int) -> int:
    every = table.number("every", 0, FARTHEST_STEP, default=0)
    if every and offset <= 0:
        table.fault("every", say(faults.WRONG_REPEAT), say(faults.REPEAT_AFTER))
    return every


def _own_words(table: Table, key: str) -> dict[str, str]:
    """Own words in every language, or none. They may name a few things in braces."""
    if not table.has(key):
        return {}
    words = table.table(key)
    words.only(*LANGUAGES)
    found = {language: words.text(language) for language in LANGUAGES}
    for language, text in found.items():
        if unknown := _unknown_names(text):
            what = say(faults.UNKNOWN_NAME, value=unknown)
            words.fault(language, what, say(faults.CHOICES, choices=", ".join(f"{{{name}}}" for name in OWN_WORDS)))
    return found


def _unknown_names(text: str) -> str:
    """What stands in braces and is not known, "" when all is well."""
    try:
        pieces = list(Formatter().parse(text))
    except ValueError:
        return "{ }"
    bad = (
        f"{{{name}}}" for _, name, form, how in pieces if name is not None and (name not in OWN_WORDS or form or how)
    )
    return next(bad, "")


def _refuse_overlaps(tables: Sequence[Table], steps: Sequence[Step]) -> None:
    """One step for each occasion, audience and state. Steps that only differ in their condition share their time."""
    seen: list[tuple[Table, Step]] = []
    for table, step in zip(tables, steps, strict=True):
        for earlier, other in seen:
            if other.key(other.offset) != step.key(step.offset) or not table.has("offset"):
                continue
            line = earlier.line("offset")
            if other.condition.states & step.condition.states:
                what = say(faults.DUPLICATE_KEY, key="offset", value=step.offset, first=line)
                table.fault("offset", what, say(faults.KEEP_ONE))
                break
            if (other.at, other.every) != (step.at, step.every):
                table.fault("at", say(faults.OTHER_TIME, first=line), say(faults.SAME_TIME))
        seen.append((table, step))
