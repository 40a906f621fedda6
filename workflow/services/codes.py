"""Verified links: a fresh code by mail, good once, for ten minutes, in the browser that asked for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hmac import compare_digest

from workflow.domain.audit import Event
from workflow.domain.codes import (
    CODE_LIFE,
    DAY,
    MOST_TRIES,
    Code,
    CodeError,
    OtherBrowserError,
    TooManyCodesError,
    TriesSpentError,
    WrongCodeError,
    next_free,
    read_code,
)
from workflow.domain.messages import MessageKind
from workflow.domain.people import Office, fold_address
from workflow.domain.submissions import Recipient, Submission
from workflow.ports import Database, Secrets, Session, Work
from workflow.services.access import start_session, verified_link
from workflow.services.intended import make_message

VERIFIED_LIFE = timedelta(hours=12)  # a working day: the next morning asks for a new code (ASVS v5.0.0-7.3.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What stands before a verified link: the house's secrets, whom to phone, and the browser's own secret.

    `browser` is random and lives in a cookie; "" where there is none.
    """

    secrets: Secrets
    office: Office
    browser: str

    @property
    def browser_sha256(self) -> str:
        return self.secrets.digest(self.browser)


def ask_code(db: Database, token: str, door: Door, *, now: datetime) -> Code:
    """Make a code for this browser and put its mail into the ledger. Raises LinkError, TooManyCodesError."""
    with db.begin() as work:
        link = verified_link(work, token, secrets=door.secrets, office=door.office, now=now)
        submission = work.submissions.get(link.submission, lock=True)  # who asks at the same time waits to be counted
        holder = next(each for each in work.recipients.of(submission.id) if each.id == link.recipient)
        address = fold_address(holder.email)
        work.codes.forget_before(now - DAY)
        until = next_free(work.codes.asked(link=link.id, address=address), link=link.id, address=address, now=now)
        if until:
            raise TooManyCodesError(until=until, contact=door.office.contact_phone or door.office.contact_email)
        code = Code(
            id=door.secrets.new_id(),
            link=link.id,
            address=address,
            browser_sha256=door.browser_sha256,
            created_at=now,
            expires_at=now + CODE_LIFE,
        )
        work.codes.add(code)
        _plan_mail(work, submission, holder, code, door.secrets)
        work.log.append(
            Event(kind="link.code_asked", actor=holder.id, at=now, submission=submission.id, data={"link": link.id})
        )
        return code


def _plan_mail(work: Work, submission: Submission, holder: Recipient, code: Code, secrets: Secrets) -> None:
    message = make_message(
        submission,
        holder,
        link=code.link,
        kind=MessageKind.CODE,
        slot=code.id,
        secrets=secrets,
        due_at=code.created_at,
        now=code.created_at,
    )
    work.outbox.plan([replace(message, give_up_at=code.expires_at)])


def enter_code(db: Database, token: str, typed: str, door: Door, *, now: datetime) -> tuple[str, Session]:
    """Exchange a code for a session limited to the link's submission. Raises LinkError, and the CodeError that fits.

    A try is counted before anything is compared, and stays counted: errors are raised outside the transaction.
    """
    with db.read() as work:
        verified_link(work, token, secrets=door.secrets, office=door.office, now=now)
    meant = read_code(typed)
    with db.begin() as work:
        link = verified_link(work, token, secrets=door.secrets, office=door.office, now=now)
        tried = work.codes.take_try(link.id, door.browser_sha256, now)
        right = next((each for each in tried if _is(each, meant, door)), None)
        if right and work.codes.spend(right.id, now):
            return start_session(work, link, VERIFIED_LIFE, secrets=door.secrets, now=now)
        mine = [each for each in work.codes.asked(link=link.id) if each.browser_sha256 == door.browser_sha256]
        typed_one = next((each for each in mine if each not in tried and _is(each, meant, door)), None)
        why = typed_one.why_dead() if typed_one else _why_not(mine, tried)
    raise why


def _is(code: Code, meant: str, door: Door) -> bool:
    return compare_digest(door.secrets.code(code.id), meant)


def _why_not(mine: Sequence[Code], tried: Sequence[Code]) -> CodeError:
    if tried:
        left = max(MOST_TRIES - each.tries for each in tried)
        return WrongCodeError(left=left) if left else TriesSpentError()
    return mine[-1].why_dead() if mine else OtherBrowserError()
