"""How fast mails that are due leave, with the whole ledger protocol: `python -m tests.benchmarks.sending --help`.

Every line is measured beside the base in the same run: smtplib, one connection reused, the same ready-made bytes. The
mails are rendered already (that is `tests.benchmarks.mime`'s matter); what counts here is claim, assembly, hand-over,
marker and finish. Quote the ratio and the CPU per mail; an absolute rate says more about the machine than about us.
"""

import argparse
import platform
import smtplib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.builders import a_frozen, a_message, a_recipient, a_round, a_submission
from tests.fakes.documents import FakeDocuments
from workflow.adapters.db import migrate
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.db.engine import make_engine
from workflow.adapters.mail.mime import MimeEnvelopes
from workflow.adapters.mail.render import JinjaRenderer
from workflow.adapters.mail.smtp import SmtpPostman
from workflow.adapters.secrets import KeySecrets
from workflow.domain.calendar import swedish_calendar
from workflow.domain.messages import Frozen, Message
from workflow.domain.people import Office
from workflow.resources import Resources
from workflow.services.outbox import Mailroom, deliver

NOW = datetime(2027, 5, 10, 7, tzinfo=UTC)  # a Monday inside the sending window
OFFICE = Office(
    name="Kontoret",
    sender_name="Uppföljning näringsliv",
    sender_email="naringsliv@stadsledningskontoret.example",
    contact_name="Karin Exempel",
    contact_phone="08-508 00 000",
    contact_email="naringsliv@stadsledningskontoret.example",
    base_url="https://tertial.example",
    mail_domain="tertial.example",
)
TEXT = "Hej Åsa!\n\nFem arbetsdagar är kvar till sista dagen för rapporten om näringslivspolicyn.\n" * 30
HTML = "<p>Hej Åsa! Fem arbetsdagar är kvar till sista dagen för rapporten om näringslivspolicyn.</p>\n" * 50


class StillClock:
    """An instant that stands still: nothing becomes due or late meanwhile."""

    def now(self) -> datetime:
        return NOW


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds on the wall and of this process's CPU for one run."""

    wall: float
    cpu: float


@contextmanager
def sink(delay: float, after_dot: float) -> Iterator[int]:
    """The sink as a process of its own; gives its port."""
    argv = [sys.executable, "-m", "tests.benchmarks.sink", str(delay), str(after_dot)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.terminate()


def frozen_mail(number: int) -> Frozen:
    return a_frozen(text=TEXT, html=HTML, message_id=f"<m-{number}@tertial.example>", copies=(), attachments=())


def due_mail(number: int) -> Message:
    unit = f"u{number}"
    return a_message(
        id=f"m-{number}",
        submission=f"2027-T1.{unit}",
        recipient=f"r-{number}",
        link="",
        due_at=NOW - timedelta(minutes=1),
        frozen=frozen_mail(number),
    )


def fill(database: SqlDatabase, mails: int) -> None:
    with database.begin() as work:
        work.rounds.add(a_round())
        work.submissions.add([a_submission(unit=f"u{number}") for number in range(mails)])
        work.recipients.add(
            [a_recipient(id=f"r-{number}", submission=f"2027-T1.u{number}") for number in range(mails)], []
        )
        work.outbox.plan([due_mail(number) for number in range(mails)])


def make_room(database: SqlDatabase, port: int, connections: int) -> Mailroom:
    return Mailroom(
        db=database,
        clock=StillClock(),
        postman=SmtpPostman("127.0.0.1", port),
        renderer=JinjaRenderer(Resources().template_roots()),
        envelopes=MimeEnvelopes(OFFICE.mail_domain, reply_to=OFFICE.contact_email),
        documents=FakeDocuments(),
        secrets=KeySecrets("en-nyckel-som-bara-finns-har-0123456789"),
        calendar=swedish_calendar(),
        office=OFFICE,
        **connection_options(connections),
    )


def connection_options(connections: int) -> dict[str, int]:
    return {"connections": connections} if "connections" in Mailroom.__dataclass_fields__ else {}


def measured(run: Callable[[], object]) -> Measured:
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return Measured(time.perf_counter() - wall, time.process_time() - cpu)


def base(port: int, mails: int) -> Measured:
    """What smtplib alone takes for as many mails over one connection."""
    envelopes = MimeEnvelopes(OFFICE.mail_domain, reply_to=OFFICE.contact_email)
    data = envelopes.assemble(frozen_mail(1), secret="")

    def run() -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            for _ in range(mails):
                client.sendmail(OFFICE.sender_email, ["asa@norrby.example"], data)

    return measured(run)


def assembling(mails: int) -> Measured:
    envelopes = MimeEnvelopes(OFFICE.mail_domain, reply_to=OFFICE.contact_email)
    frozen = [frozen_mail(number) for number in range(mails)]
    return measured(lambda: [envelopes.assemble(each, secret="") for each in frozen])


class ReadyEnvelopes:
    """Bytes made beforehand, so that sending is measured without assembly."""

    def __init__(self, inner: MimeEnvelopes) -> None:
        self._data = inner.assemble(frozen_mail(1), secret="")
        self.calendar_entry = inner.calendar_entry

    def assemble(self, frozen: Frozen, *, secret: str) -> bytes:
        return self._data


def ours(url: str, port: int, connections: int, mails: int, *, ready: bool) -> Measured:
    migrate.upgrade(url)
    database = SqlDatabase(make_engine(url))
    fill(database, mails)
    room = make_room(database, port, connections)
    if ready:
        room = replace(room, envelopes=ReadyEnvelopes(MimeEnvelopes("tertial.example", OFFICE.contact_email)))
    result = measured(lambda: _all_sent(room, mails))
    database.close()
    return result


def _all_sent(room: Mailroom, mails: int) -> None:
    sent = deliver(room).sent
    if sent != mails:
        raise SystemExit(f"only {sent} of {mails} were sent")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=1000)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 4, 10])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before every reply")
    parser.add_argument("--after-dot", type=float, default=0.0, help="seconds more after the final dot")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    names: dict[str, list[Measured]] = {}
    with sink(options.delay, options.after_dot) as port, tempfile.TemporaryDirectory() as folder:
        for turn in range(options.rounds):
            names.setdefault("smtplib, 1 connection", []).append(base(port, options.mails))
            names.setdefault("assembly alone", []).append(assembling(options.mails))
            for connections in options.connections:
                for ready in (True, False):
                    url = f"sqlite:///{Path(folder) / f'{turn}-{connections}-{ready}.sqlite'}"
                    name = f"SQLite, {connections} connections, {'ready bytes' if ready else 'assembled'}"
                    names.setdefault(name, []).append(ours(url, port, connections, options.mails, ready=ready))
    report(names, options.mails)


def report(names: dict[str, list[Measured]], mails: int) -> None:
    print(f"{platform.machine()}, Python {platform.python_version()}, {mails} mails, medians of {len(names)} runs")  # noqa: T201
    first = statistics.median(each.wall for each in next(iter(names.values())))
    for name, runs in names.items():
        wall, cpu = (statistics.median(getattr(each, what) for each in runs) for what in ("wall", "cpu"))
        print(f"{name:36} {mails / wall:7.0f}/s  {cpu / mails * 1e6:6.0f} µs CPU  {first / wall:5.2f} of the base")  # noqa: T201


if __name__ == "__main__":
    main()
