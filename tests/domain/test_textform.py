"""The form of 2022, read from its extracted text: every word and every paragraph of the eight answers."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from workflow.adapters.forms import load_form
from workflow.domain.errors import FileRefusedError
from workflow.domain.forms import FocusArea, Form, Question, merge
from workflow.domain.people import UnitKind
from workflow.domain.textform import NOT_THE_TEXT_FORM, TextForm, read_text_form

CONFIG = Path(__file__).parents[2] / "config"
TEXT = (CONFIG / "demo" / "form-2022-t1.txt").read_text(encoding="utf-8")
FORM = load_form(CONFIG / "forms" / "naringsliv.toml")
QUESTIONS = FORM.asked(UnitKind.STADSDELSNAMND, "hagersten")
PARAGRAPHS = {
    "samverkan_naringsliv": 2,
    "vaxla_upp": 1,
    "svart_ekonomi": 1,
    "verksamhetsomraden": 1,
    "platssamverkan": 1,
    "kultur": 3,
    "tillvaxt_foretagande": 1,
    "dialog_foretag": 1,
}


def read(text: str, form: Form = FORM) -> TextForm:
    return read_text_form(text, form, kind=UnitKind.STADSDELSNAMND, unit="hagersten", name="svar.txt")


def test_every_word_of_the_answers_comes_out_and_no_other() -> None:
    found = Counter(word for answer in read(TEXT).answers for word in answer.text.split())
    form_only = Counter(TEXT[: TEXT.index("1. Stimulera")].split())
    for area in QUESTIONS.areas:
        form_only += Counter(f"{area.number}. {area.title}".split())
        form_only += Counter(word for question in area.questions for word in question.text.split())
    assert found == Counter(TEXT.split()) - form_only
    assert found.total() == 571


def test_the_body_of_the_form_has_735_words_with_questions_and_headings() -> None:
    asked = sum(len(question.text.split()) for question in QUESTIONS.questions)
    headings = sum(len(f"{area.number}. {area.title}".split()) for area in QUESTIONS.areas)
    assert 571 + asked + headings == 735


def test_paragraphs_are_kept() -> None:
    answers = read(TEXT).answers
    assert {answer.question: answer.text.count("\n") + 1 for answer in answers} == PARAGRAPHS
    assert [answer.question for answer in answers] == list(QUESTIONS.keys)
    texts = merge(answers)
    assert "företagarföreningarna.\nUtöver direktkontakt" in texts["samverkan_naringsliv"].text
    assert "via centrumägaren Citycon" in texts["samverkan_naringsliv"].text
    assert 'för "Sommar på torget" med aktiviteter' in texts["platssamverkan"].text
    assert "Älvsjö centrum-Solberga." in texts["platssamverkan"].text
    assert all(line == line.strip() and "  " not in line for each in answers for line in each.text.split("\n"))


def test_who_answers_is_read() -> None:
    found = read(TEXT)
    assert found.unit_name == "Hägersten-Älvsjö stadsdelsnämnd"
    assert found.contact_name == "Karin Exempel"
    assert found.phone == "08-508 00 000"
    assert found.email == "karin.exempel@hagersten-alvsjo.example"
    assert found.unread == ()


DAMAGE: dict[str, Callable[[str], str]] = {
    "windows line ends": lambda text: text.replace("\n", "\r\n"),
    "byte order mark": lambda text: "\ufeff" + text,
    "no spaces at line ends": lambda text: "\n".join(
        line if line.endswith("  ") else line.rstrip() for line in text.split("\n")
    ),
    "page break in an answer": lambda text: text.replace("stadsmiljö- och", "stadsmiljö- \n\f\noch"),
    "no-break spaces": lambda text: text.replace("Växla upp", "Växla\u00a0upp"),
    "decomposed letters in questions": lambda text: text.replace("Beskriv nämndens", "Beskriv na\u0308mndens"),
    "straight quotes": lambda text: text.replace("”", '"'),
    "corrected slip": lambda text: text.replace("Business Region ABs", "Business Region AB:s"),
    "capitals": lambda text: text.replace("Hur sker samverkan med", "HUR SKER SAMVERKAN MED"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_other_ways_of_taking_text_out_give_the_same(damage: Callable[[str], str]) -> None:
    damaged = damage(TEXT)
    assert damaged != TEXT
    assert read(damaged).answers == read(TEXT).answers


def test_a_numbered_line_in_an_answer_is_no_heading() -> None:
    text = TEXT.replace("Telefonplan. \n", "Telefonplan. \n\n1. Frukostmöten \n\n2. Mässa i juni \n", 1)
    answer = merge(read(text).answers)["samverkan_naringsliv"]
    assert answer.text.endswith("Telefonplan.\n1. Frukostmöten\n2. Mässa i juni")


def test_a_word_parted_at_a_hyphen_is_joined() -> None:
    text = TEXT.replace("centrum-Solberga", "centrum-\nSolberga").replace("trafikkontoret", "trafik\u00ad\nkontoret")
    answer = merge(read(text).answers)["platssamverkan"]
    assert "Älvsjö centrum-Solberga." in answer.text
    assert "med trafikkontoret för" in answer.text


def test_a_question_without_answer_is_left_out() -> None:
    start, end = TEXT.index("Förvaltningen deltar"), TEXT.index("2. Förbättra")
    answers = merge(read(TEXT[:start] + TEXT[end:]).answers)
    assert set(PARAGRAPHS) - set(answers) == {"vaxla_upp"}


def test_what_belongs_nowhere_is_named() -> None:
    text = TEXT.replace("Telefon 08", "Diarienummer: 2022/17 hos nämnden \n\nTelefon 08", 1)
    heading = "3. Attraktivare miljöer och bättre framkomlighet \n"
    text = text.replace(heading, f"{heading}\nEn rad före frågan. \n")
    assert read(text).unread == ("Diarienummer: 2022/17 hos nämnden", "En rad före frågan.")


def test_the_wording_of_another_kind_is_known_too() -> None:
    form = Form(
        id="f",
        version="1",
        title="T",
        purpose=(),
        heading="",
        subheading="",
        instructions=(),
        areas=(
            FocusArea(
                key="a",
                number=1,
                title="Område",
                questions=(Question(key="q", label="Q", texts={"": "Vad gör nämnden?", "bolag": "Vad gör bolaget?"}),),
            ),
        ),
    )
    found = read_text_form("Vad gör bolaget?\nAllt.\n", form, kind="stadsdelsnamnd", unit="x")
    assert merge(found.answers)["q"].text == "Allt."


@pytest.mark.parametrize("text", ["", "Hej.\n\nHär är inget formulär.", "1. Stimulera tillväxt och företagsamhet\nHej"])
def test_a_text_without_questions_is_refused(text: str) -> None:
    with pytest.raises(FileRefusedError) as refused:
        read(text)
    assert refused.value.values == {"file": "svar.txt", "why": NOT_THE_TEXT_FORM}
