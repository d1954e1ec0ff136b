"""searchidx with the fields of its peers: what else the files say is left out.

Of these fields it still keeps more than the peers do (tantivy_same_engine.py has a list).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import searchidx
from benchmarks.engines.plain import TOPIC_KEYS
from benchmarks.engines.searchidx_engine import RECORD_FIELDS, Engine

SOURCES = {"excerpt": ("excerpt", "$body"), "topics": TOPIC_KEYS}
"""Where the peers look for the texts of real posts, too."""

FIELDS = tuple(
    replace(spec, sources=SOURCES.get(spec.name, spec.sources)) for spec in RECORD_FIELDS
)

ENGINE = Engine(searchidx.Settings(Path(), fields=FIELDS, ignore_metadata=("*",)))
