"""The fields of an index as queries see them: what the Whoosh schema says, without Whoosh."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchidx.columnar.fields import FieldType
from searchidx.schema import build_schema
from searchidx.settings import DEFAULT_FIELDS
from searchidx.store.fields import plain_fields

FIELDS = plain_fields(DEFAULT_FIELDS)
SCHEMA = build_schema(DEFAULT_FIELDS)
NAMES = sorted(SCHEMA.names())

values = st.one_of(
    st.text(),
    st.binary(),
    st.booleans(),
    st.integers(),
    st.integers().map(str),
    st.floats(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.none(),
    st.lists(st.text(), max_size=2),
)


def told(call: Callable[[Any], Any], value: Any) -> Any:
    """What is given back, or which kind of error is raised."""
    try:
        given = call(value)
    except Exception as error:
        return type(error)
    return type(given), repr(given)


def test_the_fields_are_those_of_the_schema() -> None:
    assert (sorted(FIELDS), len(FIELDS)) == (NAMES, len(NAMES))
    assert "nothing" not in FIELDS
    for name in NAMES:
        assert name in FIELDS
        assert bool(FIELDS[name].scorable) == bool(SCHEMA[name].scorable), name


@given(st.sampled_from(NAMES), values)
def test_values_are_encoded_as_whoosh_encodes_them(name: str, value: Any) -> None:
    ours: FieldType = FIELDS[name]
    theirs = SCHEMA[name]
    assert told(ours.to_bytes, value) == told(theirs.to_bytes, value)
    if name in ("date", "quality", "heat"):
        assert told(ours.to_column_value, value) == told(theirs.to_column_value, value)


@given(st.datetimes(), st.floats(allow_nan=False))
def test_values_of_columns_are_read_as_whoosh_reads_them(moment: datetime, number: float) -> None:
    for name, value in (("date", moment), ("quality", number)):
        kept = SCHEMA[name].to_column_value(value)
        ours, theirs = FIELDS[name].from_column_value, SCHEMA[name].from_column_value
        assert told(ours, kept) == told(theirs, kept)


@pytest.mark.parametrize("name", ["title", "topics.value", "quality", "date", "published", "any"])
def test_plain_values_need_no_schema(name: str) -> None:
    script = f"""
import sys
from datetime import datetime
from searchidx.query.deferred import import_queries
import_queries()
from searchidx.settings import DEFAULT_FIELDS
from searchidx.store.fields import plain_fields
field = plain_fields(DEFAULT_FIELDS)[{name!r}]
match {name!r}:
    case "quality": field.from_column_value(field.to_column_value(5))
    case "date": field.from_column_value(field.to_column_value(datetime(2020, 5, 18)))
    case "published": field.to_bytes(True)
    case _: field.to_bytes("mask")
print("whoosh.fields" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("False\n", "")
