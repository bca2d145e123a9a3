"""What a user may be called, and when two spellings are the same person."""

from __future__ import annotations

import re
import unicodedata
import zoneinfo
from collections.abc import Callable, Mapping
from functools import lru_cache

import email_validator

from mlarena.core.errors import Invalid

SHORTEST_USERNAME, LONGEST_USERNAME = 1, 64
LONGEST_FULL_NAME = 128
LONGEST_EMAIL = 254

# A school's own network may well call itself .local, and mail arrives there.
for _domain in ("local", "test"):
    if _domain in email_validator.SPECIAL_USE_DOMAIN_NAMES:
        email_validator.SPECIAL_USE_DOMAIN_NAMES.remove(_domain)

# Letters and marks that show nothing (Unicode's Default_Ignorable_Code_Point): joiners, Hangul
# fillers, Khmer inherent vowels, variation selectors. Two names that differ in them look the same.
_INVISIBLE = frozenset(
    map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x3164))
) | frozenset(map(chr, (*range(0xFE00, 0xFE10), 0xFFA0, *range(0xE0100, 0xE01F0))))
# Alphabets whose letters look like each other's: "раypal" with Cyrillic "ра" is not "paypal".
_LOOKALIKES = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU"})
_MOST_MARKS = 3
_JOINERS = "\u200c\u200d"  # Persian and Indic spelling, and emoji of several parts, need them


def username_key(username: str) -> str:
    """What uniqueness and login compare: compatible forms and upper case are the same name."""
    folded = unicodedata.normalize("NFKC", username).casefold()
    return unicodedata.normalize("NFKC", folded)


def email_key(email: str) -> str:
    return unicodedata.normalize("NFKC", email).casefold()


def clean_username(raw: str) -> str:
    """The name as it is kept (NFKC). Raises ValueError with words for the person who chose it."""
    name = unicodedata.normalize("NFKC", raw.strip())
    if not SHORTEST_USERNAME <= len(name) <= LONGEST_USERNAME:
        raise ValueError(f"Use {SHORTEST_USERNAME} to {LONGEST_USERNAME} characters.")
    for character in name:
        if not _fits_username(character):
            raise ValueError(
                "Use letters and digits of any language, and - _ . "
                "(emoji fit in the full name, not here)."
            )
    if unicodedata.category(name[0])[0] not in "LN":
        raise ValueError("Begin with a letter or a digit.")
    if _stacks_marks(name):
        raise ValueError("There are too many accents on one letter.")
    if len(_scripts(name) & _LOOKALIKES) > 1:
        raise ValueError("Keep to one alphabet: letters of two that look alike are mixed.")
    return name


def clean_full_name(raw: str) -> str:
    """The full name: emoji and right-to-left scripts are welcome, invisible controls are not."""
    name = " ".join(unicodedata.normalize("NFC", raw).split())
    if len(name) > LONGEST_FULL_NAME:
        raise ValueError(f"Use at most {LONGEST_FULL_NAME} characters.")
    for character in name:
        if character not in _JOINERS and unicodedata.category(character) in {
            "Cc",
            "Cf",
            "Cs",
            "Co",
        }:
            raise ValueError("The name holds characters that cannot be seen. Type it again.")
    if _stacks_marks(name):
        raise ValueError("There are too many accents on one letter.")
    return name


def clean_email(raw: str) -> str:
    """A mail address that a mail server can be given. Whether it exists is not asked."""
    try:
        found = email_validator.validate_email(
            raw.strip(), allow_smtputf8=False, check_deliverability=False
        )
    except email_validator.EmailNotValidError as wrong:
        raise ValueError(f"That is not an e-mail address we can write to. {wrong}") from None
    address = found.ascii_email or found.normalized
    if len(address) > LONGEST_EMAIL:
        raise ValueError(f"Use at most {LONGEST_EMAIL} characters.")
    return address


def clean_timezone(raw: str) -> str:
    if raw not in timezones():
        raise ValueError("That is not a time zone. Use a name such as Europe/Berlin.")
    return raw


def clean_kaggle_username(raw: str) -> str:
    name = raw.strip()
    if name and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name):
        raise ValueError("Use the name from your Kaggle address: kaggle.com/NAME.")
    return name


def clean_label(raw: str) -> str:
    """A short name for a thing of one's own, such as a token."""
    name = " ".join(raw.split())
    if not 1 <= len(name) <= 64:
        raise ValueError("Use 1 to 64 characters.")
    if not all(character.isprintable() for character in name):
        raise ValueError("The name holds characters that cannot be seen. Type it again.")
    return name


@lru_cache(maxsize=1)
def timezones() -> frozenset[str]:
    """Every IANA name. Read once: the list is a walk through a folder of 600 files."""
    return frozenset(zoneinfo.available_timezones())


def clean(rules: Mapping[str, Callable[[str], str]], values: Mapping[str, str]) -> dict[str, str]:
    """`values` by their rules. Raises Invalid that names every field at fault, not only the first."""
    cleaned: dict[str, str] = {}
    errors: dict[str, list[str]] = {}
    for field, value in values.items():
        try:
            cleaned[field] = rules[field](value)
        except ValueError as wrong:
            errors[field] = [str(wrong)]
    if errors:
        raise Invalid("Some of the values are not right.", errors)
    return cleaned


def _fits_username(character: str) -> bool:
    if character in "-_.":
        return True
    category = unicodedata.category(character)
    return (category[0] == "L" or category in {"Mn", "Mc", "Nd"}) and character not in _INVISIBLE


def _stacks_marks(name: str) -> bool:
    run = 0
    for character in name:
        run = run + 1 if unicodedata.category(character) == "Mn" else 0
        if run > _MOST_MARKS:
            return True
    return False


def _scripts(name: str) -> frozenset[str]:
    """The first word of a letter's Unicode name is its script: LATIN SMALL LETTER A."""
    return frozenset(unicodedata.name(c, "").partition(" ")[0] for c in name if c.isalpha())
