"""The form, sheets and reports that the documents' tests are about."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

from workflow.domain.bundles import Bundle, BundleArea, BundleQuestion, Entry, UnitStatus
from workflow.domain.forms import Answer, FocusArea, Form, Question
from workflow.domain.people import UnitKind
from workflow.domain.submissions import State
from workflow.ports import FormSheet

AT = datetime(2027, 4, 19, 6, 0, 1, tzinfo=UTC)

FORM = Form(
    id="naringsliv",
    version="2022-1",
    title="UPPFÖLJNINGSRAPPORT NÄRINGSLIV",
    purpose=("För att kunna kommunicera hur arbetet fortskrider <följs> det & samlas.",),
    heading="Uppföljning av direktiv",
    subheading="Beskrivning (mål och syfte)",
    instructions=("Besvara frågorna i textrutorna.",),
    areas=(
        FocusArea(
            key="tillvaxt",
            number=1,
            title="Stimulera tillväxt och företagsamhet",
            questions=(
                Question(
                    key="bara_bolag",
                    label="Bara bolag",
                    texts={"": "Vad gör bolaget?"},
                    kinds=frozenset({UnitKind.BOLAG}),
                ),
                Question(
                    key="samverkan_naringsliv",
                    label="Samverkan",
                    texts={
                        "": "Beskriv samverkan med det lokala näringslivet.",
                        UnitKind.BOLAG: "Beskriv bolagets samverkan.",
                    },
                ),
                Question(key="vaxla_upp", label="Växla upp", texts={"": "Beskriv arbetet med ”Växla upp Stockholm”"}),
            ),
        ),
        FocusArea(
            key="miljoer",
            number=3,
            title="Attraktivare miljöer",
            questions=(
                Question(key="kultur", label="Kultur", texts={"": "Hur underlättas närvaron av kultur?"}),
                Question(
                    key="en_nyckel_som_ar_langre_an_ett_bokmarke_far_vara_i_word",
                    label="Lång nyckel",
                    texts={"": "Hur sker samarbetet?"},
                    required=False,
                ),
            ),
        ),
    ),
)
QUESTIONS = FORM.asked(UnitKind.STADSDELSNAMND, "hagersten")


def sheet(answers: Mapping[str, Answer] | None = None) -> FormSheet:
    return FormSheet(
        form=FORM,
        questions=QUESTIONS,
        round="2027-T1",
        round_title="Tertialrapport 1 2027",
        unit="hagersten",
        unit_name="Hägersten-Älvsjö stadsdelsnämnd",
        contact_name="Karin Exempel",
        contact_phone="08-508 00 000",
        contact_email="karin.exempel@hagersten.example",
        due="onsdag 19 maj 2027 kl. 16.00",
        office="Samordnarna",
        answers=answers or {},
        made_at=AT,
    )


def answers(**texts: str) -> dict[str, Answer]:
    return {key: Answer(question=key, text=text) for key, text in texts.items()}


# --- the report ------------------------------------------------------------------------------------------------------

DUE = datetime(2027, 5, 19, 14, tzinfo=UTC)
_BASE = UnitStatus(
    unit="bromma",
    name="Bromma stadsdelsnämnd",
    kind=UnitKind.STADSDELSNAMND,
    state=State.APPROVED,
    edition=1,
    received_at=datetime(2027, 5, 10, 9, 32, tzinfo=UTC),
    late_days=0,
    due_at=DUE,
    sha256="0123456789abcdef" * 4,
    diary_number="KS 2027/418",
)
BROMMA = _BASE
ENSKEDE = replace(
    _BASE,
    unit="enskede",
    name="Enskede-Årsta-Vantörs stadsdelsnämnd",
    late_days=2,
    edition=2,
    received_at=datetime(2027, 5, 21, 9, tzinfo=UTC),
    diary_number="",
)
FARSTA = replace(
    _BASE,
    unit="farsta",
    name="Farsta stadsdelsnämnd",
    state=State.DRAFT,
    edition=0,
    received_at=None,
    sha256="",
    diary_number="",
)
HAMN = replace(_BASE, unit="hamn", name="Stockholms Hamn AB", kind=UnitKind.BOLAG)
VAL = replace(FARSTA, unit="val", name="Valnämnden", kind=UnitKind.FACKNAMND, state=State.EXCUSED)

TRICKY = 'a < b & c {{ 7*7 }} ]]> =1+1 <w:p/> 🚲 שלום \u00a0\u2011 "Växla" ’upp’'


def bundle(*, edition: int = 0, extra: str = TRICKY) -> Bundle:
    question = FORM.areas[0].questions[1]
    given = {
        BROMMA: Answer(question=question.key, text=f"Första stycket.\n\n{extra}\nTredje."),
        ENSKEDE: Answer(question=question.key, text="Kom sent."),
        FARSTA: None,
        HAMN: Answer(question=question.key, not_applicable=True, na_reason="Bolaget har inga platser."),
        VAL: None,
    }
    entries = tuple(
        Entry(status=status, text=question.text_for(status.kind), answer=answer) for status, answer in given.items()
    )
    asked = BundleQuestion(
        key=question.key,
        number="1.2",
        label=question.label,
        text=question.texts[""],
        entries=entries,
    )
    return Bundle(
        round="2027-T1",
        title="Tertialrapport 1 2027",
        form_title=FORM.title,
        form_id=FORM.id,
        form_version=FORM.version,
        period_start=date(2027, 1, 1),
        period_end=date(2027, 4, 30),
        edition=edition,
        as_of=datetime(2027, 6, 11, 14, tzinfo=UTC),
        areas=(
            BundleArea(key="tillvaxt", number=1, title=FORM.areas[0].title, questions=(asked,)),
            BundleArea(key="tomt", number=2, title="Område utan frågor", questions=()),
        ),
        units=tuple(given),
    )
