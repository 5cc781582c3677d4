"""Days and times in each language follow Unicode CLDR, with two exceptions that the test names."""

import re
from datetime import datetime, timedelta

import pytest
from babel.dates import format_date, format_skeleton

from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.local_dates import (
    date_phrase,
    stored_time,
    time_in_zone,
    written,
)
from handoff_service.rules.shared.phrases import translated
from handoff_service.rules.shared.translations import PAGES, catalog

OTHERS = [one for one in Language if one is not Language.ENGLISH]
#: our format -> the skeleton of CLDR
SKELETONS = {
    "clock": "Hm",
    "weekday_clock": "EHm",
    "day": "MMMd",
    "day_year": "yMMMd",
    "month_year": "yMMM",
    "month_day": "MMMMd",
    "short_weekday_day": "MMMMEd",
}
YEAR = [datetime(2026, 1, 1, 9, 52) + timedelta(days=day, minutes=7 * day) for day in range(365)]  # noqa: DTZ001


def unified(text: str) -> str:
    """Remove the full stops of weekdays, which German has in some formats, and write hours with two
    digits, which Spanish never does.
    """
    return re.sub(r"\b(\d:)", r"0\1", re.sub(r"\b(Mo|Di|Mi|Do|Fr|Sa|So)\.", r"\1", text))


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize(("form", "skeleton"), SKELETONS.items())
def test_each_day_follows_cldr(language: Language, form: str, skeleton: str) -> None:
    for at in YEAR:
        ours = written(at, form, catalog(PAGES, language))
        assert ours == unified(format_skeleton(skeleton, at, locale=language))


@pytest.mark.parametrize("language", OTHERS)
def test_a_day_with_its_weekday_follows_cldr(language: Language) -> None:
    for at in YEAR[::5]:
        ours = written(at, "weekday_day_year", catalog(PAGES, language))
        assert ours == format_date(at, "full", locale=language)


def test_english_writes_the_day_first() -> None:
    at = YEAR[0]
    assert [str(date_phrase(at, form)) for form in ("clock", "day_year", "weekday_day")] == [
        "09:52",
        "1 Jan 2026",
        "Thursday, 1 January",
    ]


def test_a_stored_time_is_translated() -> None:
    stored = str.__str__(time_in_zone(datetime(2026, 9, 3, 9, 52).astimezone()))
    assert stored_time(stored) == stored
    german = translated(stored_time("3 September 2026, 09:52 EST"), catalog(PAGES, Language.GERMAN))
    assert german == "3. September 2026, 09:52 EST"
    assert stored_time("tomorrow") == "tomorrow"
