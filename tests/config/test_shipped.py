"""What we ship under config/ is sound: the form word for word, 45 units that report, rounds that can be held."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from workflow.adapters.forms import check_form, load_form
from workflow.adapters.roster import check_roster, load_roster, write_roster
from workflow.adapters.roundplans import check_round_plans, load_round_plans
from workflow.domain.calendar import swedish_calendar
from workflow.domain.messages import MessageKind
from workflow.domain.people import Role, UnitKind
from workflow.domain.plans import RoundPlan
from workflow.domain.reminders import slots

CONFIG = Path(__file__).parents[2] / "config"
CALENDAR = swedish_calendar()
FORM = load_form(CONFIG / "forms" / "naringsliv.toml")
ROSTER = load_roster(CONFIG / "units.csv")
PLANS = load_round_plans(CONFIG / "rounds.toml", CALENDAR)
OPENING = date(2027, 4, 19)
REPORTING = [unit for unit in ROSTER.units if unit.reports and unit.is_valid(OPENING)]

PRINTED = (  # as the form of 2022 prints them, slips included
    (
        "tillvaxt",
        "Stimulera tillväxt och företagsamhet",
        {
            "samverkan_naringsliv": "Beskriv samverkan med det lokala näringslivet inom stadsdelsnämndens geografiska "
            "område.",
            "vaxla_upp": "Beskriv nämndens arbete med ”Växla upp Stockholm”",
        },
    ),
    (
        "service",
        "Förbättra service, tillgänglighet och myndighetsutövning",
        {
            "svart_ekonomi": "Hur sker samverkan med socialnämnden, rättsvårdande myndigheter och skatteverket i "
            "arbetet mot den svarta ekonomin och organiserad brottslighet i näringslivet?",
        },
    ),
    (
        "miljoer",
        "Attraktivare miljöer och bättre framkomlighet",
        {
            "verksamhetsomraden": "Beskriv nämndens arbete med att utveckla stadens renodlade verksamhetsområden med "
            "hänsyn till näringslivet, beskriv också eventuell samverkan med andra nämnder och bolag i det arbetet.",
            "platssamverkan": "Hur samverkar och utvecklar nämnden arbetet med platssamverkan och platsaktivering på "
            "prioriterade platser eller områden för att skapa en trygg närmiljö för det lokala näringslivet?",
            "kultur": "Hur samverkar nämnden för att underlätta för närvaron av kultur i det offentliga rummet?",
            "tillvaxt_foretagande": "Hur sker samarbetet med att bistå i Stockholm Business Region ABs och "
            "arbetsmarknadsnämndens arbete för ökad hållbar tillväxt och företagande inom stadsdelens geografiska "
            "område?",
            "dialog_foretag": "Hur sker samarbetet med Stockholm Business Region AB att stärka dialogen med företag "
            "och branscher om deras behov och hinder för tillväxt?",
        },
    ),
)


def test_no_shipped_file_has_a_fault() -> None:
    units = [unit.id for unit in ROSTER.units]
    assert check_roster(CONFIG / "units.csv") == ()
    assert check_round_plans(CONFIG / "rounds.toml", CALENDAR, forms=["naringsliv"]) == ()
    for form in (CONFIG / "forms").glob("*.toml"):
        assert check_form(form, units=units) == ()
        assert load_form(form).id == form.stem


def test_a_district_committee_is_asked_the_eight_printed_questions() -> None:
    asked = FORM.asked("stadsdelsnamnd", "sdn-haa")
    found = tuple(
        (area.key, area.title, {question.key: question.text for question in area.questions}) for area in asked.areas
    )
    assert found == PRINTED
    assert [area.number for area in asked.areas] == [1, 2, 3]
    assert [each.number for each in asked.questions] == ["1.1", "1.2", "2.1", "3.1", "3.2", "3.3", "3.4", "3.5"]


def test_there_are_four_focus_areas() -> None:
    assert [area.key for area in FORM.areas] == ["tillvaxt", "service", "miljoer", "kompetens"]
    assert FORM.areas[3].title == "Öka tillgången till arbetskraft med relevant kompetens"


def test_the_forms_intro_is_the_printed_one() -> None:
    assert FORM.title == "UPPFÖLJNINGSRAPPORT NÄRINGSLIV"
    (purpose,) = FORM.purpose
    assert purpose.startswith("För att nå resultat och sammanhållet kunna kommunicera hur arbetet med att stötta")
    assert len(purpose.split()) == 81
    assert FORM.heading == "Uppföljning av direktiv och aktiviteter med näringslivskoppling i budget 2022"
    assert FORM.subheading == "Beskrivning (mål och syfte)"
    (instructions,) = FORM.instructions
    assert instructions.endswith("nedan i textrutorna (klicka här för att ange text).")
    assert len(instructions.split()) == 55


@pytest.mark.parametrize("kind", UnitKind)
def test_every_kind_is_asked_enough_in_its_own_words(kind: UnitKind) -> None:
    questions = FORM.asked(kind, "x").questions
    assert len(questions) >= 4
    if kind is not UnitKind.STADSDELSNAMND:
        assert "stadsdel" not in " ".join(question.text for question in questions)
    if kind in {UnitKind.BOLAG, UnitKind.INTRESSEBOLAG, UnitKind.STIFTELSE}:
        assert not any("nämndens" in question.text or " nämnden " in question.text for question in questions)


def test_only_the_theatre_among_the_companies_is_asked_about_culture() -> None:
    assert FORM.asked("bolag", "teater").question("kultur")
    assert FORM.asked("bolag", "svb").question("kultur") is None


def test_labels_are_short_enough_for_a_list() -> None:
    assert all(len(question.label) <= 32 for area in FORM.areas for question in area.questions)


def test_forty_five_units_report_in_the_spring_of_2027() -> None:
    assert Counter(unit.kind for unit in REPORTING) == {
        UnitKind.KOMMUNSTYRELSE: 1,
        UnitKind.FACKNAMND: 16,
        UnitKind.STADSDELSNAMND: 11,
        UnitKind.BOLAG: 17,
    }
    assert "ssab" not in {unit.id for unit in REPORTING}


def test_every_reporting_unit_has_a_contact_and_no_ended_one_has() -> None:
    primary = {contact.unit: contact for contact in ROSTER.contacts if contact.role is Role.PRIMARY}
    assert set(primary) == {unit.id for unit in REPORTING}
    assert (primary["sdn-haa"].name, primary["sdn-haa"].email) == (
        "Karin Exempel",
        "karin.exempel@hagersten-alvsjo.example",
    )
    assert {contact.language for contact in primary.values()} == {"sv", "en"}


def test_all_people_live_in_example_domains_and_are_unlike() -> None:
    assert all(contact.email.endswith(".example") for contact in ROSTER.contacts)
    assert len({contact.email for contact in ROSTER.contacts}) == len(ROSTER.contacts)


def test_the_register_survives_being_exported() -> None:
    assert write_roster(ROSTER.units, ROSTER.contacts) == (CONFIG / "units.csv").read_text(encoding="utf-8")


def test_only_the_round_with_real_dates_is_confirmed() -> None:
    assert [(plan.id, plan.confirmed) for plan in PLANS.rounds] == [
        ("2026-VB", False),
        ("2027-T1", True),
        ("2027-T2", False),
    ]


@pytest.mark.parametrize("plan", PLANS.rounds, ids=lambda plan: plan.id)
def test_rounds_open_and_end_on_days_that_nothing_speaks_against(plan: RoundPlan) -> None:
    for instant in (plan.opens_at, plan.closes_at, *plan.due_at.values()):
        assert CALENDAR.deadline_warnings(CALENDAR.local(instant).date()) == ()
    assert set(plan.due_at) == {unit.kind for unit in REPORTING}
    assert PLANS.period(plan.period).code == plan.period


def test_the_periods_cover_what_the_city_reports() -> None:
    spans = {period.code: period.span(2027) for period in PLANS.periods}
    assert spans == {
        "T1": (date(2027, 1, 1), date(2027, 4, 30)),
        "T2": (date(2027, 1, 1), date(2027, 8, 31)),
        "VB": (date(2027, 1, 1), date(2027, 12, 31)),
    }


def test_the_reminders_of_the_spring_round_fall_where_the_policy_says() -> None:
    plan = PLANS.plan(2027, "T1")
    assert plan
    planned = slots(
        PLANS.policy,
        due_at=plan.due_at[UnitKind.STADSDELSNAMND],
        since=plan.opens_at,
        until=plan.closes_at,
        calendar=CALENDAR,
    )
    assert [(slot.key, CALENDAR.local(slot.send_at).strftime("%m-%d %H:%M"), slot.mail) for slot in planned] == [
        ("T-10", "05-04 09:00", MessageKind.REMINDER),
        ("T-5", "05-12 09:00", MessageKind.REMINDER),
        ("T-1", "05-18 09:00", MessageKind.REMINDER),
        ("T+0", "05-19 08:00", MessageKind.LAST_DAY),
        ("T+1", "05-20 10:00", MessageKind.OVERDUE),
        ("T+3", "05-24 10:00", MessageKind.OVERDUE),
        ("T+8", "05-31 10:00", MessageKind.OVERDUE),
        ("T+13", "06-07 10:00", MessageKind.OVERDUE),
    ]
