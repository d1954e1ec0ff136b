"""What both shells give the line that is typed: colours, completion, history, a style."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from prompt_toolkit.auto_suggest import AutoSuggest, AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import completion_is_selected, has_completions
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style

from searchidx.errors import SearchIdxError
from searchidx.render import PLAIN, clean
from searchidx.shell import colours, style
from searchidx.shell.completion import candidates
from searchidx.shell.history import history_path, make_private
from searchidx.shell.lookups import Lookups
from searchidx.shell.preferences import Keys
from searchidx.shell.session import Session
from searchidx.shell.texts import error_text


class QueryLexer(Lexer):
    """Colours what is typed, and underlines what cannot be honoured."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """From the number of a line (a pasted text may have several) to its fragments."""
        lines: list[StyleAndTextTuples] = [self._fragments(line) for line in document.lines]
        return lambda number: lines[number] if number < len(lines) else []

    def _fragments(self, text: str) -> StyleAndTextTuples:
        if text.lstrip().startswith(":"):
            return [*style.command_fragments(text)]
        if not text.strip() or text.strip() == "?":
            return [("", text)]
        problems = self._session.understood(text).problems
        return [*style.query_fragments(text, self._session.vocabulary(), problems)]


class QueryCompleter(Completer):
    """Completes what stands before the cursor."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lookups = Lookups(session)

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Runs in a thread of its own, and keeps the index at its generation meanwhile."""
        text = document.text_before_cursor
        try:
            with self._session.reading:
                found = candidates(text, self._lookups)
        except (SearchIdxError, OSError):  # the next query tells what is wrong with the index
            found = []
        for candidate in found:
            yield Completion(
                candidate.text,
                start_position=candidate.start - len(text),
                display=clean(candidate.display),
                display_meta=candidate.meta,
            )


def add_menu_keys(bindings: KeyBindings) -> None:
    """The keys of an open menu of completions: Enter takes the one that is selected, and the line
    runs with the next Enter; Esc closes the menu."""

    @bindings.add("enter", filter=completion_is_selected)
    def _accept(event: KeyPressEvent) -> None:
        event.current_buffer.complete_state = None

    @bindings.add("escape", filter=has_completions, eager=True)
    def _close(event: KeyPressEvent) -> None:
        event.current_buffer.cancel_completion()


class _PrivateHistory(FileHistory):
    """A history file that stays private, even when it is removed while the shell runs."""

    def store_string(self, string: str) -> None:
        try:
            make_private(Path(str(self.filename)))
            super().store_string(string)
        except OSError as error:
            sys.stderr.write(f"this line is not kept in the history: {error_text(error)}")


def history_of(session: Session) -> History:
    """The lines typed before; kept in memory alone, and said so, where they cannot be written."""
    path = history_path(session.environment, Path.home())
    try:
        make_private(path)
    except OSError as error:
        sys.stderr.write(f"the history is not kept: {error_text(error)}")
        return InMemoryHistory()
    return _PrivateHistory(str(path))


def style_of(session: Session) -> Style:
    """The colours; without colour the same by underlining and reversing."""
    return Style.from_dict(
        colours.PLAIN if session.palette == PLAIN else session.preferences.styles()
    )


def depth_of(session: Session) -> ColorDepth | None:
    """How many colours the terminal is given; None leaves that to the terminal."""
    return ColorDepth.DEPTH_1_BIT if session.palette == PLAIN else None


def mode_of(session: Session) -> EditingMode:
    """The keys with which the query line is edited."""
    return EditingMode.VI if session.preferences.keys is Keys.VI else EditingMode.EMACS


def ghost_of(session: Session) -> AutoSuggest | None:
    """The rest of an earlier query, in grey; None where that is not wanted."""
    return AutoSuggestFromHistory() if session.preferences.ghost_text else None
