"""Whole files and the posts they become: tests/posts/cases, and any larger folder one names."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from searchidx.posts.model import FieldValue, Post, SourceFile
from searchidx.posts.post import build_post
from searchidx.settings import Settings, find_field

CASES = Path(__file__).parent / "cases"
SETTINGS = Settings(base=CASES)
FILES = sorted(path for path in CASES.iterdir() if path.suffix != ".json")
SEEDS = sorted(path for path in (CASES.parents[2] / "seeds").rglob("*.*") if path.is_file())
TEST_DATA = os.environ.get("SEARCHIDX_TEST_DATA", "")


def post(name: str, data: bytes) -> Post:
    return build_post(SourceFile(name, len(data), 0), data, SETTINGS)


def shown(name: str, value: FieldValue) -> Any:
    spec = find_field(SETTINGS.fields, name)
    assert spec is not None
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value) if spec.many else value[0]
    return value


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_case(path: Path) -> None:
    found = post(path.name, path.read_bytes())
    wanted = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert {name: shown(name, value) for name, value in found.fields.items()} == wanted["fields"]
    assert [list(pair) for pair in found.meta] == wanted["meta"]
    assert [str(problem) for problem in found.problems] == wanted["problems"]


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name)
def test_seeds_have_no_problems(path: Path) -> None:
    assert post(path.name, path.read_bytes()).problems == ()


def real_files(archives: str = "awkward.tar.xz") -> Iterator[tuple[str, bytes]]:
    """Every post of the folder that SEARCHIDX_TEST_DATA names: a folder and archives in it."""
    root = Path(TEST_DATA)
    for path in sorted((root / "smartable").rglob("*.md")):
        yield path.relative_to(root).as_posix(), path.read_bytes()
    for path in sorted((root / "corpora").glob(archives)):
        with tarfile.open(path) as archive:
            for member in archive:
                file = archive.extractfile(member)
                if file is not None:
                    yield member.name, file.read()


@pytest.mark.skipif(not TEST_DATA, reason="SEARCHIDX_TEST_DATA names no folder")
def test_real_files() -> None:
    failed_as_yaml = ("/ERR_", "/dupkey/", "/raw_list/", "/raw_str/")
    count = silent = 0
    for name, data in real_files():
        found = post(name, data)
        count += 1
        for problem in found.problems:
            assert problem.path == name
            assert 1 <= problem.line <= data.count(b"\n") + data.count(b"\r") + 1
            assert "\n" not in str(problem)
        if any(part in name for part in failed_as_yaml) and not found.problems:
            silent += b"\n...\n" not in data.replace(b"\r", b"")  # closed by ..., so no problem
        if name.startswith("smartable"):
            assert found.problems == (), name
    assert count > 2000
    assert silent == 0
