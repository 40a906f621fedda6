"""Rounds, the overview, the ledger of mails and the gathered report."""

import re
from datetime import UTC, datetime, timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest

from tests.builders import a_frozen, a_round
from tests.fakes.files import files_of
from tests.web.houses import HAMN, NORRBY, NOW, ROUND, VATTEN, browser, content, csrf_of, fill_in, hand_in, set_clock
from tests.web.office import ROUND_PAGE, asked, make_mail, sign_in
from workflow.bootstrap import App
from workflow.domain.codes import LinkMode
from workflow.domain.messages import MessageState
from workflow.domain.overview import RoundStanding
from workflow.domain.rounds import RoundState
from workflow.domain.submissions import State
from workflow.ports import LINK_SECRET, Job
from workflow.services import bundles, overview, rounds, submissions
from workflow.web import overview_page
from workflow.web.office_words import OfficeWords
from workflow.web.overview_page import segments

PAGES = (
    "/omgangar",
    "/omgangar/ny",
    "/omgangar/ar",
    ROUND_PAGE,
    f"{ROUND_PAGE}/utskick",
    f"{ROUND_PAGE}/rapport",
    f"{ROUND_PAGE}/stang",
)


def state_of(house: App, round_id: str = ROUND) -> RoundState:
    return rounds.find_round(house.db, round_id).state


def plan(house: App, round_id: str = "2027-T2") -> None:
    planned = a_round(
        id=round_id,
        state=RoundState.PLANNED,
        opened_at=None,
        opens_at=datetime(2027, 8, 16, 6, tzinfo=UTC),
        due_at=dict.fromkeys(a_round().due_at, datetime(2027, 9, 17, 14, tzinfo=UTC)),
        closes_at=datetime(2027, 10, 8, 14, tzinfo=UTC),
    )
    rounds.plan_round(house.db, planned, by="test", now=house.now())


# --- all pages -----------------------------------------------------------------------


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_in_both_languages_and_writes_nothing(house: App, path: str, language: str) -> None:
    fill_in(house, NORRBY)
    hand_in(house, HAMN)
    client = sign_in(house, language)
    before = content(house)
    page = client.get(path)
    assert page.status_code == 200
    assert f'<html lang="{language}">' in page.text
    assert page.text.count("btn primary") <= 1
    assert content(house) == before


def test_no_page_of_the_coordinators_holds_a_word_of_a_draft(house: App) -> None:
    fill_in(house, NORRBY)
    client = sign_in(house)
    for path in (*PAGES, f"{ROUND_PAGE}/underlag/norrby", f"{ROUND_PAGE}/rapport/utkast.json"):
        page = client.get(path)
        assert page.status_code == 200
        assert "Två företag har etablerat sig" not in page.text


def test_the_start_is_the_open_round(house: App) -> None:
    client = sign_in(house)
    assert client.get("/").headers["location"] == ROUND_PAGE
    rounds.close_round(house.db, ROUND, now=house.now())
    assert client.get("/").headers["location"] == "/omgangar"


# --- planning, opening, closing ---------------------------------------------------------


def test_a_round_of_the_calendar_is_planned(house: App) -> None:
    client = sign_in(house)
    page = client.get("/omgangar/ny?plan=2027-T2").text
    assert "Det blir fredag 17 september 2027 kl. 16.00, v.\N{NO-BREAK SPACE}37." in page
    answer = client.post("/omgangar/ny", data=dates(page, action="save"))
    assert answer.headers["location"] == "/omgang/2027-T2"
    assert state_of(house, "2027-T2") is RoundState.PLANNED
    assert "Öppnar av sig själv" in client.get("/omgang/2027-T2").text


def test_how_links_open_is_chosen_with_the_dates(house: App) -> None:
    client = sign_in(house)
    page = client.get("/omgangar/ny?plan=2027-T2").text
    assert 'value="direct" checked' in page
    checked = client.post("/omgangar/ny", data=dates(page, action="check", links="verified")).text
    assert 'value="verified" checked' in checked
    client.post("/omgangar/ny", data=dates(page, action="save", links="verified"))
    assert rounds.find_round(house.db, "2027-T2").links is LinkMode.VERIFIED
    assert "Öppnas med en kod som kommer med mejl" in client.get("/omgang/2027-T2").text


def dates(page: str, **changes: str) -> dict[str, str]:
    fields = {"csrf": csrf_of(page), "plan": "2027-T2", "opens.day": "2027-08-16", "opens.clock": "08.00"}
    for kind in ("kommunstyrelse", "facknamnd", "stadsdelsnamnd", "bolag"):
        fields |= {f"{kind}.day": "2027-09-17", f"{kind}.clock": "16.00"}
    fields |= {"closes.day": "2027-10-08", "closes.clock": "16.00"}
    return fields | {name.replace("__", "."): value for name, value in changes.items()}


def test_checking_the_dates_saves_nothing_and_warns_of_bad_days(house: App) -> None:
    client = sign_in(house)
    page = client.get("/omgangar/ny?plan=2027-T2").text
    before = content(house)
    answer = client.post("/omgangar/ny", data=dates(page, action="check", bolag__day="2027-09-18"))
    assert answer.status_code == 200
    assert "Lördag 18 september 2027 är ingen arbetsdag." in answer.text
    assert "saknar kontaktperson" in answer.text
    assert "Ödeby stadsdelsnämnd" in answer.text
    assert content(house) == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"bolag__day": "i höst"}, "”i höst” är inget datum"),
        ({"bolag__day": "2027-02-30"}, "är inget datum"),
        ({"bolag__clock": "25.00"}, "är inget klockslag"),
        ({"bolag__day": "2027-08-01"}, "måste komma efter att omgången har öppnat"),
        ({"bolag__day": "2027-12-01"}, "får inte komma efter att omgången har stängt"),
        ({"closes__day": "2027-08-01"}, "måste stänga efter"),
        ({"bolag__day": "9000-01-01"}, "Kalendern räcker inte"),
    ],
)
def test_dates_that_cannot_be_are_named_and_kept(house: App, changes: dict[str, str], said: str) -> None:
    client = sign_in(house)
    page = client.get("/omgangar/ny?plan=2027-T2").text
    answer = client.post("/omgangar/ny", data=dates(page, action="save", **changes))
    assert answer.status_code == 422
    assert said in answer.text
    assert f'value="{next(iter(changes.values()))}"' in answer.text
    assert all(each.id != "2027-T2" for each in rounds.all_rounds(house.db))


def test_planning_the_same_round_twice_is_told(house: App) -> None:
    client = sign_in(house)
    page = client.get("/omgangar/ny?plan=2027-T2").text
    plan(house)
    answer = client.post("/omgangar/ny", data=dates(page, action="save", opens__day="2027-08-17"))
    assert answer.status_code == 409
    assert "Omgången är redan planerad" in answer.text
    assert 'value="2027-08-17"' in answer.text


def test_a_planned_round_is_opened_after_a_look_at_what_that_does(house: App) -> None:
    plan(house)
    client = sign_in(house)
    page = client.get("/omgang/2027-T2/oppna").text
    assert "3 inbjudningar skickas." in page
    assert "De går på en gång." in page
    assert state_of(house, "2027-T2") is RoundState.PLANNED
    assert client.post("/omgang/2027-T2/oppna", data={"csrf": csrf_of(page)}).status_code == 303
    assert state_of(house, "2027-T2") is RoundState.OPEN
    assert asked(house) == [Job.DELIVER]
    again = client.post("/omgang/2027-T2/oppna", data={"csrf": csrf_of(page)})
    assert again.status_code == 409
    assert "Läget är nu: Öppen." in again.text


def test_invitations_asked_for_at_night_wait_for_the_morning(house: App) -> None:
    plan(house)
    set_clock(house, datetime(2027, 5, 28, 20, tzinfo=UTC))
    page = sign_in(house).get("/omgang/2027-T2/oppna").text
    assert "De går måndag 31 maj kl. 07.00" in page


def test_a_planned_round_is_called_off(house: App) -> None:
    plan(house)
    client = sign_in(house)
    page = client.get("/omgang/2027-T2/stall-in").text
    assert client.post("/omgang/2027-T2/stall-in", data={"csrf": csrf_of(page)}).status_code == 303
    assert state_of(house, "2027-T2") is RoundState.CANCELLED
    assert "ställdes in" in client.get("/omgang/2027-T2").text


def test_a_round_is_closed_after_a_list_of_who_is_missing(house: App) -> None:
    hand_in(house, HAMN)
    client = sign_in(house)
    page = client.get(f"{ROUND_PAGE}/stang").text
    assert "3 nämnder och bolag har inte lämnat in." in page
    assert "1 underlag väntar på granskning." in page
    assert client.post(f"{ROUND_PAGE}/stang", data={"csrf": csrf_of(page)}).status_code == 303
    assert state_of(house) is RoundState.CLOSED
    assert asked(house)[-1] is Job.GATHER
    assert "sena svar tas emot" in client.get(ROUND_PAGE).text


def test_before_closing_one_sees_which_mails_fall_away(house: App) -> None:
    swedish = sign_in(house).get(f"{ROUND_PAGE}/stang").text
    assert "18 mejl faller bort." in swedish
    assert "Faller bort. Skulle ha gått" in swedish
    assert "Omgången är stängd." in swedish
    assert "18 e-mails fall away." in sign_in(house, "en").get(f"{ROUND_PAGE}/stang").text


@pytest.mark.parametrize("action", ["oppna", "stall-in", "stang"])
def test_decisions_about_a_round_need_the_token(house: App, action: str) -> None:
    plan(house)
    client = sign_in(house)
    before = content(house)
    for round_id in (ROUND, "2027-T2"):
        assert client.post(f"/omgang/{round_id}/{action}", data={"csrf": "fel"}).status_code == 422
    assert content(house) == before


def test_an_unknown_round_is_not_found(house: App) -> None:
    answer = sign_in(house).get("/omgang/1999-T9")
    assert answer.status_code == 404
    assert "1999-T9" in answer.text


# --- the overview ----------------------------------------------------------------------------


def test_the_overview_says_what_to_do(house: App) -> None:
    hand_in(house, VATTEN)
    make_mail(house, HAMN, MessageState.FAILED, reason="550 5.1.1 no such user")
    set_clock(house, NOW + timedelta(days=7))
    page = sign_in(house).get(ROUND_PAGE).text
    assert "Att göra i dag" in page
    assert "väntar på granskning" in page
    assert "Adressen finns inte hos mottagaren." in page
    assert "Inga mejl kan skickas till dem." in page
    assert "försenade" in page


def test_a_failed_reminder_of_what_has_come_in_is_nobodys_work(house: App) -> None:
    make_mail(house, HAMN, MessageState.FAILED, reason="550 5.1.1 no such user")
    client = sign_in(house)
    assert "mejl gick inte fram" in client.get(ROUND_PAGE).text
    hand_in(house, HAMN)
    assert "mejl gick inte fram" not in client.get(ROUND_PAGE).text


def test_nothing_to_do_is_said(house: App) -> None:
    with house.db.read() as work:
        everyone = work.submissions.of_round(ROUND)
    for each in everyone:
        submissions.excuse(house.db, each.id, reason="Prov", by="test", secrets=house.secrets, now=house.now())
    page = sign_in(house).get(ROUND_PAGE).text
    assert "Inget att göra i dag." in page


def test_units_stand_in_swedish_order_and_are_found_without_dots(house: App) -> None:
    client = sign_in(house)
    page = client.get(ROUND_PAGE).text
    table = page[page.index("<table") :]
    assert table.index("Hamnnämnden") < table.index("Vattenbolaget") < table.index("Ödeby")
    found = client.get(f"{ROUND_PAGE}?q=odeby").text
    assert "Visar 1 av 4" in found
    assert "Vattenbolaget" not in found[found.index("<table") :]


TABLES = {
    "lage=draft": 1,
    "lage=overdue": 4,
    "lage=without_contact": 1,
    "slag=bolag": 1,
    "lage=hittepa": 4,
    "q=cleo": 1,
    "sida=9": 4,
}


@pytest.mark.parametrize(("query", "count"), TABLES.items())
def test_the_table_is_filtered(house: App, query: str, count: int) -> None:
    fill_in(house, NORRBY)
    set_clock(house, NOW + timedelta(days=7))
    assert f"Visar {count} av 4" in sign_in(house).get(f"{ROUND_PAGE}?{query}").text


def test_the_table_is_paged_and_keeps_what_was_chosen(house: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview_page, "PAGE", 3)
    client = sign_in(house)
    first = client.get(f"{ROUND_PAGE}?lage=not_started").text
    assert "Visar 4 av 4" in first
    assert "Sida 1 av 2" in first
    assert first.count('<tr role="row"><th role="rowheader"') == 3
    found = re.search(r'href="(\?[^"]*sida=2#tabell)"', first)
    assert found
    second = client.get(ROUND_PAGE + found[1].replace("&amp;", "&")).text
    table = second[second.index("<table") :]
    assert "Ödeby" in table
    assert "Hamnnämnden" not in table
    assert "lage=not_started" in second


def test_a_search_without_a_hit_says_so_and_shows_what_was_sought(house: App) -> None:
    page = sign_in(house).get(ROUND_PAGE, params={"q": '"><script>'}).text
    assert "passar in på det du valde" in page
    assert "<script>" not in page[page.index("<main") :]
    assert "&#34;&gt;&lt;script&gt;" in page


def test_the_bar_shares_its_width_among_the_states_that_are(house: App) -> None:
    hand_in(house, HAMN)
    parts = segments(standing_of(house))
    assert [part.state for part in parts] == [State.SUBMITTED, State.NOT_STARTED]
    assert parts[-1].x + parts[-1].width == pytest.approx(1000, abs=0.2)
    assert parts[1].width == pytest.approx(parts[0].width * 3, abs=0.2)


def standing_of(house: App) -> RoundStanding:
    return overview.owed(house.db, ROUND, limit=0, now=house.now()).standing


# --- mails ----------------------------------------------------------------------------------------


def test_what_did_not_arrive_stands_first(house: App) -> None:
    make_mail(house, VATTEN, MessageState.UNKNOWN, reason="connection_lost")
    page = sign_in(house).get(f"{ROUND_PAGE}/utskick").text
    table = page[page.index("<table") :]
    assert table.index("Vattenbolaget") < table.index("Hamnnämnden")
    assert "Anslutningen bröts innan mejlservern hade svarat." in table
    only = sign_in(house).get(f"{ROUND_PAGE}/utskick?lage=unknown").text
    assert "Visar 1 av 3" in only


@pytest.mark.parametrize(("language", "said"), [("sv", "Omgången är stängd."), ("en", "The round is closed.")])
def test_reasons_are_words(language: str, said: str) -> None:
    say = OfficeWords(language)
    assert say.reason("round_closed") == said
    assert say.reason("451 4.7.1 greylisted").endswith("451 4.7.1 greylisted")
    assert say.reason("Karin ringde") == "Karin ringde"
    assert say.mail_state("unknown") != "unknown"


def test_a_mail_is_shown_without_the_links_secret(house: App) -> None:
    text = f"Öppna formuläret: http://testserver/l/abc.{LINK_SECRET}"
    sent = make_mail(house, HAMN, MessageState.SENT, frozen=a_frozen(text=text), sent_at=NOW)
    page = sign_in(house).get(f"{ROUND_PAGE}/utskick/{sent.id}").text
    assert "http://testserver/l/abc.•••" in page
    assert LINK_SECRET not in page
    assert house.secrets.link_secret(sent.link) not in page


def test_nor_with_the_places_where_the_secrets_of_several_units_will_stand(house: App) -> None:
    text = "Norrby: http://testserver/l/abc.{link-secret-abc}\nHamnen: http://testserver/l/k-7_d.{link-secret-k-7_d}"
    sent = make_mail(house, HAMN, MessageState.SENT, frozen=a_frozen(text=text, html=text), sent_at=NOW)
    client = sign_in(house)
    for page in (f"utskick/{sent.id}", f"forhandsvisning/{sent.id}/html"):
        shown = client.get(f"{ROUND_PAGE}/{page}").text
        assert "link-secret" not in shown
        assert "http://testserver/l/abc.•••" in shown
        assert "http://testserver/l/k-7_d.•••" in shown


def test_a_failed_mail_is_sent_again_with_a_reason(house: App) -> None:
    failed = make_mail(house, HAMN, MessageState.FAILED, reason="550 5.1.1 no such user", attempts=1)
    client = sign_in(house)
    url = f"{ROUND_PAGE}/utskick/{failed.id}"
    csrf = csrf_of(client.get(url).text)
    refused = client.post(f"{url}/igen", data={"csrf": csrf, "reason.mail": "  "})
    assert refused.status_code == 422
    assert "Skriv en motivering." in refused.text
    assert client.post(f"{url}/igen", data={"csrf": csrf, "reason.mail": "Adressen är rättad"}).status_code == 303
    with house.db.read() as work:
        assert work.outbox.get(failed.id).state is MessageState.PLANNED
    late = client.post(f"{url}/igen", data={"csrf": csrf, "reason.mail": "Min motivering"})
    assert late.status_code == 409
    assert "Min motivering" in late.text


def test_a_planned_mail_is_skipped_with_a_reason(house: App) -> None:
    with house.db.read() as work:
        planned = work.outbox.of_submission(HAMN)[0]
    client = sign_in(house)
    url = f"{ROUND_PAGE}/utskick/{planned.id}"
    csrf = csrf_of(client.get(url).text)
    assert client.post(f"{url}/hoppa", data={"csrf": csrf, "reason.mail": "Jag ringer"}).status_code == 303
    page = client.get(url).text
    assert "Hoppades över" in page
    assert "Jag ringer" in page


def test_a_mail_of_another_round_is_not_found(house: App) -> None:
    plan(house)
    with house.db.read() as work:
        planned = work.outbox.of_submission(HAMN)[0]
    assert sign_in(house).get(f"/omgang/2027-T2/utskick/{planned.id}").status_code == 404


# --- the gathered report ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["docx", "json", "zip"])
def test_a_draft_edition_is_downloaded_on_any_day(house: App, kind: str) -> None:
    hand_in(house, HAMN)
    client = sign_in(house)
    before = content(house)
    answer = client.get(f"{ROUND_PAGE}/rapport/utkast.{kind}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="{ROUND}-utkast.{kind}"'
    assert content(house) == before
    if kind == "zip":
        assert f"{ROUND}-utkast.docx" in ZipFile(BytesIO(answer.content)).namelist()


def test_kept_editions_are_listed_and_downloaded(house: App) -> None:
    hand_in(house, HAMN)
    rounds.close_round(house.db, ROUND, now=house.now())
    kept = bundles.bundle_round(house.db, house.documents, house.files, ROUND, now=house.now())
    client = sign_in(house)
    page = client.get(f"{ROUND_PAGE}/rapport").text
    for name, data in files_of(kept).items():
        assert name in page
        assert client.get(f"{ROUND_PAGE}/rapport/fil/{name}").content == data


@pytest.mark.parametrize("name", ["..%2F..%2Fsecret.key", "secret.key", ".hidden.zip", "finns-inte.zip"])
def test_no_other_file_can_be_had(house: App, name: str) -> None:
    assert sign_in(house).get(f"{ROUND_PAGE}/rapport/fil/{name}").status_code == 404


def test_an_unknown_kind_of_draft_is_not_found(house: App) -> None:
    assert sign_in(house).get(f"{ROUND_PAGE}/rapport/utkast.exe").status_code == 404


@pytest.mark.parametrize("path", [*PAGES, f"{ROUND_PAGE}/rapport/utkast.json", f"{ROUND_PAGE}/underlag/hamn"])
def test_nothing_is_shown_to_a_stranger(house: App, path: str) -> None:
    assert browser(house).get(path).headers["location"].startswith("/login?next=/omgang")
