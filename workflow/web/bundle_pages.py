"""The gathered report: a draft edition on any day, and the numbered editions that were kept."""

import re
from collections.abc import Iterator
from io import SEEK_END, BytesIO
from pathlib import PurePosixPath
from typing import BinaryIO

from fastapi.responses import HTMLResponse, Response, StreamingResponse

from workflow.domain.errors import NotFoundError
from workflow.services import bundles, overview, rounds
from workflow.web.office import Seated, new_router

router = new_router()

MEDIA = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".json": "application/json",
    ".zip": "application/zip",
}
_PIECE = 256 * 1024
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
    if gathered.package.name.endswith(kind):
        package = desk.house.files.scratch()
        gathered.package.write(package)
        return _attachment(gathered.package.name, package)
    name = next(name for name in gathered.reports if name.endswith(kind))
    return _attachment(name, BytesIO(gathered.reports[name]))


@router.get("/omgang/{round_id}/rapport/fil/{name}")
def kept(desk: Seated, round_id: str, name: str) -> Response:
    """A file of a kept edition, as it was written."""
    found = rounds.find_round(desk.house.db, round_id)
    file = desk.house.files.open(f"{found.id}/{name}") if _is_safe(name) else None
    if file is None:
        raise NotFoundError(what=name)
    return _attachment(name, file)


def _is_safe(name: str) -> bool:
    """A plain name of a kind we make: nothing that is a path, hidden, or that a browser would run."""
    return bool(_NAME.fullmatch(name)) and PurePosixPath(name).suffix in MEDIA


def _plain(path: str) -> str:
    return PurePosixPath(path).name


def _attachment(name: str, file: BinaryIO) -> Response:
    """The file piece by piece: a ZIP may be larger than the memory."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "Content-Length": str(file.seek(0, SEEK_END)),
    }
    return StreamingResponse(_pieces(file), media_type=MEDIA[PurePosixPath(name).suffix], headers=headers)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece
