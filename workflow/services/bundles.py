"""Gathering what has come in: Word, JSON and one ZIP with a manifest; the final edition gathers itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from workflow.domain.audit import Anchor, Event
from workflow.domain.bundles import Bundle, compose_bundle
from workflow.domain.errors import RoundMoveRefusedError, StaleWriteError
from workflow.domain.rounds import RoundMove, RoundState
from workflow.ports import Database, Documents, Files
from workflow.services.rounds import SYSTEM


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The files of an edition by name; the ZIP holds the others, the attachments, and the manifest of them all."""

    bundle: Bundle
    files: dict[str, bytes]


def draft_bundle(db: Database, documents: Documents, round_id: str) -> Gathered:
    """What has come in so far, as a draft edition. Changes nothing; the same content gives the same bytes."""
    return _write(documents, *_compose(db, round_id, edition=0))


def bundle_round(
    db: Database, documents: Documents, files: Files, round_id: str, *, by: str = SYSTEM, now: datetime
) -> Gathered:
    """Freeze the next numbered edition of a closed round and keep its files. Raises RoundMoveRefusedError.

    Where nothing has come in since the last edition, that one is given again: a repeated command makes no new one.

    The files are written before the round says that they are there: a crash in between is answered by doing it again,
    which gives the same bytes. Beside them, and not in the ZIP, lies the head of the log as it was then: whoever keeps
    the edition can prove the log by it (`tertial audit verify --anchors`).
    """
    with db.read() as work:
        round_ = work.rounds.get(round_id)
    if not round_.allows(RoundMove.BUNDLE):
        raise RoundMoveRefusedError(round=round_id, state=round_.state, move=RoundMove.BUNDLE)
    if round_.editions:
        last = _write(documents, *_compose(db, round_id, edition=round_.editions))
        if all(files.read(f"{round_id}/{name}") == data for name, data in last.files.items()):
            return last
    gathered = _write(documents, *_compose(db, round_id, edition=round_.editions + 1))
    with db.read() as work:
        anchor = Anchor(work.log.head(), now)
    with db.begin() as work:
        # Under the round's lock: two at once never write one edition's files, who comes second is told so first.
        if work.rounds.get(round_id, lock=True).version != round_.version:
            raise StaleWriteError
        for name, data in gathered.files.items():
            files.write(f"{round_id}/{name}", data)
        files.write(f"{round_id}/{file_stem(gathered.bundle)}.anchor.jsonl", anchor.line())
        work.rounds.save(round_.bundle())
        work.log.append(
            Event(kind="round.bundled", actor=by, at=now, round=round_id, data={"edition": round_.editions + 1})
        )
    return gathered


def gather_due(db: Database, documents: Documents, files: Files, *, now: datetime) -> tuple[str, ...]:
    """Gather every round that has closed and has no bundle yet."""
    with db.read() as work:
        due = [each.id for each in work.rounds.all() if each.state is RoundState.CLOSED]
    gathered = []
    for round_id in due:
        try:
            bundle_round(db, documents, files, round_id, now=now)
        except (StaleWriteError, RoundMoveRefusedError):
            continue  # another worker was first
        gathered.append(round_id)
    return tuple(gathered)


def file_stem(bundle: Bundle) -> str:
    return f"{bundle.round}-utkast" if bundle.is_draft else f"{bundle.round}-utgava-{bundle.edition}"


def _compose(db: Database, round_id: str, *, edition: int) -> tuple[Bundle, dict[str, bytes]]:
    """The report, and the attachments by their place in the ZIP."""
    with db.read() as work:
        editions = work.editions.latest(round_id)
        submissions = work.submissions.of_round(round_id)
        bundle = compose_bundle(work.rounds.get(round_id), submissions, editions, edition=edition)
        places = {unit.unit: unit.files for unit in bundle.with_files}
        attached = {
            place.path: work.editions.content(each.id, editions[each.id].number, file)
            for each in submissions
            if each.unit in places
            for place, file in zip(places[each.unit], editions[each.id].files, strict=True)
        }
    return bundle, attached


def _write(documents: Documents, bundle: Bundle, attached: Mapping[str, bytes]) -> Gathered:
    stem = file_stem(bundle)
    files = {f"{stem}.docx": documents.word_report(bundle), f"{stem}.json": documents.json_report(bundle)}
    packed = documents.pack({**files, **attached}, at=bundle.as_of)
    return Gathered(bundle=bundle, files={**files, f"{stem}.zip": packed})
