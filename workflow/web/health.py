"""For those who watch over the operation: whether the process lives, and whether it can do its work."""

from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from workflow.ports import Job
from workflow.web.site import site_of

router = APIRouter()

MISSED_TICKS = 5  # a single late tick is no news
SHORTEST_SILENCE = timedelta(minutes=2)


@router.get("/healthz")
def live() -> JSONResponse:
    """The process answers; nothing else is asked."""
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


@router.get("/readyz")
def ready(request: Request) -> JSONResponse:
    """Database, schema and background jobs. 503 (RFC 9110 §15.6.4) with the reasons, by name and without addresses."""
    house = site_of(request)
    reasons: list[str] = []
    try:
        if not house.schema_is_current():
            reasons.append("database schema is not current: run `tertial db upgrade`")
        with house.db.read() as work:
            beats = work.beats.all()
            clock = work.guards.clock()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the database, this page says so
        reasons.append(f"database does not answer: {type(error).__name__}")
    else:
        silence = max(SHORTEST_SILENCE, timedelta(seconds=house.settings.tick_seconds * MISSED_TICKS))
        if clock.stands:  # then the jobs rest on purpose, and the age of a beat means nothing
            reasons.append(f"the clock is suspect: it {clock}")
        else:
            reasons += _silent(beats, since=house.now() - silence)
    body: dict[str, object] = {"status": "not ready" if reasons else "ready", "reasons": reasons}
    return JSONResponse(body, status_code=503 if reasons else 200, headers={"Cache-Control": "no-store"})


def _silent(beats: dict[str, datetime], *, since: datetime) -> list[str]:
    """The jobs that have not run for too long: no scheduler, no queue or no worker."""
    return [
        f"job {job} last ran {beats[job].isoformat()}" if job in beats else f"job {job} has never run"
        for job in Job
        if job not in beats or beats[job] < since
    ]
