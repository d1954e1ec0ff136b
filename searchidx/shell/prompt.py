"""The shell on a terminal: prompt_toolkit around a session. No other module imports it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import webbrowser
from collections.abc import Callable, Iterable
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app_or_none
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, ThreadedCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.filters import completion_is_selected, has_completions
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.output import ColorDepth, Output
from prompt_toolkit.styles import Style

from searchidx.errors import SearchIdxError
from searchidx.render import PLAIN, clean, text_width
from searchidx.shell import style
from searchidx.shell.commands import AUTOMATIC, run_line
from searchidx.shell.completion import candidates
from searchidx.shell.history import history_path, make_private
from searchidx.shell.lookups import Lookups
from searchidx.shell.session import DEFAULT_LIMIT, Reply, Session
from searchidx.shell.texts import count_of, error_text

PROMPT = "searchidx> "
WELCOME = ":help says what can be typed, Ctrl-D leaves\n"
ROWS_PER_HIT = 6
TOOLBAR_EVERY_S = 2.0

Page = Callable[[str], object]


def run_prompt(
    session: Session,
    page: Page,
    terminal: tuple[Input, Output] | None = None,
) -> int:
    """Read and run lines until Ctrl-D or `:quit`; always 0. `terminal` is for tests."""
    prompt = build_prompt(session, terminal)
    session.limit = fitting_limit(shutil.get_terminal_size().lines)
    sys.stderr.write(WELCOME)
    while True:
        session.width = text_width(shutil.get_terminal_size().columns)
        try:
            for line in prompt.prompt().splitlines():
                reply = run_line(session, line)
                _carry_out(reply, page)
                if reply.should_quit:
                    return 0
        except KeyboardInterrupt:  # the line, or what it had begun, is given up
            continue
        except EOFError:
            return 0


def fitting_limit(rows: int) -> int:
    """How many hits are printed at first, so that the best one stays in sight."""
    return max(3, min(DEFAULT_LIMIT, (rows - 3) // ROWS_PER_HIT))


def build_prompt(
    session: Session, terminal: tuple[Input, Output] | None = None
) -> PromptSession[str]:
    """The prompt for a session: colours, completion in a thread of its own, history, toolbar."""
    is_plain = session.palette == PLAIN
    source, sink = terminal or (None, None)
    return PromptSession(
        [("class:prompt", PROMPT)],
        lexer=_QueryLexer(session),
        completer=ThreadedCompleter(_QueryCompleter(session)),
        complete_while_typing=True,
        auto_suggest=AutoSuggestFromHistory(),
        history=_history(session),
        key_bindings=_bindings(),
        bottom_toolbar=lambda: toolbar(session, _typed()),
        refresh_interval=TOOLBAR_EVERY_S,
        style=Style.from_dict(style.PLAIN if is_plain else style.COLOURS),
        color_depth=ColorDepth.DEPTH_1_BIT if is_plain else None,
        input=source,
        output=sink,
    )


def toolbar(session: Session, typed: str) -> StyleAndTextTuples:
    """What is searched, in which order, how long it took, and what is wrong with the line typed."""
    try:
        session.refresh()
        problem = _problem(session, typed)
    except (SearchIdxError, OSError) as error:
        problem = error_text(error).splitlines()[0]
    index = session.index
    facts = [count_of(len(index), "post"), f"generation {index.generation}"]
    facts += [f"sort {session.sort or AUTOMATIC}", f"limit {session.limit}"]
    if session.results is not None:
        facts.append(f"{session.results.elapsed_ms:.0f} ms")
    shown: StyleAndTextTuples = [("", f" {' · '.join(facts)} ")]
    return [*shown, ("class:toolbar-problem", f" {clean(problem)} ")] if problem else shown


def _problem(session: Session, typed: str) -> str:
    if not typed.strip() or typed.lstrip().startswith(":") or typed.strip() == "?":
        return ""
    problems = session.understood(typed).problems
    return problems[0].reason if problems else ""


def _typed() -> str:
    app = get_app_or_none()
    return app.current_buffer.text if app else ""


def _carry_out(reply: Reply, page: Page) -> None:
    """Print a reply, and do what it asks for: page it, start an editor, show an address."""
    sys.stderr.write(reply.news)
    sys.stderr.flush()
    if reply.is_long:
        page(reply.text)
    else:
        sys.stdout.write(reply.text)
    sys.stdout.flush()
    sys.stderr.write(reply.notes)
    if reply.url and not webbrowser.open(reply.url):
        sys.stderr.write("no browser was found to show it\n")
    if reply.command:
        sys.stderr.write(_run_editor(reply.command))
    sys.stderr.flush()


def _run_editor(command: tuple[str, ...]) -> str:
    """Run an editor until it ends; a line about it when it did not do well, else nothing."""
    try:
        code = subprocess.run(command, check=False).returncode
    except OSError as error:
        return error_text(error)
    return f"{clean(command[0])} ended with exit code {code}\n" if code else ""


# -- what prompt_toolkit asks for


class _QueryLexer(Lexer):
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


class _QueryCompleter(Completer):
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


class _PrivateHistory(FileHistory):
    """A history file that stays private, even when it is removed while the shell runs."""

    def store_string(self, string: str) -> None:
        try:
            make_private(Path(str(self.filename)))
            super().store_string(string)
        except OSError as error:
            sys.stderr.write(f"this line is not kept in the history: {error_text(error)}")


def _history(session: Session) -> History:
    path = history_path(session.environment, Path.home())
    try:
        make_private(path)
    except OSError as error:
        sys.stderr.write(f"the history is not kept: {error_text(error)}")
        return InMemoryHistory()
    return _PrivateHistory(str(path))


def _bindings() -> KeyBindings:
    bindings = KeyBindings()

    @bindings.add("enter", filter=completion_is_selected)
    def _accept(event: KeyPressEvent) -> None:
        """Take the completion; the line runs with the next Enter."""
        event.current_buffer.complete_state = None

    @bindings.add("escape", filter=has_completions, eager=True)
    def _close(event: KeyPressEvent) -> None:
        event.current_buffer.cancel_completion()

    @bindings.add("c-space")
    def _complete(event: KeyPressEvent) -> None:
        event.current_buffer.start_completion(select_first=False)

    return bindings
