"""Files that go with the answers: added, taken away, handed in, and taken home by those who may."""

import re

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from tests.adapters.documents.files import WHOLE, pdf, png
from tests.web.houses import NORRBY, ROUND, VATTEN, browser, content, csrf_of, fill_in, house, open_form
from tests.web.office import show, sign_in
from tests.web.test_contact import draft, fields, give_back
from workflow.bootstrap import App
from workflow.domain.submissions import State
from workflow.services import submissions

__all__ = ["house"]

PAGE = "/svara/bilagor"
NAME = "Årsrapport åäö.pdf"


def upload(client: TestClient, *files: tuple[str, bytes]) -> Response:
    csrf = csrf_of(client.get(PAGE).text)
    return client.post(PAGE, data={"csrf": csrf}, files=[("file", each) for each in files])


def names(house: App, submission: str = NORRBY) -> list[str]:
    return [each.name for each in submissions.sheet(house.db, submission).files]


def hand_in_with(house: App, *files: tuple[str, bytes]) -> TestClient:
    fill_in(house, NORRBY)
    client = open_form(house, NORRBY)
    assert upload(client, *files).status_code == 303
    page = client.get("/svara/kontrollera").text
    assert client.post("/svara/lamna-in", data=fields(page)).headers["location"] == "/svara/kvitto"
    return client


def begin_review(house: App) -> None:
    submissions.start_review(house.db, NORRBY, by="k-1", now=house.now())


def test_the_way_to_the_files_saves_what_is_typed(house: App) -> None:
    client = open_form(house, NORRBY)
    page = client.get("/svara").text
    assert "Spara och lägg till bilagor" in page
    sent = client.post("/svara", data=fields(page) | {"text.mark": "Tolv.", "action": "files"})
    assert (sent.status_code, sent.headers["location"]) == (303, PAGE)
    assert draft(house)["mark"].text == "Tolv."


def test_a_file_is_added_shown_and_can_be_taken_home_again(house: App) -> None:
    client = open_form(house, NORRBY)
    assert upload(client, (NAME, WHOLE["pdf"])).headers["location"] == PAGE
    for page in (PAGE, "/svara", "/svara/kopia"):
        shown = client.get(page).text
        assert NAME in shown, page
        address = re.findall(r'href="(/svara/bilagor/[^"]+)"', shown)
        assert len(address) == 1, page
    taken = client.get(address[0])
    assert taken.content == WHOLE["pdf"]
    assert taken.headers["content-type"] == "application/pdf"
    assert taken.headers["content-disposition"] == (
        "attachment; filename=\"Arsrapport aao.pdf\"; filename*=UTF-8''%C3%85rsrapport%20%C3%A5%C3%A4%C3%B6.pdf"
    )
    assert taken.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in taken.headers["content-security-policy"]


def test_no_letter_of_a_name_becomes_a_quotation_mark_in_the_header(house: App) -> None:
    client = open_form(house, NORRBY)
    assert upload(client, ("a\uff02; filename=b.exe.csv", b"a;b")).status_code == 303
    (address,) = re.findall(r'href="(/svara/bilagor/[^"]+)"', client.get(PAGE).text)
    shown, _, _ = client.get(address).headers["content-disposition"].partition("; filename*=")
    assert shown == 'attachment; filename="a__ filename=b.exe.csv"'


def test_several_at_once_and_one_that_is_refused_keeps_no_other_out(house: App) -> None:
    client = open_form(house, NORRBY)
    page = upload(client, ("a.pdf", WHOLE["pdf"]), ("b.png", b"MZ" + bytes(60)), ("c.exe", b"MZ"), ("d.csv", b"a;b"))
    assert page.status_code == 422
    assert "Filen b.png går inte att bifoga: innehållet är inte av den filtyp" in page.text
    assert "Filen c.exe går inte att bifoga: den filtypen tas inte emot." in page.text
    assert sorted(names(house)) == ["a.pdf", "d.csv"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.pdf", pdf(b"/OpenAction<</S/JavaScript/JS(1)>>")),
        ("a.png", png() + b"<script>alert(1)</script>"),
        ("a.html", b"<script>alert(1)</script>"),
        ("a.svg", b"<svg onload='alert(1)'/>"),
        ("a.docx", WHOLE["xlsx"]),
        ("a.csv", b"1;=cmd|' /C calc'!A0"),
    ],
)
def test_a_hostile_file_is_refused_and_changes_nothing(house: App, name: str, data: bytes) -> None:
    client = open_form(house, NORRBY)
    csrf_of(client.get(PAGE).text)
    before = content(house)
    assert upload(client, (name, data)).status_code == 422
    assert content(house) == before


def test_a_hostile_name_is_made_safe_and_escaped(house: App) -> None:
    client = open_form(house, NORRBY)
    upload(client, ('<img src=x onerror="alert(1)">.txt', b"hej"))
    assert names(house) == ["_img src=x onerror=%22alert(1)%22_.txt"]
    upload(client, ("a'&b;%0d%0aSet-Cookie: x.txt", b"hopp"))
    page = client.get(PAGE)
    assert "a&#39;&amp;b" in page.text
    for address in re.findall(r'href="(/svara/bilagor/[^"]+)"', page.text):
        taken = client.get(address)
        assert taken.headers["content-type"] == "application/octet-stream"
        assert "x" not in taken.cookies


def test_no_file_is_said_and_too_much_at_once_too(house: App) -> None:
    client = open_form(house, NORRBY)
    assert "Ingen fil är vald" in upload(client, ("", b"")).text
    huge = upload(client, ("a.txt", b"a" * 21_000_000))
    assert huge.status_code == 413
    assert "Lägg till dem en i taget" in huge.text
    assert 'href="/svara/bilagor"' in huge.text
    large = upload(client, ("a.txt", b"a" * 11_000_000))
    assert "större än 10 MB" in large.text
    assert names(house) == []


def test_a_file_is_taken_away_and_twice_is_once(house: App) -> None:
    client = open_form(house, NORRBY)
    upload(client, ("a.pdf", WHOLE["pdf"]))
    page = client.get(PAGE).text
    action = re.search(r'action="([^"]+ta-bort)"', page)
    assert action
    for _ in range(2):
        assert client.post(action[1], data={"csrf": csrf_of(page)}).headers["location"] == PAGE
    assert names(house) == []


def test_a_form_of_another_site_adds_and_removes_nothing(house: App) -> None:
    client = open_form(house, NORRBY)
    upload(client, ("a.pdf", WHOLE["pdf"]))
    added = submissions.sheet(house.db, NORRBY).attachments[0].id
    for path, sent in ((PAGE, {"files": {"file": ("b.pdf", WHOLE["pdf"])}}), (f"{PAGE}/{added}/ta-bort", {})):
        assert client.post(path, data={"csrf": "x"}, **sent).status_code == 422  # type: ignore[arg-type]
    assert names(house) == ["a.pdf"]


def test_another_unit_reaches_none_of_it(house: App) -> None:
    upload(open_form(house, NORRBY), ("a.pdf", WHOLE["pdf"]))
    added = submissions.sheet(house.db, NORRBY).attachments[0].id
    other = open_form(house, VATTEN)
    csrf = csrf_of(other.get(PAGE).text)
    assert other.get(f"{PAGE}/{added}").status_code == 404
    other.post(f"{PAGE}/{added}/ta-bort", data={"csrf": csrf})
    assert names(house) == ["a.pdf"]
    assert browser(house).get(f"{PAGE}/{added}").status_code == 403


def test_handed_in_they_are_listed_with_the_answers_and_stand_fast(house: App) -> None:
    client = hand_in_with(house, (NAME, WHOLE["pdf"]))
    for page in ("/svara/kopia", "/svara/version/1"):
        assert '<a href="/svara/version/1/bilaga/1">' in client.get(page).text
    assert NAME in client.get("/svara/kvitto").text
    assert client.get("/svara/version/1/bilaga/1").content == WHOLE["pdf"]
    assert client.get("/svara/version/1/bilaga/2").status_code == 404
    assert client.get(PAGE).headers["location"] == "/svara"
    with house.db.read() as work:
        csrf = csrf_of(client.get("/svara/kopia").text)
        late = client.post(PAGE, data={"csrf": csrf}, files={"file": ("b.pdf", WHOLE["pdf"])})
        assert late.status_code == 422
        assert [each.name for each in work.editions.of(NORRBY)[0].files] == [NAME]


def test_a_file_added_while_somebody_reads_is_shown_before_it_is_handed_in(house: App) -> None:
    fill_in(house, NORRBY)
    client = open_form(house, NORRBY)
    read = client.get("/svara/kontrollera").text
    upload(client, (NAME, WHOLE["pdf"]))
    again = client.post("/svara/lamna-in", data=fields(read))
    assert again.status_code == 409
    assert NAME in again.text


def test_a_coordinator_sees_and_takes_those_that_came_in(house: App) -> None:
    hand_in_with(house, (NAME, WHOLE["pdf"]))
    client = sign_in(house)
    page = f"/omgang/{ROUND}/underlag/norrby"
    file = f"{page}/version/1/bilaga/1"
    assert NAME not in client.get(page).text, "not before the review has begun"
    assert client.get(file).status_code == 404
    begin_review(house)
    assert f'<a href="{file}">{NAME}</a>' in client.get(page).text
    taken = client.get(file)
    assert taken.content == WHOLE["pdf"]
    assert taken.headers["content-disposition"].startswith("attachment;")
    assert browser(house).get(file).status_code == 303


def test_after_a_return_files_can_change_although_only_a_question_is_open(house: App) -> None:
    contact = hand_in_with(house, (NAME, WHOLE["pdf"]))
    begin_review(house)
    give_back(house, {"mark": "Hur många?"})
    assert "Bilagor går att lägga till och ta bort fast bara" in contact.get(PAGE).text
    assert upload(contact, ("ny.csv", b"a;b")).status_code == 303
    office = sign_in(house)
    shown = show(office, "norrby")
    page = office.get(shown.url).text
    assert NAME in page
    assert "ny.csv" not in page
    assert submissions.sheet(house.db, NORRBY).submission.state is State.RETURNED


def test_the_page_speaks_english(house: App) -> None:
    client = open_form(house, NORRBY)
    client.cookies.set("tertial-sprak", "en")
    page = upload(client, ("a.pdf", b"MZ"))
    assert "The file a.pdf cannot be attached: its content is not of the type that its name says." in page.text
