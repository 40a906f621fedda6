"""What the doors to drafts and editions promise."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from tests.builders import NOW, a_round, a_submission, an_answer, an_edition
from tests.fakes.tables import FakeRefusedError
from workflow.domain.errors import AnswerClashError
from workflow.domain.forms import Answer
from workflow.ports import Database

NORRBY = "2027-T1.norrby"


def save(database: Database, answer: Answer, by: str = "r-1") -> Answer:
    with database.begin() as work:
        return work.drafts.save(NORRBY, answer, by=by, at=NOW)


def drafts(database: Database) -> dict[str, Answer]:
    with database.read() as work:
        return work.drafts.of(NORRBY)


# --- drafts ------------------------------------------------------------------


def test_the_first_answer_is_version_one(stocked: Database) -> None:
    saved = save(stocked, an_answer())
    assert (saved, saved.version) == (an_answer(), 1)
    assert drafts(stocked) == {"etableringar": an_answer()}


def test_the_newest_version_of_every_question_counts(stocked: Database) -> None:
    text = "Å, ä och ö.\n\n\tRad två – “citat” \U0001f331 " + "x" * 20_000
    first = save(stocked, an_answer())
    save(stocked, an_answer(text=text, version=first.version))
    save(stocked, Answer(question="mark", not_applicable=True, na_reason="Vi anvisar ingen mark."))
    stored = drafts(stocked)
    assert stored["etableringar"].text == text
    assert {key: answer.version for key, answer in stored.items()} == {"etableringar": 2, "mark": 1}
    assert stored["mark"].na_reason == "Vi anvisar ingen mark."


def test_the_same_text_again_changes_nothing_whatever_its_version(stocked: Database) -> None:
    save(stocked, an_answer())
    for version in (0, 1, 9):
        again = save(stocked, an_answer(version=version), by="r-2")
        assert (again, again.version) == (an_answer(), 1)


def test_an_empty_answer_upon_nothing_is_not_stored(stocked: Database) -> None:
    saved = save(stocked, Answer(question="mark"))
    assert (saved, saved.version) == (Answer(question="mark"), 0)
    assert drafts(stocked) == {}


def test_an_answer_may_be_emptied(stocked: Database) -> None:
    first = save(stocked, an_answer())
    emptied = save(stocked, an_answer(text="", version=first.version))
    assert emptied.version == 2
    assert drafts(stocked)["etableringar"].text == ""


def test_when_two_write_in_the_same_question_both_texts_and_the_other_ones_name_come_out(stocked: Database) -> None:
    save(stocked, an_answer(text="Bos svar"), by="r-2")
    mine = an_answer(text="Mitt svar")
    with pytest.raises(AnswerClashError, match="r-2 ändrade samtidigt") as clash:
        save(stocked, mine)
    assert clash.value.values == {
        "question": "etableringar",
        "mine": mine,
        "theirs": an_answer(text="Bos svar"),
        "who": "r-2",
    }
    theirs = clash.value.values["theirs"]
    assert isinstance(theirs, Answer)
    chosen = save(stocked, an_answer(text="Mitt svar", version=theirs.version))
    assert chosen.version == 2
    assert drafts(stocked)["etableringar"].text == "Mitt svar"


def test_a_clash_leaves_the_other_questions_of_the_transaction_saved(stocked: Database) -> None:
    save(stocked, an_answer())
    with stocked.begin() as work:
        work.drafts.save(NORRBY, an_answer("mark", "Sparas"), by="r-1", at=NOW)
        with pytest.raises(AnswerClashError):
            work.drafts.save(NORRBY, an_answer(text="Krockar"), by="r-1", at=NOW)
    assert drafts(stocked)["mark"].text == "Sparas"


def test_a_version_that_nobody_stored_is_a_clash(stocked: Database) -> None:
    with pytest.raises(AnswerClashError):
        save(stocked, an_answer(version=3))


def test_other_units_drafts_are_their_own(stocked: Database) -> None:
    with stocked.begin() as work:
        work.submissions.add([a_submission(unit="osby")])
        work.drafts.save("2027-T1.osby", an_answer(text="Osbys"), by="r-9", at=NOW)
    assert drafts(stocked) == {}


# --- editions ----------------------------------------------------------------


def test_editions_come_oldest_first_and_whole(stocked: Database) -> None:
    first, second = an_edition(), an_edition(number=2, late_days=1, received_at=NOW + timedelta(days=30))
    with stocked.begin() as work:
        work.editions.add(first)
        work.editions.add(second)
    with stocked.read() as work:
        stored = work.editions.of(NORRBY)
    assert stored == (first, second)
    assert stored[0].sha256 == first.sha256
    assert stored[0].answers["etableringar"].version == 3


def test_the_latest_edition_of_each_submission_of_the_round(stocked: Database) -> None:
    with stocked.begin() as work:
        work.rounds.add(a_round(id="2027-T2"))
        work.submissions.add([a_submission(unit="osby"), a_submission(unit="tyst"), a_submission(round="2027-T2")])
        for number in range(1, 12):
            work.editions.add(an_edition(number=number))
        work.editions.add(an_edition(submission="2027-T1.osby"))
        work.editions.add(an_edition(submission="2027-T2.norrby", number=12))
    with stocked.read() as work:
        latest = work.editions.latest("2027-T1")
    assert {key: edition.number for key, edition in latest.items()} == {NORRBY: 11, "2027-T1.osby": 1}


def test_an_edition_is_never_written_over(stocked: Database) -> None:
    with stocked.begin() as work:
        work.editions.add(an_edition())
    with pytest.raises((IntegrityError, FakeRefusedError)), stocked.begin() as work:
        work.editions.add(an_edition(answers={}))
    with stocked.read() as work:
        assert work.editions.of(NORRBY) == (an_edition(),)
