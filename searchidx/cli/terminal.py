"""Colour, width, pager and progress: what depends on the terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from searchidx.render import COLOURED, PLAIN, WIDEST_TEXT, Palette, text_width

if TYPE_CHECKING:
    from searchidx.sync import Progress


AUTOMATIC, ALWAYS, NEVER = "auto", "always", "never"
FIRST_VTE_WITH_LINKS = 5000
SIGNS_OF_LINKS = ("KITTY_WINDOW_ID", "WT_SESSION", "KONSOLE_VERSION", "WEZTERM_PANE")
PROGRAMS_WITH_LINKS = ("iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper")
USUAL_SIZE = (80, 24)
"""The columns and lines of a terminal that does not tell."""

TERMS_WITH_LINKS = ("xterm-kitty", "foot", "alacritty", "xterm-ghostty")


def palette_for(flag: str, environment: Mapping[str, str], is_terminal: bool) -> Palette:
    """Coloured or plain: the flag, then NO_COLOR, FORCE_COLOR, TERM, then whether it is a terminal.

    Variables that are set but empty count as not set.
    """
    if flag != "auto":
        return COLOURED if flag == "always" else PLAIN
    if environment.get("NO_COLOR"):
        return PLAIN
    if environment.get("FORCE_COLOR"):
        return COLOURED
    if environment.get("TERM", "dumb") in ("", "dumb"):
        return PLAIN
    return COLOURED if is_terminal else PLAIN


def linking(
    palette: Palette, files: Path, environment: Mapping[str, str], wanted: str = AUTOMATIC
) -> Palette:
    """The palette, with links from paths to files.

    They are `wanted` "always", "never", or "auto": where the terminal is known to have them.
    FORCE_HYPERLINK decides, when it is set: 0 for never. Plain output has none.
    """
    forced = environment.get("FORCE_HYPERLINK", "")
    has_links = wanted == ALWAYS or (wanted == AUTOMATIC and _has_links(environment))
    has_links = forced != "0" if forced else has_links
    return palette._replace(files=str(files)) if has_links and palette != PLAIN else palette


def _has_links(environment: Mapping[str, str]) -> bool:
    """Whether a terminal says that it is one with links; inside of tmux and screen nobody knows."""
    if environment.get("TMUX") or environment.get("STY"):
        return False
    vte = environment.get("VTE_VERSION", "")
    if vte.isascii() and vte.isdigit() and int(vte[:6]) >= FIRST_VTE_WITH_LINKS:
        return True
    if any(environment.get(name) for name in SIGNS_OF_LINKS):
        return True
    program, term = environment.get("TERM_PROGRAM", ""), environment.get("TERM", "")
    return program in PROGRAMS_WITH_LINKS or term.startswith(TERMS_WITH_LINKS)


def stream_width(stream: TextIO) -> int:
    """The columns to write in: those of the terminal, within limits."""
    return text_width(terminal_size().columns) if stream.isatty() else WIDEST_TEXT


def terminal_size() -> os.terminal_size:
    """The columns and lines of the terminal: COLUMNS and LINES, else as it says, else 80 and 24.

    As `shutil.get_terminal_size`, whose module takes longer to import than a page to print.
    """
    texts = [os.environ.get(name, "") for name in ("COLUMNS", "LINES")]
    sizes = [int(text) if text.isascii() and text.isdigit() else 0 for text in texts]
    try:
        known = os.get_terminal_size()
    except OSError:
        known = os.terminal_size((0, 0))
    return os.terminal_size(
        given or own or usual for given, own, usual in zip(sizes, known, USUAL_SIZE, strict=True)
    )


def page(text: str, environment: Mapping[str, str], wanted: bool) -> None:
    """Write the text to stdout, through a pager when it is a terminal that it does not fit on.

    The pager is SEARCHIDX_PAGER, else PAGER, else less; empty or `cat` means none.
    """
    command = environment.get("SEARCHIDX_PAGER", environment.get("PAGER", "less")).strip()
    if not wanted or not sys.stdout.isatty() or command in ("", "cat"):
        sys.stdout.write(text)
        return
    if text.count("\n") < terminal_size().lines - 1:
        sys.stdout.write(text)
        return
    import shlex
    import subprocess

    variables = {"LESS": "FRX", "LV": "-c", **environment}
    try:
        pager = subprocess.Popen(
            shlex.split(command), stdin=subprocess.PIPE, env=variables, text=True, encoding="utf-8"
        )
    except (OSError, ValueError) as error:
        print(f"searchidx: the pager {command!r} did not start ({error})", file=sys.stderr)
        sys.stdout.write(text)
        return
    try:
        pager.communicate(text)
    except KeyboardInterrupt:
        pager.wait()


class ProgressBar:
    """One line on stderr that shows how far a sync is; nothing when it is no terminal.

    It stands until something else is written over it: call `clear` first.
    """

    def __init__(self, stream: TextIO, wanted: bool) -> None:
        self._stream = stream
        self._wanted = wanted and stream.isatty()
        self._first: Progress | None = None
        self._started = self._drawn = 0.0

    def __call__(self, progress: Progress) -> None:
        if not self._wanted or progress.total == 0:
            return
        now = time.monotonic()
        if self._first is None or self._first.step != progress.step:
            self._first, self._started, self._drawn = progress, now, 0.0
        if now - self._drawn > 0.1:
            self._drawn = now
            line = progress_line(progress, now - self._started, self._first.done)
            self._stream.write(f"\r{line}\x1b[K")
            self._stream.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def progress_line(progress: Progress, elapsed_s: float, before: int = 0) -> str:
    """The text of a progress bar: how much is done, how fast, how long it will take.

    `before` is what was done when the time began.
    """
    share = progress.done / progress.total
    filled = round(20 * share)
    rate = (progress.done - before) / elapsed_s if elapsed_s > 0 else 0.0
    left = f"  {(progress.total - progress.done) / rate:.0f} s left" if rate else ""
    bar = "█" * filled + "░" * (20 - filled)
    if progress.step == "reading":
        return f"{bar} {progress.done}/{progress.total}  {rate:.0f} posts/s{left}"
    if progress.step == "writing":
        return f"{bar} {progress.done}/{progress.total}  writing the last of them"
    return f"{bar} {share:.0%} merged{left}"


def detach_stdout() -> None:
    """Point stdout at nothing, so that closing a broken pipe at exit says nothing."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
