"""The inbox against a real Dovecot."""

import ssl
from dataclasses import replace
from pathlib import Path

import pytest
from imap_tools.mailbox import MailBoxUnencrypted

from tests.adapters.mail.mailbag import POSTFIX, answer
from tests.mailbox.dovecot import DOMAIN, DONE, PASSWORD, PROBLEMS, USER, Dovecot, dovecot
from tests.mailbox.servers import LOOPBACK
from workflow.adapters.mail.imap import AT_ONCE, TRIES, InboxUnreachableError
from workflow.domain.incoming import IncomingMail
from workflow.ports import Fetched, NotNowError

pytestmark = [pytest.mark.mailbox, pytest.mark.xdist_group("mailbox")]


def numbered(number: int) -> bytes:
    return answer(f"Mejl {number}", subject=f"nr {number}").as_bytes()


def test_mail_is_taken_in_oldest_first_and_then_moved(server: Dovecot) -> None:
    server.deliver(*map(numbered, range(3)))
    taken: list[IncomingMail] = []
    assert server.inbox().fetch(taken.append) == Fetched(taken=3, set_aside=0, waiting=0)
    assert [mail.subject for mail in taken] == ["nr 0", "nr 1", "nr 2"]
    assert (len(server.held("INBOX")), len(server.held(DONE))) == (0, 3)
    assert server.inbox().fetch(taken.append) == Fetched(taken=0, set_aside=0, waiting=0)
    assert len(taken) == 3


def test_the_envelope_address_is_told_by_the_server(server: Dovecot) -> None:
    server.deliver(POSTFIX, to=[f"{USER}+b-17.abcdef@{DOMAIN}"], sender="")
    taken: list[IncomingMail] = []
    server.inbox().fetch(taken.append)
    assert taken[0].delivered_to[0] == f"{USER}+b-17.abcdef@{DOMAIN}"
    assert taken[0].reports[0].status == "5.1.1"


def test_so_many_at_once_and_the_rest_at_the_next_look(server: Dovecot) -> None:
    server.deliver(*map(numbered, range(AT_ONCE + 2)))
    inbox, taken = server.inbox(), list[IncomingMail]()
    assert inbox.fetch(taken.append) == Fetched(taken=AT_ONCE, set_aside=0, waiting=2)
    assert inbox.fetch(taken.append) == Fetched(taken=2, set_aside=0, waiting=0)
    assert [mail.subject for mail in taken] == [f"nr {number}" for number in range(AT_ONCE + 2)]


def test_one_mail_that_cannot_be_taken_in_keeps_no_other_waiting_and_is_moved_aside(server: Dovecot) -> None:
    server.deliver(*map(numbered, range(3)))
    inbox, taken = server.inbox(), list[str]()

    def take_in(mail: IncomingMail) -> None:
        if mail.subject == "nr 1":
            raise ValueError("never this one")
        taken.append(mail.subject)

    looks = [inbox.fetch(take_in) for _ in range(TRIES)]
    assert taken == ["nr 0", "nr 2"]
    assert looks[0] == Fetched(taken=2, set_aside=0, waiting=1)
    assert looks[-1] == Fetched(taken=0, set_aside=1, waiting=0)
    assert [len(server.held(name)) for name in ("INBOX", DONE, PROBLEMS)] == [0, 2, 1]


def test_a_mail_that_the_server_will_not_move_keeps_no_other_waiting(server: Dovecot) -> None:
    server.deliver(numbered(0))
    inbox, taken = server.inbox(), list[str]()
    inbox.fetch(lambda _: None)  # the folders are there
    server.deliver(*map(numbered, range(1, 3)))
    done = server.folder / "mail" / USER / f".{DONE}"
    _allow(done, 0o500)
    assert inbox.fetch(lambda mail: taken.append(mail.subject)) == Fetched(taken=0, set_aside=0, waiting=2)
    server.deliver(numbered(3))
    inbox.fetch(lambda mail: taken.append(mail.subject))
    assert taken == ["nr 1", "nr 2", "nr 3", "nr 1", "nr 2"], "the new one first"
    _allow(done, 0o700)
    assert inbox.fetch(lambda _: None) == Fetched(taken=3, set_aside=0, waiting=0)
    assert len(server.held(DONE)) == 4


def _allow(folder: Path, mode: int) -> None:
    for each in (folder, *(part for part in folder.iterdir() if part.is_dir())):
        each.chmod(mode)


def test_when_the_house_can_take_nothing_in_no_mail_is_blamed(server: Dovecot) -> None:
    server.deliver(*map(numbered, range(2)))
    inbox, offered = server.inbox(), list[str]()

    def take_in(mail: IncomingMail) -> None:
        offered.append(mail.subject)
        raise NotNowError

    for _ in range(TRIES + 2):
        with pytest.raises(NotNowError):
            inbox.fetch(take_in)
    assert set(offered) == {"nr 0"}
    assert [len(server.held(name)) for name in ("INBOX", DONE, PROBLEMS)] == [2, 0, 0]


def test_whoever_gives_a_mail_up_is_told_before_it_is_moved_and_a_house_that_is_away_moves_nothing(
    server: Dovecot,
) -> None:
    server.deliver(numbered(0))
    inbox, told = server.inbox(), []

    def never(_: IncomingMail) -> None:
        raise ValueError("never")

    def give_up(mail: IncomingMail, folder: str) -> None:
        told.append((mail.subject, folder, len(server.held("INBOX"))))
        if len(told) == 1:
            raise NotNowError

    for _ in range(TRIES - 1):
        inbox.fetch(never, give_up)
    assert told == []
    with pytest.raises(NotNowError):
        inbox.fetch(never, give_up)
    assert [len(server.held(name)) for name in ("INBOX", PROBLEMS)] == [1, 0]
    assert inbox.fetch(never, give_up).set_aside == 1
    assert told == [("nr 0", PROBLEMS, 1)] * 2
    assert [len(server.held(name)) for name in ("INBOX", PROBLEMS)] == [0, 1]


def test_a_crash_between_taking_in_and_moving_offers_the_same_bytes_again(server: Dovecot) -> None:
    server.deliver(*map(numbered, range(2)))
    digests: list[str] = []

    def take_in_and_die(mail: IncomingMail) -> None:
        digests.append(mail.digest)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        server.inbox().fetch(take_in_and_die)
    again: list[str] = []
    server.inbox().fetch(lambda mail: again.append(mail.digest))
    assert again[0] == digests[0]
    assert len(set(again)) == len(server.held(DONE)) == 2


def test_a_server_killed_in_the_middle_loses_nothing(server: Dovecot) -> None:
    mails = [numbered(number) for number in range(6)]
    server.deliver(*mails)
    taken: list[IncomingMail] = []

    def take_in(mail: IncomingMail) -> None:
        taken.append(mail)
        if len(taken) == 3:
            server.kill()

    with pytest.raises(InboxUnreachableError):
        server.inbox(timeout=5).fetch(take_in)
    server.start()
    server.inbox().fetch(taken.append)
    assert {mail.subject for mail in taken} == {f"nr {number}" for number in range(6)}
    assert len({mail.digest for mail in taken}) == 6, "what was offered twice is known by its bytes"
    assert (len(server.held("INBOX")), len(server.held(DONE))) == (0, 6)


def test_two_that_look_at_once_move_each_mail_once(server: Dovecot) -> None:
    server.deliver(*map(numbered, range(3)))
    taken: list[str] = []

    def take_in(mail: IncomingMail) -> None:
        taken.append(mail.subject)
        if len(taken) == 1:
            server.inbox().fetch(lambda other: taken.append(other.subject))

    server.inbox().fetch(take_in)
    assert set(taken) == {"nr 0", "nr 1", "nr 2"}
    assert (len(server.held("INBOX")), len(server.held(DONE))) == (0, 3)


def test_a_mail_that_is_too_large_is_read_in_part(server: Dovecot) -> None:
    mail = answer("Stor bilaga.")
    mail.add_attachment(bytes(3_000_000), maintype="application", subtype="zip", filename="stor.zip")
    server.deliver(mail.as_bytes())
    taken: list[IncomingMail] = []
    server.inbox(max_mb=1).fetch(taken.append)
    assert (taken[0].text, taken[0].files) == ("Stor bilaga.", ())
    assert "stor.zip" in taken[0].left_out
    assert len(server.held(DONE)[0]) > 3_000_000


def test_it_stays_unread_for_people(server: Dovecot) -> None:
    server.deliver(numbered(0))
    server.inbox().fetch(lambda _: None)
    files = [each.name for each in server.folder.glob(f"mail/{USER}/.{DONE}/*/*")]
    assert [name for name in files if name.endswith("S")] == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"password": "fel"}, "AUTHENTICATIONFAILED"), ({"folder": "Finns inte"}, "NONEXISTENT|doesn't exist")],
)
def test_what_is_wrong_with_login_or_folder_is_said(server: Dovecot, changes: dict[str, str], says: str) -> None:
    with pytest.raises(InboxUnreachableError, match=says):
        server.inbox(**changes).fetch(lambda _: None)


def test_no_server_is_said(server: Dovecot) -> None:
    server.kill()
    with pytest.raises(InboxUnreachableError, match="refused"):
        server.inbox().fetch(lambda _: None)


def test_a_look_says_how_many_there_are_and_moves_nothing(server: Dovecot) -> None:
    server.deliver(*map(numbered, range(2)))
    assert server.inbox().look() == {"INBOX": 2, DONE: 0, PROBLEMS: 0}


# --- what servers differ in -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_the_password_goes_only_to_a_certificate_that_verifies(server: Dovecot, security: str) -> None:
    server.deliver(numbered(0))
    port = server.imaps_port if security == "tls" else server.imap_port
    stranger = replace(server.inbox(), host="localhost", port=port, security=security)  # type: ignore[arg-type]
    with pytest.raises(InboxUnreachableError, match="CERTIFICATE_VERIFY_FAILED"):
        stranger.fetch(lambda _: None)
    friend = replace(stranger, tls_context=ssl.create_default_context(cafile=str(server.certificate)))
    assert friend.fetch(lambda _: None).taken == 1


def test_without_move_the_mail_is_copied_and_nobodys_mail_is_wiped_away() -> None:
    with dovecot(extra="imap_capability = IMAP4rev1 UIDPLUS") as server:
        server.deliver(*map(numbered, range(3)))
        with MailBoxUnencrypted(LOOPBACK, server.imap_port).login(USER, PASSWORD) as person:
            person.client.uid("STORE", person.uids()[0], "+FLAGS", r"(\Deleted)")  # and has not decided yet
        taken: list[IncomingMail] = []
        assert server.inbox().fetch(taken.append).taken == 2
        assert server.inbox().fetch(taken.append).taken == 0
        assert [mail.subject for mail in taken] == ["nr 1", "nr 2"]
        assert len(server.held(DONE)) == 2
        with MailBoxUnencrypted(LOOPBACK, server.imap_port).login(USER, PASSWORD) as person:
            assert len(person.uids()) == 3, "nothing was expunged"


def test_folders_with_swedish_names_and_a_password_with_letters() -> None:
    with dovecot(password="blåbärspaj och grädde") as server:
        server.deliver(numbered(0))
        inbox = server.inbox(password="blåbärspaj och grädde", done="Åtgärdat & klart")
        assert inbox.fetch(lambda _: None).taken == 1
        assert inbox.look() == {"INBOX": 0, "Åtgärdat & klart": 1, "Åtgärdat & klart-problem": 0}
