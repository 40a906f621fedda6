"""Which mails are to come, and each with its words: what a coordinator trusts before it leaves by itself."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Annotated

from fastapi import Query
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel
from starlette.datastructures import FormData

from workflow.domain.errors import RefusedError
from workflow.domain.messages import BY_HAND, NOTE, MessageState
from workflow.domain.people import search_key
from workflow.domain.preview import EXPECTED, PreviewedMail
from workflow.domain.preview_diff import COMING
from workflow.domain.rounds import RoundState
from workflow.services import rounds
from workflow.services.preview import RoundPreview, look_ahead
from workflow.services.preview_mail import find_planned, first_of_each, words_of
from workflow.services.trial_mail import TrialTally, send_to_test_box
from workflow.web.forms_in import field
from workflow.web.mailbox import FRAME_POLICY
from workflow.web.office import Office, Posted, Seated, new_router
from workflow.web.site import go

router = new_router()

PAGE = 100  # mails on a page of the list
GOES, STOPPED, GONE = "gar", "stoppas", "gatt"
ALL = "alla"


class Wishes(BaseModel):
    """What the reader asks to see; an empty one leaves nothing out, and `lage` begins with what goes."""

    q: str = ""
    dag: str = ""
    mejl: str = ""
    lage: str = GOES
    sida: int = 1
    testmejl: int = 0

    def fits(self, seen: RoundPreview, mail: PreviewedMail) -> bool:
        return (
            (self.lage == ALL or standing(mail) == self.lage)
            and (not self.dag or seen.day(mail).isoformat() == self.dag)
            and (not self.mejl or mail.kind == self.mejl)
            and (not self.q or search_key(self.q) in search_key(mail.unit_name))
        )


def standing(mail: PreviewedMail) -> str:
    """Whether the mail goes, is stopped, or has gone."""
    if mail.state in COMING:
        return GOES
    return STOPPED if mail.suppressed else GONE


@router.get("/omgang/{round_id}/forhandsvisning")
def listing(desk: Seated, round_id: str, wishes: Annotated[Wishes, Query()]) -> HTMLResponse:
    """Day by day, what goes first."""
    return _listing(desk, _look(desk, round_id), wishes, tested=wishes.testmejl)


@router.post("/omgang/{round_id}/forhandsvisning/testlada")
def test_box(form: Posted, desk: Seated, round_id: str) -> Response:
    seen = _look(desk, round_id)
    wishes = Wishes(q=field(form, "q"), dag=field(form, "dag"), mejl=field(form, "mejl"))
    address = field(form, "address").strip()
    try:
        tally = _send(desk, seen, wishes, address, form)
    except RefusedError as error:
        return _listing(desk, seen, wishes, status=422, address=address, problem=desk.say.error(error))
    if tally.refusals:
        return _listing(desk, seen, wishes, status=502, address=address, refusal=tally.refusals[0], tested=tally.sent)
    return go(f"/omgang/{round_id}/forhandsvisning?testmejl={tally.sent}")


@router.get("/omgang/{round_id}/forhandsvisning/{mail_name}")
def show(desk: Seated, round_id: str, mail_name: str) -> HTMLResponse:
    seen = _look(desk, round_id)
    written = words_of(desk.house.mailroom, seen, find_planned(seen, mail_name))
    return desk.page(
        "preview_mail.html",
        nav_round=round_id if seen.is_stored else "",
        nav_here="mails",
        round=seen.round,
        mail=written.mail,
        id=seen.id_of(written.mail),
        words_of_mail=written.words,
        standing=standing(written.mail),
        deeds=_deeds(seen, written.mail),
        note=written.mail.row.detail.get(NOTE, "") if written.mail.row else "",
    )


@router.get("/omgang/{round_id}/forhandsvisning/{mail_name}/html")
def show_html(desk: Seated, round_id: str, mail_name: str) -> HTMLResponse:
    """The mail's own HTML, for the frame on the page: it may have its styles and nothing else."""
    seen = _look(desk, round_id)
    words = words_of(desk.house.mailroom, seen, find_planned(seen, mail_name)).words
    html = words.html if words else ""
    return HTMLResponse(html, headers={"Content-Security-Policy": FRAME_POLICY, "Cache-Control": "no-store"})


def _deeds(seen: RoundPreview, mail: PreviewedMail) -> tuple[str, ...]:
    """What can be decided about the mail, by the name of its page."""
    row = mail.row
    if seen.round.state is not RoundState.OPEN or row is None:
        return ()
    if mail.state in {EXPECTED, MessageState.PLANNED} and not mail.suppressed:
        return "tillagg", "pausa", "hoppa"
    if mail.state == MessageState.HELD:
        return "slapp", "tillagg", "hoppa"
    return ("slapp",) if mail.state == MessageState.SKIPPED and BY_HAND in row.detail else ()


def _look(desk: Office, round_id: str) -> RoundPreview:
    house = desk.house
    return look_ahead(house.db, rounds.find_round(house.db, round_id), calendar=house.calendar, now=desk.now())


def _send(desk: Office, seen: RoundPreview, wishes: Wishes, address: str, form: FormData) -> TrialTally:
    mails = [mail for mail in seen.mails if wishes.fits(seen, mail)]
    if field(form, "which") != "all":
        mails = list(first_of_each(mails))
    return send_to_test_box(desk.house.mailroom, seen, mails, address, by=desk.by, now=desk.now())


def _listing(desk: Office, seen: RoundPreview, wishes: Wishes, *, status: int = 200, **values: object) -> HTMLResponse:
    found = [mail for mail in seen.mails if wishes.fits(seen, mail)]
    pages = max(1, -(-len(found) // PAGE))
    number = min(max(wishes.sida, 1), pages)
    shown = found[(number - 1) * PAGE : number * PAGE]
    counts = Counter(standing(mail) for mail in seen.mails)
    told = {"address": "", "problem": "", "refusal": "", "tested": 0}
    return desk.page(
        "preview.html",
        status=status,
        nav_round=seen.round.id if seen.is_stored else "",
        nav_here="mails",
        round=seen.round,
        seen=seen,
        days=_by_day(seen, shown),
        every_day=sorted({seen.day(mail) for mail in seen.mails if wishes.lage in {ALL, standing(mail)}}),
        kinds=list(dict.fromkeys(mail.kind for mail in seen.mails)),
        counts={key: counts[key] for key in (GOES, STOPPED, GONE)},
        wishes=wishes,
        found=len(found),
        going=sum(standing(mail) == GOES for mail in found),
        pages=pages,
        number=number,
        standing=standing,
        **(told | values),
    )


def _by_day(seen: RoundPreview, mails: Sequence[PreviewedMail]) -> list[tuple[date, list[PreviewedMail]]]:
    return [(day, list(group)) for day, group in groupby(mails, key=seen.day)]
