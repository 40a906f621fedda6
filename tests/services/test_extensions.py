"""More time: asked for, answered, taken back; every mail, reminder and calendar entry follows the one day."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from tests.builders import DUE_AT
from tests.services.conftest import HAMNEN, NORRBY, ROUND, House
from workflow.domain.errors import (
    AlreadyAskedError,
    MoveRefusedError,
    NobodyMovesError,
    NoExtensionError,
    NotFoundError,
    PassedDeadlineError,
    ReasonMissingError,
    RequestAnsweredError,
    StaleWriteError,
)
from workflow.domain.extensions import Extension, ExtensionState
from workflow.domain.messages import MessageKind, MessageState
from workflow.domain.moving import Effect
from workflow.domain.submissions import Move, State, Submission
from workflow.services import extensions, moving, reminders, rounds, submissions

WISHED = DUE_AT + timedelta(days=7)
LATER = DUE_AT + timedelta(days=11)
WORDS = "Ordet som bara står i begäran"


def ask(house: House, wished: datetime = WISHED, submission_id: str = NORRBY) -> Extension:
    return extensions.ask_for_time(
        house.db,
        submission_id,
        wished=wished,
        reason=WORDS,
        by="r-1",
        secrets=house.secrets,
        calendar=house.calendar,
        now=house.clock.at,
    )


def give(
    house: House, due_at: datetime = WISHED, *, request: str = "", footing: str | None = None
) -> tuple[Submission, ...]:
    return extensions.extend(
        house.db,
        [NORRBY],
        due_at,
        reason="Det går bra",
        by="k-1",
        secrets=house.secrets,
        now=house.clock.at,
        request=request,
        footing=footing,
    )


def refuse(house: House, extension: Extension, reason: str = "Vi samlar svaren då") -> Extension:
    return extensions.refuse(
        house.db, NORRBY, extension.id, reason=reason, by="k-1", secrets=house.secrets, now=house.clock.at
    )


def withdraw(house: House, footing: str | None = None) -> Submission:
    return extensions.withdraw(
        house.db,
        NORRBY,
        reason="Fel dag",
        by="k-1",
        secrets=house.secrets,
        now=house.clock.at,
        footing=footing,
    )


def states(house: House, submission_id: str = NORRBY) -> list[ExtensionState]:
    return [each.state for each in extensions.of_unit(house.db, submission_id)]


def plan(house: House) -> int:
    return reminders.plan_due(house.db, secrets=house.secrets, calendar=house.calendar, now=house.clock.at)


def entries(house: House) -> list[tuple[str, int, Any]]:
    """UID, SEQUENCE and end of each calendar entry that was sent, in order."""
    found: list[tuple[str, int, Any]] = []
    for each in house.messages():
        with house.read() as work:
            frozen = work.outbox.get(each.id).frozen
        for file in frozen.attachments if frozen else ():
            if file.media_type.startswith("text/calendar"):
                event: Any = Calendar.from_ical(file.content).walk("VEVENT")[0]
                found.append((str(event["UID"]), int(event["SEQUENCE"]), event["DTEND"].dt))
    return sorted(found, key=lambda entry: entry[1])


# --- asking --------------------------------------------------------------------------------------------------------


def test_a_request_changes_no_date_and_waits_for_a_coordinator(opened: House) -> None:
    asked = ask(opened)
    waiting = extensions.open_requests(opened.db, ROUND)
    assert [(each.extension, each.submission.id) for each in waiting] == [(asked, NORRBY)]
    assert opened.submission().due_at == DUE_AT
    assert opened.events()[-1] == "extension.asked"
    with pytest.raises(AlreadyAskedError):
        ask(opened, LATER)
    assert states(opened) == [ExtensionState.ASKED]


def test_granted_as_asked_or_with_another_day(opened: House) -> None:
    give(opened, request=ask(opened).id)
    assert states(opened) == [ExtensionState.GRANTED]
    assert opened.submission().due_at == WISHED
    opened.clock.at += timedelta(hours=1)
    give(opened, LATER, request=ask(opened, LATER + timedelta(days=2)).id)
    found = extensions.of_unit(opened.db, NORRBY)
    assert [each.state for each in found] == [ExtensionState.GRANTED, ExtensionState.CHANGED]
    assert [each.stood for each in found] == [DUE_AT, DUE_AT]


def test_a_coordinators_own_decision_is_on_record_too_and_changes_in_place(opened: House) -> None:
    give(opened)
    give(opened, LATER)
    found = extensions.of_unit(opened.db, NORRBY)
    assert [(each.state, each.due_at, each.asked_at) for each in found] == [(ExtensionState.CHANGED, LATER, None)]


def test_what_the_contact_took_back_is_not_granted(opened: House) -> None:
    asked = ask(opened)
    taken = extensions.take_back_request(
        opened.db, NORRBY, asked.id, by="r-1", secrets=opened.secrets, now=opened.clock.at
    )
    assert taken.state is ExtensionState.WITHDRAWN
    with pytest.raises(RequestAnsweredError):
        give(opened, request=asked.id)
    with pytest.raises(RequestAnsweredError):
        refuse(opened, asked)
    assert opened.submission().due_at == DUE_AT
    assert ask(opened).is_open


def test_what_a_coordinator_has_answered_is_not_taken_back(opened: House) -> None:
    asked = ask(opened)
    give(opened)
    with pytest.raises(RequestAnsweredError):
        extensions.take_back_request(opened.db, NORRBY, asked.id, by="r-1", secrets=opened.secrets, now=opened.clock.at)


def test_another_units_request_is_out_of_reach(opened: House) -> None:
    asked = ask(opened, submission_id=HAMNEN)
    with pytest.raises(NotFoundError):
        refuse(opened, asked)
    with pytest.raises(NotFoundError):
        give(opened, request=asked.id)


def test_a_refusal_says_which_day_stands_and_moves_no_calendar_entry(opened: House) -> None:
    opened.deliver()
    with pytest.raises(ReasonMissingError):
        refuse(opened, ask(opened), " ")
    refuse(opened, extensions.of_unit(opened.db, NORRBY)[0])
    opened.deliver()
    mail = next(each for each in opened.messages() if each.kind is MessageKind.EXTENSION_REFUSED)
    with opened.read() as work:
        frozen = work.outbox.get(mail.id).frozen
    assert frozen
    assert "fredag 28 maj 2027 kl. 24.00" in frozen.text
    assert "fredag 4 juni 2027 kl. 24.00" in frozen.text
    assert frozen.attachments == ()
    assert opened.submission().deadline_revision == 0


def test_handing_in_or_an_excuse_ends_the_question(opened: House) -> None:
    ask(opened)
    opened.answer(NORRBY)
    opened.submit(NORRBY)
    ask(opened, submission_id=HAMNEN)
    submissions.excuse(opened.db, HAMNEN, reason="Ny", by="k", secrets=opened.secrets, now=opened.clock.at)
    assert states(opened) == states(opened, HAMNEN) == [ExtensionState.LAPSED]
    assert extensions.open_requests(opened.db, ROUND) == ()
    assert opened.events().count("extension.lapsed") == 2


# --- given and withdrawn ---------------------------------------------------------------------------------------------


def test_the_calendar_entry_moves_with_each_new_day(opened: House) -> None:
    opened.deliver()
    give(opened)
    opened.deliver()
    withdraw(opened)
    opened.deliver()
    sent = entries(opened)
    assert len({uid for uid, _, _ in sent}) == 1
    assert [(sequence, ends) for _, sequence, ends in sent] == [(0, DUE_AT), (1, WISHED), (2, DUE_AT)]
    assert states(opened) == [ExtensionState.WITHDRAWN]
    assert not opened.submission().extended


def test_an_extension_is_not_withdrawn_to_a_day_that_has_passed(opened: House) -> None:
    give(opened)
    opened.clock.at = DUE_AT + timedelta(hours=1)
    with pytest.raises(PassedDeadlineError):
        withdraw(opened)
    assert opened.submission().due_at == WISHED
    assert states(opened) == [ExtensionState.GRANTED]


def test_a_correction_never_gives_less_than_everybody_has(opened: House) -> None:
    give(opened)
    with pytest.raises(NoExtensionError):
        give(opened, DUE_AT)
    assert give(opened, DUE_AT + timedelta(days=1))[0].due_at == DUE_AT + timedelta(days=1)


def test_the_extension_of_a_supplement_falls_back_to_the_supplements_own_day(opened: House) -> None:
    opened.answer(NORRBY)
    opened.submit(NORRBY)
    own = DUE_AT - timedelta(days=3)
    submissions.give_back(
        opened.db,
        NORRBY,
        version=None,
        reason="Mer",
        comments={},
        due_at=own,
        by="k",
        secrets=opened.secrets,
        now=opened.clock.at,
        move=Move.RETURN,
    )
    give(opened, own + timedelta(days=1))
    assert withdraw(opened).due_at == own


def test_a_draft_saved_meanwhile_is_no_news_but_another_day_is(opened: House) -> None:
    footing = opened.submission().footing
    opened.answer(NORRBY)
    assert give(opened, footing=footing)[0].due_at == WISHED
    with pytest.raises(StaleWriteError):
        give(opened, LATER, footing=footing)
    with pytest.raises(StaleWriteError):
        withdraw(opened, footing)
    assert opened.submission().due_at == WISHED


def test_an_extension_a_minute_before_a_reminder_is_obeyed_by_it(opened: House) -> None:
    opened.deliver()
    opened.clock.at = opened.calendar.at((DUE_AT - timedelta(days=7)).date(), time(9))
    assert plan(opened) == 2
    give(opened)
    opened.deliver()
    kinds = {(kind, state) for kind, _, state in opened.mails() if kind is not MessageKind.INVITATION}
    assert (MessageKind.REMINDER, MessageState.CANCELLED) in kinds
    assert (MessageKind.REMINDER, MessageState.SENT) not in kinds
    assert (MessageKind.EXTENSION, MessageState.SENT) in kinds


def test_what_is_handed_in_by_the_new_day_is_not_late(opened: House) -> None:
    give(opened)
    opened.clock.at = WISHED - timedelta(hours=1)
    opened.answer(NORRBY)
    assert opened.submit(NORRBY).late_days == 0


def test_after_the_closing_an_extension_gives_a_day_and_promises_no_reminders(opened: House) -> None:
    opened.deliver()
    opened.clock.at = DUE_AT + timedelta(days=3)
    rounds.close_round(opened.db, ROUND, by="k", now=opened.clock.at)
    give(opened)
    opened.deliver()
    mail = next(each for each in opened.messages() if each.kind is MessageKind.EXTENSION)
    with opened.read() as work:
        frozen = work.outbox.get(mail.id).frozen
    assert frozen
    assert "Inga påminnelser går" in " ".join(frozen.text.split())
    assert plan(opened) == 0


# --- several ---------------------------------------------------------------------------------------------------------


def test_all_who_owe_get_time_and_who_has_more_keeps_it(opened: House) -> None:
    give(opened, LATER)
    foreseen = extensions.who_moves(opened.db, ROUND, WISHED, now=opened.clock.at)
    done = extensions.extend_all(
        opened.db, ROUND, WISHED, reason="Snö", by="k", secrets=opened.secrets, now=opened.clock.at
    )
    effects = {touch.before.unit: touch.effect for touch in done}
    assert effects == {touch.before.unit: touch.effect for touch in foreseen}
    assert effects == {"norrby": Effect.STANDS, "hamnen": Effect.MOVES, "tysta": Effect.MOVES}
    assert opened.submission(HAMNEN).due_at == WISHED
    assert opened.submission().due_at == LATER


def test_time_for_all_answers_a_request_for_as_much_and_leaves_one_for_longer_waiting(opened: House) -> None:
    ask(opened, LATER)
    ask(opened, WISHED, HAMNEN)
    opened.clock.at += timedelta(hours=1)
    extensions.extend_all(opened.db, ROUND, WISHED, reason="Snö", by="k", secrets=opened.secrets, now=opened.clock.at)
    assert states(opened) == [ExtensionState.ASKED, ExtensionState.GRANTED]
    assert states(opened, HAMNEN) == [ExtensionState.GRANTED]
    assert [each.submission.unit for each in extensions.open_requests(opened.db, ROUND)] == ["norrby"]


def test_time_for_nobody_is_an_error_and_not_silence(opened: House) -> None:
    give(opened, LATER)
    with pytest.raises(NobodyMovesError):
        extensions.who_moves(opened.db, ROUND, WISHED, units=["norrby"], now=opened.clock.at)


# --- the common day --------------------------------------------------------------------------------------------------


def move(house: House, due_at: datetime, *, version: int | None = None) -> moving.Moving:
    return moving.move_round(
        house.db, ROUND, due_at, by="k", secrets=house.secrets, now=house.clock.at, version=version
    )


def test_a_moved_common_day_lists_the_extensions_it_touches_and_is_followed_everywhere(opened: House) -> None:
    opened.deliver()
    give(opened, LATER)
    ask(opened, WISHED, HAMNEN)
    opened.deliver()
    foreseen = moving.plan_move(opened.db, ROUND, WISHED, now=opened.clock.at)
    done = move(opened, WISHED)
    assert [touch.effect for touch in done.touched] == [touch.effect for touch in foreseen.touched]
    assert [touch.before.unit for touch in done.of(Effect.STANDS)] == ["norrby"]
    assert (opened.submission().due_at, opened.submission(HAMNEN).due_at) == (LATER, WISHED)
    assert states(opened, HAMNEN) == [ExtensionState.LAPSED]  # what they asked for, all got
    opened.deliver()
    assert [kind for kind, _, _ in opened.mails()].count(MessageKind.MOVED) == 0
    assert (MessageKind.MOVED, "moved-1", MessageState.SENT) in opened.mails(HAMNEN)
    done = move(opened, LATER)
    assert [touch.before.unit for touch in done.of(Effect.JOINS)] == ["norrby"]
    assert (opened.submission().extended, opened.submission().deadline_revision) == (False, 1)
    assert states(opened) == [ExtensionState.LAPSED]
    assert opened.events().count("round.moved") == 2


def test_a_request_for_longer_than_the_new_common_day_still_waits(opened: House) -> None:
    ask(opened, LATER)
    move(opened, WISHED)
    assert states(opened) == [ExtensionState.ASKED]


def test_what_is_taken_back_after_the_move_follows_the_new_day(opened: House) -> None:
    opened.answer(NORRBY)
    opened.submit(NORRBY)
    move(opened, WISHED)
    assert opened.submission().due_at == DUE_AT
    back = submissions.take_back(opened.db, NORRBY, by="r", secrets=opened.secrets, now=opened.clock.at)
    assert (back.state, back.due_at, back.deadline_revision) == (State.DRAFT, WISHED, 1)
    moved = [each for each in opened.messages() if each.kind is MessageKind.MOVED]
    assert [each.detail["previous_due"] for each in moved] == [DUE_AT.isoformat()], "and is told so"


def test_what_is_taken_back_after_an_earlier_day_has_passed_keeps_its_own(opened: House) -> None:
    opened.answer(NORRBY)
    opened.submit(NORRBY)
    earlier = DUE_AT - timedelta(days=8)
    move(opened, earlier)
    opened.clock.at = earlier + timedelta(days=2)
    back = submissions.take_back(opened.db, NORRBY, by="r", secrets=opened.secrets, now=opened.clock.at)
    assert (back.due_at, back.is_overdue(opened.clock.at)) == (DUE_AT, False)


def test_two_who_move_at_once_do_not_overwrite_each_other(opened: House) -> None:
    with opened.read() as work:
        version = work.rounds.get(ROUND).version
    move(opened, WISHED, version=version)
    with pytest.raises(StaleWriteError):
        move(opened, LATER, version=version)
    assert opened.submission().due_at == WISHED


def test_a_planned_round_is_moved_before_it_opens(house: House) -> None:
    move(house, WISHED)
    house.open()
    assert house.submission().due_at == WISHED


def test_nothing_that_people_wrote_stands_in_the_log(opened: House) -> None:
    refuse(opened, ask(opened))
    give(opened)
    withdraw(opened)
    with opened.read() as work:
        log = repr(work.log.all())
    assert WORDS not in log
    assert "Vi samlar" not in log
    assert "Fel dag" not in log


def test_who_has_handed_in_gets_no_extension(opened: House) -> None:
    opened.answer(NORRBY)
    opened.submit(NORRBY)
    with pytest.raises(MoveRefusedError):
        give(opened)
    with pytest.raises(MoveRefusedError):
        ask(opened)


# --- a mail names only a day that somebody has been told of -----------------------------------------------------------


def words_of(house: House, kind: MessageKind) -> str:
    with house.read() as work:
        sent = [each for each in work.outbox.of_submission(NORRBY) if each.kind is kind and each.sent_at]
        frozen = work.outbox.get(sent[-1].id).frozen
    assert frozen
    return frozen.text


def test_an_extension_withdrawn_before_any_mail_told_of_it_is_not_named(opened: House) -> None:
    opened.deliver()
    give(opened)
    withdraw(opened)
    opened.deliver()
    said = words_of(opened, MessageKind.EXTENSION_WITHDRAWN)
    assert "fredag 28 maj 2027 kl. 24.00" in said
    assert "ANSTÅNDET VAR TILL" not in said
    assert "4 juni" not in said


def test_of_two_extensions_the_one_that_they_were_told_of_is_named(opened: House) -> None:
    opened.deliver()
    give(opened)
    opened.deliver()
    opened.clock.at += timedelta(minutes=1)
    give(opened, LATER)
    opened.clock.at += timedelta(minutes=1)
    withdraw(opened)
    opened.deliver()
    assert "ANSTÅNDET VAR TILL: fredag 4 juni 2027 kl. 24.00" in " ".join(
        words_of(opened, MessageKind.EXTENSION_WITHDRAWN).split()
    )


def test_a_day_moved_forth_and_back_before_it_was_told_is_neither_more_nor_less_time(opened: House) -> None:
    opened.deliver()
    move(opened, WISHED)
    move(opened, DUE_AT)
    opened.deliver()
    said = words_of(opened, MessageKind.MOVED)
    assert "tid på er" not in said
    assert "TIDIGARE" not in said


def test_an_invitation_that_left_after_the_change_has_told_of_it(opened: House) -> None:
    give(opened)
    opened.clock.at += timedelta(minutes=1)
    opened.deliver()
    withdraw(opened)
    opened.deliver()
    assert "4 juni" in words_of(opened, MessageKind.EXTENSION_WITHDRAWN)
