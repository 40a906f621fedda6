"""On top of the overview: what keeps mail from leaving, and mail that nobody knows the fate of, with what to do."""

from datetime import timedelta

import pytest

from tests.web.houses import HAMN, ODEBY, VATTEN, house
from tests.web.office import ROUND_PAGE, make_mail, sign_in
from workflow.bootstrap import App
from workflow.domain.clockguard import Reason, Suspicion
from workflow.domain.messages import MessageState
from workflow.services import submissions
from workflow.services.mailroom import CHANNEL
from workflow.services.outbox import skip

__all__ = ["house"]

HEADINGS = {
    "sv": "Utskicken vilar: serverns klocka går inte att lita på",
    "en": "Mailing is paused: the server's clock cannot be trusted",
}


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_overview_tells_of_a_suspect_clock_and_only_then(house: App, language: str) -> None:
    client = sign_in(house, language)
    assert "tertial clock trust" not in client.get(ROUND_PAGE).text
    found = Suspicion(Reason.BACK, timedelta(days=-1), house.now(), vouched=False)
    with house.db.begin() as work:
        work.guards.keep_clock(work.guards.clock(lock=True).raised(found))
    page = client.get(ROUND_PAGE).text
    assert HEADINGS[language] in page
    assert "tertial clock trust" in page


SHUT = {
    "sv": ("Mejlservern tar inte emot mejl", "Nästa försök görs kl. 09.13."),
    "en": ("The mail server takes no e-mail", "The next try is at 09:13."),
}


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_overview_tells_of_a_way_out_that_is_shut_and_when_it_is_tried_next(house: App, language: str) -> None:
    client = sign_in(house, language)
    assert 'role="alert"' not in client.get(ROUND_PAGE).text
    with house.db.begin() as work:
        state = work.channels.get(CHANNEL, lock=True)
        work.channels.save(state.block(house.now(), "535 5.7.8 wrong password", seen=0))
    page = client.get(ROUND_PAGE).text
    heading, next_try = SHUT[language]
    alert = page.partition('role="alert"')[2].partition("</div>")[0]
    assert heading in alert
    assert next_try in alert
    with house.db.begin() as work:
        work.channels.save(work.channels.get(CHANNEL, lock=True).clear())
    page = client.get(ROUND_PAGE).text
    assert heading not in page
    assert 'role="alert"' not in page


UNCLEAR = {
    "sv": ("mejl kanske inte gick fram", "mejl gick inte fram", "Vi fick aldrig mejlserverns svar", "Skicka igen"),
    "en": ("mail may not have arrived", "mail did not arrive", "We never got the mail server", "Send again"),
}


@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_mail_of_unknown_fate_stands_first_of_what_to_do_and_is_not_called_lost(house: App, language: str) -> None:
    client = sign_in(house, language)
    may_have_come, lost, why, again = UNCLEAR[language]
    assert may_have_come not in client.get(ROUND_PAGE).text
    mail = make_mail(house, VATTEN, MessageState.UNKNOWN, reason="connection_lost")
    page = client.get(ROUND_PAGE).text
    assert lost not in page
    to_do = page.partition('<ol class="todo">')[2]
    first = to_do[: to_do.index("<li>", to_do.index("</ul>"))]
    assert may_have_come in first
    assert why in first
    assert f'href="{ROUND_PAGE}/utskick/{mail.id}"' in first
    its_page = client.get(f"{ROUND_PAGE}/utskick/{mail.id}").text
    assert why in its_page
    assert again in its_page

    skip(house.db, mail.id, by="karin", why="Dan har fått det.", now=house.now())
    assert may_have_come not in client.get(ROUND_PAGE).text


def test_what_failed_and_what_is_unclear_are_told_apart(house: App) -> None:
    make_mail(house, VATTEN, MessageState.UNKNOWN, reason="lease_expired")
    make_mail(house, HAMN, MessageState.FAILED, reason="550 5.1.1 no such user")
    page = sign_in(house).get(ROUND_PAGE).text
    unclear, failed = page.index("mejl kanske inte gick fram"), page.index("mejl gick inte fram")
    assert unclear < page.index("Vattenbolaget i Norrby AB", unclear) < failed
    assert failed < page.index("Adressen finns inte hos mottagaren.")


def test_it_is_something_to_do_even_where_nothing_else_is(house: App) -> None:
    submissions.excuse(house.db, ODEBY, reason="Prov", by="test", secrets=house.secrets, now=house.now())
    client = sign_in(house)
    assert "Inget att göra i dag." in client.get(ROUND_PAGE).text
    make_mail(house, VATTEN, MessageState.UNKNOWN, reason="connection_lost")
    page = client.get(ROUND_PAGE).text
    assert "Inget att göra i dag." not in page
    assert "mejl kanske inte gick fram" in page
