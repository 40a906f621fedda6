"""A whole year on one page; held rounds: confirmed by a button, and on top of the pages when their time has come."""

import re
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from tests.web.houses import csrf_of, set_clock
from tests.web.office import ROUND_PAGE, asked, sign_in
from workflow.bootstrap import App
from workflow.domain.rounds import Round, RoundState
from workflow.ports import Job
from workflow.services import rounds, years

AUTUMN = "2027-T2"
AFTER_OPENING = datetime(2027, 8, 17, 7, tzinfo=UTC)


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found, page
    return found[1]


def stored(house: App, round_id: str = AUTUMN) -> Round:
    return rounds.find_round(house.db, round_id)


def plan_2027(client: TestClient) -> None:
    page = client.get("/omgangar/ar?ar=2027").text
    sent = {name: hidden(page, name) for name in ("csrf", "ar", "shown")}
    assert client.post("/omgangar/ar", data=sent).headers["location"] == "/omgangar"


@pytest.fixture
def held(house: App) -> App:
    """The autumn's round is planned and held."""
    plan_2027(sign_in(house))
    return house


def test_a_year_is_shown_with_weekday_and_week_and_planned_by_one_button(house: App) -> None:
    client = sign_in(house)
    assert "/omgangar/ar?ar=2027" in client.get("/omgangar").text
    page = client.get("/omgangar/ar").text
    assert "Planera hela 2027" in page
    assert "Finns redan och ändras inte." in page  # the spring's, open
    assert "Fredag 17 september 2027 kl. 16.00, v.\N{NO-BREAK SPACE}37" in page
    assert "Planera 1 omgång<" in page
    assert [each.id for each in rounds.all_rounds(house.db)] == ["2027-T1"]  # looking plans nothing
    plan_2027(client)
    assert (stored(house).state, stored(house).confirmed) == (RoundState.PLANNED, False)
    assert asked(house) == [Job.OPEN_DUE]
    assert "Väntar på att någon bekräftar den." in client.get("/omgangar").text
    assert "Det finns inget kvar att planera det här året." in client.get("/omgangar/ar?ar=2027").text


def test_nobody_plans_other_dates_than_those_they_saw(house: App) -> None:
    client = sign_in(house)
    page = client.get("/omgangar/ar?ar=2027").text
    sent = {"csrf": csrf_of(page), "ar": "2027", "shown": "something else"}
    answer = client.post("/omgangar/ar", data=sent)
    assert answer.status_code == 409
    assert "Kalendern har ändrats sedan sidan visades" in answer.text
    assert [each.id for each in rounds.all_rounds(house.db)] == ["2027-T1"]


@pytest.mark.parametrize("year", ["1999", "9999", "år", "-1", "2" * 400])
def test_a_year_that_is_no_year_breaks_nothing(house: App, year: str) -> None:
    assert sign_in(house).get("/omgangar/ar", params={"ar": year}).status_code in {200, 303, 404}


def test_a_held_round_is_confirmed_by_a_button_and_once(held: App) -> None:
    client = sign_in(held)
    page = client.get(f"/omgang/{AUTUMN}").text
    assert "Väntar på att någon bekräftar datumen." in page
    sent = {"csrf": csrf_of(page), "version": hidden(page, "version")}
    assert client.post(f"/omgang/{AUTUMN}/bekrafta", data=sent).status_code == 303
    assert stored(held).confirmed
    again = client.post(f"/omgang/{AUTUMN}/bekrafta", data=sent)
    assert again.status_code == 409
    assert "väntar inte på att bekräftas" in again.text
    assert "Öppnar av sig själv" in client.get(f"/omgang/{AUTUMN}").text


def test_nobody_confirms_dates_they_have_not_seen(held: App) -> None:
    client = sign_in(held)
    page = client.get(f"/omgang/{AUTUMN}").text
    sent = {"csrf": csrf_of(page), "version": hidden(page, "version")}
    with held.db.begin() as work:
        work.rounds.save(work.rounds.get(AUTUMN))
    assert client.post(f"/omgang/{AUTUMN}/bekrafta", data=sent).status_code == 409
    assert not stored(held).confirmed


def test_one_whose_time_has_come_stands_on_top_with_two_ways_out(held: App) -> None:
    client = sign_in(held)
    assert "har inte öppnat" not in client.get(ROUND_PAGE).text
    set_clock(held, AFTER_OPENING)
    client = sign_in(held)
    for path in (ROUND_PAGE, "/omgangar"):
        page = client.get(path).text
        assert "Tertialrapport 2 2027 har inte öppnat: ingen har bekräftat den" in page
        assert "Den skulle ha öppnat måndag 16 augusti 2027 kl. 08.00." in page
        assert f'href="/omgang/{AUTUMN}/oppna"' in page
    page = client.get(f"/omgang/{AUTUMN}").text
    assert "Skulle ha öppnat måndag 16 augusti 2027 kl. 08.00, men ingen har bekräftat datumen." in page
    assert "Bekräfta datumen" not in page  # opening it shows first what will happen
    years.confirm_round(held.db, AUTUMN, by="k", now=AFTER_OPENING)
    assert "har inte öppnat" not in client.get("/omgangar").text


def test_one_that_nobody_has_planned_stands_there_too_until_it_is_called_off(house: App) -> None:
    set_clock(house, AFTER_OPENING)
    client = sign_in(house)
    page = client.get("/omgangar").text
    assert "Tertialrapport 2 2027 har inte öppnat" in page
    assert f'href="/omgangar/ny?plan={AUTUMN}"' in page
    plan_2027(client)
    rounds.cancel_round(house.db, AUTUMN, by="k", now=AFTER_OPENING)
    assert "har inte öppnat" not in client.get("/omgangar").text


def test_a_cancelled_round_is_planned_again_from_its_page(held: App) -> None:
    rounds.cancel_round(held.db, AUTUMN, by="k", now=held.now())
    client = sign_in(held)
    page = client.get(f"/omgang/{AUTUMN}").text
    assert f'href="/omgangar/ny?plan={AUTUMN}"' in page
    form = client.get(f"/omgangar/ny?plan={AUTUMN}").text
    sent = dict(re.findall(r'<input [^>]*name="([^"]+)"[^>]*value="([^"]*)"', form))
    answer = client.post("/omgangar/ny", data=sent | {"action": "save"})
    assert answer.headers["location"] == f"/omgang/{AUTUMN}"
    assert (stored(held).state, stored(held).confirmed) == (RoundState.PLANNED, True)


def test_the_timeline_says_24_of_the_last_day_and_not_0_of_it(house: App) -> None:
    page = sign_in(house).get(ROUND_PAGE).text
    assert "fre 28 maj 24.00" in page
    assert "fre 28 maj 00.00" not in page


def test_an_opening_at_which_no_mail_leaves_says_when_it_does(house: App) -> None:
    client = sign_in(house)
    form = client.get(f"/omgangar/ny?plan={AUTUMN}").text
    sent = dict(re.findall(r'<input [^>]*name="([^"]+)"[^>]*value="([^"]*)"', form))
    sent |= {"opens.day": "2027-08-14", "facknamnd.clock": "21.00", "action": "check"}
    page = client.post("/omgangar/ny", data=sent).text
    assert "Då skickas inga mejl. Inbjudningarna går måndag 16 augusti 2027 kl. 07.00." in page
    assert "Fredag 17 september 2027 är kontorstiden 07.00–18.00, och klockslaget ligger utanför den." in page
