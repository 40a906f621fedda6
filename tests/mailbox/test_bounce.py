"""A bounce that a real mail server makes ends as a note to the coordinator and a mail to the deputy."""

from pathlib import Path

import pytest

from tasks.jobs import Bench
from tasks.watch import Trusting
from tests.mailbox.conftest import house_at
from tests.mailbox.dovecot import DONE, Dovecot
from tests.mailbox.postfix import Postfix, postfix
from tests.mailbox.servers import await_that
from tests.mailbox.sink import Sink, sink
from tests.web.houses import NORRBY
from tests.web.office import show, sign_in
from workflow.bootstrap import App
from workflow.domain.incoming import IncomingKind
from workflow.domain.messages import Message, MessageKind, MessageState
from workflow.ports import Job

pytestmark = [pytest.mark.mailbox, pytest.mark.xdist_group("mailbox")]

ASA, BO = "asa.pahittad@norrby.example", "bo.pahittad@norrby.example"


def invitations(house: App) -> dict[str, Message]:
    with house.db.read() as work:
        mails = work.outbox.of_submission(NORRBY)
    return {each.to_email: each for each in mails if each.kind is MessageKind.INVITATION}


def test_a_refused_invitation_goes_to_the_deputy_and_the_coordinator_is_told(
    tmp_path: Path, sql_url: str, server: Dovecot
) -> None:
    with (
        sink(ASA) as far,
        postfix(onward=far.port, lmtp=server.lmtp_port) as relay,
        house_at(tmp_path, sql_url, server, smtp_port=relay.port) as house,
    ):
        bench = Bench(house, Trusting())
        bench.run(Job.DELIVER)
        assert invitations(house)[ASA].state is MessageState.SENT  # the relay took it: nobody knows better yet
        assert BO not in invitations(house)

        await_that(lambda: server.held("INBOX"), "the report")
        bench.run(Job.INBOX)
        _the_coordinator_is_told(house)

        bench.run(Job.DELIVER)
        _the_deputy_has_it(house, far)
        bench.run(Job.INBOX)
        bench.run(Job.DELIVER)
        assert (len(far.of(BO)), len(server.held(DONE))) == (1, 1)


def _the_coordinator_is_told(house: App) -> None:
    with house.db.read() as work:
        (arrival,) = work.incoming.list()
    assert (arrival.kind, arrival.submission, arrival.address) == (IncomingKind.BOUNCE, NORRBY, ASA)
    assert arrival.status == "5.1.1"
    assert "no such person here" in arrival.said
    assert arrival.needs_office
    page = show(sign_in(house), "norrby").client.get("/omgang/2027-T1/underlag/norrby").text
    assert ASA in page
    assert "gick inte att leverera" in page


def _the_deputy_has_it(house: App, far: Sink) -> None:
    await_that(lambda: far.of(BO), "the deputy's mail")
    assert invitations(house)[BO].state is MessageState.SENT
    assert invitations(house)[ASA].state is MessageState.SENT
    assert far.of(ASA) == []


def test_a_mail_that_is_only_late_is_noted_and_turns_to_nobody_else(
    tmp_path: Path, sql_url: str, server: Dovecot
) -> None:
    with (
        sink() as far,
        postfix(onward=far.port, lmtp=server.lmtp_port) as relay,
        house_at(tmp_path, sql_url, server, smtp_port=relay.port) as house,
    ):
        far.busy.add(ASA)
        bench = Bench(house, Trusting())
        bench.run(Job.DELIVER)
        await_that(lambda: _is_reported(relay, server), "the warning")
        bench.run(Job.INBOX)
        bench.run(Job.DELIVER)
        with house.db.read() as work:
            (arrival,) = work.incoming.list()
        assert (arrival.kind, arrival.submission) == (IncomingKind.DELAYED, NORRBY)
        assert BO not in invitations(house)

        far.busy.clear()
        await_that(lambda: _has_come(relay, far), "the mail itself, late")
        assert len(far.of(ASA)) == 1


def _is_reported(relay: Postfix, server: Dovecot) -> bool:
    """Postfix warns when it has tried again."""
    relay.flush()
    return bool(server.held("INBOX"))


def _has_come(relay: Postfix, far: Sink) -> bool:
    relay.flush()
    return bool(far.of(ASA))
