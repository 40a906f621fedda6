"""The local listener: what was accepted is on disk as it came, numbered, and readable as a person would read it."""

import asyncio
import json
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.adapters.mail.handing import hand_over
from workflow.adapters.clock import FileClock, FixedClock, set_now
from workflow.adapters.mail import mailbox
from workflow.adapters.mail.listener import MailListener, listening_port, read_attachment, read_mailbox
from workflow.adapters.mail.smtp import SmtpPostman
from workflow.ports import Outcome

ROOT = Path(__file__).parents[3]
NOON = datetime(2027, 5, 28, 10, 0, tzinfo=UTC)
PLAIN = b"Subject: hej\r\n\r\n.en punkt\r\n\r\nslut\r\n"


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[MailListener]:
    listener = MailListener(tmp_path, clock=FixedClock(NOON))
    yield listener
    listener.stop()


def test_it_starts_and_stops_where_a_loop_is_already_running(tmp_path: Path) -> None:
    """As beside Playwright, whose own loop stays current in the thread that started it."""

    async def start_and_stop() -> int:
        listener = MailListener(tmp_path, clock=FixedClock(NOON))
        try:
            return listener.start()
        finally:
            listener.stop()

    assert asyncio.run(start_and_stop()) > 0


def send(port: int, data: bytes, *to: str) -> Outcome:
    with SmtpPostman("127.0.0.1", port, timeout=5).connect() as channel:
        return hand_over(channel, "kansli@stad.example", to, data, before_dot=lambda: True).outcome


def letter(**headers: str) -> bytes:
    message = EmailMessage()
    message["From"] = "Uppföljning näringsliv <kansli@stad.example>"
    message["To"] = "Åsa Exempel <asa@stad.example>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("Hej Åsa!\n\nSista dag är fredag 28 maj.\n")
    message.add_alternative("<p>Hej <b>Åsa</b>!</p>", subtype="html")
    message.add_attachment(b"PK\x03\x04", maintype="application", subtype="zip", filename="blankett åäö.docx")
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.eml"))


def test_a_mail_is_kept_byte_for_byte_with_its_envelope(listener: MailListener, tmp_path: Path) -> None:
    port = listener.start()
    assert send(port, PLAIN, "asa.exempel@stad.example", "vd@stad.example") is Outcome.ACCEPTED
    assert names(tmp_path) == ["0001-x-asa-exempel.eml"]
    assert (tmp_path / "0001-x-asa-exempel.eml").read_bytes() == PLAIN
    assert json.loads((tmp_path / "log.jsonl").read_text(encoding="utf-8")) == {
        "file": "0001-x-asa-exempel.eml",
        "from": "kansli@stad.example",
        "to": ["asa.exempel@stad.example", "vd@stad.example"],
        "received": "2027-05-28T10:00:00+00:00",
    }


def test_file_and_log_line_are_there_when_the_250_comes(listener: MailListener, tmp_path: Path) -> None:
    with smtplib.SMTP("127.0.0.1", listener.start()) as client:
        for count in range(1, 6):
            client.sendmail("a@stad.example", ["b@stad.example"], PLAIN)
            assert len(names(tmp_path)) == count
            assert len((tmp_path / "log.jsonl").read_text().splitlines()) == count


def test_a_mail_that_is_never_finished_leaves_nothing(listener: MailListener, tmp_path: Path) -> None:
    port = listener.start()
    with SmtpPostman("127.0.0.1", port, timeout=5).connect() as channel:
        hand_over(channel, "a@stad.example", ["b@stad.example"], PLAIN, before_dot=lambda: False)
        hand_over(channel, "a@stad.example", ["c@stad.example"], PLAIN, before_dot=lambda: True)
    assert names(tmp_path) == ["0001-x-c.eml"]


def test_numbers_go_on_after_a_restart_and_after_tidying(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        listener = MailListener(tmp_path, clock=FixedClock(NOON))
        send(listener.start(), PLAIN, "b@stad.example")
        listener.stop()
        assert names(tmp_path) == [f"{number:04}-x-b.eml"]
        (tmp_path / f"{number:04}-x-b.eml").unlink()


def test_numbers_grow_beyond_four_digits(listener: MailListener, tmp_path: Path) -> None:
    (tmp_path / "9999-x-b.eml").write_bytes(PLAIN)
    port = listener.start()
    send(port, PLAIN, "b@stad.example")
    send(port, PLAIN, "b@stad.example")
    assert [mail.number for mail in read_mailbox(tmp_path)] == [10001, 10000, 9999]


def test_several_senders_at_once_get_a_number_each(listener: MailListener, tmp_path: Path) -> None:
    port = listener.start()
    senders = [threading.Thread(target=lambda: [send(port, PLAIN, "b@stad.example") for _ in range(5)]) for _ in "abcd"]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert [mail.number for mail in read_mailbox(tmp_path)] == list(range(20, 0, -1))


@pytest.mark.parametrize(
    ("to", "kind", "name"),
    [
        ("asa.exempel+naring@stad.example", "last_day", "0001-last_day-asa-exempel-naring.eml"),
        ("../../etc/passwd@stad.example", "../x", "0001-x-etc-passwd.eml"),
        ("..@stad.example", "", "0001-x-x.eml"),
        ("åsa@stad.example", "Last Day", "0001-last_day-asa.eml"),
        ("a" * 60 + "@stad.example", "receipt", "0001-receipt-" + "a" * 40 + ".eml"),
    ],
)
def test_names_of_files_are_tame(listener: MailListener, tmp_path: Path, to: str, kind: str, name: str) -> None:
    port = listener.start()
    assert send(port, letter(X_Tertial_Kind=kind), to) is Outcome.ACCEPTED
    assert names(tmp_path) == [name]
    assert read_mailbox(tmp_path)[0].number == 1


def test_the_mailbox_reads_like_a_mailbox(listener: MailListener, tmp_path: Path) -> None:
    port = listener.start()
    send(port, PLAIN, "b@stad.example")
    date = "Fri, 28 May 2027 12:00:00 +0200"
    send(
        port, letter(Subject="Påminnelse – 4 dagar kvar", Date=date, Message_ID="<1@stad.example>"), "asa@stad.example"
    )
    newest, oldest = read_mailbox(tmp_path)
    assert (newest.number, oldest.number) == (2, 1)
    assert newest.subject == "Påminnelse – 4 dagar kvar"
    assert newest.sender == "Uppföljning näringsliv <kansli@stad.example>"
    assert newest.to == "Åsa Exempel <asa@stad.example>"
    assert newest.date == NOON
    assert newest.message_id == "<1@stad.example>"
    assert newest.text == "Hej Åsa!\n\nSista dag är fredag 28 maj.\n"
    assert newest.html.strip() == "<p>Hej <b>Åsa</b>!</p>"
    assert newest.attachments == ("blankett åäö.docx",)
    assert newest.envelope is not None
    assert newest.envelope.recipients == ("asa@stad.example",)
    assert newest.envelope.received_at == NOON
    assert oldest.date is None
    found = read_attachment(newest.path, 0)
    assert found is not None
    assert (found.name, found.media_type, found.data) == ("blankett åäö.docx", "application/zip", b"PK\x03\x04")
    assert read_attachment(newest.path, 1) is None


def test_an_empty_and_a_missing_mailbox(tmp_path: Path) -> None:
    assert read_mailbox(tmp_path) == ()
    assert read_mailbox(tmp_path / "nothing") == ()


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\xff\xfe\x00",
        b"Content-Type: text/plain; charset=klingon\r\n\r\nqapla",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\nno parts at all",
        b"Content-Type: multipart/alternative\r\n\r\n",
        b"Date: yesterday\r\nFrom: <<>>, @@\r\nTo: \xe5\r\nMessage-ID: <\r\nSubject: =?utf-8?b?x?=\r\n\r\n",
    ],
)
def test_broken_mails_and_log_lines_do_not_close_the_mailbox(tmp_path: Path, broken: bytes) -> None:
    (tmp_path / "0001-x-a.eml").write_bytes(broken)
    (tmp_path / "0002-x-b.eml").write_bytes(PLAIN)
    (tmp_path / "stray.eml").write_bytes(PLAIN)
    (tmp_path / "log.jsonl").write_bytes(b'{"file": "0001-x-a.eml", "fr')
    second, first = read_mailbox(tmp_path)
    assert second.subject == "hej"
    assert first.envelope is None


def test_a_log_line_cut_by_a_crash_does_not_spoil_the_next(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(b'{"file": "0001-x-a.eml", "fr')
    listener = MailListener(tmp_path, clock=FixedClock(NOON))
    send(listener.start(), PLAIN, "b@stad.example")
    listener.stop()
    assert read_mailbox(tmp_path)[0].envelope is not None


def test_a_full_disk_is_a_passing_refusal_and_leaves_nothing(
    listener: MailListener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = listener.start()
    with monkeypatch.context() as full:
        full.setattr(mailbox, "_append", _no_room)
        assert send(port, PLAIN, "a@stad.example") is Outcome.RETRY
        full.setattr(mailbox, "write_whole", _no_room)
        assert send(port, PLAIN, "a@stad.example") is Outcome.RETRY
    assert list(tmp_path.iterdir()) == []
    assert send(port, PLAIN, "a@stad.example") is Outcome.ACCEPTED


def test_a_clock_that_cannot_be_read_is_a_passing_refusal(tmp_path: Path) -> None:
    listener = MailListener(tmp_path, clock=FileClock(tmp_path / "clock.json"))
    try:
        port = listener.start()
        assert send(port, PLAIN, "a@stad.example") is Outcome.RETRY
        set_now(tmp_path / "clock.json", NOON)
        assert send(port, PLAIN, "a@stad.example") is Outcome.ACCEPTED
    finally:
        listener.stop()


def _no_room(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_taken_port_is_an_error_and_stop_frees_it(tmp_path: Path) -> None:
    first = MailListener(tmp_path, clock=FixedClock(NOON))
    port = first.start()
    with socket.create_connection(("127.0.0.1", port)):  # a client that stays does not hold up the stop
        with pytest.raises(OSError, match="in use"):
            MailListener(tmp_path, port=port, clock=FixedClock(NOON)).start()
        first.stop()
    again = MailListener(tmp_path, port=port, clock=FixedClock(NOON))
    assert again.start() == port
    again.stop()


# --- as a process ----------------------------------------------------------------------------------------------------


def _started(folder: Path, *more: str) -> tuple[subprocess.Popen[bytes], int]:
    argv = ["--folder", str(folder / "mail"), "--port-file", str(folder / "port"), *more]
    process = subprocess.Popen([sys.executable, "-m", "workflow.adapters.mail.listener", *argv], cwd=ROOT)
    _until(lambda: listening_port(folder / "port") is not None or process.poll() is not None)
    return process, listening_port(folder / "port") or 0


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_as_a_process_it_tells_its_port_and_stops_on_sigterm(tmp_path: Path) -> None:
    set_now(tmp_path / "clock.json", NOON)
    process, port = _started(tmp_path, "--clock-file", str(tmp_path / "clock.json"))
    try:
        assert send(port, PLAIN, "b@stad.example") is Outcome.ACCEPTED
    finally:
        process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert listening_port(tmp_path / "port") is None
    envelope = read_mailbox(tmp_path / "mail")[0].envelope
    assert envelope is not None
    assert envelope.received_at == NOON


def test_killed_and_started_again_it_has_the_same_port_and_all_mail(tmp_path: Path) -> None:
    process, port = _started(tmp_path)
    send(port, PLAIN, "b@stad.example")
    process.kill()
    process.wait()
    process, again = _started(tmp_path)
    try:
        assert again == port
        assert send(port, PLAIN, "b@stad.example") is Outcome.ACCEPTED
    finally:
        process.terminate()
        process.wait()
    assert [mail.number for mail in read_mailbox(tmp_path / "mail")] == [2, 1]


def test_last_times_port_in_other_hands_gives_a_new_one_and_a_wanted_port_an_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        (tmp_path / "port").write_text(f"{taken}\n")
        argv = ["--folder", str(tmp_path / "mail"), "--port-file", str(tmp_path / "port")]
        listener = [sys.executable, "-m", "workflow.adapters.mail.listener", *argv]
        process = subprocess.Popen(listener, cwd=ROOT)
        _until(lambda: (tmp_path / "port").read_text() != f"{taken}\n")
        process.terminate()
        assert process.wait(10) == 0
        wanted = subprocess.run([*listener, "--port", str(taken)], cwd=ROOT, capture_output=True, check=False)
        assert wanted.returncode == 1
        assert b"The mail listener cannot start" in wanted.stderr
