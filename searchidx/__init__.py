"""searchidx: a folder of posts becomes a Whoosh index that is a pleasure to search.

import searchidx

with searchidx.open("index") as index:
    for hit in index.search('topics:"computer vision" mask', limit=5):
        print(hit.rank, hit.text("title"), hit.path)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from searchidx.version import __version__

if TYPE_CHECKING:
    from searchidx.answers import (
        Clause,
        ClauseCount,
        Edit,
        Explanation,
        NoHits,
        Suggestion,
        Token,
        Why,
    )
    from searchidx.counts import CrossCounts, FacetCount
    from searchidx.errors import (
        IndexCorrupt,
        IndexError_,
        IndexLocked,
        IndexMissing,
        IndexVersionMismatch,
        PostError,
        QueryError,
        SearchIdxError,
        SettingsError,
    )
    from searchidx.highlight import Span
    from searchidx.index import Index
    from searchidx.index import open_index as open
    from searchidx.posts.problem import Problem
    from searchidx.reading import SearchOptions
    from searchidx.results import Hit, Matched, Results
    from searchidx.settings import (
        FieldKind,
        FieldSpec,
        Match,
        SearchSettings,
        Settings,
        load_settings,
    )
    from searchidx.stats import Stats
    from searchidx.sync import CheckReport, Progress, SyncReport

_MODULES = {
    "answers": "Clause ClauseCount Edit Explanation NoHits Suggestion Token Why",
    "counts": "CrossCounts FacetCount",
    "errors": (
        "IndexCorrupt IndexError_ IndexLocked IndexMissing IndexVersionMismatch PostError "
        "QueryError SearchIdxError SettingsError"
    ),
    "highlight": "Span",
    "index": "Index open",
    "posts.problem": "Problem",
    "reading": "SearchOptions",
    "results": "Hit Matched Results",
    "settings": "FieldKind FieldSpec Match SearchSettings Settings load_settings",
    "stats": "Stats",
    "sync": "CheckReport Progress SyncReport",
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}

__all__ = [
    "CheckReport",
    "Clause",
    "ClauseCount",
    "CrossCounts",
    "Edit",
    "Explanation",
    "FacetCount",
    "FieldKind",
    "FieldSpec",
    "Hit",
    "Index",
    "IndexCorrupt",
    "IndexError_",
    "IndexLocked",
    "IndexMissing",
    "IndexVersionMismatch",
    "Match",
    "Matched",
    "NoHits",
    "PostError",
    "Problem",
    "Progress",
    "QueryError",
    "Results",
    "SearchIdxError",
    "SearchOptions",
    "SearchSettings",
    "Settings",
    "SettingsError",
    "Span",
    "Stats",
    "Suggestion",
    "SyncReport",
    "Token",
    "Why",
    "__version__",
    "load_settings",
    "open",
]


def __getattr__(name: str) -> Any:
    """A public name, whose module is imported when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'searchidx' has no attribute {name!r}")
    module = import_module(f"searchidx.{_HOMES[name]}")
    value = getattr(module, "open_index" if name == "open" else name)
    globals()[name] = value
    return value
