"""One person, several units: one reminder a day tells of each that still owes, and nothing is lost or doubled."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import time, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

import pytest

from tests.builders import DUE_AT, OPENS_AT, a_contact, a_period, a_policy, a_round, a_unit
from tests.fakes.mail import ACCEPTED, Taken
from tests.services.conftest import NORRBY, OFFICE, ROUND, House, MovingClock
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.db.engine import make_engine
from workflow.domain.codes import LinkMode
from workflow.domain.messages import LEASE, Frozen, Message, MessageKind, MessageState
from workflow.domain.overview import Wanted
from workflow.domain.people import Role, UnitKind
from workflow.domain.reminders import Step
from workflow.domain.rounds import RoundState
from workflow.ports import Database, Handover, Outcome, Phase
from workflow.services import extensions, handover, links, outbox, reminders, rounds
from workflow.services.by_hand import Deed, ToldTodayError, decide
from workflow.services.claims import claim
from workflow.services.overview import glance, overview
from workflow.services.preview import preview_round

OSBY, VINGE = f"{ROUND}.osby", f"{ROUND}.vinge"
TRIO = (NORRBY, OSBY, VINGE)
UNITS = {
    "norrby": "Asa.Pahittad@norrby.example",
    "osby": "ASA.pahittad@norrby.example",
    "vinge": "asa.pahittad@norrby.example",
}


@pytest.fixture
def house(database: Database) -> House:
    """Åsa answers for three; each has a head of its own, and Norrby is reminded at another hour after the last day."""
    return a_house(database, UNITS)


def a_house(database: Database, units: Mapping[str, str]) -> House:
    """A round for units with these contact persons; the invitations have left."""
    made = House(database, MovingClock(OPENS_AT))
    people = [a_contact(unit=unit, email=address) for unit, address in units.items()]
    people += [a_contact(unit=unit, role=Role.HEAD, email=f"chef@{unit}.example") for unit in units]
    with database.begin() as work:
        work.people.replace([a_unit(id=unit, name=unit.title()) for unit in units], people)
    steps = (*a_policy().steps, Step(offset=1, at=time(10), mail=MessageKind.OVERDUE))
    planned = a_round(state=RoundState.PLANNED, opened_at=None, policy=a_policy(steps=steps))
    rounds.plan_round(database, planned, by="k-1", now=OPENS_AT)
    made.open()
    made.deliver()
    made.postman.taken.clear()
    return made


def at(house: House, days: int, hour: int = 9) -> None:
    house.clock.at = house.calendar.at(house.calendar.last_day(DUE_AT) + timedelta(days=days), time(hour))
    reminders.plan_due(house.db, secrets=house.secrets, calendar=house.calendar, now=house.clock.at)


def rows(house: House, *ids: str) -> list[Message]:
    return [each for id_ in ids or TRIO for each in house.messages(id_) if each.is_reminder]


def states(house: House, *ids: str) -> list[MessageState]:
    return [each.state for each in rows(house, *ids)]


def letter(house: House) -> Frozen:
    """The one that told of all that went."""
    lead = next(each for each in rows(house) if each.frozen and not each.lead)
    assert lead.frozen is not None
    return lead.frozen


def extend(house: House, submission_id: str, days: int) -> None:
    due_at = DUE_AT + timedelta(days=days)
    extensions.extend(
        house.db, [submission_id], due_at, reason="Sjuk", by="k", secrets=house.secrets, now=house.clock.at
    )


def hand_in(house: House, submission_id: str) -> None:
    house.answer(submission_id)
    house.submit(submission_id)


def test_one_mail_tells_of_all_and_each_has_its_row(house: House) -> None:
    at(house, -7)
    assert house.deliver().sent == 1
    (mail,) = house.postman.taken
    told = rows(house)
    assert states(house) == [MessageState.SENT] * 3
    assert [each.lead for each in told] == ["", told[0].id, told[0].id]
    assert mail.recipients == ("Asa.Pahittad@norrby.example",)
    sent, kept = mail.data.decode().replace("=\r\n", ""), letter(house)
    for each in told:
        assert house.secrets.link_secret(each.link) in sent
        assert house.secrets.link_secret(each.link) not in kept.text + kept.html
    assert all(unit.upper() in kept.text for unit in UNITS)


def test_who_has_answered_is_not_in_it_and_the_last_one_left_gets_the_ordinary_mail(house: House) -> None:
    at(house, -7)
    hand_in(house, NORRBY)
    house.deliver()
    assert states(house) == [MessageState.CANCELLED, MessageState.SENT, MessageState.SENT]
    assert "NORRBY" not in letter(house).text
    hand_in(house, OSBY)
    at(house, 0, 12)
    house.deliver()
    last = rows(house, VINGE)[-1]
    assert (last.slot, last.state, last.lead) == ("T+0", MessageState.SENT, "")
    assert last.frozen is not None
    assert last.frozen.subject.endswith("lämna underlaget för Vinge")


@pytest.mark.parametrize("who", TRIO)
def test_a_unit_that_hands_in_before_the_marker_is_left_out_and_the_others_are_told(house: House, who: str) -> None:
    at(house, -7)
    deeds = [lambda: hand_in(house, who)]
    house.postman.before_marker = lambda: deeds.pop()() if deeds else None
    house.deliver()
    assert states(house, who) == [MessageState.CANCELLED]
    assert states(house, *(each for each in TRIO if each != who)) == [MessageState.SENT] * 2
    assert who.rpartition(".")[2].upper() not in letter(house).text
    assert sum(b"underlag" in each.data and b"kvar" in each.data.lower() for each in house.postman.taken) == 1


def test_an_extension_a_minute_before_is_obeyed_by_the_mail_of_all(house: House) -> None:
    at(house, -7)
    extend(house, OSBY, 14)
    house.clock.at += timedelta(minutes=1)
    house.deliver()
    assert states(house) == [MessageState.SENT, MessageState.CANCELLED, MessageState.SENT]
    assert rows(house, OSBY)[0].reason == "deadline_moved"
    assert "OSBY" not in letter(house).text


def test_what_is_for_one_day_goes_at_the_earliest_hour(house: House) -> None:
    """Norrby's T+0 at 8 falls on the day of the others' T+1 at 10: three rows, one mail at 8."""
    extend(house, NORRBY, 3)
    opened = rounds.find_round(house.db, ROUND)
    foretold = preview_round(house.db, opened, calendar=house.calendar, now=house.clock.at)
    for days, hour in ((-7, 8), (-4, 8), (0, 8), (3, 8)):
        at(house, days, hour)
        house.deliver()
    today = [each for each in rows(house) if each.sent_at == house.clock.at]
    assert [each.slot for each in today] == ["T+0", "T+1", "T+1"]
    promised = [each for each in foretold if each.at == house.clock.at and not each.suppressed]
    assert [(each.unit, each.carried_by) for each in promised] == [
        ("norrby", ""),
        ("osby", "norrby"),
        ("vinge", "norrby"),
    ]
    assert promised[0].along == ("Osby", "Vinge")


def norrby_later_and_a_note_for_osby(house: House) -> None:
    """Up to Osby's last day: Norrby has three days more, and Osby's T+1 carries the coordinator's note."""
    extend(house, NORRBY, 3)
    for days, hour in ((-7, 8), (-4, 8), (0, 8)):
        at(house, days, hour)
        house.deliver()
    decide(
        house.db,
        ROUND,
        "osby.T+1",
        Deed.NOTE,
        "Ring mig.",
        by="k-1",
        secrets=house.secrets,
        calendar=house.calendar,
        now=house.clock.at,
    )


def test_one_with_a_note_goes_along_although_its_own_hour_is_later(house: House) -> None:
    """Norrby's T+0 at 8 falls on the day of Osby's T+1 at 10, which stands in the ledger for 10."""
    norrby_later_and_a_note_for_osby(house)
    opened = rounds.find_round(house.db, ROUND)
    foretold = preview_round(house.db, opened, calendar=house.calendar, now=house.clock.at)
    at(house, 3, 8)
    house.deliver()
    today = [each for each in rows(house) if each.sent_at == house.clock.at]
    assert [each.slot for each in today] == ["T+0", "T+1", "T+1"]
    promised = [each.unit for each in foretold if each.at == house.clock.at and not each.suppressed]
    assert promised == ["norrby", "osby", "vinge"]
    hand_in(house, OSBY)
    at(house, 3, 10)
    house.deliver()
    assert MessageState.SKIPPED not in states(house, OSBY)[-1:]


def test_what_has_its_hour_later_and_is_not_true_now_waits_for_it(house: House) -> None:
    norrby_later_and_a_note_for_osby(house)
    hand_in(house, OSBY)
    at(house, 3, 8)
    house.deliver()
    assert states(house, OSBY)[-1] is MessageState.PLANNED
    at(house, 3, 10)
    house.deliver()
    assert states(house, OSBY)[-1] is MessageState.CANCELLED


def test_heads_are_in_copy_and_nobody_gets_a_link_to_another_units_draft(house: House) -> None:
    at(house, 5)
    house.deliver()
    (mail,) = house.postman.taken
    assert set(mail.recipients[1:]) == {f"chef@{unit}.example" for unit in UNITS}
    kept = letter(house)
    assert not any(each.link in kept.text + kept.html for each in rows(house))
    assert "tidigare mejl" in kept.text


def test_an_unknown_fate_is_that_of_all_and_a_person_sends_all_again_in_the_same_bytes(house: House) -> None:
    house.postman.script = [Outcome.UNKNOWN]
    at(house, -7)
    house.deliver()
    assert states(house) == [MessageState.UNKNOWN] * 3
    before = letter(house)
    outbox.send_again(
        house.db,
        rows(house, VINGE)[0].id,
        by="k",
        why="Hon har inte fått det.",
        calendar=house.calendar,
        now=house.clock.at,
    )
    assert states(house) == [MessageState.PLANNED] * 3
    house.deliver()
    assert states(house) == [MessageState.SENT] * 3
    assert letter(house) == before
    assert len(house.postman.taken) == 1


@pytest.mark.parametrize("who", TRIO)
def test_what_can_no_longer_be_said_in_the_bytes_that_stand_falls_as_a_whole(house: House, who: str) -> None:
    house.postman.script = [Outcome.UNKNOWN]
    at(house, -7)
    house.deliver()
    outbox.send_again(house.db, rows(house)[0].id, by="k", why="Nej.", calendar=house.calendar, now=house.clock.at)
    hand_in(house, who)
    house.deliver()
    assert states(house) == [MessageState.CANCELLED] * 3
    assert {each.reason for each in rows(house)} == {"submitted", "words_untrue"}


def test_a_crash_before_the_marker_leaves_all_to_be_sent(house: House) -> None:
    at(house, -7)
    (mail,) = claim(house.mailroom).mails
    assert len(mail.company) == 2
    assert states(house) == [MessageState.SENDING] * 3
    house.clock.at += LEASE + timedelta(minutes=1)
    house.deliver()
    assert states(house) == [MessageState.SENT] * 3
    assert len(house.postman.taken) == 1


@pytest.mark.parametrize("people", [1, outbox.RECOVERED_AT_ONCE // 2 + 2])
def test_what_a_dead_worker_held_is_told_of_in_full_however_much_it_is(database: Database, people: int) -> None:
    units = {
        f"enhet{number:02}": f"p{number % people}@norrby.example" for number in range(outbox.RECOVERED_AT_ONCE + 5)
    }
    house = a_house(database, units)
    at(house, -7)
    assert len(claim(house.mailroom).mails) == people
    house.clock.at += LEASE + timedelta(minutes=1)
    house.deliver()
    assert states(house, *(f"{ROUND}.{unit}" for unit in units)) == [MessageState.SENT] * len(units)
    assert len(house.postman.taken) == people


@pytest.mark.parametrize("who", TRIO)
def test_nobody_is_told_of_a_part_while_another_worker_takes_over_the_rest(house: House, who: str) -> None:
    at(house, -7)
    claim(house.mailroom)
    house.clock.at += LEASE + timedelta(minutes=1)
    with house.db.begin() as work:
        (mine,) = [each for each in work.outbox.of_submission(who) if each.is_reminder]
        assert work.outbox.change(mine, mine.recover())
    assert claim(house.mailroom).mails == ()
    house.deliver()
    assert states(house) == [MessageState.SENT] * 3
    assert len(house.postman.taken) == 1


@pytest.mark.postgres
@pytest.mark.parametrize("who", TRIO)
def test_what_a_coordinator_is_writing_on_is_not_left_out_of_the_mail(postgres_url: str, who: str) -> None:
    """Her transaction holds one of the rows while the others would be claimed; the mail to others goes meanwhile."""
    with closing(SqlDatabase(make_engine(postgres_url))) as database:
        house = a_house(database, UNITS | {"hamnen": "cleo@hamnen.example"})
        at(house, -7)
        (noted,) = rows(house, who)
        with database.begin() as work:
            assert work.outbox.change(noted, noted.noted("Ring mig."))
            assert house.deliver().sent == 1
            assert states(house) == [MessageState.PLANNED] * 3
        assert house.deliver().sent == 1
        assert states(house) == [MessageState.SENT] * 3
        assert "Ring mig." in letter(house).text


def test_a_note_that_names_the_marker_of_a_link_is_not_given_its_secret(house: House) -> None:
    at(house, -7)
    norrby, osby = (rows(house, each)[0] for each in (NORRBY, OSBY))
    by_hand(house, "norrby.T-5", Deed.NOTE, f"Hej {{link-secret-{osby.link}}} hej")
    house.deliver()
    assert states(house) == [MessageState.SENT] * 3
    (mail,) = house.postman.taken
    secrets = [house.secrets.link_secret(each.link) for each in (norrby, osby)]
    assert [words(mail).count(secret) for secret in secrets] == [1, 1]
    assert words(mail).count("hej") == 1


@pytest.mark.parametrize("who", TRIO)
def test_a_row_taken_out_of_a_workers_hands_is_not_another_mail(house: House, who: str) -> None:
    """The link of one unit is renewed while the mail about all is on its way, and a second worker looks for mail."""
    at(house, -7)

    def renew_and_look() -> None:
        links.renew_link(house.db, who, by="k", secrets=house.secrets, now=house.clock.at)
        assert [each for each in claim(house.mailroom).mails if each.is_reminder] == []

    deeds = [renew_and_look]
    house.postman.before_marker = lambda: deeds.pop()() if deeds else None
    house.deliver()
    assert states(house) == [MessageState.SENT] * 3
    assert all(unit.upper() in letter(house).text for unit in UNITS)


def test_a_crash_after_the_marker_leaves_all_unknown(house: House) -> None:
    class KilledError(BaseException): ...

    def kill() -> None:
        raise KilledError

    at(house, -7)
    house.postman.before_reply = kill
    with pytest.raises(KilledError):
        house.deliver()
    assert states(house) == [MessageState.HANDING] * 3
    house.clock.at += LEASE + timedelta(minutes=1)
    house.postman.before_reply = lambda: None
    house.deliver()
    assert states(house) == [MessageState.UNKNOWN] * 3
    assert len(house.postman.taken) == 1


def test_a_refused_mail_is_tried_again_with_all(house: House) -> None:
    house.postman.script = [Outcome.RETRY]
    at(house, -7)
    house.deliver()
    assert states(house) == [MessageState.PLANNED] * 3
    house.clock.at += timedelta(minutes=5)
    house.deliver()
    assert states(house) == [MessageState.SENT] * 3


NOT_TAKEN = Handover(Outcome.REFUSED, Phase.DOT, 552, "5.2.2 mailbox full")
NOT_NOW = Handover(Outcome.RETRY, Phase.DOT, 451, "4.3.0 try again later")


@pytest.mark.parametrize("who", TRIO)
def test_after_a_refusal_for_now_those_that_still_owe_get_a_mail_of_their_own(house: House, who: str) -> None:
    """The server said 451 to the dot; before the next try one of the units hands in."""
    house.postman.script = [NOT_NOW]
    at(house, 5)
    house.deliver()
    assert [states(house, each)[-1] for each in TRIO] == [MessageState.PLANNED] * 3
    hand_in(house, who)
    house.clock.at += timedelta(minutes=5)
    house.deliver()
    others = tuple(each for each in TRIO if each != who)
    assert states(house, who)[-1] is MessageState.CANCELLED
    assert [states(house, each)[-1] for each in others] == [MessageState.SENT] * 2
    assert who.rpartition(".")[2].upper() not in letter(house).text
    (mail,) = [each for each in house.postman.taken if len(each.recipients) > 1]
    assert set(mail.recipients[1:]) == {f"chef@{each.rpartition('.')[2]}.example" for each in others}


def test_what_was_refused_for_now_says_what_is_true_when_it_leaves(house: House) -> None:
    """Five working days are left on the day of the refusal, four on the day after."""
    house.postman.script = [NOT_NOW]
    at(house, -7, 17)
    house.deliver()
    house.clock.at = house.calendar.next_window(house.clock.at + timedelta(hours=3))
    house.deliver()
    assert "4 arbetsdagar" in letter(house).text
    assert letter(house).date == house.clock.at


def test_a_mail_that_may_have_come_keeps_its_bytes_even_when_refused_later(house: House) -> None:
    house.postman.script = [Outcome.UNKNOWN, NOT_NOW]
    at(house, -7)
    house.deliver()
    before = letter(house)
    outbox.send_again(house.db, rows(house)[0].id, by="k", why="Nej.", calendar=house.calendar, now=house.clock.at)
    house.deliver()
    assert states(house) == [MessageState.PLANNED] * 3
    house.clock.at += timedelta(minutes=15)
    house.deliver()
    assert (letter(house), states(house)) == (before, [MessageState.SENT] * 3)


def words(mail: Taken) -> str:
    body = BytesParser(EmailMessage, policy=default).parsebytes(mail.data).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def links_in(mail: Taken) -> set[str]:
    return {line.strip() for line in words(mail).splitlines() if "/l/" in line}


def renew(house: House, submission_id: str) -> None:
    links.renew_link(house.db, submission_id, by="k", secrets=house.secrets, now=house.clock.at)


def block(house: House, submission_id: str) -> None:
    links.revoke_link(house.db, submission_id, by="k", now=house.clock.at)


@pytest.mark.parametrize("who", TRIO)
@pytest.mark.parametrize("deed", [renew, block])
@pytest.mark.parametrize("refused", [False, True])
def test_what_may_have_come_is_the_same_bytes_whatever_becomes_of_a_link_in_it(
    house: House, deed: Callable[[House, str], None], who: str, refused: bool
) -> None:
    """Its fate is unknown and a person sends it again: a link ends before it goes, or after that has been refused."""
    house.postman.script = [Outcome.UNKNOWN, *[Outcome.REFUSED] * refused]
    at(house, -7)
    house.deliver()
    direct = {f"{OFFICE.base_url}/l/{each.link}.{house.secrets.link_secret(each.link)}" for each in rows(house)}
    again(house, rows(house)[0])
    if refused:
        house.deliver()
        assert states(house) == [MessageState.FAILED] * 3
    deed(house, who)
    if refused:
        again(house, rows(house)[0])
    house.deliver()
    assert states(house) == [MessageState.SENT] * 3
    (mail,) = [each for each in house.postman.taken if len(links_in(each)) == 3]
    assert links_in(mail) == direct


@pytest.mark.parametrize("who", TRIO)
@pytest.mark.parametrize("deed", [renew, block])
def test_what_was_refused_tells_of_all_with_the_links_of_today(
    house: House, deed: Callable[[House, str], None], who: str
) -> None:
    """Also when the link of the unit that leads was renewed before a person sent it again."""
    house.postman.script = [NOT_TAKEN]
    at(house, -7)
    house.deliver()
    old = {each.submission: each.link for each in rows(house)}
    deed(house, who)
    again(house, rows(house, VINGE)[0])
    house.deliver()
    assert states(house) == [MessageState.SENT] * 3
    today = {each.submission: each.link for each in rows(house)}
    assert {each for each in TRIO if today[each] != old[each]} == {who}
    kept = letter(house)
    assert all(unit.upper() in kept.text for unit in UNITS)
    assert kept.copies == ()
    (mail,) = [each for each in house.postman.taken if "OSBY" in words(each)]
    assert links_in(mail) == {
        f"{OFFICE.base_url}/l/{each}.{house.secrets.link_secret(each)}" for each in today.values() if each
    }


@pytest.mark.parametrize("deed", [renew, block])
def test_what_was_refused_and_is_about_one_unit_again_goes_to_nobody_elses_heads(
    house: House, deed: Callable[[House, str], None]
) -> None:
    house.postman.script = [NOT_TAKEN]
    at(house, 5)
    house.deliver()
    lead = next(each for each in rows(house) if each.state is MessageState.FAILED and not each.lead)
    deed(house, lead.submission)
    for each in TRIO:
        if each != lead.submission:
            hand_in(house, each)
    again(house, lead)
    house.deliver()
    (mail,) = [each for each in house.postman.taken if len(each.recipients) > 1]
    assert mail.recipients[1:] == (f"chef@{lead.submission.rpartition('.')[2]}.example",)


def test_a_mail_with_a_link_that_has_no_secret_does_not_leave(house: House) -> None:
    house.postman.script = [Outcome.UNKNOWN]
    at(house, -7)
    house.deliver()
    again(house, rows(house)[0])
    with house.db.begin() as work:
        led = next(each for each in rows(house) if each.lead)
        assert work.outbox.change(led, replace(led, link="en-annan"))
    house.deliver()
    assert house.postman.taken == []
    assert [(each.state, each.reason.partition(":")[0]) for each in rows(house)] == [
        (MessageState.FAILED, "LostLinkError")
    ] * 3


def test_two_planners_and_two_workers_make_one_mail(house: House) -> None:
    at(house, -7)
    at(house, -7)
    first, second = claim(house.mailroom), claim(house.mailroom)
    assert (len(first.mails), len(second.mails)) == (1, 0)


def test_a_unit_that_comes_too_late_for_todays_mail_says_so(house: House) -> None:
    at(house, -7)
    with house.db.begin() as work:
        (held,) = [each for each in work.outbox.of_submission(OSBY) if each.is_reminder]
        assert work.outbox.change(held, held.hold("Vänta."))
    house.deliver()
    with house.db.begin() as work:
        held = work.outbox.get(held.id)
        assert work.outbox.change(held, held.again(house.clock.at, ""))
    house.deliver()
    assert [(each.state, each.reason) for each in rows(house, OSBY)] == [(MessageState.SKIPPED, "one_a_day")]
    assert len(house.postman.taken) == 1


@pytest.fixture
def with_deputy(database: Database) -> House:
    """Two units, one contact person and one deputy for both; the contact is known in two languages."""
    made = House(database, MovingClock(OPENS_AT))
    people = [
        a_contact(unit="norrby", email="asa@norrby.example", language="en"),
        a_contact(unit="osby", email="asa@norrby.example", language="sv"),
        *(a_contact(unit=unit, role=Role.DEPUTY, name="Bo", email="bo@norrby.example") for unit in ("norrby", "osby")),
    ]
    with database.begin() as work:
        work.people.replace([a_unit(id=unit, name=unit.title()) for unit in ("norrby", "osby")], people)
    overdue = Step(offset=1, at=time(10), mail=MessageKind.OVERDUE, copies=(Role.DEPUTY,))
    planned = a_round(state=RoundState.PLANNED, opened_at=None, policy=a_policy(steps=(*a_policy().steps, overdue)))
    rounds.plan_round(database, planned, by="k-1", now=OPENS_AT)
    made.open()
    made.deliver()
    made.postman.taken.clear()
    return made


def test_a_former_deputy_in_copy_for_one_unit_gets_no_link_to_the_other(with_deputy: House) -> None:
    house = with_deputy
    handover.hand_over(
        house.db,
        NORRBY,
        handover.Successor(name="Nils Ny", email="nils@norrby.example", role=Role.DEPUTY),
        by="k",
        secrets=house.secrets,
        calendar=house.calendar,
        now=house.clock.at,
    )
    at(house, 3, 10)
    house.deliver()
    lead = next(each for each in rows(house, NORRBY, OSBY) if each.kind is MessageKind.OVERDUE and not each.lead)
    assert lead.frozen is not None
    assert {"nils@norrby.example", "bo@norrby.example"} <= {
        copy.rpartition("<")[2].rstrip(">") for copy in lead.frozen.copies
    }
    assert "/l/" not in lead.frozen.text


@pytest.mark.parametrize("mode", LinkMode)
def test_each_link_holds_a_secret_of_its_own_or_none(house: House, mode: LinkMode) -> None:
    with house.db.begin() as work:
        work.rounds.save(replace(work.rounds.get(ROUND), links=mode))
    at(house, -1)
    house.deliver()
    ids = [each.link for each in rows(house)]
    direct = {f"{OFFICE.base_url}/l/{id_}.{house.secrets.link_secret(id_)}" for id_ in ids}
    verified = {f"{OFFICE.base_url}/l/{id_}" for id_ in ids}
    assert links_in(house.postman.taken[0]) == (direct if mode is LinkMode.DIRECT else verified)


def test_one_mail_speaks_one_language(with_deputy: House) -> None:
    at(with_deputy, -1)
    with_deputy.deliver()
    lead = next(each for each in rows(with_deputy, NORRBY, OSBY) if each.frozen and not each.lead)
    assert lead.frozen is not None
    assert "Thursday" not in lead.frozen.text
    assert "Påminnelse" in lead.frozen.subject


def test_one_let_go_on_a_day_that_has_had_its_mail_is_refused_and_goes_another_day(house: House) -> None:
    at(house, -8)
    foretold = preview_round(house.db, rounds.find_round(house.db, ROUND), calendar=house.calendar, now=house.clock.at)
    assert any(each.name == "osby.T-5" for each in foretold)
    by_hand(house, "osby.T-5", Deed.HOLD)
    at(house, -7)
    house.deliver()
    with pytest.raises(ToldTodayError):
        by_hand(house, "osby.T-5", Deed.RELEASE)
    assert states(house, OSBY) == [MessageState.HELD]
    at(house, -4)
    by_hand(house, "osby.T-5", Deed.RELEASE)
    house.deliver()
    assert states(house, OSBY) == [MessageState.SENT]


def by_hand(house: House, name: str, deed: Deed, text: str = "Vänta.") -> None:
    now = house.clock.at
    decide(house.db, ROUND, name, deed, text, by="k-1", secrets=house.secrets, calendar=house.calendar, now=now)


def a_second_round(house: House, hour: int) -> None:
    """Beside the first; its reminders, at another hour, fall on the same days."""
    steps = tuple(replace(each, at=time(hour)) for each in a_policy().steps)
    planned = a_round(
        id="2027-T2",
        period=a_period(code="T2", title=dict.fromkeys(("sv", "en"), "Tertial 2")),
        state=RoundState.PLANNED,
        opened_at=None,
        policy=a_policy(steps=steps),
    )
    rounds.plan_round(house.db, planned, by="k-1", now=house.clock.at)
    rounds.open_round(house.db, "2027-T2", secrets=house.secrets, calendar=house.calendar, now=house.clock.at)
    house.deliver()
    house.postman.taken.clear()


def test_one_mail_tells_of_the_units_of_two_rounds_and_both_previews_say_so(house: House) -> None:
    a_second_round(house, 11)
    every = [f"{each}.{unit}" for each in (ROUND, "2027-T2") for unit in UNITS]
    foretold = {
        each.id: preview_round(house.db, each, calendar=house.calendar, now=house.clock.at)
        for each in rounds.all_rounds(house.db)
    }
    for hour in (8, 9, 10, 11, 12):
        at(house, -7, hour)
        house.deliver()
    today = [each for each in rows(house, *every) if each.slot == "T-5"]
    assert [each.state for each in today] == [MessageState.SENT] * 6
    assert len(house.postman.taken) == 1
    promised = {
        f"{round_id}.{each.unit}": (each.at, each.carried_by)
        for round_id, mails in foretold.items()
        for each in mails
        if each.slot == "T-5" and not each.suppressed
    }
    lead = next(each for each in today if not each.lead)
    assert {id_: at for id_, (at, _) in promised.items()} == {each.submission: each.sent_at for each in today}
    assert [id_ for id_, (_, carrier) in promised.items() if not carrier] == [lead.submission]
    assert promised["2027-T2.osby"][1] == lead.submission
    assert lead.frozen is not None
    assert "Tertial 2 2027" in lead.frozen.text


def test_the_preview_counts_what_a_round_sent_before_it_closed_the_same_day(house: House) -> None:
    at(house, -7, 9)
    house.deliver()
    a_second_round(house, 11)
    rounds.close_round(house.db, ROUND, now=house.clock.at)
    seen = preview_round(house.db, rounds.find_round(house.db, "2027-T2"), calendar=house.calendar, now=house.clock.at)
    assert {each.suppressed for each in seen if each.slot == "T-5"} <= {"", "one_a_day"}
    at(house, -7, 11)
    house.deliver()
    sent = {each.slot for unit in UNITS for each in rows(house, f"2027-T2.{unit}") if each.sent_at == house.clock.at}
    assert sent == {each.slot for each in seen if each.at == house.clock.at and not each.suppressed}


NOBODY_TAKES_ANY = Handover(Outcome.RETRY, Phase.RCPT, 450, "4.2.0 greylisted")


def put_off_to_the_last_day(house: House, day: int = -1) -> None:
    """The reminder of the day before is refused for now all day long; the window opens again on the last day."""
    house.postman.always = NOBODY_TAKES_ANY
    for hour in (9, 11, 14, 17):
        at(house, day, hour)
        house.deliver()
    house.postman.always = ACCEPTED


@pytest.fixture
def with_the_day_before(database: Database) -> House:
    """Åsa's Norrby is reminded the day before and on the last day; Osby's last day is a working day later."""
    made = House(database, MovingClock(OPENS_AT))
    people = [a_contact(unit=unit, email="asa@norrby.example") for unit in ("norrby", "osby")]
    with database.begin() as work:
        kinds = {"norrby": UnitKind.STADSDELSNAMND, "osby": UnitKind.BOLAG}
        work.people.replace([a_unit(id=unit, name=unit.title(), kind=kind) for unit, kind in kinds.items()], people)
    steps = (Step(offset=-1, at=time(9), mail=MessageKind.REMINDER), *a_policy().steps[1:])
    due_at = {UnitKind.STADSDELSNAMND: DUE_AT, UnitKind.BOLAG: DUE_AT + timedelta(days=3)}
    planned = a_round(state=RoundState.PLANNED, opened_at=None, due_at=due_at, policy=a_policy(steps=steps))
    rounds.plan_round(database, planned, by="k-1", now=OPENS_AT)
    made.open()
    made.deliver()
    made.postman.taken.clear()
    return made


@pytest.mark.parametrize("noted", [False, True])
def test_what_has_waited_over_night_gives_way_to_the_mail_of_the_last_day(
    with_the_day_before: House, noted: bool
) -> None:
    house = with_the_day_before
    put_off_to_the_last_day(house)
    if noted:
        by_hand(house, "norrby.T+0", Deed.NOTE)
    promised = preview_round(house.db, rounds.find_round(house.db, ROUND), calendar=house.calendar, now=house.clock.at)
    for hour in (7, 8, 9):
        at(house, 0, hour)
        house.deliver()
    norrby = rows(house, NORRBY)
    assert [(each.slot, each.state, each.reason) for each in norrby] == [
        ("T-1", MessageState.SKIPPED, "superseded"),
        ("T+0", MessageState.SENT, ""),
    ]
    # Osby's T-1 is of the same day, for the hour after: it goes along.
    (mail,) = house.postman.taken
    assert b"sista" in mail.data
    told = [(each.unit, each.slot, each.at) for each in promised if each.state in {"expected", "planned"}]
    assert {("norrby", "T+0", norrby[1].sent_at), ("osby", "T-1", norrby[1].sent_at)} <= set(told)


def test_what_has_waited_over_a_weekend_gives_way_to_the_mail_of_the_last_day(with_the_day_before: House) -> None:
    """Osby's last day is the Monday; its reminder of the Friday has been refused for now until the evening."""
    house = with_the_day_before
    put_off_to_the_last_day(house, day=0)
    for day, hour in ((1, 9), (2, 12), (3, 0), (3, 7), (3, 9)):
        at(house, day, hour)
        house.deliver()
    assert [(each.slot, each.state, each.reason) for each in rows(house, OSBY)] == [
        ("T-1", MessageState.SKIPPED, "superseded"),
        ("T+0", MessageState.SENT, ""),
    ]
    assert len(house.postman.taken) == 1


def test_what_an_outage_over_night_has_delayed_gives_way_to_the_mail_of_the_last_day(
    with_the_day_before: House,
) -> None:
    """Nothing ran from the afternoon on, and all of it comes up again long after the window has opened."""
    house = with_the_day_before
    house.postman.always = NOBODY_TAKES_ANY
    at(house, -1)
    house.deliver()
    house.postman.always = ACCEPTED
    at(house, 0, 11)
    house.deliver()
    assert [(each.slot, each.state, each.reason) for each in rows(house, NORRBY)] == [
        ("T-1", MessageState.SKIPPED, "superseded"),
        ("T+0", MessageState.SENT, ""),
    ]
    assert len(house.postman.taken) == 1


def test_one_that_leaves_on_the_last_day_after_all_says_so(with_the_day_before: House) -> None:
    """Nobody has planned anything newer: a planner that is down."""
    house = with_the_day_before
    put_off_to_the_last_day(house)
    house.clock.at = house.calendar.next_window(house.clock.at + timedelta(hours=3))
    house.deliver()
    (late,) = rows(house, NORRBY)
    assert late.frozen is not None
    assert late.state is MessageState.SENT
    assert "0 arbetsdagar" not in late.frozen.subject + late.frozen.text
    assert "är sista tiden" in late.frozen.text


def test_the_overview_tells_the_hour_at_which_one_persons_mails_go_together(house: House) -> None:
    """Norrby is reminded at eight, five working days before its own day; the late ones at ten, were they alone."""
    longer = DUE_AT + timedelta(days=10)
    at(house, -2)
    extensions.extend(house.db, [NORRBY], longer, reason="Sjuk", by="k", secrets=house.secrets, now=house.clock.at)
    house.deliver()
    at(house, 0, 12)
    house.deliver()

    now, calendar = house.clock.at, house.calendar
    listed = overview(house.db, ROUND, calendar=calendar, now=now).overview.rows
    shown = glance(house.db, ROUND, Wanted(), named=6, limit=9, calendar=calendar, now=now)
    eight = calendar.at(calendar.last_day(DUE_AT) + timedelta(days=3), time(8))
    assert [row.next_mail and row.next_mail.at for row in listed] == [eight] * 3
    assert shown.rows == listed

    house.clock.at = eight
    reminders.plan_due(house.db, secrets=house.secrets, calendar=calendar, now=eight)
    assert {row.due_at for row in rows(house) if row.state is MessageState.PLANNED} == {eight}


def again(house: House, message: Message) -> Message:
    now = house.clock.at
    return outbox.send_again(house.db, message.id, by="k", why="Rätt nu.", calendar=house.calendar, now=now)


def test_one_sent_again_on_a_day_that_has_had_its_mail_is_refused_when_it_would_be_untrue_on_the_next(
    house: House,
) -> None:
    house.postman.script = [Outcome.REFUSED]
    at(house, -7)
    house.deliver()
    failed = rows(house, OSBY)[0]
    at(house, 5)  # overdue: all have today's
    house.deliver()
    overdue = [each for each in rows(house) if each.sent_at]
    assert overdue
    with pytest.raises(outbox.NoOtherDayError):
        again(house, failed)  # five days before is over
    assert rows(house, OSBY)[0].state is MessageState.FAILED


def test_one_that_is_still_true_on_the_next_working_day_is_planned_for_then(house: House) -> None:
    """The others' reminder was refused on the Friday; on the Monday Åsa has had one about Norrby."""
    extend(house, NORRBY, 3)
    house.deliver()
    house.postman.script = [Outcome.REFUSED]
    at(house, -7)
    house.deliver()
    assert states(house, OSBY, VINGE) == [MessageState.FAILED] * 2
    at(house, -4)
    house.deliver()
    assert states(house, NORRBY)[-1] is MessageState.SENT
    planned = again(house, rows(house, OSBY)[0])
    house.deliver()
    assert states(house, OSBY) == [MessageState.PLANNED]
    at(house, -3, 7)
    assert planned.due_at == house.clock.at
    house.deliver()
    assert states(house, OSBY) == [MessageState.SENT]
