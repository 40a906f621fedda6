"""A real Dovecot of the test's own: IMAP and LMTP on free ports, one mailbox, everything in one folder."""

import grp
import os
import pwd
import signal
import smtplib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import chown
from subprocess import Popen, run

from imap_tools.mailbox import MailBoxUnencrypted

from tests.mailbox.servers import LOOPBACK, await_that, end, free_port, listens, program, running, short_folder
from workflow.adapters.mail.imap import ImapInbox

USER, PASSWORD = "naringsliv", "hemligt ord"
DOMAIN = "stadsledningskontoret.example"
DONE, PROBLEMS = "Tertial", "Tertial-problem"

_CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/certificate
ssl_key = <{folder}/key
disable_plaintext_auth = no
auth_mechanisms = plain login
default_login_user = {login}
default_internal_user = {internal}
default_internal_group = {internal_group}
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%Ln
recipient_delimiter = +
lmtp_hdr_delivery_address = original
postmaster_address = postmaster@{domain}
shutdown_clients = yes
namespace inbox {{
  inbox = yes
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%Ln {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%Ln allow_all_users=no
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service anvil {{
  chroot =
}}
{extra}
"""
_CERTIFICATE = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"


@dataclass
class Dovecot:
    """One that runs. Mail is given to it by LMTP, as a mail server does."""

    folder: Path
    imap_port: int
    imaps_port: int
    lmtp_port: int
    _process: Popen[bytes] | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        command: list[str | Path] = ["/usr/sbin/dovecot", "-F", "-c", self.folder / "dovecot.conf"]
        ports = self.imap_port, self.lmtp_port
        self._process = self._stack.enter_context(running(command, self.folder / "out", *ports))

    def kill(self) -> None:
        """All of it, without a goodbye."""
        assert self._process
        end(self._process, signal.SIGKILL)
        await_that(lambda: not listens(self.imap_port), "nobody listening")

    def stop(self) -> None:
        self._stack.close()

    def deliver(self, *mails: bytes, to: Sequence[str] = (f"{USER}@{DOMAIN}",), sender: str = "anna@n.example") -> None:
        with smtplib.LMTP(LOOPBACK, self.lmtp_port) as lmtp:
            for mail in mails:
                assert lmtp.sendmail(sender, list(to), mail) == {}

    def inbox(self, **changes: object) -> ImapInbox:
        return replace(ImapInbox(LOOPBACK, self.imap_port, security="none", user=USER, password=PASSWORD), **changes)  # type: ignore[arg-type]

    @property
    def certificate(self) -> Path:
        """Of localhost, signed by nobody else."""
        return self.folder / "certificate"

    def held(self, folder: str) -> list[bytes]:
        """What a person would find in the folder, oldest first."""
        with MailBoxUnencrypted(LOOPBACK, self.imap_port).login(USER, PASSWORD, None) as box:
            if not box.folder.exists(folder):
                return []
            box.folder.set(folder, readonly=True)
            uids = sorted(box.uids("UNDELETED", charset=None), key=int)
            return [box.client.uid("FETCH", uid, "(BODY.PEEK[])")[1][0][1] for uid in uids]


@contextmanager
def dovecot(*, password: str = PASSWORD, extra: str = "") -> Iterator[Dovecot]:
    """`extra` are lines of its configuration."""
    program("/usr/sbin/dovecot", "dovecot-imapd dovecot-lmtpd")
    with short_folder() as folder:
        server = Dovecot(folder, free_port(), free_port(), free_port())
        _certify(server)
        _write(server, password, extra)
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _certify(server: Dovecot) -> None:
    openssl = program("/usr/bin/openssl", "openssl")
    key, name = f"{server.folder}/key", "subjectAltName=DNS:localhost"
    made = ["-keyout", key, "-out", f"{server.certificate}", "-addext", name]
    run([openssl, *_CERTIFICATE.split(), *made], check=True, capture_output=True)


def _write(server: Dovecot, password: str, extra: str) -> None:
    """As root Dovecot changes to its own users; as anybody else, everything is done as oneself."""
    me = pwd.getpwuid(os.geteuid())
    root = me.pw_uid == 0
    keeper = pwd.getpwnam("nobody") if root else me
    own = {"login": me.pw_name, "internal": me.pw_name, "internal_group": grp.getgrgid(me.pw_gid).gr_name}
    names = {"login": "dovenull", "internal": "dovecot", "internal_group": "dovecot"} if root else own
    mail = server.folder / "mail"
    mail.mkdir()
    chown(mail, keeper.pw_uid, keeper.pw_gid)
    (server.folder / "users").write_text(f"{USER}:{{PLAIN}}{password}\n", encoding="utf-8")
    (server.folder / "users").chmod(0o644)
    text = _CONFIG.format(
        folder=server.folder,
        imap=server.imap_port,
        imaps=server.imaps_port,
        extra=extra,
        lmtp=server.lmtp_port,
        domain=DOMAIN,
        uid=keeper.pw_uid,
        gid=keeper.pw_gid,
        **names,
    )
    (server.folder / "dovecot.conf").write_text(text, encoding="utf-8")
