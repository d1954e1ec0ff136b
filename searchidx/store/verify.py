"""Reading a segment from end to end, to find out whether it is whole."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from searchidx.columnar.postings import FieldTerms
from searchidx.columnar.segment import SegmentArrays

POSTINGS_AT_ONCE = 400_000
"""About so many postings are decoded at a time."""


def faults(arrays: SegmentArrays) -> Iterator[str]:
    """What of one segment cannot be read; empty when it is whole.

    Every array is checked; if all are as written, every posting, stored post and column is read.
    """
    if damages := list(arrays.file.faults()):
        yield from (f"the array {damage.array}: {damage.what}" for damage in damages)
        return
    for name in arrays.field_names():
        try:
            terms = arrays.field(name)
            if terms is not None:
                _read_postings(terms, arrays.documents)
        except Exception as error:  # a file that is wrong fails in any way; each is reported
            yield f"field {name}: its terms cannot be read ({type(error).__name__}: {error})"
    for name in arrays.column_kinds:
        try:
            arrays.column_data(name)
        except Exception as error:
            yield f"column {name}: cannot be read ({type(error).__name__}: {error})"
    for number in range(arrays.documents):
        try:
            arrays.stored_values(number)
        except Exception as error:
            yield f"post number {number}: cannot be read ({type(error).__name__}: {error})"


def _read_postings(terms: FieldTerms, documents: int) -> None:
    """Raises: ValueError when terms or documents are not in order."""
    before = b""
    for first, last in terms.ranges(POSTINGS_AT_ONCE):
        postings = terms.range(first, last)
        ordered = [before, *postings.terms.texts()]
        if ordered != sorted(ordered):
            raise ValueError("the terms are not in order")
        before = ordered[-1]
        steps = np.diff(postings.docs, prepend=-1)
        steps[postings.starts[:-1]] = 1
        if steps.min() < 1 or postings.docs.min() < 0 or postings.docs.max() >= documents:
            raise ValueError("the documents are not in order")
