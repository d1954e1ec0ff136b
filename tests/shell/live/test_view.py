"""The screen as lines, drawn from a state: no terminal."""

from __future__ import annotations

import pytest

from searchidx.counts import FacetCount
from searchidx.index import Index
from searchidx.shell.live import state as states
from searchidx.shell.live.arrangement import Box, Pane
from searchidx.shell.live.asking import answer, tally
from searchidx.shell.live.lines import Line, fitted, painted, painted_lines
from searchidx.shell.live.panes import histogram_lines, spread
from searchidx.shell.live.searching import Searching, Task
from searchidx.shell.live.state import Overlay, State
from searchidx.shell.live.view import Facts, screen
from searchidx.shell.session import Session
from searchidx.width import text_columns


def plain(line: Line) -> str:
    return "".join(text for _, text in line)


def answered(index: Index, session: Session, text: str, columns: int, rows: int) -> State:
    """The state when everything about a query is there."""
    state = State(text=text, columns=columns, rows=rows)
    vocabulary = session.vocabulary()
    state = states.answered(state, answer(index, state.question, vocabulary))
    state = states.counted(state, tally(index, state.question, vocabulary))
    task = Task(state.question, state.selected, state.arrangement.preview.columns)
    for piece in Searching(session).work(task):
        if isinstance(piece, states.Preview):
            state = states.previewed(state, piece)
    return state


def shown(session: Session, state: State, problem: str = "") -> list[str]:
    facts = Facts(session.vocabulary(), posts=4, generation=1, problem=problem)
    return [plain(line) for line in screen(state, facts)]


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (100, 30), (140, 40), (40, 10)])
@pytest.mark.parametrize("text", ["climate", "*", "nothing-like-it"])
def test_every_line_is_as_wide_as_the_screen(
    index: Index, session: Session, text: str, size: tuple[int, int]
) -> None:
    state = answered(index, session, text, *size)
    for changed in (
        state,
        states.read(state),
        states.turned_to_facets(state),
        states.replace(state, overlay=Overlay("Help", "line\n" * 50)),
    ):
        lines = shown(session, changed)
        assert len(lines) == size[1] - 1
        assert {text_columns(line) for line in lines} == {size[0]}


@pytest.mark.parametrize("columns", [1, 2, 5, 300])
@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 100])
def test_no_screen_is_too_small_or_too_large(
    index: Index, session: Session, columns: int, rows: int
) -> None:
    state = answered(index, session, "climate", columns, rows)
    for changed in (state, states.read(state), states.turned_to_facets(state)):
        assert len(shown(session, states.moved(changed, 99))) == rows - 1


def test_a_wide_screen_shows_everything(index: Index, session: Session) -> None:
    text = "\n".join(shown(session, answered(index, session, "climat", 140, 40)))
    assert "2 posts match" in text
    assert "means: climat…" in text
    assert "▸ 1 What the climate pact says" in text
    assert "◻ Climate" in text
    assert "The climate of the room was" in text
    assert "2020-04" in text
    assert "4 posts · generation 1" in text


def test_what_matched_and_the_chosen_hit_are_marked(index: Index, session: Session) -> None:
    state = answered(index, session, "climat", 140, 40)
    lines = screen(state, Facts(session.vocabulary()))
    marked = {text for line in lines for style, text in line if "match" in style}
    assert {"climate", "Climate"} <= marked
    chosen = [plain(line) for line in lines if any("chosen" in style for style, _ in line)]
    assert len(chosen) == 3
    assert "What the" in chosen[0]


def test_a_problem_stands_where_the_meaning_would(index: Index, session: Session) -> None:
    state = answered(index, session, "tile:climate", 80, 24)
    assert "there is no field 'tile'" in shown(session, state, "there is no field 'tile'")[1]


def test_required_values_are_ticked(index: Index, session: Session) -> None:
    text = "\n".join(shown(session, answered(index, session, "topics:=climate ", 140, 40)))
    assert "◼ Climate" in text
    assert "◻ Energy" in text


def test_what_a_post_holds_cannot_steer_the_terminal(index: Index, session: Session) -> None:
    text = "".join(shown(session, states.read(answered(index, session, "bread", 80, 24))))
    assert "Bread" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


# -- bars


def test_months_without_posts_are_shown_too() -> None:
    rows = [FacetCount("2019-11", 2), FacetCount("2020-02", 8)]
    assert [(row.value, row.count) for row in spread(rows, 10)] == [
        ("2019-11", 2), ("2019-12", 0), ("2020-01", 0), ("2020-02", 8),
    ]  # fmt: skip


def test_too_many_months_become_years_and_the_latest_stay() -> None:
    rows = [FacetCount("1999-11", 2), FacetCount("2001-02", 8), FacetCount("2001-03", 1)]
    assert [(row.value, row.count) for row in spread(rows, 3)] == [
        ("1999", 2), ("2000", 0), ("2001", 9),
    ]  # fmt: skip
    assert [row.value for row in spread(rows, 2)] == ["2000", "2001"]


def test_bars_grow_with_the_posts_and_one_post_is_seen() -> None:
    rows = [FacetCount("2020-01", 1), FacetCount("2020-02", 50), FacetCount("2020-03", 100)]
    lines = [plain(line) for line in histogram_lines(rows, Box(23, 5))]
    assert [line[1:4] for line in lines[:4]] == ["  █", "  █", " ██", "▁██"]
    assert lines[4].startswith(" 2020-01 2020-03   at")
    assert plain(histogram_lines(rows, Box(60, 1))[0]).startswith(" 2020-01 ▁▁▁▁▄▄▄▄████ 2020-03")
    assert plain(histogram_lines([], Box(10, 1))[0]) == " " * 10


# -- lines


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("abc", 5, "abc  "),
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("日本語", 4, "日… "),
        ("", 2, "  "),
    ],
)
def test_lines_are_cut_and_filled(text: str, width: int, expected: str) -> None:
    assert plain(fitted([("", text)], width)) == expected


def test_colours_are_names_of_styles() -> None:
    assert painted("a \x1b<match>b\x1b<> c", "class:title") == [
        ("class:title", "a "), ("class:title class:match", "b"), ("class:title", " c"),
    ]  # fmt: skip
    assert painted_lines("\x1b<match>a\nb\x1b<> c\n") == (
        [("class:match", "a")], [("class:match", "b"), ("", " c")],
    )  # fmt: skip


def test_moving_keeps_the_chosen_hit_in_sight(index: Index, session: Session) -> None:
    state = answered(index, session, "", 60, 8)
    assert state.hits_shown == 5
    state = states.resized(state, 60, 6)
    assert state.hits_shown == 3
    state = states.moved(state, 99)
    assert (state.selected, state.top) == (3, 1)
    state = states.turned(state, -1)
    assert (state.selected, state.top) == (0, 0)


def test_an_answer_that_came_too_late_changes_nothing(index: Index, session: Session) -> None:
    state = answered(index, session, "climate", 80, 24)
    late = answer(index, state.question, session.vocabulary())
    newer = states.typed(state, "mask")
    assert states.answered(newer, late) == newer
    assert not newer.is_current


def test_a_pane_without_room_says_so(index: Index, session: Session) -> None:
    state = states.toggled_pane(answered(index, session, "climate", 60, 16), Pane.HISTOGRAM)
    assert state.message == "a larger window has room for the histogram"
    wide = states.toggled_pane(states.resized(state, 140, 40), Pane.HISTOGRAM)
    assert not wide.arrangement.shows(Pane.HISTOGRAM)


def test_orders_go_round(index: Index) -> None:
    orders = states.sorts(index.fields)
    assert orders[:3] == ("", "-date", "date")
    state = State()
    for order in (*orders[1:], ""):
        state = states.resorted(state, orders)
        assert state.sort == order


def test_a_click_chooses_a_hit(index: Index, session: Session) -> None:
    state = answered(index, session, "", 140, 40)
    assert states.clicked(state, 40, 2 + 3).selected == 1
    assert states.clicked(state, 5, 2 + 3) == state
    assert states.clicked(state, 40, 2 + 3 * 10) == state
    assert states.clicked(state, 40, 0) == state
    assert states.clicked(states.read(state), 40, 5) == states.read(state)
