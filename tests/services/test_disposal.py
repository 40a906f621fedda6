"""Disposing of old mails: what is seen to and decided goes with its files, and nothing else ever does."""

from datetime import timedelta

import pytest

from tests.services.conftest import HAMNEN, NORRBY, ROUND, House
from tests.services.test_incoming import FORM, INBOX, a_mail, address, first, sent, take
from workflow.cli.dryrun import DryRun
from workflow.domain.arrivals import Arrival
from workflow.domain.errors import NotFoundError
from workflow.domain.incoming import EnclosedFile
from workflow.services.disposal import DecisionMissingError, KeptForeverError, dispose
from workflow.services.inbox import see_to
from workflow.services.rounds import close_round
from workflow.services.submissions import excuse

__all__ = ["sent"]

DAYS = 365
PDF = EnclosedFile(name="bilaga.pdf", media_type="application/pdf", content=b"%PDF-1.7")


def gone(house: House, days: int = DAYS, decision: str = "SSA 2027:4") -> set[str]:
    deleted = dispose(house.db, keep_days=days, decision=decision, by="k-1", now=house.clock.at)
    return {each.id for each in deleted}


def handled(house: House, arrival: Arrival) -> Arrival:
    see_to(house.db, arrival.id, by="k-1", now=house.clock.at)
    return arrival


def gather(house: House) -> None:
    """All is decided and the round is closed and gathered; a long time passes."""
    for submission in (NORRBY, HAMNEN):
        excuse(house.db, submission, reason="Behövs inte", by="k-1", secrets=house.secrets, now=house.clock.at)
    close_round(house.db, ROUND, by="k-1", now=house.clock.at)
    with house.db.begin() as work:
        work.rounds.save(work.rounds.get(ROUND, lock=True).bundle())
    house.clock.at += timedelta(days=DAYS + 1)


def test_what_is_seen_to_and_decided_goes_with_its_files_and_is_logged(sent: House) -> None:
    reply = handled(sent, take(sent, a_mail(address(sent, first(sent)), files=(PDF,), text="Hemligt")))
    machine = take(sent, a_mail(address(sent, first(sent)), automatic="Auto-Submitted"))
    stray = take(sent, a_mail(INBOX, sender="vem@annan.example"))
    gather(sent)
    assert gone(sent) == {reply.id, machine.id, stray.id}
    with sent.read() as work:
        assert work.incoming.list() == ()
        with pytest.raises(NotFoundError):
            work.incoming.file(reply.id, 1)
        logged = [link.event for link in work.log.all() if link.event.kind == "incoming.disposed"]
    assert {each.data["arrival"] for each in logged} == {reply.id, machine.id, stray.id}
    assert {each.data["decision"] for each in logged} == {"SSA 2027:4"}
    assert gone(sent) == set()


def test_what_waits_for_somebody_or_is_young_never_goes(sent: House) -> None:
    take(sent, a_mail(address(sent, first(sent)), text="Ingen har läst det här"))
    take(sent, a_mail(address(sent, first(sent)), files=(FORM,)))  # its unit has not looked at it
    gather(sent)
    handled(sent, take(sent, a_mail(address(sent, first(sent)))))
    assert gone(sent) == set()
    sent.clock.at += timedelta(days=DAYS)
    assert gone(sent) == set(), "exactly so old is not older"


def test_what_is_about_a_round_under_way_or_an_undecided_unit_never_goes(sent: House) -> None:
    handled(sent, take(sent, a_mail(address(sent, first(sent)))))
    sent.clock.at += timedelta(days=DAYS + 1)
    assert gone(sent) == set(), "open"
    close_round(sent.db, ROUND, by="k-1", now=sent.clock.at)
    assert gone(sent) == set(), "closed, not gathered"
    with sent.db.begin() as work:
        work.rounds.save(work.rounds.get(ROUND, lock=True).bundle())
    assert gone(sent) == set(), "gathered, and Norrby still owes"


def test_without_a_setting_or_a_decision_nothing_is_done(sent: House) -> None:
    take(sent, a_mail(INBOX, sender="vem@annan.example"))
    sent.clock.at += timedelta(days=9 * DAYS)
    with pytest.raises(KeptForeverError):
        gone(sent, days=0)
    for decision in ("", "  ", "x" * 101, "a\x00b"):
        with pytest.raises(DecisionMissingError):
            gone(sent, decision=decision)
    with sent.read() as work:
        assert len(work.incoming.list()) == 1


def test_a_dry_run_tells_and_keeps(sent: House) -> None:
    stray = take(sent, a_mail(INBOX, sender="vem@annan.example"))
    sent.clock.at += timedelta(days=DAYS + 1)
    tried = dispose(DryRun(sent.db), keep_days=DAYS, decision="SSA 1", by="k-1", now=sent.clock.at)
    assert [each.id for each in tried] == [stray.id]
    assert gone(sent) == {stray.id}
