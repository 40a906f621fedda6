"""One mail about several units comes back: each unit's row is settled, and each unit's deputy hears of their own."""

from tests.builders import a_recipient
from tests.services.conftest import House
from tests.services.test_company import OSBY, TRIO, VINGE, at, hand_in, house, rows, states
from tests.services.test_incoming import a_bounce, take
from workflow.domain.messages import MessageState
from workflow.domain.people import Role
from workflow.ports import Outcome
from workflow.services.outbox import deliver

__all__ = ["house"]

BO = "bo.pahittad@norrby.example"


def add_deputy(house: House, *submissions: str) -> None:
    with house.db.begin() as work:
        deputies = [
            a_recipient(id=f"{each}.deputy", submission=each, role=Role.DEPUTY, name="Bo Påhittad", email=BO)
            for each in submissions
        ]
        work.recipients.add(deputies, [])


def test_every_row_is_settled_and_one_mail_tells_the_deputy_of_all(house: House) -> None:
    add_deputy(house, *TRIO)
    at(house, -7)
    house.postman.script = [Outcome.UNKNOWN]
    deliver(house.mailroom)
    assert states(house) == [MessageState.UNKNOWN] * 3
    lead = next(each for each in rows(house) if not each.lead)
    take(house, a_bounce(house, lead))
    assert [each.state for each in rows(house) if each.to_email != BO] == [MessageState.FAILED] * 3
    assert {each.submission for each in rows(house) if each.to_email == BO} == set(TRIO)
    deliver(house.mailroom)
    assert [each.recipients for each in house.postman.taken] == [(BO,)]


def test_only_what_is_still_owed_and_has_a_deputy_goes_on(house: House) -> None:
    add_deputy(house, OSBY, VINGE)
    at(house, -7)
    deliver(house.mailroom)
    lead = next(each for each in rows(house) if not each.lead)
    hand_in(house, VINGE)
    take(house, a_bounce(house, lead))
    assert [each.submission for each in rows(house) if each.to_email == BO] == [OSBY]
    assert [each.state for each in rows(house) if each.to_email != BO] == [MessageState.SENT] * 3


def refuse_all_to_the_reader(house: House) -> None:
    """In whatever letters the address is written."""
    house.postman.dead = {each.to_email for each in rows(house)}


def test_refused_at_once_each_unit_goes_on_that_is_owed_and_has_somebody(house: House) -> None:
    add_deputy(house, OSBY, VINGE)
    at(house, -7)
    refuse_all_to_the_reader(house)
    hand_in(house, VINGE)
    deliver(house.mailroom)
    to_bo = [each for each in rows(house) if each.to_email == BO]
    assert [(each.submission, each.state) for each in to_bo] == [(OSBY, MessageState.SENT)]


def test_refused_at_once_one_mail_to_the_deputy_tells_of_all(house: House) -> None:
    add_deputy(house, *TRIO)
    at(house, -7)
    refuse_all_to_the_reader(house)
    deliver(house.mailroom)
    assert [each.recipients for each in house.postman.taken] == [(BO,)]
    assert {each.submission for each in rows(house) if each.to_email == BO} == set(TRIO)
