"""The register as a file: taken away as CSV or spreadsheet, sent in, shown as changes, and confirmed as seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from fastapi.responses import HTMLResponse, Response

from workflow.adapters.roster import read_roster, write_roster, write_spreadsheet
from workflow.domain.errors import StaleWriteError, TertialError
from workflow.domain.people import Unit
from workflow.domain.roster import Change, ChangeKind, Roster, roster_changes
from workflow.services.roster import import_roster, roster_of
from workflow.web.forms_in import NoFileError, SentFile, field, sent_file
from workflow.web.office import Office, Posted, Seated, new_router
from workflow.web.site import check_form, go

router = new_router()

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FAULTS_SHOWN = 50
NAME = "units.csv"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A sheet beside the register: what it would change."""

    old: Roster
    new: Roster

    @property
    def changes(self) -> tuple[Change, ...]:
        return roster_changes(self.old, self.new)

    @property
    def seal(self) -> str:
        """Names the sheet and the changes shown, so that nothing else is done than what was seen."""
        return sha256(f"{self.sheet}\n{self.changes!r}".encode()).hexdigest()

    @property
    def sheet(self) -> str:
        """As it is carried from the look to the confirmation."""
        return write_roster(self.new.units, self.new.contacts)

    @property
    def removed(self) -> int:
        return sum(change.kind is ChangeKind.REMOVED for change in self.changes)

    @property
    def by_unit(self) -> list[tuple[Unit, list[Change]]]:
        """In the sheet's order, removed units last."""
        units = {each.id: each for each in (*self.old.units, *self.new.units)}
        found: dict[str, list[Change]] = {}
        for change in self.changes:
            found.setdefault(change.unit, []).append(change)
        return [(units[unit], changes) for unit, changes in found.items()]


@router.get("/register/units.csv")
def take_csv(desk: Seated) -> Response:
    """With a BOM: Excel takes it for Latin-1 otherwise."""
    roster = roster_of(desk.house.db)
    text = write_roster(roster.units, roster.contacts)
    return _file(text.encode("utf-8-sig"), "text/csv; charset=utf-8", NAME)


@router.get("/register/units.xlsx")
def take_spreadsheet(desk: Seated) -> Response:
    roster = roster_of(desk.house.db)
    return _file(write_spreadsheet(roster.units, roster.contacts), SHEET, "units.xlsx")


@router.get("/register/las-in")
def choose(desk: Seated) -> HTMLResponse:
    return _page(desk)


@router.post("/register/las-in")
def look(form: SentFile, desk: Seated) -> Response:
    """Show what the file would change; nothing is stored."""
    check_form(desk.request, desk.who.session, form)
    try:
        name, data = sent_file(form, "file")
    except NoFileError as error:
        return _page(desk, faults=[error], status=422)
    roster, faults = read_roster(data, name)
    if faults:
        return _page(desk, faults=faults, status=422)
    return _page(desk, proposal=Proposal(roster_of(desk.house.db), roster))


@router.post("/register/las-in/bekrafta")
def confirm(form: Posted, desk: Seated) -> Response:
    """Do what was shown; where the register is another by now, show it once more."""
    roster, faults = read_roster(field(form, "sheet").encode(), NAME)
    if faults:
        return _page(desk, faults=faults, status=422)
    proposal = Proposal(roster_of(desk.house.db), roster)
    if field(form, "seal") != proposal.seal:
        return _page(desk, proposal=proposal, changed=True, status=409)
    try:
        import_roster(desk.house.db, roster, by=desk.by, now=desk.now(), expected=proposal.changes)
    except StaleWriteError:  # changed since we looked, a moment ago
        return _page(desk, proposal=Proposal(roster_of(desk.house.db), roster), changed=True, status=409)
    return go("/enheter")


def _file(data: bytes, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(data, media_type=media_type, headers=headers)


def _page(
    desk: Office,
    *,
    proposal: Proposal | None = None,
    faults: Sequence[TertialError] = (),
    changed: bool = False,
    status: int = 200,
) -> HTMLResponse:
    return desk.page(
        "register_import.html",
        status=status,
        nav_here="register",
        proposal=proposal,
        problems=[("", desk.say.error(each)) for each in faults[:FAULTS_SHOWN]],
        more=max(0, len(faults) - FAULTS_SHOWN),
        changed=changed,
    )
