"""Benchmarks of searchidx beside Whoosh, tantivy-py, SQLite FTS5 and Xapian; see README.md."""
