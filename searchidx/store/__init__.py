"""The index folder: opening a generation, evaluating queries on it, and committing a new one.

Everything that depends on how Whoosh keeps an index on disk is in this room.
"""
