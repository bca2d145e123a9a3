"""What stands in the circle beside a name: one or two letters, of any script."""

from __future__ import annotations

import unicodedata

# Joins two characters into one drawing, as in a family of emoji.
JOINER = "\u200d"


def initials(name: str) -> str:
    """ "Ada Lovelace" → "AL", "ada" → "A", "研究" → "研", "👩‍🔬 lab" → "👩‍🔬"."""
    words = [
        first
        for word in name.replace("_", " ").replace("-", " ").split()
        if (first := _first(word))
    ]
    if not words:
        return "?"
    if len(words) > 1 and words[0].isalpha() and words[1].isalnum():
        return (words[0] + words[1]).upper()
    return words[0].upper()


def _first(word: str) -> str:
    """The first letter, digit or symbol of `word` with all that is drawn on it."""
    found = ""
    for character in word:
        kind = unicodedata.category(character)
        attached = (
            kind in {"Mn", "Me", "Mc"}
            or character == JOINER
            or "\U0001f3fb" <= character <= "\U0001f3ff"
        )
        if not found:
            if kind[0] in "LN" or kind == "So":
                found = character
        elif attached or found.endswith(JOINER):
            found += character
        else:
            break
    return found
