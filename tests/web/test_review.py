"""One unit's page and the decisions on it: nothing of a draft is seen, nothing typed is lost, nobody is overwritten."""

from datetime import datetime, timedelta

import pytest

from tests.web.houses import HAMN, NORRBY, NOW, ODEBY, VATTEN, content, fill_in, hand_in, open_form, set_clock
from tests.web.office import ROUND_PAGE, asked, make_mail, show, sign_in, submission
from workflow.bootstrap import App
from workflow.domain.forms import Answer
from workflow.domain.messages import MessageState
from workflow.domain.submissions import State
from workflow.ports import Job
from workflow.services import access, submissions

SECRET = "Vi har en hemlig plan för torget"
DRAFT = (Answer(question="etableringar", text=SECRET),)


def review(house: App, submission_id: str = NORRBY) -> None:
    hand_in(house, submission_id)
    submissions.start_review(house.db, submission_id, by="kollega", now=house.now())


# --- what is seen --------------------------------------------------------------


def test_a_draft_shows_how_far_it_is_and_not_a_word_of_it(house: App) -> None:
    fill_in(house, NORRBY, DRAFT)
    page = sign_in(house).get(f"{ROUND_PAGE}/underlag/norrby").text
    assert "1 av 3 frågor besvarade" in page
    assert "Åsa Påhittad" in page
    assert SECRET not in page


def test_reworked_text_is_a_draft_again_and_what_came_in_stays_readable(house: App) -> None:
    review(house)
    page = show(sign_in(house), "norrby")
    page.post("returnera", mark__mark="yes", comment__mark="Skriv mer.", return__day="2027-05-31", return__clock="16")
    fill_in(house, NORRBY, (Answer(question="mark", text=SECRET),))
    after = sign_in(house).get(page.url).text
    assert "Två företag har etablerat sig." in after
    assert "Skriv mer." in after
    assert SECRET not in after


@pytest.mark.parametrize(("language", "said"), [("sv", "Väntar på granskning."), ("en", "Awaits review.")])
def test_what_can_still_be_taken_back_unread_is_not_shown(house: App, language: str, said: str) -> None:
    hand_in(house, NORRBY)
    client = sign_in(house, language)
    page = client.get(f"{ROUND_PAGE}/underlag/norrby").text
    assert said in page
    assert "Två företag har etablerat sig." not in page
    show(client, "norrby").post("granska")
    assert "Två företag har etablerat sig." in client.get(f"{ROUND_PAGE}/underlag/norrby").text


def test_what_came_in_is_shown_paragraph_by_paragraph(house: App) -> None:
    review(house)
    page = sign_in(house).get(f"{ROUND_PAGE}/underlag/norrby").text
    assert "<p>Två företag har etablerat sig.</p><p>Ett till är på väg.</p>" in page
    assert "Vi anvisar ingen mark." in page
    assert page.count("btn primary") == 1


def test_an_older_edition_can_be_read_but_not_decided_about(house: App) -> None:
    review(house)
    client = sign_in(house)
    page = show(client, "norrby")
    page.post("returnera", reason__return="Igen", return__day="2027-05-31", return__clock="16.00")
    fill_in(house, NORRBY, (Answer(question="tillstand", text="Sju veckor."),))
    hand_in(house, NORRBY)
    submissions.start_review(house.db, NORRBY, by="kollega", now=house.now())
    newest, older = client.get(page.url).text, client.get(f"{page.url}?utgava=1").text
    assert "Godkänn underlaget" in newest
    assert "Det här är en äldre version" in older
    assert "Godkänn underlaget" not in older


def test_an_unknown_unit_is_not_found(house: App) -> None:
    assert sign_in(house).get(f"{ROUND_PAGE}/underlag/finnsinte").status_code == 404


def test_looking_writes_nothing(house: App) -> None:
    review(house)
    client = sign_in(house)
    before = content(house)
    for unit in ("norrby", "hamn", "odeby"):
        assert client.get(f"{ROUND_PAGE}/underlag/{unit}").status_code == 200
    assert content(house) == before


# --- deciding --------------------------------------------------------------------


def test_beginning_the_review_ends_the_right_to_take_back(house: App) -> None:
    hand_in(house, NORRBY)
    assert show(sign_in(house), "norrby").post("granska").status == 303
    assert submission(house, NORRBY).review_started


def test_approving_tells_the_unit(house: App) -> None:
    review(house)
    answer = show(sign_in(house), "norrby").post("godkann")
    assert (answer.status, answer.location) == (303, f"{ROUND_PAGE}/underlag/norrby")
    assert submission(house, NORRBY).state is State.APPROVED
    assert asked(house)[-1] is Job.DELIVER


def test_returning_opens_the_marked_questions_with_a_last_day(house: App) -> None:
    review(house)
    page = show(sign_in(house), "norrby")
    answer = page.post(
        "returnera", mark__mark="yes", comment__mark="Vilken mark?", return__day="2027-05-31", return__clock="16.00"
    )
    assert answer.status == 303
    back = submission(house, NORRBY)
    assert back.state is State.RETURNED
    assert dict(back.comments) == {"mark": "Vilken mark?"}
    assert house.calendar.local(back.due_at).isoformat() == "2027-05-31T16:00:00+02:00"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"return__day": "31 maj", "comment__mark": "Vilken?", "mark__mark": "yes"}, "är inget datum"),
        ({"return__clock": "kvart i", "comment__mark": "Vilken?", "mark__mark": "yes"}, "är inget klockslag"),
        ({"return__clock": "02.30", "comment__mark": "Vilken?", "mark__mark": "yes"}, "ställs klockorna om"),
        ({"comment__mark": "Vilken?"}, "utan att markera frågan"),
        ({"return__day": "2027-05-20", "comment__mark": "Vilken?", "mark__mark": "yes"}, "måste ligga efter"),
        ({"return__day": "9999-12-31", "comment__mark": "Vilken?", "mark__mark": "yes"}, "Kalendern räcker inte"),
        ({"mark__mark": "yes"}, "Skriv en motivering."),
        ({"reason__return": "Nul\x00", "comment__mark": "Vilken?", "mark__mark": "yes"}, "U+0000"),
    ],
)
def test_a_refused_return_keeps_what_was_typed(house: App, typed: dict[str, str], said: str) -> None:
    review(house)
    usual = {"return__day": "2027-05-31", "return__clock": "16.00"}
    answer = show(sign_in(house), "norrby").post("returnera", **(usual | typed))
    assert answer.status == 422
    assert said in answer.text
    assert typed.get("comment__mark", "") in answer.text
    assert f'value="{(usual | typed)["return__day"]}"' in answer.text
    assert submission(house, NORRBY).state is State.SUBMITTED


def test_an_unwise_day_is_said_and_then_taken_if_confirmed(house: App) -> None:
    review(house)
    page = show(sign_in(house), "norrby")
    typed = {"reason__return": "Mer tack", "return__day": "2027-05-29", "return__clock": "16.00"}
    asked = page.post("returnera", **typed)
    assert asked.status == 422
    assert "Lördag 29 maj 2027 är ingen arbetsdag." in asked.text
    assert "Mer tack" in asked.text
    other = page.post("returnera", **(typed | {"return__day": "2027-05-30", "confirmed": "2027-05-29 16.00"}))
    assert other.status == 422, "the tick was for another day"
    assert page.post("returnera", **typed, confirmed="2027-05-29 16.00").status == 303
    assert submission(house, NORRBY).state is State.RETURNED


def test_approving_with_a_mark_left_is_asked_about(house: App) -> None:
    review(house)
    answer = show(sign_in(house), "norrby").post("godkann", mark__mark="yes", comment__mark="Vilken mark?")
    assert answer.status == 422
    assert "Vilken mark?" in answer.text
    assert submission(house, NORRBY).state is State.SUBMITTED


def test_the_second_of_two_is_told_who_was_first_and_keeps_the_words(house: App) -> None:
    review(house)
    access.add_account(
        house.db, email="lo@stad.example", name="Lo Exempel", password="ordet", secrets=house.secrets, now=NOW
    )
    mine, theirs = show(sign_in(house), "norrby"), show(sign_in(house, who=("lo@stad.example", "ordet")), "norrby")
    assert theirs.post("godkann").status == 303
    answer = mine.post(
        "returnera",
        mark__mark="yes",
        comment__mark="Vilken mark gäller det?",
        name__mark="Kommentar om fråga 1.2",
        return__day="2027-05-31",
        return__clock="16.00",
    )
    assert answer.status == 409
    assert "Lo Exempel godkände underlaget" in answer.text
    assert "Läget är nu: Godkänd." in answer.text
    assert "Vilken mark gäller det?" in answer.text
    assert submission(house, NORRBY).state is State.APPROVED


def test_a_unit_that_took_it_back_is_not_approved_unseen(house: App) -> None:
    hand_in(house, NORRBY)
    page = show(sign_in(house), "norrby")
    submissions.take_back(house.db, NORRBY, by=f"{NORRBY}.primary", secrets=house.secrets, now=house.now())
    answer = page.post("godkann")
    assert answer.status == 409
    assert "Åsa Påhittad tog tillbaka underlaget" in answer.text
    assert page.post("granska").status == 409


CAME_AGAIN = {
    "sv": ("Sidan du hade framme visade version 1. Version 2 kom in i dag kl. 09.12.", "Ändrat sedan version 1"),
    "en": ("The page you had open showed version 1. Version 2 came in today at 09:12.", "Changed since version 1"),
}


def come_again(house: App, answers: tuple[Answer, ...], *, is_read: bool = True) -> None:
    """A colleague returns what came in; the unit changes it and hands it in; the colleague begins to read."""
    with house.db.read() as work:
        version = work.submissions.get(NORRBY).version
    submissions.give_back(
        house.db,
        NORRBY,
        version=version,
        reason="En siffra saknas",
        comments={},
        due_at=NOW + timedelta(days=5),
        by="kollega",
        secrets=house.secrets,
        now=house.now(),
    )
    fill_in(house, NORRBY, answers)
    submissions.submit(
        house.db,
        NORRBY,
        by=f"{NORRBY}.primary",
        secrets=house.secrets,
        calendar=house.calendar,
        now=house.now(),
    )
    if is_read:
        submissions.start_review(house.db, NORRBY, by="kollega", now=house.now())


@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_version_resubmitted_since_is_not_approved_and_the_page_shows_what_changed(house: App, language: str) -> None:
    review(house)
    client = sign_in(house, language)
    stale = show(client, "norrby")
    come_again(house, (Answer(question="tillstand", text="Sju veckor i snitt."),))
    came, changed = CAME_AGAIN[language]
    answer = stale.post("godkann")
    assert answer.status == 409
    assert submission(house, NORRBY).state is State.SUBMITTED
    assert came in answer.text
    old = answer.text.index("Åtta veckor i snitt.")
    assert answer.text.index("Version 1</h4>") < old < answer.text.index("Version 2</h4>")
    assert answer.text.index("Version 2</h4>") < answer.text.index("Sju veckor i snitt.")
    assert "Två företag har etablerat sig." not in answer.text, "that has not changed"

    now = client.get(stale.url).text
    assert now.count(changed) == 1
    assert now.index("Sju veckor i snitt.") < now.index(changed) < now.index("Åtta veckor i snitt.")
    assert show(client, "norrby").post("godkann").status == 303
    assert submission(house, NORRBY).state is State.APPROVED


def test_a_version_that_can_still_be_taken_back_unread_is_told_of_but_not_shown(house: App) -> None:
    review(house)
    stale = show(sign_in(house), "norrby")
    come_again(house, (Answer(question="tillstand", text=SECRET),), is_read=False)
    answer = stale.post("godkann")
    assert answer.status == 409
    assert CAME_AGAIN["sv"][0] in answer.text
    assert "Vad som är ändrat visas när du börjar granska." in answer.text
    assert SECRET not in answer.text
    submissions.take_back(house.db, NORRBY, by=f"{NORRBY}.primary", secrets=house.secrets, now=house.now())
    answer = stale.post("godkann")
    assert answer.status == 409
    assert SECRET not in answer.text
    assert CAME_AGAIN["sv"][0] not in answer.text


def test_a_version_that_came_again_as_it_was_is_said_to_be_the_same(house: App) -> None:
    review(house)
    stale = show(sign_in(house), "norrby")
    come_again(house, ())
    answer = stale.post("godkann")
    assert answer.status == 409
    assert "Inga svar är ändrade." in answer.text
    assert "Bilagorna är ändrade." not in answer.text


def test_an_extension_moves_the_last_day_and_wants_a_reason(house: App) -> None:
    page = show(sign_in(house), "norrby")
    typed = {"extend__day": "2027-06-01", "extend__clock": "16.00"}
    assert page.post("anstand", **typed).status == 422
    assert page.post("anstand", **typed, reason__extend="Sjukdom").status == 303
    after = submission(house, NORRBY)
    assert after.extended
    assert house.calendar.last_day(after.due_at).isoformat() == "2027-06-01"
    assert "Anstånd." in sign_in(house).get(page.url).text


def test_an_extension_past_the_closing_is_said(house: App) -> None:
    closes = house.calendar.last_day(_closes(house))
    day = house.calendar.add_working_days(closes, 1).isoformat()
    answer = show(sign_in(house), "norrby").post(
        "anstand", extend__day=day, extend__clock="16.00", reason__extend="Sjukdom"
    )
    assert answer.status == 422
    assert "Efter det går inga påminnelser." in answer.text


def _closes(house: App) -> datetime:
    with house.db.read() as work:
        return work.rounds.get("2027-T1").closes_at


def test_excusing_wants_a_reason_and_a_tick(house: App) -> None:
    page = show(sign_in(house), "odeby")
    assert page.post("undanta", reason__excuse="Nämnden läggs ned").status == 422
    assert page.post("undanta", confirmed="yes").status == 422
    assert submission(house, ODEBY).state is State.NOT_STARTED
    assert page.post("undanta", confirmed="yes", reason__excuse="Nämnden läggs ned").status == 303
    assert submission(house, ODEBY).state is State.EXCUSED
    assert "Nämnden läggs ned" in sign_in(house).get(page.url).text


def test_what_is_approved_can_be_reopened_with_a_reason(house: App) -> None:
    review(house)
    client = sign_in(house)
    show(client, "norrby").post("godkann")
    page = show(client, "norrby")
    typed = {"reopen__day": "2027-05-31", "reopen__clock": "16.00", "mark__mark": "yes"}
    assert page.post("ateroppna", **typed).status == 422
    assert page.post("ateroppna", **typed, reason__reopen="En siffra saknas").status == 303
    after = submission(house, NORRBY)
    assert (after.state, after.open_questions) == (State.RETURNED, ("mark",))


def test_the_diary_number_is_kept_as_typed(house: App) -> None:
    hand_in(house, NORRBY)
    page = show(sign_in(house), "norrby")
    assert page.post("diarienummer", note__diary=" KS 2027/418-23 ").status == 303
    assert submission(house, NORRBY).diary_number == "KS 2027/418-23"
    assert page.post("diarienummer", note__diary="KS 1").status == 409


@pytest.mark.parametrize(
    "action", ["granska", "godkann", "returnera", "ateroppna", "undanta", "anstand", "diarienummer"]
)
def test_every_decision_needs_the_sessions_token(house: App, action: str) -> None:
    review(house)
    client = sign_in(house)
    url = f"{ROUND_PAGE}/underlag/norrby"
    before = content(house)
    answer = client.post(f"{url}/{action}", data={"version": "1", "reason.return": "Skriv mer om torget"})
    assert answer.status_code == 422
    assert "Skriv mer om torget" in answer.text
    assert content(house) == before


def test_an_ended_session_gives_the_words_back(house: App) -> None:
    review(house)
    page = show(sign_in(house), "norrby")
    set_clock(house, NOW + timedelta(hours=3))
    answer = page.post("returnera", mark__mark="yes", comment__mark="En lång och genomtänkt kommentar")
    assert answer.status in {401, 403}
    assert "En lång och genomtänkt kommentar" in answer.text
    assert submission(house, NORRBY).state is State.SUBMITTED


def test_a_contact_persons_session_opens_no_coordinators_page(house: App) -> None:
    client = open_form(house, HAMN)
    for path in ("/", "/omgangar", ROUND_PAGE, f"{ROUND_PAGE}/underlag/hamn", f"{ROUND_PAGE}/rapport/utkast.json"):
        assert client.get(path).headers.get("location", "").startswith("/login")


def test_events_and_mails_are_told_in_words(house: App) -> None:
    review(house, VATTEN)
    make_mail(house, VATTEN, MessageState.FAILED, reason="550 5.1.1 no such user")
    page = sign_in(house).get(f"{ROUND_PAGE}/underlag/vatten").text
    assert "Dan Diktad lämnade in underlaget (version 1)." in page
    assert "Adressen finns inte hos mottagaren." in page
    assert "submission." not in page
    assert "message." not in page
