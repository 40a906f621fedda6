"""Letting a colleague answer too: a link of their own, nobody else's mails, and the way back."""

from datetime import timedelta

import pytest

from tests.builders import an_answer
from tests.services.conftest import HAMNEN, NORRBY, OFFICE, ROUND, House
from workflow.domain.addressing import addressee
from workflow.domain.errors import LinkError, MoveRefusedError, NotFoundError, TooLongError
from workflow.domain.messages import CONTACT_CHANGED, MessageKind, MessageState
from workflow.domain.overview import WITHOUT_CONTACT, Wanted
from workflow.domain.people import Role
from workflow.domain.submissions import Recipient
from workflow.services import access, colleagues, links, reminders, submissions
from workflow.services.colleagues import (
    MOST_INVITED,
    MayAnswerAlreadyError,
    NamelessError,
    NotToInviteError,
    NotToWithdrawError,
    TooManyInvitedError,
)
from workflow.services.handover import AddressRefusedError, Successor, hand_over

ASA, BO = f"{NORRBY}.primary", f"{NORRBY}.deputy"
NILS = "nils.ny@norrby.example"


def invite(house: House, *, name: str = "Nils Ny", email: str = NILS, by: str = ASA) -> Recipient:
    return colleagues.invite(house.db, NORRBY, name=name, email=email, by=by, secrets=house.secrets, now=house.clock.at)


def withdraw(house: House, guest: Recipient, by: str = ASA) -> None:
    colleagues.withdraw(house.db, NORRBY, guest.id, by=by, now=house.clock.at)


def token(house: House, guest: Recipient) -> str:
    with house.read() as work:
        link = next(each for each in work.recipients.links_of(NORRBY) if each.recipient == guest.id)
    return f"{link.id}.{house.secrets.link_secret(link.id)}"


def open_link(house: House, guest: Recipient) -> str:
    session_id, _ = access.open_link(
        house.db, token(house, guest), secrets=house.secrets, office=OFFICE, now=house.clock.at
    )
    return session_id


def guests(house: House) -> list[str]:
    with house.read() as work:
        return [each.name for each in colleagues.invited(work, NORRBY, house.clock.at)]


def test_who_is_invited_gets_a_mail_with_a_link_that_opens_this_form(opened: House) -> None:
    opened.deliver()
    guest = invite(opened)
    opened.deliver()
    sent = [each for each in opened.postman.taken if each.recipients == (NILS,)]
    assert len(sent) == 1
    assert token(opened, guest).partition(".")[0].encode() in sent[0].data
    visitor = access.visitor(opened.db, open_link(opened, guest), secrets=opened.secrets, now=opened.clock.at)
    assert visitor is not None
    assert (visitor.submission, visitor.recipient.name) == (NORRBY, "Nils Ny")
    assert guests(opened) == ["Nils Ny"]


def test_the_log_says_who_invited_whom_by_ids_only(opened: House) -> None:
    guest = invite(opened)
    with opened.read() as work:
        event = next(each.event for each in work.log.all() if each.event.kind == "contact.invited")
    assert (event.actor, event.data) == (ASA, {"recipient": guest.id})


def test_what_they_write_is_the_units(opened: House) -> None:
    guest = invite(opened)
    submissions.save_answers(opened.db, NORRBY, [an_answer("mark")], by=guest.id, now=opened.clock.at)
    withdraw(opened, guest)
    assert submissions.sheet(opened.db, NORRBY).answers["mark"] == an_answer("mark")


def test_reminders_and_receipts_go_to_the_contact_person_without_a_copy_to_guests(opened: House) -> None:
    opened.deliver()
    invite(opened)
    opened.clock.at += timedelta(days=40)
    reminders.plan_due(opened.db, secrets=opened.secrets, calendar=opened.calendar, now=opened.clock.at)
    others = [each for each in opened.messages() if each.kind is not MessageKind.COLLEAGUE]
    assert len(others) > 1
    assert all(NILS not in (each.to_email, *"".join(each.copies).split("<")) for each in others)
    assert not any(NILS in copy for each in others for copy in each.copies)


def test_nor_do_they_take_the_place_of_a_contact_person(opened: House) -> None:
    """A hand-over of the deputy's place is not theirs."""
    invite(opened)
    done = hand_over(
        opened.db,
        NORRBY,
        Successor(name="Eva Ny", email="eva@norrby.example", role=Role.DEPUTY),
        by="k-1",
        secrets=opened.secrets,
        calendar=opened.calendar,
        now=opened.clock.at,
    )
    assert done.old is not None
    assert done.old.id == BO
    assert guests(opened) == ["Nils Ny"]


def test_a_unit_with_guests_only_has_nobody_to_write_to(opened: House) -> None:
    invite(opened)
    with opened.db.begin() as work:
        for each in (ASA, BO):
            work.recipients.end(each, opened.clock.at)
    now = opened.clock.at + timedelta(minutes=1)
    with opened.read() as work:
        assert addressee(work.recipients.of(NORRBY), now) is None
        lacking = work.standings.submissions(ROUND, Wanted(state=WITHOUT_CONTACT), now=now, limit=9)
    assert NORRBY in [each.id for each in lacking]


def test_a_withdrawn_link_opens_nothing_and_its_session_is_over(opened: House) -> None:
    guest = invite(opened)
    session = open_link(opened, guest)
    withdraw(opened, guest)
    withdraw(opened, guest)
    assert access.visitor(opened.db, session, secrets=opened.secrets, now=opened.clock.at) is None
    with pytest.raises(LinkError):
        open_link(opened, guest)
    assert guests(opened) == []
    assert opened.events().count("contact.uninvited") == 1


def test_a_mail_that_waits_falls_with_the_invitation(opened: House) -> None:
    opened.deliver()
    withdraw(opened, invite(opened))
    opened.deliver()
    mail = next(each for each in opened.messages() if each.kind is MessageKind.COLLEAGUE)
    assert (mail.state, mail.reason) == (MessageState.CANCELLED, CONTACT_CHANGED)
    assert not [each for each in opened.postman.taken if each.recipients == (NILS,)]


def test_the_contact_person_and_the_one_who_invited_may_withdraw_and_nobody_else(opened: House) -> None:
    by_bo = invite(opened, by=BO)
    withdraw(opened, by_bo, by=ASA)
    by_asa = invite(opened, email="nina@norrby.example")
    with pytest.raises(NotToWithdrawError):
        withdraw(opened, by_asa, by=BO)
    with pytest.raises(NotToWithdrawError):
        withdraw(opened, by_asa, by=by_asa.id)
    with pytest.raises(NotFoundError):
        colleagues.withdraw(opened.db, NORRBY, BO, by=ASA, now=opened.clock.at)
    with pytest.raises(NotFoundError):
        colleagues.withdraw(opened.db, HAMNEN, by_asa.id, by=f"{HAMNEN}.primary", now=opened.clock.at)


def test_a_guest_invites_nobody(opened: House) -> None:
    guest = invite(opened)
    with pytest.raises(NotToInviteError):
        invite(opened, email="nina@norrby.example", by=guest.id)


@pytest.mark.parametrize(
    ("name", "email", "error"),
    [
        ("  ", NILS, NamelessError),
        ("N" * 101, NILS, TooLongError),
        ("Nils", "nils", AddressRefusedError),
        ("Nils", "a@b.example, c@d.example", AddressRefusedError),
        ("Åsa", " ASA.pahittad@norrby.example", MayAnswerAlreadyError),
        ("Bo", "bo.pahittad@norrby.example", MayAnswerAlreadyError),
    ],
)
def test_what_is_refused_invites_nobody(opened: House, name: str, email: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        invite(opened, name=name, email=email)
    assert guests(opened) == []


def test_the_same_twice_is_once_and_there_are_not_too_many(opened: House) -> None:
    guest = invite(opened)
    with pytest.raises(MayAnswerAlreadyError):
        invite(opened)
    withdraw(opened, guest)
    for number in range(1, MOST_INVITED):
        withdraw(opened, invite(opened, email=f"n{number}@norrby.example"))
    with pytest.raises(TooManyInvitedError):
        invite(opened)


def test_there_is_nothing_to_invite_to_once_it_is_handed_in(opened: House) -> None:
    opened.answer(NORRBY)
    opened.submit(NORRBY)
    with pytest.raises(MoveRefusedError):
        invite(opened)


def test_a_coordinator_can_block_their_link(opened: House) -> None:
    guest = invite(opened)
    links.revoke_link(opened.db, NORRBY, guest.id, by="k-1", now=opened.clock.at)
    with pytest.raises(LinkError):
        open_link(opened, guest)
    assert ROUND in guest.id
