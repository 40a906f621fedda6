"""The coordinators' daily mail, from the tick to the server: one each, true when it goes, accounted for when not."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, time

import pytest

from tests.builders import a_round, an_account, an_answer
from tests.fakes.mail import GREYLISTED
from tests.services.conftest import HAMNEN, NORRBY, House
from workflow.domain.digest import MISSED, NOT_WANTED, NOTHING_TO_DO, DigestPolicy
from workflow.domain.messages import TOO_LATE, Message, MessageKind, MessageState
from workflow.domain.people import Account, UnitKind
from workflow.domain.rounds import RoundState
from workflow.services import reminders, rounds, submissions
from workflow.services.digest import plan_digests
from workflow.services.extensions import ask_for_time
from workflow.services.ledger import ledger
from workflow.services.listings import mail_document, mail_rows
from workflow.services.years import confirm_round

KARIN = an_account()
LI = an_account(id="k-2", email="li@stadsledningskontoret.example", name="Li Påhittad", language="en")
CANARY = "Kanariefågelordet"


@pytest.fixture
def staffed(opened: House) -> House:
    """An open round, all invitations sent, and Karin; Tysta nämnden has nobody to write to."""
    opened.deliver()
    opened.postman.taken.clear()
    add(opened, KARIN)
    return opened


def add(house: House, *accounts: Account) -> None:
    with house.db.begin() as work:
        for account in accounts:
            work.access.add_account(account)


def at(house: House, day: str, clock: str = "08:00") -> None:
    house.clock.at = house.calendar.at(date.fromisoformat(day), time.fromisoformat(clock))


def plan(house: House, policy: DigestPolicy | None = None) -> int:
    return plan_digests(
        house.db, policy or DigestPolicy(), secrets=house.secrets, calendar=house.calendar, now=house.clock.at
    )


def rows(house: House) -> list[Message]:
    with house.read() as work:
        return [each for each in work.outbox.list() if not each.submission]


def ends(house: House) -> list[tuple[str, str, MessageState, str]]:
    return [(each.kind, each.slot, each.state, each.reason) for each in rows(house)]


def texts(house: House) -> list[str]:
    with house.read() as work:
        letters = [work.outbox.get(each.id).frozen for each in rows(house)]
    return [f"{each.subject}\n{each.text}" for each in letters if each]


# --- planned once, sent once -----------------------------------------------------


def test_each_coordinator_has_one_a_day_in_their_language(staffed: House) -> None:
    add(staffed, LI)
    at(staffed, "2027-05-10")
    assert plan(staffed) == 2
    assert plan(staffed) == 0
    assert staffed.deliver().sent == 2
    at(staffed, "2027-05-10", "11:00")
    assert plan(staffed) == 0
    assert [state for *_, state, _ in ends(staffed)] == [MessageState.SENT] * 2
    swedish, english = sorted(texts(staffed), key=lambda text: "Hello" in text)
    assert "Tysta nämnden" in swedish
    assert "Saknar kontaktperson (1)" in swedish
    assert "http://tertial.example/omgang/2027-T1" in swedish
    assert "Without a contact person (1)" in english
    assert "Hello Li," in english


def test_two_planners_at_once_make_one_digest(staffed: House) -> None:
    at(staffed, "2027-05-10")
    with ThreadPoolExecutor(4) as pool:
        planned = list(pool.map(lambda _: plan(staffed), range(4)))
    assert sum(planned) == 1
    assert len(rows(staffed)) == 1
    assert staffed.events().count("digests.planned") == 1


@pytest.mark.parametrize(
    ("day", "clock"),
    [("2027-05-10", "07:59"), ("2027-05-08", "08:00"), ("2027-05-06", "08:00"), ("2027-05-07", "08:00")],
    ids=["before eight", "Saturday", "Ascension Day", "klämdag"],
)
def test_none_before_the_hour_and_on_days_without_sending(staffed: House, day: str, clock: str) -> None:
    at(staffed, day, clock)
    assert plan(staffed) == 0
    assert rows(staffed) == []


def test_none_while_no_round_is_open(house: House) -> None:
    add(house, KARIN)
    at(house, "2027-05-10")
    assert plan(house) == 0
    assert rows(house) == []


def test_none_where_the_site_wants_none(staffed: House) -> None:
    at(staffed, "2027-05-10")
    assert plan(staffed, DigestPolicy(sends=False)) == 0
    assert rows(staffed) == []


def test_a_day_with_nothing_to_tell_is_accounted_for_and_not_taken_up_later(staffed: House) -> None:
    nobody_lacks_a_contact(staffed)
    at(staffed, "2027-05-10")
    assert plan(staffed) == 0
    assert ends(staffed) == [("digest", "2027-05-10", MessageState.SKIPPED, NOTHING_TO_DO)]
    staffed.answer(NORRBY)
    staffed.submit(NORRBY)
    at(staffed, "2027-05-10", "11:00")
    assert plan(staffed) == 0
    at(staffed, "2027-05-11")
    assert plan(staffed) == 1


def nobody_lacks_a_contact(house: House) -> None:
    submissions.excuse(
        house.db,
        "2027-T1.tysta",
        reason="Undantagen",
        by="k-1",
        secrets=house.secrets,
        now=house.clock.at,
    )
    house.deliver()


# --- true when it goes -----------------------------------------------------------


def test_what_is_told_is_what_is_true_when_it_goes(staffed: House) -> None:
    at(staffed, "2027-06-01")
    plan(staffed)
    staffed.answer(HAMNEN)
    staffed.submit(HAMNEN)
    staffed.deliver()
    (text,) = texts(staffed)
    assert "Norrby stadsdelsnämnd: 2 arbetsdagar. Åsa Påhittad, 08-508 00 001" in text
    assert "Hamnen AB: kom in tisdag 1 juni" in text
    assert "1 av 3 inlämnade" in text
    assert "2 försenade, 1 att granska" in text  # Tysta nämnden is late too


def test_the_excused_are_not_among_those_that_are_to_answer(staffed: House) -> None:
    at(staffed, "2027-06-01")
    plan(staffed)
    nobody_lacks_a_contact(staffed)
    (text,) = texts(staffed)
    assert "0 av 2 inlämnade" in text


def test_nothing_left_to_do_cancels_it(staffed: House) -> None:
    at(staffed, "2027-05-10")
    assert plan(staffed) == 1
    nobody_lacks_a_contact(staffed)
    assert ends(staffed) == [("digest", "2027-05-10", MessageState.CANCELLED, NOTHING_TO_DO)]
    assert "message.cancelled" in staffed.events()


def test_it_is_asked_again_between_the_body_and_the_dot(staffed: House) -> None:
    at(staffed, "2027-05-10")
    plan(staffed)
    staffed.postman.before_marker = lambda: without_digest(staffed)
    staffed.deliver()
    assert ends(staffed) == [("digest", "2027-05-10", MessageState.CANCELLED, NOT_WANTED)]


def without_digest(house: House, account: Account = KARIN) -> None:
    with house.db.begin() as work:
        work.access.set_digest(account.id, wanted=False)


def test_yesterdays_is_never_sent_today(staffed: House) -> None:
    at(staffed, "2027-05-10")
    plan(staffed)
    at(staffed, "2027-05-11")
    plan(staffed)
    staffed.deliver()
    assert ends(staffed) == [
        ("digest", "2027-05-10", MessageState.SKIPPED, TOO_LATE),
        ("digest", "2027-05-11", MessageState.SENT, ""),
    ]


def test_missed_days_collapse_into_todays(staffed: House) -> None:
    at(staffed, "2027-05-03")
    plan(staffed)
    staffed.deliver()
    at(staffed, "2027-05-11", "09:30")
    assert plan(staffed) == 1
    assert [(slot, state, reason) for _, slot, state, reason in ends(staffed)[1:]] == [
        ("2027-05-04", MessageState.SKIPPED, MISSED),
        ("2027-05-05", MessageState.SKIPPED, MISSED),
        ("2027-05-10", MessageState.SKIPPED, MISSED),
        ("2027-05-11", MessageState.PLANNED, ""),
    ]


def test_after_working_hours_it_is_too_late_for_today(staffed: House) -> None:
    at(staffed, "2027-05-10", "18:30")
    assert plan(staffed) == 0
    assert ends(staffed) == [("digest", "2027-05-10", MessageState.SKIPPED, TOO_LATE)]


def test_a_server_that_is_away_all_day_leaves_none_for_tomorrow(staffed: House) -> None:
    at(staffed, "2027-05-10", "17:55")
    plan(staffed)
    staffed.postman.script = [GREYLISTED]
    staffed.deliver()
    at(staffed, "2027-05-10", "18:30")
    staffed.deliver()
    at(staffed, "2027-05-11", "07:00")
    staffed.deliver()
    assert ends(staffed) == [("digest", "2027-05-10", MessageState.SKIPPED, TOO_LATE)]
    assert staffed.postman.taken == []


# --- reviews ---------------------------------------------------------------------


def test_who_has_turned_it_off_is_reminded_of_reviews_alone(staffed: House) -> None:
    without_digest(staffed)
    at(staffed, "2027-05-10")
    staffed.answer(NORRBY)
    staffed.submit(NORRBY)
    for day in ("11", "12", "13", "14", "17", "18", "19"):
        at(staffed, f"2027-05-{day}")
        plan(staffed)
        staffed.deliver()
    sent = [slot for kind, slot, state, _ in ends(staffed) if state is MessageState.SENT]
    assert sent == ["2027-05-13", "2027-05-17", "2027-05-19"]  # after three working days, then every second
    assert {kind for kind, *_ in ends(staffed)} == {MessageKind.REVIEW_REMINDER}
    first = texts(staffed)[0]
    assert "Granska: 1 underlag har väntat 3 arbetsdagar" in first
    assert "Norrby stadsdelsnämnd: kom in måndag 10 maj, har väntat 3 arbetsdagar" in first
    assert "Tysta" not in first


# --- lists, drafts ---------------------------------------------------------------


def test_lists_cope_with_mails_about_no_unit(staffed: House) -> None:
    at(staffed, "2027-05-10")
    plan(staffed)
    staffed.deliver()
    (row,) = (each for each in mail_rows(staffed.db) if each["kind"] == "digest")
    assert (row["round"], row["unit"], row["to"], row["state"]) == ("", "", KARIN.email, "sent")
    assert mail_document(staffed.db, row["id"])["subject"].startswith("Tertial 1 2027: 0 av 3 inlämnade")
    assert all(line.message.submission for line in ledger(staffed.db, "2027-T1").lines)
    reminders.plan_due(staffed.db, secrets=staffed.secrets, calendar=staffed.calendar, now=staffed.clock.at)


def test_a_word_of_a_draft_is_in_no_mail_to_a_coordinator(staffed: House) -> None:
    submissions.save_answers(
        staffed.db, NORRBY, [an_answer(text=f"Vi funderar på {CANARY}.")], by="r", now=staffed.clock.at
    )
    at(staffed, "2027-06-01")
    plan(staffed)
    staffed.deliver()
    assert "Norrby" in texts(staffed)[0]
    with staffed.read() as work:
        assert CANARY not in repr([work.outbox.get(each.id) for each in rows(staffed)])
    assert all(CANARY.encode() not in mail.data for mail in staffed.postman.taken)


def test_who_asks_for_more_time_is_named_until_somebody_has_answered(staffed: House) -> None:
    nobody_lacks_a_contact(staffed)
    at(staffed, "2027-05-20")
    asked = ask_for_time(
        staffed.db,
        NORRBY,
        wished=staffed.calendar.at(date(2027, 6, 4), time(16)),
        reason="Förvaltningschefen är borta.",
        by="r",
        secrets=staffed.secrets,
        calendar=staffed.calendar,
        now=staffed.clock.at,
    )
    assert plan(staffed) == 1
    staffed.deliver()
    (text,) = texts(staffed)
    assert "1 ber om mer tid" in text
    assert "Norrby stadsdelsnämnd: önskar anstånd till fredag 4 juni kl. 16.00" in " ".join(text.split())
    assert asked.reason not in text


def test_a_round_that_nobody_has_confirmed_is_told_of_in_time_and_until_somebody_does(house: House) -> None:
    """It would else not open at all; weeks before, it is nobody's worry."""
    add(house, KARIN)
    autumn = a_round(
        id="2027-T2",
        state=RoundState.PLANNED,
        opened_at=None,
        confirmed=False,
        opens_at=house.calendar.at(date(2027, 8, 30), time(8)),
        due_at=dict.fromkeys(UnitKind, house.calendar.at(date(2027, 9, 24), time(16))),
        closes_at=house.calendar.at(date(2027, 10, 1), time(16)),
    )
    rounds.plan_round(house.db, autumn, by="k-1", now=house.clock.at)
    at(house, "2027-08-20")
    assert plan(house) == 0
    for day, words in (
        ("2027-08-23", "öppnar måndag 30 augusti"),
        ("2027-08-31", "skulle ha öppnat måndag 30 augusti"),
    ):
        at(house, day)
        assert plan(house) == 1
        assert house.deliver().sent == 1
        assert words in " ".join(texts(house)[-1].split())
        assert "1 omgång att bekräfta" in texts(house)[-1]
        assert "http://tertial.example/omgangar" in texts(house)[-1]
    confirm_round(house.db, "2027-T2", by="k-1", now=house.clock.at)
    at(house, "2027-09-01")
    assert plan(house) == 0
