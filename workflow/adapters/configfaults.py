"""What is said of a fault in a file under config/: Swedish sentences with named fields, and how a fault is made."""

import difflib
from collections.abc import Iterable
from pathlib import Path

from workflow.domain.errors import ConfigError
from workflow.domain.phrases import Phrase, say

LISTED = 20  # choices in one sentence

# --- what is wrong ---
UNREADABLE = "Filen går inte att läsa ({why})."
NOT_UTF8 = "Filen är inte sparad som UTF-8."
BAD_SYNTAX = "Raden går inte att förstå ({detail})."
UNCLOSED_TEXT = "En text saknar avslutande citattecken."
UNCLOSED_LIST = "En lista är inte avslutad, eller ett kommatecken saknas."
BAD_VALUE = "Värdet går inte att förstå."
NO_EQUALS = "Det saknas ett likhetstecken efter nyckeln."
TRAILING = "Det står något mer på raden efter värdet."
DUPLICATE_LINE = "”{key}” finns redan på rad {first}."
CONTROL = "Texten innehåller ett tecken som inte går att spara ({character})."
UNKNOWN_KEY = "Det finns inget som heter ”{key}” här."
MISSING_KEY = "”{key}” saknas."
MISSING_TEXT = "”{key}” är tom."
WRONG_TYPE = "”{key}” har fel slags värde."
BAD_KEY = "”{value}” går inte att använda som {key}."
OUT_OF_RANGE = "”{key}” är {value}."
UNKNOWN_CHOICE = "”{value}” finns inte som {key}."
DUPLICATE_KEY = "{key} ”{value}” finns redan på rad {first}."
EMPTY_AREA = "Fokusområdet ”{key}” har inga frågor."
NO_ENTRIES = "Det finns inga ”{key}” i filen."
BAD_TIME = "”{value}” är ingen tidpunkt som går att använda för {key}."
WRONG_ORDER = "”{earlier}” ligger inte före ”{later}”."
WRONG_MAIL = "Mejlet ”{mail}” passar inte {offset} arbetsdagar från sista dagen."
WRONG_REPEAT = "Bara en påminnelse efter sista dagen kan upprepas."
COPY_OF_ONESELF = "”{role}” får redan mejlet och kan inte stå som kopia."
NEVER_TRUE = "”{value}” gäller aldrig ett underlag som är returnerat."
UNKNOWN_NAME = "”{value}” går inte att fylla i."
OTHER_TIME = "Steget på rad {first} gäller samma dag men har en annan tid eller upprepning."
OUTSIDE_WINDOW = "Klockslaget {value} ligger utanför tiden då mejl skickas."
UNKNOWN_UNIT = "Det finns ingen nämnd eller bolag med beteckningen ”{value}”."
UNKNOWN_FORM = "Det finns inget formulär som heter ”{value}”."
DUPLICATE_COLUMN = "Kolumnen ”{key}” finns två gånger."
UNKNOWN_COLUMN = "Det finns ingen kolumn som heter ”{key}”."
MISSING_COLUMN = "Kolumnen ”{key}” saknas."
CELL_COUNT = "Raden har {found} fält, men rubrikraden har {wanted}."
BAD_CSV = "Raden går inte att läsa som CSV."
EMPTY_FILE = "Filen är tom."
BAD_DATE = "”{value}” är inget datum ({key})."
BAD_MAILBOX = "”{value}” är ingen e-postadress ({key})."
HALF_CONTACT = "”{key}” saknas, men ”{other}” är ifylld."
NOT_WITH = "”{key}” går inte ihop med ”{other}”."
ONLY_WITH = "”{key}” betyder bara något tillsammans med ”{other}”."
NOT_FREE = "{value} är en arbetsdag även utan den här raden."
FREE_AND_WORKED = "{value} står både som ledig, på rad {first}, och som arbetsdag."
WEEKEND = "{value} är en lördag eller söndag och blir ingen arbetsdag."
DAY_TWICE = "{value} står redan under [[{key}]] på rad {first}."
NOTHING_SENT = "{value} skickas inget ändå, så egna tider den dagen betyder inget."
BAD_SPAN = "Dagarna {first}–{last} går inte att använda."
BAD_HOURS = "Tiden {opens}–{closes} går inte att använda."
TWO_AT_ONCE = "”{value}” har två i rollen {role} samma dag: {one} och {other}."
SELF_REPLACED = "Raden säger att ”{value}” ersätts av sig själv."

# --- what is allowed ---
CHECK_FILE = "Kontrollera att filen finns och får läsas."
SAVE_AS_UTF8 = "Spara filen som UTF-8 (i Excel: ”CSV UTF-8”)."
WRITE_LIKE = "Skriv nyckel = värde, med text inom citattecken."
CLOSE_TEXT = 'Avsluta texten med ", eller skriv långa texter mellan """ och """.'
CLOSE_LIST = "Skriv komma mellan värdena och ] efter det sista."
ALLOWED_VALUES = (
    "Skriv text inom citattecken, ett heltal, true eller false, en tid som 2027-04-19T08:00:00 eller en lista."
)
ONE_PER_LINE = "Skriv varje värde på en egen rad."
KEEP_ONE = "Behåll bara det ena."
REMOVE_CHARACTER = "Ta bort tecknet."
DID_YOU_MEAN = "Menade du ”{near}”? Tillåtet är: {choices}."
CHOICES = "Tillåtet är: {choices}."
ADD_KEY = "Lägg till {example}."
WANTED = "Det ska vara {wanted}."
KEY_FORM = "Använd små bokstäver a–z, siffror och {sign}, högst {longest} tecken, med en bokstav först."
CODE_FORM = "Använd stora bokstäver A–Z och siffror, högst 8 tecken, med en bokstav först."
RANGE = "Tillåtet är {lowest}–{highest}."
ADD_QUESTION = "Lägg till [[area.question]] eller ta bort området."
LOCAL_TIME = "Skriv den tid klockan visar, utan tidszon, inte mellan 02.00 och 03.00, i åren {first}–{last}."
PUT_IN_ORDER = "Ordningen är: öppnar, sista dag, stänger."
MAIL_BY_OFFSET = "Före sista dagen, och räknat från öppnandet: reminder. På sista dagen: last_day. Efter: overdue."
ONLY_RETURNED = "Ta bort ”condition” eller skriv returned."
SAME_TIME = "Skriv samma ”at” och ”every” för steg som bara skiljer sig åt i ”condition”."
REPEAT_AFTER = "Ta bort ”every” eller välj en dag efter sista dagen."
WINDOW = "Tillåtet är {opens}–{closes}."
SAME_COUNT = "Skriv fält som innehåller skiljetecknet inom citattecken."
DATE_LIKE = "Skriv datum som 2027-04-19."
DATES_IN_ORDER = "Första dagen kan inte ligga efter den sista."
ONE_MAILBOX = "Skriv en enda adress, som namn@trafiknamnden.example."
NAME_AND_ADDRESS = "Fyll i namn och e-postadress också, eller töm fältet."
FILL_BOTH = "Fyll i båda eller ingen."
ONLY_FREE = "Ange en dag som annars är ledig, eller ta bort raden."
FREE_OR_WORKED = "Ta bort den ena av raderna."
KEEP_ONE_DAY = "Behåll bara det ena, och låt inte perioder gå in i varandra."
DROP_HOURS = (
    "Ta bort tiderna, eller ta bort det som gör dagen ledig eller tyst. Klämdagar och 27–30 december slås på under "
    "[sending]."
)
SPAN_LIKE = "Skriv först den första dagen och sedan den sista, högst {longest} dagar."
YEARS = "Tillåtet är åren {first}–{last}."
HOURS = "Skriv först när det öppnar och sedan när det stänger, inte mellan 02.00 och 03.00."
TAKE_TURNS = "Skriv i contact_from och contact_to från och till vilken dag var och en gäller."
OTHER_UNIT = "Ange en annan rads id eller lämna fältet tomt."

# --- kinds of value, after WANTED ---
A_TEXT = "en text inom citattecken"
A_NUMBER = "ett heltal"
A_FLAG = "true eller false"
A_LIST = "en lista med texter inom [ ]"
A_TABLE = "en tabell"
TABLES = "tabeller, var och en under [[{key}]]"
A_TIME = "en tid som 2027-04-19T08:00:00"
A_DAY = "ett datum som 2027-04-19"
A_DAY_OF_THE_YEAR = 'en dag som varje år har, som "12-01"'
FILLED_IN = "ifylld"
A_CLOCK = 'ett klockslag som "09:00"'


def fault(file: Path, line: int, what: Phrase, allowed: Phrase) -> ConfigError:
    """Make a fault; its values are file (text), line (from 1), what and allowed (phrases)."""
    return ConfigError(file=str(file), line=line, what=what, allowed=allowed)


def choose(value: str, choices: Iterable[str]) -> Phrase:
    """Say what may be chosen, with the likeliest meant first; a long list is cut."""
    known = {choice.casefold(): choice for choice in choices}
    listed = ", ".join([*known.values()][:LISTED]) + (", …" if len(known) > LISTED else "")
    near = difflib.get_close_matches(value.casefold(), known, n=1)
    return say(DID_YOU_MEAN, near=known[near[0]], choices=listed) if near else say(CHOICES, choices=listed or "–")


def in_line_order(faults: Iterable[ConfigError]) -> tuple[ConfigError, ...]:
    """Sort by line; what two readers of the same line both found is said once."""
    return tuple(sorted({str(error): error for error in faults}.values(), key=_line))


def _line(error: ConfigError) -> int:
    line = error.values["line"]
    return line if isinstance(line, int) else 0
