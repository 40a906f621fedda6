"""Where a command's own mails go: the site's SMTP server, or the local mailbox that `tertial up` keeps."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from workflow.cli import later
from workflow.cli.shell import Shell, fail
from workflow.services.mailroom import Mailroom

_HOST = "127.0.0.1"


@contextmanager
def way_out(shell: Shell) -> Iterator[Mailroom]:
    """The house's mailroom; without an SMTP server one whose mails stay in the local mailbox.

    The mailbox has one writer at a time: while `tertial up` runs on the same data folder, it is that.
    """
    house = shell.house
    if house.settings.smtp_host:
        yield house.mailroom
        return
    if shell.own_broker_runs():
        fail("`tertial up` is running here and keeps the local mailbox: use the same button on its page instead.")
    listener = later.listener.MailListener(house.settings.mail_folder, _HOST, clock=house.clock)
    port = listener.start()
    try:
        yield replace(house.mailroom, postman=later.smtp.SmtpPostman(_HOST, port, security="none"))
    finally:
        listener.stop()
