"""`tertial mail inbox`: what came in is listed, read and seen to; of a form no more than that it came."""

from dataclasses import replace

from tests.cli.conftest import OPENS, Terminal
from workflow.domain.arrivals import Arrival, Sheet
from workflow.domain.incoming import EnclosedFile, IncomingKind
from workflow.ports import Work

CAME = Arrival(
    id="aaa1",
    digest="d1",
    identity="what d1",
    kind=IncomingKind.REPLY,
    came_at=None,  # type: ignore[arg-type]
    sender="asa@osterby.example",
    sender_name="Åsa",
    subject="En undran\x1b[2J",
    text="Första raden\nAndra raden",
)
FORM = EnclosedFile(name="svar.docx", media_type="x/y", content=b"Hemligt utkast")


def fill(terminal: Terminal) -> None:
    house = terminal.house()
    came = replace(CAME, came_at=house.now())
    sheet = Sheet(number=1, name=FORM.name, media_type="x/y", size=14, sha256="5e", is_form=True)
    with house.db.begin() as work:
        add(work, came, {})
        add(work, replace(came, id="abb2", digest="d2", kind=IncomingKind.STRAY), {})
        add(work, replace(came, id="acc3", digest="d3", kind=IncomingKind.FORM, sheets=(sheet,)), {1: FORM})


def add(work: Work, arrival: Arrival, files: dict[int, EnclosedFile]) -> None:
    assert work.incoming.add(replace(arrival, identity=f"what {arrival.digest}"), files)


def test_it_is_listed_and_read(planned: Terminal) -> None:
    fill(planned)
    assert {each["id"] for each in planned.json("mail", "inbox", "list")} == {"aaa1", "abb2", "acc3"}
    assert [each["id"] for each in planned.json("mail", "inbox", "list", "--todo")] == ["aaa1"]
    assert [each["id"] for each in planned.json("mail", "inbox", "list", "--kind", "stray")] == ["abb2"]
    assert planned.json("mail", "inbox", "list", "--kind", "stray", "--todo") == []
    assert planned.json("inbox", "list", "--todo") == planned.json("mail", "inbox", "list", "--todo")
    said = planned("mail", "inbox", "show", "aa").stdout
    assert "Andra raden" in said
    assert "\x1b" not in said
    assert planned.json("mail", "inbox", "show", "aaa1")["text"] == "Första raden\nAndra raden"
    assert "En undran" in planned("mail", "inbox", "list").stdout


def test_it_is_seen_to_once(planned: Terminal) -> None:
    fill(planned)
    planned("mail", "inbox", "handle", "aaa1", "--dry-run")
    planned("mail", "inbox", "handle", "aaa1")
    assert planned.json("mail", "inbox", "list", "--todo") == []
    planned("mail", "inbox", "handle", "aaa1", code=1)
    planned("mail", "inbox", "handle", "a", code=1)
    planned("mail", "inbox", "handle", "finns-inte", code=1)


def test_a_form_is_the_units(planned: Terminal) -> None:
    fill(planned)
    assert "Hemligt" not in planned("mail", "inbox", "show", "acc3", "--json").stdout
    planned("mail", "inbox", "handle", "acc3", code=1)


def test_what_is_about_no_unit_has_a_place_of_its_own(planned: Terminal) -> None:
    fill(planned)
    planned("round", "open", "2027-T1", now=OPENS)
    with planned.house().db.begin() as work:
        unit = next(iter(work.submissions.of_round("2027-T1")))
        about = replace(CAME, id="bbb4", digest="d4", submission=unit.id, round=unit.round, came_at=unit.due_at)
        add(work, about, {})
    assert {each["id"] for each in planned.json("inbox", "list", "--no-unit")} == {"aaa1", "abb2", "acc3"}
    assert [each["id"] for each in planned.json("inbox", "list", "--no-unit", "--todo")] == ["aaa1"]
