"""Which files the posts of an index were read from."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress

from searchidx.columnar.searching import Part
from searchidx.names import FILE_CTIME, FILE_DIGEST, FILE_MTIME, FILE_SIZE, PATH
from searchidx.posts.model import Catalogue


def catalogue_of(parts: Sequence[Part]) -> Catalogue:
    """The files of the posts of some segments, without those that are deleted."""
    whole = Catalogue([], [], [], [], [])
    for part in parts:
        arrays, alive = part.arrays, part.alive
        assert arrays is not None
        paths, digests = arrays.rows(PATH), arrays.rows(FILE_DIGEST)
        assert paths is not None
        assert digests is not None
        names = paths.data().rows.strings()
        whole.paths.extend(names if alive is None else compress(names, alive))
        rows = digests.rows()
        whole.digests.extend(rows if alive is None else compress(rows, alive))
        for name, numbers in (
            (FILE_SIZE, whole.sizes),
            (FILE_MTIME, whole.mtimes),
            (FILE_CTIME, whole.ctimes),
        ):
            column = arrays.numbers(name)
            assert column is not None
            values = column.values if alive is None else column.values[alive]
            numbers.extend(values.tolist())
    return whole
