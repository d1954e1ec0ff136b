"""The bytes of a file become metadata and a body: the only door to python-frontmatter and YAML.

python-frontmatter's handlers find, split and load the block; its own `load` is passed by, because
it raises TypeError on keys such as `content` and on those that are not texts. What its parsers
refuse is salvaged piece by piece, so that a bad line costs a value and never the post.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any, cast

import yaml
from frontmatter.default_handlers import BaseHandler, JSONHandler, YAMLHandler

from searchidx.posts.block import Block, Place, Places, Unreadable
from searchidx.posts.decode import decode
from searchidx.posts.lines import Lines, PlainReader
from searchidx.posts.nodes import TAG, Node, Tree
from searchidx.posts.plain import MAX_DEPTH, Steps, scrub, steps_of
from searchidx.posts.problem import Problem, ProblemLog
from searchidx.posts.salvage import YamlReader
from searchidx.posts.tables import JsonReader, TomlReader

if TYPE_CHECKING:
    from yaml import SafeLoader as _SafeLoader
else:
    _SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_LONGEST_NUMBER = 64
_UNUSUAL_LINE_END = re.compile("[\x85\u2028\u2029]")
_DEEP_COLUMN = re.compile(r"\n[-?: \t]{60}")
_FEW_BRACKETS = 60
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ](?:[01]\d|2[0-3]):\d\d:\d\d(?:Z|[+-]\d\d:[0-5]\d)?)?", re.ASCII
)
"""A day or a time, in the form in which Python and PyYAML read the same."""

_ALMOST_CLOSED = re.compile(r"\n[ \t]*-{3,}(?=[ \t\n]|\Z)")

_CONSTRUCTOR_ERRORS = (
    yaml.YAMLError,
    ValueError,
    AttributeError,
    IndexError,
    KeyError,
    OverflowError,
)


@dataclass
class FrontMatter:
    """What a file holds: plain metadata values, and the text below them.

    `values` are the metadata, or the lines to make them of. `body_line` is the line where `body`
    begins, from 1. What could not be read as metadata stands at the end of `body`. Every string
    encodes to UTF-8. `has_odd_integers` says that some whole number may be written otherwise than
    Python prints it (`010`, `12:30`).
    """

    values: dict[str, Any] | Lines
    body: str
    body_line: int = 1
    problems: list[Problem] = field(default_factory=list)
    places: Places = lambda steps: (1, None)
    has_odd_integers: bool = False

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """The metadata, made when it is first asked for."""
        return self.values.metadata() if isinstance(self.values, Lines) else self.values

    @cached_property
    def _spelled(self) -> Mapping[Steps, str]:
        return self.values.spelled() if isinstance(self.values, Lines) else {}

    def spelling(self, steps: Steps) -> str | None:
        """How the value at the end of the way is written, if it is no text; None if unknown."""
        is_plain = isinstance(self.values, Lines)
        return self._spelled.get(steps) if is_plain else self.locate(steps)[1]

    def locate(self, path: str | Steps) -> Place:
        """Where the value at `path` stands (such as `related[].title`), and how it is written.

        The nearest value above it answers for one that is not there; the first of a list for `[]`.
        """
        if isinstance(path, str):
            path = (path,) if path in self.metadata else steps_of(path)
        return self.places(path)


def split_post(data: bytes, path: str) -> FrontMatter:
    """The front matter and body of a file; whatever bytes come in, this gives an answer.

    `path` names the post in the problems.
    """
    log = ProblemLog(path)
    text = decode(data, log)
    head = text.lstrip()
    for handler, make_reader in _KINDS:
        if handler.detect(head):
            block = Block(log, text.count("\n", 0, len(text) - len(head)) + 1)
            found = _with_block(handler, make_reader(block, handler.load), head)
            if found is not None:
                return found
            break
    body, line = _trimmed(text, 1)
    return FrontMatter({}, body, line, log.problems(), lambda steps: (line, None))


def _with_block(handler: BaseHandler, reader: _Reader, head: str) -> FrontMatter | None:
    """What `head` holds; None when it is all body after all."""
    block, top = reader.block, reader.block.first_line
    try:
        text, content = handler.split(head)
    except Unreadable as error:
        almost = _split_almost_closed(head) if isinstance(reader, YamlReader) else None
        if almost is None:
            todo = f"close it with a line of {head[:3]}" if error.position is None else "correct it"
            block.refuse(error.reason, block.line_at(head, error.position), todo)
            return None
        text, content = almost
        line = block.line_at(head, len(head) - len(content))
        block.log.add(line, "front matter is not closed as it should be", "put --- on its own line")
    if not isinstance(reader, JsonReader):
        block.first_line += 1
    values = reader.read(text)
    if values is None:
        return None
    content_line = top + head.count("\n", 0, len(head) - len(content))
    body, line = _trimmed(content, content_line)
    if block.leftovers:
        body = "\n\n".join(part for part in (body, *block.leftovers) if part)
    problems, odd = block.log.problems(), block.has_odd_integers
    return FrontMatter(values, body, line, problems, reader.places, odd)


def _trimmed(text: str, line: int) -> tuple[str, int]:
    """`text` without empty lines at either end, and the line where it then begins."""
    start = len(text) - len(text.lstrip())
    start = text.rfind("\n", 0, start) + 1
    return text[start:].rstrip(), line + text.count("\n", 0, start)


def _split_almost_closed(head: str) -> tuple[str, str] | None:
    """Split at a `--- text` line or an indented `---`, if keys with values stand above it."""
    found = _ALMOST_CLOSED.search(head, 3)
    block = head[head.find("\n") + 1 : found.start()] if found else ""
    try:
        value = _YAML.load(block, tree=Tree(block, 1, Block(ProblemLog(""))))
    except Unreadable:
        return None
    is_mapping = isinstance(value, dict | Lines)
    return (block, head[found.end() :]) if found and is_mapping else None


class _FencedHandler(BaseHandler):
    """A block that begins with one fence and runs to the next."""

    CLOSING: re.Pattern[str]

    def split(self, text: str) -> tuple[str, str]:
        """The lines between the fences, and what follows. Raises: Unreadable."""
        opening = self.FM_BOUNDARY.match(text) if self.FM_BOUNDARY else None
        closing = self.CLOSING.search(text, opening.end()) if opening else None
        if opening is None or closing is None:
            raise Unreadable("is never closed")
        return text[opening.end() + 1 : closing.start() + 1], text[closing.end() :]


class _YamlHandler(_FencedHandler, YAMLHandler):
    """YAML between lines of `---`; a line of `...` closes it too, as in YAML."""

    FM_BOUNDARY = re.compile(r"-{3,}[ \t]*$", re.MULTILINE)
    CLOSING = re.compile(r"\n(?:-{3,}|\.{3})[ \t]*(?=\n|\Z)")

    def load(self, fm: str, **kwargs: object) -> Any:
        """The plain value of `fm`, which is the source of the Tree `tree`, or the lines to make
        it of. Raises: Unreadable."""
        tree = kwargs["tree"]
        if not isinstance(tree, Tree):
            raise TypeError("load needs the keyword tree")
        lines = _PLAIN.read(fm)
        if lines is None:
            return self._parsed(tree)
        tree.block.has_odd_integers = True
        tree.put_off(self._parsed)
        return lines

    def _parsed(self, tree: Tree) -> Any:
        """The plain value by PyYAML. Raises: Unreadable."""
        if _nests_too_deep(tree.source):
            raise Unreadable(f"nests deeper than {MAX_DEPTH} levels")
        try:
            return super().load(tree.source, Loader=partial(_Loader, tree=tree))
        except Unreadable:
            raise
        except _CONSTRUCTOR_ERRORS as error:
            raise _unreadable_yaml(error) from error
        except RecursionError as error:
            raise Unreadable("nests too deep") from error


class _TomlHandler(_FencedHandler):
    """TOML between lines of `+++`."""

    FM_BOUNDARY = re.compile(r"\+{3,}[ \t]*$", re.MULTILINE)
    CLOSING = re.compile(r"\n\+{3,}[ \t]*(?=\n|\Z)")

    def load(self, fm: str) -> dict[str, Any]:
        """Raises: Unreadable."""
        try:
            return tomllib.loads(fm)
        except (ValueError, RecursionError) as error:
            raise Unreadable(str(error)) from error


class _JsonHandler(JSONHandler):
    """A JSON object at the start of the file, wherever its braces stand."""

    FM_BOUNDARY = re.compile(r"\{\s*[\"}]")

    def split(self, text: str) -> tuple[str, str]:
        """The object, and what follows. Raises: Unreadable."""
        try:
            _, end = json.JSONDecoder().raw_decode(text)
        except json.JSONDecodeError as error:
            raise Unreadable(f"is not JSON ({error.msg})", error.pos) from error
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"is not JSON ({error})") from error
        return text[:end], text[end:]

    def load(self, fm: str, **kwargs: object) -> Any:
        """Raises: Unreadable."""
        try:
            return super().load(fm, **kwargs)
        except (ValueError, RecursionError) as error:
            raise Unreadable(str(error)) from error


class _Loader(_SafeLoader):
    """PyYAML's safe loader, whose nodes a Tree turns into plain values.

    A plain scalar of over 64 characters is always a text: no date or number needs them, and
    reading some such numbers takes time that grows with the square of their length.
    """

    def __init__(self, stream: str, tree: Tree) -> None:
        super().__init__(stream)
        self.tree = tree

    def get_single_data(self) -> Any:
        return self.tree.build(cast("Node | None", self.get_single_node()), self.scalar)

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is yaml.ScalarNode:
            return _plain_tag(value) if implicit[0] and len(value) <= _LONGEST_NUMBER else _STR
        return super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]

    def scalar(self, node: yaml.ScalarNode) -> Any:
        """The value of a scalar that is no text. Raises: Unreadable."""
        if node.tag in _TEXT_TAGS:
            return node.value
        construct = self.yaml_constructors.get(node.tag)
        if construct is None or len(node.value) > _LONGEST_NUMBER:
            raise Unreadable(f"unknown tag {node.tag.replace(TAG, '!!')}")
        try:
            value = construct(self, node)
        except _CONSTRUCTOR_ERRORS as error:
            kind = node.tag.removeprefix(TAG)
            raise Unreadable(f"{scrub(node.value)!r} is no {kind} ({error})") from error
        if type(value) is int and str(value) != node.value:
            self.tree.block.has_odd_integers = True
        return node.value if isinstance(value, bytes) else value


_STR = TAG + "str"
_TEXT_TAGS = (TAG + "merge", TAG + "value")  # a lone << or =, which PyYAML refuses as a value


def _plain_value(text: str) -> Any:
    """The value of a scalar written without quotes.

    Raises: ValueError when PyYAML does not take it for what it looks like.
    """
    if len(text) > _LONGEST_NUMBER:
        return text
    if _MOMENT.fullmatch(text):
        return (date if len(text) == len("2020-05-20") else datetime).fromisoformat(text)
    return _short_value(text)


@lru_cache(maxsize=10_000)
def _short_value(text: str) -> Any:
    tag = _plain_tag(text)
    if tag == _STR:
        return text
    if tag in _TEXT_TAGS:
        raise ValueError(text)
    node = yaml.ScalarNode(tag, text)
    try:
        return yaml.SafeLoader.yaml_constructors[tag](_CONSTRUCTOR, node)
    except _CONSTRUCTOR_ERRORS as error:
        raise ValueError(text) from error


_CONSTRUCTOR = yaml.SafeLoader("")


@lru_cache(maxsize=4096)
def _plain_tag(value: str) -> str:
    """The tag that PyYAML gives to a scalar written without quotes."""
    for tag, pattern in yaml.SafeLoader.yaml_implicit_resolvers.get(value[:1], ()):
        if pattern.match(value):
            return str(tag)
    return _STR


def _nests_too_deep(text: str) -> bool:
    """Whether libyaml would go deeper than `MAX_DEPTH`, where at some depth it kills the process.

    A bound first: a block collection begins after nothing but white space and `-`, `?` and `:`, and
    those inside each other begin in different columns, or two in the same. If that bound is too
    high, the events are counted, which needs no recursion.
    """
    brackets = text.count("[") + text.count("{")
    deep_column = _DEEP_COLUMN.search(text) or _DEEP_COLUMN.match("\n" + text[:60])
    if brackets <= _FEW_BRACKETS and not deep_column and not _UNUSUAL_LINE_END.search(text):
        return False
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                return True
    except yaml.YAMLError:
        return False  # the composer stops there too
    return False


def _unreadable_yaml(error: Exception) -> Unreadable:
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    position = getattr(error, "position", None) if mark is None else mark.index
    return Unreadable(" ".join(str(reason).split()), position)


_PLAIN = PlainReader(_plain_value)
_YAML = _YamlHandler()
_Reader = YamlReader | TomlReader | JsonReader
_KINDS: tuple[tuple[BaseHandler, Callable[[Block, Any], _Reader]], ...] = (
    (_YAML, lambda block, load: YamlReader(block, lambda tree: load(tree.source, tree=tree))),
    (_TomlHandler(), TomlReader),
    (_JsonHandler(), JsonReader),
)
