"""searchidx with the fields of its peers: what else the files say is left out.

Of these fields it still keeps more than the peers do (tantivy_same_engine.py has a list).
"""

from __future__ import annotations

from pathlib import Path

import searchidx
from benchmarks.engines.searchidx_engine import RECORD_FIELDS, Engine

ENGINE = Engine(searchidx.Settings(Path(), fields=RECORD_FIELDS, ignore_metadata=("*",)))
