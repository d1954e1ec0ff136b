"""Files become posts: the only room that knows front matter and YAML."""
