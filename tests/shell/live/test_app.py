"""The live shell as a whole, driven by keys through prompt_toolkit's pipe input.

A script sends keys and waits until the state is as it should be; nothing sleeps.
"""

from __future__ import annotations

import stat
import webbrowser
from pathlib import Path

import pytest
from prompt_toolkit.data_structures import Size

import searchidx
from searchidx.index import Index
from searchidx.render import COLOURED, PLAIN
from searchidx.shell.live.arrangement import rows_per_hit
from searchidx.shell.live.state import State
from searchidx.shell.preferences import Preferences
from searchidx.shell.session import Session, Shell
from tests.shell.live.driving import (
    CTRL_C,
    CTRL_O,
    DOWN,
    ENTER,
    ESCAPE,
    F1,
    F2,
    F3,
    F5,
    F6,
    F7,
    F8,
    HOME,
    UP,
    Driven,
    is_whole,
)  # fmt: skip


@pytest.fixture
def live(index: Index, tmp_path: Path) -> Driven:
    environment = {"XDG_STATE_HOME": str(tmp_path / "state"), "EDITOR": "nosuch-ed"}
    return Driven(Session(index, PLAIN, environment))


def titles(state: State) -> list[str]:
    assert state.answer
    return [hit.text("title") for hit in state.answer.results.hits]


def test_hits_change_with_every_letter(live: Driven) -> None:
    def script(live: Driven) -> None:
        assert live.until(is_whole).total == 4
        found = titles(live.type("clim"))
        assert found == ["What the climate pact says", "The hottest year"]
        state = live.type("ate sea")
        assert titles(state) == ["The hottest year"]
        assert state.answer
        assert state.answer.meaning == "climat and sea…"
        assert [row.value for row in dict(state.tally.facets)["topics"]] == ["Climate", "Oceans"]  # type: ignore[union-attr]

    assert live.run(script) is None
    assert "hottest" in live.screen.getvalue()


def test_a_value_of_a_facet_is_added_and_taken_away(live: Driven) -> None:
    def script(live: Driven) -> None:
        live.press(F2, lambda state: state.chooses_facets)
        state = live.press(ENTER, lambda state: bool(state.text) and is_whole(state))
        assert state.text == "topics:=Climate "
        assert state.total == 2
        state = live.press(ENTER, lambda state: not state.text and is_whole(state))
        assert state.total == 4
        live.press(DOWN, lambda state: state.facet_at == 1)
        state = live.press(ENTER, lambda state: bool(state.text) and is_whole(state))
        assert state.text == "topics:=Energy "
        live.press(ESCAPE, lambda state: not state.chooses_facets)

    live.run(script)


def test_arrows_choose_and_enter_reads(live: Driven) -> None:
    def script(live: Driven) -> None:
        live.type("climate")
        live.press(DOWN, lambda state: state.selected == 1 and is_whole(state))
        state = live.press(ENTER, lambda state: state.reads and is_whole(state))
        assert state.preview
        assert state.preview.path == "posts/heat.md"
        live.press(ESCAPE, lambda state: not state.reads)
        live.press(UP, lambda state: state.selected == 0)

    live.run(script)


def test_orders_likeness_help_and_explanations_have_keys(live: Driven) -> None:
    def script(live: Driven) -> None:
        live.type("climate")
        state = live.press(F5, lambda state: state.sort == "-date" and state.is_current)
        assert state.answer
        assert state.answer.results.sort == "-date"
        state = live.press(F7, lambda state: state.overlay is not None)
        assert state.overlay
        assert "for: climate\n" in state.overlay.text
        assert "climate OR climate*" in state.overlay.text
        live.press(ESCAPE, lambda state: state.overlay is None)
        state = live.press(F6, lambda state: bool(state.like) and is_whole(state))
        assert titles(state) == ["The hottest year", "Cameras see past the mask"]
        live.press(ESCAPE, lambda state: not state.like and is_whole(state))
        state = live.press(F1, lambda state: state.overlay is not None)
        assert state.overlay
        assert "F2" in state.overlay.text
        live.press(F3, lambda state: len(state.panes) == 2)

    live.run(script)
    assert live.session.sort == "-date"


def test_what_commands_set_counts_in_the_live_shell(live: Driven) -> None:
    def script(live: Driven) -> None:
        assert live.type("hottest pact ").total == 2
        live.press(HOME + ":match all" + ENTER, lambda state: bool(state.options))
        live.until(lambda state: state.is_current and not state.total)
        live.press(HOME + ":match best" + ENTER, lambda state: state.total == 2)

    live.run(script)


def test_an_address_is_shown_in_the_browser(live: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: bool(shown.append(url) or "pact" in url))

    def script(live: Driven) -> None:
        live.type("pact")
        live.press(F8, lambda state: state.message == "https://greenledger.example/pact")
        live.press(CTRL_C, lambda state: not state.text and is_whole(state))
        live.type("cameras")
        live.press(F8, lambda state: "no address that starts with http" in state.message)

    live.run(script)
    assert shown == ["https://greenledger.example/pact"]


def clicked(column: int, row: int) -> str:
    """What a terminal sends for a click, both counted from 1."""
    return f"\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m"


WHEEL_UP, WHEEL_DOWN = "\x1b[<64;50;10M", "\x1b[<65;50;10M"


def test_the_mouse_chooses_and_the_wheel_moves(index: Index, tmp_path: Path) -> None:
    environment = {"XDG_STATE_HOME": str(tmp_path / "state")}
    session = Session(index, PLAIN, environment, Preferences(mouse=True))

    def script(live: Driven) -> None:
        size = rows_per_hit(live.until(is_whole).arrangement.hits)
        first = 4  # below the query, the total and what it means
        live.press(WHEEL_DOWN, lambda state: state.selected == 1)
        live.press(WHEEL_DOWN, lambda state: state.selected == 2)
        live.press(WHEEL_UP, lambda state: state.selected == 1)
        live.press(clicked(40, first), lambda state: state.selected == 0)
        live.press(clicked(40, first + 3 * size), lambda state: state.selected == 3)
        live.keys.send_text(clicked(40, first + 5 * size) + clicked(130, first))  # nothing there
        live.press(WHEEL_UP, lambda state: state.selected == 2)

    live = Driven(session)
    live.run(script)
    assert "\x1b[?1000h" in live.screen.getvalue()


def test_without_the_setting_the_mouse_marks_text(live: Driven) -> None:
    live.run(lambda live: None)
    assert "\x1b[?1000h" not in live.screen.getvalue()


def test_titles_are_links_where_the_terminal_has_them(index: Index, tmp_path: Path) -> None:
    palette = COLOURED._replace(files=str(index.path.parent))
    session = Session(index, palette, {"XDG_STATE_HOME": str(tmp_path / "state")})
    live = Driven(session)
    live.run(lambda live: None)
    sent = live.screen.getvalue()
    assert f"\x1b]8;;file://{index.path.parent}/posts/pact.md\x1b\\" in sent
    assert "\x1b]8;;https://greenledger.example/pact\x1b\\" in sent
    assert session.palette == palette


def test_a_query_without_hits_is_mended_with_one_key(live: Driven) -> None:
    def script(live: Driven) -> None:
        state = live.press("climate hottest title:zzz ", lambda state: len(state.edits) > 1)
        assert state.edits[0].query == "climate hottest"
        assert "leaves nothing" in live.screen.getvalue()
        live.press(ENTER, lambda state: state.text == "climate hottest" and state.total > 0)
        live.press(" date:1999 ", lambda state: bool(state.edits))
        state = live.press(DOWN, lambda state: state.selected == 1)
        second = state.edits[1].query
        live.press(ESCAPE + "2", lambda state: state.text == second and is_whole(state))

    live.run(script)


def test_commands_are_about_the_hits_on_the_screen(live: Driven) -> None:
    def script(live: Driven) -> None:
        live.type("climate")
        live.press(HOME + ":facets type", lambda state: state.text == ":facets type")
        state = live.press(ENTER, lambda state: state.overlay is not None)
        assert state.text == "climate"
        assert state.overlay
        assert "2\x1b<>  article" in state.overlay.text
        live.press(HOME + ":nosuch" + ENTER, lambda state: "no command" in state.message)
        live.press(
            HOME + ":show 2" + ENTER,
            lambda state: bool(state.overlay and "hottest" in state.overlay.text),
        )
        live.press(CTRL_O, lambda state: "nosuch-ed" in state.message)

    live.run(script)


def test_the_graph_of_posts_is_walked(live: Driven, posts: Path) -> None:
    text = "---\ntitle: How to sew a mask\nrelated:\n  - title: The hottest year\n---\n"
    (posts / "sew.md").write_text(text, encoding="utf-8")
    live.session.index.sync([posts])

    def overlay(state: State) -> str:
        return state.overlay.text if state.overlay else ""

    def script(live: Driven) -> None:
        live.type("cameras")
        live.press(HOME + ":rel 1" + ENTER, lambda state: "posts/sew.md" in overlay(state))
        live.press(":rel 1" + ENTER, lambda state: "posts/heat.md" in overlay(state))
        state = live.press(":show 1" + ENTER, lambda state: "sea" in overlay(state))
        assert state.text == "cameras"

    live.run(script)


@pytest.mark.parametrize(("command", "shell"), [(":plain", Shell.LINES), (":quit", None)])
def test_commands_that_leave(live: Driven, command: str, shell: Shell | None) -> None:
    live.last_keys = command + ENTER
    assert live.run(lambda live: None) is shell


def test_the_terminal_is_asked_to_copy(live: Driven) -> None:
    def script(live: Driven) -> None:
        live.type("pact")
        live.press("\x18p", lambda state: state.message.startswith("copied: /"))
        live.press(
            "\x18u", lambda state: state.message == "copied: https://greenledger.example/pact"
        )
        live.press(CTRL_C, lambda state: not state.text and is_whole(state))
        live.type("past")
        live.press("\x18u", lambda state: state.message == "hit 1 has no address")

    live.run(script)
    assert "\x1b]52;c;aHR0cHM6Ly9ncmVlbmxlZGdlci5leGFtcGxlL3BhY3Q=\x07" in live.screen.getvalue()


def test_a_problem_is_told_while_typing(live: Driven) -> None:
    def script(live: Driven) -> None:
        state = live.type("climate title:")
        assert state.total == 2

    live.run(script)
    assert "nothing stands behind" in live.screen.getvalue()


def test_another_process_commits(live: Driven, posts: Path) -> None:
    def script(live: Driven) -> None:
        (posts / "new.md").write_text("---\ntitle: Anew\n---\n", encoding="utf-8")
        with searchidx.open(posts.parent / "index") as other:
            other.sync([posts])
        state = live.type("anew")
        assert titles(state) == ["Anew"]
        live.until(lambda state: state.news.startswith("the index changed: generation 2"))

    live.run(script)


def test_an_index_that_is_gone_is_told_until_there_is_one(live: Driven, posts: Path) -> None:
    folder = posts.parent / "index"

    def script(live: Driven) -> None:
        live.type("climate")
        folder.rename(posts.parent / "elsewhere")
        live.press("x", lambda state: "no index here" in state.message)
        (posts.parent / "elsewhere").rename(folder)
        state = live.press(" ", lambda state: state.is_current)
        assert state.message == ""

    live.run(script)


def test_it_works_on_the_smallest_screen(index: Index, tmp_path: Path) -> None:
    session = Session(index, PLAIN, {"XDG_STATE_HOME": str(tmp_path / "state")})

    def script(live: Driven) -> None:
        assert live.type("climate").total == 2
        live.press(F2, lambda state: state.chooses_facets and is_whole(state))
        live.size = Size(6, 20)
        live.press(ESCAPE, lambda state: not state.chooses_facets)
        live.press(ENTER, lambda state: state.reads)

    small = Driven(session, 60, 16)
    small.run(script)


def test_queries_that_were_read_are_remembered(live: Driven, tmp_path: Path) -> None:
    def script(live: Driven) -> None:
        live.type("climate")
        live.press(ENTER, lambda state: state.reads)
        live.press(ESCAPE, lambda state: not state.reads)

    live.run(script)
    file = tmp_path / "state" / "searchidx" / "history"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text(encoding="utf-8").endswith("\n+climate\n")


def test_pasted_lines_become_one(live: Driven) -> None:
    def script(live: Driven) -> None:
        live.keys.send_text("\x1b[200~climate\nsea\x1b[201~")
        state = live.until(lambda state: state.text == "climate sea" and is_whole(state))
        assert titles(state) == ["The hottest year"]

    live.run(script)
