"""The bytes of a file become text with `\\n` line ends, whatever their encoding."""

from __future__ import annotations

import codecs
import re

from searchidx.posts.problem import ProblemLog

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MARKS = tuple(mark for mark, _ in _BOMS)
_UTF8_SEQUENCE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)


def decode(data: bytes, log: ProblemLog) -> str:
    """The text of a file: no byte order mark, no NUL, no `\\r`.

    Bytes that are not UTF-8 are read as Windows-1252 when the file holds no character of UTF-8
    beyond ASCII, else each becomes U+FFFD. Whatever had to be guessed or replaced goes to `log`.
    """
    text = _characters(data, log)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        log.add(line, "holds NUL bytes, read as spaces", "remove them or save the file as UTF-8")
        text = text.replace("\0", " ")
    return text


def _characters(data: bytes, log: ProblemLog) -> str:
    if data.startswith(_MARKS):
        mark, encoding = next(pair for pair in _BOMS if data.startswith(pair[0]))
        return _marked(data, mark, encoding, log)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _not_utf8(data, error, log)


def _marked(data: bytes, mark: bytes, encoding: str, log: ProblemLog) -> str:
    """The text behind a byte order mark."""
    if encoding == "utf-8":
        return _characters(data[len(mark) :], log)
    try:
        return data.decode(encoding).lstrip("\ufeff")
    except UnicodeDecodeError as error:
        text = data.decode(encoding, "replace").lstrip("\ufeff")
        line = data[: error.start].decode(encoding, "replace").count("\n") + 1
        what = f"not {encoding.upper()} as its byte order mark says ({error.reason})"
        log.add(line, what, "save the file as UTF-8", lost_text=True)
        return text


def _not_utf8(data: bytes, error: UnicodeDecodeError, log: ProblemLog) -> str:
    line = _line_of_byte(data, error.start)
    what = f"not UTF-8 (byte 0x{data[error.start]:02X})"
    if not _UTF8_SEQUENCE.search(data):
        try:
            text = data.decode("cp1252")
        except UnicodeDecodeError:
            pass  # some bytes mean nothing there either: replaced below
        else:
            log.add(line, f"{what}, read as Windows-1252", "save the file as UTF-8")
            return text
    what = f"{what}, such bytes were replaced by U+FFFD"
    log.add(line, what, "save the file as UTF-8", lost_text=True)
    return data.decode("utf-8", "replace")


def _line_of_byte(data: bytes, position: int) -> int:
    """The line of a byte, counted from 1, whichever of the three line ends the file has."""
    head = data[:position]
    return head.count(b"\n") + head.count(b"\r") - head.count(b"\r\n") + 1
