"""Invented letters: every mail, in both languages, in every variant that reads differently."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from workflow.domain.letters import (
    Approved,
    Chore,
    ChoreList,
    CodeLetter,
    Colleague,
    DetailsCheck,
    DetailsItem,
    DetailsRefused,
    Digest,
    Excused,
    Extension,
    ExtensionRefused,
    ExtensionWithdrawn,
    HandedOver,
    Handover,
    Invitation,
    LastDay,
    Letter,
    MailedForm,
    Moved,
    NewLink,
    Overdue,
    Receipt,
    ReceiptItem,
    Reminder,
    Returned,
    ReturnedItem,
    ReviewReminder,
    RoundDigest,
    Several,
    SeveralItem,
)
from workflow.ports import LINK_SECRET

LANGUAGES = ("sv", "en")
LINK = f"https://tertial.example/l/k7Qd.{LINK_SECRET}"
OWN_LINK = "https://tertial.example/l/k7Qd.{link-secret-k7Qd}"  # one of several units
ANSWER = ("Vi träffar företagen varje månad.", "Under perioden ordnade vi två frukostmöten & en mässa <Älvsjö>.")
SHA256 = "3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea"
WORDS = {
    "sv": {
        "round": "tertialrapport 1 2027",
        "due": "onsdag 19 maj 2027 kl. 16.00",
        "due_day": "onsdag 19 maj",
        "due_clock": "16.00",
        "covers": "1 januari–30 april 2027",
        "days": "3 arbetsdagar",
        "day": "1 arbetsdag",
        "saved": "fredag 14 maj",
        "compiled": "tisdag 1 juni",
        "received": "tisdag 18 maj 2027 kl. 14.32",
        "wished": "onsdag 26 maj 2027 kl. 16.00",
    },
    "en": {
        "round": "tertial report 1 2027",
        "due": "Wednesday 19 May 2027 at 16:00",
        "due_day": "Wednesday 19 May",
        "due_clock": "16:00",
        "covers": "1 January–30 April 2027",
        "days": "3 working days",
        "day": "1 working day",
        "saved": "Friday 14 May",
        "compiled": "Tuesday 1 June",
        "received": "Tuesday 18 May 2027 at 14:32",
        "wished": "Wednesday 26 May 2027 at 16:00",
    },
}


def common(language: str) -> dict[str, Any]:
    words = WORDS[language]
    return {
        "language": language,
        "first_name": "Alva",
        "unit": "Hägersten-Älvsjö stadsdelsnämnd",
        **{key: words[key] for key in ("round", "due", "due_day", "due_clock")},
        "link": LINK,
        "office": "Uppföljning näringsliv, stadsledningskontoret",
        "contact_name": "Karin Exempel",
        "contact_phone": "08-508 00 000",
        "contact_email": "naringsliv@stadsledningskontoret.example",
    }


def office(language: str) -> dict[str, Any]:
    """What the letters to a coordinator share."""
    unit = ("unit", "round", "due", "due_day", "due_clock")
    return {key: words for key, words in common(language).items() if key not in unit}


def variants(language: str) -> Iterator[tuple[str, Letter]]:
    """Each with a name that is unique within the language."""
    yield from _asking(language)
    yield from _several(language)
    yield from _overdue(language)
    yield from _answering(language)
    yield from _to_office(language)
    yield from _details(language)


def _asking(language: str) -> Iterator[tuple[str, Letter]]:
    words, shared = WORDS[language], common(language)
    invitation = Invitation(**shared, covers=words["covers"], questions=8)
    yield "invitation", invitation
    yield "invitation-instead", replace(invitation, instead_of="Dan Diktad")
    yield "invitation-one-question-no-name", replace(invitation, questions=1, first_name="", contact_phone="")
    reminder = Reminder(**shared, left=words["days"], state="not_started", answered=0, questions=8, saved="")
    yield "reminder-not-started", reminder
    yield "reminder-draft", replace(reminder, state="draft", answered=6, saved=words["saved"])
    yield "reminder-draft-one-answer", replace(reminder, state="draft", answered=1, left=words["day"])
    yield "reminder-returned", replace(reminder, state="returned", answered=8)
    own = replace(reminder, own_subject=f"{words['round']}?", opening=f"{reminder.unit}: {words['due_day']}.")
    yield "reminder-own-words", own
    last_day = LastDay(**shared, state="not_started", answered=0, questions=8, saved="")
    yield "last_day-not-started", last_day
    yield "last_day-announces", replace(last_day, announces=("deputy",))
    yield "last_day-draft", replace(last_day, state="draft", answered=6, saved=words["saved"])
    yield "last_day-returned", replace(last_day, state="returned", answered=8)


def _several(language: str) -> Iterator[tuple[str, Letter]]:
    """One person's units: the first is late, the second is another round's and due today, of the third is no link."""
    words = WORDS[language]
    shared = common(language)
    late = SeveralItem(
        order="1",
        unit=shared["unit"],
        round=shared["round"],
        due=words["due"],
        due_day=words["due_day"],
        late=words["days"],
        left="",
        state="draft",
        answered=6,
        questions=8,
        saved=words["saved"],
        is_last=True,
        link=OWN_LINK,
    )
    today = replace(late, unit="Hamnen AB", round=words["received"], late="", is_last=False)
    first = replace(late, unit="Norrby nämnd", late="", left=words["day"], state="not_started", saved="", is_last=False)
    other = replace(first, due_day=words["received"], state="returned", link="", note="Ring gärna i dag.")
    letter = Several(
        **shared,
        items=(late, today, other),
        overdue=1,
        copies=("deputy", "head"),
        announces=(),
        compiled_from=words["compiled"],
    )
    yield "several", letter
    yield "several-overdue", replace(letter, items=(late, late), overdue=2)
    yield "several-same-day", replace(letter, items=(first, first), overdue=0, copies=(), compiled_from="")
    yield "several-other-days", replace(letter, items=(first, other), overdue=0, announces=("deputy",), copies=())


def _overdue(language: str) -> Iterator[tuple[str, Letter]]:
    words = WORDS[language]
    overdue = Overdue(
        **common(language),
        late=words["day"],
        state="draft",
        answered=6,
        questions=8,
        saved=words["saved"],
        compiled_from=words["compiled"],
        copies=("deputy",),
        is_last=False,
    )
    yield "overdue-deputy", overdue
    yield "overdue-alone", replace(overdue, state="not_started", copies=(), compiled_from="")
    yield "overdue-announces", replace(overdue, announces=("head",))
    yield "overdue-last", replace(overdue, late=words["days"], copies=("deputy", "head"), is_last=True)
    yield "overdue-returned", replace(overdue, state="returned", copies=("head",), is_last=True)


def _answering(language: str) -> Iterator[tuple[str, Letter]]:
    words, shared = WORDS[language], common(language)
    second = ReturnedItem(number="1.2", text="Beskriv nämndens arbete med dialog.", comment="Nämn gärna ett exempel.")
    fifth = ReturnedItem(
        number="3.1", text="Beskriv arbetet med tillsyn.", comment="Hur många ärenden?\nOch hur länge?"
    )
    returned = Returned(**shared, reason="Tack, det mesta är klart.", items=(second, fifth))
    yield "returned", returned
    yield "returned-one-question", replace(returned, items=(second,))
    yield "returned-all-open", replace(returned, items=())
    receipt = Receipt(
        **shared,
        received=words["received"],
        late="",
        edition=1,
        diary_number="",
        sha256=SHA256,
        items=(
            ReceiptItem(number="1.1", text="Beskriv nämndens arbete.", paragraphs=ANSWER, not_applicable=""),
            ReceiptItem(
                number="2.1", text="Beskriv arbetet med tillsyn.", paragraphs=(), not_applicable="Vi har ingen."
            ),
        ),
    )
    yield "receipt", receipt
    yield "receipt-crossed", replace(receipt, crossed=True)
    yield (
        "receipt-late-again",
        replace(
            receipt, late=words["day"], edition=2, diary_number="KS 2027/123", files=("Karta över Norrby.pdf (1,2 MB)",)
        ),
    )
    yield "approved", Approved(**shared)
    extension = Extension(**shared, previous_due=words["received"], reason="Nämnden möts i juni.", reminded=True)
    yield "extension", extension
    yield "extension-closed", replace(extension, reminded=False)
    refused = ExtensionRefused(**shared, wished=words["wished"], reason="Vi samlar svaren den 20 maj.", overdue=False)
    yield "extension_refused", refused
    yield "extension_refused-overdue", replace(refused, overdue=True)
    withdrawn = ExtensionWithdrawn(**shared, previous_due=words["wished"], reason="Nämnden möts redan i maj.")
    yield "extension_withdrawn", withdrawn
    yield "extension_withdrawn-never-told", replace(withdrawn, previous_due="")
    moved = Moved(**shared, previous_due=words["received"], earlier=False)
    yield "moved", moved
    yield "moved-never-told", replace(moved, previous_due="")
    yield "moved-earlier", replace(moved, previous_due=words["wished"], earlier=True)
    handover = Handover(
        **shared, before="Bo Påhittad", late="", state="draft", answered=6, questions=8, saved=words["saved"]
    )
    yield "handover", handover
    yield "handover-nobody-before", replace(handover, before="", state="not_started", answered=0)
    yield "handover-handed-in", replace(handover, state="submitted", answered=8)
    yield "handover-late", replace(handover, late=words["day"])
    yield "handover-late-returned", replace(handover, late=words["day"], state="returned")
    yield "handed_over", HandedOver(**shared, after="Cleo Påhittad")
    yield "code", CodeLetter(**shared, code=LINK_SECRET, until=words["received"])
    yield "new_link", NewLink(**shared)
    yield "mailed_form", MailedForm(**shared)
    yield (
        "colleague",
        Colleague(**shared, who="Åsa Påhittad", state="draft", answered=6, questions=8, saved=words["saved"]),
    )
    yield "excused", Excused(**shared, reason="Nämnden har inga frågor om näringsliv.")


def _to_office(language: str) -> Iterator[tuple[str, Letter]]:
    words = WORDS[language]
    waiting = ChoreList(
        key="waiting",
        lines=(
            Chore(unit="Hägersten-Älvsjö stadsdelsnämnd", fact=words["saved"], detail=words["days"]),
            Chore(unit="Stokab", fact=words["due_day"]),
        ),
    )
    contact = "Alva Påhittad, 08-508 00 001"
    todo = (
        ChoreList(key="asked", lines=(Chore(unit="Farsta stadsdelsnämnd", fact=words["due"]),)),
        ChoreList(
            key="late",
            lines=(
                Chore(unit="Trafiknämnden", fact=words["days"], detail=contact),
                Chore(unit="Kulturnämnden", fact=words["day"]),
            ),
            more=7,
        ),
        waiting,
        ChoreList(
            key="mailed",
            lines=(
                Chore(unit="Norrby nämnd", fact="asked", detail=words["due_day"]),
                Chore(unit="Stokab", fact="bounce", detail="cleo@stokab.example"),
                Chore(unit="Valnämnden", fact="reply", detail="Dan Diktad"),
            ),
        ),
        ChoreList(key="failed", lines=(Chore(unit="Idrottsnämnden", fact="invitation", detail="bo@idrn.example"),)),
        ChoreList(key="unknown", lines=(Chore(unit="Stokab", fact="overdue", detail="cleo@stokab.example"),)),
        ChoreList(key="no_contact", lines=(Chore(unit="Valnämnden"),)),
    )
    due = f"{words['due_day']}, {words['compiled']}"
    round_ = RoundDigest(
        round=words["round"],
        due=due,
        units=45,
        handed_in=31,
        approved=12,
        draft=6,
        not_started=4,
        returned=4,
        todo=todo,
    )
    shared = office(language)
    yield (
        "digest",
        Digest(**shared, rounds=(round_,), asked=1, mailed=3, late=9, waiting=2, undelivered=2, no_contact=1),
    )
    bare = replace(round_, approved=1, draft=1, not_started=1, returned=1, todo=(waiting,))
    other = replace(bare, approved=0, draft=0, not_started=0, returned=0)
    yield (
        "digest-two-rounds",
        Digest(**shared, rounds=(bare, other), asked=0, late=1, waiting=1, undelivered=1, no_contact=0),
    )
    wanted = ChoreList(key="register", lines=(Chore(unit="Norrby nämnd", fact="Alva Påhittad"),), more=1)
    alone = Digest(**shared, rounds=(), asked=0, late=0, waiting=0, undelivered=0, no_contact=0, register=wanted)
    yield "digest-register", alone
    held = (
        Chore(unit="Tertialrapport 2 2027", fact="late", detail=words["due"]),
        Chore(unit="Verksamhetsberättelse 2027", detail=words["due"]),
    )
    yield "digest-held", replace(alone, held=ChoreList(key="held", lines=held))
    beside = (
        Chore(unit="Kim Kontor", fact="reply"),
        Chore(unit="karin.exempel@stadsledningskontoret.example", fact="bounce"),
        Chore(unit="Alva Påhittad", fact="unreadable"),
    )
    waits = ChoreList(key="beside", lines=beside)
    yield "digest-mail", replace(alone, mailed=3, beside=waits, register=ChoreList(key="register", lines=()))
    nobodys = (
        Chore(unit="Li Påhittad", fact="digest", detail="li@tertial.example"),
        Chore(unit="Alva Påhittad", fact="details_check", detail="alva@norrby.example"),
    )
    yield "digest-failed", replace(alone, undelivered=2, failed=ChoreList(key="failed", lines=nobodys))
    reviews = replace(bare, todo=(replace(waiting, more=2),))
    yield "review_reminder", ReviewReminder(**shared, waiting=4, longest=words["days"], rounds=(reviews,))
    one = replace(bare, todo=(replace(waiting, lines=waiting.lines[:1]),))
    yield "review_reminder-one", ReviewReminder(**shared, waiting=1, longest=words["days"], rounds=(one,))


def _details(language: str) -> Iterator[tuple[str, Letter]]:
    words = WORDS[language]
    item = DetailsItem(
        unit="Hägersten-Älvsjö stadsdelsnämnd",
        role="primary",
        name="Alva Påhittad",
        email="alva.pahittad@hagersten-alvsjo.example",
        phone="08-508 00 001",
        speaks=language,
        since="",
        until="",
    )
    span = replace(item, unit="Hamnen AB", role="deputy", phone="", since=words["saved"], until=words["due_day"])
    letter = DetailsCheck(
        **office(language), items=(item, span), is_mailbox=False, is_again=False, until=words["due_day"]
    )
    yield "details_check", letter
    yield (
        "details_refused",
        DetailsRefused(**office(language), unit=item.unit, asked="Alva Påhittad, 08-1", reason="Växeln är kvar."),
    )
    yield "details_check-again", replace(letter, items=(replace(item, until=words["due_day"]),), is_again=True)
    box = replace(item, role="function_mailbox", name="", email="registrator@hagersten-alvsjo.example", phone="")
    yield "details_check-mailbox", replace(letter, items=(box,), is_mailbox=True, first_name="")
    yield "details_check-mailbox-again", replace(letter, items=(box,), is_mailbox=True, is_again=True, first_name="")


ALL = [(f"{name}.{language}", letter) for language in LANGUAGES for name, letter in variants(language)]
