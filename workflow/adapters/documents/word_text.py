"""Reads the text of a Word document's body onto a tape, with its fields, our bookmarks and the cells of its tables."""

from collections.abc import Callable, Collection, Mapping
from time import monotonic
from types import MappingProxyType

from docx_plus.core.ns import qn
from lxml import etree

from workflow.adapters.documents.fields import SYMBOLS
from workflow.adapters.documents.refusals import TOO_BIG
from workflow.adapters.documents.safe_xml import Refusal
from workflow.adapters.documents.tape import BodyText, Sign
from workflow.adapters.documents.tape_writer import TapeWriter
from workflow.adapters.documents.word_lists import Lists

PATIENCE = 5.0  # seconds; a real form takes some hundredths

_SKIPPED = frozenset(
    {
        *(qn(f"w:{name}") for name in ("rPr", "tblPr", "trPr", "tcPr", "sdtPr", "sectPr")),
        "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",  # repeats what Choice says
    },
)
_DELETED = frozenset(qn(f"w:{name}") for name in ("del", "moveFrom"))
_ADDED = frozenset(qn(f"w:{name}") for name in ("ins", "moveTo"))
_OF_ROW, _OF_MARK = qn("w:trPr"), f"{qn('w:pPr')}/{qn('w:rPr')}"
_TEXT = frozenset({qn("w:t"), "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"})
_SIGNS = MappingProxyType(
    {
        qn("w:br"): "\n",
        qn("w:cr"): "\n",
        qn("w:tab"): "\t",
        qn("w:noBreakHyphen"): "\N{NON-BREAKING HYPHEN}",
        qn("w:softHyphen"): "\N{SOFT HYPHEN}",
    },
)
_PICTURES = frozenset(
    {
        "{http://schemas.openxmlformats.org/drawingml/2006/main}graphicData",
        "{urn:schemas-microsoft-com:vml}imagedata",
    }
)
_SHAPES = frozenset(
    f"http://schemas.microsoft.com/office/word/2010/wordprocessing{kind}" for kind in ("Shape", "Group", "Canvas")
)
_ABOUT = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
_BLIP = "{http://schemas.openxmlformats.org/drawingml/2006/main}blip"
_RELATED, _EMBEDDED = qn("r:id"), qn("r:embed")
_ROW = qn("w:tr")
_VAL, _NAME, _ID = qn("w:val"), qn("w:name"), qn("w:id")


def read_text(
    root: etree._Element,
    *,
    by_libreoffice: bool = False,
    lists: Lists | None = None,
    patience: float = PATIENCE,
) -> BodyText:
    """Read everything that is shown: insertions count, deletions (tracked changes) do not.

    LibreOffice 7.4 loses line breaks in fields but begins a new text element where one was: pass `by_libreoffice`
    for a file that it saved. `lists` knows the signs before list items. Raises Refusal for what takes longer than
    `patience` seconds.
    """
    reader = _Reader(by_libreoffice=by_libreoffice, lists=lists or Lists())
    until = monotonic() + patience
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        if monotonic() > until:
            raise Refusal(TOO_BIG)
        if event == "end":
            reader.end(element)
        elif not reader.begin(element):
            walk.skip_subtree()
    return reader.writer.finished()


class _Reader:
    """Knows what each element of WordprocessingML puts on the tape."""

    def __init__(self, *, by_libreoffice: bool, lists: Lists) -> None:
        self.writer = TapeWriter()
        self._by_libreoffice = by_libreoffice
        self._lists = lists
        self._fields: list[bool] = []  # for each open content control, whether it has a name
        self._counts_pages = False  # inside a field whose words are the number of a page

    def begin(self, element: etree._Element) -> bool:
        """Put down what the element says by itself; whether its children are to be read."""
        tag = element.tag
        if tag in _SKIPPED or not isinstance(tag, str):
            return False
        if tag in _DELETED or self._is_deleted_row(element):
            self.writer.tape.mark(Sign.CHANGE)
            return False
        if tag in _TEXT:
            self._add_text(element)
        elif tag in _SIGNS:
            self.writer.add(_SIGNS[tag])
        elif tag in _ADDED:
            self.writer.tape.mark(Sign.CHANGE)
        elif tag in _PICTURES:
            self._add_picture(element)
        elif tag in _BEGIN:
            _BEGIN[tag](self, element)
        return tag not in _WITHOUT_WORDS and not _is_page_number(element.get(_INSTRUCTION))

    def end(self, element: etree._Element) -> None:
        if element.tag in _END:
            _END[element.tag](self, element)

    def begin_paragraph(self, element: etree._Element) -> None:
        self.writer.begin_paragraph(self._lists.sign(element))

    def end_paragraph(self, element: etree._Element) -> None:
        """Where the paragraph's mark is deleted or new, that is a change too; without it the next one goes on."""
        is_deleted = _changed(element, _OF_MARK, _DELETED)
        if is_deleted or _changed(element, _OF_MARK, _ADDED):
            self.writer.tape.mark(Sign.CHANGE)
        self.writer.end_paragraph(goes_on=is_deleted)

    def _is_deleted_row(self, element: etree._Element) -> bool:
        """Of a table in an answer. The form's own rows stay, whoever deleted them: they hold the answers."""
        return element.tag == _ROW and self.writer.is_in_inner_table and _changed(element, _OF_ROW, _DELETED)

    def begin_control(self, element: etree._Element) -> None:
        properties = element.find(qn("w:sdtPr"))
        named = [None if properties is None else properties.find(qn(name)) for name in ("w:tag", "w:alias")]
        name = next((found.get(_VAL, "") for found in named if found is not None), "")
        self._fields.append(bool(name))
        if self._by_libreoffice and _comes_after_break(element):
            self.writer.tape.mark(Sign.LOST_BREAK)
        if name and properties is not None:
            self.writer.begin_field(name, shows_invitation=properties.find(qn("w:showingPlcHdr")) is not None)

    def end_control(self, _: etree._Element) -> None:
        if self._fields.pop():
            self.writer.end_field()

    def add_symbol(self, element: etree._Element) -> None:
        sign = SYMBOLS.get(element.get(qn("w:char"), "").upper(), "")
        if not sign:
            self.writer.tape.mark(Sign.UNKNOWN_SYMBOL)
        self.writer.add(sign or "\N{REPLACEMENT CHARACTER}")

    def begin_instruction(self, element: etree._Element) -> None:
        self._counts_pages |= _is_page_number(element.text)

    def end_instruction(self, element: etree._Element) -> None:
        self._counts_pages &= element.get(qn("w:fldCharType")) != "end"

    def begin_bookmark(self, element: etree._Element) -> None:
        self.writer.begin_bookmark(element.get(_ID, ""), element.get(_NAME, ""))

    def end_bookmark(self, element: etree._Element) -> None:
        self.writer.end_bookmark(element.get(_ID, ""))

    def _add_text(self, element: etree._Element) -> None:
        before = element.getprevious()
        if self._by_libreoffice and before is not None and before.tag == element.tag:
            self.writer.add("\n")
        if not self._counts_pages:
            self.writer.add(element.text or "")

    def _add_picture(self, element: etree._Element) -> None:
        if element.get("uri", "") in _SHAPES:
            return  # a text box or a line: its words are read
        around = element.getparent()
        holder = None if around is None else around.getparent()
        about = None if holder is None else holder.find(_ABOUT)
        self.writer.tape.mark(Sign.PICTURE, "" if about is None else about.get("descr", ""), _target(element))


def _changed(element: etree._Element, where: str, tags: Collection[str]) -> bool:
    """Whether the properties `where` say that the element itself was deleted, or added."""
    properties = element.find(where)
    return properties is not None and any(each.tag in tags for each in properties)


def _target(picture: etree._Element) -> str:
    """The relationship that leads to the picture's part."""
    inside = picture.find(f".//{_BLIP}")
    return picture.get(_RELATED, "") if inside is None else inside.get(_EMBEDDED, "")


def _comes_after_break(control: etree._Element) -> bool:
    """LibreOffice 7.4 moves the line breaks of a plain field before it."""
    before = control.getprevious()
    return before is not None and before.tag == qn("w:r") and len(before) > 0 and before[-1].tag == qn("w:br")


def _is_page_number(instruction: str | None) -> bool:
    return (instruction or "").strip().upper().startswith(("PAGE", "NUMPAGES"))


_INSTRUCTION = qn("w:instr")
_WITHOUT_WORDS = frozenset({qn("w:pPr"), qn("w:instrText")})
_BEGIN: Mapping[str, Callable[[_Reader, etree._Element], None]] = MappingProxyType(
    {
        qn("w:p"): _Reader.begin_paragraph,
        qn("w:sdt"): _Reader.begin_control,
        qn("w:tbl"): lambda reader, _: reader.writer.begin_table(),
        qn("w:tr"): lambda reader, _: reader.writer.begin_row(),
        qn("w:tc"): lambda reader, _: reader.writer.begin_cell(),
        qn("w:sym"): _Reader.add_symbol,
        qn("w:instrText"): _Reader.begin_instruction,
        qn("w:fldChar"): _Reader.end_instruction,
        qn("w:bookmarkStart"): _Reader.begin_bookmark,
        qn("w:bookmarkEnd"): _Reader.end_bookmark,
    },
)
_END: Mapping[str, Callable[[_Reader, etree._Element], None]] = MappingProxyType(
    {
        qn("w:p"): _Reader.end_paragraph,
        qn("w:sdt"): _Reader.end_control,
        qn("w:tbl"): lambda reader, _: reader.writer.end_table(),
        qn("w:tc"): lambda reader, _: reader.writer.end_cell(),
    },
)
