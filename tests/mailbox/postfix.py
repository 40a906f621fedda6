"""A real Postfix of the test's own: it takes our mail, hands it on to a sink, and reports what the sink refuses."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import chown

from tests.mailbox.dovecot import DOMAIN
from tests.mailbox.servers import free_port, missing, program, running, short_folder

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/maillog
maillog_file_prefixes = /tmp
myhostname = relay.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtp_dns_support_level = disabled
smtp_address_preference = ipv4
default_transport = smtp:[127.0.0.1]:{onward}
transport_maps = inline:{{ {{ {domain} = lmtp:inet:127.0.0.1:{lmtp} }} }}
recipient_delimiter = +
delay_warning_time = 1s
minimal_backoff_time = 1s
alias_maps =
alias_database =
local_recipient_maps =
"""

_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
showq unix n - n - - showq
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, slots=True)
class Postfix:
    """One that runs: `port` takes mail from this machine."""

    port: int
    folder: Path

    def delivered(self) -> int:
        """Recipients that the next server took."""
        return self._log().count("status=sent")

    def deferred(self) -> int:
        return self._log().count("status=deferred")

    def flush(self) -> None:
        """Try all that waits again now."""
        subprocess.run(["/usr/sbin/postfix", "-c", self.folder / "etc", "flush"], check=True, capture_output=True)

    def _log(self) -> str:
        log = self.folder / "maillog"
        return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""


@contextmanager
def postfix(*, onward: int, lmtp: int) -> Iterator[Postfix]:
    """Mail goes on to the port `onward`, but our own domain's by LMTP to the port `lmtp`. Needs root to start."""
    command = program("/usr/sbin/postfix", "postfix")
    if os.geteuid() != 0:
        missing("Postfix starts only as root")
    with short_folder() as folder:
        port = free_port()
        (folder / "etc").mkdir()
        (folder / "queue").mkdir()
        (folder / "data").mkdir()
        chown(folder / "data", "postfix")
        main = _MAIN.format(folder=folder, onward=onward, lmtp=lmtp, domain=DOMAIN)
        (folder / "etc" / "main.cf").write_text(main, encoding="ascii")
        (folder / "etc" / "master.cf").write_text(_MASTER.format(port=port), encoding="ascii")
        own: list[str | Path] = [command, "-c", folder / "etc"]
        with running([*own, "start-fg"], folder / "out", port):
            try:
                yield Postfix(port, folder)
            finally:
                subprocess.run([*own, "stop"], check=False, capture_output=True, timeout=30)
