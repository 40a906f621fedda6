"""`tertial units details` and the calendar's row: who is asked, when, and how the mail would read."""

from datetime import datetime

from tests.cli.conftest import Terminal
from workflow.domain.details import DetailsPolicy, Said
from workflow.services.details import plan_details

BEFORE, AFTER = "2027-11-30T10:00:00+01:00", "2027-12-01T09:05:00+01:00"


def test_the_next_question_and_how_many_it_goes_to(planned: Terminal) -> None:
    said = planned("units", "details", now=BEFORE).stdout
    assert "The next question goes Wed 2027-12-01 09:00, to 3 people" in said
    found = planned.json("units", "details", now=BEFORE)
    assert (found["year"], found["next_people"], found["people"]) == (None, 3, [])
    (row,) = [each for each in planned.json("calendar", "2027") if each["what"] == "yearly question"]
    assert (row["date"], row["mail"]) == ("2027-12-01", "from 09:00")
    assert "3 people" in row["name"]


def test_the_mail_can_be_read_before_it_goes(planned: Terminal) -> None:
    said = planned("units", "details", "--mail", "ASA@osterby.example", now=BEFORE).stdout
    assert "Subject: Stämmer dina kontaktuppgifter? Svara senast" in said
    assert "ÖSTERBY STADSDELSNÄMND" in said
    planned("units", "details", "--mail", "ingen@osterby.example", now=BEFORE, code=1)


def test_who_has_answered(planned: Terminal) -> None:
    house = planned.house()
    now = datetime.fromisoformat(AFTER)
    assert plan_details(house.db, DetailsPolicy(), secrets=house.secrets, calendar=house.calendar, now=now) == 3
    with house.db.begin() as work:
        first = work.details.of_year(2027)[0]
        work.details.answer(first.answer(Said.RIGHT, now))
    found = planned.json("units", "details", now=AFTER)
    assert (found["year"], found["asked"], found["answered"]) == (2027, 3, 1)
    assert {each["email"]: each["answer"] for each in found["people"]} == {
        "asa@osterby.example": "right",
        "bo@osterby.example": "planned",
        "cleo@arbetsnamnden.example": "planned",
    }
    assert "2027: 1 of 3 have answered." in planned("units", "details", now=AFTER).stdout
