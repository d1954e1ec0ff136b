"""The console script: as little as can be, so that Ctrl-C ends even the imports in good order."""

from __future__ import annotations

import gc
import os
import sys

from searchidx.cli.times import Times


def run() -> None:
    """Run the command line and leave with its exit code."""
    # NumPy's linear algebra, which is not used here, starts threads that spin when it is imported
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.disable()  # nothing that is imported is ever garbage
    times = Times()
    try:
        from searchidx.query.deferred import import_queries

        import_queries()
        from searchidx.cli.main import main

        times.mark("imports")
        gc.freeze()
        gc.enable()
        code = main(times=times)
    except KeyboardInterrupt:
        sys.stderr.write("searchidx: interrupted\n")
        code = 130
    _leave(code)


def _leave(code: int) -> None:
    """End the process at once: taking everything apart that was imported takes a while.

    All that was opened is closed by now; only the streams are left.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = code or 1
    os._exit(code)
