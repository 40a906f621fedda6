"""A previewed mail reads as the mail that then goes, and opens nothing."""

from dataclasses import replace

import pytest

from tests.builders import DUE_AT, OPENS_AT, PLANNED_AT, a_frozen
from tests.services.conftest import NORRBY, ROUND, House
from workflow.domain.errors import NotFoundError
from workflow.domain.messages import MessageKind, MessageState
from workflow.ports import LINK_SECRET
from workflow.services.listings import mail_document
from workflow.services.preview import RoundPreview, look_ahead
from workflow.services.preview_mail import Wanted, chosen, find_planned, first_of_each, preview_mail, words_of
from workflow.services.reminders import plan_due
from workflow.services.several import MASK


def ahead(house: House) -> RoundPreview:
    with house.read() as work:
        round_ = work.rounds.get(ROUND)
    return look_ahead(house.db, round_, calendar=house.calendar, now=house.clock.at)


def test_every_mail_of_a_planned_round_reads_as_it_will_when_it_goes(house: House) -> None:
    house.clock.at = PLANNED_AT
    seen = ahead(house)
    foretold = {
        (mail.unit, mail.slot): words_of(house.mailroom, seen, mail).words for mail in seen.mails if not mail.suppressed
    }
    house.clock.at = OPENS_AT
    house.open()
    for at in sorted({OPENS_AT, *(mail.at for mail in seen.mails)}):
        house.clock.at = at
        plan_due(house.db, secrets=house.secrets, calendar=house.calendar, now=at)
        house.deliver()
    sent = [each for unit in ("norrby", "hamnen") for each in house.messages(f"{ROUND}.{unit}") if each.frozen]
    assert len(sent) == len(foretold) > 6
    for message in sent:
        words = foretold[message.submission.removeprefix(f"{ROUND}."), message.slot]
        assert words
        assert message.frozen
        assert words.subject == message.frozen.subject
        assert [each.name for each in words.attachments] == [each.name for each in message.frozen.attachments]
        assert words.text == message.frozen.text.replace(f"{message.link}.{LINK_SECRET}", f"forhandsvisning.{MASK}")


def test_nothing_in_it_opens_a_form(opened: House) -> None:
    opened.deliver()
    seen = ahead(opened)
    links = [each.link for each in opened.messages() if each.link]
    secrets = [opened.secrets.link_secret(link) for link in links]
    for mail in seen.mails:
        words = words_of(opened.mailroom, seen, mail).words
        told = f"{words.text}{words.html}" if words else ""
        assert LINK_SECRET not in told
        assert not any(secret in told for secret in secrets)


def test_one_that_has_gone_is_shown_as_it_went(opened: House) -> None:
    opened.deliver()
    (invitation,) = opened.messages()
    assert invitation.frozen
    with opened.read() as work:
        round_ = work.rounds.get(ROUND)
    written = preview_mail(opened.mailroom, round_, invitation.id, now=opened.clock.at)
    assert written.mail.state == "sent"
    assert written.words
    assert written.words.date == invitation.frozen.date


def test_of_a_mail_about_several_units_no_secrets_place_is_shown(opened: House) -> None:
    opened.deliver()
    (invitation,) = opened.messages()
    letter = "/l/abc.{link-secret-abc} /l/k-7_d.{link-secret-k-7_d}"
    with opened.db.begin() as work:
        round_ = work.rounds.get(ROUND)
        of_several = invitation.but(
            id="of-several", slot="again", frozen=a_frozen(text=letter, html=letter), state=MessageState.SENT
        )
        assert work.outbox.plan([of_several]) == 1
    words = preview_mail(opened.mailroom, round_, "of-several", now=opened.clock.at).words
    assert words
    assert words.text == words.html == f"/l/abc.{MASK} /l/k-7_d.{MASK}"
    assert mail_document(opened.db, "of-several")["text"] == words.text


def test_one_that_does_not_go_is_not_written(house: House) -> None:
    seen = ahead(house)
    silent = next(mail for mail in seen.mails if mail.unit == "tysta")
    assert words_of(house.mailroom, seen, silent).words is None


def test_found_by_name_number_and_id(opened: House) -> None:
    seen = ahead(opened)
    by_name = find_planned(seen, "norrby.T-5")
    assert find_planned(seen, f"{ROUND}.norrby.T-5") is by_name
    assert find_planned(seen, str(seen.mails.index(by_name) + 1)) is by_name
    assert find_planned(seen, opened.messages()[0].id).kind is MessageKind.INVITATION
    for wrong in ("", "0", "999", "norrby.T-99", "norrby"):
        with pytest.raises(NotFoundError):
            find_planned(seen, wrong)


def test_chosen_by_day_unit_and_kind(opened: House) -> None:
    seen = ahead(opened)
    day = opened.calendar.last_day(DUE_AT)
    assert {mail.kind for mail in chosen(seen, Wanted(on=day, unit="norrby"))} == {MessageKind.LAST_DAY}
    assert {mail.unit for mail in chosen(seen, Wanted(kind="last_day"))} == {"norrby", "hamnen", "tysta"}
    assert chosen(seen, Wanted()) == seen.mails


def test_the_first_of_each_kind_that_goes(opened: House) -> None:
    kinds = [mail.kind for mail in first_of_each(ahead(opened).mails)]
    assert len(kinds) == len(set(kinds)) == 4
    assert all(not mail.suppressed for mail in first_of_each(ahead(opened).mails))


def test_looking_changes_nothing(opened: House) -> None:
    before = opened.messages(NORRBY), opened.events()
    seen = ahead(opened)
    for mail in seen.mails:
        words_of(opened.mailroom, seen, mail)
    assert (opened.messages(NORRBY), opened.events()) == before


def test_a_round_nobody_has_stored(house: House) -> None:
    with house.read() as work:
        unsaved = replace(work.rounds.get(ROUND), id="2028-T1")
    seen = look_ahead(house.db, unsaved, calendar=house.calendar, now=house.clock.at)
    assert words_of(house.mailroom, seen, seen.mails[0]).words
