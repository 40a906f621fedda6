"""Whatever is written into a row as JSON comes back as it was."""

from datetime import UTC, datetime, time, timedelta, timezone
from json import dumps, loads
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import DUE_AT, a_frozen
from workflow.adapters.db import codecs
from workflow.domain.forms import Answer, FocusArea, Form, Question
from workflow.domain.messages import Enclosure, Frozen, MessageKind
from workflow.domain.people import Role, UnitKind
from workflow.domain.reminders import Anchor, Audience, Condition, Policy, Step
from workflow.domain.rounds import Period

Value = TypeVar("Value")

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def tuples(of: st.SearchStrategy[Value]) -> st.SearchStrategy[tuple[Value, ...]]:
    return st.lists(of, max_size=3).map(tuple)


questions = st.builds(
    Question,
    key=words,
    label=words,
    texts=st.dictionaries(words, words, max_size=3),
    kinds=st.frozensets(words, max_size=3),
    units=st.frozensets(words, max_size=3),
    required=st.booleans(),
)
areas = st.builds(FocusArea, key=words, number=st.integers(1, 99), title=words, questions=tuples(questions))
forms = st.builds(
    Form,
    id=words,
    version=words,
    title=words,
    purpose=tuples(words),
    heading=words,
    subheading=words,
    instructions=tuples(words),
    areas=tuples(areas),
)
steps = st.builds(
    Step,
    offset=st.integers(-60, 60),
    at=st.times().map(lambda each: each.replace(fold=0)),
    mail=st.sampled_from(MessageKind),
    copies=tuples(st.sampled_from(Role)),
    every=st.integers(0, 30),
    anchor=st.sampled_from(Anchor),
    to=st.sampled_from(Audience),
    condition=st.sampled_from(Condition),
    subject=st.dictionaries(words, words, max_size=2),
    opening=st.dictionaries(words, words, max_size=2),
)
periods = st.builds(
    Period,
    code=words,
    title=st.dictionaries(words, words, max_size=3),
    first_month=st.integers(1, 12),
    last_month=st.integers(1, 12),
)
answers = st.builds(
    Answer, question=words, text=words, not_applicable=st.booleans(), na_reason=words, version=st.integers(0, 9)
)
instants = st.datetimes(
    min_value=datetime(1999, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone itself
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=2)), timezone(timedelta(minutes=-90))]),
)
frozens = st.builds(
    Frozen,
    subject=words,
    text=words,
    html=words,
    sender_name=words,
    sender_email=words,
    to_name=words,
    to_email=words,
    copies=tuples(words),
    message_id=words,
    date=instants,
    attachments=tuples(st.builds(Enclosure, name=words, media_type=words, content=st.binary(max_size=40))),
)


def through_json(plain: codecs.Plain) -> codecs.Plain:
    back: codecs.Plain = loads(dumps(plain, ensure_ascii=False))
    return back


@given(forms)
def test_forms(form: Form) -> None:
    assert codecs.form_of(through_json(codecs.plain_form(form))) == form


@given(tuples(steps).map(lambda each: Policy(steps=each)))
def test_policies(policy: Policy) -> None:
    assert codecs.policy_of(through_json(codecs.plain_policy(policy))) == policy


@given(periods)
def test_periods(period: Period) -> None:
    assert codecs.period_of(through_json(codecs.plain_period(period))) == period


@given(st.dictionaries(st.sampled_from(UnitKind), instants))
def test_deadlines(due_at: dict[UnitKind, datetime]) -> None:
    back = codecs.deadlines_of(through_json(codecs.plain_deadlines(due_at)))
    assert back == due_at
    assert all(each.utcoffset() == timedelta() for each in back.values())


@given(st.lists(answers, max_size=3))
def test_answers_with_their_versions(given_answers: list[Answer]) -> None:
    by_key = {answer.question: answer for answer in given_answers}
    back = codecs.answers_of(through_json(codecs.plain_answers(by_key)))
    assert back == by_key
    assert [each.version for each in back.values()] == [each.version for each in by_key.values()]


@given(frozens)
def test_frozen_mails_keep_the_offset_of_their_date(frozen: Frozen) -> None:
    back = codecs.frozen_of(through_json(codecs.plain_frozen(frozen)))
    assert back == frozen
    assert back.date.isoformat() == frozen.date.isoformat()


def test_naive_instants_are_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        codecs.plain_frozen(a_frozen(date=DUE_AT.replace(tzinfo=None)))
    with pytest.raises(ValueError, match="without a zone"):
        codecs.plain_deadlines({UnitKind.BOLAG: DUE_AT.replace(tzinfo=None)})


def test_a_policy_of_a_round_that_opened_long_ago_has_the_ordinary_steps() -> None:
    plain = {"offset": -5, "at": "09:00:00", "mail": "reminder", "copies": [], "every": 0}
    assert codecs.policy_of({"steps": [plain]}) == Policy(
        steps=(Step(offset=-5, at=time(9), mail=MessageKind.REMINDER),)
    )
