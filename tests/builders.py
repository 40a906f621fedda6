"""Values with good defaults; name what matters to the test, and only that. All people are invented."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta, timezone
from hashlib import sha256
from typing import Any

from workflow.domain.attachments import AttachedFile, Attachment
from workflow.domain.audit import Event
from workflow.domain.forms import Answer, FocusArea, Form, Question
from workflow.domain.messages import GIVE_UP_AFTER, Attempt, Enclosure, Frozen, Message, MessageKind, MessageState
from workflow.domain.people import Account, Contact, Role, Unit, UnitKind
from workflow.domain.reminders import Policy, Step
from workflow.domain.rounds import Period, Round, RoundState
from workflow.domain.submissions import Edition, Link, Recipient, Submission
from workflow.ports import Session

PLANNED_AT = datetime(2027, 4, 1, 8, tzinfo=UTC)
OPENS_AT = datetime(2027, 5, 3, 6, tzinfo=UTC)  # Monday 08:00 in Stockholm
NOW = datetime(2027, 5, 10, 7, tzinfo=UTC)
DUE_AT = datetime(2027, 5, 28, 22, tzinfo=UTC)  # the end of Friday 28 May
CLOSES_AT = datetime(2027, 6, 24, 22, tzinfo=UTC)

ROUND = "2027-T1"
SUBMISSION = "2027-T1.norrby"


# --- form and policy ---------------------------------------------------------


def a_question(**changes: Any) -> Question:
    question = Question(
        key="etableringar",
        label="Etableringar",
        texts={"": "Vilka nya företag har etablerat sig?", "bolag": "Vilka nya hyresgäster har bolaget fått?"},
    )
    return replace(question, **changes)


def a_form(**changes: Any) -> Form:
    form = Form(
        id="naringsliv",
        version="2027.1",
        title="Uppföljning av näringslivspolicyn",
        purpose=("Nämnder och bolag följer upp policyn tre gånger om året.",),
        heading="Uppföljning",
        subheading="Tertialrapport",
        instructions=("Svara kort.", "Skriv ”Ej aktuellt” där frågan inte berör er."),
        areas=(
            FocusArea(
                key="etablering",
                number=1,
                title="Etablering",
                questions=(
                    a_question(),
                    a_question(key="mark", label="Mark", texts={"": "Hur har markanvisningar bidragit?"}),
                ),
            ),
            FocusArea(
                key="service",
                number=2,
                title="Service",
                questions=(
                    a_question(
                        key="tillstand",
                        label="Tillstånd",
                        texts={"": "Hur långa är handläggningstiderna?"},
                        kinds=frozenset({"facknamnd", "stadsdelsnamnd"}),
                    ),
                ),
            ),
        ),
    )
    return replace(form, **changes)


def a_policy(**changes: Any) -> Policy:
    policy = Policy(
        steps=(
            Step(offset=-5, at=time(8), mail=MessageKind.REMINDER),
            Step(offset=0, at=time(8), mail=MessageKind.LAST_DAY),
            Step(offset=3, at=time(8), mail=MessageKind.OVERDUE, copies=(Role.DEPUTY, Role.HEAD), every=5),
        ),
    )
    return replace(policy, **changes)


def a_period(**changes: Any) -> Period:
    period = Period(code="T1", title={"sv": "Tertial 1", "en": "Tertial 1"}, first_month=1, last_month=4)
    return replace(period, **changes)


# --- round and submission ----------------------------------------------------


def a_round(**changes: Any) -> Round:
    """An open round that committees and boards report in."""
    round_ = Round(
        id=ROUND,
        year=2027,
        period=a_period(),
        form=a_form(),
        policy=a_policy(),
        opens_at=OPENS_AT,
        due_at={UnitKind.FACKNAMND: DUE_AT, UnitKind.STADSDELSNAMND: DUE_AT, UnitKind.BOLAG: DUE_AT},
        closes_at=CLOSES_AT,
        state=RoundState.OPEN,
        opened_at=OPENS_AT,
    )
    return replace(round_, **changes)


def a_submission(**changes: Any) -> Submission:
    """Norrby's, not started; another `unit` or `round` gives it another id."""
    submission = Submission(
        id=SUBMISSION,
        round=ROUND,
        unit="norrby",
        unit_name="Norrby stadsdelsnämnd",
        kind=UnitKind.STADSDELSNAMND,
        due_at=DUE_AT,
        due_set_at=OPENS_AT,
        questions=3,
    )
    changed = replace(submission, **changes)
    return changed if "id" in changes else replace(changed, id=f"{changed.round}.{changed.unit}")


def an_answer(question: str = "etableringar", text: str = "Två företag har etablerat sig.", **changes: Any) -> Answer:
    return replace(Answer(question=question, text=text), **changes)


def an_edition(**changes: Any) -> Edition:
    edition = Edition(
        submission=SUBMISSION,
        number=1,
        answers={
            "etableringar": an_answer(version=3),
            "mark": Answer(question="mark", not_applicable=True, na_reason="Vi anvisar ingen mark.", version=1),
        },
        received_at=NOW,
        received_from="r-1",
        late_days=0,
    )
    return replace(edition, **changes)


def a_file(**changes: Any) -> AttachedFile:
    content = changes.pop("content", b"%PDF")
    file = AttachedFile(name="Bilaga åtta.pdf", kind="pdf", sha256=sha256(content).hexdigest(), size=len(content) or 1)
    return replace(file, **changes)


def an_attachment(**changes: Any) -> Attachment:
    attachment = Attachment(id="a-1", submission=SUBMISSION, file=a_file(), added_by="r-1", added_at=NOW)
    return replace(attachment, **changes)


# --- people ------------------------------------------------------------------


def a_unit(**changes: Any) -> Unit:
    return replace(
        Unit(id="norrby", name="Norrby stadsdelsnämnd", short="Norrby", kind=UnitKind.STADSDELSNAMND), **changes
    )


def a_contact(**changes: Any) -> Contact:
    contact = Contact(
        unit="norrby",
        role=Role.PRIMARY,
        name="Åsa Påhittad",
        email="asa.pahittad@norrby.example",
        phone="08-508 00 001",
    )
    return replace(contact, **changes)


def a_recipient(**changes: Any) -> Recipient:
    recipient = Recipient(
        id="r-1",
        submission=SUBMISSION,
        role=Role.PRIMARY,
        name="Åsa Påhittad",
        email="asa.pahittad@norrby.example",
        phone="08-508 00 001",
    )
    return replace(recipient, **changes)


def a_link(**changes: Any) -> Link:
    link = Link(
        id="l-1",
        submission=SUBMISSION,
        recipient="r-1",
        secret_sha256="5e" * 32,
        created_at=OPENS_AT,
        expires_at=CLOSES_AT + timedelta(days=180),
    )
    return replace(link, **changes)


def an_account(**changes: Any) -> Account:
    account = Account(
        id="k-1",
        email="karin.exempel@stadsledningskontoret.example",
        name="Karin Exempel",
        password_hash="$argon2id$invented",
    )
    return replace(account, **changes)


def a_session(**changes: Any) -> Session:
    session = Session(
        id_sha256="ab" * 32,
        csrf="c5" * 16,
        created_at=NOW,
        seen_at=NOW,
        expires_at=NOW + timedelta(hours=10),
        account="k-1",
    )
    return replace(session, **changes)


# --- mail and log ------------------------------------------------------------


def a_message(**changes: Any) -> Message:
    """A planned reminder to Norrby, due now; its id follows its key unless named."""
    message = Message(
        id="",
        round=ROUND,
        submission=SUBMISSION,
        recipient="r-1",
        kind=MessageKind.REMINDER,
        slot="T-5",
        deadline_revision=0,
        to_name="Åsa Påhittad",
        to_email="asa.pahittad@norrby.example",
        link="l-1",
        due_at=NOW,
        give_up_at=NOW + GIVE_UP_AFTER,
        created_at=NOW - timedelta(minutes=1),
    )
    changed = replace(message, **changes)
    return changed if changed.id else replace(changed, id=f"m-{changed.key}")


def an_office_message(**changes: Any) -> Message:
    """A planned digest to Karin for the day of NOW: about no unit, in no round."""
    about_nothing = {"round": "", "submission": "", "recipient": "", "link": ""}
    to = {"to_name": "Karin Exempel", "to_email": "karin.exempel@stadsledningskontoret.example"}
    return a_message(**{"kind": MessageKind.DIGEST, "slot": "2027-05-10"} | about_nothing | to | changes)


def a_sent_message(**changes: Any) -> Message:
    return a_message(**{"state": MessageState.SENT, "sent_at": NOW, "reply": "250 2.0.0 Ok: queued as 4D7"} | changes)


def a_frozen(**changes: Any) -> Frozen:
    frozen = Frozen(
        subject="Påminnelse: Tertial 1 2027",
        text="Hej Åsa!\n\nFem arbetsdagar är kvar.\n",
        html="<p>Hej Åsa!</p>",
        sender_name="Uppföljning näringsliv",
        sender_email="naringsliv@stadsledningskontoret.example",
        to_name="Åsa Påhittad",
        to_email="asa.pahittad@norrby.example",
        copies=("bo.pahittad@norrby.example",),
        message_id="<m-1@tertial.example>",
        kind="reminder",
        date=NOW.astimezone(timezone(timedelta(hours=2))),
        attachments=(
            Enclosure(name="sista-dag.ics", media_type="text/calendar; method=PUBLISH", content=b"BEGIN:\r\n\xff\x00"),
        ),
        inbox="svar@stadsledningskontoret.example",
        reply_to="naringsliv@stadsledningskontoret.example",
    )
    return replace(frozen, **changes)


def an_attempt(**changes: Any) -> Attempt:
    attempt = Attempt(
        message=a_message().id,
        number=1,
        phase="dot",
        outcome="accepted",
        code=250,
        text="2.0.0 Ok: queued as 4D7",
        started_at=NOW,
        ended_at=NOW + timedelta(seconds=1),
    )
    return replace(attempt, **changes)


def an_event(**changes: Any) -> Event:
    event = Event(
        kind="round.opened", actor="scheduler", at=NOW, round=ROUND, data={"submissions": 27, "trigger": "tick"}
    )
    return replace(event, **changes)
