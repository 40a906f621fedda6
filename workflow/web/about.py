"""What is said on every site: help, accessibility, personal data; and the choice of language."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from workflow.web.site import LANGUAGE_COOKIE, go, render, set_cookie
from workflow.web.words import LANGUAGES

router = APIRouter()

A_YEAR = 365 * 24 * 60 * 60


@router.get("/hjalp")
def show_help(request: Request) -> Response:
    return render(request, "help.html")


@router.get("/tillganglighet")
def show_statement(request: Request) -> Response:
    """Required of public sites, reachable from every page (lag 2018:1937, 13 §)."""
    return render(request, "statement.html")


@router.get("/personuppgifter")
def show_privacy(request: Request) -> Response:
    """What a person is told when their data are collected (GDPR art. 13–14)."""
    return render(request, "privacy.html")


@router.get("/sprak/{language}")
def choose_language(request: Request, language: str, next: str = "/") -> Response:  # noqa: A002 - its name in the URL
    """Only the browser remembers the choice; nothing is written on our side."""
    if language not in LANGUAGES:
        raise HTTPException(404)
    response = go(local_path(next))
    speak(request, response, language)
    return response


def speak(request: Request, response: Response, language: str) -> None:
    set_cookie(request, response, LANGUAGE_COOKIE, language, seconds=A_YEAR)


def local_path(wish: str) -> str:
    """The path if it stays on this site, else the front page (no open redirect: browsers read a backslash as `/`)."""
    plain = wish.isascii() and wish.isprintable() and "\\" not in wish
    return wish if plain and wish.startswith("/") and not wish.startswith("//") else "/"
