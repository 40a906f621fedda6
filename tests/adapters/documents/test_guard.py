"""What is not let in, and the sentence that says so."""

import struct
import zlib
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from zipfile import ZipFile, ZipInfo

import pytest

from tests.adapters.documents.office import DOCUMENT, changed, entries, zipped
from tests.adapters.documents.samples import QUESTIONS, answers, sheet
from workflow.adapters.documents import refusals
from workflow.adapters.documents.documents import OfficeDocuments
from workflow.adapters.documents.upload import MAX_TAGS
from workflow.domain.errors import FileRefusedError

OFFICE = OfficeDocuments()
FORM = OFFICE.word_form(sheet(answers(kultur="Ett svar.")))
TYPES = "[Content_Types].xml"
RELS = "word/_rels/document.xml.rels"
MAIN = b"wordprocessingml.document.main+xml"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def relation(kind: str, target: str = "x", mode: str = "") -> Callable[[bytes], bytes]:
    row = f'<Relationship Id="rId99" Type="http://x/relationships/{kind}" Target="{target}"{mode}/>'.encode()
    return lambda xml: xml.replace(b"</Relationships>", row + b"</Relationships>")


EXTERNAL = ' TargetMode="External"'


def bomb() -> bytes:
    return zipped(entries(FORM) | {"word/media/image1.bin": bytes(40 * 2**20)})


def forged_size() -> bytes:
    """One byte that says it is 60 MB."""
    data = bytearray(zipped(entries(FORM) | {"word/media/big.bin": b"x"}))
    place = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, place + 24, 60 * 2**20)
    return bytes(data)


def overlapping() -> bytes:
    """Two rows of the table of contents point at the same bytes."""
    data = bytearray(zipped(entries(FORM) | {"word/media/1.bin": b"x", "word/media/2.bin": b"x"}))
    first, second = (data.rindex(f"word/media/{number}.bin".encode()) - 46 for number in (1, 2))
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    return bytes(data)


def noise() -> dict[str, bytes]:
    """What hardly packs, so that the rest is no bomb by its ratio."""
    return {
        "word/media/noise.bin": b"".join(
            sha256(bytes([high, low])).digest() for high in range(128) for low in range(256)
        )
    }


def boxes_in_boxes(xml: bytes) -> bytes:
    """One long text in forty tables, each in a cell of the next."""
    inner = b"<w:p><w:r><w:t>" + b"ord " * 200_000 + b"</w:t></w:r></w:p>"
    for _ in range(40):
        inner = b"<w:tbl><w:tr><w:tc>" + inner + b"</w:tc></w:tr></w:tbl>"
    return xml.replace(b"<w:body>", b"<w:body>" + inner)


def doctype(xml: bytes) -> bytes:
    body = xml[xml.index(b"?>") + 2 :]
    return b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + body


def doctype_in_utf16(xml: bytes) -> bytes:
    return doctype(xml).decode().replace('version="1.0"', 'version="1.0" encoding="UTF-16"').encode("utf-16")


def locked_entry() -> bytes:
    data = bytearray(FORM)
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        place = data.index(signature)
        struct.pack_into("<H", data, place + offset, 1)
    return bytes(data)


def corrupt() -> bytes:
    """A bit flips inside the main part: sizes are right, the checksum is not."""
    with ZipFile(BytesIO(FORM)) as archive:
        place = archive.getinfo(DOCUMENT).header_offset + 30 + len(DOCUMENT) + 200
    return FORM[:place] + bytes([FORM[place] ^ 0xFF]) + FORM[place + 1 :]


def symlink() -> bytes:
    buffer = BytesIO(FORM)
    with ZipFile(buffer, "a") as archive:
        entry = ZipInfo("word/link")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    return buffer.getvalue()


CASES: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", refusals.EMPTY),
    "png": (lambda: PNG, refusals.NOT_WORD),
    "program": (lambda: b"MZ" + bytes(200), refusals.NOT_WORD),
    "text": ("Hej hej åäö".encode, refusals.NOT_WORD),
    "pdf": (lambda: b"%PDF-1.7\n", refusals.PDF),
    "rtf": (lambda: b"{\\rtf1 hej}", refusals.OTHER_FORMAT),
    "old word": (lambda: OLE, refusals.OLD_WORD),
    "password": (lambda: OLE + "EncryptedPackage".encode("utf-16-le"), refusals.LOCKED),
    "locked zip": (locked_entry, refusals.LOCKED),
    "plain zip": (lambda: zipped({"a.txt": b"a"}), refusals.NOT_WORD),
    "truncated": (lambda: FORM[: len(FORM) // 2], refusals.DAMAGED),
    "cut at the end": (lambda: FORM[:-30], refusals.DAMAGED),
    "flipped bit": (corrupt, refusals.DAMAGED),
    "no xml": (lambda: changed(FORM, DOCUMENT, lambda _: b"hej"), refusals.DAMAGED),
    "bomb": (bomb, refusals.TOO_BIG),
    "too large": (lambda: zipped(entries(FORM) | {"word/media/big.bin": bytes(51 * 2**20)}), refusals.TOO_BIG),
    "forged size": (forged_size, refusals.TOO_BIG),
    "too many elements": (
        lambda: zipped(entries(FORM) | {"word/x.xml": b"<a>" + b"<b/>" * MAX_TAGS + b"</a>", **noise()}),
        refusals.TOO_BIG,
    ),
    "many entries": (
        lambda: zipped(entries(FORM) | {f"word/media/{number}": b"" for number in range(10_000)}),
        refusals.TOO_BIG,
    ),
    "overlapping entries": (overlapping, refusals.DAMAGED),
    "climbing name": (lambda: zipped(entries(FORM) | {"../../etc/x.xml": b"<a/>"}), refusals.UNSAFE),
    "absolute name": (lambda: zipped(entries(FORM) | {"/etc/x.xml": b"<a/>"}), refusals.UNSAFE),
    "name twice": (lambda: zipped(entries(FORM) | {DOCUMENT.upper(): b"<a/>"}), refusals.UNSAFE),
    "symlink": (symlink, refusals.UNSAFE),
    "doctype": (lambda: changed(FORM, DOCUMENT, doctype), refusals.UNSAFE),
    "doctype in utf-16": (lambda: changed(FORM, DOCUMENT, doctype_in_utf16), refusals.UNSAFE),
    "doctype elsewhere": (lambda: changed(FORM, "word/styles.xml", doctype), refusals.UNSAFE),
    "macro project": (lambda: zipped(entries(FORM) | {"word/vbaProject.bin": b"x"}), refusals.MACROS),
    "macro type": (
        lambda: changed(
            FORM,
            TYPES,
            lambda xml: xml.replace(b"vnd.openxmlformats-officedocument." + MAIN, b"vnd.ms-word.macroEnabled.main+xml"),
        ),
        refusals.MACROS,
    ),
    "template": (
        lambda: changed(FORM, TYPES, lambda xml: xml.replace(MAIN, b"wordprocessingml.template.main+xml")),
        refusals.OTHER_FORMAT,
    ),
    "spreadsheet": (
        lambda: changed(FORM, TYPES, lambda xml: xml.replace(MAIN, b"spreadsheetml.sheet.main+xml")),
        refusals.OTHER_FORMAT,
    ),
    "embedded file": (lambda: zipped(entries(FORM) | {"word/embeddings/a.xlsx": b"x"}), refusals.EMBEDDED),
    "ole object": (lambda: changed(FORM, RELS, relation("oleObject")), refusals.EMBEDDED),
    "foreign chunk": (lambda: changed(FORM, RELS, relation("aFChunk")), refusals.EMBEDDED),
    "external template": (
        lambda: changed(FORM, RELS, relation("attachedTemplate", "https://x.example/a.dotm", EXTERNAL)),
        refusals.EXTERNAL,
    ),
    "external image": (
        lambda: changed(FORM, RELS, relation("image", "https://x.example/a.png", EXTERNAL)),
        refusals.EXTERNAL,
    ),
}


@pytest.mark.parametrize(("make", "why"), CASES.values(), ids=CASES)
def test_refused_with_a_reason(make: Callable[[], bytes], why: str) -> None:
    with pytest.raises(FileRefusedError) as refused:
        OFFICE.read_word(make(), name="svar.docx", questions=QUESTIONS)
    assert refused.value.values == {"file": "svar.docx", "why": why}
    assert why in refusals.REFUSALS


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("svar.docm", refusals.MACROS),
        ("svar.doc", refusals.OLD_WORD),
        ("svar.txt", refusals.OTHER_FORMAT),
        ("svar", refusals.OTHER_FORMAT),
    ],
)
def test_the_name_counts_too(name: str, why: str) -> None:
    with pytest.raises(FileRefusedError) as refused:
        OFFICE.read_word(FORM, name=name, questions=QUESTIONS)
    assert refused.value.values["why"] == why


def test_a_link_to_a_page_is_no_danger() -> None:
    form = changed(FORM, RELS, relation("hyperlink", "https://x.example/", EXTERNAL))
    assert OFFICE.read_word(form, name="SVAR.DOCX", questions=QUESTIONS).answers


def test_every_reason_is_a_swedish_sentence_that_says_what_to_do() -> None:
    assert len(set(refusals.REFUSALS)) == len(refusals.REFUSALS)
    for why in refusals.REFUSALS:
        sentence = str(FileRefusedError(file="svar.docx", why=why))
        assert sentence.startswith("Filen svar.docx går inte att läsa: ")
        assert why[0].islower()
        assert why.count(". ") >= 1
        assert why.endswith(".")


def test_every_cut_and_flip_ends_in_a_sentence_or_in_the_answers() -> None:
    """No traceback for anything: a few hundred spoiled copies, the same ones every time."""
    reasons = set()
    for number in range(300):
        place = zlib.crc32(number.to_bytes(4, "big")) % len(FORM)
        spoiled = FORM[:place] if number % 3 == 0 else FORM[:place] + bytes([number & 0xFF]) + FORM[place + 1 :]
        try:
            OFFICE.read_word(spoiled, name="svar.docx", questions=QUESTIONS)
        except FileRefusedError as refused:
            reasons.add(refused.values["why"])
    assert {refusals.DAMAGED} <= reasons <= set(refusals.REFUSALS)
