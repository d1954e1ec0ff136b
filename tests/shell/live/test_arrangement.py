"""Panes on screens of any size: nothing overlaps, and hits keep their room."""

from __future__ import annotations

import pytest

from searchidx.shell.live.arrangement import ALL_PANES, Arrangement, Box, Pane, arranged


def on(
    columns: int, rows: int, *wanted: Pane, chooses: bool = False, reads: bool = False
) -> Arrangement:
    return arranged(columns, rows, set(wanted) or ALL_PANES, chooses_facets=chooses, reads=reads)


@pytest.mark.parametrize("columns", [20, 60, 80, 89, 90, 111, 120, 250])
@pytest.mark.parametrize("rows", [6, 16, 19, 20, 24, 30, 50])
@pytest.mark.parametrize("chooses", [False, True])
def test_boxes_fill_the_screen(columns: int, rows: int, chooses: bool) -> None:
    places = on(columns, rows, chooses=chooses)
    width = places.facets.columns + bool(places.facets.columns) + places.hits.columns
    height = places.hits.rows
    if places.preview.is_shown and places.is_preview_below:
        assert places.preview.columns == places.hits.columns
        height += places.preview.rows + 1
    elif places.preview.is_shown:
        width += places.preview.columns + 1
    assert width == columns
    assert 3 + places.has_meaning_row + height + places.histogram.rows == rows
    assert places.hits.rows >= 3
    assert places.facets.is_shown or not chooses


def test_the_smallest_screen_keeps_its_hits() -> None:
    places = on(60, 16)
    assert places.hits == Box(60, 13)
    assert not any(places.shows(pane) for pane in Pane)


def test_a_large_screen_shows_everything() -> None:
    places = on(140, 40)
    assert all(places.shows(pane) for pane in Pane)
    assert not places.is_preview_below


def test_a_screen_that_is_high_but_narrow_has_the_preview_below() -> None:
    assert on(70, 40).is_preview_below


def test_reading_takes_all_the_room() -> None:
    places = on(60, 16, reads=True)
    assert places.preview == Box(60, 13)
    assert not places.hits.is_shown


def test_panes_that_are_not_wanted_are_left_out() -> None:
    places = on(140, 40, Pane.FACETS)
    assert places.facets.is_shown
    assert not places.preview.is_shown
    assert not places.histogram.is_shown
