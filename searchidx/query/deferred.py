"""Importing Whoosh's query nodes without the word forms that none of our queries asks for.

One node, `Variations`, needs `whoosh.lang.morph_en`, whose rules of English are compiled when it is
imported: a tenth of the time that a search in a new process takes. So the module is left out while
`whoosh.query` is imported, and comes when the node is used.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from types import ModuleType

_WORD_FORMS = "whoosh.lang.morph_en"


def import_queries() -> None:
    """Import `whoosh.query`; nothing of it is other than usual but when the word forms come."""
    if _WORD_FORMS in sys.modules:
        return
    stand_in = ModuleType(_WORD_FORMS)
    stand_in.variations = _variations  # type: ignore[attr-defined]
    sys.modules[_WORD_FORMS] = stand_in
    try:
        import whoosh.query  # noqa: F401
    finally:
        del sys.modules[_WORD_FORMS]


def _variations(word: str) -> Collection[str]:
    from whoosh.lang.morph_en import variations

    found: Collection[str] = variations(word)
    return found
