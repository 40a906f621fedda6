"""Mail that comes in: what is believed, what follows from it, and that nothing is ever answered for ever."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from itertools import count

import pytest

from tests.builders import a_link, a_recipient, an_account, an_office_message
from tests.fakes.mail import LOST
from tests.services.conftest import HAMNEN, NORRBY, OFFICE, ROUND, House
from workflow.adapters.mail.mime import MimeEnvelopes
from workflow.domain.arrivals import Arrival, ArrivalHandledError
from workflow.domain.digest import DigestPolicy
from workflow.domain.errors import NotFoundError
from workflow.domain.incoming import DeliveryReport, EnclosedFile, IncomingKind, IncomingMail
from workflow.domain.marks import Mark, with_mark
from workflow.domain.messages import Message, MessageKind, MessageState
from workflow.domain.people import Role
from workflow.domain.submissions import Submission
from workflow.ports import Outcome
from workflow.services.digest import plan_digests, read_agenda
from workflow.services.digest_letters import compose_for_office
from workflow.services.inbox import give_time, inbox, mailed_forms, see_to, to_see_to
from workflow.services.incoming import take_in
from workflow.services.mailroom import Mailroom
from workflow.services.outbox import deliver
from workflow.services.unreadable import note_unreadable
from workflow.services.writing import NOTHING, write

ASA, BO, CLEO = "asa.pahittad@norrby.example", "bo.pahittad@norrby.example", "cleo@hamnen.example"
INBOX = "svar@tertial.example"
FORM = EnclosedFile(name="ifyllt.DOCX", media_type="application/octet-stream", content=b"form 2027-T1 norrby 1")
_NUMBERS = count()


def room(house: House) -> Mailroom:
    return replace(house.mailroom, office=replace(OFFICE, inbox=INBOX))


def first(house: House, submission: str = NORRBY) -> Message:
    """The invitation to the contact person."""
    mails = (each for each in house.messages(submission) if each.recipient == f"{submission}.primary")
    return next(each for each in mails if each.kind is MessageKind.INVITATION)


def address(house: House, message: Message, mark: Mark = Mark.REPLY) -> str:
    return with_mark(INBOX, mark, message.id, house.secrets.seal(mark, message.id))


def a_mail(*to: str, sender: str = ASA, **changes: object) -> IncomingMail:
    number = next(_NUMBERS)
    mail = IncomingMail(
        digest=sha256(str(number).encode()).hexdigest(),
        message_id=f"<hers-{number}@norrby.example>",
        sender=sender,
        sender_name="Åsa Påhittad",
        subject="SV: Dags",
        delivered_to=to,
        references=(),
        automatic="",
        reports=(),
        text="Tack!",
        files=(),
    )
    return replace(mail, **changes)  # type: ignore[arg-type]


def a_report(action: str = "failed", recipient: str = ASA) -> DeliveryReport:
    status = {"failed": "5.1.1", "delayed": "4.4.7"}.get(action, "2.0.0")
    return DeliveryReport(action=action, status=status, recipient=recipient, diagnostic="550 no such user")


def a_bounce(house: House, message: Message, **report: str) -> IncomingMail:
    return a_mail(address(house, message, Mark.BOUNCE), sender="", reports=(a_report(**report),), automatic="DSN")


def take(house: House, mail: IncomingMail) -> Arrival:
    taken = take_in(room(house), mail, now=house.clock.at)
    assert taken is not None
    with house.read() as work:
        assert work.incoming.get(taken.id) == taken
    return taken


@pytest.fixture
def sent(opened: House) -> House:
    """Both invitations have gone, from the marked address."""
    deliver(room(opened))
    assert first(opened).state is MessageState.SENT
    return opened


def planned(house: House, submission: str = NORRBY) -> list[tuple[MessageKind, str]]:
    return [(each.kind, each.to_email) for each in house.messages(submission) if each.state is MessageState.PLANNED]


# --- what goes out -------------------------------------------------------------------------------------------------


def test_mail_goes_out_with_a_marked_envelope_and_reply_to(sent: House) -> None:
    invitation = first(sent)
    taken = next(each for each in sent.postman.taken if each.recipients == (ASA,))
    assert taken.sender == address(sent, invitation, Mark.BOUNCE)
    assert f"Reply-To: {address(sent, invitation)}\r\n".encode() in taken.data
    assert len(taken.sender.partition("@")[0]) <= 64


def test_the_same_bytes_go_out_at_every_try(sent: House) -> None:
    taken = next(each for each in sent.postman.taken if each.recipients == (ASA,))
    with sent.read() as work:
        row = work.outbox.get(first(sent).id)
    again = write(room(sent), row, NOTHING, now=sent.clock.at + timedelta(days=1))
    assert (again.sender, again.data) == (taken.sender, taken.data)


@pytest.mark.parametrize("inbox", [INBOX, ""])
def test_also_when_the_settings_have_changed_between_two_tries(opened: House, inbox: str) -> None:
    """Another mailbox, none any more, or the first one: a mail that may have arrived goes again as it was."""
    before = replace(OFFICE, inbox=inbox)
    opened.postman.always = LOST
    deliver(replace(opened.mailroom, office=before))
    row = first(opened)
    once = replace(opened.mailroom, office=before)
    after = [
        replace(OFFICE, inbox=each, contact_email="ny@tertial.example") for each in ("annan@ny.example", "", INBOX)
    ]
    tries = [
        write(
            replace(once, office=each, envelopes=MimeEnvelopes(each.mail_domain, each.contact_email)),
            row,
            NOTHING,
            now=opened.clock.at,
        )
        for each in (before, *after)
    ]
    assert len({(each.sender, each.data) for each in tries}) == 1
    marked = address(opened, row, Mark.BOUNCE) if inbox else OFFICE.sender_email
    assert tries[0].sender == marked


def test_without_an_inbox_nothing_is_marked(opened: House) -> None:
    opened.deliver()
    assert {each.sender for each in opened.postman.taken} == {OFFICE.sender_email}
    assert f"Reply-To: {OFFICE.contact_email}\r\n".encode() in opened.postman.taken[0].data


# --- what is believed -----------------------------------------------------------------------------------------------


def test_the_same_mail_is_taken_in_once(sent: House) -> None:
    mail = a_mail(address(sent, first(sent)))
    take(sent, mail)
    assert take_in(room(sent), mail, now=sent.clock.at) is None
    assert sent.events().count("incoming.reply") == 1


def test_a_mail_that_comes_by_two_ways_is_one(sent: House) -> None:
    """Each way adds lines of its own: other bytes. Its form is one proposal, and what lies beside is one case."""
    mail = a_mail(address(sent, first(sent)), files=(FORM,), text="Resten kommer, kan vi få till den 3 juni?")
    by_lmtp = replace(mail, digest="1" * 64, delivered_to=(*mail.delivered_to, INBOX))
    take(sent, mail)
    assert take_in(room(sent), by_lmtp, now=sent.clock.at) is None
    assert take_in(room(sent), replace(by_lmtp, digest="2" * 64), now=sent.clock.at) is None
    assert len(mailed_forms(sent.db, NORRBY)) == len(to_see_to(sent.db)) == 1
    assert planned(sent) == [(MessageKind.MAILED_FORM, ASA)]
    assert sent.events().count("incoming.form") == 1


def test_its_form_is_one_proposal_also_where_one_way_hides_what_it_answers(sent: House) -> None:
    mail = a_mail(address(sent, first(sent)), files=(FORM,))
    take(sent, mail)
    assert take_in(room(sent), replace(mail, digest="1" * 64, delivered_to=(INBOX,)), now=sent.clock.at) is None


def test_both_ways_at_once_make_one_case(sent: House) -> None:
    mail = a_mail(address(sent, first(sent)), files=(FORM,))
    ways = [replace(mail, digest=f"{number:064}") for number in range(4)]
    with ThreadPoolExecutor(4) as threads:
        taken = list(threads.map(lambda each: take_in(room(sent), each, now=sent.clock.at), ways))
    assert sum(each is not None for each in taken) == 1
    assert planned(sent) == [(MessageKind.MAILED_FORM, ASA)]


def test_a_known_message_id_hides_no_other_mail(sent: House) -> None:
    """A forger who comes first with hers, or with all of her words, makes nothing of hers disappear."""
    real = a_mail(address(sent, first(sent)), text="Vi behöver till den 3 juni.", written="Mon, 24 May 2027 10:00:00")
    fakes = (
        replace(real, digest="1" * 64, text="Vi behöver ingenting."),
        replace(real, digest="2" * 64, files=(FORM,)),
        replace(real, digest="3" * 64, sender="främling@annan.example"),
        replace(real, digest="4" * 64, delivered_to=(INBOX,)),  # word for word, but he knows no sealed address
        replace(real, digest="5" * 64, automatic="Auto-Submitted"),
        replace(real, digest="6" * 64, delivered_to=(address(sent, first(sent, HAMNEN)),)),
    )
    for fake in fakes:
        take(sent, fake)
    taken = take(sent, real)
    assert (taken.kind, taken.submission, taken.message) == (IncomingKind.REPLY, NORRBY, first(sent).id)
    assert taken.asked_until == date(2027, 6, 3)


def test_without_a_message_id_or_a_date_only_the_same_bytes_are_the_same_mail(sent: House) -> None:
    bare = a_mail(address(sent, first(sent)), message_id="", text="Ja.")
    take(sent, bare)
    assert take_in(room(sent), bare, now=sent.clock.at) is None
    take(sent, replace(bare, digest="1" * 64))
    dated = replace(bare, digest="2" * 64, written="Mon, 24 May 2027 10:00:00 +0200")
    take(sent, dated)
    assert take_in(room(sent), replace(dated, digest="3" * 64), now=sent.clock.at) is None
    take(sent, replace(dated, digest="4" * 64, written="Mon, 24 May 2027 10:00:01 +0200"))


@pytest.mark.parametrize("upper", [False, True])
def test_a_reply_is_about_the_mail_whose_sealed_address_it_came_to(sent: House, *, upper: bool) -> None:
    to = address(sent, first(sent))
    taken = take(sent, a_mail("annan@tertial.example", to.upper() if upper else to))
    assert (taken.kind, taken.submission, taken.message) == (IncomingKind.REPLY, NORRBY, first(sent).id)
    assert taken.recipient == f"{NORRBY}.primary"
    assert taken.needs_office


def test_or_names_our_message_id_and_comes_from_one_of_the_units_people(sent: House) -> None:
    ours = (f"<{first(sent).id}@{OFFICE.mail_domain}>",)
    assert take(sent, a_mail(INBOX, sender=BO.upper(), references=ours)).recipient == f"{NORRBY}.deputy"
    assert take(sent, a_mail(INBOX, sender=CLEO, references=ours)).submission == HAMNEN  # her own
    unknown = a_mail(INBOX, sender="främling@annan.example", references=("<x@tertial.example>", "", "<a>", *ours))
    assert take(sent, unknown).kind is IncomingKind.STRAY


def test_whoever_answers_for_a_unit_may_just_write(sent: House) -> None:
    """The office sees it on the unit's case; a former contact, a machine and a stranger stay strangers or machines."""
    asked = take(sent, a_mail(INBOX, text="Vi hinner inte. Kan vi få till den 3 juni?"))
    assert (asked.kind, asked.submission, asked.asked_until) == (IncomingKind.REPLY, NORRBY, date(2027, 6, 3))
    assert asked.needs_office
    unreadable = take(sent, a_mail(INBOX, files=(replace(FORM, content=b"\xff"),)))
    assert (unreadable.kind, unreadable.needs_office) == (IncomingKind.REPLY, True)
    assert take(sent, a_mail(INBOX, automatic="Auto-Submitted")).kind is IncomingKind.AUTO
    assert take(sent, a_mail(INBOX, sender="")).kind is IncomingKind.STRAY
    with sent.db.begin() as work:
        work.recipients.end(f"{NORRBY}.primary", sent.clock.at)
    assert take(sent, a_mail(INBOX)).kind is IncomingKind.STRAY


def test_a_wrong_seal_is_nothing(sent: House) -> None:
    for mark in Mark:
        wrong = with_mark(INBOX, mark, first(sent).id, "aaaaaaaaaa")
        taken = take(sent, a_mail(wrong, sender="främling@annan.example"))
        assert (taken.kind, taken.submission) == (IncomingKind.STRAY, "")
        assert not taken.needs_office


def test_a_colleague_who_answers_is_on_the_case_but_is_nobody_we_know(sent: House) -> None:
    taken = take(sent, a_mail(address(sent, first(sent)), sender="kollega@norrby.example"))
    assert (taken.kind, taken.submission, taken.recipient) == (IncomingKind.REPLY, NORRBY, "")


def test_what_cannot_be_kept_is_marked_and_everything_else_stays(sent: House) -> None:
    taken = take(sent, a_mail(address(sent, first(sent)), text="a\x00b\r\nÅ\u202e🎈\ud800"))
    assert taken.text == "a�b\nÅ\u202e🎈�"


def test_whoever_takes_the_same_mail_in_at_once_it_is_one(sent: House) -> None:
    bounce = a_bounce(sent, first(sent))
    second = replace(bounce, digest="b" * 64, message_id="<other@mx.example>")  # two servers may tell the same news
    with ThreadPoolExecutor(4) as threads:
        mails = (bounce, second, bounce, second)
        taken = list(threads.map(lambda mail: take_in(room(sent), mail, now=sent.clock.at), mails))
    assert sum(each is not None for each in taken) == 2
    assert planned(sent) == [(MessageKind.INVITATION, BO)]
    assert sent.events().count("message.turned_to_deputy") == 1


# --- replies ----------------------------------------------------------------------------------------------------------


def test_a_reply_that_asks_for_time_says_until_when(sent: House) -> None:
    taken = take(sent, a_mail(address(sent, first(sent)), text="Vi behöver till den 4 juni."))
    assert taken.asked_until == date(2027, 6, 4)


def test_a_machine_is_shown_and_never_answered(sent: House) -> None:
    mail = a_mail(address(sent, first(sent), Mark.BOUNCE), automatic="Auto-Submitted: auto-replied", files=(FORM,))
    taken = take(sent, mail)
    assert (taken.kind, taken.submission, taken.needs_office) == (IncomingKind.AUTO, NORRBY, False)
    assert planned(sent) == []


def test_more_time_and_seen_to_are_one_step(sent: House) -> None:
    """What cannot be seen to by a coordinator gives no time either; nor does it twice."""
    by_form = take(sent, a_mail(address(sent, first(sent)), files=(FORM,)))
    before = sent.submission()
    with pytest.raises(NotFoundError):
        give(sent, by_form)
    assert sent.submission() == before
    asked = take(sent, a_mail(address(sent, first(sent)), text="Vi behöver till den 4 juni."))
    assert give(sent, asked).due_at == before.due_at + timedelta(days=7)
    after = sent.submission()
    with pytest.raises(ArrivalHandledError):
        give(sent, asked)
    assert sent.submission() == after
    assert sent.events().count("incoming.handled") == 1


def give(house: House, arrival: Arrival) -> Submission:
    due_at = house.submission().due_at + timedelta(days=7)
    return give_time(
        house.db,
        arrival.id,
        due_at,
        reason="Ni bad om det",
        footing=house.submission().footing,
        by="k-1",
        secrets=house.secrets,
        now=house.clock.at,
    )


# --- bounces ----------------------------------------------------------------------------------------------------------


def test_a_bounce_marks_the_address_tells_the_office_and_turns_to_the_deputy(sent: House) -> None:
    taken = take(sent, a_bounce(sent, first(sent)))
    assert (taken.kind, taken.address, taken.status) == (IncomingKind.BOUNCE, ASA, "5.1.1")
    assert taken.needs_office
    assert first(sent).state is MessageState.SENT
    assert planned(sent) == [(MessageKind.INVITATION, BO)]
    with sent.read() as work:
        marked = {each.email: each.undeliverable_since for each in work.people.contacts()}
    assert marked == {ASA: sent.clock.at, BO: None, CLEO: None}
    assert "message.turned_to_deputy" in sent.events()
    deliver(room(sent))
    with sent.read() as work:
        letter = work.outbox.get(next(each.id for each in sent.messages() if each.to_email == BO)).frozen
    assert letter
    assert "Mejlet till Åsa Påhittad gick inte att leverera. Därför får du det." in letter.text


def test_a_second_bounce_of_the_same_mail_writes_nobody_again(sent: House) -> None:
    take(sent, a_bounce(sent, first(sent)))
    deliver(room(sent))
    take(sent, a_bounce(sent, first(sent)))
    assert planned(sent) == []
    to_bo = next(each for each in sent.messages() if each.to_email == BO)
    take(sent, a_bounce(sent, to_bo, recipient=BO))
    assert planned(sent) == []


def test_a_bounce_settles_what_was_unknown(opened: House) -> None:
    opened.postman.script = [Outcome.UNKNOWN, Outcome.UNKNOWN]
    deliver(room(opened))
    assert first(opened).state is MessageState.UNKNOWN
    taken = take(opened, a_bounce(opened, first(opened)))
    bounced = next(each for each in opened.messages() if each.to_email == ASA)
    assert (bounced.state, bounced.reason) == (MessageState.FAILED, "bounced")
    assert not taken.needs_office  # it stands among the mails that failed
    delivered = a_bounce(opened, first(opened, HAMNEN), action="delivered", recipient=CLEO)
    assert take(opened, delivered).kind is IncomingKind.DELIVERED
    assert first(opened, HAMNEN).state is MessageState.SENT


def test_a_forged_report_changes_nothing(sent: House) -> None:
    invitation = first(sent)
    forged = [
        with_mark(INBOX, Mark.BOUNCE, invitation.id, "aaaaaaaaaa"),
        with_mark(INBOX, Mark.BOUNCE, "finns-inte", sent.secrets.seal("b", "finns-inte")),
        address(sent, invitation),  # the mark that readers see: no server answers there
        INBOX,
    ]
    told = replace(a_report(), message_id=f"<{invitation.id}@{OFFICE.mail_domain}>")
    before = sent.messages()
    for to in forged:
        mail = a_mail(to, reports=(told,), references=(told.message_id,), automatic="DSN")
        assert take(sent, mail).kind is IncomingKind.STRAY
    assert sent.messages() == before
    with sent.read() as work:
        assert not any(each.undeliverable_since for each in work.people.contacts())


def test_a_delay_is_only_shown(sent: House) -> None:
    taken = take(sent, a_bounce(sent, first(sent), action="delayed"))
    assert (taken.kind, taken.submission, taken.needs_office) == (IncomingKind.DELAYED, NORRBY, False)
    assert planned(sent) == []


def test_what_has_become_untrue_goes_to_no_deputy(sent: House) -> None:
    sent.answer(NORRBY)
    sent.submit(NORRBY)
    deliver(room(sent))
    take(sent, a_bounce(sent, first(sent)))
    assert planned(sent) == []


def test_who_has_no_deputy_stays_without(sent: House) -> None:
    take(sent, a_bounce(sent, first(sent, HAMNEN), recipient=CLEO))
    assert planned(sent, HAMNEN) == []


def test_a_server_may_name_the_address_it_was_forwarded_to(sent: House) -> None:
    assert take(sent, a_bounce(sent, first(sent), recipient="asa@annan.example")).address == ASA


def test_a_copy_that_bounces_is_marked_and_the_mail_stays_with_its_reader(sent: House) -> None:
    invitation = first(sent)
    with sent.db.begin() as work:
        frozen = replace(invitation.frozen, copies=(f"Bo <{BO}>",)) if invitation.frozen else None
        work.outbox.plan(
            [replace(invitation, id="med-kopia", slot="x", copies=(f"Bo <{BO}>",), frozen=frozen, lead="")]
        )
    with sent.read() as work:
        copied = work.outbox.get("med-kopia")
    taken = take(sent, a_bounce(sent, copied, recipient=BO))
    assert taken.address == BO
    assert planned(sent) == []
    unclear = take(sent, a_bounce(sent, copied, recipient="någon@annan.example"))
    assert unclear.address == ""


def test_the_deputy_gets_at_most_one_reminder_a_day(sent: House) -> None:
    sent.clock.at += timedelta(days=18)
    with sent.db.begin() as work:
        for number, to in ((1, ASA), (2, BO)):
            role = "primary" if to == ASA else "deputy"
            base = first(sent)
            row = replace(
                base,
                id=f"r{number}",
                kind=MessageKind.REMINDER,
                slot=f"T-{number}",
                recipient=f"{NORRBY}.{role}",
                to_email=to,
                local_day=sent.clock.at.date().isoformat(),
                frozen=None,
                give_up_at=sent.clock.at + timedelta(hours=9),
            )
            work.outbox.plan([row])
        row = work.outbox.get("r1")
    take(sent, a_bounce(sent, row))
    assert (MessageKind.REMINDER, BO) in planned(sent)
    deliver(room(sent))
    fallen = next(each for each in sent.messages() if each.slot == "T-1" and each.to_email == BO)
    assert (fallen.state, fallen.reason) == (MessageState.SKIPPED, "one_a_day")


# --- forms ------------------------------------------------------------------------------------------------------------


def test_a_form_from_the_contact_person_waits_for_them_and_they_are_told(sent: House) -> None:
    taken = take(sent, a_mail(address(sent, first(sent)), files=(replace(FORM, content=b"\xff"), FORM)))
    assert (taken.kind, taken.submission, taken.recipient) == (IncomingKind.FORM, NORRBY, f"{NORRBY}.primary")
    assert taken.form
    assert (taken.form.number, taken.form.name) == (2, "ifyllt.DOCX")
    assert not taken.needs_office
    (unreadable,) = to_see_to(sent.db)  # the other file, which somebody meant as a form too
    assert [each.number for each in unreadable.arrival.sheets] == [1]
    assert planned(sent) == [(MessageKind.MAILED_FORM, ASA)]
    deliver(room(sent))
    assert b"Auto-Submitted: auto-replied\r\n" in sent.postman.taken[-1].data
    with sent.read() as work:
        assert work.drafts.of(NORRBY) == {}


def test_every_units_form_is_a_case_of_its_own_and_what_comes_beside_is_the_offices(sent: House) -> None:
    with sent.db.begin() as work:
        asa = a_recipient(id="asa-i-hamnen", submission=HAMNEN, email=ASA, role=Role.DEPUTY)
        work.recipients.add([asa], [a_link(id="l-asa", submission=HAMNEN, recipient="asa-i-hamnen")])
    theirs = replace(FORM, name="hamnen.docx", content=b"form 2027-T1 hamnen 1")
    table = EnclosedFile(name="bilaga.pdf", media_type="application/pdf", content=b"%PDF-1.7")
    mail = a_mail(INBOX, files=(FORM, table, theirs), text="Här är båda. Bilagan hör till Norrby.")
    take(sent, mail)
    assert [each.sheets[0].name for each in mailed_forms(sent.db, NORRBY)] == ["ifyllt.DOCX"]
    assert [each.sheets[0].name for each in mailed_forms(sent.db, HAMNEN)] == ["hamnen.docx"]
    (beside,) = to_see_to(sent.db)
    assert [each.name for each in beside.arrival.sheets] == ["bilaga.pdf"]
    assert (beside.arrival.submission, beside.arrival.text) == (NORRBY, mail.text)
    assert planned(sent) == [(MessageKind.MAILED_FORM, ASA)]
    assert planned(sent, HAMNEN) == [(MessageKind.MAILED_FORM, ASA)]
    assert take_in(room(sent), mail, now=sent.clock.at) is None


def test_a_form_whose_mail_asks_for_time_is_seen_by_the_office_too(sent: House) -> None:
    take(sent, a_mail(address(sent, first(sent)), files=(FORM,), text="Resten kommer, kan vi få till den 3 juni?"))
    (asked,) = to_see_to(sent.db)
    assert asked.arrival.asked_until == date(2027, 6, 3)
    assert asked.arrival.sheets == ()


def test_it_finds_its_unit_by_what_the_file_says_of_itself(sent: House) -> None:
    """Also in a mail of its own, if it comes from one of that unit's people."""
    taken = take(sent, a_mail(INBOX, files=(FORM,)))
    assert (taken.kind, taken.submission) == (IncomingKind.FORM, NORRBY)


def test_a_foreign_or_forged_sender_never_touches_a_draft(sent: House) -> None:
    for to in (INBOX, address(sent, first(sent, HAMNEN)), address(sent, first(sent))):
        taken = take(sent, a_mail(to, sender="främling@annan.example", files=(FORM,)))
        assert taken.kind in {IncomingKind.STRAY, IncomingKind.REPLY}
        assert taken.form is None
    theirs = take(sent, a_mail(address(sent, first(sent, HAMNEN)), sender=CLEO, files=(FORM,)))
    assert theirs.submission == HAMNEN  # for her to see that it is the wrong file
    assert planned(sent) == []


def test_the_same_file_is_answered_once_and_nobody_more_than_three_times_a_day(sent: House) -> None:
    for number in range(6):
        content = f"form {ROUND} norrby {number // 2}".encode()
        take(sent, a_mail(address(sent, first(sent)), files=(replace(FORM, content=content),)))
    assert len(planned(sent)) == 3
    last = replace(FORM, content=b"form 2027-T1 norrby 9")
    take(sent, a_mail(address(sent, first(sent)), files=(last,)))
    assert len(planned(sent)) == 3
    sent.clock.at += timedelta(days=1)
    take(sent, a_mail(address(sent, first(sent)), files=(replace(last, content=b"form 2027-T1 norrby 10"),)))
    assert len(planned(sent)) == 4


def test_no_two_machines_write_to_each_other_for_ever(sent: House) -> None:
    """A mailbox that answers all it gets with what it got, marked as automatic or not, is soon alone."""
    for automatic in ("Auto-Submitted", ""):
        answered = 0
        for number in range(30):
            deliver(room(sent))
            newest = max(sent.messages(), key=lambda each: each.created_at)
            file = replace(FORM, content=f"form {ROUND} norrby {automatic}{number}".encode())
            before = len(sent.messages())
            for mark in Mark:
                take(sent, a_mail(address(sent, newest, mark), files=(file,), automatic=automatic))
            answered += len(sent.messages()) - before
        assert answered == (0 if automatic else 3)


def test_after_handing_in_nobody_is_told_to_confirm(sent: House) -> None:
    sent.answer(NORRBY)
    sent.submit(NORRBY)
    deliver(room(sent))
    assert take(sent, a_mail(INBOX, files=(FORM,))).kind is IncomingKind.FORM
    assert planned(sent) == []


def test_the_log_holds_ids_only(sent: House) -> None:
    take(sent, a_mail(address(sent, first(sent)), text="Hemlighet", subject="Hemlighet", files=(FORM,)))
    take(sent, a_bounce(sent, first(sent)))
    with sent.read() as work:
        told = repr([each.event for each in work.log.all()])
    assert "Hemlighet" not in told
    assert ASA not in told


def test_the_daily_mail_tells_of_what_came_in_until_somebody_has_seen_to_it(sent: House) -> None:
    with sent.db.begin() as work:
        work.access.add_account(an_account())
    replied = take(sent, a_mail(address(sent, first(sent)), text="Hemligt. Kan vi få till den 4 juni?"))
    take(sent, a_bounce(sent, first(sent, HAMNEN), recipient=CLEO))
    take(sent, a_mail(address(sent, first(sent)), automatic="Auto-Submitted"))
    with sent.read() as work:
        agenda = read_agenda(work, calendar=sent.calendar, now=sent.clock.at)
    digest = compose_for_office(an_office_message(), agenda, office=OFFICE, calendar=sent.calendar, now=sent.clock.at)
    said = sent.mailroom.renderer.render(digest).text
    assert "Mejl som har kommit in (2)" in said
    assert "Norrby stadsdelsnämnd: ber i ett mejl om tid till fredag 4 juni" in said
    assert f"Hamnen AB: gick inte att leverera till {CLEO}" in said
    assert "Hemligt" not in said
    see_to(sent.db, replied.id, by="k-1", now=sent.clock.at)
    with pytest.raises(ArrivalHandledError):
        see_to(sent.db, replied.id, by="k-1", now=sent.clock.at)
    with sent.read() as work:
        (chores,) = read_agenda(work, calendar=sent.calendar, now=sent.clock.at).chores
    assert [each.kind for each in chores.mailed] == [IncomingKind.BOUNCE]


# --- about no unit ----------------------------------------------------------------------------------------------------


def an_account_with(house: House, *mails: Message) -> None:
    with house.db.begin() as work:
        work.access.add_account(an_account())
        work.outbox.plan(mails)


def told(house: House) -> str:
    """The daily mail, were it written now."""
    with house.read() as work:
        agenda = read_agenda(work, calendar=house.calendar, now=house.clock.at)
    digest = compose_for_office(an_office_message(), agenda, office=OFFICE, calendar=house.calendar, now=house.clock.at)
    return house.mailroom.renderer.render(digest).text


def test_what_is_about_the_offices_own_mails_is_told_of_until_somebody_has_seen_to_it(sent: House) -> None:
    ours = an_office_message(id="digest-1", state=MessageState.SENT, sent_at=sent.clock.at)
    an_account_with(sent, ours)
    reply = take(sent, a_mail(address(sent, ours), sender="kim@kontoret.example", sender_name="Kim Kontor"))
    returned = take(sent, a_bounce(sent, ours, recipient=ours.to_email))
    assert {each.arrival.id for each in inbox(sent.db, without_unit=True)} == {reply.id, returned.id}
    assert {each.arrival.submission for each in to_see_to(sent.db)} == {""}
    assert "Kim Kontor: svar på ett mejl till er" in told(sent)
    assert f"{ours.to_email}: gick inte att leverera" in told(sent)
    assert "Öppna Inkommet" not in told(sent), "a round is open: its page is the way in"
    for each in (reply, returned):
        see_to(sent.db, each.id, by="k-1", now=sent.clock.at)
    assert "Mejl som inte gäller" not in told(sent)


def test_a_mail_that_cannot_be_taken_in_is_told_of_once_and_no_more_when_it_could(sent: House) -> None:
    an_account_with(sent)
    mail = a_mail(address(sent, first(sent)), subject="Svar\x00", text="Hemligt")
    assert note_unreadable(room(sent), mail, "Tertial-problem", now=sent.clock.at)
    assert not note_unreadable(room(sent), mail, "Tertial-problem", now=sent.clock.at)
    (post,) = to_see_to(sent.db)
    assert (post.arrival.kind, post.arrival.said) == (IncomingKind.UNREADABLE, "Tertial-problem")
    assert (post.arrival.sender, post.arrival.subject, post.arrival.text) == (ASA, "Svar�", "")
    assert "Åsa Påhittad: gick inte att läsa in" in told(sent)
    assert sent.events().count("incoming.unreadable") == 1
    taken = take(sent, mail)
    assert [each.arrival.id for each in to_see_to(sent.db)] == [taken.id]


def test_it_is_planned_for_also_while_no_round_is_open(house: House) -> None:
    an_account_with(house)
    house.clock.at = house.calendar.next_window(house.clock.at) + timedelta(hours=3)

    def plan() -> int:
        now = house.clock.at
        return plan_digests(house.db, DigestPolicy(), secrets=house.secrets, calendar=house.calendar, now=now)

    assert plan() == 0
    note_unreadable(room(house), a_mail(INBOX), "Tertial-problem", now=house.clock.at)
    assert plan() == 1
    assert "Öppna Inkommet" in told(house)
