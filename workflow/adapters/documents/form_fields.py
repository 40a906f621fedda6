"""Fill-in fields of the Word form: content controls that keep their paragraphs, with a bookmark round each."""

from docx.document import Document as WordDocument
from docx.table import _Cell
from docx.text.paragraph import Paragraph
from docx_plus.controls import FormBuilder
from docx_plus.core.ns import qn
from docx_plus.core.oxml import build_bookmark, el, remove, sub
from lxml import etree

from workflow.adapters.documents.fields import bookmark
from workflow.adapters.documents.form_words import FormWords
from workflow.adapters.documents.ids import BookmarkIds, ControlIds
from workflow.adapters.documents.word import write


class FieldMaker:
    """Puts fields into one document; keeps the ids it has given."""

    def __init__(self, document: WordDocument, words: FormWords) -> None:
        self._words = words
        self._ids = ControlIds(document)
        self._builder = FormBuilder(document, id_registry=self._ids)
        self._bookmarks = BookmarkIds(document)

    def add_answer(self, cell: _Cell, name: str, text: str) -> None:
        """Begin the empty cell with a field: every line of `text` a paragraph of it."""
        self._add(cell, write(cell.paragraphs[0], "", "Answer"), name, text, self._words.write_answer)

    def add_reason(self, cell: _Cell, name: str, text: str) -> None:
        """Add a field after what stands in the cell.

        With paragraphs, as the answer has: of a plain field's line breaks LibreOffice (7.4) makes one line.
        """
        self._add(cell, write(cell.add_paragraph(), "", "Cell"), name, text, self._words.write_reason)
        write(cell.add_paragraph(), "", "Code")  # Word wants a paragraph at the end of a cell

    def _add(self, cell: _Cell, first: Paragraph, name: str, text: str, invitation: str) -> None:
        """Make the last paragraph of the cell a field, with paragraphs like it for the other lines."""
        style = str(first.style.name) if first.style else ""
        paragraphs = [first, *(cell.add_paragraph() for _ in range(text.count("\n")))]
        for paragraph, line in zip(paragraphs, text.split("\n"), strict=True):
            write(paragraph, line, style)
        control = self._builder.add_text_control(first, tag=name, alias=name, placeholder=invitation)
        remove(_child(_child(control, "w:sdtPr"), "w:text"))  # no type at all is rich text
        lines = [paragraph.paragraph_format.element for paragraph in paragraphs]
        lines[0].addprevious(control)
        content = _child(control, "w:sdtContent")
        if text:
            _answered(control)
        else:
            lines[0].extend(list(content))
        content.extend(lines)
        self._mark(control, name)

    def lock_the_rest(self, body: etree._Element) -> None:
        """Put everything into a group: Word then lets only the fields in it be changed.

        Document protection would do the same in Word, but LibreOffice (7.4) then lets nobody write in the fields.
        """
        blocks = [block for block in body if block.tag != qn("w:sectPr")]
        group = el("w:sdt")
        blocks[0].addprevious(group)
        properties = sub(group, "w:sdtPr")
        sub(properties, "w:id", **{"w:val": str(self._ids.next())})
        sub(properties, "w:lock", **{"w:val": "contentLocked"})
        sub(properties, "w:group")
        sub(group, "w:sdtContent").extend(blocks)

    def _mark(self, control: etree._Element, name: str) -> None:
        number = self._bookmarks.next()
        build_bookmark(control, control, bookmark_id=number, name=bookmark(name))


def _answered(control: etree._Element) -> None:
    """Empty the field and take away the mark that says it shows an invitation."""
    remove(_child(_child(control, "w:sdtPr"), "w:showingPlcHdr"))
    content = _child(control, "w:sdtContent")
    for run in list(content):
        content.remove(run)


def _child(element: etree._Element, name: str) -> etree._Element:
    found = element.find(qn(name))
    if found is None:
        raise LookupError(f"the library made a field without {name}")
    return found
