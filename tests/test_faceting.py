"""Facets: months, years and steps of numbers, and two fields against each other."""

from __future__ import annotations

import pytest

from searchidx import QueryError
from tests.conftest import MakeIndex

POSTS = {
    "a.md": "---\ntitle: Mask\ntopics: [AI, Art]\ndate: 2020-05-18\nquality: 10\n---\n",
    "b.md": "---\ntitle: Mask\ntopics: [ai]\ndate: 2020-05-30T23:59:59Z\nquality: 24.5\n---\n",
    "c.md": "---\ntitle: Mask\ntopics: [Art]\ndate: 2021-01-01\nquality: -3\n---\n",
    "d.md": "---\ntitle: Bread\npublished: yes\n---\n",
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("date", [("2020-05-18", 1), ("2020-05-30", 1), ("2021-01-01", 1)]),
        ("date:day", [("2020-05-18", 1), ("2020-05-30", 1), ("2021-01-01", 1)]),
        ("date:month", [("2020-05", 2), ("2021-01", 1)]),
        ("date:year", [("2020", 2), ("2021", 1)]),
        ("year", [("2020", 2), ("2021", 1)]),
        ("quality:10", [("-10", 1), ("10", 1), ("20", 1)]),
        ("quality", [("-3", 1), ("10", 1), ("24.5", 1)]),
        ("published", [("yes", 1)]),
    ],
)
def test_values_and_steps(
    make_index: MakeIndex, name: str, expected: list[tuple[str, int]]
) -> None:
    rows = make_index(POSTS).facets(name)
    assert [(row.value, row.count) for row in rows] == expected


def test_counts_are_those_under_the_query(make_index: MakeIndex) -> None:
    index = make_index(POSTS)
    results = index.search("topics:art", facets=("date:month", "topics"))
    assert {name: [(r.value, r.count) for r in rows] for name, rows in results.facets.items()} == {
        "date:month": [("2020-05", 1), ("2021-01", 1)],
        "topics": [("Art", 2), ("AI", 1)],
    }


@pytest.mark.parametrize(
    ("name", "reason", "position"),
    [
        ("date:week", "date has no step 'week'", 5),
        ("quality:0", "quality has no step '0'", 8),
        ("topics:month", "topics has no step 'month'", 7),
        ("topcs", "there is no field 'topcs'", 0),
    ],
)
def test_what_is_no_facet_says_so(
    make_index: MakeIndex, name: str, reason: str, position: int
) -> None:
    with pytest.raises(QueryError) as caught:
        make_index(POSTS).facets(name)
    assert (caught.value.reason, caught.value.position) == (reason, position)


def test_two_fields_against_each_other(make_index: MakeIndex) -> None:
    cross = make_index(POSTS).cross("topics", "year", "mask")
    assert [row.value for row in cross.rows] == ["AI", "Art"]
    assert [(row.value, row.count) for row in cross.columns] == [("2020", 2), ("2021", 1)]
    assert cross.table == ((2, 0), (1, 1))


def test_a_cross_of_steps_of_numbers_adds_up(make_index: MakeIndex) -> None:
    cross = make_index(POSTS).cross("year", "quality:10")
    assert [row.value for row in cross.columns] == ["-10", "10", "20"]
    assert cross.table == ((0, 1, 1), (1, 0, 0))
    assert make_index(POSTS).cross("year", "topics", "bread").table == ()


def test_only_the_most_frequent_values_are_kept(make_index: MakeIndex) -> None:
    cross = make_index(POSTS).cross("date:month", "topics", most=(1, 1))
    assert [row.value for row in cross.rows] == ["2020-05"]
    assert [row.value for row in cross.columns] == ["AI"]
    assert cross.table == ((2,),)
