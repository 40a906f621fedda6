"""Whoever looks for faults must see them: each invariant is broken once by hand, and the checker says so."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import an_event
from tests.faults.checker import check
from tests.faults.conftest import Stage, make_stage
from tests.faults.evidence import Evidence
from tests.faults.sink import Dot, Fault, parse_fault
from workflow.domain.audit import Chained, chain
from workflow.domain.messages import MessageKind, MessageState
from workflow.domain.submissions import State
from workflow.services.outbox import deliver

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]


def logged(evidence: Evidence, **event: object) -> Evidence:
    last = evidence.log[-1]
    made = chain(an_event(**event), number=last.number + 1, previous=last.hash)
    return replace(evidence, log=(*evidence.log, made), head=(made.number, made.hash))


def a_key_twice(evidence: Evidence) -> Evidence:
    return replace(
        evidence, messages=(*evidence.messages, replace(evidence.messages[0], id="other", state=MessageState.SKIPPED))
    )


def two_on_a_day(evidence: Evidence) -> Evidence:
    one = replace(evidence.messages[0], kind=MessageKind.REMINDER, slot="T-1", local_day="2027-01-11")
    return replace(evidence, messages=(*evidence.messages, one, replace(one, slot="T-2", id="other")))


def uninvited(evidence: Evidence) -> Evidence:
    return replace(evidence, messages=evidence.messages[1:])


def a_slot_is_lacking(evidence: Evidence) -> Evidence:
    return replace(evidence, now=evidence.now + timedelta(days=14))


def twice_at_the_sink(evidence: Evidence) -> Evidence:
    return replace(evidence, dots=(*evidence.dots, evidence.dots[0]))


def never_at_the_sink(evidence: Evidence) -> Evidence:
    return replace(evidence, dots=evidence.dots[1:])


def from_nowhere(evidence: Evidence) -> Evidence:
    return replace(evidence, dots=(*evidence.dots, Dot("<ghost@x.example>", (), 0, "kept")))


def forgotten(evidence: Evidence) -> Evidence:
    return changed(evidence, state=MessageState.PLANNED)


def stuck(evidence: Evidence) -> Evidence:
    return changed(evidence, state=MessageState.HANDING, lease_until=evidence.now - timedelta(seconds=1))


def changed(evidence: Evidence, **changes: object) -> Evidence:
    first, *others = evidence.messages
    return replace(evidence, messages=(replace(first, **changes), *others))  # type: ignore[arg-type] # as a test says


def released_too_late(evidence: Evidence) -> Evidence:
    message = evidence.messages[0]
    come_in = logged(evidence, kind="submission.submitted", submission=message.submission, data={})
    return logged(come_in, kind="message.handing", submission=message.submission, message=message.id, data={})


def told_in_vain(evidence: Evidence) -> Evidence:
    row = {"op": "save", "submission": evidence.submissions[0].id, "answers": {"mark": "borta"}}
    return replace(evidence, told=(row,))


def an_edition_in_vain(evidence: Evidence) -> Evidence:
    return replace(evidence, told=({"op": "submit", "submission": evidence.submissions[0].id, "edition": 1},))


def a_decision_in_vain(evidence: Evidence) -> Evidence:
    return replace(evidence, told=({"op": "approve", "submission": evidence.submissions[0].id, "edition": 1},))


def no_path(evidence: Evidence) -> Evidence:
    return logged(evidence, kind="submission.approved", submission=evidence.submissions[0].id, data={})


def a_gap(evidence: Evidence) -> Evidence:
    return replace(evidence, answers={(evidence.submissions[0].id, "mark"): ((1, "a"), (3, "b"))})


def edited(evidence: Evidence) -> Evidence:
    first, *others = evidence.log
    lie = Chained(number=1, event=replace(first.event, actor="x"), previous=first.previous, hash=first.hash)
    return replace(evidence, log=(lie, *others))


def cut_short(evidence: Evidence) -> Evidence:
    return replace(evidence, log=evidence.log[:-1])


def ending(evidence: Evidence, *log: Chained) -> Evidence:
    return replace(evidence, log=log, head=(log[-1].number, log[-1].hash))


def cut_short_with_its_head(evidence: Evidence) -> Evidence:
    """As whoever may write in the database can do it."""
    return ending(evidence, *evidence.log[: evidence.kept.anchors[0].head.number - 1])


def written_anew(evidence: Evidence) -> Evidence:
    """Each link is right, from the first event on; only it is another event."""
    anew: list[Chained] = []
    for link in evidence.log:
        event = link.event if anew else replace(link.event, actor="x")
        anew.append(chain(event, number=link.number, previous=anew[-1].hash if anew else link.previous))
    return ending(evidence, *anew)


def torn(evidence: Evidence) -> Evidence:
    return replace(evidence, submissions=evidence.submissions[1:], messages=evidence.messages)


def a_period_twice(evidence: Evidence) -> Evidence:
    return replace(evidence, rounds=(*evidence.rounds, evidence.rounds[0]))


def not_shown(evidence: Evidence) -> Evidence:
    return changed(evidence, state=MessageState.UNKNOWN)


def not_shown_though_answered(evidence: Evidence) -> Evidence:
    """A receipt matters to whoever has answered."""
    first = replace(evidence.submissions[0], state=State.SUBMITTED)
    one = next(each for each in evidence.messages if each.submission == first.id)
    receipt = replace(one, id="other", kind=MessageKind.RECEIPT, state=MessageState.UNKNOWN)
    return replace(evidence, submissions=(first, *evidence.submissions[1:]), messages=(*evidence.messages, receipt))


def to_coordinators(evidence: Evidence, *states: MessageState) -> Evidence:
    """Daily mails to the same address, a day apart, the last of them today."""
    first = replace(evidence.messages[0], kind=MessageKind.DIGEST, submission="", round="", to_email="k@office.example")
    mails = [
        replace(first, id=f"daily-{age}", slot=f"{age}", state=state, due_at=evidence.now - timedelta(days=age))
        for age, state in enumerate(reversed(states))
    ]
    return replace(evidence, messages=(*evidence.messages, *mails))


def daily_mail_not_shown(evidence: Evidence) -> Evidence:
    return to_coordinators(evidence, MessageState.SENT, MessageState.UNKNOWN)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory, sqlite_template: object, context: object) -> Evidence:
    folder = tmp_path_factory.mktemp("sound")
    (folder / "tertial.sqlite").write_bytes(sqlite_template.read_bytes())  # type: ignore[attr-defined]
    with make_stage(f"sqlite:///{folder}/tertial.sqlite", folder, context) as stage:  # type: ignore[arg-type]
        deliver(stage.house.mailroom)
        return stage.evidence()


def test_a_sound_world_has_no_violation(sound: Evidence) -> None:
    assert check(sound) == []


@pytest.mark.parametrize(
    ("harm", "rule"),
    [
        (a_key_twice, "I1"),
        (two_on_a_day, "I1"),
        (uninvited, "I2"),
        (a_slot_is_lacking, "I2"),
        (twice_at_the_sink, "I3"),
        (never_at_the_sink, "I4"),
        (from_nowhere, "I4"),
        (forgotten, "I4"),
        (forgotten, "I5"),
        (stuck, "I5"),
        (released_too_late, "I6"),
        (told_in_vain, "I7"),
        (an_edition_in_vain, "I7"),
        (a_decision_in_vain, "I7"),
        (no_path, "I8"),
        (a_gap, "I8"),
        (edited, "I9"),
        (cut_short, "I9"),
        (cut_short_with_its_head, "I9"),
        (written_anew, "I9"),
        (torn, "I10"),
        (a_period_twice, "I10"),
        (not_shown, "I11"),
        (not_shown_though_answered, "I11"),
        (daily_mail_not_shown, "I11"),
    ],
)
def test_each_invariant_sees_its_breach(sound: Evidence, harm: Callable[[Evidence], Evidence], rule: str) -> None:
    assert rule in {violation.rule for violation in check(harm(sound))}
    assert check(harm(sound), [rule])


def test_doubt_that_does_not_matter_any_more_need_not_be_shown(sound: Evidence) -> None:
    doubtful = not_shown(sound)
    answered = tuple(replace(each, state=State.SUBMITTED) for each in sound.submissions)
    assert check(replace(doubtful, submissions=answered), ["I11"]) == []
    assert check(replace(doubtful, listed=frozenset({doubtful.messages[0].id})), ["I11"]) == []
    assert check(to_coordinators(sound, MessageState.UNKNOWN, MessageState.SENT), ["I11"]) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("dot=close kept*3", Fault("dot", "close", kept=True, times=3)),
        ("rcpt=450 4.2.0 greylisted", Fault("rcpt", "450 4.2.0 greylisted")),
        ("quit=421 4.3.2 busy*0", Fault("quit", "421 4.3.2 busy", times=0)),
    ],
)
def test_faults_are_written_on_one_line(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


def test_the_truth_counts_what_was_kept_and_only_that(stage: Stage) -> None:
    stage.sink.faults = [Fault("dot", "451 4.3.0 later", times=2)]
    deliver(stage.house.mailroom)
    assert stage.kept() == 4
    assert len(stage.evidence().dots) == 6
