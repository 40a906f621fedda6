"""Another person takes over in mid-round: from that moment on mails, link and session are theirs, and nobody else's."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from tests.builders import DUE_AT, OPENS_AT, a_contact
from tests.fakes.mail import ACCEPTED
from tests.services.conftest import NORRBY, OFFICE, ROUND, House
from workflow.domain.errors import LinkError, StaleWriteError
from workflow.domain.messages import Message, MessageKind, MessageState
from workflow.domain.people import Role
from workflow.domain.reminders import Audience, Policy, Step
from workflow.ports import Handover, Outcome, Phase
from workflow.services import access, reminders
from workflow.services.addressing import ReplacedReaderError
from workflow.services.by_hand import Deed, decide
from workflow.services.handover import (
    AddressRefusedError,
    HandedOver,
    NameMissingError,
    SamePersonError,
    Successor,
    hand_over,
)
from workflow.services.outbox import send_again

LATER = OPENS_AT + timedelta(days=2, hours=1)
NILS = Successor(name="Nils Ny", email="nils.ny@norrby.example", phone="08-508 00 009")


def take_over(house: House, successor: Successor = NILS, **more: object) -> HandedOver:
    return hand_over(
        house.db,
        NORRBY,
        successor,
        by="k-1",
        secrets=house.secrets,
        calendar=house.calendar,
        now=house.clock.at,
        **more,  # type: ignore[arg-type]
    )


def token(house: House, recipient: str) -> str:
    with house.read() as work:
        link = next(each for each in work.recipients.links_of(NORRBY) if each.recipient == recipient)
    return f"{link.id}.{house.secrets.link_secret(link.id)}"


def to_each(house: House) -> list[tuple[str, ...]]:
    return [each.recipients for each in house.postman.taken]


@pytest.fixture
def invited(opened: House) -> House:
    opened.deliver()
    opened.postman.taken.clear()
    opened.clock.at = LATER
    return opened


def test_the_new_one_gets_a_link_and_a_mail_and_the_old_one_is_told(invited: House) -> None:
    done = take_over(invited)
    invited.deliver()

    assert done.old
    assert (done.old.name, done.new.name, done.tells_old) == ("Åsa Påhittad", "Nils Ny", True)
    assert sorted(to_each(invited)) == [("asa.pahittad@norrby.example",), ("nils.ny@norrby.example",)]
    with pytest.raises(LinkError):
        access.open_link(invited.db, token(invited, done.old.id), secrets=invited.secrets, office=OFFICE, now=LATER)
    assert access.open_link(invited.db, token(invited, done.new.id), secrets=invited.secrets, office=OFFICE, now=LATER)
    told = {each.kind: each for each in invited.messages()}
    assert told[MessageKind.HANDED_OVER].link == ""


def test_the_old_one_s_session_is_over_and_the_draft_is_kept(invited: House) -> None:
    invited.answer(NORRBY)
    primary = f"{NORRBY}.primary"
    session_id, _ = access.open_link(
        invited.db, token(invited, primary), secrets=invited.secrets, office=OFFICE, now=LATER
    )
    deputy_id, _ = access.open_link(
        invited.db, token(invited, f"{NORRBY}.deputy"), secrets=invited.secrets, office=OFFICE, now=LATER
    )
    take_over(invited)

    assert access.visitor(invited.db, session_id, secrets=invited.secrets, now=LATER) is None
    assert access.visitor(invited.db, deputy_id, secrets=invited.secrets, now=LATER) is not None
    with invited.read() as work:
        assert work.access.session(invited.secrets.digest(session_id)) is None
        assert len(work.drafts.of(NORRBY)) == 3
    assert invited.submission().answered == 3


def test_mails_from_then_on_go_to_the_new_one(invited: House) -> None:
    take_over(invited)
    invited.deliver()
    invited.postman.taken.clear()
    invited.clock.at = invited.calendar.at(date(2027, 5, 21), invited.calendar.window[0]) + timedelta(hours=2)
    reminders.plan_due(invited.db, secrets=invited.secrets, calendar=invited.calendar, now=invited.clock.at)
    invited.deliver()
    assert ("nils.ny@norrby.example",) in to_each(invited)
    assert not any("asa.pahittad@norrby.example" in each for each in to_each(invited))


def test_a_waiting_mail_is_written_anew_and_the_invitation_falls(opened: House) -> None:
    done = take_over(opened)
    opened.deliver()
    norrby = [each for each in opened.messages() if each.kind is MessageKind.INVITATION]
    assert [(each.state, each.reason) for each in norrby] == [(MessageState.CANCELLED, "contact_changed")]
    assert done.moved == 1
    assert ("nils.ny@norrby.example",) in to_each(opened)


@pytest.mark.parametrize("in_hand", [False, True])
def test_a_receipt_on_its_way_goes_to_the_new_one_even_if_a_worker_has_it_in_hand(
    invited: House, *, in_hand: bool
) -> None:
    invited.answer(NORRBY)
    invited.submit(NORRBY)
    done: list[HandedOver] = []
    if in_hand:

        def overtake() -> None:
            if not done:
                done.append(take_over(invited))

        invited.postman.before_marker = overtake
    else:
        take_over(invited)
    invited.deliver()
    invited.postman.before_marker = lambda: None
    invited.deliver()
    receipts = [each for each in invited.messages() if each.kind is MessageKind.RECEIPT]
    sent = [each.to_name for each in receipts if each.state is MessageState.SENT]
    assert sent == ["Nils Ny"]


def on(house: House, day: int, *, month: int = 5, hour: int = 11) -> None:
    house.clock.at = house.calendar.at(date(2027, month, day), time(hour))


def plan(house: House) -> None:
    reminders.plan_due(house.db, secrets=house.secrets, calendar=house.calendar, now=house.clock.at)


def by_hand(house: House, deed: Deed, slot: str) -> None:
    at = house.clock.at
    decide(
        house.db,
        ROUND,
        f"norrby.{slot}",
        deed,
        "De har ringt.",
        by="k-1",
        secrets=house.secrets,
        calendar=house.calendar,
        now=at,
    )


def test_a_mail_skipped_by_hand_and_released_goes_to_the_new_one(invited: House) -> None:
    by_hand(invited, Deed.SKIP, "T-5")
    take_over(invited)
    invited.deliver()
    invited.postman.taken.clear()
    by_hand(invited, Deed.RELEASE, "T-5")
    on(invited, 21)
    plan(invited)
    invited.deliver()
    norrby = [each for each in to_each(invited) if "norrby" in each[0]]
    assert norrby == [("nils.ny@norrby.example",)]


def test_a_held_mail_has_the_new_deputy_in_copy(invited: House) -> None:
    by_hand(invited, Deed.HOLD, "T+3")
    take_over(invited, replace(NILS, name="Dora Ny", email="dora@norrby.example", role=Role.DEPUTY))
    held = next(each for each in invited.messages() if each.slot == "T+3")
    assert (held.state, held.copies) == (MessageState.HELD, ("Dora Ny <dora@norrby.example>",))
    invited.deliver()
    invited.postman.taken.clear()
    by_hand(invited, Deed.RELEASE, "T+3")
    on(invited, 2, month=6)
    plan(invited)
    invited.deliver()
    assert ("asa.pahittad@norrby.example", "dora@norrby.example") in to_each(invited)
    assert not any("bo.pahittad@norrby.example" in each for each in to_each(invited))


def reminded(house: House, outcome: Outcome | Handover) -> Message:
    """A reminder that ended like this."""
    on(house, 21)
    plan(house)
    house.postman.script = [outcome, outcome]
    house.deliver()
    return next(each for each in house.messages() if each.kind is MessageKind.REMINDER and each.attempts)


@pytest.mark.parametrize("phase", [Phase.RCPT, Phase.DONE])
def test_a_failed_mail_that_is_sent_again_goes_to_the_new_one(invited: House, phase: Phase) -> None:
    failed = reminded(invited, Handover(Outcome.REFUSED, phase, 550, "5.7.1 no"))
    assert (failed.state, failed.frozen is None) == (MessageState.FAILED, phase is Phase.RCPT)
    take_over(invited)
    invited.deliver()
    invited.postman.taken.clear()
    on(invited, 24)
    send_again(invited.db, failed.id, by="k-1", why="Ny person.", calendar=invited.calendar, now=invited.clock.at)
    invited.deliver()
    assert to_each(invited) == [("nils.ny@norrby.example",)]


def test_a_mail_that_may_have_arrived_is_not_sent_again_to_who_was_replaced(invited: House) -> None:
    lost = reminded(invited, Outcome.UNKNOWN)
    assert lost.state is MessageState.UNKNOWN
    take_over(invited)
    with pytest.raises(ReplacedReaderError):
        send_again(invited.db, lost.id, by="k-1", why="Ny person.", calendar=invited.calendar, now=invited.clock.at)
    assert next(each for each in invited.messages() if each.id == lost.id).state is MessageState.UNKNOWN


def test_a_letter_with_the_old_deputy_in_copy_is_not_sent_again(invited: House) -> None:
    on(invited, 2, month=6)
    plan(invited)
    invited.postman.script = [Handover(Outcome.REFUSED, Phase.DONE, 550, "5.7.1 no")] * 2
    invited.deliver()
    failed = next(each for each in invited.messages() if each.slot == "T+3")
    assert (failed.state, failed.copies) == (MessageState.FAILED, ("Bo Påhittad <bo.pahittad@norrby.example>",))
    take_over(invited, replace(NILS, name="Dora Ny", email="dora@norrby.example", role=Role.DEPUTY))
    with pytest.raises(ReplacedReaderError):
        send_again(invited.db, failed.id, by="k-1", why="Igen.", calendar=invited.calendar, now=invited.clock.at)


def test_a_mail_at_its_final_dot_that_is_to_be_tried_again_goes_to_the_new_one(invited: House) -> None:
    on(invited, 21)
    plan(invited)
    done: list[HandedOver] = []

    def overtake() -> None:
        if not done and MessageState.HANDING in {each.state for each in invited.messages()}:
            done.append(take_over(invited))

    invited.postman.before_reply = overtake
    invited.postman.always = Handover(Outcome.RETRY, Phase.DONE, 451, "4.3.0 later")
    invited.deliver()
    assert done
    invited.postman.always = ACCEPTED
    on(invited, 21, hour=12)
    invited.deliver()
    reminded_now = [each.to_name for each in invited.messages() if each.is_reminder and each.sent_at]
    assert reminded_now == ["Nils Ny"]


def test_a_held_mail_stays_held(invited: House) -> None:
    invited.clock.at = invited.calendar.at(date(2027, 5, 21), invited.calendar.window[0]) + timedelta(hours=2)
    reminders.plan_due(invited.db, secrets=invited.secrets, calendar=invited.calendar, now=invited.clock.at)
    with invited.db.begin() as work:
        waiting = next(each for each in work.outbox.of_submission(NORRBY) if each.kind is MessageKind.REMINDER)
        work.outbox.change(waiting, waiting.hold("vänta"))
    take_over(invited)
    found = [(each.to_name, each.state) for each in invited.messages() if each.kind is MessageKind.REMINDER]
    assert sorted(found) == [("Nils Ny", MessageState.HELD), ("Åsa Påhittad", MessageState.CANCELLED)]


def test_nobody_writes_to_an_address_that_mail_comes_back_from(opened: House) -> None:
    opened.postman.script = [Outcome.REFUSED, Outcome.REFUSED]
    opened.deliver()
    opened.clock.at = LATER
    assert not take_over(opened).tells_old
    assert MessageKind.HANDED_OVER not in {each.kind for each in opened.messages()}


def test_the_register_follows_from_today_unless_it_is_not_to(invited: House) -> None:
    today = invited.calendar.local(LATER).date()
    take_over(invited)
    with invited.read() as work:
        primary = [each for each in work.people.contacts() if each.unit == "norrby" and each.role is Role.PRIMARY]
    assert [(each.name, each.valid_from, each.valid_to) for each in primary] == [
        ("Åsa Påhittad", None, today - timedelta(days=1)),
        ("Nils Ny", today, None),
    ]
    before = primary
    take_over(invited, replace(NILS, name="Olga", email="olga@norrby.example"), in_register=False)
    with invited.read() as work:
        assert [each for each in work.people.contacts() if each in before] == before


def test_whoever_is_to_come_after_the_old_one_comes_after_the_new_one(invited: House) -> None:
    """The register never has two contact persons on one day."""
    today, last = invited.calendar.local(LATER).date(), date(2027, 5, 20)
    following = a_contact(name="Fia Framtid", email="fia@norrby.example", valid_from=last + timedelta(days=1))
    with invited.db.begin() as work:
        others = [each for each in work.people.contacts() if each.unit != "norrby"]
        work.people.replace(work.people.units(), [*others, a_contact(valid_to=last), following])
    take_over(invited)
    with invited.read() as work:
        primary = [each for each in work.people.contacts() if each.unit == "norrby"]
    assert sorted((each.name, each.valid_from, each.valid_to) for each in primary) == [
        ("Fia Framtid", last + timedelta(days=1), None),
        ("Nils Ny", today, last),
        ("Åsa Påhittad", None, today - timedelta(days=1)),
    ]


def test_a_reminder_for_the_deputy_goes_to_the_new_deputy(house: House) -> None:
    to_deputy = Step(offset=-3, at=time(9), mail=MessageKind.REMINDER, to=Audience.DEPUTY)
    with house.db.begin() as work:
        work.rounds.save(replace(work.rounds.get(ROUND), policy=Policy(steps=(to_deputy,))))
    house.open()
    house.deliver()
    house.clock.at = house.calendar.at(date(2027, 5, 25), time(9))
    reminders.plan_due(house.db, secrets=house.secrets, calendar=house.calendar, now=house.clock.at)

    take_over(house, Successor(name="Dora Ny", email="dora@norrby.example", role=Role.DEPUTY))
    house.deliver()
    assert [each.to_name for each in house.messages() if each.slot == "T-3:deputy" and each.sent_at] == ["Dora Ny"]


def test_a_deputy_who_takes_over_is_no_deputy_any_more(invited: House) -> None:
    done = take_over(invited, Successor(name="Bo Påhittad", email="bo.pahittad@norrby.example"))
    with invited.read() as work:
        right = [each for each in work.recipients.of(NORRBY) if each.is_right(LATER)]
    assert [each.id for each in right] == [done.new.id]
    assert access.open_link(
        invited.db, token(invited, f"{NORRBY}.deputy"), secrets=invited.secrets, office=OFFICE, now=LATER
    )


def test_a_second_hand_over_and_one_of_the_deputy(invited: House) -> None:
    first = take_over(invited)
    second = take_over(invited, replace(NILS, name="Olga", email="olga@norrby.example"))
    deputy = take_over(invited, replace(NILS, name="Per", email="per@norrby.example", role=Role.DEPUTY))
    assert (first.new.id, second.new.id) == (f"{NORRBY}.primary-2", f"{NORRBY}.primary-3")
    assert second.old
    assert second.old.id == first.new.id
    assert deputy.old
    assert deputy.old.name == "Bo Påhittad"


def test_whoever_comes_second_is_told(invited: House) -> None:
    take_over(invited, shown=f"{NORRBY}.primary")
    with pytest.raises(StaleWriteError):
        take_over(invited, replace(NILS, email="olga@norrby.example"), shown=f"{NORRBY}.primary")


@pytest.mark.parametrize(
    ("successor", "refusal"),
    [
        (replace(NILS, email="nils.ny"), AddressRefusedError),
        (replace(NILS, email="a@b.example, c@d.example"), AddressRefusedError),
        (replace(NILS, name="  "), NameMissingError),
        (replace(NILS, email="Asa.Pahittad@norrby.example"), SamePersonError),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    invited: House, successor: Successor, refusal: type[Exception]
) -> None:
    before = invited.events()
    with pytest.raises(refusal):
        take_over(invited, successor)
    assert invited.events() == before
    assert len(invited.messages()) == 1


def test_it_is_logged_with_ids_only(invited: House) -> None:
    done = take_over(invited)
    with invited.read() as work:
        event = work.log.all()[-1].event
    assert (event.kind, event.actor, event.submission) == ("contact.handed_over", "k-1", NORRBY)
    assert event.data == {"role": "primary", "from": f"{NORRBY}.primary", "to": done.new.id, "register": 1}


def test_who_takes_over_what_is_late_already_reads_so_in_the_subject(invited: House) -> None:
    invited.clock.at = DUE_AT + timedelta(days=3, hours=12)
    take_over(invited)
    invited.deliver()
    with invited.read() as work:
        mail = next(each for each in work.outbox.of_submission(NORRBY) if each.kind is MessageKind.HANDOVER)
        frozen = work.outbox.get(mail.id).frozen
    assert frozen
    assert frozen.subject == "Du har tagit över: underlaget från Norrby stadsdelsnämnd är försenat"
    assert "SKULLE HA LÄMNATS" in frozen.text
    assert "LÄMNAS SENAST" not in frozen.text
