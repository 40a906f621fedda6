"""Two previews compared: what moves, falls away, comes, is held, goes to somebody else."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW
from workflow.domain.messages import MessageKind
from workflow.domain.preview import EXPECTED, SUPPRESSED, PreviewedMail
from workflow.domain.preview_diff import COMING, Effect, preview_diff


def a_mail(**changes: Any) -> PreviewedMail:
    mail = PreviewedMail(
        unit="norrby",
        unit_name="Norrby stadsdelsnämnd",
        unit_state="not_started",
        kind=MessageKind.REMINDER,
        slot="T-5",
        at=NOW,
        state=EXPECTED,
        to_name="Åsa Påhittad",
        to_email="asa.pahittad@norrby.example",
        copies=(),
        suppressed="",
    )
    return replace(mail, **changes)


LATER = NOW + timedelta(days=7)


def test_nothing_changed() -> None:
    diff = preview_diff([a_mail()], [a_mail()])
    assert (diff.differences, diff.counts, diff.unchanged) == ((), {}, 1)


def test_a_reminder_that_moves_is_the_same_mail() -> None:
    (moved,) = preview_diff([a_mail()], [a_mail(at=LATER)]).differences
    assert moved.effect is Effect.MOVED
    assert moved.before
    assert (moved.before.at, moved.mail.at) == (NOW, LATER)


def test_a_reminder_moves_also_when_the_old_row_stood_in_the_ledger() -> None:
    cancelled = a_mail(state="cancelled", suppressed="deadline_moved", message="m-1")
    diff = preview_diff([a_mail(state="planned", message="m-1")], [cancelled, a_mail(at=LATER)])
    assert diff.counts == {Effect.MOVED: 1}


def test_one_that_has_gone_is_told_of_only_where_it_comes_again() -> None:
    sent = a_mail(state="sent", message="m-1")
    diff = preview_diff([sent], [sent, a_mail(at=LATER)])
    assert diff.counts == {Effect.ADDED: 1}
    assert diff.unchanged == 0


def test_one_that_falls_away_says_why() -> None:
    (dropped,) = preview_diff([a_mail()], [a_mail(state=SUPPRESSED, suppressed="round_closed")]).differences
    assert (dropped.effect, dropped.why, dropped.mail) == (Effect.DROPPED, "round_closed", a_mail())


def test_one_without_a_trace_falls_away_without_a_reason() -> None:
    (dropped,) = preview_diff([a_mail()], []).differences
    assert (dropped.effect, dropped.why) == (Effect.DROPPED, "")


def test_one_that_is_held_is_not_said_to_fall_away() -> None:
    (held,) = preview_diff([a_mail()], [a_mail(state="held", suppressed="De har ringt.")]).differences
    assert (held.effect, held.why) == (Effect.HELD, "De har ringt.")


def test_another_recipient_and_other_copies() -> None:
    before = [a_mail(), a_mail(slot="T-1")]
    after = [a_mail(to_email="bo@norrby.example"), a_mail(slot="T-1", copies=("Bo <bo@norrby.example>",))]
    assert preview_diff(before, after).counts == {Effect.READDRESSED: 2}


def test_units_are_not_confused_and_the_list_is_in_time_order() -> None:
    before = [a_mail(unit="a", at=LATER), a_mail(unit="b")]
    diff = preview_diff(before, [])
    assert [each.mail.unit for each in diff.differences] == ["b", "a"]


def test_the_kind_of_a_reminder_may_change_with_its_step_and_other_mails_go_by_their_kind() -> None:
    assert preview_diff([a_mail()], [a_mail(kind=MessageKind.LAST_DAY)]).differences == ()
    letters = (
        [a_mail(slot="edition-1", kind=MessageKind.RECEIPT)],
        [a_mail(slot="edition-1", kind=MessageKind.APPROVED)],
    )
    assert preview_diff(*letters).counts == {Effect.DROPPED: 1, Effect.ADDED: 1}


MAILS = st.lists(
    st.builds(
        a_mail,
        unit=st.sampled_from("ab"),
        slot=st.sampled_from(["T-5", "T-1", "open"]),
        at=st.sampled_from([NOW, LATER]),
        state=st.sampled_from([EXPECTED, SUPPRESSED, "planned", "sent", "held"]),
        to_email=st.sampled_from(["a@a.example", "b@b.example"]),
    ),
    max_size=8,
)


@given(MAILS, MAILS)
def test_every_coming_mail_is_told_of_once_or_unchanged(
    before: list[PreviewedMail], after: list[PreviewedMail]
) -> None:
    diff = preview_diff(before, after)
    old = sum(mail.state in COMING for mail in before)
    new = sum(mail.state in COMING for mail in after)
    assert sum(each.before is not None for each in diff.differences) + diff.unchanged == old
    assert sum(each.after is not None for each in diff.differences) + diff.unchanged == new


@given(MAILS, MAILS)
def test_backwards_what_came_falls_away(before: list[PreviewedMail], after: list[PreviewedMail]) -> None:
    there, back = preview_diff(before, after), preview_diff(after, before)
    assert there.counts.get(Effect.ADDED, 0) == sum(
        back.counts.get(effect, 0) for effect in (Effect.DROPPED, Effect.HELD)
    )
    assert there.counts.get(Effect.MOVED) == back.counts.get(Effect.MOVED)
