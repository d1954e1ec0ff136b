"""English words become stems, by Martin Porter's second English stemmer as in Snowball 3.1.

The algorithm is described at snowballstem.org/algorithms/english/stemmer.html; the steps below are
numbered as there, and R1, R2, short syllables and short words are what is called so there.

Most of what it asks of a word is where the vowels are. That is found out once and kept as the
word's *shape*, a byte for each letter: `v` for a vowel, `c` for anything else; and `vcvc` at the
end. The shape of `yoga` is `cvcvvcvc`. R1 is what comes after the first `vc` in it and R2 what
comes after the next; the end sees to it that there are two, behind the word if not in it.

A shape is true of the word however far it is cut, because an ending only gives way to one that has
vowels at the same places. (`biliti` and `ble` differ, but only in whether a syllable ends there
that is not short in either.)
"""

from __future__ import annotations

_Rules = tuple[tuple[str, int, str], ...]
"""What a word may end in, how many letters of that are replaced, by what. The longest is first."""


def stem(word: str) -> str:
    """The stem of a word in lower case, with or without apostrophes. Safe in many threads at once.

    >>> [stem(word) for word in ("photographer", "photographed", "photographer's")]
    ['photograph', 'photograph', 'photograph']
    """
    if word in _SPECIAL:
        return _SPECIAL[word]
    if "'" in word and len(word) > 2:
        word = word.removeprefix("'").removesuffix("'").removesuffix("'s")
    if len(word) < 3 or word[-1] not in _LAST_LETTERS:
        return word
    shape = _shape(word)
    start = _STARTS.get(word[:4])
    r1 = len(start) if start and word.startswith(start) else shape.find(b"vc") + 2
    r2 = shape.find(b"vc", r1) + 2
    if word[-1] == "s" or word[-3:] == "ied":
        word = _without_s(word, shape)
    if word[-2:] in _VERB_TAILS:
        word = _without_ed_or_ing(word, shape, r1)
    if word[-1] == "y" and len(word) > 2 and shape.endswith(b"cv", 0, len(word)):
        word = word[:-1] + "i"  # step 1c
    if rules := _STEP_2.get(word[-3:]):
        word = _changed(word, rules, r1)
    if rules := _STEP_3.get(word[-3:]):
        word = _changed(word, rules, r2 if word.endswith("ative") else r1)
    if rules := _STEP_4.get(word[-2:]):
        word = _changed(word, rules, r2)
    return _without_e_or_l(word, shape, r1, r2) if word[-1] in "el" else word


def _shape(word: str) -> bytes:
    """Where the vowels are. A `y` is one, but for the first letter and after another vowel."""
    shape = word.encode("latin-1", "replace").translate(_SHAPES) + b"vcvc"
    if "y" not in word:
        return shape
    if word[0] == "y":
        shape = b"c" + shape[1:]
    return shape.replace(b"vy", b"vc").replace(b"yy", b"vc").replace(b"y", b"v")


def _ends_short(word: str, shape: bytes) -> bool:
    """Whether the last syllable of a word is short. (A `y` that ends a `cvc` is a consonant.)"""
    size = len(word)
    if shape.endswith(b"cvc", 0, size) and word[-1] not in "wxy":
        return True
    return shape[:size] == b"vc" or word.endswith("past")


def _without_s(word: str, shape: bytes) -> str:
    """Step 1a, for words in `s` and `ied`."""
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith(("ies", "ied")):
        return word[:-2] if len(word) > 4 else word[:-1]
    if word.endswith(("ss", "us")) or b"v" not in shape[: len(word) - 2]:
        return word
    return word[:-1]


def _without_ed_or_ing(word: str, shape: bytes, r1: int) -> str:
    """Step 1b, for words in `ed` and `ing`, with or without `ly`."""
    verb = word.removesuffix("ly")
    if verb.endswith("eed"):
        return word if len(verb) - 3 < r1 or verb in _EED_VERBS else verb[:-1]
    if verb.endswith("ed"):
        base = verb[:-2]
    elif verb.endswith("ing") and word not in _ING_NOUNS:
        base = verb[:-3]
        if word == f"{word[0]}ying" and shape.startswith(b"cv"):
            return f"{word[0]}ie"
    else:
        return word
    if b"v" not in shape[: len(base)]:
        return word
    return _infinitive(base, shape, r1)


def _infinitive(base: str, shape: bytes, r1: int) -> str:
    """What a verb was before `ed` or `ing` was added: `mak` was `make`, `plann` was `plan`."""
    tail = base[-2:]
    if tail in ("at", "bl", "iz"):
        return base + "e"
    if tail in _DOUBLES:
        return base if len(base) == 3 and base[0] in "aeo" else base[:-1]
    return base + "e" if len(base) == r1 and _ends_short(base, shape) else base


def _changed(word: str, rules: _Rules, region: int) -> str:
    """Steps 2, 3 and 4: the word by the first rule that fits, if what that replaces lies in the
    region of the word that starts at `region`."""
    for ending, size, instead in rules:
        if word.endswith(ending):
            start = len(word) - size
            return word[:start] + instead if start >= region else word
    return word


def _without_e_or_l(word: str, shape: bytes, r1: int, r2: int) -> str:
    """Step 5, for words in `e` and `l`."""
    rest = word[:-1]
    if word[-1] == "l":
        cut = len(rest) >= r2 and rest[-1] == "l"
    else:
        cut = len(rest) >= r2 or (len(rest) >= r1 and not _ends_short(rest, shape))
    return rest if cut else word


def _by_tail(rules: dict[str, str]) -> dict[str, _Rules]:
    """Rules by the last letters of what they replace, so many as there are in the shortest."""
    tail = min(len(ending.replace("-", "")) for ending in rules)
    table: dict[str, _Rules] = {}
    for ending in sorted(rules, key=len, reverse=True):
        before, _, replaced = ending.rpartition("-")
        rule = (before + replaced, len(replaced), rules[ending])
        key = rule[0][-tail:]
        table[key] = (*table.get(key, ()), rule)
    return table


_SPECIAL = {word: word for word in ("andes", "atlas", "bias", "cosmos", "howe", "news", "sky")}
_SPECIAL |= {
    "early": "earli", "gently": "gentl", "idly": "idl", "only": "onli", "singly": "singl",
    "skies": "sky", "skis": "ski", "ugly": "ugli",
}  # fmt: skip

_LAST_LETTERS = frozenset("cdegilmnrsty")
"""What the words end in that some step changes."""

_SHAPES = "".join(
    "v" if letter in "aeiou" else "y" if letter == "y" else "c" for letter in map(chr, range(256))
).encode()
"""The shape of each letter of Latin-1, where every vowel is; whether a `y` is one is still open."""

_STARTS = {
    start[:4]: start
    for start in (
        "arsen", "commun", "emerg", "gener", "inter", "later", "organ", "past", "univers",
    )
}  # fmt: skip
"""Starts of words that R1 comes after, wherever their vowels are; by their first four letters."""

_VERB_TAILS = frozenset(("ed", "ng", "ly"))
_DOUBLES = frozenset(("bb", "dd", "ff", "gg", "mm", "nn", "pp", "rr", "tt"))
_EED_VERBS = frozenset(("exceed", "proceed", "succeed"))
_ING_NOUNS = frozenset(("canning", "earring", "evening", "herring", "inning", "outing"))

# What stands before a hyphen must be there and stays.
_STEP_2 = _by_tail(
    {
        "tional": "tion", "ational": "ate", "ation": "ate", "ator": "ate",
        "enci": "ence", "anci": "ance", "entli": "ent", "izer": "ize", "ization": "ize",
        "alism": "al", "aliti": "al", "alli": "al", "ousness": "ous", "ousli": "ous",
        "iveness": "ive", "iviti": "ive", "abli": "able", "bli": "ble", "biliti": "ble",
        "fulness": "ful", "fulli": "ful", "lessli": "less", "ogist": "og", "l-ogi": "og",
        **{f"{letter}-li": "" for letter in "cdeghkmnrt"},
    }
)  # fmt: skip
_STEP_3 = _by_tail(
    {
        "tional": "tion", "ational": "ate", "alize": "al", "icate": "ic", "iciti": "ic",
        "ical": "ic", "ative": "", "ful": "", "ness": "",
    }
)  # fmt: skip
_STEP_4 = _by_tail(
    dict.fromkeys(
        (
            "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ism",
            "ate", "iti", "ous", "ive", "ize", "s-ion", "t-ion",
        ),
        "",
    )
)  # fmt: skip
