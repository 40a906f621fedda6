"""The coordinator's page of a unit's personal links."""

from tests.web.houses import HAMN, NORRBY, browser, csrf_of, open_form
from tests.web.office import ROUND_PAGE, asked, sign_in
from workflow.bootstrap import App
from workflow.domain.messages import MessageKind
from workflow.ports import Job

UNIT = f"{ROUND_PAGE}/underlag/norrby"
PAGE = f"{UNIT}/lankar"


def fields(page: str, who: str = "primary") -> dict[str, str]:
    return {"csrf": csrf_of(page), "recipient": f"{NORRBY}.{who}"}


def test_a_link_is_replaced_and_the_session_of_the_old_one_is_over(house: App) -> None:
    old, client = open_form(house, NORRBY), sign_in(house)
    page = client.get(PAGE).text
    assert "Byt ut länken och mejla en ny till Åsa Påhittad" in page
    assert "Bo Påhittad" in page
    done = client.post(f"{PAGE}/byt", data=fields(page))
    assert (done.status_code, done.headers["location"]) == (303, UNIT)
    assert Job.DELIVER in asked(house)
    assert old.get("/svara").status_code == 403
    shown = client.get(UNIT).text
    assert "Karin Exempel bytte ut en personlig länk." in shown
    with house.db.read() as work:
        assert MessageKind.NEW_LINK in {each.kind for each in work.outbox.of_submission(NORRBY)}


def test_a_link_is_blocked_and_the_page_says_so(house: App) -> None:
    client = sign_in(house)
    page = client.get(PAGE).text
    client.post(f"{PAGE}/sparra", data=fields(page, "deputy"))
    after = client.get(PAGE).text
    assert after.count("Har en länk som gäller.") == 1
    assert "Mejla en ny länk till Bo Påhittad" in after
    again = client.post(f"{PAGE}/sparra", data=fields(page, "deputy"))
    assert again.status_code == 409
    assert "Bo Påhittad har ingen länk som gäller" in again.text


def test_somebody_who_is_gone_is_named(house: App) -> None:
    client = sign_in(house)
    answer = client.post(f"{PAGE}/byt", data=fields(client.get(PAGE).text, "primary-2"))
    assert answer.status_code == 409
    assert "Ingen som svarar för Norrby stadsdelsnämnd" in answer.text


def test_the_units_page_leads_there_and_it_is_the_coordinators_own(house: App) -> None:
    assert f'href="{PAGE}"' in sign_in(house).get(UNIT).text
    for client in (browser(house), open_form(house, HAMN)):
        assert client.get(PAGE).status_code == 303
        assert client.post(f"{PAGE}/byt", data={"recipient": f"{NORRBY}.primary"}).status_code in {303, 403}
