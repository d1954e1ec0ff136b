"""The stored values of one document as bytes.

JSON, deflated when it is long, for what JSON can hold, with dates, bytes and tuples marked; reading
such bytes runs no code.
Other values, which any Whoosh schema may store, are pickled; `unpack` refuses those unless it is
told that the index is trusted, as Whoosh's own API assumes.
"""

from __future__ import annotations

import base64
import json
import pickle
import zlib
from datetime import datetime
from typing import Any

_JSON, _DEFLATED, _PICKLE = b"j", b"z", b"p"
WORTH_DEFLATING = 200
_MARK = "\u0000"


class NotPlain(Exception):
    """The values were pickled: reading them could run code."""


def pack(values: dict[str, Any]) -> bytes:
    """The values as bytes."""
    try:
        plain = _plain(values)
    except TypeError:
        return _PICKLE + pickle.dumps(values, 4)
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
    data = text.encode("utf-8", "surrogatepass")
    if len(data) < WORTH_DEFLATING:
        return _JSON + data
    return _DEFLATED + zlib.compress(data, 1)


def unpack(data: bytes, *, trusted: bool = False) -> dict[str, Any]:
    """The values that `pack` was given.

    Raises: NotPlain when they were pickled and are not trusted.
    """
    if data[:1] in (_JSON, _DEFLATED):
        plain = data[1:] if data[:1] == _JSON else zlib.decompress(data[1:])
        text = plain.decode("utf-8", "surrogatepass")
        values: dict[str, Any] = json.loads(text, object_hook=_unmarked)
        return values
    if not trusted:
        raise NotPlain
    pickled: dict[str, Any] = pickle.loads(data[1:])
    return pickled


def _plain(value: Any) -> Any:
    kind = type(value)
    if value is None or kind in (str, int, float, bool):
        return value
    if kind is list:
        return [_plain(item) for item in value]
    if kind is dict:
        if not all(type(key) is str and not key.startswith(_MARK) for key in value):
            raise TypeError
        return {key: _plain(item) for key, item in value.items()}
    if kind is tuple:
        return {_MARK + "tuple": [_plain(item) for item in value]}
    if kind is datetime:
        return {_MARK + "datetime": value.isoformat()}
    if kind is bytes:
        return {_MARK + "bytes": base64.b64encode(value).decode()}
    raise TypeError


def _unmarked(row: dict[str, Any]) -> Any:
    if len(row) != 1:
        return row
    ((key, value),) = row.items()
    if key == _MARK + "tuple":
        return tuple(value)
    if key == _MARK + "datetime":
        return datetime.fromisoformat(value)
    if key == _MARK + "bytes":
        return base64.b64decode(value)
    return row
