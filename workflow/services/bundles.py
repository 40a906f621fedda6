"""Gathering what has come in: Word, JSON and one ZIP with a manifest; the final edition gathers itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import zip_longest
from typing import BinaryIO

from workflow.domain.attachments import AttachedFile
from workflow.domain.audit import Anchor, Event
from workflow.domain.bundles import Bundle, compose_bundle
from workflow.domain.errors import RoundMoveRefusedError, StaleWriteError
from workflow.domain.rounds import Round, RoundMove, RoundState
from workflow.domain.submissions import Edition, submission_id
from workflow.ports import Database, Documents, Files, Packed
from workflow.services.rounds import SYSTEM

_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """The ZIP, not written yet: `contents` are the reports and attachments by their place in it."""

    name: str
    contents: Mapping[str, Packed] = field(repr=False, compare=False)
    documents: Documents = field(repr=False, compare=False)
    at: datetime

    def write(self, out: BinaryIO) -> None:
        """Into a file in which one can go back; each attachment is read from the database when its turn comes."""
        self.documents.pack(out, self.contents, at=self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The reports of an edition by name, and the ZIP with them, the attachments, and the manifest of them all."""

    bundle: Bundle
    reports: dict[str, bytes]
    package: Package


def draft_bundle(db: Database, documents: Documents, round_id: str) -> Gathered:
    """What has come in so far, as a draft edition. Changes nothing; the same content gives the same bytes."""
    return _compose(db, documents, round_id, edition=0)


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
        last = _compose(db, documents, round_id, edition=round_.editions)
        with files.scratch() as packed:
            if _is_kept(files, last, packed):
                return last
    gathered = _compose(db, documents, round_id, edition=round_.editions + 1)
    with files.scratch() as packed:
        gathered.package.write(packed)
        _keep(db, files, round_, gathered, packed, by=by, now=now)
    return gathered


def _is_kept(files: Files, gathered: Gathered, packed: BinaryIO) -> bool:
    """Whether every file of this edition lies there as it would be written now; it is packed to see that."""
    folder = gathered.bundle.round
    if any(files.read(f"{folder}/{name}") != data for name, data in gathered.reports.items()):
        return False
    kept = files.open(f"{folder}/{gathered.package.name}")
    if kept is None:
        return False
    with kept:
        gathered.package.write(packed)
        packed.seek(0)
        return all(one == other for one, other in zip_longest(_pieces(kept), _pieces(packed)))


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.read(_PIECE), b"")


def _keep(
    db: Database, files: Files, round_: Round, gathered: Gathered, packed: BinaryIO, *, by: str, now: datetime
) -> None:
    with db.read() as work:
        anchor = Anchor(work.log.head(), now)
    with db.begin() as work:
        # Under the round's lock: two at once never write one edition's files, who comes second is told so first.
        if work.rounds.get(round_.id, lock=True).version != round_.version:
            raise StaleWriteError
        for name, data in gathered.reports.items():
            files.write(f"{round_.id}/{name}", data)
        packed.seek(0)
        files.write(f"{round_.id}/{gathered.package.name}", packed)
        files.write(f"{round_.id}/{file_stem(gathered.bundle)}.anchor.jsonl", anchor.line())
        work.rounds.save(round_.bundle())
        work.log.append(
            Event(kind="round.bundled", actor=by, at=now, round=round_.id, data={"edition": round_.editions + 1})
        )


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


def _compose(db: Database, documents: Documents, round_id: str, *, edition: int) -> Gathered:
    with db.read() as work:
        editions = work.editions.latest(round_id)
        submissions = work.submissions.of_round(round_id)
        bundle = compose_bundle(work.rounds.get(round_id), submissions, editions, edition=edition)
    stem = file_stem(bundle)
    reports = {f"{stem}.docx": documents.word_report(bundle), f"{stem}.json": documents.json_report(bundle)}
    contents = {name: _report(data) for name, data in reports.items()}
    for unit in bundle.with_files:
        of_unit = editions[submission_id(round_id, unit.unit)]
        for place, file in zip(unit.files, of_unit.files, strict=True):
            contents[place.path] = _attachment(db, of_unit, file)
    package = Package(name=f"{stem}.zip", contents=contents, documents=documents, at=bundle.as_of)
    return Gathered(bundle=bundle, reports=reports, package=package)


def _report(data: bytes) -> Packed:
    return Packed(size=len(data), sha256=sha256(data).hexdigest(), read=lambda: data)


def _attachment(db: Database, edition: Edition, file: AttachedFile) -> Packed:
    """What has come in never changes: so each may be read in a transaction of its own."""

    def read() -> bytes:
        with db.read() as work:
            return work.editions.content(edition.submission, edition.number, file)

    return Packed(size=file.size, sha256=file.sha256, read=read)
