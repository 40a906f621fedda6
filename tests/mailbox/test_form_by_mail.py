"""A filled-in Word form, mailed back to a real Dovecot, ends as a report that is handed in, with a receipt."""

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as by_the_library
from pathlib import Path
from smtplib import LMTP

import pytest
from starlette.testclient import TestClient

from tasks.jobs import Bench
from tasks.watch import Trusting
from tests.adapters.documents.office import filled
from tests.mailbox.conftest import house_at
from tests.mailbox.dovecot import DONE, Dovecot
from tests.mailbox.sink import Sink, sink
from tests.web.houses import NORRBY, browser
from tests.web.test_contact import fields
from workflow.adapters.mail.lmtp import LmtpDoor
from workflow.bootstrap import App
from workflow.domain.incoming import IncomingKind
from workflow.domain.submissions import State
from workflow.ports import Job

pytestmark = [pytest.mark.mailbox, pytest.mark.xdist_group("mailbox")]

ASA = "asa.pahittad@norrby.example"
TEXTS = {
    "etableringar": "Två företag har etablerat sig.\nEtt till är på väg.",
    "mark": "Tolv markanvisningar.",
    "tillstand": "Åtta veckor i snitt.",
}


def newest(far: Sink) -> EmailMessage:
    mail = message_from_bytes(far.of(ASA)[-1], policy=by_the_library)
    assert isinstance(mail, EmailMessage)
    return mail


def words(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body
    return str(body.get_content())


def answered(invitation: EmailMessage, *, sender: str = ASA) -> bytes:
    """What a mail program makes of "reply" with the form that came with the invitation, filled in."""
    form = next(part for part in invitation.iter_attachments() if str(part.get_filename()).endswith(".docx"))
    reply = EmailMessage()
    reply["From"] = f"Åsa Påhittad <{sender}>"
    reply["To"] = str(invitation["Reply-To"])
    reply["Subject"] = f"SV: {invitation['Subject']}"
    reply["In-Reply-To"] = str(invitation["Message-ID"])
    reply["Message-ID"] = "<svar@norrby.example>"
    quoted = "\n".join(f"> {line}" for line in words(invitation).splitlines())
    reply.set_content(
        f"Hej!\n\nHär kommer formuläret.\n\nDen mån 3 maj 2027 skrev Näringsliv <n@s.example>:\n{quoted}\n"
    )
    reply.add_attachment(
        filled(form.get_content(), TEXTS),
        maintype="application",
        subtype="vnd.openxmlformats-officedocument.wordprocessingml.document",
        filename="Underlag Norrby – ifyllt.docx",
    )
    return reply.as_bytes()


def deliver(server: Dovecot, mail: bytes, *, sender: str = ASA) -> None:
    to = str(message_from_bytes(mail, policy=by_the_library)["To"].addresses[0].addr_spec)
    server.deliver(mail, to=[to], sender=sender)


def follow(house: App, link: str) -> TestClient:
    """Open the link of a mail, as a person does: look, then press."""
    client = browser(house)
    path = link.removeprefix(house.settings.base_url)
    assert client.get(path).status_code == 200
    assert client.post(path).status_code == 303
    return client


def hand_in(client: TestClient) -> str:
    """From the notice on the page to the receipt; gives what the page of the file showed."""
    notice = re.search(r'href="(/svara/mejlat/[^"]+)"', client.get("/svara").text)
    assert notice
    reading = client.get(notice[1]).text
    action = re.search(r'<form[^>]* action="(/svara/word/bekrafta)"', reading)
    assert action
    assert client.post(action[1], data=fields(reading)).status_code == 303
    check = client.get("/svara/kontrollera").text
    sent = client.post("/svara/lamna-in", data=fields(check))
    assert (sent.status_code, sent.headers["location"]) == (303, "/svara/kvitto")
    return reading


def test_from_a_mail_with_the_form_to_a_receipt(tmp_path: Path, sql_url: str, server: Dovecot) -> None:
    with sink() as far, house_at(tmp_path, sql_url, server, smtp_port=far.port) as house:
        bench = Bench(house, Trusting())
        bench.run(Job.DELIVER)
        deliver(server, answered(newest(far)))
        bench.run(Job.INBOX)
        with house.db.read() as work:
            (arrival,) = work.incoming.list()
            assert (arrival.kind, arrival.submission) == (IncomingKind.FORM, NORRBY)
            assert arrival.text == "Hej!\n\nHär kommer formuläret."
            assert not any(each.text for each in work.drafts.of(NORRBY).values()), "nothing is stored by a mail alone"

        bench.run(Job.DELIVER)
        told = newest(far)
        assert told["Auto-Submitted"] == "auto-replied"
        link = re.search(rf"{house.settings.base_url}/l/\S+", words(told))
        assert link
        reading = hand_in(follow(house, link[0]))
        assert "Tolv markanvisningar." in reading

        with house.db.read() as work:
            assert work.submissions.get(NORRBY).state is State.SUBMITTED
            edition = work.editions.of(NORRBY)[-1]
            assert {key: each.text for key, each in edition.answers.items()} == TEXTS
        bench.run(Job.DELIVER)
        assert "Tolv markanvisningar." in words(newest(far)), "the receipt says what was handed in"
        assert (len(server.held("INBOX")), len(server.held(DONE))) == (0, 1)


def test_the_same_mail_again_and_one_from_a_stranger_change_nothing(
    tmp_path: Path, sql_url: str, server: Dovecot
) -> None:
    with sink() as far, house_at(tmp_path, sql_url, server, smtp_port=far.port) as house:
        bench = Bench(house, Trusting())
        bench.run(Job.DELIVER)
        invitation = newest(far)
        forged = answered(invitation, sender="mallory@elsewhere.example")
        deliver(server, forged, sender="mallory@elsewhere.example")
        bench.run(Job.INBOX)
        bench.run(Job.DELIVER)
        assert len(far.of(ASA)) == 1, "nobody is asked to confirm a stranger's form"
        with house.db.read() as work:
            assert [each.kind for each in work.incoming.list()] != [IncomingKind.FORM]
            assert not any(each.text for each in work.drafts.of(NORRBY).values())

        server.deliver(*[server.held(DONE)[0]] * 2, to=["naringsliv@stadsledningskontoret.example"])
        bench.run(Job.INBOX)
        bench.run(Job.DELIVER)
        assert len(far.of(ASA)) == 1
        assert {each for each, _ in far.taken} <= {ASA, "cleo.invented@hamn.example", "dan.diktad@vatten.example"}


def test_a_mail_by_imap_and_by_lmtp_is_one_proposal(tmp_path: Path, sql_url: str, server: Dovecot) -> None:
    """The same mail, with the lines that each way adds: one case, one mail to the contact person."""
    with sink() as far, house_at(tmp_path, sql_url, server, smtp_port=far.port) as house:
        bench = Bench(house, Trusting())
        bench.run(Job.DELIVER)
        reply = answered(newest(far))
        deliver(server, reply)
        bench.run(Job.INBOX)
        door = LmtpDoor("127.0.0.1", 0, house.take_in)
        port = door.start()
        try:
            with LMTP("127.0.0.1", port) as lmtp:
                for way in (b"first", b"second"):
                    to = str(message_from_bytes(reply, policy=by_the_library)["To"].addresses[0].addr_spec)
                    lines = b"Received: from mx by %b\n%b" % (way, reply)
                    assert lmtp.sendmail(ASA, [to], lines.replace(b"\n", b"\r\n")) == {}
        finally:
            door.stop()
        bench.run(Job.DELIVER)
        with house.db.read() as work:
            assert [each.kind for each in work.incoming.list()] == [IncomingKind.FORM]
        assert len(far.of(ASA)) == 2, "the invitation, and one mail that asks to confirm"
