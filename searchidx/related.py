"""The graph of posts: the titles that a post names as related, and the posts that name it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from searchidx.errors import SearchIdxError
from searchidx.index import Index
from searchidx.query.lex import quoted
from searchidx.results import Hit

RELATED, TITLE = "related", "title"
MOST_NAMING = 100


@dataclass(frozen=True, slots=True)
class Related:
    """The titles that a post names, each with the post of that title, and the posts that name it.

    The post is None where the index has none of that title. Hits are numbered through, from 1.
    """

    names: tuple[tuple[str, Hit | None], ...]
    named_by: tuple[Hit, ...]

    def hits(self) -> Iterator[Hit]:
        """All posts, in the order of their numbers."""
        yield from (hit for _, hit in self.names if hit)
        yield from self.named_by


def related_of(index: Index, post: Hit) -> Related:
    """What a post is related to. Raises: SearchIdxError when the index has no such fields."""
    known = {spec.name for spec in index.fields}
    if not {RELATED, TITLE} <= known:
        raise SearchIdxError(f"this index has no fields {RELATED} and {TITLE}")
    names = []
    number = 0
    for title in post.texts(RELATED):
        found = index.search(f"{TITLE}:={quoted(title)}", limit=1, lenient=True).hits
        number += bool(found)
        names.append((title, replace(found[0], rank=number) if found else None))
    naming: tuple[Hit, ...] = ()
    if post.text(TITLE):
        query = f"{RELATED}:={quoted(post.text(TITLE))}"
        naming = index.search(query, limit=MOST_NAMING, lenient=True).hits
    numbered = [replace(hit, rank=at) for at, hit in enumerate(naming, number + 1)]
    return Related(tuple(names), tuple(numbered))
