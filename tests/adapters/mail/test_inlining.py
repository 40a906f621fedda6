"""The style sheet stands in the tags just as the library puts it there, whatever the words and the markup are."""

from html import escape

import pytest
from css_inline import CSSInliner
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree
from lxml import html as lxml_html

from workflow.adapters.mail.inlining import Inliner
from workflow.ports import LINK_SECRET

LIBRARY = CSSInliner(load_remote_stylesheets=False)
LINK = f"https://tertial.example/l/k7Qd.{LINK_SECRET}?a=1&b=2"
CSS = "<style>p > b, .a { color: #111111 } td a { color: red }</style><style data-css-inline='keep'>b > i{}</style>"
PAGE = """<!doctype html><html lang="sv"><head><title>{0}</title>{css}</head>
<body class="a"><!-- {1} --><table><tr><td><a href="{link}">{0}</a> <a href="mailto:x">{link}</a></td></tr></table>
<p class="a">{1}<b>{0}</b>
  <i> {1}</i></p></body></html>"""
words = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t<>&\"'"), max_size=30
)  # HTML has no controls


def page(markup: str, first: str, second: str) -> str:
    return markup.format(escape(first), escape(second).replace("-", ""), link=escape(LINK), css=CSS)


def tree(html: str) -> bytes:
    return etree.tostring(lxml_html.document_fromstring(html))


@given(first=words, second=words)
@settings(max_examples=150, deadline=None)
@example("", "")
@example("</b><script>", '"\ue0000\ue001')
@example(">\ue0000\ue001<", "\ue0001\ue001")
@example("https://x", f"https://{LINK_SECRET.replace('-', '')}")
def test_it_says_what_the_library_says(first: str, second: str) -> None:
    html = page(PAGE, first, second)
    inliner = Inliner()
    ours = inliner.inline(html, link=LINK)
    assert tree(ours) == tree(LIBRARY.inline(html))
    assert inliner.inline(html, link=LINK) == ours


@pytest.mark.parametrize(
    "markup",
    [
        "",
        "{0}",
        "<p>{0}",
        "<p>{0}</p>{css}",
        "{css}<p>{0}</p>",
        "<table>{0}<tr>{1}<td class=a>{0}</table>",  # words that the parser moves out of the table
        "<p class='a'>{0}<p class='a'>{1}</b></i>{css}",
        "{css}<a title='{0}' class=a href='{link}/more'>{1}</a>",
        "{css}<a title='1 > 2 {0} < 3' class=a>{1}</a>",
        "{css}<!--[if mso]><b>{0}</b><![endif]--><b class=a>{1}</b>",
        "{css}<p class=a>1 < 2 {0}</p><p class=a>{1} > 1</p>",
        "</style><p>{0}</p><style>",
    ],
)
@pytest.mark.parametrize("link", [LINK, ""])
def test_any_markup_comes_out_as_from_the_library(markup: str, link: str) -> None:
    html = f"<html><body>{page(markup, 'ett & <två>', 'tre')}</body></html>"
    assert tree(Inliner().inline(html, link=link)) == tree(LIBRARY.inline(html))


def test_a_link_that_the_template_changed_is_left_as_it_is() -> None:
    quoted = f"{CSS}<a href='{escape(LINK + chr(39))}' class='a'>x</a>"
    assert tree(Inliner().inline(quoted, link=LINK + chr(39))) == tree(LIBRARY.inline(quoted))
    changed = f"{CSS}<a href='https://other.example/{LINK_SECRET}' class='a'>x</a><a href='https://{LINK_SECRET}'>y</a>"
    out = Inliner().inline(changed, link=LINK)
    assert f'href="https://other.example/{LINK_SECRET}"' in out
    assert "k7Qd" not in out


def test_pages_of_one_shape_are_inlined_once_and_their_words_are_left_alone() -> None:
    inliner = Inliner()
    for number in range(5):
        link = LINK.replace("k7Qd", f"k{number}")
        html = page(PAGE, f"Namn {number}", "'Text'").replace(escape(LINK), escape(link))
        out = inliner.inline(html, link=link)
        assert out.count("&#x27;Text&#x27;") == 3  # the library would have written the sign itself
        assert out.count(f"k{number}.{LINK_SECRET}") == 2
    assert inliner.shapes == 1
