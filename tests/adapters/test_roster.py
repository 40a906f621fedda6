"""The register's sheet: read, written, compared; every fault of a bad one on its line."""

from datetime import date
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from workflow.adapters.documents.spreadsheet import write_table
from workflow.adapters.mail.addresses import HeaderRefusedError, clean
from workflow.adapters.roster import check_roster, load_roster, write_roster, write_spreadsheet
from workflow.domain.errors import ConfigError
from workflow.domain.people import Contact, Role, UnitKind
from workflow.domain.roster import COLUMNS, Change, ChangeKind, Roster, is_mailbox, roster_changes

HEAD = ",".join(COLUMNS)
ROWS = (
    "ks,Kommunstyrelsen,KS,kommunstyrelse,,,,yes,Alva Ek,alva.ek@ks.example,08-465 004 01,sv,Bo Al,bo.al@ks.example,,",
    'gamla,"Gamla, stora nämnden",,facknamnd,2020-01-01,2023-06-30,ks,no,,,,,,,,',
    "stokab,AB Stokab,Stokab,bolag,,,,yes,Cia Ö,cia.o@stokab.example,,en,,,Dan Å,dan.a@stokab.example",
)
GOOD = "\n".join((HEAD, *ROWS, ""))


def put(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "units.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def said(path: Path) -> list[tuple[object, str]]:
    return [(fault.values["line"], f"{fault.values['what']} {fault.values['allowed']}") for fault in check_roster(path)]


def test_units_and_contacts_are_read(tmp_path: Path) -> None:
    roster = load_roster(put(tmp_path, GOOD))

    ks, gamla, stokab = roster.units
    assert (ks.name, ks.short, ks.kind, ks.reports) == ("Kommunstyrelsen", "KS", UnitKind.KOMMUNSTYRELSE, True)
    assert (gamla.name, gamla.valid_from, gamla.valid_to) == (
        "Gamla, stora nämnden",
        date(2020, 1, 1),
        date(2023, 6, 30),
    )
    assert (gamla.replaced_by, gamla.reports, stokab.reports) == ("ks", False, True)
    assert [(each.unit, each.role, each.language) for each in roster.contacts] == [
        ("ks", Role.PRIMARY, "sv"),
        ("ks", Role.DEPUTY, "sv"),
        ("stokab", Role.PRIMARY, "en"),
        ("stokab", Role.HEAD, "en"),
    ]
    assert roster.contacts[0] == Contact(
        unit="ks", role=Role.PRIMARY, name="Alva Ek", email="alva.ek@ks.example", phone="08-465 004 01", language="sv"
    )


def test_what_a_spreadsheet_saves_reads_the_same(tmp_path: Path) -> None:
    rows = GOOD.replace('"Gamla, stora nämnden"', "Gamla¤ stora nämnden").replace(",", ";").replace("¤", ",")
    saved = "\ufeff" + rows.replace("\n", "\r\n") + ";" * (len(COLUMNS) - 1) + "\r\n\r\n"
    assert load_roster(put(tmp_path, saved)) == load_roster(put(tmp_path, GOOD))


def test_columns_may_come_in_any_order_and_only_five_are_needed(tmp_path: Path) -> None:
    roster = load_roster(
        put(tmp_path, "contact_email;contact_name;kind;name;id\neva@a.example;Eva Ek;Facknamnd;Ålnämnden;al\n")
    )
    assert roster.units[0].reports
    assert (roster.contacts[0].language, roster.contacts[0].phone) == ("sv", "")


def test_what_is_written_reads_back_equal(tmp_path: Path) -> None:
    roster = load_roster(put(tmp_path, GOOD))
    text = write_roster(roster.units, roster.contacts)
    assert text == GOOD
    assert load_roster(put(tmp_path, text)) == roster


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("short", "shrt", 1, "”shrt”. Menade du ”short”?"),
        ("id,name", "id,id", 1, "Kolumnen ”id” finns två gånger."),
        ("id,name", "id,namn", 1, "Kolumnen ”name” saknas."),
        ("stokab,AB", "ks,AB", 4, "id ”ks” finns redan på rad 2."),
        ("stokab,AB", "Stokab,AB", 4, "”Stokab” går inte att använda som id."),
        ("stokab,AB", ",AB", 4, "”id” är tom."),
        ("AB Stokab", " ", 4, "”name” är tom."),
        (",bolag", ",bolaget", 4, "”bolaget” finns inte som kind. Menade du ”bolag”?"),
        (",bolag", ",", 4, "”kind” är tom."),
        ("2023-06-30", "2023-06-31", 3, "”2023-06-31” är inget datum (valid_to)."),
        ("2023-06-30", "20230630", 3, "”20230630” är inget datum"),
        ("2023-06-30", "2019-06-30", 3, "ligger inte före ”valid_to”"),
        (",ks,no", ",sk,no", 3, "”sk”. Tillåtet är: ks, gamla, stokab."),
        (",ks,no", ",gamla,no", 3, "ersätts av sig själv"),
        (",no,", ",kanske,", 3, "”kanske” finns inte som reports."),
        (",en,", ",eng,", 4, "”eng” finns inte som language. Menade du ”en”?"),
        ("cia.o@stokab.example", "cia.o@stokab", 4, "”cia.o@stokab” är ingen e-postadress (contact_email)."),
        ("Cia Ö", "", 4, "”contact_name” saknas, men ”contact_email” är ifylld."),
        ("bo.al@ks.example", "", 2, "”deputy_email” saknas"),
        ("Alva Ek,alva.ek@ks.example", ",", 2, "”contact_name” saknas, men ”contact_phone”"),
        ("Cia Ö", "Cia\x00Ö", 4, "U+0000"),
        ("Cia Ö,", "", 4, "Raden har 15 fält, men rubrikraden har 16."),
        ('"Gamla, stora nämnden"', '"Gamla, stora nämnden', 3, "går inte att läsa som CSV"),
    ],
)
def test_a_fault_has_its_line(tmp_path: Path, old: str, new: str, line: int, what: str) -> None:
    assert old in GOOD
    head, rest = GOOD.split("\n", 1)
    text = f"{head.replace(old, new, 1)}\n{rest}" if line == 1 else f"{head}\n{rest.replace(old, new, 1)}"
    faults = said(put(tmp_path, text))
    assert any(fault[0] == line and what in fault[1] for fault in faults), faults


def test_a_quoted_line_break_does_not_shift_the_lines_after_it(tmp_path: Path) -> None:
    text = GOOD.replace("Gamla, stora", "Gamla,\nstora").replace(",bolag", ",bolaget")
    assert [fault[0] for fault in said(put(tmp_path, text))] == [5]


def test_all_faults_come_in_order_and_loading_raises_the_first(tmp_path: Path) -> None:
    path = put(tmp_path, GOOD.replace(",ks,no", ",sk,no").replace("alva.ek@", "alva ek@").replace(",bolag", ",x"))
    assert [line for line, _ in said(path)] == [2, 3, 4]
    with pytest.raises(ConfigError, match=r"rad 2: ”alva ek@ks\.example” är ingen e-postadress"):
        load_roster(path)


@pytest.mark.parametrize(
    ("data", "line", "what"),
    [(b"", 1, "tom"), (b"\n\n", 1, "tom"), ("id\nå".encode("latin-1"), 2, "UTF-8"), (b"PK\x03\x04\xff", 1, "UTF-8")],
)
def test_what_is_no_sheet_has_one_fault(tmp_path: Path, data: bytes, line: int, what: str) -> None:
    (fault,) = said(put(tmp_path, data))
    assert fault[0] == line
    assert what in fault[1]


def test_a_missing_file_is_one_fault(tmp_path: Path) -> None:
    (fault,) = said(tmp_path / "none.csv")
    assert "går inte att läsa" in fault[1]


@pytest.mark.parametrize("text", ["a@b.example", "anna-karin.o'x+y@sub.b-c.example", "1@2.ex"])
def test_plain_addresses_are_mailboxes(text: str) -> None:
    assert is_mailbox(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "@b.example",
        "a@",
        "a@b",
        "a@b.example\n",
        "a@b.example\r\nBcc: c@d.example",
        "a@b.example,c@d.example",
        "Anna <a@b.example>",
        "a b@c.example",
        '"a"@b.example',
        "a@b.example ",
        ".a@b.example",
        "a..b@c.example",
        "a@-b.example",
        "a@b..example",
        "å@b.example",
        "a@å.example",
        "a@[127.0.0.1]",
        "a\x00@b.example",
        "x" * 65 + "@b.example",
        "a@" + "b." * 126 + "example",
    ],
)
def test_nothing_else_is(text: str) -> None:
    assert not is_mailbox(text)


def test_changes_name_what_came_went_and_differs(tmp_path: Path) -> None:
    old = load_roster(put(tmp_path, GOOD))
    new = load_roster(
        put(
            tmp_path,
            GOOD.replace("Alva Ek,alva.ek@", "Eva Ek,eva.ek@")
            .replace(ROWS[1], "ny,Nya nämnden,,facknamnd,,,,yes,,,,,,,,")
            .replace(",en,", ",sv,"),
        )
    )
    assert roster_changes(old, new) == (
        Change(kind=ChangeKind.CHANGED, unit="ks", field="contact_name", before="Alva Ek", after="Eva Ek"),
        Change(
            kind=ChangeKind.CHANGED,
            unit="ks",
            field="contact_email",
            before="alva.ek@ks.example",
            after="eva.ek@ks.example",
        ),
        Change(kind=ChangeKind.ADDED, unit="ny", after="Nya nämnden"),
        Change(kind=ChangeKind.CHANGED, unit="stokab", field="contact_language", before="en", after="sv"),
        Change(kind=ChangeKind.CHANGED, unit="stokab", field="head_language", before="en", after="sv"),
        Change(kind=ChangeKind.REMOVED, unit="gamla", before="Gamla, stora nämnden"),
    )


def test_the_same_sheet_in_another_order_is_no_change(tmp_path: Path) -> None:
    roster = load_roster(put(tmp_path, GOOD))
    assert roster_changes(roster, Roster(roster.units[::-1], roster.contacts[::-1])) == ()
    assert roster_changes(Roster((), ()), Roster((), ())) == ()


@pytest.mark.parametrize("hidden", ["\u202e", "\u2066", "\u200b"])
@pytest.mark.parametrize("words", ["Gamla, stora", "Alva Ek", "KS,", "Bo Al"])
def test_letters_that_disguise_a_name_are_refused_on_their_line(tmp_path: Path, hidden: str, words: str) -> None:
    path = put(tmp_path, GOOD.replace(words, f"{words[0]}{hidden}{words[1:]}", 1))
    faults = said(path)
    if hidden == "\u200b":  # may stand in a header, and so in a name
        assert faults == []
        return
    ((line, text),) = faults
    assert line == GOOD[: GOOD.index(words)].count("\n") + 1
    assert f"U+{ord(hidden):04X}" in text
    with pytest.raises(HeaderRefusedError):
        clean(f"a{hidden}b", field="namn")


# --- more than one row can say, and spreadsheets ------------------------------

LONG = """\
id,name,kind,role,contact_name,contact_email,contact_phone,language,contact_from,contact_to
ks,Kommunstyrelsen,kommunstyrelse,primary,Alva Ek,alva@ks.example,08-1,sv,,2026-12-31
ks,,,primary,Bo Al,bo@ks.example,,en,2027-01-01,
ks,,,deputy,Cia Ö,cia@ks.example,08-2,sv,,
ks,,,deputy,Dan Å,dan@ks.example,,sv,,
ks,,,registrar,Eva Ek,eva@ks.example,,sv,,
ks,,,function_mailbox,,brevlada@ks.example,,sv,,
amn,Arbetsnämnden,facknamnd,,,,,,,
"""


def test_dates_and_several_in_a_role_have_a_row_each(tmp_path: Path) -> None:
    roster = load_roster(put(tmp_path, LONG))
    assert [each.id for each in roster.units] == ["ks", "amn"]
    assert [(each.role, each.name, each.valid_from, each.valid_to) for each in roster.contacts[:3]] == [
        (Role.PRIMARY, "Alva Ek", None, date(2026, 12, 31)),
        (Role.PRIMARY, "Bo Al", date(2027, 1, 1), None),
        (Role.DEPUTY, "Cia Ö", None, None),
    ]
    assert (roster.contacts[2].phone, roster.contacts[1].language) == ("08-2", "en")
    assert (roster.contacts[-1].role, roster.contacts[-1].name) == (Role.FUNCTION_MAILBOX, "")


@pytest.mark.parametrize("text", [LONG, GOOD])
def test_both_kinds_of_file_read_back_as_the_same_register(tmp_path: Path, text: str) -> None:
    roster = load_roster(put(tmp_path, text))
    assert load_roster(put(tmp_path, write_roster(roster.units, roster.contacts))) == roster
    file = tmp_path / "units.xlsx"
    file.write_bytes(write_spreadsheet(roster.units, roster.contacts))
    assert load_roster(file) == roster
    assert roster_changes(roster, load_roster(file)) == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("2026-12-31", "2027-01-01", 3, "har två i rollen primary samma dag: Alva Ek och Bo Al"),
        ("2027-01-01,\n", "2027-01-01,2026-01-01\n", 3, "”contact_from” ligger inte före ”contact_to”"),
        ("2027-01-01,\n", "9999-12-31,\n", 3, "”9999-12-31” är inget datum (contact_from)."),
        (",registrar,", ",registrator,", 6, "”registrator” finns inte som role. Menade du ”registrar”?"),
        ("Eva Ek,eva@ks.example", ",", 6, "”contact_name” saknas, men ”role” är ifylld."),
        ("brevlada@ks.example", "brevlada", 7, "”brevlada” är ingen e-postadress"),
        ("ks,,,deputy,Dan", "sk,,,deputy,Dan", 5, "”name” är tom."),
    ],
)
def test_a_fault_of_one_of_several_has_its_row(tmp_path: Path, old: str, new: str, line: int, what: str) -> None:
    assert old in LONG
    faults = said(put(tmp_path, LONG.replace(old, new, 1)))
    assert any(fault[0] == line and what in fault[1] for fault in faults), faults


def test_changes_of_one_of_several_name_who_it_is(tmp_path: Path) -> None:
    old = load_roster(put(tmp_path, LONG))
    new = load_roster(
        put(
            tmp_path,
            LONG.replace("dan@", "dana@")
            .replace("2026-12-31", "2026-12-30")
            .replace("ks,,,registrar,Eva Ek,eva@ks.example,,sv,,\n", "")
            + "amn,,,registrar,Eva Ek,eva@ks.example,,sv,,\n",
        )
    )
    changes = [(each.unit, each.field, each.before, each.after) for each in roster_changes(old, new)]
    assert changes == [
        ("ks", "contact_to", "2026-12-31", "2026-12-30"),
        ("ks", "deputy2_email", "dan@ks.example", "dana@ks.example"),
        ("ks", "registrar_name", "Eva Ek", ""),
        ("ks", "registrar_email", "eva@ks.example", ""),
        ("ks", "registrar_language", "sv", ""),
        ("amn", "registrar_name", "", "Eva Ek"),
        ("amn", "registrar_email", "", "eva@ks.example"),
        ("amn", "registrar_language", "", "sv"),
    ]


MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
NAMES = ["id", "name", "kind", "contact_name", "contact_email", "contact_phone", "valid_from"]


def spreadsheet(tmp_path: Path, *rows: list[str]) -> Path:
    file = tmp_path / "units.xlsx"
    file.write_bytes(write_table(rows or [["id"]]))
    return file


def test_what_excel_writes_is_read_as_people_see_it(tmp_path: Path) -> None:
    """Shared texts in several runs, a number, a day by a built-in and by an own format, an empty row, a formula."""
    cells = "".join(
        f'<c r="{letter}1" t="inlineStr"><is><t>{name}</t></is></c>'
        for letter, name in zip("ABCDEFG", NAMES, strict=True)
    )
    row = (
        '<c r="A3" t="s"><v>0</v></c><c r="B3" t="s"><v>1</v></c><c r="C3" t="str"><f>A1</f><v>kommunstyrelse</v></c>'
        '<c r="D3" t="s"><v>0</v></c><c r="E3" t="inlineStr"><is><t>alva@ks.example</t></is></c>'
        '<c r="F3"><v>4650.0</v></c><c r="G3" s="1"><v>46388</v></c>'
    )
    file = spreadsheet(tmp_path)
    with ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet1.xml"] = (
        f'<worksheet {MAIN}><sheetData><row r="1">{cells}</row><row r="2"/>'
        f'<row r="3">{row}</row></sheetData></worksheet>'
    ).encode()
    parts["xl/sharedStrings.xml"] = (
        f"<sst {MAIN}><si><t>ks</t></si><si><r><t>Kommun</t></r><r><t>styrelsen</t></r></si></sst>"
    ).encode()
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(
        b"</Types>",
        b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        b'spreadsheetml.sharedStrings+xml"/></Types>',
    )
    parts["xl/styles.xml"] = (
        parts["xl/styles.xml"]
        .replace(b'<numFmts count="0"/>', b'<numFmts><numFmt numFmtId="170" formatCode="yyyy\\-mm\\-dd"/></numFmts>')
        .replace(b"</cellXfs>", b'<xf numFmtId="170" fontId="0" fillId="0" borderId="0"/></cellXfs>')
    )
    with ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    roster = load_roster(file)
    assert (roster.units[0].name, roster.units[0].valid_from) == ("Kommunstyrelsen", date(2027, 1, 1))
    assert (roster.contacts[0].name, roster.contacts[0].phone) == ("ks", "4650")


def test_a_spreadsheet_s_fault_has_its_row(tmp_path: Path) -> None:
    file = spreadsheet(
        tmp_path,
        ["id", "name", "kind", "contact_name", "contact_email"],
        ["ks", "Kommunstyrelsen", "kommunstyrelse", "Alva", "alva@ks.example"],
        [],
        ["amn", "Arbetsnämnden", "nämnd", "", "", "utanför"],
    )
    assert [line for line, _ in said(file)] == [4]
    assert "6 fält" in said(file)[0][1]


def test_what_begins_like_a_formula_is_a_name(tmp_path: Path) -> None:
    roster = load_roster(put(tmp_path, GOOD.replace("AB Stokab", "=1+1")))
    file = tmp_path / "units.xlsx"
    file.write_bytes(write_spreadsheet(roster.units, roster.contacts))
    with ZipFile(file) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    assert load_roster(file) == roster


@pytest.mark.parametrize(
    ("name", "said_of_it"),
    [("xl/vbaProject.bin", "makron"), ("xl/externalLinks/externalLink1.xml", "från annat håll"), ("../x", "")],
)
def test_a_spreadsheet_with_more_in_it_is_refused(tmp_path: Path, name: str, said_of_it: str) -> None:
    file = spreadsheet(tmp_path)
    with ZipFile(file, "a") as archive:
        archive.writestr(name, "<x/>")
    assert [line for line, what in said(file) if said_of_it in what] == [1]


def test_a_bomb_an_entity_and_what_is_no_spreadsheet_are_refused(tmp_path: Path) -> None:
    file = spreadsheet(tmp_path)
    with ZipFile(file, "a", ZIP_DEFLATED) as archive:
        archive.writestr("xl/bomb.xml", b"\0" * 60_000_000)
    assert len(said(file)) == 1
    for broken in (b"id,name", b"", b"PK\x03\x04"):
        file.write_bytes(broken)
        assert len(said(file)) == 1
    with ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", '<!DOCTYPE x [<!ENTITY a "a">]><x>&a;</x>')
    assert len(said(file)) == 1
    assert len(said(spreadsheet(tmp_path, ["id", *["x"] * 80]))) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'<row r="1">', b'<row r="900000">'),
        (b"<worksheet", b"<!DOCTYPE x><worksheet"),
        (b"</sheetData>", b""),
    ],
)
def test_a_workbook_that_only_looks_like_one_is_one_fault(tmp_path: Path, old: bytes, new: bytes) -> None:
    file = spreadsheet(tmp_path, NAMES)
    with ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert any(old in content for content in parts.values())
    with ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content.replace(old, new))
    assert len(said(file)) == 1
