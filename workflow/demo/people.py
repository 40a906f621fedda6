"""The contact persons and the coordinator of the demo: they read their mail and use the pages, as people do."""

import tomllib
from datetime import date, time, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from re import search
from types import TracebackType
from typing import Self

from lxml import html

from workflow.bootstrap import App
from workflow.demo.browser import Browser, PageError
from workflow.demo.cast import LAST_DAY, NOT_APPLICABLE, ROUND, Act, Scene
from workflow.demo.word import type_into
from workflow.domain.addressing import addressee
from workflow.domain.forms import Answer
from workflow.domain.submissions import submission_id
from workflow.domain.textform import read_text_form
from workflow.services.overview import overview

LINK = r"https?://\S+/l/\S+"
EXTENDED_TO, SUPPLEMENT_BY = date(2027, 5, 28), date(2027, 5, 31)


class Players:
    """Everybody in the play. Contact persons come in by the link in their mailbox; the coordinator logs in."""

    def __init__(self, app: App, mailbox: Path, email: str, password: str) -> None:
        self._app = app
        self._mailbox = mailbox
        self._login = {"email": email, "password": password}
        self._answers = tomllib.loads(app.resources.config("demo", "answers.toml").read_text(encoding="utf-8"))
        self._browsers: dict[str, Browser] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for browser in self._browsers.values():
            browser.__exit__(kind, error, trace)

    def act(self, scene: Scene) -> None:
        acts = {
            Act.START: self._start,
            Act.ANSWER: self._answer,
            Act.UPLOAD: self._upload,
            Act.SUPPLEMENT: self._supplement,
            Act.EXTEND: self._extend,
            Act.EXCUSE: self._excuse,
            Act.RETURN: self._return,
        }
        if scene.act is Act.REVIEW:
            self._review()
        else:
            acts[scene.act](scene.unit)

    # --- contact persons -----------------------------------------------------

    def _start(self, unit: str) -> None:
        """Open the link and save a first answer."""
        browser, page = self._form(unit)
        first = _questions(page)[0]
        browser.send(page, "/svara", {f"text.{first}": self._text(unit, first)}, button=("action", "save"))

    def _answer(self, unit: str) -> None:
        """Fill in every question, read it through and hand it in."""
        browser, page = self._form(unit)
        fields: dict[str, str | bool] = {}
        for key in _questions(page):
            if NOT_APPLICABLE.get(unit, ("",))[0] == key:
                fields |= {f"na.{key}": True, f"reason.{key}": NOT_APPLICABLE[unit][1]}
            else:
                fields[f"text.{key}"] = self._text(unit, key)
        _hand_in(browser, browser.send(page, "/svara", fields, button=("action", "check")))

    def _upload(self, unit: str) -> None:
        """Type the real answers into the Word form of the invitation, upload it, confirm and hand in."""
        browser, _ = self._form(unit)
        attached = next(
            part for part in self._newest_mail(unit).iter_attachments() if part.get_filename("").endswith(".docx")
        )
        texts = {answer.question: answer.text for answer in self._real_answers(unit)}
        data = type_into(attached.get_content(), texts)
        page = browser.open("/svara/word/ladda-upp")
        page = browser.send(page, "/svara/word", files={"file": ("underlag.docx", data)})
        browser.send(page, "/svara/word/bekrafta")
        _hand_in(browser, browser.open("/svara/kontrollera"))

    def _supplement(self, unit: str) -> None:
        """Answer what came back, and hand in again."""
        browser, page = self._form(unit)
        fields = {
            f"text.{key}": f"{self._text(unit, key)}\nKomplettering: arbetet omfattar sex platser under 2027."
            for key in _questions(page)
        }
        _hand_in(browser, browser.send(page, "/svara", fields, button=("action", "check")))

    def _form(self, unit: str) -> tuple[Browser, html.HtmlElement]:
        if unit in self._browsers:
            return self._browsers[unit], self._browsers[unit].open("/svara")
        browser = self._browsers[unit] = Browser(self._app.settings.base_url)
        body = self._newest_mail(unit).get_body(("plain",))
        link = search(LINK, body.get_content() if body else "")
        if link is None:
            raise PageError(f"the mail to {unit} has no link")
        path = link.group().removeprefix(self._app.settings.base_url)
        return browser, browser.send(browser.open(path), path)

    def _newest_mail(self, unit: str) -> EmailMessage:
        """The newest mail with a link in the contact person's mailbox."""
        with self._app.db.read() as work:
            contact = addressee(work.recipients.of(submission_id(ROUND, unit)), self._app.now())
        address = f"<{contact.email}>".encode() if contact else b"nobody"
        for path in sorted(self._mailbox.glob("*.eml"), reverse=True):
            data = path.read_bytes()
            if address in data.partition(b"\r\n\r\n")[0]:
                mail = message_from_bytes(data, EmailMessage, policy=policy.default)
                if any(True for _ in mail.iter_attachments()):
                    return mail
        raise PageError(f"{unit} has no invitation in its mailbox")

    def _text(self, unit: str, key: str) -> str:
        """One of the invented answers; which one depends on unit and question only."""
        texts = self._answers[key]
        name = self._name(unit)
        return str(texts[sum(map(ord, unit + key)) % len(texts)]).replace("{unit}", name).strip()

    def _name(self, unit: str) -> str:
        with self._app.db.read() as work:
            return work.submissions.get(submission_id(ROUND, unit)).unit_name

    def _real_answers(self, unit: str) -> tuple[Answer, ...]:
        with self._app.db.read() as work:
            submission, round_ = work.submissions.get(submission_id(ROUND, unit)), work.rounds.get(ROUND)
        text = self._app.resources.config("demo", "form-2022-t1.txt").read_text(encoding="utf-8")
        return read_text_form(text, round_.form, kind=submission.kind, unit=unit).answers

    # --- the coordinator -----------------------------------------------------

    def _desk(self, path: str) -> tuple[Browser, html.HtmlElement]:
        """The coordinator's page; logs in when the page asks for it."""
        browser = self._browsers.setdefault("", Browser(self._app.settings.base_url))
        page = browser.open(path)
        if browser.url == "/login":
            browser.send(page, "/login", self._login)
            page = browser.open(path)
        return browser, page

    def _review(self) -> None:
        """Approve what has waited longest; in the last round through what waits, everything."""
        now = self._app.now()
        view = overview(self._app.db, ROUND, calendar=self._app.calendar, now=now)
        waiting = view.overview.waiting
        is_last = now >= self._app.calendar.at(LAST_DAY - timedelta(days=2), time(8))
        for row in waiting if is_last else waiting[: len(waiting) * 2 // 3]:
            browser, page = self._desk(_page(row.submission.unit))
            browser.send(browser.send(page, "/granska"), "/godkann")

    def _return(self, unit: str) -> None:
        browser, page = self._desk(_page(unit))
        comment = "Beskriv hur många platser arbetet omfattar under 2027."
        fields: dict[str, str | bool] = {
            "mark.platssamverkan": True,
            "comment.platssamverkan": comment,
            "reason.return": "Tack för underlaget. Vi behöver en komplettering innan vi kan godkänna det.",
        }
        browser.send(browser.send(page, "/granska"), "/returnera", fields | _day("return", SUPPLEMENT_BY))

    def _extend(self, unit: str) -> None:
        browser, page = self._desk(_page(unit))
        fields: dict[str, str | bool] = {"reason.extend": "Två medarbetare är sjuka."}
        browser.send(page, "/anstand", fields | _day("extend", EXTENDED_TO))

    def _excuse(self, unit: str) -> None:
        browser, page = self._desk(_page(unit))
        fields: dict[str, str | bool] = {
            "reason.excuse": "Nämnden har inga uppdrag med näringslivskoppling i år.",
            "confirmed": True,
        }
        browser.send(page, "/undanta", fields)


def _hand_in(browser: Browser, page: html.HtmlElement) -> None:
    browser.send(page, "/svara/lamna-in")
    if browser.url != "/svara/kvitto":
        raise PageError(f"handing in ended on {browser.url}")


def _questions(page: html.HtmlElement) -> list[str]:
    """The keys of the questions that are open on the page, in order."""
    return [name.removeprefix("text.") for name in page.xpath("//textarea/@name") if name.startswith("text.")]


def _page(unit: str) -> str:
    return f"/omgang/{ROUND}/underlag/{unit}"


def _day(section: str, day: date) -> dict[str, str | bool]:
    return {f"{section}.day": day.isoformat(), f"{section}.clock": "16.00"}
