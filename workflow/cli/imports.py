"""`tertial submission import`: a filled-in Word form, or the 2022 form as text, becomes the unit's draft.

How it was read is told by question and number of words; no word of a draft is ever printed.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from workflow.cli.errors import in_words, phrase_in_words
from workflow.cli.output import Column, DryRunFlag, Yes, done, field, note, plain, table
from workflow.cli.shell import Shell, command
from workflow.cli.typed import round_named, unit_named
from workflow.domain.attachments import size_words
from workflow.domain.errors import FileRefusedError, RefusedError, TooLargeError
from workflow.domain.forms import Answer, QuestionSet, merge, missing
from workflow.domain.phrases import Phrase, say
from workflow.domain.submissions import Submission
from workflow.domain.textform import read_text_form
from workflow.ports import FormPicture, Job, ReadForm, Unread
from workflow.services import pictures, submissions
from workflow.services.listings import find_submission
from workflow.services.pictures import KeptPicture
from workflow.services.submissions import Sheet

app = typer.Typer()

IMPORTED = "import"
_MEGABYTE = 1024 * 1024
_OFFICE = frozenset({".docx", ".odt", ".docm", ".dotm", ".doc", ".rtf", ".pdf"})  # read as such, or refused as such
_BETWEEN = "mellan svaren"


class OtherFormError(RefusedError):
    sentence = "Filen är formuläret för {unit} i {round}. Lägg till --yes om den ska läsas in ändå."


class WhoseFormError(RefusedError):
    sentence = "Filen säger inte vems formulär den är. Skriv omgång och nämnd eller bolag efter filens namn."


@dataclass(frozen=True, slots=True)
class _Read:
    """What was found in the file."""

    answers: tuple[Answer, ...]
    round: str = ""
    unit: str = ""
    unread: Collection[Unread] = ()
    notes: Collection[Phrase] = ()
    absent: Collection[str] = ()
    unknown: Collection[str] = ()
    more: int = 0
    pictures: Sequence[FormPicture] = ()


COLUMNS = (
    field("nr", "number"),
    field("question", "key"),
    field("about", "label"),
    field("words", "words", right=True),
    Column("outcome", lambda record: record["outcome"]),
)


@command(app, "import")
def import_(
    shell: Shell,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A .docx or .odt form, or text.")
    ],
    round_: Annotated[str, typer.Argument(metavar="[ROUND]", help="Such as 2027-T1; a Word form says it itself.")] = "",
    unit: Annotated[str, typer.Argument(metavar="[UNIT]", help="Such as sdn-haa; a Word form says it itself.")] = "",
    *,
    from_text: Annotated[bool, typer.Option("--from-text", help="The 2022 form as plain text.")] = False,
    replace_: Annotated[bool, typer.Option("--replace", help="Also over what is in the draft already.")] = False,
    submit: Annotated[bool, typer.Option("--submit", help="Hand it in as well.")] = False,
    dry_run: DryRunFlag = False,
    yes: Yes = False,
) -> None:
    """Read a filled-in form into the unit's draft; its pictures become attachments, or are told of with the reason."""
    data = _bytes(shell, file)
    as_text = from_text or file.suffix.lower() not in _OFFICE
    if not (round_ and unit):
        round_, unit = _whose(shell, data, file.name, as_text=as_text)
    found = find_submission(shell.house.db, round_named(round_), unit_named(unit))
    sheet = submissions.sheet(shell.house.db, found.id)
    read = _read(shell, sheet, data, file.name, as_text=as_text)
    if not yes and (read.round, read.unit) not in {("", ""), (found.round, found.unit)}:
        raise OtherFormError(unit=read.unit, round=read.round)
    saved = _save(shell, sheet, read, over=replace_, dry_run=dry_run)
    _tell(sheet.questions, read, saved)
    _keep_pictures(shell, sheet, read.pictures, dry_run=dry_run)
    _finish(shell, sheet, saved, submit=submit, dry_run=dry_run)


def _bytes(shell: Shell, file: Path) -> bytes:
    limit = shell.house.settings.max_upload_mb
    size = file.stat().st_size
    if size > limit * _MEGABYTE:
        raise TooLargeError(megabytes=size // _MEGABYTE, limit=limit)
    return file.read_bytes()


def _read(shell: Shell, sheet: Sheet, data: bytes, name: str, *, as_text: bool) -> _Read:
    if not as_text:
        documents = shell.house.documents
        found = _of_word(documents.read_word(data, name=name, questions=sheet.questions))
        return replace(found, pictures=documents.form_pictures(data, name=name, questions=sheet.questions))
    submission = sheet.submission
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileRefusedError(file=name, why=say("spara den som text i UTF-8.")) from error
    in_text = read_text_form(text, sheet.round.form, kind=submission.kind, unit=submission.unit, name=name)
    asked = set(sheet.questions.keys)  # the text may hold questions that others were asked
    answers = tuple(each for each in in_text.answers if each.question in asked)
    unknown = tuple(each.question for each in in_text.answers if each.question not in asked)
    return _Read(answers, unread=[Unread(text=each, where=say(_BETWEEN)) for each in in_text.unread], unknown=unknown)


def _of_word(found: ReadForm) -> _Read:
    return _Read(
        found.answers, found.round, found.unit, found.unread, found.notes, found.absent, found.unknown, found.more
    )


def _whose(shell: Shell, data: bytes, name: str, *, as_text: bool) -> tuple[str, str]:
    """Ask a Word form itself, by the questions of each round that has opened."""
    with shell.house.db.read() as work:
        rounds = () if as_text else [each for each in work.rounds.all() if each.opened_at]
    refusal: RefusedError = WhoseFormError()
    for round_ in rounds:
        for kind in sorted(round_.kinds):
            try:
                found = shell.house.documents.read_word(data, name=name, questions=round_.form.asked(kind, ""))
            except FileRefusedError as error:
                refusal = error
                continue
            if found.round and found.unit:
                return found.round, found.unit
            raise WhoseFormError
    raise refusal


def _save(shell: Shell, sheet: Sheet, read: _Read, *, over: bool, dry_run: bool) -> submissions.Saved:
    """Upon an empty question, or with `over` upon what stands there; another's text is never lost either way."""
    stored = sheet.answers
    answers = [
        replace(each, version=stored[each.question].version if over and each.question in stored else 0)
        for each in read.answers
    ]
    database = shell.database(dry_run=dry_run)
    return submissions.save_answers(database, sheet.submission.id, answers, by=IMPORTED, now=shell.now())


def _tell(questions: QuestionSet, read: _Read, saved: submissions.Saved) -> None:
    clashes = {str(clash.values["question"]) for clash in saved.clashes}
    found = merge(read.answers)
    table([_row(question.key, questions, found, clashes) for question in questions.questions], COLUMNS)
    for where, texts in _by_place(read.unread).items():
        note(plain(f"Not read, {where}: {_words(texts)} words."))
    for each in read.notes:
        note(plain(phrase_in_words(Phrase(each.text, {**each.fields, "about": "…"}))))
    if read.absent:
        note(plain(f"Questions this form does not have: {', '.join(read.absent)}"))
    if read.unknown:
        note(plain(f"Questions this round does not have: {', '.join(read.unknown)}"))
    if read.more:
        note(f"And {read.more} more lines that were not read.")


def _by_place(unread: Iterable[Unread]) -> dict[str, list[str]]:
    """The texts by where they stand; they are counted, never printed."""
    found: dict[str, list[str]] = {}
    for each in unread:
        found.setdefault(phrase_in_words(each.where), []).append(each.text)
    return found


def _row(key: str, questions: QuestionSet, found: dict[str, Answer], clashes: Collection[str]) -> dict[str, object]:
    question = questions.question(key)
    answer = found.get(key)
    outcome = "the draft has another text: left alone (--replace)" if key in clashes else "read"
    return {
        "number": question.number if question else "",
        "key": key,
        "label": question.label if question else "",
        "words": _words([answer.text, answer.na_reason]) if answer else "",
        "outcome": outcome if answer else "no answer in the file",
    }


def _words(texts: Iterable[str]) -> int:
    return sum(len(text.split()) for text in texts)


def _keep_pictures(shell: Shell, sheet: Sheet, found: Sequence[FormPicture], *, dry_run: bool) -> None:
    """Let the form's pictures go with the answers; whoever imports is told which and why not, never what they show."""
    for refused in (each.refused for each in found if each.refused):
        note(plain(phrase_in_words(refused)))
    house, named = shell.house, pictures.named(found)
    kept = (
        ()
        if not named
        else pictures.keep_pictures(
            shell.database(dry_run=dry_run),
            sheet.submission.id,
            named,
            limits=house.settings.attachments,
            documents=house.documents,
            secrets=house.secrets,
            by=IMPORTED,
            now=shell.now(),
        )
    )
    for each in kept:
        note(plain(_picture_line(each)))


def _picture_line(kept: KeptPicture) -> str:
    if kept.refusal:
        return in_words(kept.refusal)
    size = size_words(kept.attachment.file.size, "en") if kept.attachment else ""
    return f"Attachment: {kept.name}, {size}" + ("" if kept.is_new else ", is there already")


def _finish(shell: Shell, sheet: Sheet, saved: submissions.Saved, *, submit: bool, dry_run: bool) -> None:
    lacking = [each.key for each in missing(sheet.questions, saved.answers)]
    if lacking:
        note(f"Not answered yet: {', '.join(lacking)}")
    if saved.clashes:
        raise typer.Exit(1)
    done(_standing(saved.submission), dry_run=dry_run)
    if submit and not dry_run:
        house = shell.house
        handed = submissions.submit(
            house.db, sheet.submission.id, by=IMPORTED, secrets=house.secrets, calendar=house.calendar, now=shell.now()
        )
        shell.nudge(Job.DELIVER)
        done(plain(f"Handed in for {handed.unit_name} as edition {handed.edition}."))


def _standing(submission: Submission) -> str:
    return plain(
        f"{submission.unit_name} ({submission.unit}), {submission.round}: {submission.state},"
        f" {submission.answered} of {submission.questions} answered."
    )
