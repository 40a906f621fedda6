"""Why a mail goes, in words."""

import pytest

from workflow.domain.slotwords import slot_words


@pytest.mark.parametrize(
    ("slot", "swedish", "english"),
    [
        ("T-5", "5 arbetsdagar före sista dagen", "5 working days before the last day"),
        ("T-1", "1 arbetsdag före sista dagen", "1 working day before the last day"),
        ("T+0", "sista dagen", "the last day"),
        ("T+3:head", "3 arbetsdagar efter sista dagen", "3 working days after the last day"),
        ("R-2", "2 arbetsdagar före kompletteringens sista dag", "2 working days before the supplement's last day"),
        ("R+0", "kompletteringens sista dag", "the supplement's last day"),
        ("O+3", "3 arbetsdagar efter att omgången öppnade", "3 working days after the round opened"),
        ("open", "omgången öppnar", "the round opens"),
        ("edition-2", "underlaget, version 2", "the report, version 2"),
        ("extension-1", "anstånd", "more time was given"),
        ("return-1", "underlaget returnerades", "the report was returned"),
        ("excused", "undantag", "excused"),
        ("något annat", "något annat", "något annat"),
        ("T", "T", "T"),
    ],
)
def test_words(slot: str, swedish: str, english: str) -> None:
    assert (slot_words(slot, "sv"), slot_words(slot, "en")) == (swedish, english)
