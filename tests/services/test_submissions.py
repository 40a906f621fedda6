"""Answering and reviewing: nothing typed is lost, nobody is overwritten, no draft is read by anybody else."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

import pytest

from tests.builders import DUE_AT, an_answer
from tests.services.conftest import HAMNEN, NORRBY, ROUND, House
from workflow.domain.errors import (
    DraftChangedError,
    IncompleteError,
    LockedQuestionError,
    MoveRefusedError,
    ReasonMissingError,
    StaleWriteError,
    TextRefusedError,
)
from workflow.domain.forms import Answer
from workflow.domain.messages import MessageKind, MessageState
from workflow.domain.submissions import Move, State, answers_sha256
from workflow.services import bundles, extensions, submissions
from workflow.services.overview import overview, submission_view

SECRET_WORDS = "Ordet ingen annan får läsa"


def save(house: House, *answers: Answer, submission_id: str = NORRBY, by: str = "r-1") -> submissions.Saved:
    return submissions.save_answers(house.db, submission_id, answers, by=by, now=house.clock.at)


def approve(house: House, version: int | None = None) -> None:
    submissions.approve(house.db, NORRBY, version=version, by="k-1", secrets=house.secrets, now=house.clock.at)


def give_back(
    house: House,
    move: Move = Move.RETURN,
    *,
    version: int | None = None,
    reason: str = "Mer",
    comments: Mapping[str, str] = MappingProxyType({"mark": "Hur många?"}),
) -> None:
    submissions.give_back(
        house.db,
        NORRBY,
        version=version,
        reason=reason,
        comments=comments,
        due_at=DUE_AT + timedelta(days=9),
        by="k-1",
        secrets=house.secrets,
        now=house.clock.at,
        move=move,
    )


def test_saving_starts_the_draft_and_an_empty_form_does_not(opened: House) -> None:
    assert save(opened, Answer(question="mark")).submission.state is State.NOT_STARTED
    saved = save(opened, an_answer("mark", "Tio anvisningar"))
    assert (saved.submission.state, saved.submission.answered) == (State.DRAFT, 1)
    assert saved.answers["mark"].version == 1
    assert "submission.started" in opened.events()


def test_two_people_in_one_question_are_both_kept(opened: House) -> None:
    save(opened, an_answer("mark", "Först"), by="r-1")
    saved = save(opened, an_answer("mark", "Samtidigt"), an_answer("tillstand", "Fyra veckor"), by="r-2")
    assert [clash.values["mine"].text for clash in saved.clashes] == ["Samtidigt"]  # type: ignore[attr-defined]
    assert saved.clashes[0].values["theirs"].text == "Först"  # type: ignore[attr-defined]
    assert saved.answers["mark"].text == "Först"
    assert saved.answers["tillstand"].text == "Fyra veckor"
    mine = an_answer("mark", "Först och samtidigt", version=1)
    assert save(opened, mine, by="r-2").answers["mark"].version == 2


def test_text_that_cannot_be_kept_refuses_the_whole_save(opened: House) -> None:
    with pytest.raises(TextRefusedError):
        save(opened, an_answer("mark", "Tio"), an_answer("tillstand", "Fyra\x00veckor"))
    assert submissions.sheet(opened.db, NORRBY).answers == {}


def test_submitting_makes_edition_receipt_and_log_and_drops_reminders(opened: House) -> None:
    opened.deliver()
    opened.answer(NORRBY)
    submitted = opened.submit(NORRBY)
    assert (submitted.state, submitted.received_at) == (State.SUBMITTED, opened.clock.at)
    view = submission_view(opened.db, NORRBY)
    assert [edition.number for edition in view.editions] == [1]
    assert (MessageKind.RECEIPT, "edition-1", MessageState.PLANNED) in opened.mails()
    assert opened.events()[-1] == "submission.submitted"
    with pytest.raises(MoveRefusedError):
        opened.submit(NORRBY)
    assert len(submission_view(opened.db, NORRBY).editions) == 1


def test_submitting_too_early_names_what_is_missing_and_changes_nothing(opened: House) -> None:
    save(opened, an_answer("mark"))
    with pytest.raises(IncompleteError) as refused:
        opened.submit(NORRBY)
    assert refused.value.values["missing"] == ("etableringar", "tillstand")
    assert opened.submission().state is State.DRAFT


def test_an_approval_is_never_given_to_something_else_than_what_was_shown(opened: House) -> None:
    opened.answer(NORRBY)
    shown = opened.submit(NORRBY).version
    submissions.take_back(opened.db, NORRBY, by="r-1", secrets=opened.secrets, now=opened.clock.at)
    save(opened, an_answer("mark", "Ändrat", version=1))
    opened.submit(NORRBY)
    with pytest.raises(StaleWriteError):
        approve(opened, shown)
    assert opened.submission().state is State.SUBMITTED
    approve(opened, opened.submission().version)
    assert opened.submission().state is State.APPROVED


def test_the_second_coordinator_is_told_and_the_first_decision_stands(opened: House) -> None:
    opened.answer(NORRBY)
    shown = opened.submit(NORRBY).version
    approve(opened, shown)
    with pytest.raises(StaleWriteError):
        give_back(opened, version=shown)
    assert (opened.submission().state, opened.submission().decided_by) == (State.APPROVED, "k-1")


def test_after_a_return_only_the_chosen_questions_open_and_the_edition_stays(opened: House) -> None:
    opened.answer(NORRBY)
    opened.submit(NORRBY)
    give_back(opened)
    assert (MessageKind.RETURNED, "return-1", MessageState.PLANNED) in opened.mails()
    with pytest.raises(LockedQuestionError):
        save(opened, an_answer("tillstand", "Annat", version=1))
    save(opened, an_answer("mark", "Tolv anvisningar", version=1))
    assert submission_view(opened.db, NORRBY).editions[0].answers["mark"].text != "Tolv anvisningar"
    opened.submit(NORRBY)
    assert [edition.number for edition in submission_view(opened.db, NORRBY).editions] == [1, 2]


def test_unchanged_locked_answers_may_come_along(opened: House) -> None:
    """A page sends all its fields; those that are as they were are no change."""
    opened.answer(NORRBY)
    opened.submit(NORRBY)
    give_back(opened)
    assert not save(opened, an_answer("tillstand", version=1), an_answer("mark", "Tolv", version=1)).clashes


def test_reopening_needs_a_reason_and_keeps_the_record(opened: House) -> None:
    opened.answer(NORRBY)
    opened.submit(NORRBY)
    approve(opened)
    with pytest.raises(ReasonMissingError):
        give_back(opened, Move.REOPEN, reason=" ", comments={})
    give_back(opened, Move.REOPEN, reason="Siffran stämmer inte", comments={})
    assert opened.submission().state is State.RETURNED
    assert "submission.reopened" in opened.events()


def test_an_extension_is_for_all_chosen_or_none(opened: House) -> None:
    opened.answer(HAMNEN)
    opened.submit(HAMNEN)
    with pytest.raises(MoveRefusedError):
        extensions.extend(
            opened.db,
            [NORRBY, HAMNEN],
            DUE_AT + timedelta(days=7),
            reason="Sjuk",
            by="k",
            secrets=opened.secrets,
            now=opened.clock.at,
        )
    assert opened.submission(NORRBY).due_at == DUE_AT


def test_an_excused_unit_gets_no_more_mail_but_the_word_about_it(opened: House) -> None:
    submissions.excuse(opened.db, NORRBY, reason="Ny nämnd", by="k", secrets=opened.secrets, now=opened.clock.at)
    opened.deliver()
    assert sorted(opened.mails(), reverse=True) == [
        (MessageKind.INVITATION, "open", MessageState.CANCELLED),
        (MessageKind.EXCUSED, "excused", MessageState.SENT),
    ]


def test_no_door_of_the_coordinators_gives_a_word_of_a_draft(opened: House) -> None:
    save(opened, an_answer("mark", SECRET_WORDS))
    opened.deliver()
    doors = [
        overview(opened.db, ROUND, calendar=opened.calendar, now=opened.clock.at),
        submission_view(opened.db, NORRBY),
        bundles.draft_bundle(opened.db, opened.documents, ROUND),
        [taken.data for taken in opened.postman.taken],
    ]
    with opened.read() as work:
        doors += [work.log.all(), work.outbox.list(round_id=ROUND), work.editions.latest(ROUND)]
        doors += [[work.outbox.get(message.id) for message in work.outbox.list()]]
    assert SECRET_WORDS not in repr(doors)
    assert SECRET_WORDS in repr(submissions.sheet(opened.db, NORRBY))


def test_a_reworked_text_after_a_return_is_a_draft_again(opened: House) -> None:
    opened.answer(NORRBY)
    opened.submit(NORRBY)
    give_back(opened)
    save(opened, an_answer("mark", SECRET_WORDS, version=1))
    assert SECRET_WORDS not in repr(submission_view(opened.db, NORRBY))
    assert SECRET_WORDS not in repr(bundles.draft_bundle(opened.db, opened.documents, ROUND))
    opened.submit(NORRBY)
    assert SECRET_WORDS in repr(bundles.draft_bundle(opened.db, opened.documents, ROUND))


def test_an_extension_before_the_first_mail_leaves_takes_nothing_away(opened: House) -> None:
    extend(opened)
    opened.deliver()
    assert sorted(kind for kind, _, state in opened.mails() if state is MessageState.SENT) == [
        "extension",
        "invitation",
    ]


def test_each_receipt_tells_of_its_own_edition(opened: House) -> None:
    opened.answer(NORRBY)
    opened.submit(NORRBY)
    submissions.take_back(opened.db, NORRBY, by="r-1", secrets=opened.secrets, now=opened.clock.at)
    save(opened, an_answer("mark", "Helt ny text", version=1))
    opened.submit(NORRBY)
    opened.deliver()
    with opened.read() as work:
        texts = {
            each.slot: frozen.text
            for each in opened.messages()
            if each.kind is MessageKind.RECEIPT and (frozen := work.outbox.get(each.id).frozen)
        }
    assert "Helt ny text" not in texts["edition-1"]
    assert "Helt ny text" in texts["edition-2"]


def test_only_what_was_read_through_is_handed_in(opened: House) -> None:
    opened.answer(NORRBY)
    seal = answers_sha256(submissions.sheet(opened.db, NORRBY).answers)
    save(opened, an_answer("mark", "Någon annans ändring", version=1), by="r-2")
    with pytest.raises(DraftChangedError):
        opened.submit(NORRBY, seal=seal)
    assert opened.submission().state is State.DRAFT


def test_the_report_says_when_the_text_it_shows_came_in(opened: House) -> None:
    opened.answer(NORRBY)
    opened.submit(NORRBY)
    submissions.take_back(opened.db, NORRBY, by="r-1", secrets=opened.secrets, now=opened.clock.at)
    opened.clock.at = DUE_AT + timedelta(days=5)
    save(opened, an_answer("mark", "Den riktiga texten", version=1))
    opened.submit(NORRBY)
    unit = next(each for each in bundles.draft_bundle(opened.db, opened.documents, ROUND).bundle.units if each.edition)
    assert (unit.late_days, unit.edition) == (0, 2)
    assert (unit.edition_received_at, unit.edition_late_days > 0) == (opened.clock.at, True)


def extend(house: House) -> None:
    extensions.extend(
        house.db, [NORRBY], DUE_AT + timedelta(days=7), reason="Sjuk", by="k", secrets=house.secrets, now=house.clock.at
    )
