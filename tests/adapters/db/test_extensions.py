"""Requests for more time in the database: the round trip, and one open request at a time whatever the code does."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import DUE_AT, NOW, ROUND, SUBMISSION
from workflow.domain.errors import AlreadyAskedError, NotFoundError, RequestAnsweredError
from workflow.domain.extensions import Extension, ExtensionState
from workflow.ports import Database

ASKED = Extension(
    id="e-1",
    submission=SUBMISSION,
    state=ExtensionState.ASKED,
    asked_at=NOW,
    asked_by="r-1",
    reason="Nämnden möts i juni.\nOrdföranden är borta.",
    wished=DUE_AT + timedelta(days=7),
)
GRANTED = ASKED.give(DUE_AT + timedelta(days=7), stood=DUE_AT, answer="Ja", by="k-1", at=NOW + timedelta(hours=1))


def test_what_goes_in_comes_out(stocked: Database) -> None:
    with stocked.begin() as work:
        work.extensions.add(ASKED)
        assert work.extensions.get("e-1") == ASKED
        work.extensions.change(ASKED, GRANTED)
    with stocked.read() as work:
        assert work.extensions.of(SUBMISSION) == work.extensions.of_round(ROUND) == (GRANTED,)
        assert work.extensions.of_round(ROUND, states={ExtensionState.ASKED}) == ()
        with pytest.raises(NotFoundError):
            work.extensions.get("e-2")


def test_one_request_at_a_time(stocked: Database) -> None:
    with stocked.begin() as work:
        work.extensions.add(ASKED)
        with pytest.raises(AlreadyAskedError):
            work.extensions.add(replace(ASKED, id="e-2"))
        work.extensions.change(ASKED, GRANTED)
        work.extensions.add(replace(ASKED, id="e-2", asked_at=NOW + timedelta(hours=2)))
        assert [each.id for each in work.extensions.of(SUBMISSION)] == ["e-1", "e-2"]


def test_an_answer_is_given_once(stocked: Database) -> None:
    with stocked.begin() as work:
        work.extensions.add(ASKED)
        work.extensions.change(ASKED, GRANTED)
        with pytest.raises(RequestAnsweredError):
            work.extensions.change(ASKED, ASKED.refuse("Nej", by="k-2", at=NOW))
        assert work.extensions.get("e-1") == GRANTED
