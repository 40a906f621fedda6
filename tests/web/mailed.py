"""Mail that comes in to a house of the pages' tests."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from itertools import count

from tests.adapters.documents.office import filled
from tests.web.houses import NORRBY, open_form
from workflow.bootstrap import App
from workflow.domain.arrivals import Arrival
from workflow.domain.incoming import DeliveryReport, EnclosedFile, IncomingMail
from workflow.domain.marks import Mark, with_mark
from workflow.domain.messages import Message, MessageKind
from workflow.services.incoming import take_in

ASA = "asa.pahittad@norrby.example"
INBOX = "svar@tertial.example"
_NUMBERS = count()


def invitation(house: App, submission: str = NORRBY) -> Message:
    with house.db.read() as work:
        mails = work.outbox.of_submission(submission)
    return next(each for each in mails if each.kind is MessageKind.INVITATION)


def address(house: App, message: Message, mark: Mark = Mark.REPLY) -> str:
    return with_mark(INBOX, mark, message.id, house.secrets.seal(mark, message.id))


def arrive(house: App, text: str = "Tack!", *, submission: str = NORRBY, **changes: object) -> Arrival:
    """A reply to the invitation, from its contact person."""
    ours = invitation(house, submission)
    mail = IncomingMail(
        digest=sha256(str(next(_NUMBERS)).encode()).hexdigest(),
        message_id="<x@norrby.example>",
        sender=ours.to_email,
        sender_name=ours.to_name,
        subject="SV: Dags att svara",
        delivered_to=(address(house, ours),),
        references=(),
        automatic="",
        reports=(),
        text=text,
        files=(),
    )
    taken = take_in(house.mailroom, replace(mail, **changes), now=house.now())  # type: ignore[arg-type]
    assert taken is not None
    return taken


def bounce(house: App, submission: str = NORRBY) -> Arrival:
    ours = invitation(house, submission)
    report = DeliveryReport(action="failed", status="5.1.1", recipient=ours.to_email, diagnostic="550 No such user")
    to = (address(house, ours, Mark.BOUNCE),)
    return arrive(house, "", submission=submission, sender="", delivered_to=to, reports=(report,), subject="Retur")


def mail_form(house: App, answers: dict[str, str], *, also: Callable[[bytes], bytes] = lambda form: form) -> Arrival:
    """The real form of Norrby, filled in and mailed back; `also` does more to it than to write."""
    form = also(filled(open_form(house, NORRBY).get("/svara/word/formular").content, answers))
    file = EnclosedFile(name="svar åäö.docx", media_type="application/octet-stream", content=form)
    return arrive(house, "Här kommer formuläret.", files=(file,))
