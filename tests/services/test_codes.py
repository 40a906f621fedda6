"""Verified links: what a code opens, for whom, how often, and what nobody can do with it."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

import pytest

from tests.services.conftest import HAMNEN, NORRBY, OFFICE, ROUND, House
from workflow.domain.codes import (
    ALPHABET,
    CODE_LIFE,
    DAY,
    MOST_TRIES,
    CodeError,
    ExpiredCodeError,
    LinkMode,
    NoCodeError,
    OtherBrowserError,
    TooManyCodesError,
    TriesSpentError,
    UsedCodeError,
    WrongCodeError,
)
from workflow.domain.errors import LinkError
from workflow.domain.messages import MessageKind, MessageState
from workflow.domain.rounds import RoundState
from workflow.ports import LINK_SECRET, Outcome
from workflow.services import access, handover, rounds
from workflow.services.codes import VERIFIED_LIFE, Door, ask_code, enter_code

WRONG = "CDFG-HJKM"
HERE, THERE = "h" * 52, "t" * 52


@pytest.fixture
def verified(house: House) -> House:
    """A round whose links ask for a code, opened; the invitations have gone."""
    with house.db.begin() as work:
        work.rounds.save(replace(work.rounds.get(ROUND), links=LinkMode.VERIFIED))
    house.open()
    house.deliver()
    house.postman.taken.clear()
    return house


def link_of(house: House, submission: str = NORRBY) -> str:
    with house.read() as work:
        return next(each.id for each in work.recipients.links_of(submission) if each.recipient.endswith(".primary"))


def door(house: House, browser: str = HERE) -> Door:
    return Door(secrets=house.secrets, office=OFFICE, browser=browser)


def ask(house: House, browser: str = HERE, link: str = "") -> str:
    """Ask for a code, and read it in the mail."""
    before = len(house.postman.taken)
    ask_code(house.db, link or link_of(house), door(house, browser), now=house.clock.at)
    house.deliver()
    (mail,) = house.postman.taken[before:]
    body = BytesParser(EmailMessage, policy=default).parsebytes(mail.data).get_body(("plain",))
    assert body is not None
    found = re.search(rf"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", body.get_content())
    assert found, body.get_content()
    return found[0]


def enter(house: House, typed: str, browser: str = HERE, link: str = "") -> str:
    return enter_code(house.db, link or link_of(house), typed, door(house, browser), now=house.clock.at)[0]


def who(house: House, session_id: str) -> access.Visitor | None:
    return access.visitor(house.db, session_id, secrets=house.secrets, now=house.clock.at)


def test_the_right_code_in_the_right_browser_opens_one_submission(verified: House) -> None:
    visitor = who(verified, enter(verified, ask(verified).lower().replace("-", " ")))
    assert visitor is not None
    assert visitor.submission == NORRBY
    assert [kind for kind in verified.events() if kind.startswith("link")] == ["link.code_asked", "link.opened"]


def test_the_session_lasts_a_working_day(verified: House) -> None:
    session_id = enter(verified, ask(verified))
    verified.clock.at += VERIFIED_LIFE - timedelta(seconds=1)
    assert who(verified, session_id) is not None
    verified.clock.at += timedelta(seconds=1)
    assert who(verified, session_id) is None


def test_the_mailed_link_holds_no_secret_and_opens_nothing_by_itself(verified: House) -> None:
    with verified.read() as work:
        invitation = work.outbox.of_submission(NORRBY)[0]
    assert invitation.frozen is not None
    assert LINK_SECRET not in invitation.frozen.text + invitation.frozen.html
    assert f"{OFFICE.base_url}/l/{invitation.link}\n" in invitation.frozen.text
    secret = verified.secrets.link_secret(invitation.link)
    for token in (invitation.link, f"{invitation.link}.{secret}", f"{invitation.link}."):
        with pytest.raises(LinkError):
            access.open_link(verified.db, token, secrets=verified.secrets, office=OFFICE, now=verified.clock.at)
    with pytest.raises(LinkError):
        access.look_at_link(
            verified.db,
            f"{invitation.link}.{secret}",
            secrets=verified.secrets,
            office=OFFICE,
            now=verified.clock.at,
        )


def test_a_direct_link_asks_for_no_code(opened: House) -> None:
    link = link_of(opened)
    for token in (link, f"{link}.{opened.secrets.link_secret(link)}"):
        with pytest.raises(LinkError):
            ask_code(opened.db, token, door(opened), now=opened.clock.at)
        with pytest.raises(LinkError):
            enter(opened, WRONG, link=token)


def test_no_usable_code_rests_in_the_database(verified: House) -> None:
    code = ask(verified)
    link = link_of(verified)
    with verified.read() as work:
        held = repr([work.codes.asked(link=link), work.outbox.of_submission(NORRBY), work.log.all()])
    assert code not in held
    assert code.replace("-", "") not in held
    assert HERE not in held
    assert LINK_SECRET in held


def test_a_code_is_used_once(verified: House) -> None:
    code = ask(verified)
    enter(verified, code)
    with pytest.raises(UsedCodeError):
        enter(verified, code)


def test_a_code_is_no_good_in_another_browser_and_says_nothing_there(verified: House) -> None:
    code = ask(verified)
    for typed in (code, WRONG):
        for browser in (THERE, ""):
            with pytest.raises(OtherBrowserError):
                enter(verified, typed, browser)
    assert who(verified, enter(verified, code)) is not None


def test_a_code_opens_its_own_link_only(verified: House) -> None:
    code, other = ask(verified), link_of(verified, HAMNEN)
    with pytest.raises(OtherBrowserError):
        enter(verified, code, link=other)
    ask(verified, link=other)
    with pytest.raises(WrongCodeError):
        enter(verified, code, link=other)


def test_a_code_lives_ten_minutes(verified: House) -> None:
    code = ask(verified)
    verified.clock.at += CODE_LIFE
    with pytest.raises(ExpiredCodeError):
        enter(verified, code)


def test_the_fifth_wrong_try_is_the_last(verified: House) -> None:
    code = ask(verified)
    for left in range(MOST_TRIES - 1, 0, -1):
        with pytest.raises(WrongCodeError, match=f"kvar: {left}"):
            enter(verified, WRONG)
    with pytest.raises(TriesSpentError):
        enter(verified, WRONG)
    with pytest.raises(TriesSpentError):
        enter(verified, code)
    assert who(verified, enter(verified, ask(verified))) is not None


def test_the_right_code_at_the_fifth_try_still_opens(verified: House) -> None:
    code = ask(verified)
    for _ in range(MOST_TRIES - 1):
        with pytest.raises(WrongCodeError):
            enter(verified, WRONG)
    assert who(verified, enter(verified, code)) is not None


def test_what_is_no_code_costs_no_try(verified: House) -> None:
    code = ask(verified)
    for _ in range(MOST_TRIES):
        with pytest.raises(NoCodeError):
            enter(verified, "abc")
    assert who(verified, enter(verified, code)) is not None


def test_an_earlier_code_is_good_until_its_end_if_a_later_one_was_asked_for(verified: House) -> None:
    first, second = ask(verified), ask(verified)
    assert first != second
    assert who(verified, enter(verified, first)) is not None
    assert who(verified, enter(verified, second)) is not None


def test_many_guesses_at_once_are_no_more_than_five(verified: House) -> None:
    code = ask(verified)
    guesses = [WRONG] * 12

    def guess(typed: str) -> type[CodeError] | None:
        try:
            enter(verified, typed)
        except CodeError as error:
            return type(error)
        return None

    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(guess, guesses))
    assert said.count(WrongCodeError) == MOST_TRIES - 1
    assert said.count(TriesSpentError) == len(guesses) - MOST_TRIES + 1
    assert guess(code) is TriesSpentError


def test_of_two_who_type_the_same_code_at_once_one_comes_in(verified: House) -> None:
    code = ask(verified)

    def come_in(_: int) -> bool:
        try:
            return bool(enter(verified, code))
        except CodeError:
            return False

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(come_in, range(4))) == 1


def test_three_codes_in_ten_minutes_and_then_a_word_about_when(verified: House) -> None:
    for _ in range(3):
        ask(verified)
        verified.clock.at += timedelta(minutes=1)
    with pytest.raises(TooManyCodesError) as refused:
        ask(verified)
    assert refused.value.values["until"] == verified.clock.at + timedelta(minutes=7)
    verified.clock.at += timedelta(minutes=7)
    ask(verified)


def test_many_who_ask_at_once_get_three(verified: House) -> None:
    def asks(number: int) -> bool:
        try:
            ask_code(verified.db, link_of(verified), door(verified, f"{number:052}"), now=verified.clock.at)
        except TooManyCodesError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(asks, range(9))) == 3
    assert verified.deliver().sent == 3


def test_codes_are_forgotten_after_a_day(verified: House) -> None:
    ask(verified)
    verified.clock.at += DAY + timedelta(seconds=1)
    ask(verified)
    with verified.read() as work:
        assert len(work.codes.asked(link=link_of(verified))) == 1


def test_a_code_leaves_at_any_hour_and_is_no_reminder(verified: House) -> None:
    verified.clock.at = verified.calendar.end_of_day(verified.calendar.local(verified.clock.at).date())  # midnight
    ask(verified)
    message = next(each for each in verified.messages() if each.kind is MessageKind.CODE)
    assert message.state is MessageState.SENT
    assert not message.is_reminder
    assert message.address == "asa.pahittad@norrby.example"


def test_a_code_that_could_not_leave_in_time_does_not_leave(verified: House) -> None:
    verified.postman.script = [Outcome.RETRY]
    ask_code(verified.db, link_of(verified), door(verified), now=verified.clock.at)
    verified.deliver()
    verified.clock.at += CODE_LIFE
    assert verified.deliver().sent == 0
    message = next(each for each in verified.messages() if each.kind is MessageKind.CODE)
    assert (message.state, message.reason) == (MessageState.SKIPPED, "too_late")


def test_a_waiting_code_is_not_written_anew_to_who_takes_over(verified: House) -> None:
    old = link_of(verified)
    ask_code(verified.db, old, door(verified), now=verified.clock.at)
    handover.hand_over(
        verified.db,
        NORRBY,
        handover.Successor(name="Nils Ny", email="nils@norrby.example"),
        by="k-1",
        secrets=verified.secrets,
        calendar=verified.calendar,
        now=verified.clock.at,
    )
    codes = [each for each in verified.messages() if each.kind is MessageKind.CODE]
    assert [each.state for each in codes] == [MessageState.CANCELLED]
    with pytest.raises(LinkError):
        ask(verified, link=old)


def test_each_round_has_links_of_its_own(verified: House) -> None:
    with verified.db.begin() as work:
        work.rounds.add(replace(work.rounds.get(ROUND), id="2027-T2", state=RoundState.PLANNED, opened_at=None))
    rounds.open_round(
        verified.db, "2027-T2", secrets=verified.secrets, calendar=verified.calendar, now=verified.clock.at
    )
    with verified.read() as work:
        first, second = (
            {each.id for each in work.recipients.links_of_round(round_id)} for round_id in (ROUND, "2027-T2")
        )
    assert len(first) == len(second) == 3
    assert not first & second
