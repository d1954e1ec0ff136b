"""Whoosh's nodes imported without what they never call, and what is true when they call it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from searchidx.query.deferred import _CALLED_LATE

IMPORTED = """
import sys
from searchidx.query.deferred import import_queries
import_queries()
print(*(name for name in sys.modules if name.partition(".")[0] == "whoosh"))
"""


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)


def imported() -> list[str]:
    done = run(IMPORTED)
    assert done.stderr == ""
    return done.stdout.split()


def test_the_modules_that_stand_for_themselves_are_left_out() -> None:
    modules = imported()
    assert {"whoosh.query", "whoosh.reading", "whoosh.matching"} <= set(modules)
    assert set(modules) & {*_CALLED_LATE, "whoosh.fields", "whoosh.index"} == set()


def uses(tree: ast.AST, name: str, module: str | None) -> Iterator[ast.AST]:
    """Where a module uses a name, or `module.name`, but in annotations."""
    if isinstance(tree, ast.arg):
        return
    for key, value in ast.iter_fields(tree):
        if key not in ("annotation", "returns"):
            for node in value if isinstance(value, list) else [value]:
                if isinstance(node, ast.AST):
                    is_it = isinstance(node, ast.Name) and node.id == name and module is None
                    is_it |= ast.unparse(node) == f"{module}.{name}"
                    if is_it:
                        yield tree
                    yield from uses(node, name, module)


@pytest.mark.parametrize("module", sorted(_CALLED_LATE))
def test_what_is_left_out_is_only_called_and_by_functions(module: str) -> None:
    """The installed Whoosh does with the names what a name that stands for another can do."""
    seen = 0
    for user in imported():
        spec = find_spec(user)
        assert spec is not None
        assert spec.origin is not None
        tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
        package, _, own = module.rpartition(".")
        froms = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
        names = [a.name for node in froms if node.module == module for a in node.names]
        assert set(names) <= set(_CALLED_LATE[module])
        found = [(name, None) for name in names]
        if any(node.module == package and own in [a.name for a in node.names] for node in froms):
            found = [(name, own) for name in _CALLED_LATE[module]]
            attributes = {n.attr for n in ast.walk(tree) if _is_attribute_of(n, own)}
            assert attributes <= set(_CALLED_LATE[module])
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        for name, of in found:
            everywhere = list(uses(tree, name, of))
            inside = [use for function in functions for use in uses(function, name, of)]
            assert all(isinstance(use, ast.Call) for use in everywhere), (user, name)
            assert {id(use) for use in everywhere} <= {id(use) for use in inside}, (user, name)
            seen += len(everywhere)
    assert seen


def _is_attribute_of(node: ast.AST, module: str) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == module
    )


def test_stock_whoosh_works_as_usual_afterwards() -> None:
    script = """
import sys
from datetime import datetime
from searchidx.query.deferred import import_queries
import_queries()
found = ["whoosh.lang.morph_en" in sys.modules]
from whoosh import fields, query
from whoosh.filedb.filestore import RamStorage
kinds = {"text": fields.TEXT(sortable=True), "day": fields.DATETIME(sortable=True)}
index = RamStorage().create_index(fields.Schema(**kinds))
for text in ("they pulled it", "they pushed it"):
    writer = index.writer()
    writer.add_document(text=text, day=datetime(2020, 5, 18))
    writer.commit(merge=False)
with index.searcher() as searcher:
    found.append(len(searcher.search(query.Variations("text", "pull"))))
    found.append(len(searcher.search(query.DateRange("day", datetime(2020, 1, 1), None))))
    found.append(len(searcher.search(query.Phrase("text", ["they", "pulled"]))))
    found += [token.text for token in query.Phrase("text", ["they", "it"]).tokens()]
    found.append(len(searcher.search(query.Every(), sortedby="text")))
    found.append(len(searcher.search(query.Every(), sortedby="day")))
    found.append(len(searcher.search(query.FuzzyTerm("text", "pushd"))))
print(*found, "whoosh.lang.morph_en" in sys.modules)
"""
    done = run(script)
    assert (done.stdout.split(), done.stderr) == (
        ["False", "1", "2", "1", "they", "it", "2", "2", "1", "True"],
        "",
    )


def test_another_whoosh_is_imported_whole(tmp_path: Path) -> None:
    """One whose nodes need more of a module than calls finds the module as it is."""
    package = tmp_path / "whoosh"
    files = {
        "__init__.py": "",
        "analysis.py": "class Token: pass\nclass More: pass\n",
        "query/__init__.py": "from whoosh.analysis import Token, More\nclass Term(More): pass\n",
    }
    for name, text in files.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    script = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from searchidx.query.deferred import import_queries
import_queries()
from whoosh import query
from whoosh.analysis import More, Token
print(issubclass(query.Term, More), type(Token), "whoosh.columns" in sys.modules)
"""
    done = run(script)
    assert (done.stdout, done.stderr) == ("True <class 'type'> False\n", "")
