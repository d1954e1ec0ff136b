"""What the worker does for one state of the live shell: hits, then the preview, then counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from searchidx.analysis import fold
from searchidx.errors import QueryError
from searchidx.results import Hit
from searchidx.shell.live.asking import (
    Answer,
    Question,
    Rescue,
    Tally,
    answer,
    chosen_hit,
    tally,
)
from searchidx.shell.live.lines import paint_of, painted_lines
from searchidx.shell.live.state import Preview
from searchidx.shell.session import Session
from searchidx.shell.texts import post_text

MOST_STARTS = 40
"""So many first letters are looked for before any is typed."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be shown: the hits of a question, and the selected one in a preview.

    Without preview columns no preview is wanted; without `counts` no facets and no histogram.
    """

    question: Question
    selected: int = 0
    preview_columns: int = 0
    counts: bool = True


Piece = Answer | Preview | Tally | Rescue


class Searching:
    """Answers tasks from a session's index. Used by one thread; what it found last is kept.

    It moves the index to its newest generation, unless another thread reads one just then.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._palette = paint_of(session.palette)
        self._generation = session.index.generation
        self._answer: Answer | None = None
        self._tally: Tally | None = None
        self._preview: tuple[tuple[Question, str, int], Preview] | None = None
        self._is_warm = False

    def work(self, task: Task) -> Iterator[Piece | None]:
        """The pieces of what a task wants, each as soon as it is there; None is a pause.

        Raises: IndexMissing, IndexCorrupt and the like.
        """
        self._refresh()
        found = self._answered(task.question)
        yield found
        if not found.results.total:
            yield self._rescued(found.question)
        if preview := self._previewed(task, found):
            yield preview
        if task.counts:
            yield self._counts(task.question)
        if not self._is_warm:
            self._is_warm = True
            yield from self._warmed(found)

    def _warmed(self, shown: Answer) -> Iterator[None]:
        """Look for how words of the first hits start: what is read for the first time is slow."""
        session = self._session
        for start in _starts(shown.results.hits):
            yield None
            question = Question(start)
            found = answer(session.index, question, session.vocabulary())
            if len(start) > 1:
                yield None
                tally(session.index, question, session.vocabulary())
                yield None
                if hit := chosen_hit(found, 0):
                    post_text(hit, self._palette, session.width)

    def _refresh(self) -> None:
        """Search the newest generation; what was found in another is forgotten."""
        index = self._session.index
        self._session.refresh()
        if index.generation != self._generation:
            self._generation = index.generation
            self._answer = self._tally = self._preview = None
            self._is_warm = False

    def _answered(self, question: Question) -> Answer:
        known = self._answer
        if known is None or known.question != question:
            session = self._session
            vocabulary, saved = session.vocabulary(), self._saved(question)
            try:
                known = answer(session.index, question, vocabulary, saved)
            except QueryError:  # the post that others are to be like is gone
                plain = replace(question, like="")
                known = answer(session.index, plain, vocabulary, saved)
                known = replace(known, question=question)
            self._answer = known
        return known

    def _saved(self, question: Question) -> Mapping[str, str]:
        return self._session.saved() if "@" in question.text else {}

    def _rescued(self, question: Question) -> Rescue:
        session, text = self._session, question.text
        with suppress(QueryError):  # the name of a saved search that is still being typed
            text = session.expanded(text)
        return Rescue(question, session.index.no_hits(text, **dict(question.options)))

    def _previewed(self, task: Task, found: Answer) -> Preview | None:
        hit = chosen_hit(found, task.selected)
        if hit is None or not task.preview_columns:
            return None
        wanted = task.question, hit.path, task.preview_columns
        if self._preview is None or self._preview[0] != wanted:
            text = post_text(hit, self._palette, max(10, task.preview_columns - 2))
            self._preview = wanted, Preview(hit.path, painted_lines(text))
        return self._preview[1]

    def _counts(self, question: Question) -> Tally:
        known = self._tally
        if known is None or known.question.is_about_the_same != question.is_about_the_same:
            session = self._session
            known = tally(session.index, question, session.vocabulary(), self._saved(question))
            self._tally = known
        return known


def _starts(hits: Sequence[Hit]) -> list[str]:
    """Two letters that a word of their titles starts with, then the first letters of all of them,
    the most frequent first."""
    words = [word for hit in hits for word in fold(hit.text("title")).split() if word.isalpha()]
    letters = Counter(word[0] for word in words).most_common(MOST_STARTS)
    return [*(word[:2] for word in words[:1]), *(letter for letter, _ in letters)]
