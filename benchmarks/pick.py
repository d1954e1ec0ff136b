"""Picks the questions of each class, made of a corpus's own words by how many posts hold them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import islice, product

from benchmarks.corpus import absent_words, is_own_stem, words
from benchmarks.questions import Match, Order, Question
from benchmarks.truth import Posts, pattern

PER_CLASS = 5
"""So many questions are asked by turns in each class, so that no answer is just repeated."""

_QUALITIES = ((110, 125), (111, 127), (109, 123), (75, 90), (77, 91))
"""Ranges that hold about 22 % of the posts each."""

_QUARTERS = ((2016, 1), (2017, 7), (2018, 4), (2019, 10), (2020, 4))
"""Year and month in which a range of dates starts."""


def make_questions(posts: Posts) -> dict[str, tuple[Question, ...]]:
    """PER_CLASS questions of each class, for a corpus: name of the class -> its questions."""
    pick = _Picker(posts.frequency, len(posts))
    common, half, tenth = pick.share(0.38), pick.share(0.19), pick.share(0.1)
    some = zip(*(pick.share(share) for share in (0.01, 0.02, 0.04, 0.06, 0.08)), strict=True)
    two = list(zip(half, tenth, strict=True))
    three = list(zip(common, half, tenth, strict=True))
    made = (
        [Question("no match", (word,)) for word in absent_words()[:PER_CLASS]],
        [Question("rare word", (word,)) for word in pick.posts(5)],
        [Question("common word", (word,)) for word in common],
        [Question("2 words AND", pair) for pair in two],
        [Question("3 words AND", triple) for triple in three],
        [Question("2 words OR", pair, Match.ANY) for pair in two],
        [Question("5 words OR", five, Match.ANY) for five in some],
        [Question("phrase", pair, Match.PHRASE) for pair in _phrases(posts.topics)],
        [Question("prefix", (start,), Match.PREFIX) for start in pick.prefixes(0.05)],
        [Question("wildcard", (shape,), Match.WILDCARD) for shape in pick.wildcards(0.05)],
        [Question("fuzzy", (wrong,), Match.FUZZY) for wrong in pick.misspelt(0.05)],
        [
            Question("number range AND word", (word,), quality=quality)
            for word, quality in zip(common, _QUALITIES, strict=True)
        ],
        [_of_quarter(year, month) for year, month in _QUARTERS],
        [
            Question("NOT", (word,), excluded=excluded)
            for word, excluded in zip(common, half, strict=True)
        ],
        [Question("sort by date", (word,), order=Order.NEWEST) for word in common],
        [Question("facet counts", (word,), facets=True) for word in common],
    )
    return {questions[0].name: tuple(questions) for questions in made}


def _of_quarter(year: int, month: int) -> Question:
    """Alone, a range of dates shows the newest first, as searchidx does."""
    quarter = (date(year, month, 1), date(year, month + 2, 30))
    return Question("date range", match=Match.NOTHING, dates=quarter, order=Order.NEWEST)


def _phrases(topics: Iterable[str]) -> list[tuple[str, str]]:
    """The topics of two words that are nearest to middle frequency."""
    pairs = Counter(topic.lower() for topic in topics if " " in topic)
    ordered = sorted(pairs, key=lambda topic: (pairs[topic], topic))
    start = max(0, (len(ordered) - PER_CLASS) // 2)
    return [(a, b) for a, b in map(str.split, ordered[start : start + PER_CLASS])]


class _Picker:
    """Picks words by the number of posts that hold them; the first in the alphabet in a tie."""

    def __init__(self, frequency: Mapping[str, int], posts: int) -> None:
        self.frequency = frequency
        self.total = posts
        self.taken: set[str] = set()

    def share(self, share: float) -> list[str]:
        """Words in about that share of the posts each, not picked before."""
        return self.posts(share * self.total)

    def posts(self, count: float) -> list[str]:
        """Words in about so many posts each, not picked before."""
        left = {word: n for word, n in self.frequency.items() if word not in self.taken}
        nearest = _nearest(left, count)[:PER_CLASS]
        self.taken.update(nearest)
        return nearest

    def prefixes(self, share: float) -> list[str]:
        """Four letters each, the words of which are in about that share of the posts."""
        starts = (word[:4] for word in words() if len(word) > 5 and is_own_stem(word[:4]))
        return self._patterns(starts, share, 1)

    def wildcards(self, share: float) -> list[str]:
        """`ab*yz`, the words of which are in about that share of the posts."""
        return self._patterns((f"{word[:2]}*{word[-2:]}" for word in words()), share, 2)

    def misspelt(self, share: float) -> list[str]:
        """Words that no post holds, one letter off some that are in that share of the posts."""
        reach: Counter[str] = Counter()
        known = set(words())
        for word in words()[:3000]:
            for at, letter in product(range(len(word)), "aeiou"):
                wrong = word[:at] + letter + word[at + 1 :]
                if wrong not in known:
                    reach[wrong] += self.frequency.get(word, 0)
        spread = {wrong: reach[wrong] for wrong in sorted(reach)[::97]}
        ordered = _nearest(spread, share * self.total)
        return list(islice((word for word in ordered if is_own_stem(word)), PER_CLASS))

    def _patterns(self, patterns: Iterable[str], share: float, fewest: int) -> list[str]:
        """The patterns that so many words have at least, and that share of the posts."""
        kinds = Counter(patterns)
        shapes = {text: pattern(text) for text in sorted(kinds)[::97] if kinds[text] >= fewest}
        reach = {
            text: sum(n for word, n in self.frequency.items() if shape.match(word))
            for text, shape in shapes.items()
        }
        return _nearest(reach, share * self.total)[:PER_CLASS]


def _nearest(counts: Mapping[str, int], wanted: float) -> list[str]:
    """The keys in the order of how far their counts are from the wanted one."""
    return sorted(counts, key=lambda key: (abs(counts[key] - wanted), key))
