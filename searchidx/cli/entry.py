"""The console script: as little as can be, so that Ctrl-C ends even the imports in good order."""

from __future__ import annotations

import sys


def run() -> None:
    """Run the command line and leave with its exit code."""
    try:
        from searchidx.cli.main import main

        code = main()
    except KeyboardInterrupt:
        sys.stderr.write("searchidx: interrupted\n")
        code = 130
    sys.exit(code)
