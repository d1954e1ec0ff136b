"""searchidx: a folder of posts becomes a Whoosh index that is a pleasure to search.

import searchidx

with searchidx.open("index") as index:
    for hit in index.search('topics:"computer vision" mask', limit=5):
        print(hit.rank, hit.text("title"), hit.path)
"""

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
from searchidx.index import CheckReport, Index
from searchidx.index import open_index as open
from searchidx.posts.model import Problem
from searchidx.reading import SearchOptions, Stats
from searchidx.results import Explanation, FacetCount, Hit, Results, Suggestion
from searchidx.settings import FieldKind, FieldSpec, Settings, load_settings
from searchidx.sync import Progress, SyncReport
from searchidx.version import __version__

__all__ = [
    "CheckReport",
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
    "PostError",
    "Problem",
    "Progress",
    "QueryError",
    "Results",
    "SearchIdxError",
    "SearchOptions",
    "Settings",
    "SettingsError",
    "Span",
    "Stats",
    "Suggestion",
    "SyncReport",
    "__version__",
    "load_settings",
    "open",
]
