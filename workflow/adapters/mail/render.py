"""Puts a letter into words: subject, text part and HTML part from the mail's folder in email_templates/."""

import re
import traceback
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.environment import TemplateModule
from jinja2.sandbox import ImmutableSandboxedEnvironment

from workflow.adapters.mail import watching
from workflow.adapters.mail.holes import Pieces, UnlikeError, has_hole, hole, pieces, shown, together
from workflow.adapters.mail.inlining import Inliner, without_words
from workflow.adapters.mail.likeness import VARYING, Likeness, Likenesses
from workflow.domain.errors import ConfigError
from workflow.domain.letters import Letter
from workflow.ports import LINK_SECRET, Rendered

TEXT_WIDTH: Final = 72
SUBJECT_WIDTH: Final = 78
_SEVERAL_LINES: Final = frozenset({"reason", "comment", "note", "paragraphs"})  # what people may write in paragraphs
_HARMLESS: Final = frozenset({str, TemplateModule})  # nothing public on them changes anything or leads further
_MARKED: Final = frozenset({"link", "code"})  # where the secret will stand: the mail's, or that of a unit's own link
_HANG: Final = re.compile(r" *(?:\S.{0,30}?: {2,})?")  # an indent, or a fact's label with the space after it
_PLAIN_LINK: Final = re.compile(r"[^\s'\"]+")  # one word, escaped in one way only
_MARKER_BEGINS: Final = LINK_SECRET.removesuffix("}")  # in a mail about several units each has one of its own
_DEFUSED: Final = _MARKER_BEGINS.replace("-", "\u2060-")  # a word joiner: looks the same, is not the marker


class JinjaRenderer:
    """Renders letters from folders of templates; of two files with one path, the one in the earlier root wins.

    A template gets the letter's fields as plain strings, numbers and lists. Two environments share the files: the HTML
    one escapes everything, the text one nothing, so that a sentence kept for both parts is right in both.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(str(root) for root in roots)
        self._text = _environment(self._roots, escapes=False)
        self._html = _environment(self._roots, escapes=True)
        self._inliner = Inliner()
        self._likenesses = Likenesses(self._likeness)

    def render(self, letter: Letter) -> Rendered:
        """Render one letter; in all parts the link holds the marker LINK_SECRET, and nothing else does.

        The subject is one line: the first line of subject.txt that fits in 78 characters (RFC 5322 §2.1.1), or its
        last. The text part is wrapped at 72. Raises ConfigError when a template is missing or wrong.
        """
        names = _names(letter)
        likeness = self._likenesses.of(letter) if names else None
        alike = likeness.fill(names, choose=_chosen, wrap=wrapped_line) if likeness else None
        return alike or self.render_alone(letter)

    def render_alone(self, letter: Letter) -> Rendered:
        """As `render`, with nothing remembered of other letters."""
        folder = _folder(letter)
        values = _plain(letter) | {"language": letter.language}
        subject = _subject(self._fill(self._text, f"{folder}/subject.txt", values))
        values["subject"] = subject
        text = self._fill(self._text, f"{folder}/body.txt", values)
        html = self._fill(self._html, f"{folder}/body.html", values)
        return Rendered(subject=subject, text=_wrapped(text), html=self._inliner.inline(html, link=letter.link))

    def _likeness(self, letter: Letter) -> Likeness:
        """Raises UnlikeError for templates that do more with a name than show it, and for faulty ones."""
        folder, text = _folder(letter), _environment(self._roots, escapes=False, watches=True)
        html = _environment(self._roots, escapes=True, watches=True)
        values = _plain(letter) | {"language": letter.language} | {name: hole(name) for name in _names(letter)}
        try:
            subject = shown(text.get_template(f"{folder}/subject.txt").render(values))
            values["subject"] = hole("subject")
            body = shown(text.get_template(f"{folder}/body.txt").render(values))
            page = shown(html.get_template(f"{folder}/body.html").render(values))
        except (TemplateError, TypeError, AttributeError, ValueError, ArithmeticError, LookupError) as fault:
            raise UnlikeError from fault
        return Likeness(tuple(map(pieces, _paragraphs(subject))), _lines(body), pieces(self._inlined(page)))

    def _inlined(self, page: str) -> str:
        """A name in a tag may choose a style, and is written there in another way than among words: the link alone."""
        link = shown(hole("link"))
        inlined = self._inliner.by_shape(page, link=link)
        if inlined is None or has_hole(without_words(page.replace(link, ""))):
            raise UnlikeError
        return inlined

    def _fill(self, environment: ImmutableSandboxedEnvironment, name: str, values: dict[str, object]) -> str:
        try:
            return environment.get_template(name).render(values)
        except TemplateError as error:
            file, line = self._place(error, name)
            raise ConfigError(file=file, line=line, what=str(error), allowed="") from error

    def _place(self, error: TemplateError, name: str) -> tuple[str, int]:
        """Which template file and line: an undefined name is only known by its place in the traceback."""
        if isinstance(error, TemplateSyntaxError):
            return error.filename or error.name or name, error.lineno
        frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename.startswith(self._roots)]
        return (frames[-1].filename, frames[-1].lineno or 0) if frames else (name, 0)


class _Sandbox(ImmutableSandboxedEnvironment):
    """The library's sandbox with a short way to the answer it would give for strings and imported files of macros.

    It asks eight questions of each `words.hello`: a fifth of the time of a mail.
    """

    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        if type(obj) in _HARMLESS and not attr.startswith("_"):
            return True
        return super().is_safe_attribute(obj, attr, value)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """One plain dictionary: the library's chain of two is copied item by item for every template rendered."""
        return dict(self.globals) | dict(d or ())


class _Watching(_Sandbox):
    """Renders words with holes, and ends the rendering where a template looks into them."""

    template_class = watching.Watched
    concat = staticmethod(together)  # type: ignore[assignment]

    def getitem(self, obj: Any, argument: Any) -> Any:  # noqa: ANN401 - as the library's
        watching.refuse_holes(obj, argument)
        return super().getitem(obj, argument)


_COMPILED: Final = {escapes: watching.Compiled() for escapes in (False, True)}


@cache
def _environment(roots: tuple[str, ...], *, escapes: bool, watches: bool = False) -> ImmutableSandboxedEnvironment:
    """One for each choice of folders in a process: compiling the templates takes longer than hundreds of mails."""
    environment = (_Watching if watches else _Sandbox)(
        loader=FileSystemLoader(roots),
        bytecode_cache=_COMPILED[escapes],
        autoescape=escapes,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["paragraphs"] = _paragraphs
    if watches:
        environment.filters = watching.watched(environment.filters)
        environment.filters |= {"join": watching.join, "paragraphs": watching.paragraphs(_paragraphs)}
        environment.tests = watching.watched(environment.tests)
    return environment


def _paragraphs(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _plain(letter: Letter) -> dict[str, object]:
    """The fields as values without behaviour, with the marker of the link only where the link is."""
    return {field.name: _tamed(field.name, getattr(letter, field.name)) for field in fields(letter)}


def _tamed(key: str, value: object) -> object:
    if key in _MARKED:
        return value
    if isinstance(value, str):
        harmless = value.replace(_MARKER_BEGINS, _DEFUSED)
        return harmless if key in _SEVERAL_LINES else " ".join(harmless.split())
    if isinstance(value, tuple):
        return [_tamed(key, each) for each in value]
    if is_dataclass(value):
        return {field.name: _tamed(field.name, getattr(value, field.name)) for field in fields(value)}
    return value


def _folder(letter: Letter) -> str:
    return f"{letter.folder or letter.kind}/{letter.language}"


def _names(letter: Letter) -> dict[str, str]:
    """What letters of one likeness differ in; nothing where one of it is missing, or may be written in two ways."""
    found = {name: str(_tamed(name, value)) for name in VARYING if (value := getattr(letter, name, None)) is not None}
    found["link"] = letter.link
    return found if _PLAIN_LINK.fullmatch(letter.link) and all(found.values()) else {}


def _subject(rendered: str) -> str:
    return _chosen(_paragraphs(rendered))


def _chosen(lines: Sequence[str]) -> str:
    return next((line for line in lines if len(line) <= SUBJECT_WIDTH), lines[-1] if lines else "")


def _lines(text: str) -> tuple[Pieces, ...]:
    """The text part, wrapped but for the lines with holes, which are wrapped when they are filled."""
    whole = _wrapped(text, lambda line: line if has_hole(line) else wrapped_line(line)).removesuffix("\n")
    runs = groupby(whole.split("\n"), has_hole)
    return tuple(part for holed, lines in runs for part in (map(pieces, lines) if holed else (("\n".join(lines),),)))


def _wrapped(text: str, wrap: Callable[[str], str] | None = None) -> str:
    lines = map(wrap or wrapped_line, text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"


def wrapped_line(line: str) -> str:
    """Break at spaces only: an address, a link or a compound word with a hyphen stays whole."""
    if len(line) <= TEXT_WIDTH:
        return line if line == "-- " else line.rstrip()  # the separator before a signature, RFC 3676 §4.3
    line = line.expandtabs().rstrip()
    hang = _HANG.match(line)
    return "\n".join(_folded(line, " " * (hang.end() if hang else 0)))


def _folded(line: str, indent: str) -> Iterator[str]:
    """Lines of at most 72 characters, the later ones indented; a word that is longer has a line of its own."""
    begins = len(line) - len(line.lstrip(" "))
    while len(line) > TEXT_WIDTH:
        cut = line.rfind(" ", begins, TEXT_WIDTH + 1)
        if cut < 0:
            cut = line.find(" ", max(begins, TEXT_WIDTH + 1))
        if cut < 0:
            break
        yield line[:cut].rstrip(" ")
        line, begins = indent + line[cut:].lstrip(" "), len(indent)
    yield line
