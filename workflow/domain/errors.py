"""One tree of errors: each carries values and one Swedish sentence; the doors choose language and status."""

from collections.abc import Mapping
from typing import ClassVar


class TertialError(Exception):
    """The root. `sentence` is the Swedish text with named fields (also the key in the English catalogue)."""

    sentence: ClassVar[str] = "Något gick fel."

    def __init__(self, **values: object) -> None:
        super().__init__(values)
        self.values: Mapping[str, object] = values

    def __str__(self) -> str:
        return self.sentence.format(**self.values)


class NotFoundError(TertialError):
    """What was asked for does not exist, or may not be seen by the one who asks (the same answer to both)."""

    sentence = "Det finns inget som heter {what}."


class UnknownRoundError(NotFoundError):
    sentence = "Det finns ingen omgång {round}. Skriv den som 2027-T1."


class UnknownUnitError(NotFoundError):
    sentence = "Det finns ingen nämnd eller bolag med beteckningen {unit}.{hint}"


class UnknownPeriodError(NotFoundError):
    sentence = "Det finns ingen period {period}. Välj en av: {choices}."


class LinkError(NotFoundError):
    """A personal link that is wrong, revoked or past its time; one answer to all three (constant answer)."""

    sentence = "Länken gäller inte längre. Öppna den senaste länken du har fått, eller skriv till {office}."


class StaleWriteError(TertialError):
    """Somebody else was first: the version in hand is not the stored one."""

    sentence = "Någon annan hann före. Läs om sidan och försök igen."


class RefusedError(TertialError):
    """A rule says no; nothing was changed."""

    sentence = "Det går inte att göra."


class MoveRefusedError(RefusedError):
    """The table of moves has no such move from this state."""

    sentence = "Det går inte att {move} ett underlag som är {state}."


class RoundMoveRefusedError(RefusedError):
    sentence = "Det går inte att {move} en omgång som är {state}."


class ReasonMissingError(RefusedError):
    sentence = "Skriv en motivering."


class IncompleteError(RefusedError):
    """Submitting before every question has an answer. `missing` holds the keys of the questions."""

    sentence = "{count} frågor saknar svar."


class DeadlineError(RefusedError):
    sentence = "Den nya sista dagen måste ligga efter {now}."


class FarDeadlineError(RefusedError):
    """Surely a mistyped year; the calendar of free days does not reach everywhere either."""

    sentence = "Dagen {due} ligger mer än ett år fram. Kontrollera årtalet."


class NoExtensionError(RefusedError):
    sentence = "Ett anstånd måste ge mer tid än till {due}."


class PassedDeadlineError(RefusedError):
    """An extension is not withdrawn to a day that has passed: the unit would be late without having been told."""

    sentence = "Sista dagen blir då {due}, och den har passerat. Ge en annan dag i stället."


class AlreadyAskedError(RefusedError):
    """One request at a time."""

    sentence = "Ni har redan bett om anstånd, till {wished}. Ta tillbaka den begäran först om ni vill ändra den."


class NobodyMovesError(RefusedError):
    sentence = "Ingen får en ny sista dag av det: alla har lämnat in eller har redan så lång tid."


class ClosesBeforeError(RefusedError):
    """No last day after the closing: reminders would end before it."""

    sentence = "Omgången stänger {closes}, före den nya sista dagen. Flytta stängningen också."


class RequestAnsweredError(StaleWriteError):
    """The request for more time has been answered, taken back, or needs no answer any more."""

    sentence = "Begäran om anstånd väntar inte längre på svar. Läs om sidan."


class DraftChangedError(StaleWriteError):
    """Handing in something else than what was read through."""

    sentence = "Någon sparade medan du läste. Läs igenom svaren en gång till och lämna in."


class LockedQuestionError(RefusedError):
    """After a return only the chosen questions are open."""

    sentence = "Frågan {question} är låst: bara de frågor som ska kompletteras går att ändra."


class TextRefusedError(RefusedError):
    """Text that no document can hold. `position` counts characters from 1; `character` is its U+ number."""

    sentence = "Texten i {field} innehåller ett tecken som inte går att spara ({character}, tecken nummer {position})."


class TooLongError(RefusedError):
    """More characters in one field than are kept. `field` as in TextRefusedError."""

    sentence = "Texten i {field} är för lång: {count} tecken. Den får vara högst {limit} tecken."


class TooLargeError(RefusedError):
    sentence = "Filen är för stor ({megabytes} MB). Den får vara högst {limit} MB."


class FileRefusedError(RefusedError):
    """An uploaded or imported file that is not what it says, or not safe to open."""

    sentence = "Filen {file} går inte att läsa: {why}"


class LoginRefusedError(RefusedError):
    """Constant answer: never says which of address and password was wrong."""

    sentence = "E-postadressen eller lösenordet stämmer inte."


class AlreadyExistsError(RefusedError):
    sentence = "{what} finns redan."


class AnswerClashError(StaleWriteError):
    """Two people wrote in the same question. `theirs` is what is stored, `mine` what was refused; both are shown."""

    sentence = "{who} ändrade samtidigt: välj text."


class ConfigError(TertialError):
    """A file under config/ is wrong: which file and line, what is wrong, what is allowed."""

    sentence = "{file}, rad {line}: {what} {allowed}"
