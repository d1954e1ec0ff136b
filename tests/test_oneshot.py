"""What a search from the command line imports, and what it tells of its time."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from searchidx.cli.main import main
from tests.conftest import write_posts

SEARCHIDX = """
searchidx analysis cli cli.arguments cli.commands cli.entry cli.locate cli.main cli.terminal
cli.times columnar columnar.closeness columnar.columns columnar.decoded columnar.evaluate
columnar.fields columnar.found columnar.layout columnar.packed columnar.phrase columnar.postings
columnar.prior columnar.runs columnar.scoring columnar.searching columnar.segment columnar.select
columnar.stored english errors highlight index names patterns query query.clauses query.deferred
query.lex query.matches query.parse query.prose query.values query.vocabulary query.words reading
render results settings store store.answer store.damage store.fields store.folder store.manifest
store.ordering store.segments store.snapshot version width
"""
"""Modules of ours that any search imports."""

FOR_DATES = {"searchidx.query.dates", "whoosh.util.times"}

FOR_COUNTS = {
    *("searchidx.charts", "searchidx.counts", "searchidx.faceting", "searchidx.posts"),
    *("searchidx.posts.model", "searchidx.store.counting"),
}

WHOOSH = """
whoosh lang lang.stopwords matching matching.binary matching.combo matching.mcore matching.wrappers
query query.compound query.nested query.positional query.qcolumns query.qcore query.ranges
query.spans query.terms query.wrappers reading scoring system util util.numeric
"""
"""What `whoosh.query` cannot do without, BM25F, and the stop words."""

UNUSED = (
    "asyncio concurrent csv difflib email hashlib http logging multiprocessing secrets "
    "shlex shutil socket sqlite3 ssl subprocess tomllib unittest uuid xml"
)
"""Modules of Python that take a while to import and that no search needs."""

SCRIPT = """
import os, sys
before = set(sys.modules)
def leave(code):
    print(code, *sorted(set(sys.modules) - before), file=sys.stderr, flush=True)
    os.kill(os.getpid(), 9)
os._exit = leave
from searchidx.cli.entry import run
run()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    post = "---\ntitle: Face masks\ndate: 2020-05-20\nquality: 9\n---\nMasks in photographs.\n"
    write_posts(tmp_path / "posts", {"a.md": post, "b.md": "---\ntitle: Bread\n---\n"})
    monkeypatch.chdir(tmp_path)
    assert main(["index", "posts", "--quiet"]) == 0
    return tmp_path


def imported_by(
    folder: Path, *arguments: str, stdout: int = subprocess.DEVNULL
) -> tuple[int, set[str]]:
    """The exit code of a command line in a process of its own, and the modules it imported."""
    variables = {**os.environ, "COLUMNS": "80", "LINES": "60"}
    for name in ("PYTHONPATH", "PAGER", "SEARCHIDX_PAGER"):
        variables.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    code, *modules = done.stderr.splitlines()[-1].split()
    return int(code), set(modules)


def named(text: str) -> set[str]:
    """The full names of the modules of a package; the first is the package itself."""
    package, *modules = text.split()
    return {package, *(f"{package}.{module}" for module in modules)}


@pytest.mark.parametrize(
    ("query", "more"),
    [
        (["mask"], set()),
        (["mask photographs -bread"], set()),
        (['mask "face masks" quality:>5', "--sort", "-date", "--format", "{title}"], set()),
        (["mask date:2020"], FOR_DATES),
        (["mask", "--facet", "topics"], FOR_COUNTS),
    ],
    ids=["word", "words", "phrase and number", "date", "facet"],
)
def test_a_search_imports_what_it_needs_and_nothing_else(
    folder: Path, query: list[str], more: set[str]
) -> None:
    code, modules = imported_by(folder, "query", *query)
    assert code == 0
    found = {name for name in modules if name.partition(".")[0] in ("searchidx", "whoosh")}
    assert found == named(SEARCHIDX) | named(WHOOSH) | more
    packages = {name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names)
    assert packages == {"numpy", "searchidx", "whoosh"}
    assert modules & set(UNUSED.split()) == set()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")
def test_a_search_imports_no_more_for_a_terminal(folder: Path) -> None:
    _, piped = imported_by(folder, "query", "mask")
    with closing(Pty()) as terminal:
        code, shown = imported_by(folder, "query", "mask", stdout=terminal.end)
        assert "Face " in terminal.read()
    assert (code, shown) == (0, piped)


def test_a_sync_that_finds_nothing_changed_imports_nothing_to_read_or_write_posts(
    folder: Path,
) -> None:
    code, modules = imported_by(folder, "index")
    assert code == 0
    packages = {name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names)
    assert packages == {"numpy", "searchidx", "whoosh"}
    writing = {"searchidx.posts.frontmatter", "searchidx.store.build", "searchidx.store.writer"}
    assert modules & (writing | {"subprocess", "concurrent", "asyncio"}) == set()


class Pty:
    """A pseudo terminal, of which `end` is for the program that writes."""

    def __init__(self) -> None:
        self._own, self.end = os.openpty()

    def read(self) -> str:
        return os.read(self._own, 100_000).decode()

    def close(self) -> None:
        os.close(self._own)
        os.close(self.end)


def test_the_time_of_a_search_is_told_part_by_part(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["query", "mask", "--explain-time"]) == 0
    printed = capsys.readouterr()
    assert "Face" in printed.out
    rows = [line.rsplit(None, 2) for line in printed.err.splitlines() if line.endswith(" ms")]
    parts = [name.strip() for name, _, _ in rows]
    assert parts == [
        "interpreter", "arguments", "opening", "parsing", "evaluating", "fetching", "printing",
        "in all",
    ]  # fmt: skip
    times = [float(time) for _, time, _ in rows]
    assert times[-1] == pytest.approx(sum(times[:-1]), abs=0.05 * len(times))


def test_the_help_leaves_the_times_out(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["query", "--help"])
    assert "--explain-time" not in capsys.readouterr().out
