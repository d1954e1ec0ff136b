"""Whoosh segments as NumPy arrays. Knows Whoosh and NumPy; knows nothing of posts.

For users of Whoosh, `open_dir` and `create_in` stand for those of `whoosh.index`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from searchidx.columnar.codec import ColumnarCodec
    from searchidx.columnar.scoring import BurstBM25
    from searchidx.columnar.whoosh_index import ColumnarIndex, create_in, open_dir

_HOMES = {
    "BurstBM25": "scoring",
    "ColumnarCodec": "codec",
    "ColumnarIndex": "whoosh_index",
    "create_in": "whoosh_index",
    "open_dir": "whoosh_index",
}

__all__ = ["BurstBM25", "ColumnarCodec", "ColumnarIndex", "create_in", "open_dir"]


def __getattr__(name: str) -> Any:
    """A public name, whose module is imported when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'searchidx.columnar' has no attribute {name!r}")
    value = getattr(import_module(f"searchidx.columnar.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
