"""Words for codes on the coordinators' side: states, kinds, mails, reasons, events. English stands in locale/."""

import re
from collections.abc import Mapping

from workflow.domain.audit import Event
from workflow.domain.errors import TertialError
from workflow.domain.incoming import IncomingKind
from workflow.domain.messages import MessageKind, MessageState
from workflow.domain.people import UnitKind
from workflow.domain.rounds import RoundState
from workflow.domain.slotwords import slot_words
from workflow.domain.submissions import State
from workflow.services.rounds import SYSTEM
from workflow.web.words import error_text, translations

gettext = str  # marks a text for the catalogue; it is translated when it is shown

STATES: Mapping[str, str] = {
    State.NOT_STARTED: gettext("Ej påbörjad"),
    State.DRAFT: gettext("Utkast"),
    State.SUBMITTED: gettext("Inlämnad"),
    State.RETURNED: gettext("Returnerad"),
    State.APPROVED: gettext("Godkänd"),
    State.EXCUSED: gettext("Undantagen"),
}
MANY: Mapping[str, str] = {
    State.NOT_STARTED: gettext("Ej påbörjade"),
    State.DRAFT: gettext("Utkast"),
    State.SUBMITTED: gettext("Inlämnade"),
    State.RETURNED: gettext("Returnerade"),
    State.APPROVED: gettext("Godkända"),
    State.EXCUSED: gettext("Undantagna"),
    "owes": gettext("Inte inlämnade"),
    "overdue": gettext("Försenade"),
    "without_contact": gettext("Utan kontaktperson"),
}
ROUND_STATES: Mapping[str, str] = {
    RoundState.PLANNED: gettext("Planerad"),
    RoundState.OPEN: gettext("Öppen"),
    RoundState.CLOSED: gettext("Stängd"),
    RoundState.BUNDLED: gettext("Sammanställd"),
    RoundState.CANCELLED: gettext("Inställd"),
}
UNIT_KINDS: Mapping[str, str] = {
    UnitKind.KOMMUNSTYRELSE: gettext("Kommunstyrelsen"),
    UnitKind.FACKNAMND: gettext("Facknämnder"),
    UnitKind.STADSDELSNAMND: gettext("Stadsdelsnämnder"),
    UnitKind.BOLAG: gettext("Bolag"),
    UnitKind.INTRESSEBOLAG: gettext("Intressebolag"),
    UnitKind.STIFTELSE: gettext("Stiftelser"),
    UnitKind.KOMMUNALFORBUND: gettext("Kommunalförbund"),
}
MAILS: Mapping[str, str] = {
    MessageKind.INVITATION: gettext("inbjudan"),
    MessageKind.REMINDER: gettext("påminnelse"),
    MessageKind.LAST_DAY: gettext("påminnelse på sista dagen"),
    MessageKind.OVERDUE: gettext("påminnelse om försenat underlag"),
    MessageKind.RETURNED: gettext("begäran om komplettering"),
    MessageKind.RECEIPT: gettext("bekräftelse"),
    MessageKind.APPROVED: gettext("besked om godkännande"),
    MessageKind.EXTENSION: gettext("besked om anstånd"),
    MessageKind.EXTENSION_REFUSED: gettext("besked om nekat anstånd"),
    MessageKind.EXTENSION_WITHDRAWN: gettext("besked om återtaget anstånd"),
    MessageKind.MOVED: gettext("besked om flyttad sista dag"),
    MessageKind.EXCUSED: gettext("besked om undantag"),
    MessageKind.HANDOVER: gettext("besked till den som har tagit över"),
    MessageKind.HANDED_OVER: gettext("besked till den som har lämnat över"),
    MessageKind.CODE: gettext("kod till formuläret"),
    MessageKind.NEW_LINK: gettext("ny personlig länk"),
    MessageKind.MAILED_FORM: gettext("svar på ett inmejlat formulär"),
    MessageKind.COLLEAGUE: gettext("inbjudan till en kollega"),
    MessageKind.DIGEST: gettext("sammanfattning till samordnare"),
    MessageKind.REVIEW_REMINDER: gettext("påminnelse om granskning"),
    MessageKind.DETAILS_CHECK: gettext("frågan om uppgifterna stämmer"),
    MessageKind.DETAILS_REFUSED: gettext("besked om registret"),
}
SHORT_MAILS: Mapping[str, str] = {
    MessageKind.REMINDER: gettext("påminnelse"),
    MessageKind.LAST_DAY: gettext("sista dagen"),
    MessageKind.OVERDUE: gettext("försenat"),
    MessageKind.RETURNED: gettext("komplettering"),
    MessageKind.APPROVED: gettext("godkänd"),
    MessageKind.EXTENSION: gettext("anstånd"),
    MessageKind.EXTENSION_REFUSED: gettext("nekat anstånd"),
    MessageKind.EXTENSION_WITHDRAWN: gettext("återtaget anstånd"),
    MessageKind.MOVED: gettext("flyttad sista dag"),
    MessageKind.EXCUSED: gettext("undantag"),
    MessageKind.HANDOVER: gettext("har tagit över"),
}
MAIL_STATES: Mapping[str, str] = {
    MessageState.PLANNED: gettext("Väntar"),
    MessageState.SENDING: gettext("Skickas nu"),
    MessageState.HANDING: gettext("Lämnas över nu"),
    MessageState.SENT: gettext("Skickat"),
    MessageState.UNKNOWN: gettext("Oklart om det gick fram"),
    MessageState.FAILED: gettext("Gick inte fram"),
    MessageState.CANCELLED: gettext("Behövdes inte"),
    MessageState.SKIPPED: gettext("Hoppades över"),
    MessageState.HELD: gettext("Pausat"),
}
REASONS: Mapping[str, str] = {
    "submitted": gettext("Underlaget har kommit in."),
    "approved": gettext("Underlaget är godkänt."),
    "excused": gettext("Nämnden eller bolaget är undantaget."),
    "deadline_moved": gettext("Sista dagen har flyttats."),
    "contact_changed": gettext("Någon annan är kontaktperson nu. Mejlet går till den personen."),
    "link_replaced": gettext("Länken har bytts ut eller spärrats."),
    "round_closed": gettext("Omgången är stängd."),
    "superseded": gettext("En senare påminnelse gick i stället."),
    "nothing_to_do": gettext("Inget behövde göras."),
    "missed": gettext("Dagen hann passera utan att mejlet planerades."),
    "not_wanted": gettext("Samordnaren har stängt av sammanfattningen."),
    "no_account": gettext("Kontot finns inte längre."),
    "left_register": gettext("Personen står inte i registret längre, eller adressen fungerar inte."),
    "details_changed": gettext("Registret ändrades innan mejlet hann gå. Det skrivs om."),
    "answered": gettext("Frågan är redan besvarad."),
    "too_late": gettext("Det hade kommit för sent för att vara sant."),
    "one_a_day": gettext("Personen hade redan fått en påminnelse den dagen."),
    "restored": gettext("Databasen har återställts, så mejlet kan ha gått redan."),
    "no_contact": gettext("Det finns ingen kontaktperson att skriva till."),
    "lease_expired": gettext("Sändningen avbröts innan mejlservern hade svarat."),
    "bounced": gettext("Mejlet kom tillbaka: det gick inte att leverera."),
    "connection_lost": gettext("Anslutningen bröts innan mejlservern hade svarat."),
}
ARRIVALS: Mapping[str, str] = {
    IncomingKind.FORM: gettext("Ifyllt formulär"),
    IncomingKind.REPLY: gettext("Svar"),
    IncomingKind.BOUNCE: gettext("Gick inte att leverera"),
    IncomingKind.DELAYED: gettext("Mejl som dröjer"),
    IncomingKind.DELIVERED: gettext("Bekräftelse från mejlserver"),
    IncomingKind.AUTO: gettext("Automatiskt svar"),
    IncomingKind.STRAY: gettext("Hör inte till något"),
    IncomingKind.UNREADABLE: gettext("Gick inte att läsa in"),
}
MANY_ARRIVALS: Mapping[str, str] = {
    IncomingKind.FORM: gettext("Ifyllda formulär"),
    IncomingKind.REPLY: gettext("Svar på våra mejl"),
    IncomingKind.AUTO: gettext("Automatiska svar"),
    IncomingKind.DELIVERED: gettext("Bekräftelser från mejlservrar"),
    IncomingKind.STRAY: gettext("Sådant som inte hör till något"),
}
PHASES: Mapping[str, str] = {
    "connect": gettext("anslutning"),
    "greeting": gettext("hälsning"),
    "auth": gettext("inloggning"),
    "mail": gettext("avsändare"),
    "rcpt": gettext("mottagare"),
    "data": gettext("överföring"),
    "body": gettext("överföring"),
    "marker": gettext("överlämning"),
    "dot": gettext("överlämning"),
    "done": gettext("klart"),
}
OUTCOMES: Mapping[str, str] = {
    "accepted": gettext("Mejlservern tog emot mejlet."),
    "refused": gettext("Mejlservern sade nej."),
    "retry": gettext("Det gick inte den gången. Ett nytt försök görs av sig självt."),
    "unknown": gettext("Inget svar. Det kan ha gått fram."),
    "withdrawn": gettext("Mejlet drogs tillbaka i sista stund: det stämde inte längre."),
    "blocked": gettext("Mejlservern tog inte emot något alls. Ett nytt försök görs av sig självt."),
}
EVENTS: Mapping[str, str] = {
    "submission.started": gettext("{who} började på ett utkast."),
    "submission.submitted": gettext("{who} lämnade in underlaget (version {edition})."),
    "submission.taken_back": gettext("{who} tog tillbaka underlaget för att ändra."),
    "submission.review_started": gettext("{who} började granska."),
    "submission.approved": gettext("{who} godkände underlaget (version {edition})."),
    "submission.returned": gettext("{who} returnerade underlaget för komplettering."),
    "submission.reopened": gettext("{who} öppnade det godkända underlaget igen."),
    "submission.excused": gettext("{who} undantog nämnden eller bolaget från omgången."),
    "contact.handed_over": gettext("{who} lät någon annan ta över som kontaktperson."),
    "contact.invited": gettext("{who} bjöd in en kollega att svara."),
    "contact.uninvited": gettext("{who} tog tillbaka en inbjudan till en kollega."),
    "submission.extended": gettext("{who} gav en ny sista dag."),
    "submission.extension_withdrawn": gettext("{who} tog tillbaka anståndet."),
    "submission.moved": gettext("{who} flyttade omgångens sista dag."),
    "extension.asked": gettext("{who} bad om anstånd."),
    "extension.taken_back": gettext("{who} tog tillbaka sin begäran om anstånd."),
    "extension.refused": gettext("{who} sade nej till anstånd."),
    "extension.lapsed": gettext("Anståndet eller begäran om det behövs inte längre."),
    "submission.diary_number": gettext("{who} skrev in diarienumret."),
    "link.opened": gettext("{who} öppnade sin länk."),
    "link.code_asked": gettext("{who} bad om en kod till sin länk."),
    "link.revoked": gettext("{who} spärrade en personlig länk."),
    "link.renewed": gettext("{who} bytte ut en personlig länk."),
    "message.handing": gettext("Mejl lämnas över till mejlservern: {mail}."),
    "message.sent": gettext("Mejl skickat: {mail}."),
    "message.failed": gettext("Mejl gick inte fram: {mail}."),
    "message.unknown": gettext("Oklart om mejlet gick fram: {mail}."),
    "message.planned": gettext("Mejl väntar på ett nytt försök: {mail}."),
    "message.cancelled": gettext("Mejl behövdes inte: {mail}."),
    "message.skipped": gettext("Mejl hoppades över: {mail}."),
    "message.held": gettext("{who} pausade ett mejl: {mail}."),
    "message.released": gettext("{who} lät ett mejl gå: {mail}."),
    "message.noted": gettext("{who} lade till egna rader i ett mejl: {mail}."),
    "message.again": gettext("{who} bad att mejlet skickas igen: {mail}."),
    "message.resolved": gettext("Mejl kom fram, visade det sig: {mail}."),
    "message.bounced": gettext("Mejl kom tillbaka, visade det sig: {mail}."),
    "message.copy_refused": gettext("Mejlet gick utan en av kopiorna: adressen togs inte emot ({mail})."),
    "message.turned_to_deputy": gettext("Mejlet gick inte att leverera och går till nästa person i stället: {mail}."),
    "address.undeliverable": gettext("Adressen fungerar inte: ett mejl dit gick inte att leverera ({mail})."),
    "incoming.form": gettext("Det ifyllda formuläret kom in med mejl."),
    "incoming.reply": gettext("Ett mejl kom in som svar."),
    "incoming.bounce": gettext("Ett mejl gick inte att leverera."),
    "incoming.delayed": gettext("En mejlserver meddelar att ett mejl dröjer."),
    "incoming.delivered": gettext("En mejlserver meddelar att ett mejl har kommit fram."),
    "incoming.auto": gettext("Ett automatiskt svar kom in."),
    "incoming.stray": gettext("Ett mejl som inte hör till någon nämnd eller något bolag kom in."),
    "incoming.unreadable": gettext("Ett mejl gick inte att läsa in."),
    "incoming.disposed": gettext("Ett mejl som hade kommit in gallrades efter beslut {decision}."),
    "incoming.handled": gettext("{who} tog hand om ett mejl som kom in."),
    "channel.blocked": gettext("Mejlservern tar inte emot mejl. Utskicken väntar."),
    "channel.cleared": gettext("Mejlservern tar emot mejl igen."),
    "message.stale_result": gettext("Ett sent svar från mejlservern om ett mejl: {mail}."),
}
_NO_SUCH_ADDRESS = re.compile(r"\b5\.1\.[01236]\b|no such user|user unknown|does not exist", re.IGNORECASE)
_SERVER = re.compile(r"[245]\d\d\b")
_BROKEN = re.compile(r"[A-Z]\w*Error\b")


class OfficeWords:
    """The tables above in one language. An unknown code is shown as it stands rather than hidden."""

    def __init__(self, language: str) -> None:
        self._language = language

    def gettext(self, text: str) -> str:
        return str(translations(self._language).gettext(text))

    def state(self, state: str) -> str:
        return self._of(STATES, state)

    def many(self, state: str) -> str:
        return self._of(MANY, state)

    def round_state(self, state: str) -> str:
        return self._of(ROUND_STATES, state)

    def unit_kind(self, kind: str) -> str:
        return self._of(UNIT_KINDS, kind)

    def mail(self, kind: str) -> str:
        return self._of(MAILS, kind)

    def mail_short(self, kind: str) -> str:
        """For tables."""
        return self._of(SHORT_MAILS if kind in SHORT_MAILS else MAILS, kind)

    def mail_state(self, state: str) -> str:
        return self._of(MAIL_STATES, state)

    def arrival(self, kind: str) -> str:
        """What came in by mail."""
        return self._of(ARRIVALS, kind)

    def arrivals(self, kind: str) -> str:
        """The same, for several."""
        return self._of(MANY_ARRIVALS if kind in MANY_ARRIVALS else ARRIVALS, kind)

    def slot(self, slot: str) -> str:
        """Why a mail goes."""
        return slot_words(slot, self._language)

    def phase(self, phase: str) -> str:
        return self._of(PHASES, phase)

    def outcome(self, outcome: str) -> str:
        return self._of(OUTCOMES, outcome)

    def reason(self, reason: str) -> str:
        """A code in words, a server's reply with what it means, a person's own words as they are."""
        if _SERVER.match(reason) and _NO_SUCH_ADDRESS.search(reason):
            return self.gettext("Adressen finns inte hos mottagaren. Mejlservern svarade: {reply}").format(reply=reason)
        if _SERVER.match(reason):
            return self.gettext("Mejlservern svarade: {reply}").format(reply=reason)
        if _BROKEN.match(reason):
            return self.gettext("Mejlet gick inte att skriva: {reason}").format(reason=reason)
        return self._of(REASONS, reason)

    def event(self, event: Event, names: Mapping[str, str]) -> str:
        """What happened, in a sentence."""
        values: dict[str, object] = {"edition": "–", **event.data}
        values["who"] = self.who(event.actor, names)
        values["mail"] = self.mail(str(event.data.get("mail", "")))
        return self._of(EVENTS, event.kind).format(**values)

    def who(self, actor: str, names: Mapping[str, str]) -> str:
        return "Tertial" if actor == SYSTEM else names.get(actor, actor)

    def error(self, error: TertialError) -> str:
        return error_text(error, self._language)

    def _of(self, table: Mapping[str, str], code: str) -> str:
        return self.gettext(table[code]) if code in table else code
