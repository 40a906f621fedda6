"""Forms from files: a good one read whole, and every fault of a bad one on its line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from workflow.adapters.forms import check_form, load_form
from workflow.domain.errors import ConfigError

GOOD = """\
id = "prov"
version = "1"
title = "Prov"
purpose = ["Ett stycke.", "Ett till."]
heading = "Rubrik"
subheading = "Underrubrik"
instructions = ["Svara."]

[[area]]
key = "ett"
number = 1
title = "Första området"

[[area.question]]
key = "fraga_ett"
label = "Fråga ett"
text = \"\"\"Vad gör
    nämnden?\"\"\"
kinds = ["facknamnd", "bolag"]

[[area.question.wording]]
kinds = ["bolag"]
text = "Vad gör bolaget?"

[[area.question]]
key = "fraga_tva"
label = "Fråga två"
text = "Och sedan?"
required = false
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str) -> Path:
        path = tmp_path / "prov.toml"
        path.write_bytes(text.encode())
        return path

    return written


def said(path: Path) -> list[tuple[object, str, str]]:
    return [
        (fault.values["line"], str(fault.values["what"]), str(fault.values["allowed"])) for fault in check_form(path)
    ]


def test_a_good_form_is_read_whole(write: Write) -> None:
    path = write(GOOD)
    form = load_form(path)

    assert check_form(path) == ()
    assert (form.id, form.version, form.purpose) == ("prov", "1", ("Ett stycke.", "Ett till."))
    (area,) = form.areas
    first, second = area.questions
    assert first.text_for("facknamnd") == "Vad gör nämnden?", "a wrapped line is a space"
    assert first.text_for("bolag") == "Vad gör bolaget?"
    assert first.asked_of("bolag", "x")
    assert not first.asked_of("stadsdelsnamnd", "x")
    assert (first.required, second.required) == (True, False)
    assert second.asked_of("stadsdelsnamnd", "x")


def test_windows_line_ends_and_a_bom_change_nothing(write: Write) -> None:
    assert load_form(write("\ufeff" + GOOD.replace("\n", "\r\n"))) == load_form(write(GOOD))


@pytest.mark.parametrize(
    ("old", "new", "line", "what", "allowed"),
    [
        ('label = "Fråga två"', 'lable = "Fråga två"', 27, "”lable”", "Menade du ”label”?"),
        ('id = "prov"', 'Id = "prov"', 1, "”Id”", "Menade du ”id”?"),
        ('"fraga_tva"', '"fraga_ett"', 26, "”fraga_ett” finns redan på rad 15", "Behåll"),
        ('"Och sedan?"', '""', 28, "”text” är tom", "text"),
        ('text = "Och sedan?"', "", 25, "”text” saknas", "text = "),
        ('["bolag"]', '["bolget"]', 22, "”bolget”", "Menade du ”bolag”?"),
        ("required = false", 'required = "nej"', 29, "”required”", "true eller false"),
        ("number = 1", 'number = "ett"', 11, "”number”", "heltal"),
        ("number = 1", "number = true", 11, "”number”", "heltal"),
        ("number = 1", "number = 0", 11, "”number” är 0", "1–99"),
        ('purpose = ["Ett stycke.", "Ett till."]', 'purpose = "Ett stycke."', 4, "”purpose”", "lista"),
        ('"Ett till."', '\n  "Ett till\\u0000."', 5, "U+0000", "Ta bort"),
        ('"Fråga två"', '"Fråga\\u0007"', 27, "U+0007", "Ta bort"),
        ('key = "ett"', 'key = "Ett område"', 10, "”Ett område”", "a–z"),
        ('key = "ett"', f'key = "{"x" * 41}"', 10, "x" * 41, "40"),
        (
            'text = "Vad gör bolaget?"',
            'text = "x"\n[[area.question.wording]]\nkinds=["bolag"]\ntext="y"',
            25,
            "bolag",
            "",
        ),
    ],
)
def test_a_fault_has_its_line_and_says_what_is_allowed(  # noqa: PLR0917 - pytest gives them by name
    write: Write, old: str, new: str, line: int, what: str, allowed: str
) -> None:
    assert GOOD.count(old) == 1
    faults = said(write(GOOD.replace(old, new)))
    assert any(fault[0] == line and what in fault[1] and allowed in fault[2] for fault in faults), faults


def test_one_table_where_several_belong_is_a_fault(write: Write) -> None:
    text = GOOD.split("[[area.question]]", maxsplit=1)[0].replace("[[area]]", "[area]")
    assert (9, "”area” har fel slags värde.", "Det ska vara tabeller, var och en under [[area]].") in said(write(text))


def test_an_area_without_questions_is_a_fault(write: Write) -> None:
    (fault,) = said(write(GOOD + '\n[[area]]\nkey = "tom"\nnumber = 2\ntitle = "Tomt"\n'))
    assert fault[:2] == (31, "Fokusområdet ”tom” har inga frågor.")


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ('id = "a"\nversion = "1\ntitle = "x"\n', 2, "avslutande citattecken"),
        ('id = "a"\nid = "b"\n', 2, "”id” finns redan på rad 1"),
        ('id = "a"\n[[area]]\nkey = "x"\ntitle = """a\nb"""\nkey = "y"\n', 6, "”area.key” finns redan på rad 3"),
        ('id = "a"\n[x]\n[y]\n[x]\n', 4, "”x” finns redan på rad 2"),
        ('id = "a"\nversion = ett\n', 2, "går inte att förstå"),
        ('id = "a"\nversion 1\n', 2, "likhetstecken"),
        ('id = "a"\nversion = "\x00"\n', 2, "U+0000"),
        ('id = "a"\npurpose = ["x"\n"y"]\n', 3, "kommatecken"),
        ('id = "a" "b"\n', 1, "mer på raden"),
        ('id = "a"\n???\n', 2, "går inte att förstå"),
        ('id = "a"\nheading = """x\n\n', 2, "avslutande citattecken"),
    ],
)
def test_what_is_no_toml_has_one_fault_with_its_line(write: Write, text: str, line: int, what: str) -> None:
    (fault,) = said(write(text))
    assert fault[0] == line
    assert what in fault[1]
    assert fault[2]


def test_a_file_in_another_encoding_is_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "prov.toml"
    path.write_bytes('id = "a"\ntitle = "Näringsliv"\n'.encode("latin-1"))
    (fault,) = said(path)
    assert (fault[0], fault[1]) == (2, "Filen är inte sparad som UTF-8.")


def test_a_file_that_is_not_there_or_is_empty(tmp_path: Path) -> None:
    (fault,) = said(tmp_path / "saknas.toml")
    assert "går inte att läsa" in fault[1]
    (tmp_path / "tom.toml").touch()
    assert {"”id” saknas.", "Det finns inga ”area” i filen."} <= {fault[1] for fault in said(tmp_path / "tom.toml")}


def test_all_faults_come_in_the_order_of_lines_and_loading_raises_the_first(write: Write) -> None:
    path = write(GOOD.replace('"prov"', '"PROV"').replace("number = 1", "number = 100").replace("false", "0"))
    faults = check_form(path)
    assert [fault.values["line"] for fault in faults] == [1, 11, 29]
    with pytest.raises(ConfigError) as caught:
        load_form(path)
    assert str(caught.value) == str(faults[0])
    assert str(caught.value).startswith(f"{path}, rad 1: ”PROV” går inte att använda som id. Använd små")


def test_units_are_checked_when_they_are_known(write: Write) -> None:
    path = write(GOOD + 'units = ["teatre"]\n')
    assert check_form(path) == ()
    (fault,) = check_form(path, units=["teater", "ks"])
    assert fault.values["line"] == 30
    assert "Menade du ”teater”?" in str(fault)


def test_a_fault_keeps_text_and_fields_apart_for_another_language(write: Write) -> None:
    (fault,) = check_form(write(GOOD.replace("number = 1", "number = 0")))
    what = fault.values["what"]
    assert getattr(what, "text", None) == "”{key}” är {value}."
    assert getattr(what, "fields", None) == {"key": "number", "value": 0}
