"""Answering on the page: saving, checking, handing in, taking back; and that nothing typed is ever lost."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from tests.fakes.queue import FakeQueue
from tests.web.houses import (
    ANSWERS,
    HAMN,
    NORRBY,
    VATTEN,
    browser,
    content,
    csrf_of,
    fill_in,
    hand_in,
    open_form,
    set_clock,
)
from workflow.bootstrap import App
from workflow.domain.forms import Answer
from workflow.domain.submissions import Move, State, Submission
from workflow.ports import Job
from workflow.services import submissions
from workflow.services.freezing import LINK_LIFE

PAGES = (
    "/svara",
    "/svara/kontrollera",
    "/svara/kvitto",
    "/svara/kopia",
    "/svara/inget-att-rapportera",
    "/svara/word/ladda-upp",
)
TEXT = "Vi har träffat tolv företag & <b>lyssnat</b>."


def submission(house: App, submission_id: str = NORRBY) -> Submission:
    with house.db.read() as work:
        return work.submissions.get(submission_id)


def draft(house: App, submission_id: str = NORRBY) -> dict[str, Answer]:
    with house.db.read() as work:
        return work.drafts.of(submission_id)


def fields(page: str) -> dict[str, str]:
    """What a browser would send back if nothing was touched: hidden fields of the form."""
    found = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    found |= dict(re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>\n?([^<]*)</textarea>', page))
    found = {name: unescape(value) for name, value in found.items()}
    return found | dict.fromkeys(re.findall(r'type="checkbox" name="([^"]+)" value="1" checked', page), "1")


def send(client: TestClient, **typed: str) -> Response:
    """Type into the form as it stands and press Spara (or what `action` says)."""
    page = client.get("/svara").text
    names = {name.replace("__", "."): text for name, text in typed.items()}
    return client.post("/svara", data=fields(page) | {"action": "save"} | names)


def give_back(house: App, comments: dict[str, str], reason: str = "") -> None:
    submissions.give_back(
        house.db,
        NORRBY,
        version=None,
        reason=reason,
        comments=comments,
        due_at=house.now() + timedelta(days=7),
        by="k-1",
        secrets=house.secrets,
        now=house.now(),
    )


# --- reading ------------------------------------------------------------------


def test_the_form_opens_with_what_by_when_and_how_far(house: App) -> None:
    fill_in(house, NORRBY, ANSWERS[:2])
    page = open_form(house, NORRBY).get("/svara").text
    assert "Norrby stadsdelsnämnd" in page
    assert "Fredag 28 maj 2027 kl. 24.00" in page
    assert "4 arbetsdagar" in page
    assert "2 av 3 frågor besvarade" in page
    assert "Samordnarna ser hur många frågor som är besvarade, men inte texten" in page
    assert "Två företag har etablerat sig.\nEtt till är på väg.</textarea>" in page
    assert page.count("btn primary") == 1


def test_a_company_gets_its_own_questions(house: App) -> None:
    page = open_form(house, VATTEN).get("/svara").text
    assert "Vilka nya hyresgäster har bolaget fått?" in page
    assert "handläggningstiderna" not in page


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("state", ["not_started", "draft", "submitted", "returned", "approved", "excused"])
@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_page_in_every_state_and_language_writes_nothing(
    house: App, path: str, state: str, language: str
) -> None:
    bring_to(house, state)
    client = open_form(house, NORRBY)
    client.cookies.set("tertial-sprak", language)
    before = content(house)
    page = client.get(path, follow_redirects=True)
    assert page.status_code == 200
    assert f'<html lang="{language}">' in page.text
    assert content(house) == before


def bring_to(house: App, state: str) -> None:
    if state == "draft":
        fill_in(house, NORRBY, ANSWERS[:1])
    elif state == "excused":
        submissions.excuse(
            house.db, NORRBY, reason="Slås samman med Ödeby.", by="k-1", secrets=house.secrets, now=house.now()
        )
    elif state != "not_started":
        hand_in(house, NORRBY)
    if state == "returned":
        give_back(house, {"mark": "Hur många markanvisningar?"})
    elif state == "approved":
        submissions.approve(house.db, NORRBY, version=None, by="k-1", secrets=house.secrets, now=house.now())
    assert submission(house).state == state


@pytest.mark.parametrize("path", [*PAGES, "/svara/word", "/svara/word/formular"])
def test_without_an_opened_link_there_is_nothing(house: App, path: str) -> None:
    fill_in(house, NORRBY)
    page = browser(house).get(path)
    assert page.status_code == 403
    assert "Två företag" not in page.text


POSTS = (
    "/svara",
    "/svara/lamna-in",
    "/svara/ta-tillbaka",
    "/svara/inget-att-rapportera",
    "/svara/avsluta",
    "/svara/word/bekrafta",
)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("token", ["", "wrong"])
def test_a_form_without_its_token_changes_nothing_and_shows_what_was_typed(house: App, path: str, token: str) -> None:
    fill_in(house, NORRBY)
    client = open_form(house, NORRBY)
    before = content(house)
    page = client.post(path, data={"csrf": token, "text.mark": TEXT, "reason": "Inget nytt."})
    assert page.status_code == 422
    assert "Vi har träffat tolv företag &amp; &lt;b&gt;lyssnat&lt;/b&gt;." in page.text
    assert "Inget nytt." in page.text
    assert content(house) == before


def test_another_sites_form_is_refused(house: App) -> None:
    client = open_form(house, NORRBY)
    csrf = csrf_of(client.get("/svara").text)
    refused = client.post("/svara", data={"csrf": csrf, "text.mark": TEXT}, headers={"Sec-Fetch-Site": "cross-site"})
    assert refused.status_code == 403
    assert draft(house) == {}


# --- saving -------------------------------------------------------------------


def test_saving_keeps_every_letter(house: App) -> None:
    client = open_form(house, NORRBY)
    text = "\n\nRad ett  \r\nRad två – ”citat” \u00a0 🙂 ]]> שלום"
    assert send(client, text__mark=text).status_code == 303
    assert draft(house)["mark"].text == text.replace("\r\n", "\n")
    assert fields(client.get("/svara").text)["text.mark"] == text.replace("\r\n", "\n")
    assert submission(house).state is State.DRAFT


def test_saving_what_nobody_touched_stores_no_new_version(house: App) -> None:
    fill_in(house, NORRBY)
    before = draft(house)
    assert send(open_form(house, NORRBY)).status_code == 303
    assert {key: each.version for key, each in draft(house).items()} == {
        key: each.version for key, each in before.items()
    }


def test_not_applicable_needs_its_reason_before_it_counts(house: App) -> None:
    client = open_form(house, NORRBY)
    send(client, na__mark="1")
    assert submission(house).answered == 0
    assert "Motivering saknas" in client.get("/svara").text
    send(client, na__mark="1", reason__mark="Vi har ingen mark.")
    assert submission(house).answered == 1
    assert draft(house)["mark"] == Answer(question="mark", not_applicable=True, na_reason="Vi har ingen mark.")


def test_an_unticked_box_makes_the_question_applicable_again(house: App) -> None:
    fill_in(house, NORRBY)
    client = open_form(house, NORRBY)
    page = fields(client.get("/svara").text)
    del page["na.mark"]
    client.post("/svara", data=page)
    assert draft(house)["mark"].not_applicable is False
    assert draft(house)["mark"].na_reason == "Vi anvisar ingen mark."


def test_fields_of_unknown_questions_fall_away(house: App) -> None:
    client = open_form(house, VATTEN)
    saved = send(client, text__tillstand="Inte vår fråga.", text__nonsens="?", text__mark=TEXT)
    assert saved.status_code == 303
    assert set(draft(house, VATTEN)) == {"mark"}


def test_text_that_cannot_be_kept_is_named_and_everything_stays_in_its_field(house: App) -> None:
    client = open_form(house, NORRBY)
    page = send(client, text__mark="Rad\x0bbruten", text__etableringar="Ren text", text__tillstand="Noll\x00tecken")
    assert page.status_code == 422
    assert draft(house) == {}
    assert "Texten i fråga 1.2 innehåller ett tecken som inte går att spara (U+000B, tecken nummer 4)." in page.text
    assert "(U+0000, tecken nummer 5)" in page.text
    assert 'href="#svar1-2"' in page.text
    assert "Rad\ufffdbruten</textarea>" in page.text
    assert "Ren text</textarea>" in page.text


def test_an_expired_session_shows_all_that_was_typed_and_how_to_go_on(house: App) -> None:
    client = open_form(house, NORRBY)
    page = fields(client.get("/svara").text)
    set_clock(house, house.now() + LINK_LIFE)
    lost = client.post("/svara", data=page | {"text.mark": TEXT, "reason.etableringar": "Därför."})
    assert lost.status_code == 403
    assert "Du har varit borta länge" in lost.text
    assert "tolv företag &amp; &lt;b&gt;lyssnat" in lost.text
    assert "Därför." in lost.text
    assert "1.2 Mark" in lost.text
    assert "Öppna länken i mejlet igen" in lost.text


def test_a_form_from_another_units_session_is_not_saved_here(house: App) -> None:
    client = open_form(house, NORRBY)
    page = fields(client.get("/svara").text)
    client.cookies = open_form(house, HAMN).cookies
    refused = client.post("/svara", data=page | {"text.mark": TEXT})
    assert refused.status_code == 422
    assert "tolv företag" in refused.text
    assert draft(house, HAMN) == {}


# --- two at once ----------------------------------------------------------------


def test_two_in_different_questions_do_not_meet(house: App) -> None:
    asa, bo = open_form(house, NORRBY), open_form(house, NORRBY, name="Bo Påhittad")
    first, second = fields(asa.get("/svara").text), fields(bo.get("/svara").text)
    assert asa.post("/svara", data=first | {"text.mark": "Åsas"}).status_code == 303
    assert bo.post("/svara", data=second | {"text.tillstand": "Bos"}).status_code == 303
    assert {key: each.text for key, each in draft(house).items()} == {"mark": "Åsas", "tillstand": "Bos"}


def test_a_clash_shows_both_texts_and_saves_the_rest(house: App) -> None:
    asa, bo = open_form(house, NORRBY), open_form(house, NORRBY, name="Bo Påhittad")
    stale = fields(bo.get("/svara").text)
    send(asa, text__mark="Åsas text")
    page = bo.post("/svara", data=stale | {"text.mark": "Bos text", "text.tillstand": "Sex veckor."})
    assert page.status_code == 409
    assert "Det Åsa Påhittad sparade" in page.text
    assert "<p>Åsas text</p>" in page.text
    assert "Bos text</textarea>" in page.text
    assert draft(house)["mark"].text == "Åsas text"
    assert draft(house)["tillstand"].text == "Sex veckor."
    again = bo.post("/svara", data=fields(page.text) | {"choice.mark": "mine"})
    assert again.status_code == 303
    assert draft(house)["mark"].text == "Bos text"


def test_in_a_clash_the_others_text_can_be_kept(house: App) -> None:
    asa, bo = open_form(house, NORRBY), open_form(house, NORRBY, name="Bo Påhittad")
    stale = fields(bo.get("/svara").text)
    send(asa, text__mark="Åsas text")
    page = bo.post("/svara", data=stale | {"text.mark": "Bos text"})
    assert bo.post("/svara", data=fields(page.text) | {"choice.mark": "theirs"}).status_code == 303
    assert draft(house)["mark"].text == "Åsas text"


def test_saving_after_a_colleague_handed_in_shows_the_text(house: App) -> None:
    client = open_form(house, NORRBY)
    page = fields(client.get("/svara").text)
    hand_in(house, NORRBY)
    refused = client.post("/svara", data=page | {"text.mark": TEXT})
    assert refused.status_code == 422
    assert "ett underlag som är inlämnat" in refused.text
    assert "tolv företag" in refused.text


def test_a_locked_question_keeps_its_text_and_shows_the_new_one(house: App) -> None:
    hand_in(house, NORRBY)
    submissions.take_back(house.db, NORRBY, by="r", secrets=house.secrets, now=house.now())
    client = open_form(house, NORRBY)
    page = fields(client.get("/svara").text)
    hand_in(house, NORRBY)
    give_back(house, {"tillstand": "Hur många?"})
    refused = client.post("/svara", data=page | {"text.etableringar": TEXT, "text.tillstand": "Nytt svar."})
    assert refused.status_code == 422
    assert "Frågan 1.1 är låst" in refused.text
    assert "tolv företag" in refused.text
    assert "Nytt svar.</textarea>" in refused.text
    assert draft(house)["tillstand"].text == "Åtta veckor i snitt."


# --- checking and handing in ------------------------------------------------------


def test_saving_can_go_on_to_reading_through(house: App) -> None:
    saved = send(open_form(house, NORRBY), text__mark=TEXT, action="check")
    assert (saved.status_code, saved.headers["location"]) == (303, "/svara/kontrollera")


def test_what_is_missing_is_listed_with_links(house: App) -> None:
    fill_in(house, NORRBY, ANSWERS[:1])
    client = open_form(house, NORRBY)
    page = client.get("/svara/kontrollera").text
    assert "2 frågor saknar svar" in page
    assert 'href="/svara#f1-2"' in page
    assert "/svara/lamna-in" not in page
    refused = client.post("/svara/lamna-in", data={"csrf": csrf_of(client.get("/svara").text)})
    assert refused.status_code == 422
    assert "2 frågor saknar svar" in refused.text
    assert submission(house).state is State.DRAFT


def test_handing_in_gives_a_receipt_and_asks_for_the_mail(house: App) -> None:
    fill_in(house, NORRBY)
    client = open_form(house, NORRBY)
    check = client.get("/svara/kontrollera").text
    assert "Två företag har etablerat sig." in check
    done = client.post("/svara/lamna-in", data=fields(check))
    assert (done.status_code, done.headers["location"]) == (303, "/svara/kvitto")
    assert isinstance(house.queue, FakeQueue)
    assert Job.DELIVER in house.queue.asked
    receipt = client.get("/svara/kvitto").text
    assert "Måndag 24 maj 2027 kl. 09.12" in receipt
    with house.db.read() as work:
        edition = work.editions.of(NORRBY)[-1]
    assert edition.sha256 in receipt
    assert edition.answers["etableringar"].text == ANSWERS[0].text


def test_pressing_twice_hands_in_once(house: App) -> None:
    fill_in(house, NORRBY)
    client = open_form(house, NORRBY)
    form = fields(client.get("/svara/kontrollera").text)
    answers = [client.post("/svara/lamna-in", data=form) for _ in range(2)]
    assert [each.headers["location"] for each in answers] == ["/svara/kvitto"] * 2
    assert submission(house).edition == 1


def test_nobody_hands_in_what_they_have_not_read(house: App) -> None:
    fill_in(house, NORRBY)
    asa, bo = open_form(house, NORRBY), open_form(house, NORRBY, name="Bo Påhittad")
    form = fields(asa.get("/svara/kontrollera").text)
    send(bo, text__tillstand="Bos nya text.")
    page = asa.post("/svara/lamna-in", data=form)
    assert page.status_code == 409
    assert "Svaren har ändrats sedan du läste dem" in page.text
    assert "Bos nya text." in page.text
    assert submission(house).state is State.DRAFT
    assert asa.post("/svara/lamna-in", data=fields(page.text)).headers["location"] == "/svara/kvitto"


def test_what_is_saved_while_handing_in_is_not_handed_in_unread(house: App, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_in(house, NORRBY)
    client = open_form(house, NORRBY)
    form = fields(client.get("/svara/kontrollera").text)
    submit = submissions.submit

    def somebody_is_faster(*args: Any, **kwargs: Any) -> Submission:
        fill_in(house, NORRBY, (Answer(question="tillstand", text="Bos nya text."),))
        return submit(*args, **kwargs)

    monkeypatch.setattr(submissions, "submit", somebody_is_faster)
    page = client.post("/svara/lamna-in", data=form)
    assert page.status_code == 409
    assert "Svaren har ändrats sedan du läste dem" in page.text
    assert "Bos nya text." in page.text
    assert submission(house).edition == 0


def test_handing_in_needs_the_page_that_shows_what_is_handed_in(house: App) -> None:
    fill_in(house, NORRBY)
    client = open_form(house, NORRBY)
    form = fields(client.get("/svara/kontrollera").text)
    page = client.post("/svara/lamna-in", data={"csrf": form["csrf"]})
    assert page.status_code == 422
    assert "Läs igenom dem en sista gång och lämna in." in page.text
    assert submission(house).state is State.DRAFT
    assert client.post("/svara/lamna-in", data=fields(page.text)).headers["location"] == "/svara/kvitto"


@pytest.mark.parametrize(
    ("language", "said"), [("sv", "100\N{NO-BREAK SPACE}000 tecken"), ("en", "100,000 characters")]
)
@pytest.mark.parametrize("field", ["text__mark", "reason__mark"])
def test_an_answer_has_a_limit_that_is_named_and_nothing_is_lost(
    house: App, language: str, said: str, field: str
) -> None:
    client = open_form(house, NORRBY, language=language)
    client.cookies.set("tertial-sprak", language)
    text = "a" * 100_000
    page = send(client, text__etableringar="Annat.", **{field: text + "SLUT"})
    assert page.status_code == 422
    assert said in page.text
    assert text + "SLUT</textarea>" in page.text
    assert "Annat.</textarea>" in page.text
    assert "\ufffd" not in page.text
    assert draft(house) == {}
    assert send(client, **{field: text}).status_code == 303


def test_nothing_to_report_has_the_same_limit(house: App) -> None:
    client = open_form(house, NORRBY)
    form = fields(client.get("/svara/inget-att-rapportera").text)
    page = client.post("/svara/inget-att-rapportera", data=form | {"reason": "a" * 100_001})
    assert page.status_code == 422
    assert "Texten i motiveringen är för lång" in page.text
    assert "a" * 100_001 in page.text


def test_a_late_answer_is_taken_and_said_to_be_late(house: App) -> None:
    fill_in(house, NORRBY)
    client = open_form(house, NORRBY)
    set_clock(house, submission(house).due_at + timedelta(days=2))
    assert "Det går fortfarande att lämna in." in client.get("/svara").text
    client.post("/svara/lamna-in", data=fields(client.get("/svara/kontrollera").text))
    assert "1 arbetsdag efter sista dag" in client.get("/svara/kvitto").text


def test_each_version_that_was_handed_in_can_be_read(house: App) -> None:
    hand_in(house, NORRBY)
    give_back(house, {"tillstand": "Hur många?"})
    client = open_form(house, NORRBY)
    send(client, text__tillstand="Sju veckor.")
    assert 'href="/svara/version/1"' in client.get("/svara").text
    first = client.get("/svara/version/1").text
    assert "Åtta veckor i snitt." in first
    assert "Lämnades in av " in first
    assert "Sju veckor." not in first
    assert client.get("/svara/version/2").status_code == 404
    assert browser(house).get("/svara/version/1").status_code == 403


def test_what_was_handed_in_is_readable_and_locked(house: App) -> None:
    hand_in(house, NORRBY)
    client = open_form(house, NORRBY)
    page = client.get("/svara").text
    assert "<p>Två företag har etablerat sig.</p>" in page
    assert "Ej aktuellt: Vi anvisar ingen mark." in page
    assert "<textarea" not in page
    assert "Ta tillbaka" in page
    assert client.get("/svara/kontrollera").headers["location"] == "/svara"


def test_an_exempt_unit_is_told_why(house: App) -> None:
    bring_to(house, "excused")
    page = open_form(house, NORRBY).get("/svara").text
    assert "Ni behöver inte svara den här omgången" in page
    assert "Slås samman med Ödeby." in page


# --- taking back, returned --------------------------------------------------------


def test_taking_back_opens_the_form_again_and_keeps_the_edition(house: App) -> None:
    hand_in(house, NORRBY)
    client = open_form(house, NORRBY)
    form = {"csrf": csrf_of(client.get("/svara").text)}
    for _ in range(2):
        assert client.post("/svara/ta-tillbaka", data=form).headers["location"] == "/svara"
    assert submission(house).state is State.DRAFT
    assert "Ni har tagit tillbaka det ni lämnade in i dag kl. 09.12." in client.get("/svara").text
    with house.db.read() as work:
        assert len(work.editions.of(NORRBY)) == 1


def test_after_review_has_begun_it_cannot_be_taken_back(house: App) -> None:
    hand_in(house, NORRBY)
    client = open_form(house, NORRBY)
    csrf = csrf_of(client.get("/svara").text)
    submissions.start_review(house.db, NORRBY, by="k-1", now=house.now())
    assert not submission(house).allows(Move.TAKE_BACK)
    assert "Ta tillbaka</button>" not in client.get("/svara").text
    refused = client.post("/svara/ta-tillbaka", data={"csrf": csrf})
    assert refused.status_code == 422
    assert "Samordnarna har börjat läsa underlaget" in refused.text


def test_after_a_return_only_the_chosen_question_is_open(house: App) -> None:
    hand_in(house, NORRBY)
    give_back(house, {"tillstand": "Hur många ärenden gäller det?"}, reason="Nästan klart.")
    client = open_form(house, NORRBY)
    page = client.get("/svara").text
    assert "Hur många ärenden gäller det?" in page
    assert "Nästan klart." in page
    assert 'name="text.tillstand"' in page
    assert 'name="text.mark"' not in page
    assert "Visa svaret på fråga 1.1" in page
    assert "Ska kompletteras" in page
    assert "Det ni lämnade in" in page
    send(client, text__tillstand="Åtta veckor, 212 ärenden.")
    assert "Kompletterad" in client.get("/svara").text
    client.post("/svara/lamna-in", data=fields(client.get("/svara/kontrollera").text))
    assert submission(house).edition == 2
    assert "Version 2." in client.get("/svara/kvitto").text


# --- nothing to report, leaving ----------------------------------------------------


def test_nothing_to_report_answers_what_has_no_answer(house: App) -> None:
    fill_in(house, NORRBY, ANSWERS[:1])
    client = open_form(house, NORRBY)
    form = fields(client.get("/svara/inget-att-rapportera").text)
    done = client.post("/svara/inget-att-rapportera", data=form | {"reason": "Inget nytt under våren."})
    assert done.headers["location"] == "/svara/kontrollera"
    assert draft(house)["etableringar"] == ANSWERS[0]
    assert draft(house)["mark"].na_reason == "Inget nytt under våren."
    assert submission(house).answered == 3


@pytest.mark.parametrize(("reason", "said"), [("  ", "Skriv en motivering."), ("Nej\x00tack", "Texten i motiveringen")])
def test_nothing_to_report_needs_a_reason_that_can_be_kept(house: App, reason: str, said: str) -> None:
    client = open_form(house, NORRBY)
    form = fields(client.get("/svara/inget-att-rapportera").text)
    page = client.post("/svara/inget-att-rapportera", data=form | {"reason": reason})
    assert page.status_code == 422
    assert said in page.text
    assert draft(house) == {}


def test_logging_out_closes_the_form_on_our_side_too(house: App) -> None:
    client = open_form(house, NORRBY)
    cookies = dict(client.cookies)
    assert "Du är utloggad" in client.post("/svara/avsluta", data={"csrf": csrf_of(client.get("/svara").text)}).text
    stolen = browser(house)
    stolen.cookies.update(cookies)
    assert stolen.get("/svara").status_code == 403


def test_what_people_write_is_never_markup(house: App) -> None:
    evil = "</textarea><script>alert(1)</script>\"' {{ 7*7 }} {% raw %}"
    client = open_form(house, NORRBY)
    send(client, text__etableringar=evil, na__mark="1", reason__mark=evil, text__tillstand=evil)
    client.post("/svara/lamna-in", data=fields(client.get("/svara/kontrollera").text))
    for path in ("/svara", "/svara/kvitto", "/svara/kopia"):
        page = client.get(path).text
        assert "<script>" not in page
        assert "alert(1)" not in page or "&lt;script&gt;alert(1)" in page
