"""A real Dovecot that asks who a bearer token belongs to (RFC 7662), as the big mail services do behind XOAUTH2."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.adapters.mail.mailbag import answer
from tests.mailbox.dovecot import DONE, USER, Dovecot, dovecot
from tests.mailbox.servers import LOOPBACK, short_folder
from workflow.adapters.mail.imap import InboxUnreachableError

pytestmark = [pytest.mark.mailbox, pytest.mark.xdist_group("mailbox")]

GOOD, EXPIRED, SOMEBODY_ELSES = "good.token-1", "expired.token", "else.token"
KNOWN = {
    GOOD: {"active": True, "username": USER},
    EXPIRED: {"active": False},
    SOMEBODY_ELSES: {"active": True, "username": "annan"},
}
OAUTH = """
auth_mechanisms = plain login xoauth2
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {file}
}}
"""
INTROSPECTION = """
introspection_url = http://127.0.0.1:{port}/introspect
introspection_mode = auth
username_attribute = username
active_attribute = active
active_value = true
"""


class Issuer(BaseHTTPRequestHandler):
    """Says whose the token is that comes with the question."""

    def do_GET(self) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        body = json.dumps(KNOWN.get(token, {"active": False})).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: it would stand among the test's own words."""


@contextmanager
def issuing() -> Iterator[int]:
    server = HTTPServer((LOOPBACK, 0), Issuer)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with issuing() as port, short_folder() as folder:
        file = folder / "oauth2.conf"
        file.write_text(INTROSPECTION.format(port=port), encoding="ascii")
        file.chmod(0o644)
        with dovecot(extra=OAUTH.format(file=file)) as running:
            yield running


def test_a_token_logs_in_and_the_next_is_read_at_the_next_look(server: Dovecot, tmp_path: Path) -> None:
    token = tmp_path / "token"
    inbox = server.inbox(password="", oauth_token_file=str(token))
    server.deliver(answer("Hej").as_bytes())
    token.write_text(EXPIRED, encoding="ascii")
    with pytest.raises(InboxUnreachableError) as refused:
        inbox.fetch(lambda _: None)
    assert EXPIRED not in str(refused.value)
    assert len(server.held("INBOX")) == 1
    token.write_text(f"{GOOD}\n", encoding="ascii")  # whoever renews it writes the file anew
    assert inbox.fetch(lambda _: None).taken == 1
    assert len(server.held(DONE)) == 1


@pytest.mark.parametrize("token", [SOMEBODY_ELSES, "unknown"])
def test_a_token_that_is_not_this_mailboxs_opens_nothing(server: Dovecot, tmp_path: Path, token: str) -> None:
    (tmp_path / "token").write_text(token, encoding="ascii")
    with pytest.raises(InboxUnreachableError):
        server.inbox(password="", oauth_token_file=str(tmp_path / "token")).look()
