"""Importing `whoosh.query` without the half of Whoosh that a query over arrays never calls.

Imported as it is, it brings analysers, stores, columns, the tables of an index and the word forms
of English, which together take a tenth of the time of a search in a new process. Of these modules
the nodes use some functions and make some objects, and that late. So these names stand for
themselves while `whoosh.query` is imported: the first call imports the module as usual. What Whoosh
is otherwise asked for, by whomever, is imported as usual, too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import Any

_CALLED_LATE = {
    "whoosh.analysis": ("Token",),
    "whoosh.columns": ("EmptyColumnReader", "MultiColumnReader", "TranslatingColumnReader"),
    "whoosh.filedb.filestore": ("OverlayStorage",),
    "whoosh.lang.morph_en": ("variations",),
    "whoosh.support.levenshtein": ("distance",),
    "whoosh.util.times": ("datetime_to_long",),
}
"""What is only ever called, and by methods of `whoosh.query` and `whoosh.reading` only."""


def import_queries() -> None:
    """Import `whoosh.query`; of another Whoosh that uses these modules otherwise, all of it."""
    if any(name.partition(".")[0] == "whoosh" for name in sys.modules):
        return
    sys.modules.update({name: _standing_for(name, calls) for name, calls in _CALLED_LATE.items()})
    try:
        with suppress(ImportError, AttributeError, TypeError):
            import whoosh.query  # noqa: F401
    finally:
        is_whole = "whoosh.query" in sys.modules
        for name in list(sys.modules):
            if name in _CALLED_LATE or (not is_whole and name.partition(".")[0] == "whoosh"):
                del sys.modules[name]


def _standing_for(module: str, names: tuple[str, ...]) -> ModuleType:
    stand_in = ModuleType(module)
    for name in names:
        setattr(stand_in, name, _called_late(module, name))
    return stand_in


def _called_late(module: str, name: str) -> Callable[..., Any]:
    def call(*values: Any, **options: Any) -> Any:
        return getattr(import_module(module), name)(*values, **options)

    return call
