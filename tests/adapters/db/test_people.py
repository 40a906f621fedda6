"""What the doors to the register, to recipients and links, to accounts, sessions and beats promise."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from sqlalchemy.exc import IntegrityError

from tests.builders import NOW, a_contact, a_link, a_recipient, a_round, a_session, a_submission, a_unit, an_account
from tests.fakes.tables import FakeRefusedError
from workflow.adapters.db.database import SqlDatabase
from workflow.domain.errors import NotFoundError
from workflow.domain.people import Role, UnitKind
from workflow.ports import Database

REFUSED = (IntegrityError, FakeRefusedError)


# --- register ----------------------------------------------------------------


def test_the_register_is_replaced_whole_and_keeps_its_order(database: Database) -> None:
    units = (
        a_unit(id="osby", name="Osby stadsdelsnämnd", valid_from=date(2020, 1, 1), valid_to=date(2027, 12, 31)),
        a_unit(id="hamnen", name="Påhittade Hamnen AB", kind=UnitKind.BOLAG, replaced_by="osby", reports=False),
    )
    contacts = (a_contact(unit="osby"), a_contact(unit="hamnen"), a_contact(unit="osby", role=Role.HEAD, language="en"))
    with database.begin() as work:
        work.people.replace([a_unit()], [a_contact()])
        work.people.replace(units, contacts)
    with database.read() as work:
        assert work.people.units() == units
        assert work.people.contacts() == contacts


def test_a_register_with_a_contact_of_no_unit_is_refused_and_the_old_one_stays(database: Database) -> None:
    with database.begin() as work:
        work.people.replace([a_unit()], [a_contact()])
    with pytest.raises(REFUSED), database.begin() as work:
        work.people.replace([], [a_contact()])
    with database.read() as work:
        assert work.people.units() == (a_unit(),)


# --- recipients and links ----------------------------------------------------


def test_recipients_and_links_of_a_submission_and_of_a_round(stocked: Database) -> None:
    deputy = a_recipient(id="r-0", role=Role.DEPUTY, language="en")
    other = a_recipient(id="r-3", submission="2027-T2.norrby")
    with stocked.begin() as work:
        work.rounds.add(a_round(id="2027-T2"))
        work.submissions.add([a_submission(round="2027-T2")])
        work.recipients.add([deputy, other], [a_link(id="l-0", recipient="r-0", revoked_at=NOW)])
    with stocked.read() as work:
        assert work.recipients.of("2027-T1.norrby") == (deputy, a_recipient())
        assert work.recipients.of_round("2027-T1") == (deputy, a_recipient())
        assert work.recipients.of_round("2027-T2") == (other,)
        assert [each.id for each in work.recipients.links_of("2027-T1.norrby")] == ["l-0", "l-1"]
        assert work.recipients.link("l-1") == a_link()
        assert work.recipients.link("l-0") == a_link(id="l-0", recipient="r-0", revoked_at=NOW)
        assert work.recipients.link("l-9") is None


def test_a_link_to_nobody_is_refused(stocked: Database) -> None:
    with pytest.raises(REFUSED), stocked.begin() as work:
        work.recipients.add([], [a_link(id="l-2", recipient="r-9")])


# --- accounts ----------------------------------------------------------------


def test_whether_the_daily_mail_is_wanted_is_kept(database: Database) -> None:
    with database.begin() as work:
        work.access.add_account(an_account())
        work.access.set_digest("k-1", wanted=False)
        assert work.access.accounts() == (an_account(digest=False),)
        with pytest.raises(NotFoundError):
            work.access.set_digest("k-9", wanted=True)


def test_an_account_is_found_by_its_address_however_it_is_written(database: Database) -> None:
    account = an_account(email="Åsa.Exempel@kontoret.example", once=True)
    with database.begin() as work:
        assert work.access.add_account(account)
    with database.read() as work:
        assert work.access.account(" åsa.exempel@KONTORET.example") == account
        assert work.access.account_by_id("k-1") == account
        assert work.access.account("bo@kontoret.example") is None
        assert work.access.account_by_id("k-9") is None


def test_an_address_has_one_account(database: Database) -> None:
    with database.begin() as work:
        assert work.access.add_account(an_account())
        assert not work.access.add_account(an_account(id="k-2", email=an_account().email.upper(), name="Någon annan"))
        assert work.access.add_account(an_account(id="k-3", email="bo@kontoret.example"))
    with database.read() as work:
        assert [each.id for each in work.access.accounts()] == ["k-3", "k-1"]
        assert work.access.account_by_id("k-1") == an_account()


def test_a_password_is_changed_only_where_there_is_an_account(database: Database) -> None:
    with database.begin() as work:
        work.access.add_account(an_account(once=True))
        work.access.set_password("k-1", "$argon2id$new", once=False)
        with pytest.raises(NotFoundError):
            work.access.set_password("k-9", "$argon2id$new", once=False)
        with pytest.raises(NotFoundError):
            work.access.set_password("k-9", "$argon2id$new", once=False, expected="$argon2id$old")
    with database.read() as work:
        assert work.access.account_by_id("k-1") == an_account(password_hash="$argon2id$new", once=False)


def test_a_password_is_changed_only_upon_the_expected_one(database: Database) -> None:
    with database.begin() as work:
        work.access.add_account(an_account(password_hash="$argon2id$old"))
        assert not work.access.set_password("k-1", "$argon2id$a", once=False, expected="$argon2id$other")
        assert work.access.set_password("k-1", "$argon2id$b", once=False, expected="$argon2id$old")
        assert not work.access.set_password("k-1", "$argon2id$c", once=False, expected="$argon2id$old")
    with database.read() as work:
        assert work.access.account_by_id("k-1") == an_account(password_hash="$argon2id$b", once=False)


def test_of_two_at_once_that_expect_the_same_password_one_changes_it(sql_database: SqlDatabase) -> None:
    with sql_database.begin() as work:
        work.access.add_account(an_account(password_hash="$argon2id$old"))
    both_have_looked = Barrier(2)

    def spend(_turn: int) -> bool:
        with sql_database.read() as work:
            found = work.access.account_by_id("k-1")
        assert found is not None
        both_have_looked.wait(10)
        with sql_database.begin() as work:
            return work.access.set_password("k-1", "", once=False, expected=found.password_hash)

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(spend, range(2))) == [False, True]


# --- sessions ----------------------------------------------------------------


def test_a_session_lives_is_touched_and_ends(stocked: Database) -> None:
    later = NOW + timedelta(minutes=5)
    coordinator, contact = a_session(), a_session(id_sha256="cd" * 32, account="", link="l-1")
    with stocked.begin() as work:
        work.access.add_account(an_account())
        work.access.add_session(coordinator)
        work.access.add_session(contact)
        work.access.touch_session(contact.id_sha256, later)
        work.access.touch_session("00" * 32, later)
    with stocked.read() as work:
        assert work.access.session(coordinator.id_sha256) == coordinator
        assert work.access.session(contact.id_sha256) == a_session(
            id_sha256="cd" * 32, account="", link="l-1", seen_at=later
        )
    with stocked.begin() as work:
        work.access.end_session(coordinator.id_sha256)
        work.access.end_session(coordinator.id_sha256)
    with stocked.read() as work:
        assert work.access.session(coordinator.id_sha256) is None
        assert work.access.session(contact.id_sha256) is not None


def test_all_sessions_of_one_account_end_and_no_others(stocked: Database) -> None:
    sessions = [a_session(id_sha256=each * 32) for each in ("ab", "bc")]
    others = [a_session(id_sha256="cd" * 32, account="", link="l-1"), a_session(id_sha256="de" * 32, account="k-2")]
    with stocked.begin() as work:
        work.access.add_account(an_account())
        work.access.add_account(an_account(id="k-2", email="bo@kontoret.example"))
        for each in (*sessions, *others):
            work.access.add_session(each)
        work.access.end_sessions_of("k-1")
    with stocked.read() as work:
        assert [work.access.session(each.id_sha256) for each in sessions] == [None, None]
        assert [work.access.session(each.id_sha256) for each in others] == others


def test_a_session_of_no_account_is_refused(database: Database) -> None:
    with pytest.raises(REFUSED), database.begin() as work:
        work.access.add_session(a_session())


# --- beats -------------------------------------------------------------------


def test_a_beat_is_the_last_one_noted(database: Database) -> None:
    with database.begin() as work:
        work.beats.note("rounds.open_due", NOW)
        work.beats.note("outbox.deliver", NOW)
        work.beats.note("outbox.deliver", NOW + timedelta(seconds=30))
    with database.read() as work:
        assert work.beats.all() == {"outbox.deliver": NOW + timedelta(seconds=30), "rounds.open_due": NOW}
