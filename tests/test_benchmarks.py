"""The benchmarks run, and the engines that are installed give the right answers, at a tiny size."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
MEASURES = {"posts_per_s", "noop_ms", "change_ms", "index_mb", "peak_mb", "started_mb"}


def run(command: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"benchmarks.{command}", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def results(command: str, out: Path) -> dict[str, Any]:
    done = run(command, "--posts", "60", "--runs", "1", "--out", str(out))
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def test_every_engine_answers_every_question_alike(tmp_path: Path) -> None:
    found = results("query", tmp_path / "query.json")
    installed = set(found["versions"])
    assert {"searchidx", "whoosh"} <= installed
    assert len(found["questions"]) == 16
    for question in found["questions"]:
        assert question["wrong"] == {}
        assert set(question["times_ms"]) == installed - set(question["left_out"])
    left_out = {(q["name"], name) for q in found["questions"] for name in q["left_out"]}
    assert left_out <= {("wildcard", "fts5"), ("fuzzy", "fts5")}


def test_every_engine_keeps_in_step_with_the_files(tmp_path: Path) -> None:
    found = results("ingest", tmp_path / "ingest.json")
    assert found["wrong"] == {}
    assert found["measured"].keys() == found["versions"].keys()
    for measures in found["measured"].values():
        assert measures.keys() == MEASURES


def test_an_engine_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.report import load_engines

    monkeypatch.setitem(sys.modules, "tantivy", None)
    monkeypatch.delitem(sys.modules, "benchmarks.engines.tantivy_engine", raising=False)
    engines, skipped = load_engines(["tantivy", "fts5"])
    assert list(engines) == ["fts5"]
    assert skipped["tantivy"].startswith("skipped, not installed")


def test_posts_look_like_the_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    import frontmatter

    from benchmarks.corpus import records, write_posts

    posts = list(records(20))
    assert posts == list(records(20))
    paths = write_posts(tmp_path, 20)
    assert len({path.parent for path in paths}) > 5
    for post, path in zip(posts, paths, strict=True):
        meta: dict[str, Any] = frontmatter.load(str(path)).metadata
        assert meta["title"] == post.item.title
        assert meta["topics"] == list(post.topics)
        assert [item["title"] for item in meta["related"]] == list(post.texts()[3])
        assert meta["publishedDateTime"] == post.item.date
        assert list(meta) == [
            "category", "title", "excerpt", "publishedDateTime", "webUrl", "ampWebUrl",
            "cdnAmpWebUrl", "type", "quality", "heat", "published", "provider", "topics", "images",
            "related", "secured",
        ]  # fmt: skip
