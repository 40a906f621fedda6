"""The page on which another person takes over."""

import re

from tests.web.houses import HAMN, NORRBY, browser, content, csrf_of, link_of, open_form
from tests.web.office import ROUND_PAGE, asked, sign_in
from workflow.bootstrap import App
from workflow.ports import Job

PAGE = f"{ROUND_PAGE}/underlag/norrby/overlamna"


def shown(client: object) -> dict[str, str]:
    page = client.get(PAGE).text  # type: ignore[attr-defined]
    return {"csrf": csrf_of(page), "shown.primary": f"{NORRBY}.primary", "role": "primary", "register": "yes"}


def test_the_old_session_ends_and_the_new_link_opens(house: App) -> None:
    old = open_form(house, NORRBY)
    client = sign_in(house)
    typed = shown(client) | {"name": "Nils Ny", "email": "nils@norrby.example"}
    done = client.post(PAGE, data=typed, follow_redirects=False)
    assert done.status_code == 303
    assert "Nils Ny" in client.get(f"{ROUND_PAGE}/underlag/norrby").text
    assert "lät någon annan ta över" in client.get(f"{ROUND_PAGE}/underlag/norrby").text
    assert Job.DELIVER in asked(house)
    assert old.get("/svara", follow_redirects=False).status_code != 200
    assert browser(house).get(link_of(house, NORRBY, name="Nils Ny")).status_code == 200


def test_what_it_does_to_the_mails_is_shown_first_and_nothing_is_kept(house: App) -> None:
    client = sign_in(house)
    before = content(house)
    typed = shown(client) | {"name": "Nils Ny", "email": "nils@norrby.example", "action": "look"}
    page = client.post(PAGE, data=typed)
    assert page.status_code == 200
    assert "nils@norrby.example" in page.text.split("<form")[-1]
    assert re.search(r"\d+ mejl", page.text)
    assert content(house) == before
    refused = client.post(PAGE, data=typed | {"email": "nils"})
    assert refused.status_code == 422


def test_what_was_typed_stays_when_it_is_refused(house: App) -> None:
    client = sign_in(house)
    answer = client.post(PAGE, data=shown(client) | {"name": "Nils Ny", "email": "nils"})
    assert answer.status_code == 422
    assert "”nils” är ingen e-postadress" in answer.text
    assert 'value="Nils Ny"' in answer.text


def test_whoever_comes_second_is_told(house: App) -> None:
    client = sign_in(house)
    first = shown(client)
    client.post(PAGE, data=first | {"name": "Nils Ny", "email": "nils@norrby.example"})
    answer = client.post(PAGE, data=first | {"name": "Olga", "email": "olga@norrby.example"})
    assert answer.status_code == 409
    assert "Nils Ny" in answer.text
    assert 'value="Olga"' in answer.text


def test_the_page_is_the_coordinators_own(house: App) -> None:
    assert "overlamna" not in open_form(house, HAMN).get("/svara").text
    assert browser(house).get(PAGE, follow_redirects=False).status_code in {303, 401}
