"""How our Word documents look: the page, the type, the colours."""

from functools import cache
from io import BytesIO
from typing import Any

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.text import WD_TAB_ALIGNMENT
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.shared import Mm
from docx_plus.core import Border
from docx_plus.core.ns import qn
from docx_plus.core.oxml import el, ordered_insert, sub
from docx_plus.styles import create_style
from docx_plus.tables import Shading

FONT = "Arial"  # on every office computer, and with a metric twin where it is not
INK, QUIET, LINE, LATE = "15181C", "4B545E", "C9CED3", "B0141C"
LANGUAGE = "sv-SE"
TEXT_WIDTH = Mm(170)

HAIRLINE = Border(style="single", size=4, color=LINE)
FIELD = Shading(fill="F3F4F5")

_PLAIN = {"Normal", "DefaultParagraphFont", "TableNormal", "NoList"}
_UNUSED_PARTS = {
    RELATIONSHIP_TYPE.CUSTOM_XML,
    RELATIONSHIP_TYPE.NUMBERING,
    RELATIONSHIP_TYPE.WEB_SETTINGS,
    "http://schemas.microsoft.com/office/2007/relationships/stylesWithEffects",
    "http://schemas.openxmlformats.org/package/2006/relationships/metadata/thumbnail",
}

# style id → name as Word knows it, and what differs from the text style; lengths in twentieths of a point
_PARAGRAPHS: dict[str, tuple[str, dict[str, Any]]] = {
    "Title": ("Title", {"font_size": 26.0, "bold": True, "line_spacing": 1.05, "spacing_after": 240}),
    "Lead": ("Lead", {"font_size": 13.0, "color_rgb": QUIET, "spacing_after": 80}),
    "Heading1": ("heading 1", {"font_size": 18.0, "bold": True, "line_spacing": 1.1, "outline_level": 0}),
    "Heading2": ("heading 2", {"font_size": 13.5, "bold": True, "line_spacing": 1.2, "outline_level": 1}),
    "Heading3": ("heading 3", {"font_size": 10.5, "bold": True, "line_spacing": 1.2, "outline_level": 2}),
    "Fact": ("Fact", {"indent_left": 2552, "indent_first_line": -2552, "line_spacing": 1.2, "spacing_after": 40}),
    "Answer": ("Answer", {"line_spacing": 1.3, "spacing_after": 100}),
    "Question": ("Question", {"font_size": 9.5, "line_spacing": 1.25, "spacing_after": 40}),
    "Meta": ("Meta", {"font_size": 8.5, "color_rgb": QUIET, "line_spacing": 1.2, "spacing_after": 0}),
    "Code": ("Code", {"font_size": 6.5, "color_rgb": QUIET, "line_spacing": 1.2, "spacing_after": 0}),
    "Column": ("Column", {"font_size": 8.5, "color_rgb": QUIET, "line_spacing": 1.2, "spacing_after": 0}),
    "Cell": ("Cell", {"font_size": 9.0, "line_spacing": 1.2, "spacing_after": 0}),
    "Notice": ("Notice", {"bold": True, "color_rgb": LATE, "spacing_after": 120}),
    "Header": ("header", {"font_size": 8.5, "color_rgb": QUIET, "line_spacing": 1.0, "spacing_after": 0}),
    "Footer": ("footer", {"font_size": 8.5, "color_rgb": QUIET, "line_spacing": 1.0, "spacing_after": 0}),
}
_HEADING_SPACE = {"Heading1": (480, 160), "Heading2": (360, 80), "Heading3": (0, 40)}
_CHARACTERS: dict[str, dict[str, Any]] = {
    "Mark": {"bold": True},
    "Late": {"bold": True, "color_rgb": LATE},
    "Quiet": {"color_rgb": QUIET, "bold": False},
    "PlaceholderText": {"color_rgb": QUIET},
}

_PARAGRAPH_ORDER = ("keepNext", "keepLines", "pageBreakBefore", "pBdr", "shd", "tabs", "spacing", "ind", "outlineLvl")
_DEFAULTS_ORDER = ("rFonts", "color", "sz", "szCs", "lang")


@cache
def blank(language: str = LANGUAGE) -> bytes:
    """Give an empty A4 document in our styles, in this language (BCP 47).

    Without what the library's own template drags along.
    """
    document = Document()
    _drop_unused(document)
    _set_page(document)
    _set_language(document, language)
    _set_styles(document, language)
    buffer = BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _drop_unused(document: WordDocument) -> None:
    for rels in (document.part.rels, document.part.package.rels):
        for key in [key for key, rel in rels.items() if rel.reltype in _UNUSED_PARTS]:
            del rels[key]


def _set_page(document: WordDocument) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(20)
    section.top_margin, section.bottom_margin = Mm(26), Mm(22)
    section.header_distance = section.footer_distance = Mm(12)


def _set_language(document: WordDocument, language: str) -> None:
    settings = document.settings.element
    for name in ("w:proofState", "w:savePreviewPicture", "w:rsids", "w:shapeDefaults"):
        for found in settings.findall(qn(name)):
            settings.remove(found)
    settings.find(qn("w:themeFontLang")).set(qn("w:val"), language)
    for setting in settings.iter(qn("w:compatSetting")):
        if setting.get(qn("w:name")) == "compatibilityMode":
            setting.set(qn("w:val"), "15")  # 14 opens in "compatibility mode"


def _set_styles(document: WordDocument, language: str) -> None:
    root = document.styles.element
    for style in root.findall(qn("w:style")):
        if style.get(qn("w:styleId")) not in _PLAIN:
            root.remove(style)
    _set_defaults(document, language)
    for style_id, (name, look) in _PARAGRAPHS.items():
        # not the third level: it stands in table cells, and would keep whole tables on one page
        heading = style_id in {"Title", "Heading1", "Heading2"}
        own = style_id == name
        before, after = _HEADING_SPACE.get(style_id, (0, look.get("spacing_after", 0)))
        look = look | {"spacing_before": before, "spacing_after": after, "keep_with_next": heading}  # noqa: PLW2901
        create_style(document, style_id, name=name, based_on="Normal", next_style="Normal", custom=own, **look)
    for style_id, look in _CHARACTERS.items():
        name = "Placeholder Text" if style_id == "PlaceholderText" else style_id
        create_style(document, style_id, name=name, style_type="character", custom=name == style_id, **look)
    _rule_above(document, "Heading2")
    for name in ("header", "footer"):
        document.styles[name].paragraph_format.tab_stops.add_tab_stop(TEXT_WIDTH, WD_TAB_ALIGNMENT.RIGHT)


def _set_defaults(document: WordDocument, language: str) -> None:
    defaults = document.styles.element.find(qn("w:docDefaults"))
    run = defaults.find(qn("w:rPrDefault")).find(qn("w:rPr"))
    paragraph = defaults.find(qn("w:pPrDefault")).find(qn("w:pPr"))
    fonts = {f"w:{script}": FONT for script in ("ascii", "hAnsi", "cs", "eastAsia")}
    for child in (
        el("w:rFonts", **fonts),
        el("w:color", **{"w:val": INK}),
        el("w:sz", **{"w:val": "21"}),
        el("w:szCs", **{"w:val": "21"}),
        el("w:lang", **{"w:val": language, "w:eastAsia": "en-US", "w:bidi": "ar-SA"}),
    ):
        ordered_insert(run, child, _DEFAULTS_ORDER)
    spacing = el("w:spacing", **{"w:after": "120", "w:line": "324", "w:lineRule": "auto"})
    ordered_insert(paragraph, spacing, _PARAGRAPH_ORDER)


def _rule_above(document: WordDocument, style_id: str) -> None:
    style = next(each for each in document.styles if each.style_id == style_id)
    borders = el("w:pBdr")
    sub(borders, "w:top", **{"w:val": "single", "w:sz": "12", "w:space": "8", "w:color": INK})
    ordered_insert(style.element.get_or_add_pPr(), borders, _PARAGRAPH_ORDER)


def calm(title: str) -> str:
    """Set a title that is all capitals in ordinary letters."""
    return title.capitalize() if title.isupper() else title


def in_sentence(words: str) -> str:
    """Let words that can begin a line stand inside one: a small first letter, unless more capitals follow."""
    return words[:1].lower() + words[1:] if words[1:2].islower() else words
