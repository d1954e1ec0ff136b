"""Metadata values become field values: texts, dates, numbers, yes and no.

Plain functions of values; where a value does not fit, the answer is None and the caller reports.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial
from typing import Any, NamedTuple

from searchidx.posts.plain import Steps

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})
_ZONES = {"ut": 0, "utc": 0, "gmt": 0, "z": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5}
_ZONES |= {"mst": -7, "mdt": -6, "pst": -8, "pdt": -7}
_LONGEST_DATE = 64
_LONGEST_KEY = 500

_TIME = (
    r"(?:(?:[ ]*[Tt]|,?[ ]+|[ ]+at[ ]+)(?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:[ ]*(?P<half>[AaPp]\.?[Mm]\.?))?"
    r"(?:[ ]*(?P<zone>[+-]\d{1,2}(?::?\d{2})?|[A-Za-z]{1,3})(?:[ ]+\([A-Za-z]+\))?)?)?"
)
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?[ ]+)?"
_MONTH = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_FLAGS = re.ASCII | re.IGNORECASE
_DATES = tuple(
    re.compile(pattern + _TIME, _FLAGS)
    for pattern in (
        r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})",
        r"(?P<month>\d{1,2})(?P<mark>[-/.])(?P<day>\d{1,2})(?P=mark)(?P<year>\d{4})",
        _WEEKDAY + _MONTH + "[ ]+" + _DAY + r",?[ ]+(?P<year>\d{4})",
        _WEEKDAY + _DAY + "[ -]+" + _MONTH + r",?[ -]+(?P<year>\d{4})",
    )
)
_DAY_OR_MONTH_FIRST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2\d{4}(?!\d)", re.ASCII)
_DIGITS = re.compile(r"\d{4}|\d{8}|\d{10}|\d{13}", re.ASCII)
_NUMBER = re.compile(
    r"[+-]?(?:\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?", _FLAGS
)


class Entry(NamedTuple):
    """One value of the metadata that is no list and not null; it may be a mapping.

    `key` is its dotted key, the indices of lists left out and cut where it gets absurdly long. It
    stands under `step`, a key or an index, in what `parent` leads to.
    """

    key: str
    value: Any
    parent: Steps
    step: str | int

    @property
    def steps(self) -> Steps:
        """What leads to exactly this value."""
        return (*self.parent, self.step)


class Entries(NamedTuple):
    """All values of the metadata: in the order of the file, and by dotted key."""

    ordered: list[Entry]
    by_key: defaultdict[str, list[Entry]]


def entries_of(metadata: Mapping[str, Any]) -> Entries:
    """Every value below `metadata`, a mapping before what is in it. Nulls are left out."""
    entries = Entries([], defaultdict(list))
    _collect_from(entries, _NO_KEY, (), metadata)
    return entries


def _collect_from(
    entries: Entries, below: Mapping[str, str], parent: Steps, mapping: Mapping[str, Any]
) -> None:
    """Collect what is in a mapping; `below` gives the dotted keys of what is there."""
    ordered, by_key = entries
    for step, value in mapping.items():
        key = below[step]
        kind = type(value)
        if kind is list or kind is tuple:
            _collect_items(entries, key, (*parent, step), value)
        elif value is not None:
            entry = _entry((key, value, parent, step))
            ordered.append(entry)
            by_key[key].append(entry)
            if kind is dict:
                _collect_from(entries, _KEYS_BELOW[key], (*parent, step), value)


def _collect_items(entries: Entries, key: str, parent: Steps, items: Sequence[Any]) -> None:
    """Collect what is in a list; it has the dotted key of the list."""
    for index, value in enumerate(items):
        kind = type(value)
        if kind is list or kind is tuple:
            _collect_items(entries, key, (*parent, index), value)
        elif value is not None:
            entry = _entry((key, value, parent, index))
            entries.ordered.append(entry)
            entries.by_key[key].append(entry)
            if kind is dict:
                _collect_from(entries, _KEYS_BELOW[key], (*parent, index), value)


_entry: Callable[[tuple[str, Any, Steps, str | int]], Entry] = partial(tuple.__new__, Entry)
"""An entry of its parts, in a third of the time that its class takes."""


class _Below(dict[str, str]):
    """The dotted keys below one (None for the top): inner key -> dotted key. They are the same in
    many posts."""

    MOST = 1_000

    def __init__(self, key: str | None) -> None:
        self._key = key

    def __missing__(self, inner: str) -> str:
        if len(self) >= self.MOST:
            self.clear()
        key = self._key
        if key is None:
            below = inner
        else:
            below = f"{key}.{inner[:_LONGEST_KEY]}" if len(key) < _LONGEST_KEY else key
        self[inner] = below
        return below


class _AllBelow(dict[str, _Below]):
    """A dotted key -> the keys below it."""

    MOST = 1_000

    def __missing__(self, key: str) -> _Below:
        if len(self) >= self.MOST:
            self.clear()
        below = self[key] = _Below(key)
        return below


_KEYS_BELOW = _AllBelow()
_NO_KEY = _Below(None)


def values_at(entries: Entries, source: str) -> list[Entry]:
    """The values that a source such as `related[].title` names, in the order of the file.

    Lists are looked into, whether the source says `[]` or not; a key that holds a dot is found.
    """
    return entries.by_key.get(source.replace("[]", ""), [])


def text_of(value: Any, written: str | None = None) -> str:
    """The text of a value that is neither list nor mapping; what the author wrote, if given."""
    if isinstance(value, str):
        return value
    if written is not None:
        return written
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return str(value)
    except ValueError:  # a whole number of more digits than Python cares to print
        return hex(value)


def parse_number(value: Any) -> float | None:
    """A finite number, from a number or from text (`1,234.5`); None if it is none."""
    if isinstance(value, str):
        text = value.strip()
        value = float(text.replace(",", "")) if _NUMBER.fullmatch(text) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def parse_bool(value: Any) -> bool | None:
    """Yes or no, from true, yes, on, 1 and their opposites in any case; None if it is neither."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, str | int):
        return None
    word = value.strip().lower() if isinstance(value, str) else {0: "0", 1: "1"}.get(value, "")
    return True if word in _TRUE else False if word in _FALSE else None


def parse_date(value: Any) -> datetime | None:
    """An aware UTC time; None if the value is no date, or one that Python cannot hold.

    A time without a zone is UTC, a date is its midnight, a number of four digits is a year, of
    eight yyyymmdd, of ten or thirteen seconds or milliseconds since 1970. `05/06/2018` has the
    month first, unless that is impossible: see `is_ambiguous_date`.
    """
    try:
        if isinstance(value, datetime):
            return _utc(value)
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**13:
            value = str(value)
        if isinstance(value, str) and len(value) <= _LONGEST_DATE:
            return _from_text(" ".join(value.split()))
    except (ValueError, OverflowError):
        pass  # such as day 31 of February, or the year 0: no date
    return None


def is_ambiguous_date(value: Any) -> bool:
    """Whether a text such as `05/06/2018` could have its day or its month first."""
    found = _DAY_OR_MONTH_FIRST.match(value.strip()) if isinstance(value, str) else None
    return found is not None and found[1] != found[3] and max(int(found[1]), int(found[3])) <= 12


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _from_text(text: str) -> datetime | None:
    if _DIGITS.fullmatch(text):
        return _from_digits(text)
    for pattern in _DATES:
        if found := pattern.fullmatch(text):
            return _from_match(found)
    return None


def _from_digits(digits: str) -> datetime:
    if len(digits) == 4:
        return datetime(int(digits), 1, 1, tzinfo=UTC)
    if len(digits) == 8:
        return datetime(int(digits[:4]), int(digits[4:6]), int(digits[6:]), tzinfo=UTC)
    milliseconds = int(digits) * (1000 if len(digits) == 10 else 1)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def _from_match(found: re.Match[str]) -> datetime | None:
    """Raises: ValueError or OverflowError if there is no such day or time."""
    month_text, day = found["month"], int(found["day"])
    named = not month_text.isdigit()
    month = _MONTHS.index(month_text.lower()) + 1 if named else int(month_text)
    if month > 12 and day <= 12 and not named and found.start("year") > 0:
        month, day = day, month
    zone = _zone(found["zone"])
    if zone is None:
        return None
    hour = int(found["hour"] or 0)
    if half := found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half[0] in "Pp" else 0)
    minute, second = int(found["minute"] or 0), int(found["second"] or 0)
    micros = int((found["fraction"] or "").ljust(6, "0")[:6])
    moment = datetime(int(found["year"]), month, day, hour, minute, second, micros, tzinfo=zone)
    return moment.astimezone(UTC)


def _zone(text: str | None) -> timezone | None:
    """The zone of a date; UTC where none is given, None where it is not known."""
    if not text:
        return UTC
    if text[0] not in "+-":
        hours = _ZONES.get(text.lower())
        return None if hours is None else timezone(timedelta(hours=hours))
    digits = text[1:].replace(":", "")
    hours = int(digits[:-2] if len(digits) > 2 else digits)
    minutes = int(digits[-2:]) if len(digits) > 2 else 0
    shift = timedelta(hours=hours, minutes=minutes)
    return timezone(-shift if text[0] == "-" else shift)
