"""Why an attachment is refused: one Swedish sentence each, ending with what to do. The pages translate them."""

EMPTY = "den är tom. Öppna den, spara den igen och försök på nytt."
NOT_THAT_KIND = "innehållet är inte av den filtyp som namnet säger. Spara den på nytt i rätt format."
LOCKED = "den är skyddad med lösenord eller kryptering. Ta bort skyddet och försök igen."
MACROS = "den kan innehålla makron eller program. Spara den som PDF och bifoga den i stället."
EMBEDDED = (
    "den har andra filer inbäddade, till exempel ett kalkylblad bakom ett diagram. "
    "Spara den som PDF och bifoga den i stället."
)
RUNS = "den innehåller skript eller andra filer. Skriv ut den till en ny PDF och bifoga den i stället."
EXTERNAL = "den hämtar innehåll från en annan plats. Bryt länkarna, eller spara den som PDF och bifoga den i stället."
DAMAGED = "den är skadad eller kom inte fram hel. Öppna den, spara den på nytt och försök igen."
TOO_BIG = "den är för stor när den packas upp eller visas. Dela den i flera, eller gör bilderna mindre."

ATTACHED_REFUSALS = (EMPTY, NOT_THAT_KIND, LOCKED, MACROS, EMBEDDED, RUNS, EXTERNAL, DAMAGED, TOO_BIG)
