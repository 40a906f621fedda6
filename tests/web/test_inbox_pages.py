"""What came in by mail, on the coordinators' pages and on the unit's own."""

import re
from dataclasses import replace

from starlette.testclient import TestClient

from tests.adapters.documents.files import png
from tests.adapters.documents.test_pictures import with_pictures
from tests.adapters.mail.mailbag import answer
from tests.builders import an_office_message
from tests.web.houses import HAMN, NORRBY, VATTEN, browser, content, csrf_of, hand_in, house, open_form
from tests.web.mailed import address, arrive, bounce, invitation, mail_form
from tests.web.office import ROUND_PAGE, sign_in
from tests.web.test_contact import draft, fields
from workflow.adapters.mail.incoming import read_mail
from workflow.bootstrap import App
from workflow.domain.incoming import EnclosedFile
from workflow.services import inbox
from workflow.services.contacts import people_in

__all__ = ["house"]

UNIT = f"{ROUND_PAGE}/underlag/norrby"
CANARY = "Kanariefågelordet"


def open_ones(house: App) -> list[str]:
    return [each.arrival.id for each in inbox.to_see_to(house.db)]


def time_form(client: TestClient, arrival_id: str) -> dict[str, str]:
    page = client.get(f"/inkommet/{arrival_id}").text
    typed = re.findall(r'name="(mail\.(?:day|clock))" type="text"[^>]* value="([^"]*)"', page)
    return fields(page) | dict(typed)


# --- coordinators ---------------------------------------------------------------------------------------------------


def test_a_reply_stands_on_the_overview_the_units_page_and_the_list(house: App) -> None:
    came = arrive(house, "Vi undrar <b>om</b>\n\nfråga 3.", subject="En undran")
    client = sign_in(house)
    assert "1</span> mejl har kommit in" in client.get(ROUND_PAGE).text
    page = client.get(UNIT).text
    assert "Vi undrar &lt;b&gt;om&lt;/b&gt;\n\nfråga 3." in page
    assert "Åsa Påhittad, asa.pahittad@norrby.example" in page
    listed = client.get("/inkommet").text
    assert f'href="/inkommet/{came.id}">En undran</a>' in listed
    assert "Norrby stadsdelsnämnd" in listed


def test_files_of_a_reply_are_saved_and_what_may_be_a_form_is_only_named(house: App) -> None:
    table = EnclosedFile(name='ut"fall.xlsx', media_type="text/html", content=b"<script>")
    form = EnclosedFile(name="utkast.docx", media_type="application/pdf", content=CANARY.encode())
    program = EnclosedFile(name="program.exe", media_type="application/pdf", content=b"MZ")
    came = arrive(house, "Se bilagan.", files=(table, form, program))
    client = sign_in(house)
    page = client.get(f"/inkommet/{came.id}").text
    assert f'<a href="/inkommet/{came.id}/fil/1">' in page
    assert "utkast.docx, program.exe" in page
    assert "Word-filer visas inte här" in page
    saved = client.get(f"/inkommet/{came.id}/fil/1")
    assert saved.content == b"<script>"
    assert saved.headers["Content-Disposition"].startswith('attachment; filename="ut_fall.xlsx"')
    assert saved.headers["X-Content-Type-Options"] == "nosniff"
    assert "html" not in saved.headers["Content-Type"]
    for number in (0, 2, 3, 4):
        assert client.get(f"/inkommet/{came.id}/fil/{number}").status_code == 404
    assert browser(house).get(f"/inkommet/{came.id}/fil/1").status_code == 303


def test_it_is_gone_once_somebody_has_seen_to_it(house: App) -> None:
    came = arrive(house)
    client = sign_in(house)
    token = csrf_of(client.get(f"/inkommet/{came.id}").text)
    for origin, location in (("unit", f"{UNIT}#inkommet"), ("", f"/inkommet/{came.id}")):
        done = client.post(f"/inkommet/{came.id}/klart", data={"csrf": token, "from": origin})
        assert (done.status_code, done.headers["location"]) == (303, location)
    assert open_ones(house) == []
    assert "Inga mejl väntar på dig." in client.get("/inkommet").text
    assert "Karin Exempel tog hand om mejlet" in client.get(f"/inkommet/{came.id}").text
    assert "mejl har kommit in" not in client.get(ROUND_PAGE).text
    assert client.get("/inkommet?lage=alla").text.count(came.id) == 1


def test_the_time_that_a_reply_asks_for_is_given_with_one_press(house: App) -> None:
    came = arrive(house, "Vi behöver till torsdag 3 juni. Går det?")
    client = sign_in(house)
    page = client.get(UNIT).text
    assert "Ge anstånd till torsdag 3 juni 2027 kl. 24.00" in page
    start = page.index(f'action="/inkommet/{came.id}/anstand"')
    done = client.post(f"/inkommet/{came.id}/anstand", data=fields(page[start : page.index("</form>", start)]))
    assert (done.status_code, done.headers["location"]) == (303, f"{UNIT}#inkommet")
    with house.db.read() as work:
        submission = work.submissions.get(NORRBY)
    assert house.calendar.last_day(submission.due_at).isoformat() == "2027-06-03"
    assert submission.extended
    assert open_ones(house) == []


def test_another_day_may_be_given_and_a_bad_one_loses_nothing(house: App) -> None:
    came = arrive(house, "Kan vi få lite mer tid?")
    client = sign_in(house)
    url = f"/inkommet/{came.id}"
    form = time_form(client, came.id)
    assert form["mail.day"] == "2027-06-04"  # five working days on: nothing was named
    wrong = client.post(f"{url}/anstand", data=form | {"mail.day": "fredag", "reason.mail": "Mitt eget skäl"})
    assert wrong.status_code == 422
    assert "”fredag” är inget datum." in wrong.text
    assert "Mitt eget skäl" in wrong.text
    unwise = client.post(f"{url}/anstand", data=form | {"mail.day": "2027-06-05"})  # a Saturday
    assert (unwise.status_code, "är ingen arbetsdag" in unwise.text) == (422, True)
    confirmed = form | {"mail.day": "2027-06-05", "confirmed": f"2027-06-05 {form['mail.clock']}"}
    assert client.post(f"{url}/anstand", data=confirmed).status_code == 303
    again = client.post(f"{url}/anstand", data=confirmed)
    assert (again.status_code, "redan tagit hand om" in again.text) == (409, True)


def test_a_stale_page_gives_no_time(house: App) -> None:
    came = arrive(house, "till 4 juni")
    client = sign_in(house)
    form = time_form(client, came.id)
    hand_in(house, NORRBY)
    assert client.post(f"/inkommet/{came.id}/anstand", data=form).status_code == 409
    assert open_ones(house) == [came.id]
    assert "Ge anstånd" not in client.get(f"/inkommet/{came.id}").text


def test_a_bounce_marks_the_person_wherever_they_stand(house: App) -> None:
    bounce(house)
    client = sign_in(house)
    assert "Gick inte att leverera: asa.pahittad@norrby.example." in client.get(ROUND_PAGE).text
    assert "550 No such user" in client.get(UNIT).text
    assert "5.1.1 550 No such user" in client.get(f"{ROUND_PAGE}/utskick/{invitation(house).id}").text
    assert client.get(UNIT).text.count("Gick inte att leverera") >= 2
    assert "har kommit tillbaka. Därför får Bo Påhittad mejlen." in client.get(UNIT).text
    with house.db.read() as work:
        assert people_in(work, "norrby").contacts[0].undeliverable_since == house.now()
        assert [each.to_email for each in work.outbox.of_submission(NORRBY)].count("bo.pahittad@norrby.example") == 1


def test_the_overviews_row_has_a_mark_for_a_dead_address_until_it_works_or_matters_no_more(house: App) -> None:
    def row(language: str = "sv") -> str:
        page = sign_in(house, language).get(ROUND_PAGE).text
        return next(each for each in page.split('<tr role="row">') if "underlag/norrby" in each and "rowheader" in each)

    assert "Mejl kommer tillbaka" not in row()
    bounce(house)
    assert "Bo Påhittad" in row(), "who gets the mails now"
    assert 'Mejl kommer tillbaka<span class="vh"> från Åsa Påhittad</span>' in row()
    assert 'Mail comes back<span class="vh"> from Åsa Påhittad</span>' in row("en")
    hand_in(house, NORRBY)
    assert "Mejl kommer tillbaka" not in row()


def test_strays_and_machines_are_shown_and_ask_for_nothing(house: App) -> None:
    arrive(house, delivered_to=("svar@tertial.example",), sender="spam@annan.example", subject="Köp nu")
    arrive(house, automatic="Auto-Submitted: auto-replied", subject="Frånvarande")
    client = sign_in(house)
    assert "Inga mejl väntar på dig." in client.get("/inkommet").text
    assert "Köp nu" in client.get("/inkommet?lage=stray").text
    assert "Frånvarande" in client.get(UNIT).text
    assert "mejl har kommit in" not in client.get(ROUND_PAGE).text


def test_what_is_about_no_unit_has_a_place_of_its_own(house: App) -> None:
    arrive(house, "till 4 juni")
    with house.db.begin() as work:
        work.outbox.plan([an_office_message(id="digest-1")])
        ours = work.outbox.get("digest-1")
    to = (address(house, ours),)
    replied = arrive(house, "Vem är det?", delivered_to=to, sender="kim@k.example", subject="SV: Att göra")
    house.give_up(read_mail(answer("Hej", subject="Trasigt").as_bytes()), "Tertial-problem")
    client = sign_in(house)
    page = client.get("/inkommet").text
    first, _, beside = page.partition("h-beside")
    assert "Norrby" in first
    assert "SV: Att göra" not in first
    assert "SV: Att göra" in beside
    assert "Trasigt" in beside
    assert beside.count("Markera som klart") == 2
    assert "Sammanfattning till samordnare" in client.get(f"/inkommet/{replied.id}").text
    listed = client.get("/inkommet?lage=utan-enhet").text
    assert "Trasigt" in listed
    assert "underlag/norrby" not in listed
    unreadable = client.get("/inkommet?lage=unreadable").text.partition('href="/inkommet/')[2]
    shown = client.get("/inkommet/" + unreadable.partition('"')[0]).text
    assert "Det ligger i mappen Tertial-problem i brevlådan" in shown
    assert "Tecken på att det är automatiskt" not in shown


def test_the_pages_speak_english_and_want_a_login(house: App) -> None:
    came = arrive(house, "till 4 juni")
    client = sign_in(house, "en")
    assert "Asks for time until Friday 4 June." in client.get("/inkommet").text
    assert "The last day is now" in client.get(f"/inkommet/{came.id}").text
    for path in ("/inkommet", f"/inkommet/{came.id}"):
        assert browser(house).get(path).status_code == 303
    assert client.get("/inkommet/finns-inte").status_code == 404


# --- the unit's own people --------------------------------------------------------------------------------------------


def test_a_mailed_form_is_confirmed_by_the_unit_and_only_then_saved(house: App) -> None:
    came = mail_form(house, {"mark": "Tolv markanvisningar."})
    client = open_form(house, NORRBY)
    page = client.get("/svara").text
    assert "Du har mejlat in formuläret" in page
    assert f'href="/svara/mejlat/{came.id}"' in page
    before = content(house)
    shown = client.get(f"/svara/mejlat/{came.id}")
    assert "Tolv markanvisningar." in shown.text
    assert content(house) == before
    start = shown.text.index('<form id="las"')
    done = client.post("/svara/word/bekrafta", data=fields(shown.text[start : shown.text.index("</form>", start)]))
    assert (done.status_code, done.headers["location"]) == (303, "/svara")
    assert draft(house, NORRBY)["mark"].text == "Tolv markanvisningar."
    assert "Du har mejlat in formuläret" not in client.get("/svara").text


def test_a_colleague_sees_who_it_was_not_and_may_put_it_away(house: App) -> None:
    came = mail_form(house, {"mark": "Tolv"})
    client = open_form(house, NORRBY, name="Bo Påhittad")
    page = client.get("/svara").text
    assert "En kollega har mejlat in formuläret" in page
    for _ in range(2):
        gone = client.post(f"/svara/mejlat/{came.id}/bort", data={"csrf": csrf_of(page)})
        assert (gone.status_code, gone.headers["location"]) == (303, "/svara")
    assert "mejlat in formuläret" not in client.get("/svara").text
    assert draft(house, NORRBY) == {}


def test_another_unit_finds_nothing_there(house: App) -> None:
    came, reply = mail_form(house, {"mark": "Tolv"}), arrive(house)
    for client in (open_form(house, HAMN), browser(house)):
        assert client.get(f"/svara/mejlat/{came.id}").status_code in {401, 403, 404}
    own = open_form(house, NORRBY)
    assert own.get(f"/svara/mejlat/{reply.id}").status_code == 404
    token = csrf_of(open_form(house, VATTEN).get("/svara").text)
    assert token


def test_a_coordinator_sees_that_it_came_and_never_what_is_in_it(house: App) -> None:
    came = mail_form(house, {"mark": f"Vi funderar på {CANARY}."})
    client = sign_in(house)
    assert CANARY in open_form(house, NORRBY).get(f"/svara/mejlat/{came.id}").text
    for path in (f"/inkommet/{came.id}", "/inkommet?lage=form", UNIT, ROUND_PAGE):
        assert CANARY not in client.get(path).text
    assert "Ifyllt formulär" in client.get(f"/inkommet/{came.id}").text
    token = csrf_of(client.get("/inkommet").text)
    assert client.post(f"/inkommet/{came.id}/klart", data={"csrf": token}).status_code == 404


def test_people_are_told_of_mailing_the_form_only_where_a_mailbox_is_read(house: App) -> None:
    told = "Du kan också svara på vårt mejl med filen."
    assert told not in open_form(house, NORRBY).get("/svara/word/ladda-upp").text
    reading = replace(house, office=replace(house.office, inbox="svar@tertial.example"))
    assert told in open_form(reading, NORRBY).get("/svara/word/ladda-upp").text
    assert "ser bara ni själva" in browser(reading).get("/personuppgifter").text
    assert "läser ingen brevlåda än" in sign_in(house).get("/inkommet").text
    assert "läser ingen brevlåda än" not in sign_in(reading).get("/inkommet").text


def test_pictures_of_a_mailed_form_become_attachments_when_it_is_saved(house: App) -> None:
    def draw(form: bytes) -> bytes:
        return with_pictures(form, {"rId71": "mark", "rId72": "mark"}, {"rId71": png(), "rId72": b"GIF89a"})

    came = mail_form(house, {"mark": "Se bilden."}, also=draw)
    client = open_form(house, NORRBY)
    page = client.get(f"/svara/mejlat/{came.id}").text
    assert "den är i formatet GIF" in page
    assert client.post("/svara/word/bekrafta", data=fields(page)).headers["location"] == "/svara"
    with house.db.read() as work:
        (kept,) = work.attachments.of(NORRBY)
        assert work.attachments.content(kept) == png()
