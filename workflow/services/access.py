"""Who may come in: coordinators by password, contact persons by their personal link; sessions kept on our side."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hmac import compare_digest

from workflow.domain.audit import Event
from workflow.domain.codes import LinkMode, masked
from workflow.domain.errors import AlreadyExistsError, LinkError, LoginRefusedError, NotFoundError
from workflow.domain.people import Account, Office
from workflow.domain.rounds import Round
from workflow.domain.submissions import Link, Recipient, Submission
from workflow.ports import Database, Secrets, Session, Work
from workflow.services.rounds import SYSTEM

COORDINATOR_IDLE = timedelta(hours=1)
COORDINATOR_LIFE = timedelta(hours=10)  # a working day: OWASP ASVS 5.0 v5.0.0-7.3.2 asks for an absolute limit
CONTACT_LIFE = timedelta(days=30)  # "once per browser": the link itself could open a new one at any time anyway
TOUCH_EVERY = timedelta(minutes=5)
_NO_SUCH = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$Rm9yIGNvbnN0YW50IHRpbWUsIG5ldmVyIG1hdGNoZXM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """What a personal link is for, before it is opened: neither a name nor a draft, only the language to say it in.

    `masked` is where a code would go (a…@norrby.example), "" for a link that opens directly. `others` are the links of
    those who may answer beside its holder, with theirs: a deputy in copy has the contact person's link.
    """

    link: Link
    round: Round
    submission: Submission
    language: str
    masked: str
    others: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A contact person in their session: one submission, nothing else."""

    session: Session
    submission: str
    recipient: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinator:
    """A logged-in coordinator."""

    session: Session
    account: Account


def add_account(
    db: Database,
    *,
    email: str,
    name: str,
    password: str,
    secrets: Secrets,
    now: datetime,
    language: str = "sv",
    once: bool = False,
) -> Account:
    """A coordinator's local account. `once` makes the password good for one login. Raises AlreadyExistsError."""
    account = Account(
        id=secrets.new_id(),
        email=email.strip().lower(),
        name=name.strip(),
        password_hash=secrets.hash_password(password),
        language=language,
        once=once,
    )
    with db.begin() as work:
        if not work.access.add_account(account):
            raise AlreadyExistsError(what=account.email)
        work.log.append(Event(kind="account.added", actor=SYSTEM, at=now, data={"account": account.id}))
    return account


def reset_password(
    db: Database, *, email: str, password: str, secrets: Secrets, now: datetime, once: bool = False
) -> Account:
    """A new password for an account that exists; whoever is logged in to it is logged out.

    Raises LoginRefusedError when there is none.
    """
    password_hash = secrets.hash_password(password)
    with db.begin() as work:
        account = work.access.account(email.strip().lower())
        if account is None:
            raise LoginRefusedError
        work.access.set_password(account.id, password_hash, once=once)
        work.access.end_sessions_of(account.id)  # after the line above, which a login in the same moment waits for
        work.log.append(Event(kind="account.password_reset", actor=SYSTEM, at=now, data={"account": account.id}))
        return account


def find_account(db: Database, email: str) -> Account:
    """Raises NotFoundError."""
    with db.read() as work:
        account = work.access.account(email.strip().lower())
    if account is None:
        raise NotFoundError(what=email)
    return account


def choose_digest(db: Database, *, email: str, wanted: bool, by: str, now: datetime) -> Account:
    """Whether this coordinator has the daily mail of what needs doing. Raises NotFoundError."""
    with db.begin() as work:
        account = work.access.account(email.strip().lower())
        if account is None:
            raise NotFoundError(what=email)
        if account.digest != wanted:
            work.access.set_digest(account.id, wanted=wanted)
            data = {"account": account.id, "wanted": str(wanted).lower()}
            work.log.append(Event(kind="account.digest_chosen", actor=by, at=now, data=data))
        return replace(account, digest=wanted)


def log_in(db: Database, *, email: str, password: str, secrets: Secrets, now: datetime) -> tuple[str, Session]:
    """A new session's secret id and the session. Raises LoginRefusedError, with the same words for every cause."""
    account, address = None, email.strip().lower()
    if address.isprintable():  # no database can look for NUL or half a letter
        with db.read() as work:
            account = work.access.account(address)
    fits = secrets.check_password(account.password_hash if account else _NO_SUCH, password)
    if account is None or not fits:
        raise LoginRefusedError(email=email)
    with db.begin() as work:
        if not _spend(work, account):
            raise LoginRefusedError(email=email)
        session_id, session = _new_session(secrets, now, COORDINATOR_LIFE, account=account.id)
        work.access.add_session(session)
        work.log.append(Event(kind="account.logged_in", actor=account.id, at=now))
        return session_id, session


def coordinator(db: Database, session_id: str, *, secrets: Secrets, now: datetime) -> Coordinator | None:
    """The coordinator of a session that is neither idle for too long nor too old; None otherwise. Never writes."""
    with db.read() as work:
        session = _session(work, session_id, secrets, now)
        if session is None or not session.account or now - session.seen_at > COORDINATOR_IDLE:
            return None
        account = work.access.account_by_id(session.account)
        return Coordinator(session=session, account=account) if account else None


def visitor(db: Database, session_id: str, *, secrets: Secrets, now: datetime) -> Visitor | None:
    """The contact person of a session whose link still holds; None otherwise. Never writes."""
    with db.read() as work:
        session = _session(work, session_id, secrets, now)
        link = work.recipients.link(session.link) if session and session.link else None
        if session is None or link is None or not link.is_valid(now):
            return None
        recipients = {each.id: each for each in work.recipients.of(link.submission)}
        recipient = recipients.get(link.recipient)
        return Visitor(session=session, submission=link.submission, recipient=recipient) if recipient else None


def look_at_link(db: Database, token: str, *, secrets: Secrets, office: Office, now: datetime) -> Landing:
    """What the link `<id>.<secret>`, or `<id>` of a verified round, is for; changes nothing.

    Raises LinkError, the same for every cause.
    """
    with db.read() as work:
        opened = _opened(work, token, secrets, office, now)
        people = {each.id: each for each in work.recipients.of(opened.link.submission)}
        holder, is_verified = people[opened.link.recipient], opened.round.links is LinkMode.VERIFIED
        return Landing(
            link=opened.link,
            round=opened.round,
            submission=opened.submission,
            language=holder.language,
            masked=masked(holder.email) if is_verified else "",
            others=_others(work, opened.link, people, now) if is_verified else (),
        )


def _others(work: Work, link: Link, people: Mapping[str, Recipient], now: datetime) -> tuple[tuple[str, str], ...]:
    """The links of the unit's other people, each with where its code goes."""
    links = (each for each in work.recipients.links_of(link.submission) if each.id != link.id and each.is_valid(now))
    right = ((each.id, people[each.recipient]) for each in links)
    return tuple((id_, masked(person.email)) for id_, person in right if person.is_right(now))


def open_link(db: Database, token: str, *, secrets: Secrets, office: Office, now: datetime) -> tuple[str, Session]:
    """Exchange a link for a session limited to its submission. Reusable: nothing is spent (link scanners).

    Raises LinkError, also for a verified one: that asks for a code (services/codes.py).
    """
    with db.begin() as work:
        opened = _opened(work, token, secrets, office, now)
        if opened.round.links is LinkMode.VERIFIED:
            raise LinkError(what="link", office=office.contact_email)
        return start_session(work, opened.link, CONTACT_LIFE, secrets=secrets, now=now)


def verified_link(work: Work, token: str, *, secrets: Secrets, office: Office, now: datetime) -> Link:
    """The link of a verified round. Raises LinkError for any other."""
    opened = _opened(work, token, secrets, office, now)
    if opened.round.links is not LinkMode.VERIFIED:
        raise LinkError(what="link", office=office.contact_email)
    return opened.link


def start_session(work: Work, link: Link, life: timedelta, *, secrets: Secrets, now: datetime) -> tuple[str, Session]:
    """A contact person's session, and its line in the log."""
    session_id, session = _new_session(secrets, now, life, link=link.id)
    work.access.add_session(session)
    work.log.append(
        Event(kind="link.opened", actor=link.recipient, at=now, submission=link.submission, data={"link": link.id})
    )
    return session_id, session


def touch(db: Database, session: Session, *, now: datetime) -> None:
    """Note a sign of life, at most every few minutes. Only for requests that may write."""
    if now - session.seen_at >= TOUCH_EVERY:
        with db.begin() as work:
            work.access.touch_session(session.id_sha256, now)


def log_out(db: Database, session: Session) -> None:
    with db.begin() as work:
        work.access.end_session(session.id_sha256)


def _spend(work: Work, account: Account) -> bool:
    """Whether the password that was checked is still the account's; one for a single login is gone after this.

    It is written even where nothing changes: then a reset in the same moment comes wholly before or wholly after.
    """
    kept = "" if account.once else account.password_hash
    return work.access.set_password(account.id, kept, once=False, expected=account.password_hash)


def _session(work: Work, session_id: str, secrets: Secrets, now: datetime) -> Session | None:
    session = work.access.session(secrets.digest(session_id)) if session_id else None
    return session if session and now < session.expires_at else None


def _new_session(
    secrets: Secrets, now: datetime, life: timedelta, *, account: str = "", link: str = ""
) -> tuple[str, Session]:
    session_id = secrets.new_id() + secrets.new_id()
    session = Session(
        id_sha256=secrets.digest(session_id),
        csrf=secrets.new_id(),
        created_at=now,
        seen_at=now,
        expires_at=now + life,
        account=account,
        link=link,
    )
    return session_id, session


@dataclass(frozen=True, slots=True)
class _Opened:
    link: Link
    submission: Submission
    round: Round


def _opened(work: Work, token: str, secrets: Secrets, office: Office, now: datetime) -> _Opened:
    """In a verified round the address holds no secret: one that does is of no such link."""
    link_id, dot, secret = token.partition(".")
    link = work.recipients.link(link_id) if token.isascii() and token.isprintable() else None
    if link is None or not link.is_valid(now):
        raise LinkError(what="link", office=office.contact_email)
    submission = work.submissions.get(link.submission)
    round_ = work.rounds.get(submission.round)
    fits = compare_digest(link.secret_sha256, secrets.digest(secret))
    if not (fits if round_.links is LinkMode.DIRECT else not dot):
        raise LinkError(what="link", office=office.contact_email)
    return _Opened(link, submission, round_)
