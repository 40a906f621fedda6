"""A real Postfix delivers into our own LMTP door: what we cannot take now stays with it, and comes again."""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.adapters.mail.mailbag import answer
from tests.mailbox.dovecot import DOMAIN, USER
from tests.mailbox.postfix import Postfix, postfix
from tests.mailbox.servers import LOOPBACK, await_that
from tests.web.houses import make_house
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.mail.lmtp import LmtpDoor
from workflow.bootstrap import App
from workflow.domain.incoming import IncomingMail
from workflow.ports import NotNowError

pytestmark = [pytest.mark.mailbox, pytest.mark.xdist_group("mailbox")]


class Door:
    """A house that takes mail in only while it is `open`."""

    def __init__(self, house: App) -> None:
        self.house = house
        self.open = True
        self.refused = 0

    def take_in(self, mail: IncomingMail) -> None:
        if not self.open:
            self.refused += 1
            raise NotNowError
        self.house.take_in(mail)

    def subjects(self) -> list[str]:
        with self.house.db.read() as work:
            return sorted(each.subject for each in work.incoming.list())


@pytest.fixture
def door(tmp_path: Path, sqlite_url: str) -> Iterator[Door]:
    house = make_house(tmp_path, sqlite_url, inbox_address=f"{USER}@{DOMAIN}")
    yield Door(house)
    assert isinstance(house.db, SqlDatabase)
    house.db.close()


@contextmanager
def relaying_to(door: Door) -> Iterator[Postfix]:
    lmtp = LmtpDoor(LOOPBACK, 0, door.take_in)
    port = lmtp.start()
    try:
        with postfix(onward=port, lmtp=port) as relay:
            yield relay
    finally:
        lmtp.stop()


def send(relay: Postfix, *subjects: str, to: tuple[str, ...] = (f"{USER}@{DOMAIN}",)) -> None:
    with smtplib.SMTP(LOOPBACK, relay.port) as client:
        for subject in subjects:
            client.sendmail("anna@namnden.example", to, answer("Hej", subject=subject).as_bytes())


def test_what_postfix_delivers_is_in_the_database(door: Door) -> None:
    with relaying_to(door) as relay:
        send(relay, "ett", "två")
        send(relay, "tre", to=(f"{USER}@{DOMAIN}", f"{USER}+s-1.abc@{DOMAIN}"))
        await_that(lambda: relay.delivered() == 4, "four deliveries")
        assert door.subjects() == ["ett", "tre", "två"], "one mail to two of our addresses is one mail"


def test_what_cannot_be_taken_now_stays_in_its_queue_and_comes_again(door: Door) -> None:
    with relaying_to(door) as relay:
        door.open = False
        send(relay, "ett")
        await_that(lambda: door.refused and relay.deferred(), "a refusal for now")
        assert door.subjects() == []
        door.open = True
        relay.flush()
        await_that(lambda: relay.delivered() == 1, "the second try")
        assert door.subjects() == ["ett"]
