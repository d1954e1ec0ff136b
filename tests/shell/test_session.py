"""Transcripts: lines go into a session, replies come out; no terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import searchidx
from searchidx.index import Index
from searchidx.render import COLOURED, PLAIN
from searchidx.shell.commands import COMMANDS, run_line
from searchidx.shell.session import Reply, Session


def titles(reply: Reply) -> list[str]:
    """The first line of every hit printed."""
    return [line for line in reply.text.splitlines() if line[:1].isdigit()]


def notes(reply: Reply) -> str:
    """The notes without the time, which differs."""
    return reply.notes.partition(" (")[0].rstrip("\n")


def test_a_query_prints_hits_and_then_how_many(session: Session) -> None:
    reply = run_line(session, "  climate  ")
    assert titles(reply) == ["1  What the *climate* pact says", "2  The hottest year"]
    assert notes(reply) == "2 posts match"
    assert reply == Reply(text=reply.text, notes=reply.notes)


@pytest.mark.parametrize("line", ["", "   ", "\t\n"])
def test_a_line_without_text_does_nothing(session: Session, line: str) -> None:
    assert run_line(session, line) == Reply()


def test_pages_number_on_and_every_printed_number_stays_good(session: Session) -> None:
    run_line(session, ":limit 3")
    first = run_line(session, "*")
    assert notes(first) == "4 posts match, 1 to 3 shown, by -date"
    assert first.notes.endswith("; :next for more\n")
    second = run_line(session, ":next")
    assert titles(second)[0].startswith("4  Bread")
    assert notes(run_line(session, ":next")) == "no more: 4 posts match"
    assert run_line(session, ":show 1").text.startswith("1  posts/pact.md\n")
    assert len(titles(run_line(session, ":prev"))) == 3
    assert notes(run_line(session, ":prev")) == "this is the first page"
    assert run_line(session, ":show 4").text.startswith("4  posts/bread.md\n")


def test_no_hit_brings_suggestions(session: Session) -> None:
    reply = run_line(session, "climte")
    assert reply.text == ""
    assert notes(reply) == "no posts match"
    assert "1 did you mean: climate  (2)\n" in reply.notes
    assert not reply.failed


def test_a_query_without_hits_is_mended_by_number(session: Session) -> None:
    run_line(session, "climte")
    reply = run_line(session, ":fix")
    assert reply.notes.startswith("climate\n2 posts match")
    assert len(titles(reply)) == 2
    assert notes(run_line(session, ":fix 1")).startswith("nothing to mend")
    assert "1 did you mean: title:mask  (1)" in run_line(session, "tile:mask").notes
    assert notes(run_line(session, ":fix 2")) == "write a number from 1 to 1, not '2'"
    assert len(titles(run_line(session, ":fix 1"))) == 1


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("tile:mask", ["tile:mask", "^^^^^"], id="field"),
        pytest.param("(mask", ["(mask", "^"], id="parenthesis"),
        pytest.param(":sort topics", ["topics", "^"], id="sort"),
        pytest.param(":facets topcs", ["topcs", "^^^^^"], id="facet"),
    ],
)
def test_an_error_of_a_query_is_drawn(session: Session, line: str, expected: list[str]) -> None:
    reply = run_line(session, line)
    assert reply.failed
    assert reply.text == ""
    assert reply.notes.splitlines()[:2] == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (":opne 1", "there is no command :opne; did you mean :open?"),
        (":zzz", "there is no command :zzz; see :help"),
        (":", "there is no command :; see :help"),
        (":s 1", ":s may mean :show, :sort, :save, :saved"),
        (":show", "write :show N"),
        (":next 2", "write :next"),
        (":show 1", "no hits were printed yet; type a query"),
        (":next", "nothing was asked yet; type a query"),
        (":limit 0", "a limit is a number from 1 to 1000, not '0'"),
        (":limit ten", "a limit is a number from 1 to 1000, not 'ten'"),
    ],
)
def test_a_command_that_cannot_be_done_says_what_to_type(
    session: Session, line: str, expected: str
) -> None:
    assert run_line(session, line) == Reply(notes=expected + "\n", failed=True)


@pytest.mark.parametrize("number", ["9", "0", "-1", "x", "²", "1" * 30])
def test_a_number_that_was_not_printed_is_refused(session: Session, number: str) -> None:
    run_line(session, "climate")
    reply = run_line(session, f":show {number}")
    assert reply.notes == f"no hit {number!r} was printed; those from 1 to 2 were\n"


def test_an_error_leaves_what_was_printed(session: Session) -> None:
    run_line(session, "climate")
    assert run_line(session, "tile:x").failed
    assert run_line(session, ":show 2").text.startswith("2  posts/heat.md\n")


def test_show_prints_fields_body_and_metadata(session: Session) -> None:
    run_line(session, "climate")
    reply = run_line(session, ":show 1")
    assert reply.is_long
    assert reply.text == (
        "1  posts/pact.md\n"
        "\n"
        "title       What the *climate* pact says\n"
        "excerpt     After an extra day of talks, delegates agreed.\n"
        "topics      *Climate*\n"
        "            Energy\n"
        "provider    Green Ledger\n"
        "            greenledger.example\n"
        "type        article\n"
        "date        2021-11-15 08:00 UTC\n"
        "quality     80\n"
        "published   yes\n"
        "url         https://greenledger.example/pact\n"
        "\n"
        "The *climate* of the room was *tense*.\n"
        "Second line of the body.\n"
        "\n"
        "meta.mood  sober\n"
    )


def test_show_wraps_long_values_beside_their_label(session: Session) -> None:
    session.width = 40
    run_line(session, "pact")
    assert "excerpt     After an extra day of talks,\n            delegates" in (
        run_line(session, ":show 1").text
    )


@pytest.mark.parametrize("line", ["bread", ":show 1", ":more 1", ":json", ":explain 1"])
def test_nothing_of_a_post_steers_the_terminal(session: Session, line: str) -> None:
    run_line(session, "bread")
    reply = run_line(session, line)
    printed = reply.text + reply.notes + run_line(session, "bread").text
    assert not any(char in printed for char in "\x1b\a\u202e")


def test_more_finds_posts_like_a_hit_and_pages_through_them(session: Session) -> None:
    run_line(session, "pact")
    session.limit = 1
    first = run_line(session, ":more 1")
    assert titles(first)[0].startswith("1  ")
    assert "1 to 1 shown" in first.notes
    assert titles(run_line(session, ":next"))[0].startswith("2  ")
    refused = run_line(session, ":explain 1")
    assert refused.notes == ":explain works on the hits of a query, these came from :more\n"


def test_explain_prints_what_each_part_gave(session: Session) -> None:
    run_line(session, "climate")
    lines = run_line(session, ":explain 2").text.splitlines()
    assert lines[0] == "2  The hottest year"
    assert any("topics:climat" in line for line in lines[1:])


def test_sort_and_limit_run_the_query_again(session: Session) -> None:
    run_line(session, "climate")
    reply = run_line(session, ":sort date")
    assert titles(reply)[0] == "1  The hottest year"
    assert notes(reply) == "2 posts match, by date"
    assert titles(run_line(session, ":limit 1")) == ["1  The hottest year"]
    assert run_line(session, ":sort").notes == "sort date\n"
    assert run_line(session, ":limit").notes == "limit 1\n"
    assert titles(run_line(session, ":sort auto")) == ["1  What the *climate* pact says"]
    assert run_line(session, ":sort -quality, date").notes.startswith("2 posts match, 1 to 1 shown")


def test_sort_before_any_query_is_checked_and_kept(session: Session) -> None:
    assert run_line(session, ":sort nosuch").failed
    assert run_line(session, ":sort -date") == Reply()
    assert session.sort == "-date"


def test_facets_count_under_the_last_query(session: Session) -> None:
    everywhere = run_line(session, ":facets topics")
    assert everywhere.text.splitlines()[:2] == ["       2  Climate", "       2  Energy"]
    assert everywhere.notes == "topics of all posts\n"
    run_line(session, "provider:tideline")
    run_line(session, ":more 1")
    under = run_line(session, ":facets type")
    assert under.text == "       1  article\n       1  blog\n"
    assert under.notes == "type of the posts that match provider:tideline\n"


def test_fields_lists_fields_and_metadata_keys(session: Session) -> None:
    lines = [line.split() for line in run_line(session, ":fields").text.splitlines()]
    assert ["topics", "text", "4", "topic"] in lines
    assert ["meta.mood", "keyword", "1"] in lines


def test_json_switches_what_is_printed(session: Session) -> None:
    assert run_line(session, ":json").notes == "output: JSON\n"
    reply = run_line(session, "climte")
    assert reply.notes == ""
    assert json.loads(reply.text)["suggestions"] == [{"query": "climate", "total": 2}]
    assert json.loads(run_line(session, "climate").text)["total"] == 2
    assert json.loads(run_line(session, ":show 2").text)["path"] == "posts/heat.md"
    assert json.loads(run_line(session, ":explain 2").text)["score"] > 0
    assert json.loads(run_line(session, ":facets type").text) == [{"value": "article", "count": 2}]
    assert json.loads(run_line(session, ":fields").text)["meta"] == {"mood": 1}
    assert run_line(session, ":json").notes == "output: text\n"


def test_help_names_every_command(session: Session) -> None:
    text = run_line(session, ":help").text
    for command in COMMANDS:
        assert f"  :{command.name} " in text
        assert command.help in text
    assert run_line(session, "?").text == text
    assert run_line(session, ":help mor").text == "  :more N  posts like hit N\n"


def test_any_start_that_no_other_shares_will_do(session: Session) -> None:
    assert run_line(session, ":q").should_quit
    assert run_line(session, ":he").text == run_line(session, ":help").text


# -- opening


def test_open_names_the_editor_and_the_file(session: Session, posts: Path) -> None:
    run_line(session, "pact")
    assert run_line(session, ":open 1").command == ("ed", "-s", str(posts / "pact.md"))


def test_visual_comes_before_editor(index: Index, posts: Path) -> None:
    session = Session(index, PLAIN, {"VISUAL": "'my editor' --wait", "EDITOR": "ed"})
    run_line(session, "pact")
    assert run_line(session, ":op 1").command == ("my editor", "--wait", str(posts / "pact.md"))


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "neither $VISUAL nor $EDITOR names an editor; :open 1 url opens its address\n"),
        ({"VISUAL": " ", "EDITOR": ""}, "neither $VISUAL nor $EDITOR names an editor; "),
        ({"EDITOR": "vi '"}, "$EDITOR cannot be read as a command: No closing quotation\n"),
    ],
    ids=["none", "empty", "torn"],
)
def test_open_without_an_editor_says_so(
    index: Index, environment: dict[str, str], expected: str
) -> None:
    session = Session(index, PLAIN, environment)
    run_line(session, "pact")
    reply = run_line(session, ":open 1")
    assert reply.notes.startswith(expected)
    assert reply.failed
    assert not reply.command


def test_open_of_a_file_that_is_gone_says_so(session: Session, posts: Path) -> None:
    run_line(session, "pact")
    (posts / "pact.md").unlink()
    reply = run_line(session, ":open 1")
    assert reply.notes == "posts/pact.md: the file is gone; run: searchidx index\n"


def test_open_url_opens_web_addresses_only(session: Session) -> None:
    run_line(session, "pact")
    reply = run_line(session, ":open 1 url")
    assert (reply.url, reply.text) == (
        "https://greenledger.example/pact",
        "https://greenledger.example/pact\n",
    )
    run_line(session, "cameras")
    refused = run_line(session, ":open 1 url")
    assert refused.failed
    assert not refused.url


# -- other processes


def test_a_commit_by_another_process_is_seen_and_told_once(session: Session, posts: Path) -> None:
    run_line(session, "climate")
    (posts / "new.md").write_text("---\ntitle: Climate anew\n---\n", encoding="utf-8")
    with searchidx.open(posts.parent / "index") as other:
        other.sync([posts])
    reply = run_line(session, "climate")
    assert len(titles(reply)) == 3
    assert reply.news == "the index changed: generation 2, 5 posts\n"
    assert notes(reply) == "3 posts match"
    assert run_line(session, ":reload") == Reply(notes="generation 2, 5 posts\n")


def test_a_reader_that_does_not_end_puts_off_the_new_generation(
    session: Session, posts: Path
) -> None:
    (posts / "new.md").write_text("---\ntitle: Anew\n---\n", encoding="utf-8")
    with searchidx.open(posts.parent / "index") as other:
        other.sync([posts])
    with session.reading:
        session.refresh()
        assert session.index.generation == 1
    session.refresh()
    assert session.index.generation == 2


def test_an_index_that_is_gone_is_one_line(session: Session, index: Index) -> None:
    for file in index.path.iterdir():
        file.unlink()
    reply = run_line(session, "climate")
    assert reply.failed
    assert reply.notes.startswith(f"{index.path}: no index here;")
    assert reply.notes.count("\n") == 1


def test_colours_come_from_the_palette(index: Index) -> None:
    session = Session(index, COLOURED, {})
    assert "\x1b[1;33mclimate\x1b[0m" in run_line(session, "climate").text
    assert "\x1b[1;33mclimate\x1b[0m" in run_line(session, ":show 1").text


def test_why_is_answered_by_number_or_path(session: Session) -> None:
    assert notes(run_line(session, ":why 1")) == "nothing was asked yet; type a query"
    run_line(session, "climate extra")
    assert run_line(session, ":why 1").text.startswith("posts/pact.md\nmatches: hit 1 of 2")
    reply = run_line(session, ":why mask.md")
    assert "NO   climate  climat\n" in reply.text
    assert notes(run_line(session, ":why nosuch.md")).startswith("nosuch.md")


def test_counts_as_bars_and_tables(session: Session) -> None:
    assert run_line(session, ":hist").text.splitlines()[0].startswith("       1  2020-04  █")
    run_line(session, "climate")
    reply = run_line(session, ":hist year")
    assert [line.split()[:2] for line in reply.text.splitlines()] == [["1", "2020"], ["1", "2021"]]
    assert notes(reply) == "year of the posts that match climate"
    assert run_line(session, ":cross type year").text.splitlines()[1].split() == [
        "article", "1", "1", "2",
    ]  # fmt: skip
    assert notes(run_line(session, ":cross type")) == "write :cross FIELD FIELD"


def test_a_query_is_saved_and_named_in_another(session: Session) -> None:
    assert notes(run_line(session, ":save x")) == "nothing was asked yet; type a query"
    assert notes(run_line(session, ":saved")).startswith("nothing is saved yet")
    run_line(session, "climate OR bread")
    assert "@warm in a query stands for" in run_line(session, ":save warm").notes
    assert run_line(session, ":saved").text == "@warm  climate OR bread\n"
    assert titles(run_line(session, "@warm hottest")) == ["1  The *hottest* year"]
    assert notes(run_line(session, ":facets type")) == "type of the posts that match @warm hottest"
    assert "did you mean @warm?" in run_line(session, "@worm").notes
    assert notes(run_line(session, ":save a/b")).startswith("'a/b' is no name")


@pytest.mark.parametrize("suffix", [".md", ".json", ".csv"])
def test_hits_are_exported_and_nothing_is_overwritten(
    session: Session, tmp_path: Path, suffix: str
) -> None:
    run_line(session, ":limit 1")
    run_line(session, "climate")
    path = tmp_path / f"two words{suffix}"
    assert run_line(session, f":export {path}").notes == f"2 hits written to {path}\n"
    assert "The hottest year" in path.read_text(encoding="utf-8")
    assert run_line(session, f":export {path}").failed
    assert notes(run_line(session, ":export hits.txt")).startswith("a file ends in .md, .json")


def test_hits_are_piped(session: Session) -> None:
    assert notes(run_line(session, ":once | cat")) == "nothing was asked yet; type a query"
    run_line(session, "climate")
    piped = run_line(session, ":once |  grep -c  'x  y'").piped
    assert piped
    assert piped[0] == "grep -c  'x  y'"
    assert piped[1].startswith("1  What the *climate* pact says\n")
    assert notes(run_line(session, ":once |")) == "write :once | COMMAND"


def test_related_posts_are_walked(session: Session, posts: Path) -> None:
    related = "---\ntitle: How to sew a mask\nrelated:\n  - title: Cameras see past the mask\n---\n"
    (posts / "sew.md").write_text(related, encoding="utf-8")
    session.index.sync([posts])
    run_line(session, "cameras")
    reply = run_line(session, ":rel 1")
    assert reply.text == (
        "names\n   1  How to sew a mask  posts/sew.md\n"
        "is named by\n   2  How to sew a mask  posts/sew.md\n"
    )
    assert "   1  Cameras see past the mask  posts/mask.md\n" in run_line(session, ":rel 1").text
    assert run_line(session, ":show 1").text.startswith("1  posts/mask.md\n")
    (posts / "sew.md").unlink()
    session.index.sync([posts])
    run_line(session, "cameras")
    assert "   -  How to sew a mask  not in the index\n" in run_line(session, ":rel 1").text
