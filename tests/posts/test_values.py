"""Metadata values become field values."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchidx.posts.values import (
    entries_of,
    is_ambiguous_date,
    parse_bool,
    parse_date,
    parse_number,
    text_of,
    values_at,
)

EAST = timezone(timedelta(hours=9))

DATES: list[tuple[object, str | None]] = [
    (datetime(2020, 5, 20, 16, 44), "2020-05-20T16:44:00"),
    (datetime(2020, 5, 20, 16, 44, tzinfo=EAST), "2020-05-20T07:44:00"),
    (date(2020, 5, 20), "2020-05-20T00:00:00"),
    ("2020-05-20", "2020-05-20T00:00:00"),
    ("2020-5-2", "2020-05-02T00:00:00"),
    ("2020/05/20", "2020-05-20T00:00:00"),
    ("2014-05-26 16:06", "2014-05-26T16:06:00"),
    ("2014-05-26T16:06", "2014-05-26T16:06:00"),
    ("2011-09-16 16:00:00 +0900", "2011-09-16T07:00:00"),
    ("2011-09-16T16:00:00.25+09:00", "2011-09-16T07:00:00.250000"),
    ("2020-05-20 10:00:00 UTC", "2020-05-20T10:00:00"),
    ("2020-05-20T10:00:00Z", "2020-05-20T10:00:00"),
    ("Wed, 20 May 2020 16:44:00 +0200", "2020-05-20T14:44:00"),
    ("Wed, 20 May 2020 16:44:00 GMT", "2020-05-20T16:44:00"),
    ("20 May 2020 16:44 EST", "2020-05-20T21:44:00"),
    ("05/31/2018", "2018-05-31T00:00:00"),
    ("31/05/2018", "2018-05-31T00:00:00"),
    ("05/06/2018", "2018-05-06T00:00:00"),
    ("May 20, 2020", "2020-05-20T00:00:00"),
    ("September 1st, 2020 4:05 pm", "2020-09-01T16:05:00"),
    ("20 May 2020", "2020-05-20T00:00:00"),
    (2020, "2020-01-01T00:00:00"),
    ("2020", "2020-01-01T00:00:00"),
    (20200520, "2020-05-20T00:00:00"),
    (1589993040, "2020-05-20T16:44:00"),
    (1589993040000, "2020-05-20T16:44:00"),
    ("2018-02-31", None),
    ("13/13/2018", None),
    ("2020-05-20 25:00", None),
    ("2020-05-20 10:00 XYZ", None),
    ("0000", None),
    ("0001-01-01T00:00:00+23:00", None),
    (datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))), None),
    ("soon", None),
    ("", None),
    (99999, None),
    (-2020, None),
    (True, None),
    (1.5, None),
    (None, None),
    ("٢٠٢٠", None),
]


@pytest.mark.parametrize(("value", "wanted"), DATES, ids=[repr(value) for value, _ in DATES])
def test_parse_date(value: object, wanted: str | None) -> None:
    found = parse_date(value)
    assert found == (None if wanted is None else datetime.fromisoformat(wanted + "+00:00"))
    assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "wanted"),
    [("05/06/2018", True), ("05/05/2018", False), ("05/31/2018", False), ("2018-05-06", False)]
    + [(" 1.2.2018 10:00", True), (2018, False)],
)
def test_ambiguous_date(value: object, wanted: bool) -> None:
    assert is_ambiguous_date(value) is wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(104, 104.0), (-1, -1.0), ("1,234.5", 1234.5), (" .5 ", 0.5), ("1e3", 1000.0), ("1e999", None)]
    + [(float("inf"), None), (float("nan"), None), (10**400, None), (True, None), ("x", None)]
    + [("1_0", None), ("", None), (None, None)],
)
def test_parse_number(value: object, wanted: float | None) -> None:
    assert parse_number(value) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(True, True), (False, False), (1, True), (0, False), ("Yes", True), ("OFF", False)]
    + [(" on ", True), ("0", False), (2, None), (1.0, None), ("maybe", None), (None, None)],
)
def test_parse_bool(value: object, wanted: bool | None) -> None:
    assert parse_bool(value) is wanted


@pytest.mark.parametrize(
    ("value", "written", "wanted"),
    [
        ("a", "b", "a"),
        (False, "no", "no"),
        (1.1, "1.10", "1.10"),
        (True, None, "true"),
        (7, None, "7"),
    ]
    + [(16**5000, None, hex(16**5000))],
    ids=["text", "bool", "float", "bool alone", "int alone", "huge"],
)
def test_text_of(value: object, written: str | None, wanted: str) -> None:
    assert text_of(value, written) == wanted


TREE = {
    "title": "t",
    "ms.date": "d",
    "none": None,
    "topics": [["a", None], "b"],
    "provider": {"name": "n"},
    "related": [{"title": "x"}, {"title": ["y", "z"]}, "bare"],
}


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("title", [("title",)]),
        ("ms.date", [("ms.date",)]),
        ("none", []),
        ("absent", []),
        ("topics", [("topics", 0, 0), ("topics", 1)]),
        ("provider.name", [("provider", "name")]),
        ("provider", [("provider",)]),
        (
            "related[].title",
            [("related", 0, "title"), ("related", 1, "title", 0), ("related", 1, "title", 1)],
        ),
        ("related", [("related", 0), ("related", 1), ("related", 2)]),
    ],
)  # fmt: skip
def test_values_at(source: str, wanted: list[tuple[str | int, ...]]) -> None:
    assert [entry.steps for entry in values_at(entries_of(TREE), source)] == wanted


@given(
    st.text(max_size=70) | st.integers() | st.floats() | st.datetimes() | st.dates() | st.booleans()
)
def test_any_value(value: object) -> None:
    text_of(value)
    parse_number(value)
    parse_bool(value)
    is_ambiguous_date(value)
    found = parse_date(value)
    assert found is None or found.utcoffset() == timedelta()
