"""Whoosh segments as NumPy arrays. Knows Whoosh and NumPy; knows nothing of posts."""
