"""A person's browser, without the pictures: follows links, fills in forms as they stand on the page, sends them."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

import httpx2
from lxml import html

Fields = Mapping[str, str | bool]


class PageError(Exception):
    """A page did not do what a person would expect; the text says which page and what it answered."""


class Browser:
    """One person with cookies of their own. Every method gives the page it ended on."""

    def __init__(self, base_url: str) -> None:
        self._client = httpx2.Client(base_url=base_url, follow_redirects=True, timeout=30)
        self.url = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def open(self, url: str) -> html.HtmlElement:
        return self._page(self._client.get(url))

    def send(
        self,
        page: html.HtmlElement,
        action: str,
        fields: Fields | None = None,
        *,
        button: tuple[str, str] | None = None,
        files: Mapping[str, tuple[str, bytes]] | None = None,
    ) -> html.HtmlElement:
        """Fill in the form that goes to `action` (or has a button that does) and send it, hidden fields and all.

        `action` is the end of the address. A bool sets a box. Raises PageError when there is no such form or field.
        """
        form, target = self._form(page, action)
        for name, value in (fields or {}).items():
            _fill(form, name, value)
        data: dict[str, list[str]] = {}
        for name, value in [*form.form_values(), *([button] if button else [])]:
            data.setdefault(name, []).append(value)
        return self._page(self._client.post(target, data=data, files=dict(files) if files else None))

    def _form(self, page: html.HtmlElement, action: str) -> tuple[html.FormElement, str]:
        for form in page.forms:
            buttons = [button.get("formaction", "") for button in form.iter("button")]
            for target in (form.get("action") or self.url, *buttons):
                if form.get("method", "").lower() == "post" and target.split("?")[0].endswith(action):
                    return form, target
        raise PageError(f"{self.url} has no form that goes to …{action}")

    def _page(self, response: httpx2.Response) -> html.HtmlElement:
        self.url = response.url.path
        page = html.document_fromstring(response.text)
        if response.is_error:
            said = " ".join(
                " ".join(words for main in page.iter("main") for words in map(str, main.itertext())).split()
            )[:300]
            raise PageError(f"{self.url} answered {response.status_code}: {said}")
        return page


def _fill(form: html.FormElement, name: str, value: str | bool) -> None:
    if name not in form.fields:
        raise PageError(f"the form {form.get('action')} has no field {name}")
    if isinstance(value, bool):
        form.inputs[name].checked = value
    else:
        form.fields[name] = value
