"""How a page is looked at: by axe, by its width, and by what the browser complains about."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import axe_core_python
from playwright.sync_api import Browser, Page

AXE = Path(axe_core_python.__file__).parent / "axe.min.js"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@contextmanager
def a_page(
    chromium: Browser,
    *,
    width: int = 1280,
    height: int = 900,
    scheme: str = "light",
    language: str = "sv-SE",
    script: bool = True,
) -> Iterator[Page]:
    """A page of its own in a window of its own; complaints of the browser fail the test at the end."""
    context = chromium.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        locale=language,
        java_script_enabled=script,
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield page
        wrong = [each for each in complaints if "status of 4" not in each]
        assert wrong == [], wrong
    finally:
        context.close()


def faults(page: Page) -> list[str]:
    """What axe finds, with the page scrolled to its end so that nothing hides under the dock."""
    page.wait_for_load_state("load")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("rules => axe.run(document, rules)", RULES)
    return [f"{each['id']}: {node['html'][:160]}" for each in found["violations"] for node in each["nodes"]]


def overflow(page: Page) -> int:
    """How many pixels the page is wider than its window, when it has a body, which a click does not wait for."""
    page.wait_for_load_state("load")
    wider: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider
