"""Date words in Swedish and English: every day against CLDR, and the forms the pages and mails use."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_date, format_datetime

from workflow.domain import datewords
from workflow.domain.calendar import STOCKHOLM, DeadlineWarning, WarningReason, swedish_calendar

SWEDEN = swedish_calendar()
LOCALES = {"sv": "sv_SE", "en": "en_GB"}
DAYS_OF_2027 = [date(2027, 1, 1) + timedelta(days=n) for n in range(365)]


def wall(text: str) -> datetime:
    """An instant by Stockholm's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM).astimezone(UTC)


@pytest.mark.parametrize("lang", ["sv", "en"])
def test_every_day_of_a_year_as_in_cldr(lang: str) -> None:
    for d in DAYS_OF_2027:
        assert datewords.day(d, lang) == format_date(d, "EEEE d MMMM", locale=LOCALES[lang])
        assert datewords.day(d, lang, year=True) == format_date(d, "EEEE d MMMM y", locale=LOCALES[lang])
        assert datewords.short_day(d, lang) == format_date(d, "EEE d MMMM", locale=LOCALES[lang])


@pytest.mark.parametrize(("lang", "pattern"), [("sv", "EEEE d MMMM y 'kl'. HH.mm"), ("en", "EEEE d MMMM y 'at' HH:mm")])
def test_every_hour_over_the_nights_the_clocks_move(lang: str, pattern: str) -> None:
    for start in (wall("2027-03-27 12:00"), wall("2027-10-30 12:00")):
        for instant in (start + timedelta(hours=n) for n in range(36)):
            expected = format_datetime(instant, pattern, tzinfo=STOCKHOLM, locale=LOCALES[lang])
            assert datewords.moment(instant, lang) == expected


def test_a_due_time_of_midnight_is_24_of_the_day_it_ends_also_when_the_clocks_move() -> None:
    for text in ("2027-03-28", "2027-10-31", "2027-05-28"):
        end = SWEDEN.end_of_day(date.fromisoformat(text))
        assert datewords.due_clock(end, "sv") == "24.00"
        assert datewords.due_clock(end - timedelta(minutes=1), "en") == "23:59"
        assert datewords.due_moment(end, "sv").endswith("2027 kl. 24.00")
        assert datewords.time_left(end, end - timedelta(hours=1), SWEDEN, "sv") == "i dag kl. 24.00"


def test_moments() -> None:
    due = wall("2027-05-28 16:00")
    assert datewords.moment(due, "sv") == "fredag 28 maj 2027 kl. 16.00"
    assert datewords.moment(due, "en") == "Friday 28 May 2027 at 16:00"
    assert datewords.moment(due, "sv", year=False) == "fredag 28 maj kl. 16.00"
    assert datewords.moment_short(due, "sv") == "fre 28 maj"
    assert datewords.clock(wall("2027-05-28 09:05"), "sv") == "09.05"
    assert datewords.clock(wall("2027-05-28 09:05"), "en") == "09:05"
    assert datewords.moment(due, "en", ZoneInfo("Europe/Helsinki")) == "Friday 28 May 2027 at 17:00"


def test_a_due_time_of_midnight_belongs_to_the_day_it_ends() -> None:
    due = SWEDEN.end_of_day(date(2027, 1, 22))
    assert datewords.due_moment(due, "sv") == "fredag 22 januari 2027 kl. 24.00"
    assert datewords.due_moment(due, "en", year=False) == "Friday 22 January at 24:00"
    assert datewords.due_moment(wall("2027-05-28 16:00"), "sv") == "fredag 28 maj 2027 kl. 16.00"


@pytest.mark.parametrize(
    ("instant", "sentence", "table"),
    [
        ("2027-05-24 16:00", "i dag kl. 16.00", "i dag 16.00"),
        ("2027-05-24 00:00", "i dag kl. 00.00", "i dag 00.00"),
        ("2027-05-23 23:59", "i går kl. 23.59", "i går 23.59"),
        ("2027-05-25 08:00", "i morgon kl. 08.00", "i morgon 08.00"),
        ("2027-05-19 16:00", "onsdag 19 maj kl. 16.00", "ons 19 maj"),
        ("2026-05-19 16:00", "tisdag 19 maj 2026 kl. 16.00", "tis 19 maj 2026"),
    ],
)
def test_relative(instant: str, sentence: str, table: str) -> None:
    now = wall("2027-05-24 00:30")  # still the 23rd in UTC: the local date counts
    assert datewords.relative(wall(instant), now, "sv") == sentence
    assert datewords.relative_short(wall(instant), now, "sv") == table


def test_relative_in_english() -> None:
    now = wall("2027-05-24 10:00")
    assert datewords.relative(wall("2027-05-24 16:00"), now, "en") == "today at 16:00"
    assert datewords.relative(wall("2027-05-23 16:00"), now, "en") == "yesterday at 16:00"
    assert datewords.relative_short(wall("2027-05-25 08:00"), now, "en") == "tomorrow 08:00"


@pytest.mark.parametrize(
    ("now", "sv", "en"),
    [
        ("2027-05-24 08:00", "4 arbetsdagar kvar", "4 working days left"),
        ("2027-05-27 23:00", "1 arbetsdag kvar", "1 working day left"),
        ("2027-05-28 00:00", "i dag kl. 16.00", "today at 16:00"),
        ("2027-05-28 16:00", "i dag kl. 16.00", "today at 16:00"),
        ("2027-05-28 16:01", "1 arbetsdag försenat", "1 working day late"),
        ("2027-06-02 09:00", "3 arbetsdagar försenat", "3 working days late"),
    ],
)
def test_time_left(now: str, sv: str, en: str) -> None:
    due = wall("2027-05-28 16:00")
    assert datewords.time_left(due, wall(now), SWEDEN, "sv") == sv
    assert datewords.time_left(due, wall(now), SWEDEN, "en") == en


def test_time_left_on_days_without_work() -> None:
    sunday = wall("2027-05-30 16:00")
    assert datewords.time_left(sunday, wall("2027-05-29 09:00"), SWEDEN, "sv") == "i morgon kl. 16.00"
    assert datewords.time_left(sunday, wall("2027-05-28 09:00"), SWEDEN, "sv") == "söndag 30 maj kl. 16.00"
    midnight = SWEDEN.end_of_day(date(2027, 5, 28))
    assert datewords.time_left(midnight, midnight, SWEDEN, "sv") == "i dag kl. 24.00"


def test_late_words() -> None:
    assert [datewords.late_words(n, "sv") for n in (0, 1, 3)] == ["", "1 arbetsdag", "3 arbetsdagar"]
    assert datewords.working_days(1, "en") == "1 working day"


def test_where_a_weekend_is_all_that_is_left_its_days_are_counted() -> None:
    friday, sunday = date(2027, 5, 21), date(2027, 5, 23)
    assert datewords.days_until(sunday, friday, swedish_calendar(), "sv") == "2 dagar"
    assert datewords.days_until(sunday - timedelta(days=1), friday, swedish_calendar(), "en") == "1 day"
    assert datewords.days_until(sunday, friday - timedelta(days=1), swedish_calendar(), "sv") == "1 arbetsdag"


@pytest.mark.parametrize(
    ("start", "end", "sv", "en"),
    [
        ("2027-01-01", "2027-04-30", "1 januari–30 april 2027", "1 January–30 April 2027"),
        ("2027-04-01", "2027-04-30", "1–30 april 2027", "1–30 April 2027"),
        ("2027-04-01", "2027-04-01", "1 april 2027", "1 April 2027"),
        ("2026-11-01", "2027-01-31", "1 november 2026–31 januari 2027", "1 November 2026–31 January 2027"),
    ],
)
def test_periods(start: str, end: str, sv: str, en: str) -> None:
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    assert datewords.period(first, last, "sv") == sv
    assert datewords.period(first, last, "en") == en


def test_months() -> None:
    first, last = date(2027, 1, 1), date(2027, 4, 30)
    assert datewords.months(first, last, "sv") == "januari–april"
    assert datewords.months(first, last, "en", year=True) == "January–April 2027"
    assert datewords.months(last, last, "sv", year=True) == "april 2027"
    assert datewords.months(date(2026, 11, 1), date(2027, 1, 31), "sv") == "november 2026–januari 2027"


@pytest.mark.parametrize("words", [datewords.period, datewords.months])
def test_a_period_that_ends_before_it_starts_is_refused(words: type) -> None:
    with pytest.raises(ValueError, match="before it starts"):
        words(date(2027, 4, 30), date(2027, 1, 1), "sv")


@pytest.mark.parametrize(
    ("text", "sv", "en"),
    [
        ("2027-05-07", "fredag 7 maj 2027 är en klämdag", "Friday 7 May 2027 is a bridge day between free days"),
        (
            "2027-05-06",
            "torsdag 6 maj 2027 är en ledig dag (Kristi himmelsfärdsdag)",
            "Thursday 6 May 2027 is a free day (Ascension Day)",
        ),
        ("2027-05-08", "lördag 8 maj 2027 är ingen arbetsdag", "Saturday 8 May 2027 is not a working day"),
        (
            "2027-04-30",
            "fredag 30 april 2027 är dagen före en ledig dag (första maj)",
            "Friday 30 April 2027 is the day before a free day (May Day)",
        ),
        (
            "2060-06-06",
            "söndag 6 juni 2060 är en ledig dag (nationaldagen, pingstdagen)",
            "Sunday 6 June 2060 is a free day (National Day, Pentecost)",
        ),
    ],
)
def test_warnings(text: str, sv: str, en: str) -> None:
    (found,) = SWEDEN.deadline_warnings(date.fromisoformat(text))
    assert datewords.warning(found, "sv") == sv
    assert datewords.warning(found, "en") == en


def test_every_reason_has_words_and_a_sites_own_name_stands_as_it_is() -> None:
    for reason in WarningReason:
        assert datewords.warning(DeadlineWarning(date(2027, 9, 3), reason, "stängt"), "en").startswith("Friday 3 Sep")
    own = DeadlineWarning(date(2027, 9, 3), WarningReason.FREE_DAY, "stadens dag")
    assert datewords.warning(own, "en") == "Friday 3 September 2027 is a free day (stadens dag)"


def test_weeks_and_sentence_starts() -> None:
    assert datewords.week(date(2027, 1, 1), "sv") == "v. 53"
    assert datewords.week(date(2027, 5, 28), "en") == "week 21"
    assert datewords.at_start("fredag 28 maj") == "Fredag 28 maj"
    assert datewords.at_start("Friday 28 May") == "Friday 28 May"


def test_an_unknown_language_and_a_naive_time_are_refused() -> None:
    with pytest.raises(ValueError, match="sv, en"):
        datewords.day(date(2027, 5, 28), "no")
    with pytest.raises(ValueError, match="without a zone"):
        datewords.moment(datetime(2027, 5, 28, 16), "sv")  # noqa: DTZ001 (the fault under test)
