"""A personal link that went astray: blocked or replaced, with all that hangs on it."""

from datetime import timedelta

import pytest

from tests.services.conftest import NORRBY, OFFICE, ROUND, House
from workflow.domain.errors import LinkError, NotFoundError
from workflow.domain.messages import Message, MessageKind, MessageState
from workflow.ports import Outcome
from workflow.services import access, reminders
from workflow.services.claims import claim
from workflow.services.links import NoHolderError, NoLinkError, renew_link, revoke_link

PRIMARY, DEPUTY = f"{NORRBY}.primary", f"{NORRBY}.deputy"


def links(house: House, recipient: str = PRIMARY) -> list[str]:
    """Those that open."""
    with house.read() as work:
        every = work.recipients.links_of(NORRBY)
    return [each.id for each in every if each.recipient == recipient and each.is_valid(house.clock.at)]


def enter(house: House, link: str) -> str:
    token = f"{link}.{house.secrets.link_secret(link)}"
    return access.open_link(house.db, token, secrets=house.secrets, office=OFFICE, now=house.clock.at)[0]


def is_in(house: House, session_id: str) -> bool:
    return access.visitor(house.db, session_id, secrets=house.secrets, now=house.clock.at) is not None


def renew(house: House, who: str = "") -> str:
    return renew_link(house.db, NORRBY, who, by="k-1", secrets=house.secrets, now=house.clock.at).link


def revoke(house: House, who: str = "") -> None:
    revoke_link(house.db, NORRBY, who, by="k-1", now=house.clock.at)


def of_kind(house: House, kind: MessageKind) -> list[Message]:
    return [each for each in house.messages() if each.kind is kind]


def test_a_replaced_link_opens_no_more_and_the_new_one_is_mailed(opened: House) -> None:
    opened.deliver()
    (old,) = links(opened)
    session_id = enter(opened, old)
    new = renew(opened)
    assert links(opened) == [new] != [old]
    assert not is_in(opened, session_id)
    with pytest.raises(LinkError):
        enter(opened, old)
    opened.postman.taken.clear()
    opened.deliver()
    (mail,) = opened.postman.taken
    assert mail.recipients == ("asa.pahittad@norrby.example",)
    text = mail.data.replace(b"=\r\n", b"").decode()
    assert f"{new}.{opened.secrets.link_secret(new)}" in text
    assert old not in text
    assert is_in(opened, enter(opened, new))


def test_a_blocked_link_opens_no_more_and_nothing_is_mailed(opened: House) -> None:
    opened.deliver()
    (old,) = links(opened)
    session_id = enter(opened, old)
    revoke(opened)
    assert links(opened) == []
    assert not is_in(opened, session_id)
    assert opened.deliver().sent == 0
    with pytest.raises(NoLinkError, match="Åsa Påhittad har ingen länk"):
        revoke(opened)
    assert enter(opened, renew(opened))


def test_only_the_one_meant_is_touched(opened: House) -> None:
    before = links(opened)
    for who in ("deputy", DEPUTY, "Bo.Pahittad@norrby.example"):
        (old,) = links(opened, DEPUTY)
        assert links(opened, DEPUTY) == [old]
        assert renew(opened, who) != old
    assert links(opened) == before
    with pytest.raises(NoHolderError, match=r"”nils”.*deputy \(bo.pahittad@norrby.example\), primary"):
        renew(opened, "nils")
    with pytest.raises(NotFoundError):
        renew_link(opened.db, f"{ROUND}.nowhere", by="k-1", secrets=opened.secrets, now=opened.clock.at)


@pytest.mark.parametrize("how", ["waiting", "in hand", "refused for now", "refused"])
def test_a_mail_that_is_still_to_go_holds_the_new_link(opened: House, how: str) -> None:
    (old,) = links(opened)
    if how == "in hand":
        claim(opened.mailroom)
    if how.startswith("refused"):
        opened.postman.script = [Outcome.RETRY if how.endswith("now") else Outcome.REFUSED] * 2
        opened.deliver()
        opened.clock.at += timedelta(hours=1)
    new = renew(opened)
    (invitation,) = of_kind(opened, MessageKind.INVITATION)
    assert (invitation.link, invitation.frozen) == (new, None)
    opened.postman.script = []
    opened.deliver()
    texts = [each.data.replace(b"=\r\n", b"").decode() for each in opened.postman.taken]
    assert sum(f"{new}.{opened.secrets.link_secret(new)}" in text for text in texts) == (1 if how == "refused" else 2)
    assert not any(old in text for text in texts if how != "refused")


def test_what_may_have_come_keeps_its_bytes(opened: House) -> None:
    opened.postman.script = [Outcome.UNKNOWN] * 2
    opened.deliver()
    (before,) = of_kind(opened, MessageKind.INVITATION)
    renew(opened)
    (after,) = of_kind(opened, MessageKind.INVITATION)
    assert (after.state, after.frozen, after.link) == (MessageState.UNKNOWN, before.frozen, before.link)


def test_reminders_to_come_hold_the_new_link(opened: House) -> None:
    opened.deliver()
    new = renew(opened)
    opened.clock.at = opened.submission().due_at - timedelta(days=7)
    reminders.plan_due(opened.db, secrets=opened.secrets, calendar=opened.calendar, now=opened.clock.at)
    assert {each.link for each in of_kind(opened, MessageKind.REMINDER)} == {new}


def test_replacing_twice_mails_the_last_one_only(opened: House) -> None:
    opened.deliver()
    opened.postman.taken.clear()
    renew(opened)
    last = renew(opened)
    opened.deliver()
    assert [each.link for each in of_kind(opened, MessageKind.NEW_LINK) if each.state is MessageState.SENT] == [last]
    assert len(opened.postman.taken) == 1


def test_it_is_logged_by_ids_alone(opened: House) -> None:
    revoke(opened, "deputy")
    renew(opened, "deputy")
    with opened.read() as work:
        told = [each.event for each in work.log.all() if each.event.kind in {"link.revoked", "link.renewed"}]
    assert [(each.kind, each.actor, dict(each.data)) for each in told] == [
        ("link.revoked", "k-1", {"recipient": DEPUTY}),
        ("link.renewed", "k-1", {"recipient": DEPUTY}),
    ]
