"""Who may come in, and who is shown the same answer whatever was wrong."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from tests.services.conftest import HAMNEN, NORRBY, OFFICE, House
from workflow.adapters.secrets import KeySecrets
from workflow.domain.errors import AlreadyExistsError, LinkError, LoginRefusedError
from workflow.services import access

EMAIL, PASSWORD = "karin.exempel@stadsledningskontoret.example", "korrekt häst batteri"


@pytest.fixture
def account(house: House) -> str:
    return access.add_account(
        house.db,
        email=f" {EMAIL.upper()} ",
        name="Karin Exempel",
        password=PASSWORD,
        secrets=house.secrets,
        now=house.clock.at,
    ).id


def log_in(house: House, password: str = PASSWORD, email: str = EMAIL) -> str:
    return access.log_in(house.db, email=email, password=password, secrets=house.secrets, now=house.clock.at)[0]


def who(house: House, session_id: str) -> access.Coordinator | None:
    return access.coordinator(house.db, session_id, secrets=house.secrets, now=house.clock.at)


def token(house: House, submission_id: str = NORRBY) -> str:
    with house.read() as work:
        link = work.recipients.links_of(submission_id)[0]
    return f"{link.id}.{house.secrets.link_secret(link.id)}"


class Together(KeySecrets):
    """All have checked the password before anybody goes on."""

    def __init__(self, all_there: Barrier) -> None:
        super().__init__("en-nyckel")
        self._all_there = all_there

    def check_password(self, password_hash: str, password: str) -> bool:
        fits = super().check_password(password_hash, password)
        self._all_there.wait(20)
        return fits


def test_a_coordinator_comes_in_and_goes_out(house: House, account: str) -> None:
    session_id = log_in(house)
    found = who(house, session_id)
    assert found is not None
    assert found.account.id == account
    access.log_out(house.db, found.session)
    assert who(house, session_id) is None


@pytest.mark.parametrize(("email", "password"), [(EMAIL, "fel"), ("ingen@norrby.example", PASSWORD), (EMAIL, "")])
def test_the_same_words_for_every_wrong_login(house: House, account: str, email: str, password: str) -> None:
    with pytest.raises(LoginRefusedError):
        log_in(house, password, email)


def test_idle_and_old_sessions_end(house: House, account: str) -> None:
    session_id = log_in(house)
    house.clock.at += access.COORDINATOR_IDLE + timedelta(seconds=1)
    assert who(house, session_id) is None
    session_id = log_in(house)
    for _ in range(12):
        house.clock.at += timedelta(minutes=55)
        if found := who(house, session_id):
            access.touch(house.db, found.session, now=house.clock.at)
    assert who(house, session_id) is None


def test_a_password_for_one_login_is_spent_by_it(house: House) -> None:
    access.add_account(
        house.db, email=EMAIL, name="Karin", password=PASSWORD, secrets=house.secrets, now=house.clock.at, once=True
    )
    log_in(house)
    with pytest.raises(LoginRefusedError):
        log_in(house)


def test_of_parallel_logins_with_such_a_password_one_comes_in(house: House) -> None:
    access.add_account(
        house.db, email=EMAIL, name="Karin", password=PASSWORD, secrets=house.secrets, now=house.clock.at, once=True
    )
    together = Together(Barrier(4))

    def come_in(_turn: int) -> bool:
        try:
            access.log_in(house.db, email=EMAIL, password=PASSWORD, secrets=together, now=house.clock.at)
        except LoginRefusedError:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(come_in, range(4))) == 1


def test_a_new_password_ends_the_sessions_of_the_account(house: House, account: str) -> None:
    mine = log_in(house)
    access.reset_password(house.db, email=EMAIL, password="ny", secrets=house.secrets, now=house.clock.at)
    assert who(house, mine) is None
    assert who(house, log_in(house, "ny")) is not None


@pytest.mark.parametrize("email", ["a\0b@x.example", "a\x1b@x.example", "\ud800@x.example"])
def test_an_address_that_no_database_holds_is_refused_like_any_other(house: House, account: str, email: str) -> None:
    with pytest.raises(LoginRefusedError):
        log_in(house, email=email)


@pytest.mark.parametrize("password", ["a\0b", "\ud800"])
def test_a_password_of_odd_letters_is_only_wrong(house: House, account: str, password: str) -> None:
    with pytest.raises(LoginRefusedError):
        log_in(house, password)


@pytest.mark.parametrize("odd", ["\0", "\x1f", "\ud800", "å"])
def test_a_link_of_odd_letters_is_wrong_like_any_other(opened: House, odd: str) -> None:
    for wrong in (f"{odd}.x", f"{token(opened)}{odd}"):
        with pytest.raises(LinkError):
            access.look_at_link(opened.db, wrong, secrets=opened.secrets, office=OFFICE, now=opened.clock.at)


def test_an_address_has_one_account(house: House, account: str) -> None:
    with pytest.raises(AlreadyExistsError):
        access.add_account(
            house.db, email=EMAIL, name="Två", password=PASSWORD, secrets=house.secrets, now=house.clock.at
        )


def test_no_session_id_or_password_rests_in_the_database(house: House, account: str) -> None:
    session_id, session = access.log_in(
        house.db, email=EMAIL, password=PASSWORD, secrets=house.secrets, now=house.clock.at
    )
    with house.read() as work:
        stored = repr((work.access.session(session.id_sha256), work.access.accounts()))
    assert session_id not in stored
    assert PASSWORD not in stored


def test_a_link_may_be_opened_again_and_again_and_gives_one_submission_only(opened: House) -> None:
    for _ in range(2):
        session_id, _ = access.open_link(
            opened.db, token(opened), secrets=opened.secrets, office=OFFICE, now=opened.clock.at
        )
        visitor = access.visitor(opened.db, session_id, secrets=opened.secrets, now=opened.clock.at)
        assert visitor is not None
        assert visitor.submission == NORRBY
        assert who(opened, session_id) is None


def test_looking_at_a_link_changes_nothing(opened: House) -> None:
    before = opened.events()
    landing = access.look_at_link(
        opened.db, token(opened, HAMNEN), secrets=opened.secrets, office=OFFICE, now=opened.clock.at
    )
    assert landing.submission.id == HAMNEN
    assert opened.events() == before


@pytest.mark.parametrize("wrong", ["", ".", "abc", "abc.def", "{id}.", "{id}.fel", ".{secret}"])
def test_every_wrong_link_gets_the_same_answer(opened: House, wrong: str) -> None:
    link_id, _, secret = token(opened).partition(".")
    with pytest.raises(LinkError):
        access.open_link(
            opened.db,
            wrong.format(id=link_id, secret=secret),
            secrets=opened.secrets,
            office=OFFICE,
            now=opened.clock.at,
        )


def test_an_old_link_is_over(opened: House) -> None:
    session_id, _ = access.open_link(
        opened.db, token(opened), secrets=opened.secrets, office=OFFICE, now=opened.clock.at
    )
    opened.clock.at += timedelta(days=181)
    assert access.visitor(opened.db, session_id, secrets=opened.secrets, now=opened.clock.at) is None
    with pytest.raises(LinkError):
        access.look_at_link(opened.db, token(opened), secrets=opened.secrets, office=OFFICE, now=opened.clock.at)
