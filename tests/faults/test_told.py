"""Mails about several units: planted into a real world's log, ledger or truth, each fault is seen by its invariant."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from shutil import copyfile

import pytest
from sqlalchemy import update

from tests.builders import an_event
from tests.faults import crowd
from tests.faults.checker import check
from tests.faults.conftest import Stage, make_stage
from tests.faults.evidence import Evidence
from tests.faults.sink import Dot, units_told_of
from workflow.adapters.db.engine import make_engine
from workflow.adapters.db.tables import outbox
from workflow.domain.audit import chain
from workflow.domain.messages import Message, MessageKind, MessageState
from workflow.services.outbox import deliver

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]

ANSWERED, OWING = "2027-K1.u0", ("2027-K1.u1", "2027-K1.u2")
PERSON = "asa.0@flera.example"


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, context: object) -> Iterator[Stage]:
    """Åsa answers for three, Bo for one. A first reminder told of all; then one came in, and a second told of two."""
    folder = tmp_path_factory.mktemp("lived")
    copyfile(sqlite_template, folder / "tertial.sqlite")
    url, people = f"sqlite:///{folder}/tertial.sqlite", partial(crowd.contacts, shares=(3,))
    with make_stage(url, folder, context, count=4, people=people) as stage:  # type: ignore[arg-type] # a fixture's
        crowd.hire(stage.house)
        deliver(stage.house.mailroom)
        stage.next_reminders()
        deliver(stage.house.mailroom)
        stage.hand_in(ANSWERED)
        stage.next_reminders()
        deliver(stage.house.mailroom)
        yield stage


@pytest.fixture(scope="module")
def sound(lived: Stage) -> Evidence:
    return lived.evidence()


def hers(evidence: Evidence) -> list[Message]:
    """Her rows of the second day, the leading one first."""
    reminders = [each for each in evidence.messages if each.is_reminder and each.address == PERSON]
    day = max(each.local_day for each in reminders)
    return sorted((each for each in reminders if each.local_day == day), key=lambda each: each.lead)


def test_the_world_has_what_is_looked_for(sound: Evidence) -> None:
    lead, other = hers(sound)
    assert (lead.lead, other.lead) == ("", lead.id)
    assert {lead.submission, other.submission} == set(OWING)
    reminders = [dot.tells for dot in sound.dots if dot.to[0].casefold() == PERSON and len(dot.tells) > 1]
    assert reminders == [("Nämnd 0", "Nämnd 1", "Nämnd 2"), ("Nämnd 1", "Nämnd 2")]
    assert {str(each.kind) for each in sound.messages} >= {"digest", "reminder", "receipt"}


def test_the_sound_world_has_no_violation(sound: Evidence) -> None:
    assert check(sound) == []


# --- what may go wrong ---------------------------------------------------------


def with_dot(evidence: Evidence, message_id: str, **changes: object) -> Evidence:
    dots = [replace(each, **changes) if each.message == message_id else each for each in evidence.dots]  # type: ignore[arg-type] # as a test says
    return replace(evidence, dots=tuple(dots))


def with_row(evidence: Evidence, row: Message, **changes: object) -> Evidence:
    rows = [replace(each, **changes) if each.id == row.id else each for each in evidence.messages]  # type: ignore[arg-type] # as a test says
    return replace(evidence, messages=tuple(rows))


def told_after_its_answer(evidence: Evidence) -> Evidence:
    return with_dot(evidence, hers(evidence)[0].id, tells=("Nämnd 0", "Nämnd 1", "Nämnd 2"))


def answered_before_the_marker(evidence: Evidence) -> Evidence:
    """A companion's answer comes in between claim and marker, and the mail goes as it was written."""
    lead, other = hers(evidence)
    at = next(place for place, link in enumerate(evidence.log) if link.event.message == lead.id)
    came = chain(an_event(kind="submission.submitted", submission=other.submission, data={}), number=0, previous="")
    return replace(evidence, log=(*evidence.log[:at], came, *evidence.log[at:]))


def not_told_of(evidence: Evidence) -> Evidence:
    lead = hers(evidence)[0]
    number = lead.submission.rpartition("u")[2]
    return with_dot(evidence, lead.id, tells=(f"Nämnd {number}",))


def a_mail_of_its_own_as_well(evidence: Evidence) -> Evidence:
    """The companion's row is sent once more, by itself, on the same day."""
    _, other = hers(evidence)
    number = other.submission.rpartition("u")[2]
    dot = Dot(f"<{other.id}@x.example>", (PERSON,), 0, "kept", (f"Nämnd {number}",))
    return replace(evidence, dots=(*evidence.dots, dot))


def two_lead_on_a_day(evidence: Evidence) -> Evidence:
    return with_row(evidence, hers(evidence)[1], lead="")


def the_same_unit_twice(evidence: Evidence) -> Evidence:
    """By two mails to the same person, though their ledger rows name one lead."""
    lead, other = hers(evidence)
    return with_row(evidence, other, submission=lead.submission)


def somebody_elses_mail(evidence: Evidence) -> Evidence:
    stranger = next(each for each in evidence.messages if each.is_reminder and each.address != PERSON)
    return with_row(evidence, hers(evidence)[1], lead=stranger.id)


def a_mail_that_is_not_there(evidence: Evidence) -> Evidence:
    return with_row(evidence, hers(evidence)[1], lead="nobody")


def a_companion_fallen_behind(evidence: Evidence) -> Evidence:
    return with_row(evidence, hers(evidence)[1], state=MessageState.PLANNED)


def without_a_marker(evidence: Evidence) -> Evidence:
    lead, _ = hers(evidence)
    log = [each for each in evidence.log if (each.event.kind, each.event.message) != ("message.handing", lead.id)]
    return replace(evidence, log=tuple(log))


def two_daily_mails(evidence: Evidence) -> Evidence:
    """A coordinator gets the day's mail, and a reminder of reviews besides."""
    released = {each.event.message: each for each in evidence.log if each.event.kind == "message.handing"}
    daily = next(each for each in evidence.messages if each.kind is MessageKind.DIGEST and each.id in released)
    release = released[daily.id]
    again = replace(daily, id="other", kind=MessageKind.REVIEW_REMINDER)
    made = chain(replace(release.event, message="other"), number=len(evidence.log) + 1, previous=evidence.log[-1].hash)
    dot = next(each for each in evidence.dots if each.message == daily.id)
    return replace(
        evidence,
        messages=(*evidence.messages, again),
        log=(*evidence.log, made),
        dots=(*evidence.dots, replace(dot, message_id="<other@x.example>")),
    )


@pytest.mark.parametrize(
    ("harm", "rule"),
    [
        (told_after_its_answer, "I6"),
        (told_after_its_answer, "I4"),
        (answered_before_the_marker, "I6"),
        (not_told_of, "I4"),
        (a_mail_of_its_own_as_well, "I1"),
        (two_lead_on_a_day, "I1"),
        (the_same_unit_twice, "I1"),
        (somebody_elses_mail, "I1"),
        (a_mail_that_is_not_there, "I1"),
        (a_companion_fallen_behind, "I4"),
        (without_a_marker, "I6"),
        (two_daily_mails, "I1"),
    ],
)
def test_each_fault_of_a_mail_about_several_is_seen(
    sound: Evidence, harm: Callable[[Evidence], Evidence], rule: str
) -> None:
    assert check(harm(sound), [rule])


def test_a_truth_that_was_tampered_with_is_seen(lived: Stage, sound: Evidence) -> None:
    """In the file itself: the second reminder tells of the unit that had handed in."""
    truth = lived.place.truth
    before, lead = truth.read_bytes(), hers(sound)[0].id
    rows = [json.loads(line) for line in before.splitlines()]
    for row in rows:
        row["tells"] = ["Nämnd 0", *row["tells"]] if lead in row["message_id"] else row["tells"]
    truth.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    try:
        assert {each.rule for each in lived.violations()} == {"I4", "I6"}
    finally:
        truth.write_bytes(before)
    assert lived.violations() == []


def test_a_ledger_that_was_tampered_with_is_seen(lived: Stage, sound: Evidence) -> None:
    """In the database itself: the companion's row says that it went with nothing and never arrived."""
    lead, other = hers(sound)
    engine = make_engine(lived.place.database_url)
    change = update(outbox).where(outbox.c.id == other.id)
    try:
        with engine.begin() as connection:
            connection.execute(change.values(lead="", state="cancelled"))
        assert {each.rule for each in lived.violations()} == {"I4"}
    finally:
        with engine.begin() as connection:
            connection.execute(change.values(lead=lead.id, state="sent"))
        engine.dispose()
    assert lived.violations() == []


def test_a_name_is_found_though_a_line_ends_in_it() -> None:
    text = "Hej!\n\nN\u00c4MND 12 och N\u00e4mnd\n7 saknas".encode()
    head = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    assert units_told_of(head + text) == ("Nämnd 7", "Nämnd 12")
