"""What arrays ask of the fields of an index: whether they are scored, and how values are encoded.

A Whoosh schema answers all of it. `PlainFields` answer what nearly every query asks by themselves,
and give the rest to a Whoosh schema that is made then: `whoosh.fields`, and the analysers, columns
and stores that it imports, take a tenth of the time of a search in a new process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from whoosh.util.numeric import float_to_sortable_long, sortable_long_to_float

if TYPE_CHECKING:
    from whoosh.fields import Schema

_MICROSECOND = timedelta(microseconds=1)


class FieldType(Protocol):
    """What is asked of the type of a field; Whoosh's field types have it."""

    @property
    def scorable(self) -> bool: ...

    def to_bytes(self, value: Any) -> bytes: ...

    def to_column_value(self, value: Any) -> Any: ...

    def from_column_value(self, value: Any) -> Any: ...


Fields = Mapping[str, FieldType]


class PlainType:
    """A field without scores, of which Whoosh's type answers everything."""

    scorable = False

    def __init__(self, whoosh: Callable[[], FieldType]) -> None:
        self.whoosh = whoosh

    def to_bytes(self, value: Any) -> bytes:
        return self.whoosh().to_bytes(value)

    def to_column_value(self, value: Any) -> Any:
        return self.whoosh().to_column_value(value)

    def from_column_value(self, value: Any) -> Any:
        return self.whoosh().from_column_value(value)


class PlainTerms(PlainType):
    """A field of words or of whole values that are not scored; terms are UTF-8."""

    def to_bytes(self, value: Any) -> bytes:
        return value.encode() if type(value) is str else super().to_bytes(value)


class PlainText(PlainTerms):
    """A field of words that are scored."""

    scorable = True


class PlainBool(PlainType):
    """A field of yes or no."""

    def to_bytes(self, value: Any) -> bytes:
        return (b"f", b"t")[value] if type(value) is bool else super().to_bytes(value)


class PlainNumber(PlainType):
    """A field of floats; a column has them as whole numbers in the same order."""

    def to_column_value(self, value: Any) -> Any:
        if type(value) not in (float, int) or not math.isfinite(value):
            return super().to_column_value(value)
        return float_to_sortable_long(float(value), signed=True)

    def from_column_value(self, value: Any) -> Any:
        return sortable_long_to_float(value, signed=True)


class PlainDate(PlainType):
    """A field of dates; a column has the microseconds since the year 1."""

    def to_column_value(self, value: Any) -> Any:
        if type(value) is not datetime:
            return super().to_column_value(value)
        return (value.replace(tzinfo=None) - datetime.min) // _MICROSECOND

    def from_column_value(self, value: Any) -> Any:
        return datetime.min + int(value) * _MICROSECOND


class PlainFields(Fields):
    """The fields of a schema by their names, those that `kinds` names without asking Whoosh.

    `schema` gives the whole schema, always the same.
    """

    def __init__(self, kinds: Mapping[str, type[PlainType]], schema: Callable[[], Schema]) -> None:
        self.schema = schema
        self._types: dict[str, FieldType] = {
            name: kind(lambda name=name: schema()[name])  # type: ignore[misc]
            for name, kind in kinds.items()
        }

    def __getitem__(self, name: str) -> FieldType:
        found = self._types.get(name)
        return self.schema()[name] if found is None else found

    def __iter__(self) -> Iterator[str]:
        return iter(self.schema().names())

    def __len__(self) -> int:
        return len(self.schema())
