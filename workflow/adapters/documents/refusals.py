"""Why an uploaded form is refused: one Swedish sentence each, ending with what to do. The pages translate them."""

from workflow.domain.textform import NOT_THE_TEXT_FORM

EMPTY = "den är tom. Spara formuläret i Word och försök igen."
NOT_WORD = "det är inte ett Word-dokument. Lämna formuläret som Word-dokument (.docx)."
PDF = "det är en PDF. Lämna formuläret som Word-dokument (.docx)."
OLD_WORD = "den är sparad i ett äldre format. Öppna den i Word, välj Spara som och sedan Word-dokument (.docx)."
OTHER_FORMAT = "den är sparad i ett annat format. Öppna den i Word, välj Spara som och sedan Word-dokument (.docx)."
LOCKED = "den är skyddad med lösenord. Ta bort lösenordet i Word och försök igen."
MACROS = "den kan innehålla makron. Välj Spara som i Word och sedan Word-dokument (.docx)."
EMBEDDED = "den innehåller andra filer eller program. Ta bort dem och försök igen."
EXTERNAL = (
    "den hämtar innehåll från en annan plats, till exempel en mall eller en bild. "
    "Kopiera svaren till ett nytt formulär och försök igen."
)
DAMAGED = "den är skadad eller kom inte fram hel. Öppna den i Word, spara den på nytt och försök igen."
TOO_BIG = "den är för stor när den packas upp. Ta bort bilder och annat som inte är svar, och försök igen."
UNSAFE = "den är inte byggd som ett Word-dokument ska vara. Kopiera svaren till ett nytt formulär och försök igen."
NOT_THE_FORM = "det är ett Word-dokument men inte formuläret. Hämta formuläret på nytt och skriv svaren i det."

REFUSALS = (
    EMPTY,
    NOT_WORD,
    PDF,
    OLD_WORD,
    OTHER_FORMAT,
    LOCKED,
    MACROS,
    EMBEDDED,
    EXTERNAL,
    DAMAGED,
    TOO_BIG,
    UNSAFE,
    NOT_THE_FORM,
    NOT_THE_TEXT_FORM,
)
