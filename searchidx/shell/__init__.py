"""The interactive search shell; with a pipe on stdin it reads one line after the other.

On a terminal it is live, over the whole screen (`live`), or goes line by line (`prompt`);
prompt_toolkit is imported by these two alone, and only when one of them starts.
"""
