"""What the fork server does before anybody is born: it plays a round through once, so that a child has all that is
imported, compiled and cached by then. Every connection is closed again.
"""

import gc
from pathlib import Path
from tempfile import TemporaryDirectory

from tasks.jobs import JOBS
from tests import postgres
from tests.faults import crowd, hand, runs
from tests.faults.world import RENDERER, Place, opened, plan, planned_round, settle_in
from tests.mails.samples import ALL
from workflow.adapters.db.engine import make_engine
from workflow.adapters.db.tables import metadata
from workflow.ports import Job

WHAT_A_CREW_IMPORTS = (postgres, runs)
NOBODY_LISTENS = 1  # a port


def play(folder: Path) -> None:
    place = Place(database_url=f"sqlite:///{folder}/warm.sqlite", folder=folder, smtp_port=NOBODY_LISTENS)
    round_ = planned_round(1, policy=crowd.escalating())
    place.set_now(round_.opens_at)
    engine = make_engine(place.database_url)
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO audit_head (id, number, hash) VALUES (1, 0, '')")
    engine.dispose()
    with opened(place) as house:
        settle_in(house, count=3, people=crowd.contacts)
        plan(house, round_)
        hand.schedule(house, round_.opens_at)
        JOBS[Job.DELIVER](house)


with TemporaryDirectory() as folder:
    play(Path(folder))
for _, letter in ALL:
    RENDERER.render(letter)
gc.collect()
gc.freeze()  # a child's first collection would else copy every page it looks at
