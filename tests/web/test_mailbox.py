"""The local mailbox: only on the machine itself, and what its frame may do."""

from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from starlette.testclient import TestClient

from tests.web.houses import content
from workflow.adapters.mail.mailbox import Envelope, MailFolder
from workflow.bootstrap import App
from workflow.web.application import create_site

WHEN = datetime(2027, 5, 24, 7, tzinfo=UTC)


def at_home(house: App, client: str = "127.0.0.1", host: str = "http://localhost") -> TestClient:
    return TestClient(create_site(house), client=(client, 50000), base_url=host, follow_redirects=False)


def keep_mail(house: App) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = "naringsliv@stad.example", "Åsa Påhittad <asa@norrby.example>"
    mail["Subject"] = "Lämna underlag senast fredag <28 maj>"
    mail.set_content("Öppna formuläret: http://localhost/l/abc.hemlig\n")
    mail.add_alternative(
        "<html><head><style>p{color:red}</style></head><body><p>Hej!</p></body></html>", subtype="html"
    )
    mail.add_attachment(b"PK", maintype="application", subtype="zip", filename="formulär.docx")
    envelope = Envelope(sender="naringsliv@stad.example", recipients=("asa@norrby.example",), received_at=WHEN)
    MailFolder(house.settings.mail_folder).store(mail.as_bytes(), envelope)


def test_an_empty_mailbox_says_how_to_fill_it(house: App) -> None:
    assert "Postlådan är tom." in at_home(house).get("/postlada").text


def test_a_mail_is_shown_whole_and_marked_as_not_sent(house: App) -> None:
    keep_mail(house)
    client = at_home(house)
    assert "Lämna underlag senast fredag &lt;28 maj&gt;" in client.get("/postlada").text
    page = client.get("/postlada/1").text
    assert "Det här mejlet är inte skickat" in page
    assert 'href="http://localhost/l/abc.hemlig"' in page
    assert 'src="/postlada/1/html"' in page


def test_the_mails_html_may_have_styles_and_nothing_else(house: App) -> None:
    keep_mail(house)
    answer = at_home(house).get("/postlada/1/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "style-src 'unsafe-inline'" in policy
    assert "script-src" not in policy
    assert "Hej!" in answer.text


def test_attachments_are_downloaded_never_shown(house: App) -> None:
    keep_mail(house)
    client = at_home(house)
    answer = client.get("/postlada/1/bilaga/0")
    assert answer.content == b"PK"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert client.get("/postlada/1/bilaga/7").status_code == 404
    assert client.get("/postlada/99").status_code == 404


@pytest.mark.parametrize(
    ("client", "host"),
    [("192.0.2.7", "http://localhost"), ("127.0.0.1", "http://ond.example"), ("testclient", "http://localhost")],
)
def test_nobody_else_can_read_it(house: App, client: str, host: str) -> None:
    keep_mail(house)
    for path in ("/postlada", "/postlada/1", "/postlada/1/html", "/postlada/1/bilaga/0"):
        assert at_home(house, client, host).get(path).status_code == 404


def test_in_production_there_is_no_such_page(house: App) -> None:
    production = replace(house, settings=house.settings.model_copy(update={"environment": "production"}))
    assert at_home(production).get("/postlada").status_code == 404
    assert "/postlada" not in at_home(production).get("/login").text


def test_reading_writes_nothing(house: App) -> None:
    keep_mail(house)
    before = content(house)
    for path in ("/postlada", "/postlada/1", "/postlada/1/html"):
        assert at_home(house).get(path).status_code == 200
    assert content(house) == before
