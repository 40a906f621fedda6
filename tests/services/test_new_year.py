"""A round that spans New Year: each mail to the person who is right on that day, and each link only in its time."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from tests.builders import a_contact, a_policy, a_round, a_unit
from tests.services.conftest import OFFICE, House, MovingClock
from workflow.domain.errors import LinkError
from workflow.domain.messages import MessageKind, MessageState
from workflow.domain.people import Role, UnitKind
from workflow.domain.reminders import Step
from workflow.domain.rounds import RoundState
from workflow.ports import Database, Outcome
from workflow.services import access, reminders, rounds
from workflow.services.intended import make_message
from workflow.services.preview import preview_round

ROUND = "2026-VB"
NORRBY, OSTBY = f"{ROUND}.norrby", f"{ROUND}.ostby"
OPENS = datetime(2026, 12, 10, 7, tzinfo=UTC)
MIDNIGHT = datetime(2026, 12, 31, 23, tzinfo=UTC)
DUE = datetime(2027, 1, 22, 15, tzinfo=UTC)
LAST, FIRST = date(2026, 12, 31), date(2027, 1, 1)
STEPS = (
    Step(offset=-25, at=time(8), mail=MessageKind.REMINDER),
    Step(offset=-10, at=time(8), mail=MessageKind.REMINDER),
    Step(offset=0, at=time(8), mail=MessageKind.LAST_DAY),
    Step(offset=1, at=time(8), mail=MessageKind.OVERDUE, copies=(Role.DEPUTY,)),
)


@pytest.fixture
def house(database: Database) -> House:
    """Norrby's contact and deputy change at New Year; Östby becomes a part of Norrby then."""
    made = House(database, MovingClock(OPENS))
    units = [a_unit(), a_unit(id="ostby", name="Östby", valid_to=LAST, replaced_by="norrby")]
    contacts = [
        a_contact(name="Gamla", email="gamla@norrby.example", valid_to=LAST),
        a_contact(name="Nya", email="nya@norrby.example", valid_from=FIRST),
        a_contact(role=Role.DEPUTY, name="Gamla E", email="gamla-e@norrby.example", valid_to=LAST),
        a_contact(role=Role.DEPUTY, name="Nya E", email="nya-e@norrby.example", valid_from=FIRST),
        a_contact(unit="ostby", name="Östen", email="osten@ostby.example"),
    ]
    with database.begin() as work:
        work.people.replace(units, contacts)
    planned = replace(
        a_round(id=ROUND, policy=a_policy(steps=STEPS)),
        year=2026,
        opens_at=OPENS,
        due_at={UnitKind.STADSDELSNAMND: DUE},
        closes_at=DUE + timedelta(days=20),
        state=RoundState.PLANNED,
        opened_at=None,
    )
    rounds.plan_round(database, planned, by="k-1", now=OPENS)
    rounds.open_round(database, ROUND, secrets=made.secrets, calendar=made.calendar, now=OPENS)
    return made


def tick(house: House, at: datetime) -> None:
    house.clock.at = at
    reminders.plan_due(house.db, secrets=house.secrets, calendar=house.calendar, now=at)
    house.deliver()


def run(house: House, first: date, last: date) -> list[tuple[date, str, str]]:
    """Two ticks on each day; every mail with its day, its submission and all who got it."""
    taken: list[tuple[date, str, str]] = []
    day = first
    while day <= last:
        for hour in (7, 12):
            before = len(house.postman.taken)
            tick(house, datetime.combine(day, time(hour, 5), tzinfo=UTC))
            taken += [(day, "", " ".join(each.recipients)) for each in house.postman.taken[before:]]
        day += timedelta(days=1)
    return taken


def test_each_mail_goes_to_the_person_who_is_right_on_that_day(house: House) -> None:
    taken = run(house, OPENS.date(), date(2027, 1, 25))
    assert taken
    before = [to for day, _, to in taken if day <= LAST]
    after = [to for day, _, to in taken if day >= FIRST]
    assert sorted(before) == ["gamla@norrby.example"] * 2 + ["osten@ostby.example"] * 2
    # For both submissions Norrby's new contact: Östby owes its answer still, and Norrby has taken its place.
    assert sorted(after) == ["nya@norrby.example"] * 4 + ["nya@norrby.example nya-e@norrby.example"] * 2


@pytest.mark.parametrize("marked_late", [False, True])
def test_a_mail_that_was_held_up_over_new_year_is_written_anew(house: House, *, marked_late: bool) -> None:
    """`marked_late`: claimed and handed to the server before midnight, its marker's turn came after it."""
    planned_at = datetime(2026, 12, 15, 7, 5, tzinfo=UTC)
    late = datetime(2027, 1, 4, 7, 5, tzinfo=UTC)
    house.deliver()  # the invitations
    house.postman.taken.clear()
    house.clock.at = planned_at
    reminders.plan_due(house.db, secrets=house.secrets, calendar=house.calendar, now=planned_at)
    with house.db.begin() as work:
        reminder = next(each for each in work.outbox.of_submission(NORRBY) if each.kind is MessageKind.REMINDER)
        other = next(each for each in work.outbox.of_submission(OSTBY) if each.kind is MessageKind.REMINDER)
        work.outbox.change(other, other.skip("not_this_time"))
        work.outbox.change(reminder, replace(reminder, give_up_at=late + timedelta(days=1)))
    if marked_late:
        house.postman.before_marker = lambda: setattr(house.clock, "at", late)
    else:
        house.clock.at = late
    house.deliver()
    house.postman.before_marker = lambda: None
    house.deliver()

    assert [each.recipients for each in house.postman.taken] == [("nya@norrby.example",)]
    found = [each for each in house.messages(NORRBY) if each.kind is MessageKind.REMINDER]
    assert [(each.to_name, each.state, each.reason) for each in found if each.state is MessageState.CANCELLED] == [
        ("Gamla", MessageState.CANCELLED, "contact_changed")
    ]
    assert {each.slot for each in found} == {reminder.slot}
    with house.read() as work:
        sent = next(each for each in found if each.state is MessageState.SENT)
        assert work.recipients.link(sent.link).recipient == sent.recipient  # type: ignore[union-attr]


def test_a_mail_whose_copies_alone_changed_keeps_its_row(house: House) -> None:
    due = datetime(2026, 12, 30, 8, tzinfo=UTC)
    late = datetime(2027, 1, 4, 7, 5, tzinfo=UTC)
    house.deliver()
    house.postman.taken.clear()
    house.postman.script = [Outcome.RETRY]
    with house.db.begin() as work:
        people = work.recipients.of(NORRBY)
        first = next(each for each in people if each.name == "Nya")
        deputy = next(each for each in people if each.name == "Gamla E")
        message = make_message(
            work.submissions.get(NORRBY),
            replace(first, starts_at=None),
            link="",
            kind=MessageKind.OVERDUE,
            slot="T+1",
            secrets=house.secrets,
            due_at=due,
            now=due,
            copies=[deputy],
            detail={"copies": "deputy"},
        )
        work.outbox.plan([replace(message, give_up_at=late + timedelta(days=9))])
    house.clock.at = late
    house.postman.script = []
    house.deliver()
    assert [each.recipients for each in house.postman.taken] == [("nya@norrby.example", "nya-e@norrby.example")]


def test_links_open_in_their_time_only(house: House) -> None:
    with house.read() as work:
        links = {
            next(each.name for each in work.recipients.of(NORRBY) if each.id == link.recipient): link
            for link in work.recipients.links_of(NORRBY)
        }
    tokens = {name: f"{link.id}.{house.secrets.link_secret(link.id)}" for name, link in links.items()}
    eve, year = MIDNIGHT - timedelta(minutes=1), MIDNIGHT

    def opens(name: str, now: datetime) -> bool:
        try:
            access.open_link(house.db, tokens[name], secrets=house.secrets, office=OFFICE, now=now)
        except LinkError:
            return False
        return True

    assert [opens(name, eve) for name in ("Gamla", "Gamla E", "Nya", "Nya E")] == [True, True, False, False]
    assert [opens(name, year) for name in ("Gamla", "Gamla E", "Nya", "Nya E")] == [False, False, True, True]


def test_a_session_ends_with_the_link_it_came_by(house: House) -> None:
    with house.read() as work:
        old = next(each.id for each in work.recipients.of(NORRBY) if each.name == "Gamla")
        link = next(each for each in work.recipients.links_of(NORRBY) if each.recipient == old)
    token = f"{link.id}.{house.secrets.link_secret(link.id)}"
    eve = MIDNIGHT - timedelta(hours=1)
    session_id, _ = access.open_link(house.db, token, secrets=house.secrets, office=OFFICE, now=eve)
    assert access.visitor(house.db, session_id, secrets=house.secrets, now=eve) is not None
    assert access.visitor(house.db, session_id, secrets=house.secrets, now=MIDNIGHT) is None


def test_whoever_begins_later_is_invited_then(database: Database) -> None:
    made = House(database, MovingClock(OPENS))
    with database.begin() as work:
        work.people.replace([a_unit()], [a_contact(valid_from=date(2027, 1, 4))])
    planned = replace(
        a_round(id=ROUND),
        opens_at=OPENS,
        due_at={UnitKind.STADSDELSNAMND: DUE},
        closes_at=DUE + timedelta(days=20),
        state=RoundState.PLANNED,
        opened_at=None,
    )
    rounds.plan_round(database, planned, by="k-1", now=OPENS)
    found = rounds.readiness(database, planned, made.calendar)
    assert [each.id for each in found.without_contact] == ["norrby"]
    rounds.open_round(database, ROUND, secrets=made.secrets, calendar=made.calendar, now=OPENS)
    invitation = made.messages(NORRBY)[0]
    assert made.calendar.local(invitation.due_at) == datetime(2027, 1, 4, 7, tzinfo=made.calendar.zone)


def test_readiness_names_who_loses_their_last_contact(database: Database) -> None:
    made = House(database, MovingClock(OPENS))
    with database.begin() as work:
        work.people.replace(
            [a_unit(), a_unit(id="ostby", name="Östby")],
            [a_contact(valid_to=LAST), a_contact(unit="ostby", email="osten@", name="Östen")],
        )
    round_ = a_round(opens_at=OPENS, due_at={UnitKind.STADSDELSNAMND: DUE}, closes_at=DUE + timedelta(days=20))
    found = rounds.readiness(database, round_, made.calendar)
    assert [each.id for each in found.left_alone] == ["norrby"]
    assert [(unit.id, contact.name) for unit, contact in found.unreachable] == [("ostby", "Östen")]
    assert found.without_contact == ()


def test_the_preview_names_the_one_who_is_right_on_each_day(house: House) -> None:
    with house.read() as work:
        round_ = work.rounds.get(ROUND)
    found = preview_round(house.db, round_, calendar=house.calendar, now=OPENS)
    mine = [(house.calendar.local(each.at).date() >= FIRST, each.to_name) for each in found if each.unit == "norrby"]
    assert set(mine) == {(False, "Gamla"), (True, "Nya")}
