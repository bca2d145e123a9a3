"""Passwords: what is accepted, how it is kept, how it is compared."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 8
# Long enough for a passphrase; an endless one would only keep the hasher busy.
LONGEST = 128

# OWASP's Password Storage Cheat Sheet: Argon2id with 19 MiB, t=2, p=1. The library's default takes
# eight times as long, during which a gevent worker serves nobody else.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def check(password: str, about: tuple[str, ...] = ()) -> None:
    """Raises ValueError if the password is too short, too long, widely known, or one of `about`.

    There are no rules of composition: NIST SP 800-63B, 5.1.1.2, found that they make passwords worse.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise ValueError(f"Use {SHORTEST} to {LONGEST} characters.")
    folded = _normal(password).casefold()
    if folded in _common() or len(set(folded)) < 3:
        raise ValueError("This password is among the first that anyone would try. Choose another.")
    if folded in {word.casefold() for word in about if word}:
        raise ValueError("Your password must not be your own name or address.")


def hash_password(password: str) -> str:
    return _hasher.hash(_normal(password))


def verify(hashed: str | None, password: str) -> bool:
    """Whether `password` is the one. It takes as long when there is no such user (`hashed` None)."""
    if len(password) > LONGEST:
        password, hashed = "", None
    try:
        _hasher.verify(hashed or _nobody(), _normal(password))
    except (VerificationError, InvalidHashError):
        return False
    return hashed is not None


def is_outdated(hashed: str) -> bool:
    """Whether it was made with other parameters than today's."""
    return _hasher.check_needs_rehash(hashed)


def _normal(password: str) -> str:
    # The same password typed on another keyboard may arrive composed differently.
    return unicodedata.normalize("NFKC", password)


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _hasher.hash("the password of nobody")


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    lines = Path(__file__).with_name("common_passwords.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))
