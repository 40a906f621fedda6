"""Reads the text of an OpenDocument text (.odt) onto a tape, as `word_text` does for Word documents."""

from collections.abc import Callable, Mapping
from re import compile as pattern
from time import monotonic
from types import MappingProxyType

from lxml import etree

from workflow.adapters.documents.odt_lists import Lists
from workflow.adapters.documents.odt_names import DRAW, LOEXT, OFFICE, SVG, TABLE, TEXT, XLINK
from workflow.adapters.documents.refusals import TOO_BIG
from workflow.adapters.documents.safe_xml import Refusal
from workflow.adapters.documents.tape import BodyText, Sign
from workflow.adapters.documents.tape_writer import TapeWriter
from workflow.adapters.documents.word_text import PATIENCE

NOTE, COMMENT = f"{TEXT}note", f"{OFFICE}annotation"

_SPACE = pattern("[ \t\r\n]+")
_SKIPPED = frozenset(
    {
        NOTE,
        COMMENT,
        f"{TEXT}tracked-changes",  # keeps what was deleted
        f"{TEXT}sequence-decls",
        f"{TEXT}ruby-text",
        f"{TEXT}page-number",
        f"{TEXT}page-count",
        f"{OFFICE}forms",
        f"{OFFICE}binary-data",
        f"{SVG}title",
        f"{SVG}desc",
    },
)
_INPUT, _CONTROL = f"{TEXT}text-input", f"{LOEXT}content-control"
_LINE_BREAK = f"{TEXT}line-break"
_MOST_SPACES = 10_000


def read_odt_text(root: etree._Element, *, lists: Lists, patience: float = PATIENCE) -> BodyText:
    """Read everything that is shown; deleted text (tracked changes), notes and comments are not.

    Raises Refusal for what takes longer than `patience` seconds.
    """
    reader = _Reader(lists)
    until = monotonic() + patience
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        if monotonic() > until:
            raise Refusal(TOO_BIG)
        if event == "end":
            reader.end(element)
            if element is not root:
                reader.add(element.tail)
        elif not reader.begin(element):
            walk.skip_subtree()
        elif element.tag != _INPUT:
            reader.add(element.text)
    return reader.writer.finished()


class _Reader:
    """Knows what each element of OpenDocument puts on the tape."""

    def __init__(self, lists: Lists) -> None:
        self.writer = TapeWriter()
        self._lists = lists
        self._paragraphs = 0
        self._is_after_space = True
        self._controls: list[bool] = []  # for each open content control, whether it has a name

    def begin(self, element: etree._Element) -> bool:
        """Put down what the element says by itself; whether what is in it is to be read."""
        if element.tag in _SKIPPED or not isinstance(element.tag, str):
            return False
        if element.tag in _BEGIN:
            _BEGIN[element.tag](self, element)
        return True

    def end(self, element: etree._Element) -> None:
        if element.tag in _END:
            _END[element.tag](self)

    def add(self, text: str | None) -> None:
        """White space is one space, and none at the beginning (ODF 1.3 part 3, 6.1.2)."""
        if not text or not self._paragraphs:
            return
        spaced = _SPACE.sub(" ", text)
        self._add(spaced.removeprefix(" ") if self._is_after_space else spaced)

    def add_input(self, element: etree._Element) -> None:
        """LibreOffice writes what stands in an input field as it is, with a CR where a paragraph ended."""
        text = (element.text or "").rstrip("\r").replace("\r", "\n")
        if text and _comes_after_break(element):
            self.writer.tape.mark(Sign.LOST_BREAK)
        self._add(text)

    def add_spaces(self, element: etree._Element) -> None:
        count = element.get(f"{TEXT}c", "1")
        self._add(" " * (min(int(count), _MOST_SPACES) if count.isascii() and count.isdigit() else 1))
        self._is_after_space = False

    def add_sign(self, sign: str) -> None:
        self._add(sign)

    def begin_paragraph(self) -> None:
        self._paragraphs += 1
        self._is_after_space = True
        self.writer.begin_paragraph(self._lists.sign())

    def end_paragraph(self) -> None:
        self._paragraphs -= 1
        self.writer.end_paragraph()

    def begin_control(self, element: etree._Element) -> None:
        name = element.get(f"{LOEXT}tag") or element.get(f"{LOEXT}alias") or ""
        self._controls.append(bool(name))
        if name:
            invites = element.get(f"{LOEXT}showing-place-holder") == "true"
            self.writer.begin_field(name, shows_invitation=invites)

    def end_control(self) -> None:
        if self._controls.pop():
            self.writer.end_field()

    def begin_bookmark(self, element: etree._Element) -> None:
        name = element.get(f"{TEXT}name", "")
        self.writer.begin_bookmark(name, name)

    def end_bookmark(self, element: etree._Element) -> None:
        self.writer.end_bookmark(element.get(f"{TEXT}name", ""))

    def begin_list(self, element: etree._Element) -> None:
        self._lists.begin_list(element)

    def end_list(self) -> None:
        self._lists.end_list()

    def begin_item(self) -> None:
        self._lists.begin_item()

    def add_picture(self, element: etree._Element) -> None:
        frame = element.getparent()
        said = () if frame is None else (frame.findtext(f"{SVG}{name}") for name in ("desc", "title"))
        about = next((text for text in said if text), "")
        self.writer.tape.mark(Sign.PICTURE, about, element.get(f"{XLINK}href", ""))

    def _add(self, text: str) -> None:
        if text:
            self._is_after_space = text.endswith(" ")
            self.writer.add(text)


def _comes_after_break(element: etree._Element) -> bool:
    """LibreOffice 7.4 moves the line breaks of a field before it."""
    before = element.getprevious()
    while before is not None and before.tag == f"{TEXT}bookmark-start" and not before.tail:
        before = before.getprevious()
    return before is not None and before.tag == _LINE_BREAK and not before.tail


def _ignoring(method: Callable[[_Reader], None]) -> Callable[[_Reader, etree._Element], None]:
    return lambda reader, _: method(reader)


_BEGIN: Mapping[str, Callable[[_Reader, etree._Element], None]] = MappingProxyType(
    {
        f"{TEXT}p": _ignoring(_Reader.begin_paragraph),
        f"{TEXT}h": _ignoring(_Reader.begin_paragraph),
        f"{TEXT}list": _Reader.begin_list,
        f"{TEXT}list-item": _ignoring(_Reader.begin_item),
        f"{TEXT}s": _Reader.add_spaces,
        f"{TEXT}tab": lambda reader, _: reader.add_sign("\t"),
        _LINE_BREAK: lambda reader, _: reader.add_sign("\n"),
        _INPUT: _Reader.add_input,
        _CONTROL: _Reader.begin_control,
        f"{TEXT}bookmark-start": _Reader.begin_bookmark,
        f"{TEXT}bookmark-end": _Reader.end_bookmark,
        f"{TEXT}change": lambda reader, _: reader.writer.tape.mark(Sign.CHANGE),
        f"{TEXT}change-start": lambda reader, _: reader.writer.tape.mark(Sign.CHANGE),
        f"{TABLE}table": lambda reader, _: reader.writer.begin_table(),
        f"{TABLE}table-row": lambda reader, _: reader.writer.begin_row(),
        f"{TABLE}table-cell": lambda reader, _: reader.writer.begin_cell(),
        f"{TABLE}covered-table-cell": lambda reader, _: reader.writer.begin_cell(),
        f"{DRAW}image": _Reader.add_picture,
    },
)
_END: Mapping[str, Callable[[_Reader], None]] = MappingProxyType(
    {
        f"{TEXT}p": _Reader.end_paragraph,
        f"{TEXT}h": _Reader.end_paragraph,
        f"{TEXT}list": _Reader.end_list,
        _CONTROL: _Reader.end_control,
        f"{TABLE}table": lambda reader: reader.writer.end_table(),
        f"{TABLE}table-cell": lambda reader: reader.writer.end_cell(),
        f"{TABLE}covered-table-cell": lambda reader: reader.writer.end_cell(),
    },
)
