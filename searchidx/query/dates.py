"""Dates as people type them become periods: `today`, `last month`, `2020-05`, `-30d`.

Everything is in UTC, as the dates in an index are. A period runs from its first instant to just
before its end.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

HINT = "write 2020, 2020-05, 2020-05-20, 2020-05..2020-07, >=2020, today, last month or -30d"

NAMED_PERIODS = (
    "today", "yesterday", "tomorrow", "this week", "last week", "this month", "last month",
    "this year", "last year",
)  # fmt: skip

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul",
         "august aug", "september sep sept", "october oct", "november nov", "december dec"), 1
    )
    for name in names.split()
}  # fmt: skip

_NUMERIC = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?")
_QUARTER = re.compile(r"(\d{4})-?q([1-4])")
_WEEK = re.compile(r"(\d{4})-?w(\d{1,2})")
_MONTH_NAME = re.compile(r"(?:(\d{1,2}) )?([a-z]+)(?: (\d{1,2}))?,? (\d{4})")
_AGO = re.compile(r"-(\d{1,5})([hdwmy])")
_LAST_N = re.compile(r"last (\d{1,5}) (hour|day|week|month|year)s?")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Period(NamedTuple):
    """From `start` up to, not including, `end`; both aware, in UTC."""

    start: datetime
    end: datetime


def parse_period(text: str, now: datetime) -> Period:
    """The period that a text means at the time `now` (aware).

    Raises: ValueError when the text is no date, or a date that does not exist.
    """
    words = re.sub(r"[\s_]+", " ", text.strip().lower())
    if re.fullmatch(r"(this|last)-(week|month|year)|last-\d+-\w+", words):
        words = words.replace("-", " ")
    now = now.astimezone(UTC)
    try:
        period = _calendar(words) or _relative(words, now) or _named(words, now)
    except OverflowError as error:
        raise ValueError(f"{text!r} is out of range") from error
    if period is None:
        raise ValueError(f"{text!r} is no date")
    return period


def parse_bound(text: str, now: datetime) -> Period:
    """As `parse_period`, but `-30d` is the instant 30 days ago: the end or start of a range."""
    period = parse_period(text, now)
    if re.fullmatch(r"\s*(-|last[ _-]\d).*", text.lower()):
        return Period(period.start, period.start + timedelta(microseconds=1))
    return period


def _calendar(text: str) -> Period | None:
    if match := _COMPACT.fullmatch(text) or _NUMERIC.fullmatch(text):
        year, month, day = (int(part) if part else None for part in match.groups())
        return _whole(year or 0, month, day)
    if match := _INSTANT.fullmatch(text.upper()):
        start = datetime.fromisoformat(text.upper())
        start = start.replace(tzinfo=start.tzinfo or UTC).astimezone(UTC)
        length = timedelta(seconds=1) if match[1] else timedelta(minutes=1)
        return Period(start, _later(start, length))
    if match := _QUARTER.fullmatch(text):
        start = _day(int(match[1]), 3 * int(match[2]) - 2)
        return Period(start, _plus_months(start, 3))
    if match := _WEEK.fullmatch(text):
        start = datetime.fromisocalendar(int(match[1]), int(match[2]), 1).replace(tzinfo=UTC)
        return Period(start, _later(start, timedelta(days=7)))
    if (match := _MONTH_NAME.fullmatch(text)) and match[2] in _MONTHS:
        day_text = match[1] or match[3]
        return _whole(int(match[4]), _MONTHS[match[2]], int(day_text) if day_text else None)
    return None


def _relative(text: str, now: datetime) -> Period | None:
    if match := _AGO.fullmatch(text):
        return Period(_before(now, int(match[1]), match[2]), now + timedelta(microseconds=1))
    if match := _LAST_N.fullmatch(text):
        return Period(_before(now, int(match[1]), match[2][0]), now + timedelta(microseconds=1))
    return None


def _named(text: str, now: datetime) -> Period | None:
    today = _day(now.year, now.month, now.day)
    one_day = timedelta(days=1)
    monday = today - timedelta(days=today.weekday())
    month, year = today.replace(day=1), today.replace(month=1, day=1)
    if text in _WEEKDAYS:
        start = today - timedelta(days=(today.weekday() - _WEEKDAYS.index(text)) % 7)
        return Period(start, start + one_day)
    spans = {
        "now": (now, now + timedelta(microseconds=1)),
        "today": (today, today + one_day),
        "yesterday": (today - one_day, today),
        "tomorrow": (today + one_day, today + 2 * one_day),
        "this week": (monday, monday + 7 * one_day),
        "last week": (monday - 7 * one_day, monday),
        "this month": (month, _plus_months(month, 1)),
        "last month": (_plus_months(month, -1), month),
        "this year": (year, _plus_months(year, 12)),
        "last year": (_plus_months(year, -12), year),
    }
    return Period(*spans[text]) if text in spans else None


def _whole(year: int, month: int | None, day: int | None) -> Period:
    start = _day(year, 1 if month is None else month, 1 if day is None else day)
    if day is not None:
        return Period(start, _later(start, timedelta(days=1)))
    return Period(start, _plus_months(start, 12 if month is None else 1))


def _day(year: int, month: int, day: int = 1) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


def _later(start: datetime, length: timedelta) -> datetime:
    """So much later, or the last moment there is."""
    last = datetime.max.replace(tzinfo=UTC)
    return last if last - start < length else start + length


def _plus_months(start: datetime, months: int) -> datetime:
    """The first of the month `months` after the month of `start`."""
    years, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if years > 9999:
        return datetime.max.replace(tzinfo=UTC)
    return _day(years, month + 1)


def _before(now: datetime, count: int, unit: str) -> datetime:
    if unit in "hdw":
        length = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(days=7)}
        return now - count * length[unit]
    months = count * (12 if unit == "y" else 1)
    first = _plus_months(now, -months)
    last_day = (_plus_months(first, 1) - timedelta(days=1)).day
    return now.replace(year=first.year, month=first.month, day=min(now.day, last_day))
