"""The benchmarks run, and the engines that are installed give the right answers, at a tiny size."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
INGEST_MEASURES = {"posts_per_s", "noop_ms", "change_ms", "index_mb", "peak_mb", "started_mb"}
MEMORY_MEASURES = {"posts_per_s", "index_mb", "bytes_per_post", "peak_mb", "own_mb"}
NO_PATTERNS = {(name, engine) for name in ("wildcard", "fuzzy") for engine in ("fts5", "xapian")}


@pytest.fixture(autouse=True)
def _from_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def run(command: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"benchmarks.{command}", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def results(command: str, out: Path, *options: str) -> dict[str, Any]:
    done = run(command, "--runs", "1", "--out", str(out), *options)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def test_every_engine_answers_every_question_alike(tmp_path: Path) -> None:
    found = results("query", tmp_path / "query.json", "--posts", "200")
    installed = set(found["versions"])
    assert {"searchidx", "whoosh"} <= installed
    assert len(found["classes"]) == 16
    for row in found["classes"]:
        assert row["wrong"] == {}
        assert len(row["questions"]) == 5
        assert set(row["times_ms"]) == set(row["median_ms"]) == installed - set(row["left_out"])
        assert all(len(times) == 5 for times in row["times_ms"].values())
    left_out = {(row["name"], name) for row in found["classes"] for name in row["left_out"]}
    assert left_out <= NO_PATTERNS


def test_kept_indexes_of_peers_are_used_again(tmp_path: Path) -> None:
    options = ("--posts", "30", "--runs", "1", "--keep", str(tmp_path), "--engines", "fts5")
    first, second = run("query", *options), run("query", *options)
    assert first.returncode == second.returncode == 0
    assert "fts5: indexing" in first.stderr
    assert "fts5: indexing" not in second.stderr


def test_every_engine_indexes_records_from_memory(tmp_path: Path) -> None:
    found = results("memory", tmp_path / "memory.json", "--posts", "20,40", "--whoosh-max", "30")
    assert [one["posts"] for one in found["sizes"]] == [20, 40]
    for one in found["sizes"]:
        assert one["wrong"] == {}
        of_whoosh = {"whoosh", "whoosh-mp", "whoosh-same"}
        assert set(one["left_out"]) == (of_whoosh if one["posts"] > 30 else set())
        labels = {*found["versions"], *of_whoosh, "tantivy-same"}
        assert set(one["measured"]) == labels - set(one["left_out"])
        assert all(set(measures) == MEMORY_MEASURES for measures in one["measured"].values())


def test_a_search_in_a_new_process_answers_as_its_peers_do(tmp_path: Path) -> None:
    found = results("oneshot", tmp_path / "oneshot.json", "--posts", "200")
    assert {"import numpy", "searchidx", "searchidx, as shown", "whoosh"} <= found["peers"].keys()
    for peer in found["peers"].values():
        assert peer["wrong"] == ""
        assert all(len(times) == 5 for times in peer["times_ms"].values())
        assert len(peer["times_ms"]) == 4


def test_every_engine_keeps_in_step_with_the_files(tmp_path: Path) -> None:
    found = results("ingest", tmp_path / "ingest.json", "--posts", "40")
    assert found["wrong"] == {}
    with_two = {f"{name}-2" for name in found["versions"] if name not in ("searchidx", "whoosh")}
    others = {
        "searchidx-fields",
        *(f"{name}-same" for name in found["versions"] if name == "tantivy"),
    }
    assert found["measured"].keys() == found["versions"].keys() | with_two | others
    assert found["floors"]["whoosh_command_posts_per_s"] > 0
    for measures in found["measured"].values():
        assert measures.keys() == INGEST_MEASURES


def test_stems_are_compared_before_they_are_timed(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Photographs of photographers, and 3 of a façade's", "utf-8")
    out = tmp_path / "stemming.json"
    done = run("stemming", str(tmp_path), "--runs", "2", "--out", str(out))
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    assert found["words"] == 6
    assert {"searchidx", "snowballstemmer"} <= found["times_us"].keys() == found["wrong"].keys()
    assert all(len(times) == 2 for times in found["times_us"].values())
    (tmp_path / "none").mkdir()
    assert run("stemming", str(tmp_path / "none")).returncode == 2


def test_an_engine_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.report import load_engines

    monkeypatch.setitem(sys.modules, "tantivy", None)
    monkeypatch.delitem(sys.modules, "benchmarks.engines.tantivy_engine", raising=False)
    engines, skipped = load_engines(["tantivy", "fts5"])
    assert list(engines) == ["fts5"]
    assert skipped["tantivy"].startswith("skipped, not installed")


def test_right_answers_agree_with_a_reading_of_the_texts() -> None:
    from benchmarks.corpus import records
    from benchmarks.pick import make_questions
    from benchmarks.truth import read_posts, true_answer

    posts = list(records(300))
    table = read_posts(posts)
    classes = make_questions(table)
    values = [[re.findall(r"\w+", v.lower()) for vs in p.texts() for v in vs] for p in posts]
    words = [{word for value in post for word in value} for post in values]
    one, two = classes["2 words AND"][0].words
    truths = {name: true_answer(table, asked[0]) for name, asked in classes.items()}
    assert truths["2 words AND"].total == sum({one, two} <= post for post in words)
    assert truths["2 words OR"].total == sum(one in post or two in post for post in words)
    phrase = classes["phrase"][0].words
    assert truths["phrase"].total == sum(
        any(phrase in pairwise(value) for value in post) for post in values
    )
    start = classes["prefix"][0].words[0]
    assert truths["prefix"].total == sum(
        any(word.startswith(start) for word in post) for post in words
    )
    (common,) = classes["sort by date"][0].words
    newest = [post for post, has in zip(posts, words, strict=True) if common in has][:-11:-1]
    assert truths["sort by date"].titles == tuple(post.title for post in newest)


def test_no_topic_stands_across_two_values() -> None:
    from benchmarks.corpus import records, topics

    pairs = {topic.lower() for topic in topics() if " " in topic}
    for post in records(2_000):
        for values in post.texts():
            for left, right in pairwise(values):
                assert f"{left.split()[-1]} {right.split()[0]}".lower() not in pairs


def test_files_say_what_the_records_do(tmp_path: Path) -> None:
    import frontmatter

    from benchmarks.corpus import records
    from benchmarks.engines.plain import read_post
    from benchmarks.files import write_posts

    posts = list(records(20))
    assert posts == list(records(20)) != list(records(20, seed=2))
    paths = write_posts(tmp_path, 20)
    assert len({path.parent for path in paths}) > 5
    for post, path in zip(posts, paths, strict=True):
        assert read_post(tmp_path, str(path.relative_to(tmp_path))) == post
        assert list(frontmatter.load(str(path)).metadata) == [
            "category", "title", "excerpt", "publishedDateTime", "webUrl", "ampWebUrl",
            "cdnAmpWebUrl", "type", "quality", "heat", "published", "provider", "topics", "images",
            "related", "secured",
        ]  # fmt: skip


def write_collection(folder: Path) -> None:
    """Three texts and two queries; the second is answered by a text that has none of its words."""
    folder.mkdir(parents=True)
    texts = [("a", "Glass", "clear glass in frames"), ("b", "Clay", "cups of clay"), ("c", "", "x")]
    rows = [{"_id": i, "title": title, "text": text} for i, title, text in texts]
    queries = [{"_id": "1", "text": "how is glass made?"}, {"_id": "2", "text": "clay cups"}]
    for name, lines in (("corpus", rows), ("queries", queries)):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n1\ta\t2\n2\tc\t1\n2\tb\t0\n")


def test_relevance_is_measured_of_every_engine_that_is_installed(tmp_path: Path) -> None:
    write_collection(tmp_path / "data" / "tiny")
    out = tmp_path / "relevance.json"
    done = run("relevance", "--data", str(tmp_path / "data"), "--out", str(out))
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    assert {"searchidx", "searchidx --expand", "Whoosh", "FTS5"} <= set(found["engines"])
    for collections in found["engines"].values():
        assert collections["tiny"]["queries"] == {"1": 1.0, "2": 0.0}
        assert collections["tiny"]["ndcg"] == 0.5
    assert "| searchidx " in done.stdout
    assert run("relevance", "--data", str(tmp_path)).returncode == 2


def test_parameters_are_tried_on_collections(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_collection(tmp_path / name)
    done = run("tuning", "--data", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "mean of those left out: 0.5000" in done.stdout


def test_known_items_are_looked_for(tmp_path: Path) -> None:
    out = tmp_path / "known.json"
    done = run("known_items", str(ROOT / "seeds"), "--out", str(out))
    assert done.returncode == 0, done.stderr
    posts_at = json.loads(out.read_text())["posts_at"]
    assert set(posts_at["title"]) == {"1"}
    assert sum(posts_at["one word dropped"].values()) > 50


@pytest.mark.parametrize(
    ("ranked", "ndcg", "precision", "recall"),
    [
        (["a", "b"], 1.0, 1.0, 1.0),
        (["b", "a"], (1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3)), 1.0, 1.0),
        (["x", "a"], (3 / math.log2(3)) / (3 + 1 / math.log2(3)), 0.25, 0.5),
        ([*["x"] * 10, "a", "b"], 0.0, (1 / 11 + 2 / 12) / 2, 1.0),
        ([], 0.0, 0.0, 0.0),
    ],
    ids=["ideal", "turned", "one missed", "behind the tenth", "nothing"],
)
def test_measures_are_those_of_trec_eval(
    ranked: list[str], ndcg: float, precision: float, recall: float
) -> None:
    from benchmarks.collections import Measured, measured

    grades = {"a": 3, "b": 1, "c": 0}
    found = measured(grades, ranked)
    assert found == Measured(*map(pytest.approx, (ndcg, precision, recall)))


def test_the_paired_test_tells_chance_from_difference() -> None:
    from benchmarks.collections import paired_p

    even = [0.1, 0.2, 0.3, 0.4] * 10
    assert paired_p(even, even) == 1.0
    assert paired_p([x + 0.1 for x in even], even) < 0.001
    assert paired_p([x + (-1) ** n * 0.1 for n, x in enumerate(even)], even) > 0.5


def test_every_key_of_the_live_shell_is_answered(tmp_path: Path) -> None:
    options = ("--posts", "300", "--queries", "2", "--size", "60x16", "--goal-ms", "60000")
    out = tmp_path / "live.json"
    done = run("live", *options, "--out", str(out))
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(out.read_text())
    keys = sum(map(len, found["queries"]))
    counts = {name: len(times) for name, times in found["times_ms"].items()}
    assert counts == {
        "echo": keys, "results": keys, "all": keys, "burst_echo": keys, "burst_results": 2,
    }  # fmt: skip
