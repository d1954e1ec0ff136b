"""Does a title, typed as a query, find its post? Also with a slip: a word dropped, or misspelt.

Measured: at which rank each post of a folder stands when it is asked for by

- its title;
- its title without one word (which one is drawn by lot);
- its title with one word misspelt by one letter, in the spelling that is suggested for it;
- the three rarest words of its title and excerpt.

A post with the same title and excerpt as another is as good as that. The query is the plain text,
the settings are the default ones. A title that cannot be parsed as a query counts as not found.

    python -m benchmarks.known_items POSTS --out benchmarks/results/known-items.json
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import searchidx
from benchmarks.report import environment, print_table, save
from searchidx.analysis import Slot, fold, slots

WITHIN = (1, 3, 10)
LONG_ENOUGH = 4
"""Words of fewer letters are not dropped or misspelt: without them a title often stays the same."""

Asking = tuple[str, str]
"""The kind of a query, and the query."""


@dataclass(frozen=True, slots=True)
class Item:
    """A post that is looked for."""

    path: str
    title: str
    excerpt: str

    @property
    def face(self) -> tuple[str, str]:
        """What two posts share that nobody can tell apart."""
        return fold(self.title), fold(self.excerpt)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 2 when the folder has no posts, else 0."""
    parser = argparse.ArgumentParser(prog="benchmarks.known_items")
    parser.add_argument("posts", type=Path, help="a folder of posts")
    parser.add_argument("--out", type=Path, help="keep the raw results in this JSON file")
    options = parser.parse_args(arguments)
    ranks = measure(options.posts)
    if not ranks:
        print(f"{options.posts}: no posts with a title", file=sys.stderr)
        return 2
    _print(ranks)
    posts_at = {
        kind: {str(rank): count for rank, count in sorted(Counter(found.values()).items())}
        for kind, found in ranks.items()
    }
    save(options.out, {"benchmark": "known items", **environment({}), "posts_at": posts_at})
    return 0


def measure(posts: Path) -> dict[str, dict[str, int]]:
    """Kind of query -> path of the post -> its rank, 0 when it is not among the first ten."""
    folder = Path(tempfile.mkdtemp(prefix="searchidx-known-"))
    try:
        with searchidx.open(folder / "index", create=True) as index:
            index.sync([posts])
            return _measured(index, posts.resolve())
    finally:
        shutil.rmtree(folder)


def _measured(index: searchidx.Index, posts: Path) -> dict[str, dict[str, int]]:
    every = index.search("has:title", limit=len(index))
    items = {hit.path: Item(hit.path, hit.text("title"), hit.text("excerpt")) for hit in every}
    found: dict[str, dict[str, int]] = {}
    frequency = Counter(
        slot.term for item in items.values() for slot in {s.term: s for s in _slots(item)}.values()
    )
    for item in items.values():
        for kind, text in _askings(index, item, frequency):
            path = Path(item.path).relative_to(posts).as_posix()
            found.setdefault(kind, {})[path] = _rank(index, text, item, items)
    return found


def _slots(item: Item) -> Iterator[Slot]:
    yield from slots(f"{item.title} {item.excerpt}")


def _askings(index: searchidx.Index, item: Item, frequency: Mapping[str, int]) -> Iterator[Asking]:
    yield "title", item.title
    chance = random.Random(item.title)
    words = item.title.split()
    long = [at for at, word in enumerate(words) if len(word) >= LONG_ENOUGH and word.isalpha()]
    if len(words) > 2 and long:
        at = chance.choice(long)
        yield "one word dropped", " ".join(words[:at] + words[at + 1 :])
        wrong = " ".join([*words[:at], _misspelt(words[at], chance), *words[at + 1 :]])
        near = _suggested(index, wrong)
        yield "one word misspelt", near or wrong
    rare = sorted({slot.term for slot in _slots(item)}, key=lambda term: (frequency[term], term))
    if len(rare) >= 3:
        yield "three rarest words", " ".join(rare[:3])


def _misspelt(word: str, chance: random.Random) -> str:
    """The word with two letters swapped, one left out, doubled, or replaced."""
    at = chance.randrange(1, len(word) - 1)
    return chance.choice(
        [
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + chance.choice("aeiorst") + word[at + 1 :],
        ]
    )


def _suggested(index: searchidx.Index, text: str) -> str:
    """The first suggestion, where the shell would show one."""
    try:
        if index.search(text, limit=1).total_all:
            return ""
    except searchidx.QueryError:
        return ""
    return next((one.query for one in index.suggest(text)), "")


def _rank(index: searchidx.Index, text: str, item: Item, items: Mapping[str, Item]) -> int:
    try:
        hits = index.search(text, limit=max(WITHIN)).hits
    except searchidx.QueryError:
        return 0
    return next((hit.rank for hit in hits if items[hit.path].face == item.face), 0)


def share_within(ranks: Mapping[str, int], limit: int) -> float:
    """The share of the posts that stand at that rank or better."""
    return sum(1 for rank in ranks.values() if 0 < rank <= limit) / len(ranks)


def _print(found: Mapping[str, Mapping[str, int]]) -> None:
    rows = [
        [kind, str(len(ranks)), *(f"{share_within(ranks, limit):.2%}" for limit in WITHIN)]
        for kind, ranks in found.items()
    ]
    print_table(["asked by", "posts", *(f"in the first {limit}" for limit in WITHIN)], rows)


if __name__ == "__main__":
    sys.exit(main())
