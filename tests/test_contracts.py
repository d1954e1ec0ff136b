"""What outsiders rely on: the public names, which room imports which, the JSON, the error texts."""

from __future__ import annotations

import ast
import doctest
import importlib
import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

import searchidx
from searchidx import errors, render
from searchidx.cli.arguments import build_parser
from searchidx.cli.commands import report_json
from tests.conftest import REPOSITORY, MakeIndex

PACKAGE = REPOSITORY / "searchidx"

LAYERS = [
    {"english", "errors", "patterns", "places", "snowball", "version", "width"},
    {"settings", "analysis", "columnar"},
    {"posts.problem"},
    {"names", "posts.model", "stats"},
    {"schema"},
    {"query", "posts"},
    {"highlight"},
    {"answers", "counts", "results"},
    {"store"},
    {"faceting", "lint", "rescue", "suggest", "sync", "applying", "why"},
    {"reading"},
    {"render"},
    {"charts", "export", "index"},
    {"related", "saved"},
    {"cli", "shell"},
]
"""Rooms and modules from the ground up: each imports only from its own layer or one below."""

DOORWAYS = {
    "whoosh": {"columnar", "schema", "query", "store", "faceting", "why", "reading", "index"},
    "frontmatter": {"posts"},
    "yaml": {"posts"},
    "prompt_toolkit": {"shell"},
    "snowballstemmer": {"snowball"},
    "isal": {"columnar"},
    "numpy": {"columnar", "store"},
}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        yield name, ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer(name: str) -> int | None:
    """The layer of a module, or of something in it; of a module without one, that of its room."""
    while name:
        for number, rooms in enumerate(LAYERS):
            if name in rooms:
                return number
        name = name.rpartition(".")[0]
    return None


def test_imports_go_one_way() -> None:
    wrong = []
    for name, tree in modules():
        own = layer(name)
        if own is None:
            assert name in ("__init__", "__main__")
            continue
        for target in imported(tree):
            if target.startswith("searchidx."):
                other = layer(target.removeprefix("searchidx."))
                if other is not None and other > own:
                    wrong.append(f"{name} imports {target}")
    assert wrong == []


def test_libraries_are_imported_behind_their_doors_only() -> None:
    wrong = []
    for name, tree in modules():
        for target in imported(tree):
            rooms = DOORWAYS.get(target.split(".")[0])
            if rooms is not None and name.split(".")[0] not in rooms:
                wrong.append(f"{name} imports {target}")
    assert wrong == []


def test_importing_searchidx_brings_no_terminal_code() -> None:
    script = "import sys, searchidx, searchidx.cli.main; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert "prompt_toolkit" not in loaded


def test_the_public_names() -> None:
    assert sorted(searchidx.__all__) == searchidx.__all__
    for name in searchidx.__all__:
        assert getattr(searchidx, name).__doc__


def test_every_module_runs_its_examples() -> None:
    attempted = 0
    for info in pkgutil.walk_packages([str(PACKAGE)], "searchidx."):
        if info.name.endswith("__main__"):
            continue
        outcome = doctest.testmod(importlib.import_module(info.name))
        assert outcome.failed == 0
        attempted += outcome.attempted
    assert attempted


ERRORS = {
    "post": (errors.PostError("a.md", 3, "what", "do this"), "a.md:3: what: do this"),
    "query": (errors.QueryError("a:b", 0, "no field", "try c:", 2), "no field; try c:"),
    "settings": (errors.SettingsError(Path("s.toml"), 2, "k", "bad"), "s.toml:2: k: bad"),
    "missing": (
        errors.IndexMissing(Path("i")),
        "i: no index here; build one with: searchidx index FOLDER",
    ),
    "locked": (
        errors.IndexLocked(Path("i"), 7, "noon"),
        "i: being written by process 7 since noon; try again when it has finished",
    ),
    "locked by nobody known": (
        errors.IndexLocked(Path("i"), 0, ""),
        "i: being written by another process; try again when it has finished",
    ),
    "corrupt": (
        errors.IndexCorrupt(Path("i"), "f", "is cut"),
        "i/f: is cut; rebuild it from the posts with: searchidx index --full",
    ),
    "version": (
        errors.IndexVersionMismatch(Path("i"), 9, 1),
        "i: index format 9, this searchidx reads format 1; "
        "rebuild it from the posts with: searchidx index --full",
    ),
}


@pytest.mark.parametrize(("error", "text"), ERRORS.values(), ids=list(ERRORS))
def test_error_texts(error: errors.SearchIdxError, text: str) -> None:
    assert str(error) == text


def test_the_caret_stands_under_the_part_that_is_meant() -> None:
    error = errors.QueryError("mask qualty:5", 5, "no field", "try", 11)
    assert error.diagram() == "mask qualty:5\n     ^^^^^^\nno field\ntry"


def schema(name: str) -> dict[str, object]:
    document = json.loads((REPOSITORY / "docs" / name).read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


POST = (
    "---\ntitle: Face masks\ntopics: [AI]\ndate: 2020\nquality: 1.5\npublished: no\nx: 1\n---\nB\n"
)


def test_query_json_is_as_the_schema_says(make_index: MakeIndex) -> None:
    index = make_index({"a.md": POST})
    results = index.search("mask quality:x", lenient=True, facets=("topics",))
    explanations = [index.explain("mask", hit.path) for hit in results]
    document = render.results_json(results, explanations, index.no_hits("maks bread"))
    jsonschema.validate(document, schema("results.schema.json"))
    for hit in results:
        jsonschema.validate(render.hit_json(hit), schema("results.schema.json")["$defs"]["hit"])  # type: ignore[index]
    assert document["hits"]
    assert document["problems"]
    assert document["no_hits"]


def test_index_json_is_as_the_schema_says(make_index: MakeIndex, tmp_path: Path) -> None:
    index = make_index({"a.md": POST, "b.md": "---\ntitle: [\n---\n"})
    (tmp_path / "posts" / "a.md").rename(tmp_path / "posts" / "c.md")
    document = report_json(index.sync([tmp_path / "posts"]))
    jsonschema.validate(document, schema("report.schema.json"))
    assert document["renamed"]
    assert document["problems"]


def test_the_schemas_refuse_unknown_keys() -> None:
    for name in ("results.schema.json", "report.schema.json"):
        for node in objects(schema(name)):
            assert node.get("additionalProperties") is not None


def objects(node: object) -> Iterator[dict[str, object]]:
    if isinstance(node, dict):
        if node.get("type") == "object":
            yield node
        for child in node.values():
            yield from objects(child)
    elif isinstance(node, list):
        for child in node:
            yield from objects(child)


def test_every_flag_is_documented() -> None:
    page = (REPOSITORY / "docs" / "command-line.md").read_text(encoding="utf-8")
    missing = []
    for action in build_parser()._actions:
        for name, command in (action.choices or {}).items() if action.dest == "command" else ():
            if f"searchidx {name}" not in page:
                missing.append(name)
            for flag in (flag for item in command._actions for flag in item.option_strings):
                if f"`{flag}" not in page:
                    missing.append(f"{name} {flag}")
    assert missing == []


def test_every_error_is_documented() -> None:
    page = (REPOSITORY / "docs" / "errors.md").read_text(encoding="utf-8")
    names = [name for name, kind in vars(errors).items() if isinstance(kind, type)]
    assert [name for name in names if name not in ("Path",) and f"`{name}`" not in page] == []
