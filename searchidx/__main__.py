"""`python -m searchidx` is the `searchidx` command."""

from searchidx.cli.entry import run

run()
