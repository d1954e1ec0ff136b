"""The live shell: what matches, updated at every keystroke, on the whole screen.

`state` is what is shown and what keys do to it, `view` draws it as lines of fragments, `worker`
searches in a thread of its own; none of them needs a terminal. `app` puts them into one.
"""
