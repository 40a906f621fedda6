"""What a mail costs in CPU time, beside the same mail by the libraries alone: `python -m tests.benchmarks.mime`.

Every row is measured in turn, round after round, in one process, so that a busy machine is as unkind to all of them;
quote the ratios and not the times. `new names` are mails to people and with subjects never seen before.
"""

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import shake_256
from itertools import count
from pathlib import Path

from tests.adapters.mail.emailmessage import by_library
from tests.adapters.mail.test_ics import ENTRY
from tests.adapters.mail.test_ics import by_library as calendar_by_library
from tests.mails.samples import ALL
from workflow.adapters.mail.mime import MimeEnvelopes
from workflow.adapters.mail.render import JinjaRenderer
from workflow.domain.messages import Enclosure, Frozen

REPLY_TO = "naringsliv@stadsledningskontoret.example"
ENVELOPES = MimeEnvelopes("stadsledningskontoret.example", REPLY_TO)
RENDERER = JinjaRenderer([Path(__file__).resolve().parents[2] / "email_templates"])
LETTERS = dict(ALL)
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
KILOBYTES = 30
SHOWN = ("invitation.sv", "reminder-draft.sv", "overdue-deputy.sv", "receipt.sv")
SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQ"
Row = tuple[str, str, Callable[[], object]]


def frozen(name: str) -> Frozen:
    words = RENDERER.render(LETTERS[name])
    return Frozen(
        subject=words.subject,
        text=words.text,
        html=words.html,
        sender_name="Uppföljning näringsliv, Stockholms stad",
        sender_email=REPLY_TO,
        to_name="Åsa Exempel",
        to_email="asa.exempel@hagersten-alvsjo.example",
        copies=(),
        message_id="<m1@stadsledningskontoret.example>",
        date=datetime(2027, 5, 3, 6, 30, tzinfo=UTC),
        kind=name.partition("-")[0],
    )


def with_files(mail: Frozen, form: bytes) -> Frozen:
    word = Enclosure(name="2027-T1-sdn-haa.docx", media_type=WORD, content=form)
    return replace(mail, attachments=(ENVELOPES.calendar_entry(ENTRY), word))


def rows() -> list[Row]:
    """What is measured: its name, the name of its base or "", and one call of it."""
    plain = frozen("overdue-deputy.sv")
    numbers = count()
    form = shake_256().digest(KILOBYTES * 1000)  # as little compressible as a .docx
    filled = with_files(frozen("invitation.sv"), form)

    def stranger() -> Frozen:
        number = next(numbers)
        return replace(plain, to_name=f"Åsa Exempel {number}", subject=f"{plain.subject} {number}")

    def stranger_with_files() -> Frozen:
        number = next(numbers)
        new = replace(filled.attachments[1], name=f"{number}.docx", content=number.to_bytes(8, "big") + form[8:])
        return replace(filled, subject=f"{filled.subject} {number}", attachments=(filled.attachments[0], new))

    bare, files = "EmailMessage, no files", f"EmailMessage, .ics + {KILOBYTES} KB .docx"
    return [
        (bare, "", lambda: by_library(plain, secret=SECRET, reply_to=REPLY_TO)),
        ("assemble, no files", bare, lambda: ENVELOPES.assemble(plain, secret=SECRET)),
        ("assemble, no files, new names", bare, lambda: ENVELOPES.assemble(stranger(), secret=SECRET)),
        (files, "", lambda: by_library(filled, secret=SECRET, reply_to=REPLY_TO)),
        ("assemble, files seen before", files, lambda: ENVELOPES.assemble(filled, secret=SECRET)),
        ("assemble, new names and new .docx", files, lambda: ENVELOPES.assemble(stranger_with_files(), secret=SECRET)),
        ("icalendar's components", "", lambda: calendar_by_library(ENTRY)),
        ("calendar_entry", "icalendar's components", lambda: ENVELOPES.calendar_entry(ENTRY)),
        *((f"render, {name}", "", lambda name=name: RENDERER.render(LETTERS[name])) for name in SHOWN),
    ]


def measured(measured_rows: list[Row], rounds: int, calls: int) -> dict[str, float]:
    """Median CPU microseconds per call."""
    taken: dict[str, list[float]] = {name: [] for name, _, _ in measured_rows}
    for _ in range(rounds):
        for name, _, call in measured_rows:
            begun = time.process_time_ns()
            for _ in range(calls):
                call()
            taken[name].append((time.process_time_ns() - begun) / calls / 1000)
    return {name: statistics.median(each) for name, each in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--calls", type=int, default=20, help="calls of each row in a round")
    given = parser.parse_args()
    table = rows()
    medians = measured(table, given.rounds, given.calls)
    sys.stdout.write(
        f"Python {platform.python_version()}, {platform.machine()}, {given.rounds} × {given.calls} calls\n"
    )
    sys.stdout.write(f"{'':38}{'µs CPU':>8}{'per s':>9}{'× base':>8}\n")
    for name, base, _ in table:
        ratio = f"{medians[base] / medians[name]:8.1f}" if base else ""
        sys.stdout.write(f"{name:38}{medians[name]:8.0f}{1_000_000 / medians[name]:9.0f}{ratio}\n")


if __name__ == "__main__":
    main()
