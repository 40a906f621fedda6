"""How a round stands, read by index: the same on the three databases."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import NOW, ROUND, a_message, a_recipient, a_round, a_submission
from workflow.domain.messages import Message, MessageKind, MessageState
from workflow.domain.overview import OVERDUE, OWES, WITHOUT_CONTACT, RoundStanding, Wanted
from workflow.domain.people import Role, UnitKind, sort_key, stored_sort_key
from workflow.domain.submissions import State, Submission
from workflow.ports import Database

DAY = timedelta(days=1)


def some() -> list[Submission]:
    return [
        a_submission(unit="o", unit_name="Östra nämnden", state=State.SUBMITTED, handed_in_at=NOW, late_days=2),
        a_submission(unit="a", unit_name="Alviks nämnd", due_at=NOW - 3 * DAY),
        a_submission(unit="aa", unit_name="Ålstens nämnd", due_at=NOW - 5 * DAY, state=State.DRAFT, has_contact=False),
        a_submission(unit="h", unit_name="Hägerstens 100 % bolag", kind=UnitKind.BOLAG, state=State.APPROVED),
        a_submission(unit="z", unit_name="Zinkens nämnd", state=State.SUBMITTED, handed_in_at=NOW - DAY),
        a_submission(unit="r", unit_name="Råcksta nämnd", state=State.RETURNED, due_at=NOW + DAY),
    ]


@pytest.fixture
def standing(database: Database) -> Database:
    with database.begin() as work:
        work.rounds.add(a_round())
        work.rounds.add(a_round(id="2027-T2"))
        work.submissions.add(some())
        work.submissions.add([a_submission(round="2027-T2", unit_name="Alviks nämnd")])
        everybody = [each for each in some() if each.has_contact]
        work.recipients.add([a_recipient(id=f"r-{each.unit}", submission=each.id) for each in everybody], [])
        head = a_recipient(id="head", submission=f"{ROUND}.aa", role=Role.HEAD, name="Özlem Påhittad")
        work.recipients.add([head], [])
    return database


@pytest.mark.parametrize(
    ("wanted", "units"),
    [
        (Wanted(), "a h r z aa o"),
        (Wanted(order="due"), "aa a r h z o"),
        (Wanted(order="late"), "aa a o h r z"),
        (Wanted(state=OWES), "a r aa"),
        (Wanted(state=OVERDUE), "a aa"),
        (Wanted(state=OVERDUE, order="late"), "aa a"),
        (Wanted(state=WITHOUT_CONTACT), "aa"),
        (Wanted(state="submitted"), "z o"),
        (Wanted(state="submitted", order="waiting"), "z o"),
        (Wanted(state="draft"), "aa"),
        (Wanted(kind="bolag"), "h"),
        (Wanted(kind="bolag", state="draft"), ""),
        (Wanted(text="hagersten"), "h"),
        (Wanted(text="  ALSTEN "), "aa"),
        (Wanted(text="ozlem"), "aa"),
        (Wanted(text="100 %"), "h"),
        (Wanted(text="1_0"), ""),
        (Wanted(text="finns inte"), ""),
    ],
)
def test_what_is_wanted_is_found_counted_and_paged(standing: Database, wanted: Wanted, units: str) -> None:
    with standing.read() as work:
        found = work.standings.submissions(ROUND, wanted, now=NOW, limit=10)
        assert [each.unit for each in found] == units.split()
        assert work.standings.count(ROUND, wanted, now=NOW) == len(found)
        paged = [work.standings.submissions(ROUND, wanted, now=NOW, limit=1, offset=place) for place in range(7)]
        assert [each for page in paged for each in page] == list(found)
        whole = RoundStanding(groups=work.standings.groups(ROUND), now=NOW)
        assert wanted.text or wanted.state == WITHOUT_CONTACT or whole.count(wanted) == len(found)


def test_groups_count_every_unit_once(standing: Database) -> None:
    with standing.read() as work:
        found = RoundStanding(groups=work.standings.groups(ROUND), now=NOW)
    assert (found.units, found.handed_in, found.owed, found.overdue) == (6, 3, 3, 2)
    assert found.counts == {state: sum(each.state is state for each in some()) for state in State}


def test_a_contact_that_comes_later_is_seen_and_no_save_takes_it_away(standing: Database) -> None:
    with standing.begin() as work:
        stale = work.submissions.get(f"{ROUND}.aa")
        work.recipients.add([a_recipient(id="new", submission=stale.id, role=Role.DEPUTY)], [])
        work.submissions.save(replace(stale, answered=1))
    with standing.read() as work:
        assert work.standings.count(ROUND, Wanted(state=WITHOUT_CONTACT), now=NOW) == 0
        assert work.submissions.get(stale.id).has_contact


def test_whoever_has_nobody_on_that_day_is_without_contact(standing: Database) -> None:
    left = a_recipient(id="left", submission=f"{ROUND}.aa", ends_at=NOW)
    with standing.begin() as work:
        work.recipients.add([left, replace(left, id="comes", starts_at=NOW + DAY, ends_at=None)], [])
    with standing.read() as work:
        for day, units in ((NOW - DAY, []), (NOW, ["aa"]), (NOW + DAY, [])):
            found = work.standings.submissions(ROUND, Wanted(state=WITHOUT_CONTACT), now=day, limit=9)
            assert [each.unit for each in found] == units


def mail(unit: str, number: int, **changes: Any) -> Message:
    message = a_message(id=f"m{number}", submission=f"{ROUND}.{unit}", recipient=f"r-{unit}", slot=f"s{number}")
    return replace(message, **changes)


def plan(database: Database, mails: Iterable[Message]) -> None:
    with database.begin() as work:
        work.outbox.plan(mails)


def test_the_mails_that_leave_next(standing: Database) -> None:
    with standing.read() as work:
        assert work.standings.next_mails(ROUND, limit=9) is None
    sooner = [mail(unit, number, due_at=NOW) for number, unit in enumerate("arh")]
    plan(standing, [mail("z", 8, due_at=NOW + DAY), mail("o", 9, due_at=NOW, state=MessageState.HELD), *sooner])
    with standing.read() as work:
        assert work.standings.next_mails(ROUND, limit=9) == (NOW, 3)
        assert work.standings.next_mails(ROUND, limit=2) == (NOW, 2)
        assert work.standings.next_mails("2027-T2", limit=9) is None


def test_mails_that_did_not_arrive_and_still_matter(standing: Database) -> None:
    reminder = {"kind": MessageKind.REMINDER, "state": MessageState.FAILED}
    asks = [mail("a", 1, **reminder), mail("o", 2, **reminder), mail("r", 3, state=MessageState.UNKNOWN)]
    plan(standing, [*asks, mail("h", 4, kind=MessageKind.RECEIPT, state=MessageState.FAILED), mail("a", 5)])
    with standing.read() as work:
        count, first = work.standings.undelivered(ROUND, MessageState.FAILED, limit=1)
        assert (count, [each.id for each in first]) == (2, ["m1"])
        count, first = work.standings.undelivered(ROUND, MessageState.UNKNOWN, limit=1)
        assert (count, [each.id for each in first]) == (1, ["m3"])
        assert [each.id for each in work.standings.messages({f"{ROUND}.a", f"{ROUND}.o"})] == ["m1", "m2", "m5"]
        assert [each.id for each in work.standings.recipients({f"{ROUND}.aa", f"{ROUND}.a"})] == ["head", "r-a"]


def test_reminders_that_went_by_kind_and_slot(standing: Database) -> None:
    went = {"kind": MessageKind.REMINDER, "state": MessageState.SENT, "slot": "T-5"}
    mails = [mail("a", 1, **went), mail("h", 2, **went), mail("r", 3, **went), mail("z", 4, **went | {"slot": "T-1"})]
    plan(
        standing,
        [
            *mails,
            mail("o", 5, **went, deadline_revision=1),
            mail("o", 6, kind=MessageKind.INVITATION, state=MessageState.SENT),
        ],
    )
    with standing.read() as work:
        norm, bolag = UnitKind.STADSDELSNAMND, UnitKind.BOLAG
        assert work.standings.reminded(ROUND) == {(norm, "T-5"): 2, (norm, "T-1"): 1, (bolag, "T-5"): 1}


def test_mails_are_found_by_the_beginning_of_their_id(standing: Database) -> None:
    plan(standing, [replace(mail("a", place), id=name) for place, name in enumerate(["abca", "abzz", "b2", "ab"])])
    with standing.read() as work:
        assert work.standings.mail_ids("ab", limit=9) == ("ab", "abca", "abzz")
        assert work.standings.mail_ids("ab", limit=2) == ("ab", "abca")
        assert work.standings.mail_ids("a%", limit=2) == ()


def test_the_stored_key_sorts_as_the_pair_does() -> None:
    names = ["Ö", "ö a", "O", "Ål", "Alvik", "alvik", "Alvik B", "Äl", "Z", "Ab", "A b", "A-b", "Éa", "Ea"]
    assert sorted(names, key=stored_sort_key) == sorted(names, key=sort_key)
