"""Unsafe files are refused, and long ones read, within one second of processor time and a hundred megabytes."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.adapters.documents import limited_reading
from tests.adapters.documents.limited_reading import READ
from tests.adapters.documents.office import DOCUMENT, changed, entries, zipped
from tests.adapters.documents.samples import answers, sheet
from tests.adapters.documents.test_guard import CASES, FORM, noise
from tests.adapters.documents.test_odt import ODT_CASES
from workflow.adapters.documents import refusals
from workflow.adapters.documents.documents import OfficeDocuments
from workflow.adapters.documents.upload import MAX_ATTRIBUTES, MAX_TAGS, MAX_XML

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc to measure memory")

ROOT = Path(__file__).parents[3]


def with_xml(content: bytes) -> bytes:
    return zipped(entries(FORM) | {"word/x.xml": content, **noise()})


def instead_of_body(words: bytes) -> Callable[[bytes], bytes]:
    return lambda xml: xml.replace(b"<w:body>", b"<w:body>" + words)


def runs(count: int, text: bytes) -> bytes:
    return b"<w:p>" + b"<w:r><w:t>%b</w:t></w:r>" % text * count + b"</w:p>"


def nested(begin: bytes, end: bytes, depth: int, inner: bytes) -> bytes:
    return begin * depth + inner + end * depth


BOX = b"<w:tbl><w:tr><w:tc>", b"</w:tc></w:tr></w:tbl>"
FIELD = b'<w:sdt><w:sdtPr><w:tag w:val="x"/></w:sdtPr><w:sdtContent>', b"</w:sdtContent></w:sdt>"
KNOWN = FIELD[0].replace(b'"x"', b'"kultur"')
WORDS = b"<w:p><w:r><w:t>" + b"ord " * 200_000 + b"</w:t></w:r></w:p>"
MARKS = b"".join(b'<w:bookmarkStart w:id="%d" w:name="svar_%d"/>' % (each, each) for each in range(20_000))

HEAVY: dict[str, tuple[Callable[[], bytes], str]] = {
    "one attribute too many": (
        lambda: with_xml(b"<a " + b" ".join(b'b%d=""' % n for n in range(MAX_ATTRIBUTES)) + b"/>"),
        refusals.TOO_BIG,
    ),
    "too much text": (lambda: with_xml(b"<a>" + b"ord " * (MAX_XML // 4) + b"</a>"), refusals.TOO_BIG),
    "a bomb of fifty megabytes": (
        lambda: zipped(entries(FORM) | {"word/media/image1.bin": bytes(49 * 2**20)}),
        refusals.TOO_BIG,
    ),
    "as many elements as may be": (
        lambda: with_xml(b"<a>" + b"<b/>" * (MAX_TAGS - 3_000) + b"</a>"),
        READ,
    ),
    "deeper than anybody writes": (
        lambda: changed(FORM, DOCUMENT, instead_of_body(nested(*BOX, 1_000, WORDS))),
        refusals.DAMAGED,
    ),
    "twenty thousand runs in one answer": (
        lambda: changed(
            OfficeDocuments().word_form(sheet(answers(kultur="HÄR"))),
            DOCUMENT,
            lambda xml: xml.replace("<w:r><w:t>HÄR</w:t></w:r>".encode(), b"<w:r><w:t>ordet </w:t></w:r>" * 20_000),
        ),
        READ,
    ),
    "a long line in many short runs": (lambda: changed(FORM, DOCUMENT, instead_of_body(runs(20_000, b"ord "))), READ),
    "boxes in boxes": (lambda: changed(FORM, DOCUMENT, instead_of_body(nested(*BOX, 40, WORDS))), READ),
    "fields in fields": (lambda: changed(FORM, DOCUMENT, instead_of_body(nested(*FIELD, 80, WORDS))), READ),
    "known fields in fields": (
        lambda: changed(FORM, DOCUMENT, instead_of_body(nested(KNOWN, FIELD[1], 80, WORDS))),
        READ,
    ),
    "bookmarks that never end": (lambda: changed(FORM, DOCUMENT, instead_of_body(MARKS + runs(20_000, b"a"))), READ),
    "fields by the thousand": (
        lambda: changed(FORM, DOCUMENT, instead_of_body((FIELD[0] + runs(1, b"a") + FIELD[1]) * 10_000)),
        READ,
    ),
}
ALL = {f"{name}.docx": case for name, case in (CASES | HEAVY).items()} | {
    f"{name}.odt": case for name, case in ODT_CASES.items()
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("unsafe")
    for name, (make, _) in ALL.items():
        (folder / name).write_bytes(make())
    command = [sys.executable, "-m", limited_reading.__name__, str(folder)]
    run = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=110)
    found: dict[str, str] = json.loads(run.stdout)
    return found


@pytest.mark.parametrize(("name", "why"), [(name, why) for name, (_, why) in ALL.items()], ids=ALL)
def test_within_a_second_and_a_hundred_megabytes(said: dict[str, str], name: str, why: str) -> None:
    assert said[name] == why


def test_the_limits_do_limit(tmp_path: Path) -> None:
    """That the yardstick measures: a reader that takes more is stopped, and it shows."""
    program = (
        "import sys; from pathlib import Path; from tests.adapters.documents import limited_reading as l\n"
        "class Greedy:\n"
        "    def read_word(self, data, *, name, questions):\n"
        "        held = bytearray(120 * 2**20) if name == 'memory' else None\n"
        "        while True: pass\n"
        "l.OfficeDocuments = Greedy\n"
        "print(*(l.outcome(Path(sys.argv[1]) / each) for each in ('memory', 'time')), sep=';')\n"
    )
    for name in ("memory", "time"):
        (tmp_path / name).write_bytes(b"x")
    run = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, check=True, capture_output=True, timeout=60, text=True
    )
    memory, time = run.stdout.strip().split(";")
    assert memory == limited_reading.NO_ROOM
    assert time in {"ended by signal 9", "ended by signal 24"}  # SIGKILL at the hard limit, SIGXCPU at the soft
