"""How long from a folder of posts to an index, and back in step after a change?

Measured: a first sync of synthetic posts in the sample's format (corpus.py), a sync with nothing
changed, a sync after one post changed, the index's size and the peak memory of the first sync. The
peers read with python-frontmatter and write the plain way (engines/), and know what changed by size
and time of the files, as searchidx does; each is shown with one process and, as `NAME-2`, with two
that read, as many as searchidx uses. By default searchidx indexes all that a file says, the peers
a few fields: `searchidx-fields` keeps those of the peers only, `tantivy-same` all that searchidx
does. `whoosh index` is Whoosh's own command, which takes the files as they are, front matter and
all. A process an engine and run; the files are in the page cache; the median of the runs. After
every step the index is asked whether it holds what it should. Beside them, what the peers cannot be
faster than: a walk of the tree, and python-frontmatter alone.

    python -m benchmarks.ingest --posts 5000 --runs 3 --out benchmarks/results/ingest-5000.json
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.corpus import absent_words
from benchmarks.engines import Engine, Searching, load, size_bytes
from benchmarks.engines.plain import read_post, read_whole, walk
from benchmarks.files import write_posts
from benchmarks.memory_use import peak_mb
from benchmarks.questions import Question, every_post
from benchmarks.report import (
    REFERENCE,
    compared,
    environment,
    figure,
    load_engines,
    options_parser,
    print_table,
    save,
)

STEPS_PER_RUN = 3
"""How often, in one run, the syncs are timed that are over in a moment."""

Measures = dict[str, list[float]]
"""Name of a measure -> its values."""

LABELS = {
    "posts_per_s": "posts per second",
    "noop_ms": "no-op sync, ms",
    "change_ms": "one changed post, ms",
    "index_mb": "index, MB",
    "peak_mb": "peak memory, MB",
    "started_mb": "memory before, MB",
}


class WrongIndex(Exception):
    """An index does not hold what it should."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 0 when every index was right, else 1."""
    about = __doc__.splitlines()[0]
    parser = options_parser("benchmarks.ingest", about, runs=3)
    parser.add_argument("--posts", type=int, default=5_000, help="how many (%(default)s)")
    parser.add_argument(
        "--folder",
        type=Path,
        help="take the posts below this folder that python-frontmatter can read, instead of those",
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes (%(default)s)")
    parser.add_argument(
        "--whoosh-command",
        action="store_true",
        help="time `whoosh index` even when whoosh is not among the engines",
    )
    parser.add_argument("--worker", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.worker:
        name, jobs, folder, where = options.worker
        engine = _WithJobs(load(name), int(jobs))
        print(json.dumps(_work(engine, Path(folder), Path(where), options.posts)))
        return 0
    engines, skipped = load_engines(options.engines)
    contestants = _contestants(engines, options.jobs)
    measured: dict[str, Measures] = {name: {} for name in contestants}
    wrong: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="searchidx-ingest-") as scratch:
        folder = Path(scratch, "posts")
        if options.folder:
            paths = _copied_posts(options.folder, folder)
            options.posts = len(paths)
        else:
            paths = write_posts(folder, options.posts, options.seed)
        floors = _floors(folder, paths)
        if "whoosh" in engines or options.whoosh_command:
            floors["whoosh_command_posts_per_s"] = _whoosh_command(folder, options.posts)
        for run in range(options.runs):
            for name in [name for name in contestants if name not in wrong]:
                print(f"{name}: run {run + 1} of {options.runs}", file=sys.stderr)
                try:
                    where = Path(scratch, f"{name}-{run}")
                    found = _in_process(contestants[name], folder, where, options.posts)
                except WrongIndex as error:
                    wrong[name] = str(error)
                else:
                    for measure, values in found.items():
                        measured[name].setdefault(measure, []).extend(values)
    _print(measured, floors, wrong, skipped)
    facts = {name: getattr(options, name) for name in ("posts", "seed", "runs", "jobs")}
    head = {"benchmark": "ingest", **facts, **environment(engines), "skipped": skipped}
    save(options.out, {**head, "wrong": wrong, "floors": floors, "measured": measured})
    return 1 if wrong else 0


def _copied_posts(source: Path, folder: Path) -> list[Path]:
    """Copy the posts that python-frontmatter can read, but for hidden ones."""
    copies = []
    for path in sorted(source.rglob("*.md")):
        name = path.relative_to(source)
        if any(part.startswith(".") for part in name.parts):
            continue
        try:
            read_whole(source, str(name))
        except Exception:  # whatever a parser makes of what people write
            continue
        copy = folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        copies.append(copy)
    return copies


@dataclass(frozen=True, slots=True)
class Contestant:
    """An engine, and how many processes it may use."""

    engine: str
    jobs: int


def _contestants(names: Iterable[str], jobs: int) -> dict[str, Contestant]:
    """searchidx with all processes, with all it finds and with the fields of the peers; each peer
    with one process and with all."""
    found = {}
    for name in names:
        if name == REFERENCE:
            found[name] = Contestant(name, jobs)
            found[f"{name}-fields"] = Contestant(f"{name}_fields", jobs)
            continue
        found[name] = Contestant(name, 1)
        if jobs > 1 and name != "whoosh":
            found[f"{name}-{jobs}"] = Contestant(name, jobs)
        if name == "tantivy":
            found[f"{name}-same"] = Contestant(f"{name}_same", jobs)
    return found


class _WithJobs:
    """An engine that always uses so many processes."""

    def __init__(self, engine: Engine, jobs: int) -> None:
        self._engine = engine
        self._jobs = jobs

    def sync(self, folder: Path, where: Path) -> int:
        return self._engine.sync(folder, where, self._jobs)

    def open(self, where: Path) -> Searching:
        return self._engine.open(where)


def _whoosh_command(folder: Path, posts: int) -> float:
    """How many files a second `whoosh index` takes, on a copy, for it writes into the folder."""
    start = "import sys; from whoosh.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", start, "index", "--ext", "md", "."]
    with tempfile.TemporaryDirectory(prefix="searchidx-ingest-") as scratch:
        copy = shutil.copytree(folder, Path(scratch, "posts"))
        run = partial(subprocess.run, command, cwd=copy, capture_output=True, check=True)
        return posts / _timed_ms(run) * 1000


def _in_process(one: Contestant, folder: Path, where: Path, posts: int) -> Measures:
    """What one engine does in a process of its own."""
    where.mkdir()
    worker = ["--worker", one.engine, str(one.jobs), str(folder), str(where), "--posts", str(posts)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.ingest", *worker],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise WrongIndex((done.stderr.strip() or f"exit {done.returncode}").splitlines()[-1])
    measures: Measures = json.loads(done.stdout)
    return measures


def _work(engine: _WithJobs, folder: Path, where: Path, posts: int) -> Measures:
    """All steps with one engine, in this process."""
    started_mb = peak_mb()
    build_ms = _timed_ms(lambda: engine.sync(folder, where))
    measures = {
        "posts_per_s": [posts / build_ms * 1000],
        "peak_mb": [peak_mb()],
        "started_mb": [started_mb],
        "index_mb": [size_bytes(where) / 1e6],
        "noop_ms": [],
        "change_ms": [],
    }
    _expect(engine, where, every_post(), posts)
    for _ in range(STEPS_PER_RUN):
        measures["noop_ms"].append(_timed_ms(lambda: engine.sync(folder, where)))
    paths = sorted(folder.rglob("*.md"))
    for number in range(STEPS_PER_RUN):
        word = absent_words()[number]
        path = _changeable(folder, paths[len(paths) * number // STEPS_PER_RUN :], word)
        measures["change_ms"].append(_change(engine, folder, where, path, word))
        _expect(engine, where, every_post(), posts)
    return measures


def _change(engine: _WithJobs, folder: Path, where: Path, path: Path, word: str) -> float:
    """Milliseconds to bring one changed post into the index; the post is as before afterwards."""
    question = Question("one changed post", (word,))
    _expect(engine, where, question, 0)
    before = path.read_bytes()
    try:
        path.write_bytes(_with_word(before, word))
        elapsed_ms = _timed_ms(lambda: engine.sync(folder, where))
        _expect(engine, where, question, 1)
    finally:
        path.write_bytes(before)
    engine.sync(folder, where)
    _expect(engine, where, question, 0)
    return elapsed_ms


def _changeable(folder: Path, paths: Sequence[Path], word: str) -> Path:
    """The first of some posts whose title `_with_word` changes: in few real ones, what looks like
    one is none."""
    for path in paths:
        before = path.read_bytes()
        try:
            path.write_bytes(_with_word(before, word))
            post = read_post(folder, str(path.relative_to(folder)))
        finally:
            path.write_bytes(before)
        if word in post.title.split():
            return path
    raise WrongIndex("no title can be changed")


def _with_word(post: bytes, word: str) -> bytes:
    """A post with a word more in its title, or with a title of that word if it has none."""
    added = word.encode()
    title = re.compile(rb"^title: *[\"']?", re.MULTILINE)
    titled, titles = title.subn(rb"\g<0>%b " % added, post, count=1)
    if titles:
        return titled
    fence, closing = (b"---\n", b"") if post.startswith(b"---\n") else (b"", b"---\n")
    return b"---\ntitle: %b\n%b%b" % (added, closing, post.removeprefix(fence))


def _expect(engine: _WithJobs, where: Path, question: Question, total: int) -> None:
    searching = engine.open(where)
    found = searching.answer(question).total
    searching.close()
    if found != total:
        raise WrongIndex(f"{question.name}: {found} posts instead of {total}")


def _timed_ms(step: Callable[[], object]) -> float:
    started = time.perf_counter()
    step()
    return (time.perf_counter() - started) * 1000


def _floors(folder: Path, paths: Sequence[Path]) -> dict[str, float]:
    """What every engine has to do at least."""
    names = [str(path.relative_to(folder)) for path in paths]
    walks = [_timed_ms(lambda: list(walk(str(folder)))) for _ in range(5)]
    reading_ms = _timed_ms(lambda: [read_post(folder, name) for name in names])
    return {"walk_ms": median(walks), "read_posts_per_s": len(paths) / reading_ms * 1000}


def _print(
    measured: Mapping[str, Measures],
    floors: Mapping[str, float],
    wrong: Mapping[str, str],
    skipped: Mapping[str, str],
) -> None:
    right = {name: measures for name, measures in measured.items() if name not in wrong}
    table = []
    for measure, label in LABELS.items():
        values = {name: median(measures[measure]) for name, measures in right.items()}
        reference = values.get(REFERENCE)
        cells = [compared(values[name], None if name == REFERENCE else reference) for name in right]
        table.append([label, *cells])
    print(f"Medians; in parentheses how many times {REFERENCE}'s.\n")
    print_table(["", *right], table)
    print(f"\nwalk and stat: {figure(floors['walk_ms'])} ms")
    print(f"python-frontmatter alone: {figure(floors['read_posts_per_s'])} posts per second")
    if command := floors.get("whoosh_command_posts_per_s"):
        print(f"whoosh index: {figure(command)} posts per second")
    for name, reason in wrong.items():
        print(f"{name}: WRONG, {reason}")
    for reason in skipped.values():
        print(reason)


if __name__ == "__main__":
    sys.exit(main())
