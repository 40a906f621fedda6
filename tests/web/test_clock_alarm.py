"""On top of the overview: while the clock is suspect, whoever looks is told that nothing leaves, and whom to ask."""

from datetime import timedelta

import pytest

from tests.web.houses import house
from tests.web.office import ROUND_PAGE, sign_in
from workflow.bootstrap import App
from workflow.domain.clockguard import Reason, Suspicion

__all__ = ["house"]

HEADINGS = {
    "sv": "Utskicken vilar: serverns klocka går inte att lita på",
    "en": "Mailing is paused: the server's clock cannot be trusted",
}


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_overview_tells_of_a_suspect_clock_and_only_then(house: App, language: str) -> None:
    client = sign_in(house, language)
    assert "tertial clock trust" not in client.get(ROUND_PAGE).text
    found = Suspicion(Reason.BACK, timedelta(days=-1), house.now(), vouched=False)
    with house.db.begin() as work:
        work.guards.keep_clock(work.guards.clock(lock=True).raised(found))
    page = client.get(ROUND_PAGE).text
    assert HEADINGS[language] in page
    assert "tertial clock trust" in page
