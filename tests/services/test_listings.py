"""The listings: plain values that JSON can hold, true to the database, and never a word of a draft."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import DUE_AT, OPENS_AT, PLANNED_AT, a_round, an_answer
from tests.services.conftest import HAMNEN, NORRBY, ROUND, House
from workflow.domain.errors import NotFoundError, UnknownRoundError, UnknownUnitError
from workflow.domain.messages import MessageState
from workflow.domain.rounds import RoundState
from workflow.services import listings, rounds, submissions
from workflow.services.listings import AmbiguousIdError, NoRoundError, RoundNotOpenedError

SECRET = "hemligtutkastord"


def status(house: House) -> dict[str, Any]:
    document = listings.status_document(house.db, ROUND, calendar=house.calendar, now=house.clock.at)
    return dict(json.loads(json.dumps(document)))


def test_status_holds_every_unit_in_swedish_order(opened: House) -> None:
    document = status(opened)
    assert [row["unit"] for row in document["units"]] == ["hamnen", "norrby", "tysta"]
    assert document["counts"]["not_started"] == document["counts"]["units"] == 3
    assert document["as_of"] == OPENS_AT.isoformat()


def test_status_tells_contact_and_next_mail_or_their_absence(opened: House) -> None:
    rows = {row["unit"]: row for row in status(opened)["units"]}
    assert rows["norrby"]["contact"]["email"] == "asa.pahittad@norrby.example"
    assert rows["norrby"]["next_mail"] == {"kind": "invitation", "at": OPENS_AT.isoformat()}
    assert rows["tysta"]["contact"] is None


def test_lateness_runs_while_it_is_owed_and_is_stamped_when_it_comes_in(opened: House) -> None:
    opened.answer(NORRBY)
    opened.clock.at = DUE_AT + timedelta(days=4)
    opened.submit(NORRBY)
    opened.clock.at = DUE_AT + timedelta(days=11)
    rows = {row["unit"]: row for row in status(opened)["units"]}
    assert rows["norrby"]["days_late"] > 0
    assert not rows["norrby"]["is_overdue"]
    assert rows["hamnen"]["is_overdue"]
    assert rows["hamnen"]["days_late"] > rows["norrby"]["days_late"]


def test_no_listing_holds_a_word_of_a_draft(opened: House) -> None:
    keys = submissions.sheet(opened.db, NORRBY).questions.keys
    draft = [an_answer(key, text=SECRET) for key in keys]
    submissions.save_answers(opened.db, NORRBY, draft, by="r", now=opened.clock.at)
    told = [
        status(opened),
        listings.submission_document(opened.db, NORRBY),
        listings.mail_rows(opened.db),
        listings.round_rows(opened.db),
    ]
    assert SECRET not in json.dumps(told)
    assert status(opened)["counts"]["draft"] == 1


def test_what_was_handed_in_is_told_whole(opened: House) -> None:
    opened.answer(NORRBY)
    opened.submit(NORRBY)
    document = listings.submission_document(opened.db, NORRBY)
    assert document["editions"][0]["answers"][0]["answer"] == an_answer().text
    assert [mail["kind"] for mail in document["mails"]].count("receipt") == 1


def test_a_reworked_draft_after_a_return_stays_hidden(opened: House) -> None:
    opened.answer(NORRBY)
    opened.submit(NORRBY)
    submissions.give_back(
        opened.db,
        NORRBY,
        version=None,
        reason="Mer",
        comments={},
        due_at=DUE_AT,
        by="k",
        secrets=opened.secrets,
        now=opened.clock.at,
    )
    sheet = submissions.sheet(opened.db, NORRBY)
    key = sheet.questions.keys[0]
    answer = an_answer(key, text=SECRET, version=sheet.answers[key].version)
    submissions.save_answers(opened.db, NORRBY, [answer], by="r", now=opened.clock.at)
    document = listings.submission_document(opened.db, NORRBY)
    assert SECRET not in json.dumps(document)
    assert document["editions"][0]["answers"][0]["answer"] == an_answer().text


def test_finding_a_submission(opened: House) -> None:
    assert listings.find_submission(opened.db, ROUND, "hamnen").id == HAMNEN
    with pytest.raises(UnknownUnitError, match="Menade du norrby"):
        listings.find_submission(opened.db, ROUND, "norby")
    with pytest.raises(UnknownRoundError):
        listings.find_submission(opened.db, "2031-T9", "norrby")


def test_a_round_that_has_not_opened_has_no_submissions(house: House) -> None:
    with pytest.raises(RoundNotOpenedError):
        listings.find_submission(house.db, ROUND, "norrby")


def test_the_round_one_means_is_the_newest_open_one(opened: House) -> None:
    later = a_round(id="2027-T2", opens_at=OPENS_AT + timedelta(hours=1), state=RoundState.PLANNED, opened_at=None)
    rounds.plan_round(opened.db, later, by="k", now=PLANNED_AT)
    assert listings.current_round(opened.db) == ROUND
    assert [row["round"] for row in listings.round_rows(opened.db)] == ["2027-T2", ROUND]


def test_without_rounds_there_is_none_to_mean(database: Any) -> None:
    with pytest.raises(NoRoundError):
        listings.current_round(database)


def test_mails_by_round_state_and_the_beginning_of_an_id(opened: House) -> None:
    assert {row["unit"] for row in listings.mail_rows(opened.db, ROUND)} == {"norrby", "hamnen"}
    assert listings.mail_rows(opened.db, ROUND, [MessageState.SENT]) == []
    with pytest.raises(UnknownRoundError):
        listings.mail_rows(opened.db, "2031-T9")
    message = opened.messages()[0]
    assert listings.find_mail(opened.db, message.id[:20].upper()) == message.id
    with pytest.raises(NotFoundError):
        listings.find_mail(opened.db, "")


def test_a_beginning_that_fits_two_mails_is_refused(opened: House) -> None:
    first = opened.messages()[0]
    with opened.db.begin() as work:
        work.outbox.plan([replace(first, id=f"zz{number}", slot=f"s-{number}") for number in (1, 2)])
    with pytest.raises(AmbiguousIdError):
        listings.find_mail(opened.db, "zz")
    assert listings.find_mail(opened.db, "zz2") == "zz2"


def test_a_sent_mail_is_told_with_its_tries_and_without_its_secret(opened: House) -> None:
    opened.deliver()
    message = opened.messages()[0]
    document = listings.mail_document(opened.db, message.id)
    assert document["state"] == "sent"
    assert [each["outcome"] for each in document["tries"]] == ["accepted"]
    assert document["subject"]
    assert opened.secrets.link_secret(message.link) not in json.dumps(document)
