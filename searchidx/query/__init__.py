"""What the user typed becomes a `whoosh.query` tree."""
