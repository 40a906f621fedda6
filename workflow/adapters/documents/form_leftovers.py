"""Names all that a form holds and that was not taken for an answer: where it stands, and what the reader must know."""

from bisect import bisect_right
from collections.abc import Collection, Iterator

from workflow.adapters.documents.fields import REASON_SUFFIX, fingerprint, is_blank, without_invitations
from workflow.adapters.documents.form_answers import FormAnswers, Given
from workflow.adapters.documents.tape import BodyText, Line, Region, Sign
from workflow.domain.forms import AskedQuestion, QuestionSet
from workflow.domain.phrases import Phrase, say
from workflow.ports import Unread

BEFORE = "före den första frågan"
AFTER = "efter fråga {number}"
BESIDE = "bredvid svaret på fråga {number}"
IN_FIELD = "i fältet för fråga {number}"
SECOND_FIELD = "i ännu ett fält för fråga {number}"
UNKNOWN_FIELD = "i svaret på {question}, som inte är en fråga i er omgång"

PICTURE = "Bild i svaret på fråga {number}: den kommer inte med i texten."
PICTURE_NAMED = "Bild i svaret på fråga {number}: den kommer inte med i texten. Så här beskrivs den i filen: {about}"
PICTURE_OUTSIDE = "Bild utanför svaren: den kommer inte med i texten."
TABLE = "Tabell i svaret på fråga {number}: den blir text, med en rad för varje rad och tabb mellan cellerna."
CHANGES = (
    "Spårade ändringar i svaret på fråga {number}: tillagd text är med, borttagen text är inte med. "
    "Läs igenom att svaret blev rätt."
)
LOST_BREAK = (
    "Svaret på fråga {number} kan ha förlorat radbrytningar när filen sparades. Läs igenom att svaret blev rätt."
)
UNKNOWN_SYMBOL = "Ett specialtecken i svaret på fråga {number} går inte att läsa. Det står � i stället."

PLACES = (BEFORE, AFTER, BESIDE, IN_FIELD, SECOND_FIELD, UNKNOWN_FIELD)
NOTES = (PICTURE, PICTURE_NAMED, PICTURE_OUTSIDE, TABLE, CHANGES, LOST_BREAK, UNKNOWN_SYMBOL)

_SAID = {
    Sign.TABLE: TABLE,
    Sign.CHANGE: CHANGES,
    Sign.LOST_BREAK: LOST_BREAK,
    Sign.UNKNOWN_SYMBOL: UNKNOWN_SYMBOL,
}


class Leftovers:
    """What is left when the answers are taken out; `own` are the fingerprints of the form's own lines."""

    def __init__(self, text: BodyText, found: FormAnswers, questions: QuestionSet, own: Collection[str]) -> None:
        self._text = text
        self._found = found
        self._own = own
        self._questions = {question.key: question for question in questions.questions}
        self._by_row = {found.rows[key]: question for key, question in self._questions.items() if key in found.rows}
        self._spans = [region.span for given in found.given.values() for region in given.regions]

    def unread(self) -> Iterator[Unread]:
        """All words that were not read as an answer and are not the form's own, in the form's order."""
        for key, given in self._found.given.items():
            yield from _in_foreign_words(self._questions[key], given)
        strange = self._strange_regions()
        for line in self._text.tape.lines_outside(self._spans, [region.span for region, _ in strange]):
            if text := _foreign(line, self._own):
                yield Unread(text=text, where=self._where(line) if line.part < 0 else strange[line.part][1])

    def notes(self) -> Iterator[Phrase]:
        """What stands in answers and is no text, and what became of it; each once per question."""
        inside = 0
        for key, given in self._found.given.items():
            marks = [mark for region in given.regions for mark in region.marks]
            for sign, text in dict.fromkeys((mark.sign, mark.text) for mark in marks):
                yield _noted(self._questions[key], sign, text)
            inside += sum(mark.sign is Sign.PICTURE for mark in marks)
        if sum(mark.sign is Sign.PICTURE for mark in self._text.tape.marks) > inside:
            yield say(PICTURE_OUTSIDE)

    def _strange_regions(self) -> list[tuple[Region, Phrase]]:
        """Fields that came twice, fields and rows of questions that this round does not have; none in another."""
        known = set(self._spans)
        fields = [region for region in self._text.fields if region.span not in known]
        found = [(region, self._where_in_field(region.name.removesuffix(REASON_SUFFIX))) for region in fields]
        cells = ((self._found.answer_cell(key), key) for key in self._found.unknown)
        found += [(cell, say(UNKNOWN_FIELD, question=key)) for cell, key in cells if cell is not None]
        found.sort(key=lambda each: (each[0].start, -each[0].end))
        outermost: list[tuple[Region, Phrase]] = []
        for each in found:
            if not outermost or each[0].start >= outermost[-1][0].end:
                outermost.append(each)
        return outermost

    def _where_in_field(self, key: str) -> Phrase:
        question = self._questions.get(key)
        return say(SECOND_FIELD, number=question.number) if question else say(UNKNOWN_FIELD, question=key)

    def _where(self, line: Line) -> Phrase:
        if line.row in self._by_row:
            return say(BESIDE, number=self._by_row[line.row].number)
        rows = sorted(self._by_row)
        place = bisect_right(rows, line.after)
        return say(AFTER, number=self._by_row[rows[place - 1]].number) if place else say(BEFORE)


def aside(text: BodyText, where: Phrase, own: Collection[str]) -> Iterator[Unread]:
    """All words of a text beside the body that are not the form's own."""
    for line in text.tape.lines_outside(()):
        if words := _foreign(line, own):
            yield Unread(text=words, where=where)


def _foreign(line: Line, own: Collection[str]) -> str:
    """The line's words, where they are not the form's own."""
    text = without_invitations(line.text)
    return "" if is_blank(text) or fingerprint(text) in own else text.strip()


def _in_foreign_words(question: AskedQuestion, given: Given) -> Iterator[Unread]:
    """An invitation to write in words that we do not know: perhaps somebody's."""
    for region in given.regions:
        if region.shows_invitation and not is_blank(region.text):
            yield Unread(text=region.text, where=say(IN_FIELD, number=question.number))


def _noted(question: AskedQuestion, sign: Sign, text: str) -> Phrase:
    if sign is Sign.PICTURE:
        return say(PICTURE_NAMED, number=question.number, about=text) if text else say(PICTURE, number=question.number)
    return say(_SAID[sign], number=question.number)
