"""Small whole files of every kind that may be attached."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

from docx import Document
from openpyxl import Workbook

from tests.adapters.documents.office import zipped

MANIFEST = (
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    '<manifest:file-entry manifest:full-path="/" manifest:media-type="x"/></manifest:manifest>'
)
CONTENT = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" '
    'xmlns:xlink="http://www.w3.org/1999/xlink"><office:body>{body}</office:body></office:document-content>'
)
OFFICE_TYPE = "application/vnd.openxmlformats-officedocument"


def pdf(inside: bytes = b"", tail: bytes = b"%%EOF\n") -> bytes:
    return b"%PDF-1.7\n1 0 obj\n<</Type/Catalog" + inside + b">>\nendobj\ntrailer<</Root 1 0 R>>\n" + tail


def docx() -> bytes:
    buffer = BytesIO()
    Document().save(buffer)
    return buffer.getvalue()


def xlsx() -> bytes:
    buffer = BytesIO()
    book = Workbook()
    book.active.append(["Nämnd", 3])  # type: ignore[union-attr]
    book.save(buffer)
    return buffer.getvalue()


def pptx() -> bytes:
    main = f"{OFFICE_TYPE}.presentationml.presentation.main+xml"
    types = f'<Override PartName="/ppt/presentation.xml" ContentType="{main}"/>'
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    rels = f'<Relationship Id="r" Type="{relation}" Target="ppt/presentation.xml"/>'
    package = "http://schemas.openxmlformats.org/package/2006"
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{package}/content-types">{types}</Types>'.encode(),
            "_rels/.rels": f'<Relationships xmlns="{package}/relationships">{rels}</Relationships>'.encode(),
            "ppt/presentation.xml": b"<p/>",
        }
    )


def odf(kind: str = "text", body: str = "", **more: bytes) -> bytes:
    return zipped(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}".encode(),
            "META-INF/manifest.xml": MANIFEST.encode(),
            "content.xml": CONTENT.format(body=body).encode(),
            **more,
        }
    )


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int = 1, height: int = 1, *, depth: int = 8, colour: int = 0) -> bytes:
    head = struct.pack(">2I5B", width, height, depth, colour, 0, 0, 0)
    pieces = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\x00\x00")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + pieces


def jpg(width: int = 1, height: int = 1) -> bytes:
    frame = struct.pack(">B2HB3B", 8, height, width, 1, 1, 0x11, 0)
    start = b"\xff\xd8\xff\xe0" + struct.pack(">H", 16) + b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    return (
        start
        + b"\xff\xc0"
        + struct.pack(">H", len(frame) + 2)
        + frame
        + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x7f\xff\xd9"
    )


WHOLE = {
    "pdf": pdf(),
    "docx": docx(),
    "xlsx": xlsx(),
    "pptx": pptx(),
    "odt": odf(),
    "ods": odf("spreadsheet"),
    "png": png(),
    "jpg": jpg(),
    "csv": "Nämnd;Antal\nNorrby;3\n".encode("cp1252"),
    "txt": "Hej\tåäö\r\n".encode(),
}


def on_disk(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path
