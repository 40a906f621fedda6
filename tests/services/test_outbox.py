"""The right mail exactly once: states, markers, belts, and what is not sent."""

from dataclasses import replace
from datetime import time, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

import pytest

from tests.builders import DUE_AT, OPENS_AT
from tests.services.conftest import HAMNEN, NORRBY, OFFICE, House
from workflow.domain.errors import StaleWriteError
from workflow.domain.messages import LEASE, MessageKind, MessageState
from workflow.ports import LINK_SECRET, Outcome
from workflow.services import access, extensions, outbox, reminders

INVITED = (MessageKind.INVITATION, "open", MessageState.SENT)


def plan(house: House) -> int:
    return reminders.plan_due(house.db, secrets=house.secrets, calendar=house.calendar, now=house.clock.at)


def test_every_unit_with_a_contact_is_invited_once(opened: House) -> None:
    assert (opened.deliver().sent, opened.deliver().sent) == (2, 0)
    assert opened.mails() == [INVITED]
    mail = BytesParser(EmailMessage, policy=default).parsebytes(opened.postman.taken[0].data)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert sorted(part.get_filename() or "" for part in mail.iter_attachments()) == [
        "2027-T1-hamnen.docx" if "hamnen" in mail["To"] else "2027-T1-norrby.docx",
        "sista-dag.ics",
    ]


def test_the_mailed_link_opens_the_form_and_rests_nowhere_in_the_ledger(opened: House) -> None:
    opened.deliver()
    message = opened.messages()[0]
    secret = opened.secrets.link_secret(message.link)
    with opened.read() as work:
        frozen = work.outbox.get(message.id).frozen
    assert frozen is not None
    assert secret not in frozen.text + frozen.html
    assert LINK_SECRET in frozen.text
    sent = next(each for each in opened.postman.taken if each.recipients == ("asa.pahittad@norrby.example",))
    body = BytesParser(EmailMessage, policy=default).parsebytes(sent.data).get_body(("plain",))
    assert body is not None
    assert f"{OFFICE.base_url}/l/{message.link}.{secret}" in body.get_content()
    landing = access.look_at_link(
        opened.db, f"{message.link}.{secret}", secrets=opened.secrets, office=OFFICE, now=opened.clock.at
    )
    assert landing.submission.id == NORRBY


def test_a_reply_lost_after_the_dot_is_unknown_and_never_resent_by_itself(opened: House) -> None:
    opened.postman.script = [Outcome.UNKNOWN, Outcome.UNKNOWN]
    opened.deliver()
    opened.clock.at += timedelta(hours=6)
    assert opened.deliver().sent == 0
    assert [state for _, _, state in opened.mails()] == [MessageState.UNKNOWN]


def test_sending_again_gives_the_same_bytes(opened: House) -> None:
    opened.postman.script = [Outcome.UNKNOWN, Outcome.UNKNOWN]
    opened.deliver()
    message = opened.messages()[0]
    with opened.read() as work:
        before = work.outbox.get(message.id).frozen
    opened.clock.at += timedelta(hours=1)
    outbox.send_again(
        opened.db, message.id, by="k-1", why="Hen säger att det inte kom", calendar=opened.calendar, now=opened.clock.at
    )
    assert opened.deliver().sent == 1
    with opened.read() as work:
        assert work.outbox.get(message.id).frozen == before
        assert [each.outcome for each in work.outbox.attempts(message.id)] == ["unknown", "accepted"]


def test_greylisting_waits_and_then_arrives_once(opened: House) -> None:
    opened.postman.script = [Outcome.RETRY, Outcome.RETRY]
    assert opened.deliver().sent == 0
    opened.clock.at += timedelta(minutes=4)
    assert opened.deliver().sent == 0
    opened.clock.at += timedelta(minutes=1)
    assert opened.deliver().sent == 2


def test_a_refused_address_fails_at_once_and_says_why(opened: House) -> None:
    opened.postman.script = [Outcome.REFUSED, Outcome.REFUSED]
    opened.deliver()
    message = opened.messages()[0]
    assert (message.state, message.reason) == (MessageState.FAILED, "550 5.1.1 no such user")


def test_submitting_between_body_and_dot_stops_the_mail(opened: House) -> None:
    """The marker reads the submission again under lock: the dot is never sent."""
    opened.answer(NORRBY)
    opened.answer(HAMNEN)

    def submit_both() -> None:
        for submission_id in (NORRBY, HAMNEN):
            if opened.submission(submission_id).is_owed:
                opened.submit(submission_id)

    opened.postman.before_marker = submit_both
    opened.deliver()
    assert (MessageKind.INVITATION, "open", MessageState.CANCELLED) in opened.mails()
    sent = [message_from_bytes(each.data)["X-Tertial-Kind"] for each in opened.postman.taken]
    assert MessageKind.INVITATION not in sent


def test_a_reminder_is_not_sent_after_submission_an_extension_or_closing(opened: House) -> None:
    opened.deliver()
    opened.clock.at = opened.calendar.at(opened.calendar.last_day(DUE_AT) - timedelta(days=7), time(9))
    assert plan(opened) == 2
    opened.answer(NORRBY)
    opened.submit(NORRBY)
    extensions.extend(
        opened.db,
        [HAMNEN],
        DUE_AT + timedelta(days=7),
        reason="Sjuk",
        by="k",
        secrets=opened.secrets,
        now=opened.clock.at,
    )
    opened.deliver()
    reminders_left = [
        (each.state, each.reason)
        for submission_id in (NORRBY, HAMNEN)
        for each in opened.messages(submission_id)
        if each.is_reminder
    ]
    assert reminders_left == [(MessageState.CANCELLED, "submitted"), (MessageState.CANCELLED, "deadline_moved")]


def test_one_reminder_per_person_and_day_whatever_the_code_plans(opened: House) -> None:
    opened.deliver()
    opened.clock.at = opened.calendar.at(opened.calendar.last_day(DUE_AT) - timedelta(days=7), time(9))
    plan(opened)
    first = next(each for each in opened.messages() if each.is_reminder)
    with opened.db.begin() as work:
        work.outbox.plan([replace(first, id="other", slot="T-4")])
    opened.deliver()
    states = sorted(state for kind, _, state in opened.mails() if kind is MessageKind.REMINDER)
    assert states == [MessageState.SENT, MessageState.SKIPPED]


def test_what_a_dead_worker_left_is_taken_over_after_its_lease(opened: House) -> None:
    with opened.db.begin() as work:
        for number, message in enumerate(work.outbox.due(opened.clock.at, limit=9)):
            claimed = message.claim(opened.clock.at)
            assert work.outbox.change(message, claimed)
            if number == 1:
                assert work.outbox.change(claimed, claimed.hand(opened.clock.at))
    opened.clock.at += LEASE
    assert opened.deliver().sent == 0
    opened.clock.at += timedelta(seconds=1)
    opened.deliver()
    states = sorted(each.state for each in (*opened.messages(NORRBY), *opened.messages(HAMNEN)))
    assert states == [MessageState.SENT, MessageState.UNKNOWN]


def test_a_worker_that_lost_its_lease_cannot_write_over_its_successor(opened: House) -> None:
    with opened.db.begin() as work:
        message = work.outbox.due(opened.clock.at, limit=1)[0]
        mine = message.claim(opened.clock.at)
        work.outbox.change(message, mine)
    with opened.db.begin() as work:
        assert work.outbox.change(mine, mine.recover())
        assert not work.outbox.change(mine, mine.hand(opened.clock.at))


def test_a_mail_that_cannot_be_written_fails_alone(opened: House) -> None:
    class Broken:
        def render(self, letter: object) -> object:
            if getattr(letter, "unit", "") == "Hamnen AB":
                raise KeyError("mall")
            return room.renderer.render(letter)  # type: ignore[arg-type]

    room = opened.mailroom
    outbox.deliver(replace(room, renderer=Broken()))  # type: ignore[arg-type]
    assert opened.mails(HAMNEN)[0][2] is MessageState.FAILED
    assert opened.mails(NORRBY) == [INVITED]


def test_skipping_is_for_what_is_planned_only(opened: House) -> None:
    message = opened.messages()[0]
    assert outbox.skip(opened.db, message.id, by="k", why="dubblett", now=OPENS_AT).state is MessageState.SKIPPED
    with pytest.raises((StaleWriteError, ValueError)):
        outbox.skip(opened.db, message.id, by="k", why="igen", now=OPENS_AT)


def test_an_invitation_survives_a_week_without_any_worker(opened: House) -> None:
    opened.clock.at += timedelta(days=7)
    assert opened.deliver().sent == 2


def test_a_reminder_that_waited_too_long_is_skipped_and_says_so(opened: House) -> None:
    opened.deliver()
    opened.clock.at = opened.calendar.at(opened.calendar.last_day(DUE_AT) - timedelta(days=7), time(9))
    plan(opened)
    opened.clock.at += timedelta(days=4)
    opened.deliver()
    assert [(each.state, each.reason) for each in opened.messages() if each.is_reminder] == [
        (MessageState.SKIPPED, "too_late")
    ]
