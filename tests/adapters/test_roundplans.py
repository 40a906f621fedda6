"""rounds.toml: periods, policy and rounds, and every fault on its line."""

import json
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from workflow.adapters.roundplans import check_round_plans, load_round_plans
from workflow.domain.calendar import swedish_calendar
from workflow.domain.codes import LinkMode
from workflow.domain.digest import DigestPolicy
from workflow.domain.errors import ConfigError, UnknownPeriodError
from workflow.domain.messages import MessageKind
from workflow.domain.people import Role, UnitKind
from workflow.domain.reminders import Anchor, Audience, Condition

CALENDAR = swedish_calendar()
GOOD = """\
[[period]]
code = "T2"
title = { sv = "Tertialrapport 2", en = "Second report" }
first_month = 1
last_month = 8

[policy]
[[policy.step]]
offset = 8
at = 10:00:00
mail = "overdue"
copies = ["deputy", "head"]
every = 5
[[policy.step]]
offset = -5
at = "09:00"
mail = "reminder"

[[round]]
year = 2027
period = "T2"
form = "naringsliv"
opens = "2027-08-16 08:00"
closes = 2027-10-08T16:00:00
confirmed = true
[round.due]
facknamnd = 2027-09-17 16:00:00
bolag = "2027-09-24T16:00"
"""


def put(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "rounds.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file_is_read_whole_and_local_times_become_instants(tmp_path: Path) -> None:
    plans = load_round_plans(put(tmp_path, GOOD), CALENDAR)

    (plan,) = plans.rounds
    assert (plan.id, plan.form, plan.confirmed) == ("2027-T2", "naringsliv", True)
    assert plan.opens_at == datetime(2027, 8, 16, 6, 0, tzinfo=UTC)
    assert plan.due_at == {
        UnitKind.FACKNAMND: datetime(2027, 9, 17, 14, 0, tzinfo=UTC),
        UnitKind.BOLAG: datetime(2027, 9, 24, 14, 0, tzinfo=UTC),
    }
    assert plans.period("T2").span(2027) == (date(2027, 1, 1), date(2027, 8, 31))
    assert plans.period("T2").name(2027, "en") == "Second report 2027"
    before, after = plans.policy.steps
    assert (before.offset, before.at, before.mail, before.copies) == (-5, time(9), MessageKind.REMINDER, ())
    assert (after.every, after.copies) == (5, (Role.DEPUTY, Role.HEAD))


def test_a_period_or_round_is_found_by_name(tmp_path: Path) -> None:
    plans = load_round_plans(put(tmp_path, GOOD), CALENDAR)
    assert plans.plan(2027, "T2") is plans.rounds[0]
    assert plans.plan(2028, "T2") is None
    with pytest.raises(UnknownPeriodError, match=r"period T9\. Välj en av: T2"):
        plans.period("T9")


def test_a_round_is_unconfirmed_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    plans = load_round_plans(put(tmp_path, GOOD.replace("confirmed = true\n", "")), CALENDAR)
    assert not plans.rounds[0].confirmed


def test_links_open_directly_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    assert load_round_plans(put(tmp_path, GOOD), CALENDAR).rounds[0].links is LinkMode.DIRECT
    verified = GOOD.replace("confirmed = true\n", 'links = "verified"\n')
    assert load_round_plans(put(tmp_path, verified), CALENDAR).rounds[0].links is LinkMode.VERIFIED


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("confirmed = true", 'links = "verifed"', 25, "Menade du ”verified”?"),
        ('code = "T2"', 'code = "t2"', 2, "”t2” går inte att använda som code. Använd stora"),
        ('en = "Second report"', 'de = "x"', 3, "”en” saknas."),
        ("last_month = 8", "last_month = 13", 5, "”last_month” är 13. Tillåtet är 1–12."),
        ("first_month = 1", "first_month = 9", 5, "”last_month” är 8. Tillåtet är 9–12."),
        (
            "last_month = 8",
            'last_month = 8\ntype = "quarter"\nnumber = 2',
            4,
            "”first_month” går inte ihop med ”type”.",
        ),
        ("first_month = 1\nlast_month = 8", 'type = "quarter"\nnumber = 5', 5, "”number” är 5. Tillåtet är 1–4."),
        ("first_month = 1\nlast_month = 8", 'type = "tertial"', 1, "”number” saknas."),
        ("first_month = 1\nlast_month = 8", 'type = "halfyear"\nnumber = 1', 4, "Menade du ”half_year”?"),
        ("last_month = 8", "last_month = 8\ncumulative = true", 6, "bara något tillsammans med ”type”"),
        ("offset = -5", "offset = 8", 15, "offset ”8” finns redan på rad 9."),
        ("offset = -5", "offset = 500", 15, "Tillåtet är -60–60"),
        ('"09:00"', '"9 prick"', 16, "”9 prick” är ingen tidpunkt"),
        ('"09:00"', '"19:00"', 16, "Klockslaget 19:00 ligger utanför tiden då mejl skickas. Tillåtet är 07:00–18:00."),
        ('"reminder"', '"remainder"', 17, "Menade du ”reminder”?"),
        ('"reminder"', '"overdue"', 17, "Mejlet ”overdue” passar inte -5 arbetsdagar"),
        ('"reminder"', '"reminder"\nevery = 2', 18, "Bara en påminnelse efter sista dagen"),
        ('"head"', '"primary"', 12, "”primary” finns inte som copies."),
        ('"reminder"', '"reminder"\nanchor = "open"', 18, "”open” finns inte som anchor. Menade du ”opened”?"),
        ('"reminder"', '"reminder"\nanchor = "opened"', 15, "”offset” är -5. Tillåtet är 1–60."),
        ('"reminder"', '"reminder"\nto = "boss"', 18, "”boss” finns inte som to."),
        ("every = 5", 'every = 5\nto = "head"', 12, "”head” får redan mejlet och kan inte stå som kopia."),
        (
            '"reminder"',
            '"reminder"\nanchor = "returned_due"\ncondition = "draft"',
            19,
            "”draft” gäller aldrig ett underlag som är returnerat.",
        ),
        ('"reminder"', '"reminder"\nsubject.sv = "Hej {namn}"', 18, "”{namn}” går inte att fylla i."),
        ('"reminder"', '"reminder"\nsubject.sv = "Hej {unit!r}"', 18, "”{unit}” går inte att fylla i."),
        ('"reminder"', '"reminder"\nopening.sv = "Hej {"\nopening.en = "Hi"', 18, "går inte att fylla i."),
        ('"reminder"', '"reminder"\nopening.sv = "Hej"', 14, "”en” saknas."),
        ('period = "T2"', 'period = "T3"', 21, "”T3” finns inte som period. Tillåtet är: T2."),
        ("year = 2027", "year = 27", 20, "”year” är 27."),
        ('"2027-08-16 08:00"', '"2027-08-16"', 23, "är ingen tidpunkt"),
        ('"2027-08-16 08:00"', "2027-08-16", 23, "”opens” har fel slags värde."),
        ('"2027-08-16 08:00"', "2027-08-16T08:00:00Z", 23, "är ingen tidpunkt"),
        ('"2027-08-16 08:00"', '"2027-03-28 02:30"', 23, "inte mellan 02.00 och 03.00"),
        ('"2027-08-16 08:00"', '"1027-08-16 08:00"', 23, "är ingen tidpunkt"),
        ('"2027-08-16 08:00"', '"2027-09-18 08:00"', 27, "”opens” ligger inte före ”facknamnd”."),
        ("2027-10-08T16:00:00", "2027-09-24T16:00:00", 28, "”bolag” ligger inte före ”closes”."),
        ("facknamnd =", "facknamd =", 27, "Menade du ”facknamnd”?"),
        ("confirmed = true", "confirmd = true", 25, "Menade du ”confirmed”?"),
        ('form = "naringsliv"', 'form = "naringslivet"', 22, "inget formulär som heter ”naringslivet”. Menade du"),
        ("[round.due]", "[round.dew]", 19, "”due” saknas."),
    ],
)
def test_a_fault_has_its_line(tmp_path: Path, old: str, new: str, line: int, what: str) -> None:
    assert GOOD.count(old) == 1
    found = check_round_plans(put(tmp_path, GOOD.replace(old, new)), CALENDAR, forms=["naringsliv"])
    assert any(fault.values["line"] == line and what in str(fault) for fault in found), [str(fault) for fault in found]


def step(**keys: object) -> str:
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
    return f"[[policy.step]]\n{lines}"


DIGEST = """
[digest]
at = "09:30"
send = true
review_after = 5
review_every = 1
"""
FIRST = GOOD.count("\n") + 2  # the line of [digest]


def test_the_coordinators_mail_is_as_shipped_or_as_the_site_says(tmp_path: Path) -> None:
    assert load_round_plans(put(tmp_path, GOOD), CALENDAR).digest == DigestPolicy()
    assert load_round_plans(put(tmp_path, GOOD + DIGEST), CALENDAR).digest == DigestPolicy(
        at=time(9, 30), review_after=5, review_every=1
    )
    assert not load_round_plans(put(tmp_path, GOOD + "[digest]\nsend = false\n"), CALENDAR).digest.sends


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ('"09:30"', '"06:30"', 1, "Klockslaget 06:30 ligger utanför tiden då mejl skickas."),
        ('"09:30"', '"halv tio"', 1, "”halv tio” är ingen tidpunkt"),
        ("send = true", 'send = "ja"', 2, "true eller false"),
        ("review_after = 5", "review_after = -1", 3, "”review_after” är -1. Tillåtet är 0–60."),
        ("review_every = 1", "review_evry = 1", 4, "Menade du ”review_every”?"),
    ],
)
def test_a_fault_in_it_has_its_line(tmp_path: Path, old: str, new: str, line: int, what: str) -> None:
    found = check_round_plans(put(tmp_path, GOOD + DIGEST.replace(old, new)), CALENDAR)
    assert any(fault.values["line"] == FIRST + line and what in str(fault) for fault in found), list(map(str, found))


NUDGE = {"anchor": "opened", "offset": 3, "at": "08:30", "mail": "reminder", "condition": "not_started"}


def test_a_step_says_from_when_to_whom_in_which_state_and_in_which_words(tmp_path: Path) -> None:
    text = GOOD.replace("[[round]]", step(**NUDGE, to="deputy") + 'subject.sv = "{unit}?"\nsubject.en = "?"\n[[round]]')
    first = load_round_plans(put(tmp_path, text), CALENDAR).policy.steps[0]
    assert (first.anchor, first.to, first.condition) == (Anchor.OPENED, Audience.DEPUTY, Condition.NOT_STARTED)
    assert first.subject == {"sv": "{unit}?", "en": "?"}


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"condition": "draft"}, ""),
        ({"to": "head"}, ""),
        ({"anchor": "due", "offset": 3, "mail": "overdue"}, ""),
        ({}, "offset ”3” finns redan på rad 21."),
        ({"condition": "any"}, "offset ”3” finns redan på rad 21."),
        ({"condition": "draft", "at": "09:00"}, "Steget på rad 21 gäller samma dag men har en annan tid"),
    ],
)
def test_two_steps_never_mean_the_same_mail(tmp_path: Path, changes: dict[str, object], what: str) -> None:
    text = GOOD.replace("[[round]]", f"{step(**NUDGE)}{step(**(NUDGE | changes))}[[round]]")
    found = [str(fault) for fault in check_round_plans(put(tmp_path, text), CALENDAR)]
    assert (what in found[0]) if what else not found, found


def test_the_same_round_twice_is_a_fault(tmp_path: Path) -> None:
    path = put(tmp_path, GOOD + GOOD[GOOD.index("[[round]]") :])
    (fault,) = check_round_plans(path, CALENDAR)
    assert fault.values["line"] == 31
    assert "”2027-T2” finns redan på rad 21" in str(fault)


def test_a_round_without_a_last_day_is_a_fault(tmp_path: Path) -> None:
    path = put(tmp_path, GOOD.split("facknamnd =", maxsplit=1)[0])
    (fault,) = check_round_plans(path, CALENDAR)
    assert (fault.values["line"], str(fault.values["what"])) == (26, "”due” är tom.")


def test_loading_raises_the_first_fault(tmp_path: Path) -> None:
    path = put(tmp_path, GOOD.replace('"T2"\nt', '"?"\nt').replace("form =", "from ="))
    with pytest.raises(ConfigError, match="rad 2: "):
        load_round_plans(path, CALENDAR)


def test_broken_toml_is_one_fault(tmp_path: Path) -> None:
    (fault,) = check_round_plans(put(tmp_path, GOOD.replace("16:00:00\nb", "16:00\nb")), CALENDAR)
    assert fault.values["line"] == 27
