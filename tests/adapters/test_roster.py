"""The register's sheet: read, written, compared; every fault of a bad one on its line."""

from datetime import date
from pathlib import Path

import pytest

from workflow.adapters.mail.addresses import HeaderRefusedError, clean
from workflow.adapters.roster import check_roster, load_roster, write_roster
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
        Change(kind=ChangeKind.CHANGED, unit="stokab", field="language", before="en", after="sv"),
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
