"""One mail decided about on its page: what it does is shown first, what was typed is kept."""

import html
import re

import pytest

from tests.builders import a_frozen
from tests.web.houses import HAMN, NORRBY, content, csrf_of, hand_in
from tests.web.office import ROUND_PAGE, asked, sign_in
from workflow.bootstrap import App
from workflow.domain.messages import MessageKind, MessageState
from workflow.ports import Job
from workflow.services.reminders import plan_due

PAGE = f"{ROUND_PAGE}/forhandsvisning"
MAIL = f"{PAGE}/2027-T1.norrby.T+3"


def press(house: App, deed: str, text: str = "", *, mail: str = MAIL, language: str = "sv") -> tuple[int, str, str]:
    client = sign_in(house, language)
    page = client.get(f"{mail}/{deed}").text
    sent = client.post(f"{mail}/{deed}", data={"csrf": csrf_of(page), "text": text, "upon": upon_of(page)})
    return sent.status_code, sent.text, sent.headers.get("location", "")


def upon_of(page: str) -> str:
    """The note that the page was written from, as a browser would send it back."""
    found = re.search(r'<textarea name="upon" hidden>\n(.*?)</textarea>', page, re.DOTALL)
    return html.unescape(found[1]).replace("\n", "\r\n") if found else ""


def states(house: App) -> dict[str, MessageState]:
    with house.db.read() as work:
        return {each.slot: each.state for each in work.outbox.of_submission(NORRBY)}


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("deed", ["pausa", "hoppa", "slapp", "tillagg"])
def test_asking_shows_a_page_in_both_languages_and_writes_nothing(house: App, deed: str, language: str) -> None:
    client = sign_in(house, language)
    before = content(house)
    page = client.get(f"{MAIL}/{deed}")
    assert page.status_code == 200
    assert "%(" not in page.text
    assert content(house) == before


def test_what_it_does_to_the_mails_is_shown_first(house: App) -> None:
    client = sign_in(house)
    assert "1 mejl pausas." in client.get(f"{MAIL}/pausa").text
    assert "1 mejl faller bort." in client.get(f"{MAIL}/hoppa").text
    assert "går inte att ändra längre" in client.get(f"{MAIL}/slapp").text


def test_held_and_let_go(house: App) -> None:
    status, _, place = press(house, "pausa", "De har ringt.")
    assert (status, states(house)["T+3"]) == (303, MessageState.HELD)
    client = sign_in(house)
    page = client.get(place).text
    assert "De har ringt." in page
    assert "Så blir mejlet om det får gå" in page
    assert "Låt mejlet gå …" in page
    assert "De har ringt." in client.get(f"{PAGE}?lage=stoppas").text
    assert press(house, "slapp", mail=place)[0] == 303
    assert states(house)["T+3"] is MessageState.PLANNED
    assert asked(house)[-1] is Job.DELIVER


def test_skipped_and_thought_better_of(house: App) -> None:
    place = press(house, "hoppa", "Onödigt")[2]
    assert states(house)["T+3"] is MessageState.SKIPPED
    plan_due(house.db, secrets=house.secrets, calendar=house.calendar, now=house.now())
    assert press(house, "slapp", mail=place)[0] == 303
    assert states(house)["T+3"] is MessageState.PLANNED


def test_a_mail_about_several_units_is_one_on_every_units_page(house: App) -> None:
    with house.db.begin() as work:
        norrby, hamn = (work.outbox.of_submission(each)[0] for each in (NORRBY, HAMN))
        both = {"kind": MessageKind.REMINDER, "slot": "T-5", "state": MessageState.UNKNOWN, "to_email": norrby.to_email}
        assert work.outbox.plan([norrby.but(id="letter", frozen=a_frozen(), **both)]) == 1
        assert work.outbox.plan([hamn.but(id="told", lead="letter", **both)]) == 1

    def both_are(state: MessageState) -> bool:
        with house.db.read() as work:
            return {work.outbox.get(each).state for each in ("letter", "told")} == {state}

    status, _, place = press(house, "hoppa", "Hon har fått det.", mail=f"{PAGE}/told")
    assert (status, place, both_are(MessageState.SKIPPED)) == (303, f"{PAGE}/told", True)
    assert press(house, "slapp", mail=place)[0] == 303
    assert both_are(MessageState.PLANNED)
    for language, said in (("sv", "berättar mejlet om"), ("en", "is told of in the e-mail about")):
        page = sign_in(house, language).get(f"{place}/tillagg").text
        assert said in page
        assert f"({NORRBY}.T-5)" in page


def test_own_words_stand_in_the_mail(house: App) -> None:
    place = press(house, "tillagg", "Ring mig gärna.\nKarin")[2]
    client = sign_in(house)
    assert "Ring mig gärna." in client.get(f"{place}/html").text
    assert "Ring mig gärna." in client.get(f"{place}/tillagg").text
    assert "Ändra egna rader …" in client.get(place).text
    press(house, "tillagg", "", mail=place)
    assert "Ring mig" not in client.get(f"{place}/html").text


def test_two_who_write_in_one_mail_at_once_both_keep_their_words(house: App) -> None:
    client = sign_in(house)
    page = client.get(f"{MAIL}/tillagg").text
    place = press(house, "tillagg", "Ring mig gärna.\nKarin")[2]
    mine = {"csrf": csrf_of(page), "text": "Jag sitter i möte.", "upon": upon_of(page)}
    late = client.post(f"{place}/tillagg", data=mine)
    assert late.status_code == 409
    assert "En kollega har ändrat de egna raderna medan du skrev." in late.text
    assert "Ring mig gärna." in late.text
    assert "Jag sitter i möte." in late.text
    assert "Ring mig gärna." in client.get(f"{place}/html").text
    both = client.post(f"{place}/tillagg", data={**mine, "text": "Ring eller skriv.", "upon": upon_of(late.text)})
    assert both.status_code == 303
    assert "Ring eller skriv." in client.get(f"{place}/html").text


def test_a_missing_reason_is_asked_for_and_nothing_lost(house: App) -> None:
    status, page, _ = press(house, "pausa", " ")
    assert status == 422
    assert "Skriv en motivering." in page
    status, page, _ = press(house, "tillagg", "Ett \x00 tecken")
    assert status == 422
    assert "T+3" not in states(house)


def test_one_that_has_fallen_in_the_meantime_is_told_with_the_text_kept(house: App) -> None:
    client = sign_in(house)
    token = csrf_of(client.get(f"{MAIL}/pausa").text)
    place = press(house, "pausa", "Väntar")[2]
    hand_in(house, NORRBY)
    late = client.post(f"{place}/tillagg", data={"csrf": token, "text": "Mina egna rader"})
    assert late.status_code == 409
    assert "Mina egna rader" in late.text


def test_before_the_round_opens_it_is_said_when_it_can_be_done(house: App) -> None:
    client = sign_in(house)
    token = csrf_of(client.get(f"{ROUND_PAGE}/stang").text)
    client.post(f"{ROUND_PAGE}/stang", data={"csrf": token})
    assert "är inte öppen" in client.get(f"{MAIL}/pausa").text
    assert "Pausa …" not in client.get(MAIL).text


def test_no_such_deed(house: App) -> None:
    assert sign_in(house).get(f"{MAIL}/nonsens").status_code == 404
