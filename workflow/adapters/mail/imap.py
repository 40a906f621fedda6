"""The inbox over IMAP: what has come is taken in oldest first, then moved aside; nothing is ever deleted."""

import contextlib
import imaplib
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Final, Literal

import structlog
from imap_tools.errors import ImapToolsError, MailboxCopyError
from imap_tools.mailbox import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted

from workflow.adapters.mail.imap_folders import check, ensure, move
from workflow.adapters.mail.incoming import read_mail
from workflow.adapters.mail.tokens import BearerToken
from workflow.domain.errors import RefusedError
from workflow.domain.incoming import IncomingMail
from workflow.ports import Fetched, NotNowError

AT_ONCE: Final = 25  # mails in one look; the next tick goes on
TRIES: Final = 3  # looks that one mail may spoil before it is moved aside
PATIENCE: Final = 20.0  # seconds for each answer of the server
ENCODED: Final = 1.45  # what base64 with its line ends makes of a file
ROOM: Final = 1_000_000  # bytes for the words of a mail, beside its files
BEGINNING: Final = 200_000  # bytes that are read of a mail larger than that

TakeIn = Callable[[IncomingMail], object]
GiveUp = Callable[[IncomingMail, str], object]
_Fate = Literal["taken", "aside", "left", "gone"]
_TROUBLE: Final = (ImapToolsError, imaplib.IMAP4.error, OSError)  # ssl.SSLError and timeouts are OSErrors
_log = structlog.get_logger(__name__)


class InboxUnreachableError(RefusedError):
    """The server, the login or a folder; `why` is what the server or the system said."""

    sentence = "Inkorgen {folder} på {host} går inte att läsa: {why}"


@dataclass(frozen=True, slots=True)
class ImapInbox:
    """One folder on one server. Implements ports.Inbox.

    `done` is where a mail goes once it is taken in, `done`-problem where one goes that could not be in three looks;
    both are made when they are missing. `max_mb` megabytes of files are read of one mail.
    """

    host: str
    port: int
    _: KW_ONLY
    security: Literal["none", "starttls", "tls"] = "tls"
    user: str
    password: str = field(default="", repr=False)
    oauth_token_file: str = ""
    folder: str = "INBOX"
    done: str = "Tertial"
    max_mb: int = 20
    timeout: float = PATIENCE
    tls_context: ssl.SSLContext | None = None
    _failures: Counter[str] = field(default_factory=Counter, repr=False)
    _left: set[str] = field(default_factory=set, repr=False)

    @property
    def problems(self) -> str:
        """The folder for what could not be taken in."""
        return f"{self.done}-problem"

    def fetch(self, take_in: TakeIn, give_up: GiveUp | None = None) -> Fetched:
        """See `workflow.ports.Inbox`. Raises InboxUnreachableError; what was taken in until then stays taken in."""
        with self._open() as box:
            ensure(box, self.done, self.problems)
            waiting = box.uids("UNDELETED", charset=None)
            first = sorted(waiting, key=lambda uid: (uid in self._left, int(uid)))[:AT_ONCE]
            fates = Counter(self._tried(box, uid, take_in, give_up) for uid in first)
        gone = fates.total() - fates["left"]
        return Fetched(taken=fates["taken"], set_aside=fates["aside"], waiting=len(waiting) - gone)

    def look(self) -> dict[str, int]:
        """How many mails each of the three folders holds, 0 where there is none yet. Raises InboxUnreachableError."""
        with self._open() as box:
            names = (self.folder, self.done, self.problems)
            held = (name == self.folder or box.folder.exists(name) for name in names)
            return {
                name: box.folder.status(name, ["MESSAGES"])["MESSAGES"] if there else 0
                for name, there in zip(names, held, strict=True)
            }

    def _tried(self, box: BaseMailBox, uid: str, take_in: TakeIn, give_up: GiveUp | None) -> _Fate:
        """One mail. What the server refuses about it is no reason to stop; next time the others come before it."""
        try:
            fate = self._one(box, uid, take_in, give_up)
        except imaplib.IMAP4.abort:
            raise
        except (imaplib.IMAP4.error, MailboxCopyError) as error:
            _log.warning("the mail server refused to hand out or to move a mail", uid=uid, why=str(error)[:200])
            fate = "left"
        (self._left.add if fate == "left" else self._left.discard)(uid)
        return fate

    def _one(self, box: BaseMailBox, uid: str, take_in: TakeIn, give_up: GiveUp | None) -> _Fate:
        mail = self._mail(box, uid)
        if mail is None:  # somebody else was faster
            return "gone"
        if self._took(mail, take_in):
            move(box, uid, self.done)
            return "taken"
        if self._failures[mail.digest] < TRIES:
            return "left"
        if give_up:  # before it is moved: told of twice is better than not at all
            give_up(mail, self.problems)
        move(box, uid, self.problems)
        return "aside"

    def _took(self, mail: IncomingMail, take_in: TakeIn) -> bool:
        """Whether it is in the database. One mail's trouble must not keep the others waiting."""
        try:
            take_in(mail)
        except NotNowError:
            raise
        except Exception:  # noqa: BLE001 - whatever one mail may raise, the others have their turn
            self._failures[mail.digest] += 1
            # By its digest only: what stands in a mail is nobody's business here.
            _log.exception("a mail was not taken in", digest=mail.digest, tries=self._failures[mail.digest])
            return False
        self._failures.pop(mail.digest, None)
        return True

    def _mail(self, box: BaseMailBox, uid: str) -> IncomingMail | None:
        """The mail, or as much of it as is bearable; None when it is no longer there. It stays unread for people."""
        size = _size(box, uid)
        whole = size <= self.max_mb * 1024 * 1024 * ENCODED + ROOM
        raw = _bytes(box, uid, "BODY.PEEK[]" if whole else f"BODY.PEEK[]<0.{BEGINNING}>")
        return None if raw is None else read_mail(raw, max_mb=self.max_mb, whole=whole)

    @contextlib.contextmanager
    def _open(self) -> Iterator[BaseMailBox]:
        """A connection that is logged in and stands in the folder; the goodbye may fail."""
        try:
            box = self._connected()
            try:
                self._log_in(box)
                box.folder.set(self.folder)
                yield box
            finally:
                with contextlib.suppress(*_TROUBLE):
                    box.logout()
                with contextlib.suppress(*_TROUBLE):
                    box.client.shutdown()  # a goodbye that fails leaves the connection open
        except _TROUBLE as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> InboxUnreachableError:
        why = " ".join(str(error).split())[:300] or type(error).__name__
        return InboxUnreachableError(folder=self.folder, host=f"{self.host}:{self.port}", why=why)

    def _connected(self) -> BaseMailBox:
        if self.security == "none":
            return MailBoxUnencrypted(self.host, self.port, timeout=self.timeout)
        context = self.tls_context or ssl.create_default_context()
        kind = MailBox if self.security == "tls" else MailBoxStartTls
        return kind(self.host, self.port, timeout=self.timeout, ssl_context=context)

    def _log_in(self, box: BaseMailBox) -> None:
        if self.oauth_token_file:
            box.xoauth2(self.user, self._token(), initial_folder=None)
        elif (self.user + self.password).isascii():
            box.login(self.user, self.password, initial_folder=None)
        else:
            box.login_utf8(self.user, self.password, initial_folder=None)

    def _token(self) -> str:
        try:
            return BearerToken(self.user, Path(self.oauth_token_file), "IMAP_OAUTH_TOKEN_FILE").token()
        except ValueError as error:
            raise self._unreachable(error) from error


def _size(box: BaseMailBox, uid: str) -> int:
    told = str(box.client.uid("FETCH", uid, "(RFC822.SIZE)")[1])
    digits = told.partition("RFC822.SIZE ")[2]
    return int("".join(_leading_digits(digits)) or 0)


def _leading_digits(text: str) -> Iterator[str]:
    for character in text:
        if not character.isdigit():
            return
        yield character


def _bytes(box: BaseMailBox, uid: str, part: str) -> bytes | None:
    """What the server keeps, byte for byte: its digest tells whether we have had it before."""
    answer = box.client.uid("FETCH", uid, f"({part})")
    check(answer)
    return next((each[1] for each in answer[1] if isinstance(each, tuple) and isinstance(each[1], bytes)), None)
