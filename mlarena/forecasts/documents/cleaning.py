"""Texts as papers send them, made plain: no markup, no odd characters, one space between words."""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata

import nh3

LONGEST_TITLE = 300
LONGEST_TEXT = 20_000
# What begins a new line on a page would otherwise glue two words together.
_BREAKS = re.compile(r"<\s*/?\s*(?:p|br|div|li|ul|ol|h[1-6]|tr|td|blockquote)\b[^>]*>", re.I)
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")
_WORD = re.compile(r"[^\W_]+")


def plain(markup: str, longest: int = LONGEST_TEXT) -> str:
    """The words of a piece of HTML or of plain text; scripts and styles go with what is in them."""
    spaced = _BREAKS.sub("\n", markup)
    text = html.unescape(nh3.clean(spaced, tags=set()))
    text = "".join(
        c for c in unicodedata.normalize("NFC", text)
        if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs", "Cf", "Co", "Cn")
    )  # fmt: skip
    text = _LINES.sub("\n", _SPACES.sub(" ", text)).strip()
    return text if len(text) <= longest else text[:longest].rsplit(None, 1)[0]


def title(markup: str) -> str:
    return plain(markup, LONGEST_TITLE).replace("\n", " ")[:LONGEST_TITLE]


def fold(text: str) -> str:
    """As words are compared: "Mbappé" and "MBAPPE" are "mbappe"."""
    bare = unicodedata.normalize("NFKD", text).casefold()
    # Letters that are no accented others to Unicode, but to everybody who types them.
    for letter, usual in (("ø", "o"), ("ł", "l"), ("đ", "d"), ("æ", "ae"), ("œ", "oe"), ("ı", "i")):
        bare = bare.replace(letter, usual)
    return "".join(c for c in bare if not unicodedata.combining(c))


def words(folded: str) -> list[str]:
    """The words of a folded text, in their order. An apostrophe parts none: "o'neil" is "oneil"."""
    return _WORD.findall(re.sub(r"['’`]", "", folded))


def fingerprint(folded: str) -> str:
    """The same for texts of the same words, whatever is between them."""
    return hashlib.sha256(" ".join(words(folded)).encode()).hexdigest()
