"""A coordinator's own account: the daily mail is turned off and on again with one press."""

from tests.web.houses import COORDINATOR, browser, csrf_of
from tests.web.office import sign_in
from workflow.bootstrap import App
from workflow.services import access


def wants(house: App) -> bool:
    return access.find_account(house.db, COORDINATOR[0]).digest


def test_the_daily_mail_is_turned_off_and_on_by_whoever_gets_it(house: App) -> None:
    client = sign_in(house)
    page = client.get("/konto").text
    assert COORDINATOR[0] in page
    assert "Stäng av det dagliga mejlet" in page
    for value, wanted, said in (
        ("no", False, "Få det dagliga mejlet igen"),
        ("no", False, "Få det dagliga mejlet igen"),
        ("yes", True, "Stäng av det dagliga mejlet"),
    ):
        answer = client.post("/konto/dagligt-mejl", data={"csrf": csrf_of(page), "wanted": value})
        assert (answer.status_code, answer.headers["location"]) == (303, "/konto")
        assert wants(house) is wanted
        assert said in client.get("/konto").text
    with house.db.read() as work:
        chosen = [each.event for each in work.log.all() if each.event.kind == "account.digest_chosen"]
    assert [each.data["wanted"] for each in chosen] == ["false", "true"]
    assert {each.actor for each in chosen} == {access.find_account(house.db, COORDINATOR[0]).id}


def test_nobody_turns_it_off_without_the_session_and_its_token(house: App) -> None:
    assert browser(house).get("/konto").headers["location"] == "/login?next=/konto"
    assert sign_in(house).post("/konto/dagligt-mejl", data={"csrf": "x", "wanted": "no"}).status_code == 422
    assert wants(house)


def test_every_page_leads_there_in_both_languages(house: App) -> None:
    client = sign_in(house)
    assert 'href="/konto"' in client.get("/omgangar").text
    client.get("/sprak/en?next=/konto")
    assert "Turn off the daily mail" in client.get("/konto").text
