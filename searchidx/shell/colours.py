"""The styles of the parts of both shells: for dark and light terminals, and without colour."""

from __future__ import annotations

COLOURS = {
    "prompt": "bold",
    "field": "ansicyan",
    "value": "ansigreen",
    "phrase": "ansigreen",
    "regex": "ansimagenta",
    "operator": "bold ansiblue",
    "modifier": "ansimagenta",
    "command": "bold",
    "problem": "underline ansired",
    "bottom-toolbar": "noreverse bg:ansibrightblack fg:ansiwhite",
    "toolbar-problem": "bold",
    "title": "bold",
    "match": "bold ansiyellow",
    "faint": "ansibrightblack",
    "number": "ansicyan",
    "heading": "bold ansicyan",
    "bar": "ansigreen",
    "frame": "ansibrightblack",
    "chosen": "bg:ansibrightblack fg:ansiwhite",
    "chosen faint": "fg:ansiwhite",
    "chosen number": "fg:ansiwhite",
    "status": "reverse",
    "problem-text": "ansired",
    "key": "bold",
    "key-help": "ansibrightblack",
    "message": "bold",
}
LIGHT = {
    "field": "ansiblue",
    "match": "bold ansired",
    "number": "ansiblue",
    "heading": "bold ansiblue",
    "bottom-toolbar": "noreverse bg:ansigray fg:ansiblack",
    "chosen": "bg:ansigray fg:ansiblack",
    "chosen faint": "fg:ansiblack",
    "chosen number": "fg:ansiblack",
}
"""What differs on a light background."""

PLAIN = {
    "prompt": "bold",
    "problem": "underline",
    "bottom-toolbar": "reverse",
    "title": "bold",
    "match": "bold underline",
    "heading": "bold",
    "chosen": "reverse",
    "status": "reverse",
    "problem-text": "bold",
    "key": "bold",
    "message": "bold",
}
"""For terminals without colour: the same, as far as it matters, by underlining."""
