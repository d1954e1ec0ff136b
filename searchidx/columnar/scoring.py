"""How much a word is worth: the scoring models that arrays evaluate.

`BurstBM25` is a weighting model of Whoosh as well, and gives the same scores in stock Whoosh calls.
"""

from __future__ import annotations

import math
from typing import Any

from whoosh.scoring import BM25F, WeightingModel

K1 = 1.2
B = 0.6
BURST = 0.5


class BurstBM25(BM25F):  # type: ignore[misc]
    """BM25 in which a word that comes in bursts is worth more.

        idf × (mean frequency) ^ burst × w (k1 + 1) / (w + k1 (1 − b + b × length / average))

    The idf is Robertson and Spärck Jones's, `ln(1 + (N − n + ½) / (n + ½))`, never below 0; the
    mean frequency is how often the word stands in the documents that hold it. A word that is
    used again and again where it is used at all tells what a text is about (Kwok, *A new method of
    weighting query terms for ad-hoc retrieval*, 1996; it is also the after-effect of Amati and van
    Rijsbergen's divergence from randomness, 2002).

    >>> from searchidx.columnar import BurstBM25
    >>> round(BurstBM25().worth(documents=1000, holding=10, total_weight=40.0), 2)
    9.11
    """

    def __init__(self, B: float = B, K1: float = K1, burst: float = BURST, **kwargs: float) -> None:
        super().__init__(B, K1, **kwargs)
        self.burst = burst

    def worth(self, documents: int, holding: int, total_weight: float) -> float:
        """What a word is worth: `holding` of the documents have it, so often all together."""
        idf = math.log1p((documents - holding + 0.5) / (holding + 0.5))
        return idf * (total_weight / holding) ** self.burst if holding else idf

    def idf(self, searcher: Any, fieldname: str, text: Any) -> float:
        """The worth of a word, where Whoosh's scorers ask for its idf."""
        parent = searcher.get_parent()
        holding = parent.doc_frequency(fieldname, text)
        total = float(parent.reader().frequency(fieldname, text)) if holding else 0.0
        return self.worth(parent.doc_count_all(), holding, total)


def has_array_form(weighting: WeightingModel) -> bool:
    """Whether arrays compute the scores of a model: Whoosh's BM25F, and the one above."""
    return type(weighting) in (BM25F, BurstBM25)
