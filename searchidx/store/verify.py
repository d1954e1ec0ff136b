"""Reading an index from end to end, to find out whether it is whole."""

from __future__ import annotations

from collections.abc import Iterator

from whoosh.reading import IndexReader

from searchidx.columnar.read import arrays_of


def faults(reader: IndexReader) -> Iterator[str]:
    """What of one segment cannot be read; empty when it is whole.

    Every array is checked; if all are as written, every posting, stored post and column is read.
    """
    arrays = arrays_of(reader)
    if arrays is not None and (damages := list(arrays.faults())):
        yield from (f"{damage.file}: the array {damage.array}: {damage.what}" for damage in damages)
        return
    highest = reader.doc_count_all()
    for name in sorted(reader.indexed_field_names()):
        try:
            _read_postings(reader, name, highest)
        except Exception as error:  # damaged bytes fail in any way; each is reported
            yield f"field {name}: its terms cannot be read ({type(error).__name__}: {error})"
    for name, kind in reader.schema.items():
        if kind.column_type is None:
            continue
        try:
            column = reader.column_reader(name, translate=False)
            for number in reader.all_doc_ids():
                column[number]
        except Exception as error:
            yield f"column {name}: cannot be read ({type(error).__name__}: {error})"
    for number in reader.all_doc_ids():
        try:
            reader.stored_fields(number)
        except Exception as error:
            yield f"post number {number}: cannot be read ({type(error).__name__}: {error})"


def _read_postings(reader: IndexReader, field: str, highest: int) -> None:
    for term in reader.lexicon(field):
        matcher = reader.postings(field, term)
        last = -1
        while matcher.is_active():
            number = matcher.id()
            if not last < number < highest:
                raise ValueError(f"post number {number} behind {last} of {highest}")
            last = number
            matcher.next()
