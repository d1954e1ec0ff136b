"""The shell on a terminal, line by line: prompt_toolkit around a session."""

from __future__ import annotations

import shutil
import sys
import webbrowser
from collections.abc import Callable

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app_or_none
from prompt_toolkit.completion import ThreadedCompleter
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import Output

from searchidx.errors import SearchIdxError
from searchidx.render import clean, text_width
from searchidx.shell.commands import run_line
from searchidx.shell.editing import (
    QueryCompleter,
    QueryLexer,
    add_menu_keys,
    depth_of,
    ghost_of,
    history_of,
    mode_of,
    style_of,
)
from searchidx.shell.programs import run_pipe, run_program
from searchidx.shell.session import AUTOMATIC, DEFAULT_LIMIT, Reply, Session, Shell
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
) -> Shell | None:
    """Read and run lines until Ctrl-D or `:quit`; the shell to go on in, None to leave.

    `terminal` is for tests.
    """
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
                    return None
                if reply.shell is Shell.LIVE:
                    return reply.shell
        except KeyboardInterrupt:  # the line, or what it had begun, is given up
            continue
        except EOFError:
            return None


def fitting_limit(rows: int) -> int:
    """How many hits are printed at first, so that the best one stays in sight."""
    return max(3, min(DEFAULT_LIMIT, (rows - 3) // ROWS_PER_HIT))


def build_prompt(
    session: Session, terminal: tuple[Input, Output] | None = None
) -> PromptSession[str]:
    """The prompt for a session: colours, completion in a thread of its own, history, toolbar."""
    source, sink = terminal or (None, None)
    return PromptSession(
        [("class:prompt", PROMPT)],
        lexer=QueryLexer(session),
        completer=ThreadedCompleter(QueryCompleter(session)),
        complete_while_typing=True,
        auto_suggest=ghost_of(session),
        editing_mode=mode_of(session),
        history=history_of(session),
        key_bindings=_bindings(),
        bottom_toolbar=lambda: toolbar(session, _typed()),
        refresh_interval=TOOLBAR_EVERY_S,
        style=style_of(session),
        color_depth=depth_of(session),
        input=source,
        output=sink,
    )


def toolbar(session: Session, typed: str) -> StyleAndTextTuples:
    """What is searched, in which order, how long it took, and what is wrong with the line typed."""
    try:
        session.refresh()
        problem = session.problem(typed)
    except (SearchIdxError, OSError) as error:
        problem = error_text(error).splitlines()[0]
    index = session.index
    facts = [count_of(len(index), "post"), f"generation {index.generation}"]
    facts += [f"sort {session.sort or AUTOMATIC}", f"limit {session.limit}"]
    if session.results is not None:
        facts.append(f"{session.results.elapsed_ms:.0f} ms")
    shown: StyleAndTextTuples = [("", f" {' · '.join(facts)} ")]
    return [*shown, ("class:toolbar-problem", f" {clean(problem)} ")] if problem else shown


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
    if reply.piped:
        sys.stderr.write(run_pipe(reply.piped))
    if reply.command:
        sys.stderr.write(run_program(reply.command))
    sys.stderr.flush()


def _bindings() -> KeyBindings:
    bindings = KeyBindings()

    add_menu_keys(bindings)
    for number in "123456789":
        bindings.add("escape", number)(_mending(number))

    @bindings.add("c-space")
    def _complete(event: KeyPressEvent) -> None:
        event.current_buffer.start_completion(select_first=False)

    return bindings


def _mending(number: str) -> Callable[[KeyPressEvent], None]:
    """Alt and a digit: run the last query, mended in this way."""

    def mend(event: KeyPressEvent) -> None:
        event.current_buffer.text = f":fix {number}"
        event.current_buffer.validate_and_handle()

    return mend
