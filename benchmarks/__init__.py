"""Benchmarks of searchidx against stock Whoosh, tantivy-py and SQLite FTS5; see README.md."""
