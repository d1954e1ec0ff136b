"""The command line: arguments -> Index -> render -> exit code."""
