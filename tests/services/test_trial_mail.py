"""The test box: all that is foreseen, marked, harmless, and never at a contact's."""

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from tests.fakes.mail import NO_USER, NOBODY_THERE
from tests.services.conftest import House
from tests.services.test_preview_mail import ahead
from workflow.adapters.mail.addresses import AddressRefusedError
from workflow.domain.messages import MessageKind
from workflow.services.preview_mail import first_of_each
from workflow.services.trial_mail import ContactsAddressError, NothingToTestError, TrialTally, send_to_test_box

BOX = "testlada@stadsledningskontoret.example"


def sent_to(house: House, address: str = BOX, *, force: bool = False) -> TrialTally:
    seen = ahead(house)
    mails = first_of_each(seen.mails)
    return send_to_test_box(house.mailroom, seen, mails, address, by="k-1", now=house.clock.at, force=force)


def taken(house: House) -> list[EmailMessage]:
    return [message_from_bytes(each.data, policy=policy.default) for each in house.postman.taken]


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part
    return str(part.get_content())


def test_every_mail_is_marked_and_goes_only_to_the_box(opened: House) -> None:
    assert sent_to(opened) == TrialTally(sent=4)
    assert {each.recipients for each in opened.postman.taken} == {(BOX,)}
    for mail in taken(opened):
        assert mail["subject"].startswith("[Test] ")
        assert "@hamnen.example" not in f"{mail['to']}{mail['cc']}"
        assert text_of(mail).startswith("Test: ")
        assert "Test: " in text_of(mail, "html")
    assert len({mail["message-id"] for mail in taken(opened)}) == 4


def test_it_says_who_would_have_had_it(opened: House) -> None:
    seen = ahead(opened)
    send_to_test_box(opened.mailroom, seen, seen.mails, BOX, by="k-1", now=opened.clock.at)
    told = " ".join(" ".join(text_of(mail).split()) for mail in taken(opened))
    assert "Cleo Påhittad <cleo@hamnen.example>" in told
    assert "Bo Påhittad <bo.pahittad@norrby.example>" in told


def test_no_link_in_it_opens_a_form(opened: House) -> None:
    sent_to(opened)
    opened.deliver()
    links = [message.link for unit in ("norrby", "hamnen") for message in opened.messages(f"2027-T1.{unit}")]
    secrets = [opened.secrets.link_secret(link) for link in [*links, "forhandsvisning"]]
    for mail in taken(opened)[:4]:
        assert not any(secret in text_of(mail) + text_of(mail, "html") for secret in secrets)


def test_the_ledger_is_not_touched_and_the_real_mails_go_as_planned(opened: House) -> None:
    before = opened.messages()
    sent_to(opened)
    assert opened.messages() == before
    assert opened.events()[-1] == "preview.test_box"
    opened.deliver()
    assert [each.kind for each in opened.messages() if each.sent_at] == [MessageKind.INVITATION]


@pytest.mark.parametrize("address", ["cleo@hamnen.example", "Bo.Pahittad@Norrby.example"])
def test_a_contacts_address_is_refused_unless_forced(opened: House, address: str) -> None:
    with pytest.raises(ContactsAddressError):
        sent_to(opened, address)
    assert opened.postman.taken == []
    assert sent_to(opened, address, force=True).sent == 4


@pytest.mark.parametrize("address", ["", "ingen adress", "a@b.example, c@d.example"])
def test_what_is_no_address_is_refused_before_anything_is_sent(opened: House, address: str) -> None:
    with pytest.raises(AddressRefusedError):
        sent_to(opened, address)
    assert opened.postman.connected == 0


def test_nothing_to_send(opened: House) -> None:
    seen = ahead(opened)
    with pytest.raises(NothingToTestError):
        send_to_test_box(opened.mailroom, seen, [], BOX, by="k-1", now=opened.clock.at)


def test_what_the_server_refuses_is_told_and_a_shut_way_ends_it(opened: House) -> None:
    opened.postman.script = [NO_USER, NOBODY_THERE]
    tally = sent_to(opened)
    assert (tally.sent, tally.refusals) == (0, ("550 5.1.1 no such user", "connection refused"))
    assert opened.postman.taken == []
