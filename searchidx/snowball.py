"""The stemmers of the package snowballstemmer, which stem all languages but English."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from threading import Lock
from types import ModuleType
from typing import Any


def stemmer(name: str) -> Callable[[str], str]:
    """The stemming function of an algorithm, such as `german`. Safe in many threads at once."""
    algorithm = _algorithm(name)
    guard = Lock()  # an algorithm keeps the word it works on in the object

    def stem(word: str) -> str:
        with guard:
            return str(algorithm.stemWord(word))

    return stem


def _algorithm(name: str) -> Any:
    """An algorithm, as `snowballstemmer.stemmer` gives it.

    That package imports the algorithms of all languages. Only the one is imported here, from where
    they lie; if PyStemmer is installed, snowballstemmer is asked, which hands over to it.
    """
    package = find_spec("snowballstemmer")
    if find_spec("Stemmer") is None and package is not None:
        alone = ModuleType(f"{__name__}.algorithms")
        alone.__path__ = package.submodule_search_locations or []
        sys.modules[alone.__name__] = alone
        with suppress(ImportError, AttributeError):
            module = import_module(f"{alone.__name__}.{name}_stemmer")
            return getattr(module, f"{name.title()}Stemmer")()
    import snowballstemmer

    return snowballstemmer.stemmer(name)
