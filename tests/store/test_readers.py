"""Readers in other processes beside a writer that commits and commits: every answer is of one
whole generation, nothing is raised, and nothing of what they have left behind stays open.

Commit N rewrites every moving post with the word `wordN` in it, and one of the still ones.
`SEARCHIDX_TRIALS` says how many commits there are.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import searchidx
from searchidx.counts import FacetCount
from searchidx.results import Results
from tests.conftest import REPOSITORY, write_posts

COMMITS = int(os.environ.get("SEARCHIDX_TRIALS", "100"))
READERS = 3
STILL = 60
MOST_OPEN = 20
"""Files that the snapshots a reader holds on to may keep open: it holds three of a few segments."""

MOST_GROWTH_KIB = 50 * 1024


def moving_posts(generation: int) -> int:
    """How many posts are rewritten by a commit."""
    return 6 + generation % 5


def write_generation(root: Path, generation: int) -> None:
    for number in range(moving_posts(generation), 11):
        (root / f"moving{number}.md").unlink(missing_ok=True)
    word = f"word{generation}"
    text = f"---\ntopics: [{word}]\nquality: {generation}\n---\nmoving {word} " + "filler " * 50
    write_posts(root, {f"moving{n}.md": text for n in range(moving_posts(generation))})
    write_posts(root, {f"still{generation % STILL}.md": f"still, for the {generation}th time"})


# -- what a reader process does


class Reader:
    """Asks an index that somebody else writes to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.index = searchidx.open(folder)
        self.held: Results | None = None
        self.generations: set[int] = set()
        self.rounds = 0
        self.most_open = 0

    def ask(self) -> None:
        """One round of questions, and of questions to what was found in the round before."""
        self.index.refresh()
        found = self.asked(self.index)
        if self.held is not None:
            self.check_bodies(self.held)
        self.held = found
        if self.rounds % 5 == 0:
            with searchidx.open(self.folder) as fresh:
                assert fresh.generation >= self.index.generation
                self.check_bodies(self.asked(fresh))
        self.rounds += 1
        self.most_open = max(self.most_open, open_segments())

    def asked(self, index: searchidx.Index) -> Results:
        """The moving posts, of which all must be of the generation that the index shows."""
        word, count = f"word{index.generation}", moving_posts(index.generation)
        found = index.search("moving", limit=100, facets=("topics", "quality"))
        assert found.total == len(found) == count
        assert {hit.texts("topics") for hit in found} == {(word,)}
        assert found.facets["topics"] == (FacetCount(word, count),)
        assert found.facets["quality"] == (FacetCount(str(index.generation), count),)
        assert index.search(word, sort="quality").total == count
        assert index.search("moving wor*", limit=1).total == count
        assert index.search("still -moving", limit=0).total == STILL
        assert len(index) == STILL + count
        assert [term for term, _ in index.terms("topics")] == [word]
        assert index.explain(f'"moving {word}"', found.hits[0].path)
        self.generations.add(index.generation)
        return found

    def check_bodies(self, found: Results) -> None:
        """The bodies, read only now, are of the same generation as what was found."""
        (word,) = found.hits[0].texts("topics")
        assert all(hit.text("body").startswith(f"moving {word} ") for hit in found)


def open_segments() -> int:
    """How many segment files this process holds open, or still has mapped."""
    handles = 0
    for handle in os.listdir("/proc/self/fd"):
        try:
            handles += str(Path(f"/proc/self/fd/{handle}").readlink()).count(".cols")
        except FileNotFoundError:
            continue
    mapped = Path("/proc/self/maps").read_text(encoding="utf-8").count(".cols")
    return max(handles, mapped)


def memory_kib() -> int:
    """The most memory this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def read(folder: str, has_collector: str) -> None:
    """Ask until stdin is closed, then once more, and print what was seen."""
    if has_collector == "no":
        gc.disable()
    reader = Reader(Path(folder))
    for _ in range(20):
        reader.ask()
    before = memory_kib()
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        reader.ask()
    reader.ask()
    seen = {
        "rounds": reader.rounds,
        "generations": len(reader.generations),
        "last": reader.index.generation,
        "most_open": reader.most_open,
        "growth_kib": memory_kib() - before,
    }
    print(json.dumps(seen))


# -- the test


def start_reader(folder: Path, has_collector: str) -> subprocess.Popen[str]:
    script = "import sys; from tests.store.test_readers import read; read(*sys.argv[1:])"
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder), has_collector],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="counts what Linux says is open")
def test_readers_see_whole_generations_while_another_process_commits(tmp_path: Path) -> None:
    root = write_posts(tmp_path / "posts", {f"still{n}.md": "still" for n in range(STILL)})
    with searchidx.open(tmp_path / "index", create=True) as index:
        write_generation(root, 1)
        index.sync([root])
        started = [
            start_reader(tmp_path / "index", "no" if number == 0 else "yes")
            for number in range(READERS)
        ]
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n", process.communicate()[1]
        for generation in range(2, COMMITS + 2):
            write_generation(root, generation)
            assert index.sync([root]).generation == generation
        ended = [process.communicate() for process in started]
    for process, (output, complaints) in zip(started, ended, strict=True):
        assert complaints == ""
        assert process.returncode == 0
        seen: dict[str, Any] = json.loads(output)
        assert seen["last"] == COMMITS + 1
        assert seen["generations"] > 1
        assert seen["most_open"] <= MOST_OPEN
        assert process is started[0] or seen["growth_kib"] < MOST_GROWTH_KIB
