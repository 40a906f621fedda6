"""The demo from the first tick to the gathered bundle."""

from datetime import date, datetime, time, timedelta
from json import dumps
from pathlib import Path

from workflow.adapters.clock import set_now
from workflow.adapters.processes import StopSignal
from workflow.adapters.roster import load_roster
from workflow.bootstrap import App, build
from workflow.demo.cast import FIRST_DAY, LAST_DAY, ROUND, Scene, scenes
from workflow.demo.people import Players
from workflow.demo.stage import Folder, Stage, demo_settings, make_folder
from workflow.demo.summary import Screen
from workflow.domain.calendar import Calendar, swedish_calendar
from workflow.services.access import add_account, reset_password
from workflow.services.listings import status_document
from workflow.services.roster import import_roster
from workflow.up import running

WORKERS = 2
COORDINATOR = "samordnare@stadsledningskontoret.example"


def run(*, out: Path | None = None, serve: bool = True, port: int | None = None) -> int:
    """Play a whole round; leave mail/, bundle/ and status.json in the folder; then show the pages if `serve`.

    Gives the exit code. Raises TertialError for what a person can mend (folder not empty, port taken).
    """
    folder = make_folder(out)
    screen = Screen()
    calendar = swedish_calendar()
    set_now(folder.clock, calendar.at(FIRST_DAY - timedelta(days=3), time(12)))
    screen.says(f"Folder: {folder.root}")
    with running(demo_settings(folder, port, serve=serve), mail_folder=folder.mail, workers=WORKERS) as stack:
        app = build(stack.settings)
        import_roster(app.db, load_roster(app.resources.config("units.csv")), by="demo", now=app.now())
        password = app.secrets.new_id()
        add_account(
            app.db, email=COORDINATOR, name="Ylva Exempel", password=password, secrets=app.secrets, now=app.now()
        )
        with Players(app, folder.mail, COORDINATOR, password) as players:
            _play(Stage(app, folder), players, screen)
        _keep(app, folder)
        screen.table(app, folder)
        if serve:
            _show_pages(app, screen)
    return 0


def _play(stage: Stage, players: Players, screen: Screen) -> None:
    """Day by day: the clock moves, the processes do what they would have done, and people act in between."""
    calendar = stage.app.calendar
    with stage.app.db.read() as work:
        play = scenes(
            tuple(unit for unit in work.people.units() if unit.reports and unit.is_valid(FIRST_DAY)), calendar
        )
    with screen.progress(stage) as progress:
        for day in _days():
            for moment, scene in _agenda(day, play, calendar):
                if scene:
                    stage.turn_clock(moment)
                    players.act(scene)
                    stage.settle()
                else:
                    stage.go(moment, hurried=day > FIRST_DAY)  # it is the scheduler that opens the round
            progress(day)
    stage.go(calendar.at(LAST_DAY, time(16, 0)))  # it closes, and gathers itself


def _days() -> list[date]:
    return [FIRST_DAY + timedelta(days=number) for number in range((LAST_DAY - FIRST_DAY).days + 1)]


def _agenda(day: date, play: tuple[Scene, ...], calendar: Calendar) -> list[tuple[datetime, Scene | None]]:
    """The moments of a day: an hour after the last mail of the morning, weekends too, and whatever people do."""
    hours = (8, 10) if calendar.is_working_day(day) else (10,)
    morning: list[tuple[datetime, Scene | None]] = [(calendar.at(day, time(hour)), None) for hour in hours]
    acts = [(scene.at, scene) for scene in play if calendar.local(scene.at).date() == day]
    return sorted([*morning, *acts], key=lambda moment: moment[0])


def _keep(app: App, folder: Folder) -> None:
    """What the demo leaves for the eye: the frozen edition and the state of every unit."""
    for name in app.files.list(ROUND):
        data = app.files.read(f"{ROUND}/{name.rpartition('/')[2]}")
        if data is not None:
            (folder.bundle / name.rpartition("/")[2]).write_bytes(data)
    status = status_document(app.db, ROUND, calendar=app.calendar, now=app.now())
    text = dumps(status, ensure_ascii=False, indent=2, sort_keys=True)
    (folder.root / "status.json").write_text(text + "\n", encoding="utf-8")


def _show_pages(app: App, screen: Screen) -> None:
    """Serve until Ctrl-C; the printed password is good for one login."""
    password = app.secrets.new_id()
    reset_password(app.db, email=COORDINATOR, password=password, secrets=app.secrets, now=app.now(), once=True)
    screen.pages(app.settings.base_url, COORDINATOR, password)
    with StopSignal() as stop:
        stop.wait()
