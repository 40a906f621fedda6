"""The gathered report: a draft edition on any day, and the numbered editions that were kept."""

import re
from pathlib import PurePosixPath

from fastapi.responses import HTMLResponse, Response

from workflow.domain.errors import NotFoundError
from workflow.services import bundles, overview, rounds
from workflow.web.office import Seated, new_router

router = new_router()

MEDIA = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".json": "application/json",
    ".zip": "application/zip",
}
NAMED = 200  # of those who have not handed in, the others are a link to the overview
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@router.get("/omgang/{round_id}/rapport")
def show(desk: Seated, round_id: str) -> HTMLResponse:
    house = desk.house
    view = overview.owed(house.db, round_id, limit=NAMED, now=desk.now())
    return desk.page(
        "bundles.html",
        nav_round=round_id,
        nav_here="bundles",
        round=view.round,
        standing=view.standing,
        owed=view.owed,
        kinds=tuple(MEDIA),
        kept=[each for each in map(_plain, house.files.list(round_id)) if _is_safe(each)],
    )


@router.get("/omgang/{round_id}/rapport/utkast{kind}")
def draft(desk: Seated, round_id: str, kind: str) -> Response:
    """What has come in so far, made now."""
    if kind not in MEDIA:
        raise NotFoundError(what=kind)
    gathered = bundles.draft_bundle(desk.house.db, desk.house.documents, round_id)
    name = next(name for name in gathered.files if name.endswith(kind))
    return _attachment(name, gathered.files[name])


@router.get("/omgang/{round_id}/rapport/fil/{name}")
def kept(desk: Seated, round_id: str, name: str) -> Response:
    """A file of a kept edition, as it was written."""
    found = rounds.find_round(desk.house.db, round_id)
    data = desk.house.files.read(f"{found.id}/{name}") if _is_safe(name) else None
    if data is None:
        raise NotFoundError(what=name)
    return _attachment(name, data)


def _is_safe(name: str) -> bool:
    """A plain name of a kind we make: nothing that is a path, hidden, or that a browser would run."""
    return bool(_NAME.fullmatch(name)) and PurePosixPath(name).suffix in MEDIA


def _plain(path: str) -> str:
    return PurePosixPath(path).name


def _attachment(name: str, data: bytes) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(data, media_type=MEDIA[PurePosixPath(name).suffix], headers=headers)
