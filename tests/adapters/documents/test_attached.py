"""What may be attached, and what may not: by what is in the file, never only by what its name says."""

import zlib
from collections.abc import Callable

import pytest

from tests.adapters.documents.files import WHOLE, chunk, docx, jpg, odf, pdf, png, xlsx
from tests.adapters.documents.office import changed, entries, zipped
from workflow.adapters.documents import attached_refusals as why
from workflow.adapters.documents.documents import OfficeDocuments
from workflow.domain.attachments import KINDS, AttachmentRefusedError, KindNotAllowedError

OFFICE = OfficeDocuments()
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
SCRIPT = b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>"
RELS = "xl/_rels/workbook.xml.rels"


def packed(inside: bytes, name: bytes = b"/ObjStm") -> bytes:
    body = zlib.compress(b"1 0 " + inside)
    return pdf(
        tail=b"2 0 obj<</Type" + name + b"/N 1/First 4/Filter/FlateDecode>>stream\n" + body + b"\nendstream\n%%EOF"
    )


def objects(body: bytes, filters: bytes) -> bytes:
    """A PDF with objects packed in whichever way."""
    return pdf(tail=b"2 0 obj<</Type/ObjStm/N 1/First 4" + filters + b">>stream\n" + body + b"\nendstream\n%%EOF")


def stored(data: bytes) -> bytes:
    """Deflated without being made smaller: a piece of it can look like the end of the stream."""
    return zlib.compress(data, 0)


def relation(kind: str, more: str = "") -> Callable[[bytes], bytes]:
    row = f'<Relationship Id="rId99" Type="http://x/relationships/{kind}" Target="x"{more}/>'.encode()
    return lambda xml: xml.replace(b"</Relationships>", row + b"</Relationships>")


def check(kind: str, data: bytes, name: str = "") -> str:
    return OFFICE.attachment_kind(data, name=name or f"Bilaga.{kind}", kinds=KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_taken(kind: str) -> None:
    assert check(kind, WHOLE[kind]) == kind


def test_every_kind_has_a_sample() -> None:
    assert set(WHOLE) == set(KINDS)


@pytest.mark.parametrize("named", KINDS)
@pytest.mark.parametrize("held", KINDS)
def test_a_file_is_what_its_name_says(named: str, held: str) -> None:
    """Text is the exception: a table of text is text, and a text without a formula could be a table."""
    if held == named or {held, named} <= {"csv", "txt"}:
        return
    with pytest.raises(AttachmentRefusedError):
        check(named, WHOLE[held])


@pytest.mark.parametrize("name", ["x.exe", "x.docm", "x", "x.", "x.pdf.exe", "x.html", "x.svg", "pdf"])
def test_other_kinds_are_refused_by_their_name(name: str) -> None:
    with pytest.raises(KindNotAllowedError):
        check("", WHOLE["pdf"], name)


def test_a_site_may_allow_fewer() -> None:
    with pytest.raises(KindNotAllowedError) as refused:
        OFFICE.attachment_kind(WHOLE["csv"], name="a.csv", kinds={"png", "pdf"})
    assert refused.value.values["kinds"] == "pdf, png"


@pytest.mark.parametrize("name", ["Bild.JPG", "bild.jpeg", "BILD.Jpeg "])
def test_a_photograph_may_be_called_jpeg(name: str) -> None:
    assert check("", WHOLE["jpg"], name) == "jpg"


FRAME = b"\xff\xc0\x00\x0b"


def thumbnailed(data: bytes) -> bytes:
    """With a whole small picture in a segment before the real one, as telephones write it."""
    inner = b"Exif\0\0" + jpg()
    return data[:2] + b"\xff\xe1" + (len(inner) + 2).to_bytes(2, "big") + inner + data[2:]


def twice_framed(data: bytes) -> bytes:
    at = data.index(FRAME)
    return data[:at] + data[at : at + 13] + data[at:]


def deep(data: bytes) -> bytes:
    """Twelve bits a sample, in four colours."""
    at = data.index(FRAME) + 4
    return data[:at] + b"\x0c" + data[at + 1 : at + 5] + b"\x04" + data[at + 6 :]


def in_scans(data: bytes) -> bytes:
    """A progressive picture: tables and a second scan after the first, with restarts and stuffing in them."""
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
    table = b"\xff\xc4\x00\x04\x00\x00"
    return data[:-2] + b"\xff\x00\xff\xd0\x12" + b"\xff\xff" + table + scan + b"\x01\xff\x00" + data[-2:]


HOSTILE: dict[str, tuple[str, bytes, str]] = {
    "empty": ("pdf", b"", why.EMPTY),
    "pdf cut off": ("pdf", pdf(tail=b""), why.DAMAGED),
    "pdf with a script": ("pdf", pdf(SCRIPT), why.RUNS),
    "pdf that starts a program": ("pdf", pdf(b"/AA<</O<</S/Launch/F(cmd.exe)>>>>"), why.RUNS),
    "pdf with an escaped script": ("pdf", pdf(b"/OpenAction<</S/J#61vaScript/J#53(x)>>"), why.RUNS),
    "pdf with a packed script": ("pdf", packed(SCRIPT), why.RUNS),
    "pdf with a hidden pack": ("pdf", packed(SCRIPT, b"/Obj#53tm"), why.RUNS),
    "pdf with a script between false streams": (
        "pdf",
        pdf(tail=b"% stream\n3 0 obj<</S/JavaScript/JS(x)>>endobj\n% endstream\n%%EOF"),
        why.RUNS,
    ),
    "pdf with a false end in the pack": (
        "pdf",
        objects(stored(b"1 0 endstream " + SCRIPT.replace(b"J", b"#4A")), b"/Filter/FlateDecode"),
        why.RUNS,
    ),
    "pdf with a pack on every line": ("pdf", pdf(tail=b"/ObjStm\n" * 100_000 + b"%%EOF"), why.TOO_BIG),
    "pdf packed twice": (
        "pdf",
        objects(zlib.compress(SCRIPT).hex().encode() + b">", b"/Filter[/ASCIIHexDecode/FlateDecode]"),
        why.RUNS,
    ),
    "pdf with a file": ("pdf", pdf(b"/Names<</EmbeddedFiles 3 0 R>>"), why.RUNS),
    "pdf with a password": ("pdf", pdf(b"/Encrypt 4 0 R"), why.LOCKED),
    "pdf that swells": ("pdf", packed(bytes(80 * 2**20)), why.TOO_BIG),
    "docx with macros": ("docx", zipped(entries(docx()) | {"word/vbaProject.bin": b"x"}), why.MACROS),
    "docx with ole": ("docx", zipped(entries(docx()) | {"word/embeddings/o.bin": b"x"}), why.EMBEDDED),
    "docx with a template elsewhere": (
        "docx",
        changed(docx(), "word/_rels/document.xml.rels", relation("attachedTemplate", ' TargetMode="External"')),
        why.EXTERNAL,
    ),
    "docx with a password": ("docx", OLE + "EncryptedPackage".encode("utf-16-le"), why.LOCKED),
    "old doc": ("docx", OLE, why.NOT_THAT_KIND),
    "xlsx with macros": (
        "xlsx",
        changed(xlsx(), "[Content_Types].xml", lambda xml: xml.replace(b"sheet.main", b"sheet.macroEnabled.main")),
        why.MACROS,
    ),
    "xlsx with an object": ("xlsx", changed(xlsx(), RELS, relation("oleObject")), why.EMBEDDED),
    "xlsx with links": (
        "xlsx",
        zipped(entries(xlsx()) | {"xl/externalLinks/externalLink1.xml": b"<x/>"}),
        why.EXTERNAL,
    ),
    "odt with macros": ("odt", zipped(entries(odf()) | {"Basic/Standard/Module1.xml": b"<x/>"}), why.MACROS),
    "odt with an object": ("odt", odf(body='<draw:object xlink:href="./Object 1"/>'), why.EMBEDDED),
    "ods that fetches": (
        "ods",
        odf("spreadsheet", '<draw:image xlink:href="http://x.example/a.png"/>'),
        why.EXTERNAL,
    ),
    "odt with entities": (
        "odt",
        changed(odf(), "content.xml", lambda xml: b'<!DOCTYPE a [<!ENTITY b "c">]>' + xml),
        why.DAMAGED,
    ),
    "odt with a password": (
        "odt",
        changed(
            odf(),
            "META-INF/manifest.xml",
            lambda xml: xml.replace(b'"x"/>', b'"x"><manifest:encryption-data/></manifest:file-entry>'),
        ),
        why.LOCKED,
    ),
    "bomb": ("xlsx", zipped(entries(xlsx()) | {"xl/media/a.bin": bytes(60 * 2**20)}), why.TOO_BIG),
    "many tags": ("ods", odf("spreadsheet", "<a/>" * 1_000_001), why.TOO_BIG),
    "png cut off": ("png", png()[:-4], why.DAMAGED),
    "png with a changed byte": ("png", png().replace(b"IDAT", b"IDAU"), why.DAMAGED),
    "png with more behind it": ("png", png() + b"<script>alert(1)</script>", why.DAMAGED),
    "png without a picture": ("png", b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""), why.DAMAGED),
    "png of nothing": ("png", png(0, 5), why.DAMAGED),
    "png of a square kilometre": ("png", png(2**20, 2**20), why.TOO_BIG),
    "png that is an archive": ("png", png() + zipped({"a": b"b"}), why.NOT_THAT_KIND),
    "jpg cut off": ("jpg", jpg()[:12], why.DAMAGED),
    "jpg without an end": ("jpg", jpg()[:-2], why.DAMAGED),
    "jpg of nothing": ("jpg", jpg(0, 5), why.DAMAGED),
    "jpg of a square kilometre": ("jpg", jpg(65_000, 65_000), why.TOO_BIG),
    "jpg cut off in its scan": ("jpg", thumbnailed(jpg())[:-2], why.DAMAGED),
    "jpg with two sizes": ("jpg", twice_framed(jpg()), why.DAMAGED),
    "jpg of colours that fill the memory": ("jpg", deep(jpg(9_000, 9_000)), why.TOO_BIG),
    "jpg with a page behind it": ("jpg", jpg() + bytes(9) + b"<HTML><script>alert(1)</script>", why.NOT_THAT_KIND),
    "jpg with a pdf behind it": ("jpg", jpg() + b"film %PDF-1.7", why.NOT_THAT_KIND),
    "jpg with a program behind it": ("jpg", jpg() + bytes(9) + b"MZ\x90", why.NOT_THAT_KIND),
    "jpg with half an archive behind it": ("jpg", jpg() + zipped({"a": b"b"})[:-30], why.NOT_THAT_KIND),
    "png of colours that fill the memory": ("png", png(9_000, 9_000, depth=16, colour=6), why.TOO_BIG),
    "png of an unknown colour": ("png", png(colour=5), why.DAMAGED),
    "jpg that is an archive": ("jpg", jpg() + zipped({"a": b"b"}), why.NOT_THAT_KIND),
    "program called text": ("txt", b"MZ\x90\x00\x03", why.NOT_THAT_KIND),
    "letters that are none": ("txt", b"a\x81b", why.NOT_THAT_KIND),
    "half a letter": ("txt", b"\xff\xfea", why.NOT_THAT_KIND),
    "table that starts a program": ("csv", b"a;b\n1;=cmd|' /C calc'!A0\n", why.MACROS),
    "quoted, too": ("csv", b"a,\"+cmd|' /C calc'!A0\"\n", why.MACROS),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_not_let_in(case: str) -> None:
    kind, data, reason = HOSTILE[case]
    with pytest.raises(AttachmentRefusedError) as refused:
        check(kind, data)
    assert refused.value.values["why"] == reason


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("csv", b"Sum;=A1+A2\nPris|kg;3\nTelefon;+46 8 508\n"),
        ("csv", b"'=|" * 1_000_000),  # each letter looked at a few times, not once for every other
        ("csv", b"\n" * 1_000_000),
        ("txt", "Hej".encode("utf-16")),
        ("txt", "\ufeffHej".encode()),
        ("pdf", packed(b"<</Type/Pages/Kids[3 0 R]>>")),
        ("pdf", objects(b"3 0 <</Type/Pages>>", b"")),
        ("pdf", pdf(tail=b"stream\n" * 1_000_000 + b"%%EOF")),  # looked at in one walk, not once for each
        ("pdf", pdf(b"/Title(/JSON och /JavaScripts)")),
        ("docx", changed(docx(), "word/_rels/document.xml.rels", relation("hyperlink", ' TargetMode="External"'))),
        ("odt", odf(body="<draw:a xlink:href='http://x.example/'/>")),
        ("jpg", jpg() + b"made by a telephone"),
        ("jpg", jpg() + b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 100),  # a film behind it
        ("jpg", jpg() + thumbnailed(jpg())),
        ("jpg", thumbnailed(jpg())),
        ("jpg", in_scans(jpg())),
        ("jpg", jpg()[:-2] + b"\xff" * 5_000_000 + b"\xff\xd9"),  # walked through once
        ("png", png(8_000, 8_000, depth=8, colour=6)),
    ],
)
def test_what_only_looks_odd_is_let_in(kind: str, data: bytes) -> None:
    assert check(kind, data) == kind


def test_each_refusal_is_a_sentence() -> None:
    assert len(set(why.ATTACHED_REFUSALS)) == len(why.ATTACHED_REFUSALS)
    assert {reason for _, _, reason in HOSTILE.values()} == set(why.ATTACHED_REFUSALS)
