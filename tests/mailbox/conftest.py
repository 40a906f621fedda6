"""A house whose mail goes out through real servers and comes back through a real Dovecot."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.mailbox.dovecot import DOMAIN, PASSWORD, USER, Dovecot, dovecot
from tests.web.houses import OPENED_AT, make_house
from workflow.adapters.db.database import SqlDatabase
from workflow.bootstrap import App


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with dovecot() as running:
        yield running


@contextmanager
def house_at(folder: Path, url: str, server: Dovecot, *, smtp_port: int) -> Iterator[App]:
    """An opened round, nothing sent yet; `server` holds the inbox."""
    house = make_house(
        folder,
        url,
        now=OPENED_AT,
        smtp_host="127.0.0.1",
        smtp_port=smtp_port,
        inbox_address=f"{USER}@{DOMAIN}",
        imap_host="127.0.0.1",
        imap_port=server.imap_port,
        imap_security="none",
        imap_user=USER,
        imap_password=PASSWORD,
    )
    assert isinstance(house.db, SqlDatabase)
    with closing(house.db):
        yield house
