"""What people's programs do to a form: Word fills fields, LibreOffice saves and prints; and ways to spoil a file."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from docx_plus.core.ns import qn
from docx_plus.core.oxml import el, sub
from lxml import etree

DOCUMENT = "word/document.xml"


def entries(data: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def changed(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    files = entries(data)
    return zipped(files | {name: change(files.get(name, b""))})


def edited(data: bytes, edit: Callable[[etree._Element], None]) -> bytes:
    def change(xml: bytes) -> bytes:
        root = etree.fromstring(xml)
        edit(root)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)

    return changed(data, DOCUMENT, change)


def control(root: etree._Element, tag: str) -> etree._Element:
    return next(sdt for sdt in root.iter(qn("w:sdt")) if tag_of(sdt) == tag)


def tag_of(sdt: etree._Element) -> str:
    found = sdt.find(f"{qn('w:sdtPr')}/{qn('w:tag')}")
    return "" if found is None else found.get(qn("w:val"), "")


def filled(data: bytes, texts: Mapping[str, str]) -> bytes:
    """Fill fields by tag as Word saves them: no placeholder flag, a paragraph a line, in plain fields a break."""

    def edit(root: etree._Element) -> None:
        for tag, text in texts.items():
            _fill(control(root, tag), text)

    return edited(data, edit)


def _fill(sdt: etree._Element, text: str) -> None:
    properties = sdt.find(qn("w:sdtPr"))
    content = sdt.find(qn("w:sdtContent"))
    assert properties is not None
    assert content is not None
    flag = properties.find(qn("w:showingPlcHdr"))
    if flag is not None:
        properties.remove(flag)
    plain = properties.find(qn("w:text")) is not None
    for child in list(content):
        content.remove(child)
    if plain:
        content.append(_run(text))
        return
    for line in text.split("\n"):
        sub(content, "w:p").append(_run(line))


def _run(text: str) -> etree._Element:
    run = el("w:r")
    for number, line in enumerate(text.split("\n")):
        if number:
            sub(run, "w:br")
        sub(run, "w:t", **{"xml:space": "preserve"}).text = line
    return run


def with_a_plain_reason(data: bytes, key: str, text: str) -> bytes:
    """The form as it was: the reason in a plain field behind the words that ask for it, its lines parted by breaks."""

    def edit(root: etree._Element) -> None:
        field = control(root, f"{key}.ej_aktuellt")
        begin, end, properties = field.getprevious(), field.getnext(), field.find(qn("w:sdtPr"))
        assert begin is not None
        assert end is not None
        assert properties is not None
        asking = begin.getprevious()
        assert asking is not None
        sub(properties, "w:text", **{"w:multiLine": "1"})
        asking.extend([begin, field, end])
        _fill(field, text)

    return edited(data, edit)


def change_end(line: etree._Element, change: str) -> None:
    """Say that the end of this paragraph was deleted ("del") or added ("ins") with changes tracked."""
    properties = line.find(qn("w:pPr"))
    assert properties is not None
    mark = sub(properties, "w:rPr")
    sub(mark, f"w:{change}", **{"w:id": "9", "w:author": "a", "w:date": "2027-05-03T10:00:00Z"})


def paragraph(text: str) -> etree._Element:
    line = el("w:p")
    line.append(_run(text))
    return line


# --- LibreOffice -----------------------------------------------------------------------------------------------------


def need(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        if os.environ.get("CI") == "true":  # noqa: TID251 - the pipeline promises these programs
            pytest.fail(f"{program} is missing")
        pytest.skip(f"{program} is not installed")
    return found


def python_of_libreoffice() -> str:
    """A Python that can speak with LibreOffice: the one it ships with, or the system's."""
    shipped = Path(need("soffice")).resolve().parent / "python"
    for python in (str(shipped), "/usr/bin/python3"):
        if (
            shutil.which(python)
            and subprocess.run([python, "-c", "import uno"], check=False, capture_output=True).returncode == 0
        ):
            return python
    return need("a Python with uno")


def convert(data: bytes, to: str, folder: Path) -> bytes:
    """Open in LibreOffice and save as `to` (docx, pdf); a profile of its own lets two run at once."""
    office = need("soffice")
    source, target = folder / "in.docx", folder / "out"
    source.write_bytes(data)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [office, "--headless", "--norestore", profile, "--convert-to", to, "--outdir", str(target), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=90)
    return (target / f"in.{to}").read_bytes()


def words_of_pdf(data: bytes, folder: Path) -> str:
    path = folder / "in.pdf"
    path.write_bytes(data)
    run = subprocess.run([need("pdftotext"), str(path), "-"], check=True, capture_output=True, timeout=60)
    return run.stdout.decode()
