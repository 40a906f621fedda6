"""The words of an HTML mail: lines where it breaks, "> " before what it quotes, nothing of what is not shown."""

from typing import Final

from lxml import etree

_BREAKING: Final = frozenset({"p", "div", "br", "tr", "li", "table", "blockquote", "h1", "h2", "h3", "h4", "hr", "ul"})
_UNSEEN: Final = frozenset({"style", "script", "head", "title"})


def text_of_html(html: str) -> str:
    """Read leniently, as browsers do; never raises, and takes time in proportion."""
    words = _Words()
    parser = etree.HTMLParser(target=words, encoding="utf-8", no_network=True)
    try:
        parser.feed(html.encode("utf-8", "replace"))
        parser.close()
    except (etree.LxmlError, ValueError, AssertionError):
        return words.close()  # what was understood until then
    return words.close()


class _Words:
    """What the parser tells its events to."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quoted = 0
        self._unseen = ""

    def start(self, tag: str | bytes, attrib: object) -> None:
        if tag in _UNSEEN:
            self._unseen = str(tag)
        if tag in _BREAKING:
            self._end_line()
        if tag == "li":
            self._line.append("- ")
        self._quoted += tag == "blockquote"

    def end(self, tag: str | bytes) -> None:
        if tag == self._unseen:
            self._unseen = ""
        if tag in _BREAKING - {"br"}:
            self._end_line()
        if tag in {"td", "th"}:
            self._line.append(" ")
        if tag == "p":
            self._lines.append("")
        self._quoted = max(0, self._quoted - (tag == "blockquote"))

    def comment(self, text: str | bytes) -> None:
        """Nobody sees it."""

    def data(self, data: str | bytes) -> None:
        if not self._unseen:
            self._line.append(str(data))

    def close(self) -> str:
        """The words so far; asked again it says the same."""
        self._end_line()
        kept: list[str] = []
        for line in self._lines:
            if line or (kept and kept[-1]):  # never two empty lines
                kept.append(line)
        return "\n".join(kept).strip()

    def _end_line(self) -> None:
        words = " ".join("".join(self._line).split())
        self._line.clear()
        if words:
            self._lines.append("> " * min(self._quoted, 5) + words)
