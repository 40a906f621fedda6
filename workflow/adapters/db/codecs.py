"""Values inside a row as plain JSON and back, field by field."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from workflow.adapters.db.columns import utc
from workflow.domain.forms import Answer, Answers, FocusArea, Form, Question
from workflow.domain.messages import Enclosure, Frozen, MessageKind
from workflow.domain.people import Role, UnitKind
from workflow.domain.reminders import Anchor, Audience, Condition, Policy, Step
from workflow.domain.rounds import Period

Plain = dict[str, Any]

# --- form --------------------------------------------------------------------


def plain_form(form: Form) -> Plain:
    return {
        "id": form.id,
        "version": form.version,
        "title": form.title,
        "purpose": list(form.purpose),
        "heading": form.heading,
        "subheading": form.subheading,
        "instructions": list(form.instructions),
        "areas": [_plain_area(area) for area in form.areas],
    }


def form_of(plain: Plain) -> Form:
    return Form(
        id=plain["id"],
        version=plain["version"],
        title=plain["title"],
        purpose=tuple(plain["purpose"]),
        heading=plain["heading"],
        subheading=plain["subheading"],
        instructions=tuple(plain["instructions"]),
        areas=tuple(_area_of(area) for area in plain["areas"]),
    )


def _plain_area(area: FocusArea) -> Plain:
    return {
        "key": area.key,
        "number": area.number,
        "title": area.title,
        "questions": [_plain_question(question) for question in area.questions],
    }


def _area_of(plain: Plain) -> FocusArea:
    return FocusArea(
        key=plain["key"],
        number=plain["number"],
        title=plain["title"],
        questions=tuple(_question_of(question) for question in plain["questions"]),
    )


def _plain_question(question: Question) -> Plain:
    return {
        "key": question.key,
        "label": question.label,
        "texts": dict(question.texts),
        "kinds": sorted(question.kinds),
        "units": sorted(question.units),
        "required": question.required,
    }


def _question_of(plain: Plain) -> Question:
    return Question(
        key=plain["key"],
        label=plain["label"],
        texts=plain["texts"],
        kinds=frozenset(plain["kinds"]),
        units=frozenset(plain["units"]),
        required=plain["required"],
    )


# --- reminder policy, period, deadlines --------------------------------------


def plain_policy(policy: Policy) -> Plain:
    return {"steps": [_plain_step(step) for step in policy.steps]}


def policy_of(plain: Plain) -> Policy:
    return Policy(steps=tuple(_step_of(step) for step in plain["steps"]))


def _plain_step(step: Step) -> Plain:
    return {
        "offset": step.offset,
        "at": step.at.isoformat(),
        "mail": str(step.mail),
        "copies": [str(role) for role in step.copies],
        "every": step.every,
        "anchor": str(step.anchor),
        "to": str(step.to),
        "condition": str(step.condition),
        "subject": dict(step.subject),
        "opening": dict(step.opening),
    }


def _step_of(plain: Plain) -> Step:
    """A round that opened before a step knew its anchor, audience, condition or words has the ordinary ones."""
    return Step(
        offset=plain["offset"],
        at=time.fromisoformat(plain["at"]),
        mail=MessageKind(plain["mail"]),
        copies=tuple(Role(role) for role in plain["copies"]),
        every=plain["every"],
        anchor=Anchor(plain.get("anchor", Anchor.DUE)),
        to=Audience(plain.get("to", Audience.CONTACT)),
        condition=Condition(plain.get("condition", Condition.ANY)),
        subject=plain.get("subject", {}),
        opening=plain.get("opening", {}),
    )


def plain_period(period: Period) -> Plain:
    return {
        "code": period.code,
        "title": dict(period.title),
        "first_month": period.first_month,
        "last_month": period.last_month,
    }


def period_of(plain: Plain) -> Period:
    return Period(
        code=plain["code"],
        title=plain["title"],
        first_month=plain["first_month"],
        last_month=plain["last_month"],
    )


def plain_deadlines(due_at: Mapping[UnitKind, datetime]) -> Plain:
    return {str(kind): utc(instant).isoformat() for kind, instant in due_at.items()}


def deadlines_of(plain: Plain) -> dict[UnitKind, datetime]:
    return {UnitKind(kind): utc(datetime.fromisoformat(instant)) for kind, instant in plain.items()}


# --- answers -----------------------------------------------------------------


def plain_answers(answers: Answers) -> Plain:
    return {
        key: {
            "question": answer.question,
            "text": answer.text,
            "not_applicable": answer.not_applicable,
            "na_reason": answer.na_reason,
            "version": answer.version,
        }
        for key, answer in answers.items()
    }


def answers_of(plain: Plain) -> dict[str, Answer]:
    return {
        key: Answer(
            question=answer["question"],
            text=answer["text"],
            not_applicable=answer["not_applicable"],
            na_reason=answer["na_reason"],
            version=answer["version"],
        )
        for key, answer in plain.items()
    }


# --- mail --------------------------------------------------------------------


def plain_frozen(frozen: Frozen) -> Plain:
    """`date` keeps its offset: it stands in the mail's bytes, which must come out the same every time."""
    utc(frozen.date)  # naive: refused
    return {
        "subject": frozen.subject,
        "text": frozen.text,
        "html": frozen.html,
        "sender_name": frozen.sender_name,
        "sender_email": frozen.sender_email,
        "to_name": frozen.to_name,
        "to_email": frozen.to_email,
        "copies": list(frozen.copies),
        "message_id": frozen.message_id,
        "kind": frozen.kind,
        "date": frozen.date.isoformat(),
        "attachments": [_plain_enclosure(enclosure) for enclosure in frozen.attachments],
        "inbox": frozen.inbox,
        "reply_to": frozen.reply_to,
    }


def frozen_of(plain: Plain) -> Frozen:
    return Frozen(
        subject=plain["subject"],
        text=plain["text"],
        html=plain["html"],
        sender_name=plain["sender_name"],
        sender_email=plain["sender_email"],
        to_name=plain["to_name"],
        to_email=plain["to_email"],
        copies=tuple(plain["copies"]),
        message_id=plain["message_id"],
        kind=plain["kind"],
        date=datetime.fromisoformat(plain["date"]),
        attachments=tuple(_enclosure_of(enclosure) for enclosure in plain["attachments"]),
        inbox=plain.get("inbox", ""),
        reply_to=plain.get("reply_to", ""),
    )


def _plain_enclosure(enclosure: Enclosure) -> Plain:
    return {
        "name": enclosure.name,
        "media_type": enclosure.media_type,
        "content": b64encode(enclosure.content).decode("ascii"),
    }


def _enclosure_of(plain: Plain) -> Enclosure:
    return Enclosure(name=plain["name"], media_type=plain["media_type"], content=b64decode(plain["content"]))
