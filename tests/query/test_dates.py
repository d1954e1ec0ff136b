"""Dates as typed: a table of periods, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchidx.query.dates import NAMED_PERIODS, parse_period

NOW = datetime(2020, 5, 20, 15, 30, tzinfo=UTC)  # a Wednesday

PERIODS = {
    "2020": ("2020-01-01", "2021-01-01"),
    "2020-12": ("2020-12-01", "2021-01-01"),
    "2020-5-1": ("2020-05-01", "2020-05-02"),
    "20200501": ("2020-05-01", "2020-05-02"),
    "2020-05-20T16:44:00Z": ("2020-05-20T16:44:00", "2020-05-20T16:44:01"),
    "2020-05-20 18:44+02:00": ("2020-05-20T16:44:00", "2020-05-20T16:45:00"),
    "2020-Q2": ("2020-04-01", "2020-07-01"),
    "2020-W01": ("2019-12-30", "2020-01-06"),
    "May 2020": ("2020-05-01", "2020-06-01"),
    "20 may 2020": ("2020-05-20", "2020-05-21"),
    "May 20, 2020": ("2020-05-20", "2020-05-21"),
    "today": ("2020-05-20", "2020-05-21"),
    "yesterday": ("2020-05-19", "2020-05-20"),
    "this week": ("2020-05-18", "2020-05-25"),
    "last_week": ("2020-05-11", "2020-05-18"),
    "last-month": ("2020-04-01", "2020-05-01"),
    "this year": ("2020-01-01", "2021-01-01"),
    "monday": ("2020-05-18", "2020-05-19"),
    "-30d": ("2020-04-20T15:30:00", "2020-05-20T15:30:00.000001"),
    "-1m": ("2020-04-20T15:30:00", "2020-05-20T15:30:00.000001"),
    "-24h": ("2020-05-19T15:30:00", "2020-05-20T15:30:00.000001"),
    "last 2 weeks": ("2020-05-06T15:30:00", "2020-05-20T15:30:00.000001"),
}


@pytest.mark.parametrize(("text", "expected"), PERIODS.items(), ids=list(PERIODS))
def test_periods(text: str, expected: tuple[str, str]) -> None:
    period = parse_period(text, NOW)
    start, end = (datetime.fromisoformat(part).replace(tzinfo=UTC) for part in expected)
    assert (period.start, period.end) == (start, end)


@pytest.mark.parametrize("text", ["", "soon", "2020-13", "2020-02-31", "0000", "-99999y", "99999"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_period(text, NOW)


def test_a_month_back_from_its_last_day_stays_in_the_month_before() -> None:
    assert parse_period("-1m", datetime(2021, 3, 31, tzinfo=UTC)).start.date().isoformat() == (
        "2021-02-28"
    )


@pytest.mark.parametrize("name", NAMED_PERIODS)
def test_every_name_that_is_offered_is_understood(name: str) -> None:
    period = parse_period(name, NOW)
    assert period.start < period.end


@given(st.text(alphabet="0123456789-dwmyhqTZ:+ janfebmay", max_size=16))
def test_any_text_is_a_period_or_refused(text: str) -> None:
    try:
        period = parse_period(text, NOW)
    except ValueError:
        return
    assert period.start <= period.end


@pytest.mark.parametrize("text", ["9999", "9999-12", "9999-12-31", "9999-12-31T23:59:59Z"])
def test_the_last_day_there_is_can_be_asked_for(text: str) -> None:
    period = parse_period(text, NOW)
    assert period.start < period.end
    assert period.end.year == 9999
