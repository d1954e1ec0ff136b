"""The command line as its users meet it: stdout, stderr and exit code of each command."""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from searchidx.cli.arguments import build_parser, command_of, with_dashed_values
from searchidx.cli.main import COMMANDS, main
from searchidx.cli.terminal import palette_for, progress_line, terminal_size
from searchidx.render import COLOURED, PLAIN
from searchidx.sync import Progress
from tests.conftest import write_posts

POSTS = {
    "news/masks.md": "---\ntitle: Face masks\nexcerpt: Masks in photographs.\n"
    "topics: [Computer Vision, AI]\ndate: 2020-05-20\nprovider: Harbour Wire\nquality: 104\n"
    "webUrl: https://harbourwire.example/masks\n---\nBody.\n",
    "news/bread.md": "---\ntitle: Bread\ntopics: Cooking\ndate: 2021-01-02\nquality: 20\n---\n",
}


class Ran:
    """What a command printed, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> object:
    """A function from arguments to what they print, in a folder that holds `posts/`."""
    write_posts(tmp_path / "posts", POSTS)
    monkeypatch.chdir(tmp_path)
    for name in ("SEARCHIDX_INDEX", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str) -> Ran:
        code = main(arguments)
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return call


@pytest.fixture
def indexed(run):  # type: ignore[no-untyped-def]
    assert run("index", "posts").code == 0
    return run


def test_index_prints_a_report(run) -> None:  # type: ignore[no-untyped-def]
    first = run("index", "posts")
    lines = first.out.splitlines()
    assert lines[0] == "added 2, changed 0, renamed 0, removed 0, unchanged 0, problems 0"
    assert lines[1].startswith("2 posts in ")
    assert lines[1].endswith(" posts/s")
    assert (first.code, first.err) == (0, "")
    again = run("index")
    assert again.out.startswith("added 0, changed 0, renamed 0, removed 0, unchanged 2")
    assert run("index", "--quiet").out == ""


def test_a_dry_run_lists_what_would_be_done(indexed, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "posts" / "news" / "bread.md").unlink()
    done = indexed("index", "--dry-run")
    assert done.out.startswith("would be added 0, changed 0, renamed 0, removed 1, unchanged 1")
    assert "  removed: posts/news/bread.md\n" in done.out
    assert indexed("query", "bread").code == 0


def test_problems_are_listed_and_lost_text_is_an_error(indexed, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    write_posts(tmp_path / "posts", {"kept.md": "---\ntitle: T\ndate: soon\n---\n"})
    kept = indexed("index")
    assert kept.code == 0
    assert kept.err.startswith("posts/kept.md:3: ")
    write_posts(tmp_path / "posts", {"lost.md": "---\ntitle: one\ntitle: two\n---\n"})
    lost = indexed("index")
    assert lost.code == 2
    assert "posts/lost.md:2: " in lost.err
    assert indexed("index").code == 2


def test_index_json_is_the_whole_report(run) -> None:  # type: ignore[no-untyped-def]
    report = json.loads(run("index", "posts", "--json").out)
    assert report["added"] == ["posts/news/bread.md", "posts/news/masks.md"]
    assert (report["posts"], report["problems"], report["dry_run"]) == (2, [], False)


def test_query_prints_the_hits_and_a_summary(indexed) -> None:  # type: ignore[no-untyped-def]
    done = indexed("query", "mask", "vision")
    assert done.out == (
        "1  Face *masks*\n"
        "   2020-05-20 · Harbour Wire · Computer *Vision*, AI\n"
        "   posts/news/masks.md\n"
        "   *Masks* in photographs.\n"
        "\n"
    )
    assert done.err.startswith("1 post matches (")
    assert done.code == 0


def test_a_template_is_looked_at_before_anything_is_searched(indexed) -> None:  # type: ignore[no-untyped-def]
    for words in (("query", "nosuch:field"), ("similar", "nosuch.md"), ("saved", "run", "nosuch")):
        assert "--format: there is no field 'nosuch'" in indexed(*words, "--format", "{nosuch}").err


def test_no_hit_is_exit_code_1_in_every_format(indexed) -> None:  # type: ignore[no-untyped-def]
    for flags in ((), ("--count",), ("-l",), ("--json",), ("--jsonl",), ("--format", "{title}")):
        assert indexed("query", "zebra", *flags).code == 1
    assert indexed("query", "zebra").out == ""
    assert json.loads(indexed("query", "zebra", "--json").out)["hits"] == []
    assert indexed("query", "zebra", "--count").out == "0\n"


def test_an_unknown_field_brings_the_query_with_a_known_one(indexed) -> None:  # type: ignore[no-untyped-def]
    done = indexed("query", "titel:bread")
    assert done.code == 2
    assert done.err.splitlines()[-1] == "did you mean: title:bread  (1)"
    assert done.out == ""


def test_no_hits_are_explained_on_stderr(indexed) -> None:  # type: ignore[no-untyped-def]
    done = indexed("query", "bread date:1999")
    assert done.code == 1
    assert done.out == ""
    assert done.err.splitlines()[1:] == [
        "       1  bread",
        "       0  date:1999  leaves nothing",
        "without date:1999: bread  (1)",
    ]


def test_a_misspelt_word_brings_a_suggestion(indexed) -> None:  # type: ignore[no-untyped-def]
    done = indexed("query", "breda")
    assert done.err.splitlines()[1] == "did you mean: bread  (1)"
    assert json.loads(indexed("query", "breda", "--json").out)["suggestions"] == [
        {"query": "bread", "total": 1}
    ]


def test_a_query_error_shows_the_place(indexed) -> None:  # type: ignore[no-untyped-def]
    done = indexed("query", "mask qualty:5")
    assert done.code == 2
    assert done.out == ""
    assert done.err.splitlines()[:3] == [
        "searchidx: there is no field 'qualty'",
        "  mask qualty:5",
        "       ^^^^^^^",
    ]
    assert "did you mean quality:?" in done.err


OUTPUTS = {
    "paths": (("-l",), "posts/news/bread.md\nposts/news/masks.md\n"),
    "paths with NUL": (("-l", "-0"), "posts/news/bread.md\0posts/news/masks.md\0"),
    "template": (("--format", r"{rank}\t{title}\t{quality}"), "1\tBread\t20\n2\tFace masks\t104\n"),
    "template braces": (("--format", "{{{title}}}", "-n", "1"), "{Bread}\n"),
    "count": (("--count",), "2\n"),
    "limit": (("-n", "1", "-l"), "posts/news/bread.md\n"),
    "offset": (("--offset", "1", "-l"), "posts/news/masks.md\n"),
    "sort": (("--sort", "-quality", "-l"), "posts/news/masks.md\nposts/news/bread.md\n"),
    "since": (("--since", "2021", "-l"), "posts/news/bread.md\n"),
    "until": (("--until", "2020", "-l"), "posts/news/masks.md\n"),
}


@pytest.mark.parametrize(("flags", "expected"), OUTPUTS.values(), ids=list(OUTPUTS))
def test_outputs(indexed, flags: tuple[str, ...], expected: str) -> None:  # type: ignore[no-untyped-def]
    assert indexed("query", "*", *flags).out == expected


def test_a_query_with_a_dash_goes_behind_two_dashes(indexed) -> None:  # type: ignore[no-untyped-def]
    assert indexed("query", "-l", "--", "-mask").out == "posts/news/bread.md\n"


def test_a_query_is_read_from_stdin(indexed, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(sys, "stdin", io.StringIO("bread\n"))
    assert indexed("query", "-", "-l").out == "posts/news/bread.md\n"


def test_field_facet_and_explain(indexed) -> None:  # type: ignore[no-untyped-def]
    assert indexed("query", "vision", "--field", "title").code == 1
    counted = indexed("query", "*", "--facet", "topics", "-n", "0").out
    assert counted == "topics\n       1  AI\n       1  Computer Vision\n       1  Cooking\n\n"
    explained = indexed("query", "bread", "--explain").out
    assert "title:bread" in explained
    assert "idf" in explained


def test_colours_come_from_the_palette(indexed) -> None:  # type: ignore[no-untyped-def]
    out = indexed("--color", "always", "query", "mask").out
    assert COLOURED.match + "masks" + COLOURED.match_end in out


def test_nothing_of_a_post_steers_the_terminal(indexed, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    head = 'author: "\\e]0;x\\a"\ntitle: "evil \\e[31m red \\a \\u202e bidi \\u009b1m"'
    evil = f"---\n{head}\n---\n\x1b[2J evil"
    write_posts(tmp_path / "posts", {"evil\x1b[31m.md": evil})
    indexed("index")
    for flags in ((), ("-l",), ("--format", "{title} {meta.author}"), ("--json",), ("--jsonl",),
                  ("--explain",), ("--facet", "title")):  # fmt: skip
        printed = indexed("query", "evil", *flags)
        assert printed.code == 0
        for char in ("\x1b", "\x07", "\u202e", "\x9b"):
            assert char not in printed.out + printed.err


def test_the_index_is_found(indexed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    below = tmp_path / "posts" / "news"
    monkeypatch.chdir(below)
    assert indexed("query", "bread", "-l").out == "bread.md\n"
    monkeypatch.setenv("SEARCHIDX_INDEX", str(tmp_path / "none"))
    missing = indexed("query", "bread")
    assert missing.code == 2
    assert "no index here; build one with: searchidx index FOLDER" in missing.err
    assert indexed("--index", "../../index", "query", "bread").code == 0
    assert indexed("query", "--index", "../../index", "bread").code == 0


def test_settings_name_the_index_and_the_roots(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    write_posts(
        tmp_path,
        {"searchidx.toml": 'roots = ["posts"]\nindex = "built"\n[fields.quality]\naliases = ["q"]'},
    )
    assert run("index").code == 0
    assert (tmp_path / "built").is_dir()
    assert run("query", "q:104", "-l").out == "posts/news/masks.md\n"
    (tmp_path / "searchidx.toml").write_text("rots = 1")
    refused = run("index")
    assert refused.code == 2
    assert refused.err.startswith(f"searchidx: {tmp_path / 'searchidx.toml'}:1: rots: ")


def test_looking_around(indexed) -> None:  # type: ignore[no-untyped-def]
    assert "posts         2" in indexed("stats").out
    assert json.loads(indexed("stats", "--json").out)["posts"] == 2
    fields = indexed("fields").out
    assert fields.splitlines()[0].split() == ["FIELD", "KIND", "POSTS", "ALSO"]
    assert "topics" in fields
    assert indexed("terms", "topics", "co").out == "1\tcomputer\n1\tcooking\n"
    assert indexed("terms", "topics", "zz").code == 1
    assert indexed("terms", "nofield").code == 2
    assert indexed("check").out == "the index is whole\nit agrees with the files\n"


def test_check_tells_a_stale_index_by_its_exit_code(indexed, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "posts" / "news" / "bread.md").unlink()
    stale = indexed("check")
    assert stale.code == 1
    assert "does not agree with the files" in stale.out
    assert json.loads(indexed("check", "--json").out)["sync"]["removed"] == ["posts/news/bread.md"]


def test_a_damaged_index_is_told_and_rebuilt(indexed, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    for path in (tmp_path / "index").glob("_MAIN_*.json"):
        path.write_text("{}")
    broken = indexed("query", "bread")
    assert broken.code == 2
    assert "searchidx index --full" in broken.err
    assert indexed("index", "posts").code == 2
    assert indexed("index", "posts", "--full").code == 0
    assert indexed("query", "bread").code == 0


def test_a_folder_that_is_not_there(run) -> None:  # type: ignore[no-untyped-def]
    done = run("index", "nowhere")
    assert done.code == 2
    assert "no such folder" in done.err


def test_paths_with_null_are_the_bytes_that_name_the_files(indexed, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    odd = os.fsencode(tmp_path / "posts") + b"/back\\slash \xff.md"
    Path(os.fsdecode(odd)).write_text("# Peculiar")
    indexed("index")
    command = [sys.executable, "-m", "searchidx", "query", "peculiar", "-l", "-0"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stdout == b"posts/back\\slash \xff.md\0"


CLOSED = {
    "stdin": ("query - <&-", 2), "stdout": ("query mask >&-", 0), "stats": ("stats >&-", 0),
    "shell": ("shell <&-", 0), "bad bytes": ("query - < bytes", 0), "stderr": ("query x:y 2>&-", 2),
}  # fmt: skip


@pytest.mark.parametrize(("words", "code"), CLOSED.values(), ids=list(CLOSED))
def test_streams_that_are_closed_or_odd(indexed, tmp_path: Path, words: str, code: int) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "bytes").write_bytes(b"mask \xff")
    command = f"{sys.executable} -m searchidx {words}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_in_good_order_from_the_first_moment(indexed) -> None:  # type: ignore[no-untyped-def]
    script = (
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'searchidx.index': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from searchidx.cli.entry import run\nsys.argv = ['searchidx', 'query', 'mask']\nrun()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"searchidx: interrupted\n")


def test_what_argparse_repeats_is_clean(run) -> None:  # type: ignore[no-untyped-def]
    command = [sys.executable, "-m", "searchidx", "query", "x", "--bo\x1b[31mgus"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"\x1b" not in done.stderr


REFUSED = [
    ("--jsonl", "--facet", "topics"), ("--count", "--explain"), ("-l", "--explain"), ("-0",),
    ("--format", "{title}", "--facet", "topics"),
]  # fmt: skip


@pytest.mark.parametrize("flags", REFUSED)
def test_a_flag_without_effect_is_refused(indexed, flags: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    done = indexed("query", "mask", *flags)
    assert (done.code, done.out) == (2, "")
    assert "has no place" in done.err


def test_explain_adds_up_in_json_lines(indexed) -> None:  # type: ignore[no-untyped-def]
    row = json.loads(indexed("query", "mask", "--jsonl", "--explain", "--field", "title").out)
    assert row["explanation"]["score"] == row["score"]


def test_damage_found_while_searching_is_told(indexed, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (segment,) = (tmp_path / "index").glob("*.cols")
    whole = segment.read_bytes()
    chance = random.Random(1)
    told = 0
    for _ in range(60):
        damaged = bytearray(whole)
        at = chance.randrange(len(damaged) - 64)
        damaged[at : at + 64] = bytes(chance.randrange(256) for _ in range(64))
        segment.write_bytes(damaged)
        for words in (("query", "mask OR bread"), ("stats",), ("check",), ("terms", "topics")):
            done = indexed(*words)
            assert done.code in (0, 1, 2)
            told += "--full" in done.err or "damaged: " in done.out
    assert told
    segment.write_bytes(whole)
    assert indexed("check").code == 0


def test_roots_of_the_last_time_are_kept_when_the_settings_name_none(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    write_posts(tmp_path, {"searchidx.toml": "[fields.title]\nweight = 4", "seeds/x.md": "# X"})
    assert run("index", "posts").code == 0
    assert "removed 0, unchanged 2" in run("index").out
    assert run("check").code == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_names_every_command(run, shell: str) -> None:  # type: ignore[no-untyped-def]
    script = run("completion", shell).out
    for command in COMMANDS:
        assert command in script
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_a_closed_pipe_ends_quietly(indexed, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    many = {f"{n}.md": f"# Number {n}\n" + "word " * 200 for n in range(300)}
    write_posts(tmp_path / "posts", many)
    indexed("index", "-q")
    command = [sys.executable, "-m", "searchidx", "query", "word", "-n", "300", "--json"]
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as stdout:
        done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


PALETTES = [
    ("always", {"NO_COLOR": "1"}, False, COLOURED),
    ("never", {"FORCE_COLOR": "1"}, True, PLAIN),
    ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1", "TERM": "xterm"}, True, PLAIN),
    ("auto", {"FORCE_COLOR": "1"}, False, COLOURED),
    ("auto", {"NO_COLOR": "", "TERM": "xterm"}, True, COLOURED),
    ("auto", {"TERM": "dumb"}, True, PLAIN),
    ("auto", {}, True, PLAIN),
    ("auto", {"TERM": "xterm"}, False, PLAIN),
]


@pytest.mark.parametrize(("flag", "environment", "is_terminal", "expected"), PALETTES)
def test_when_there_is_colour(flag, environment, is_terminal, expected) -> None:  # type: ignore[no-untyped-def]
    assert palette_for(flag, environment, is_terminal) is expected


def test_the_progress_line_says_how_far_how_fast_how_long() -> None:
    line = progress_line(Progress(50, 200, "x.md"), elapsed_s=2.0)
    assert line == "█████░░░░░░░░░░░░░░░ 50/200  25 posts/s  6 s left"


def test_values_that_start_with_a_dash_are_joined_to_their_flag() -> None:
    parser = build_parser()
    given = ["query", "--sort", "-date", "--since", "-30d", "x", "--", "--sort", "-date"]
    assert with_dashed_values(parser, given) == [
        "query", "--sort=-date", "--since=-30d", "x", "--", "--sort", "-date",
    ]  # fmt: skip
    assert with_dashed_values(parser, ["query", "--limit", "-l"]) == ["query", "--limit", "-l"]


@pytest.mark.parametrize(
    "variables",
    [{}, {"COLUMNS": "66"}, {"LINES": "9", "COLUMNS": "0"}, {"COLUMNS": "-3", "LINES": "many"}],
    ids=str,
)
@pytest.mark.parametrize("own", [(0, 0), (77, 11), None], ids=str)
def test_the_size_of_the_terminal_is_what_shutil_says(
    variables: dict[str, str], own: tuple[int, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(stream: int = 1) -> os.terminal_size:
        if own is None:
            raise OSError("no terminal")
        return os.terminal_size(own)

    monkeypatch.setattr(os, "get_terminal_size", asked)
    for name in ("COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    assert terminal_size() == shutil.get_terminal_size()


@pytest.mark.parametrize(
    ("given", "command"),
    [
        ("query mask stats --sort -date", "query"),
        ("--index stats query mask", "query"),
        ("--index=x --color never stats --json", "stats"),
        ("index posts --index x", "index"),
        ("--help query", ""),
        ("--index", ""),
        ("quer mask", ""),
        ("-- query mask", ""),
        ("", ""),
    ],
)
def test_the_flags_of_the_command_at_hand_are_enough(
    given: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = given.split()
    assert command_of(words) == command

    def told(parser: argparse.ArgumentParser) -> object:
        try:
            return parser.parse_args(with_dashed_values(parser, words))
        except SystemExit as leaving:
            return leaving.code, capsys.readouterr()

    assert told(build_parser(command)) == told(build_parser())
