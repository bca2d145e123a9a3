"""Which passwords are taken, and how they are kept."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from mlarena.accounts import passwords

pytestmark = [pytest.mark.pure, pytest.mark.real_hashes]


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "пароль-из-слов",
        "x9!kQ2#z",
        "        a b",
        "🐎🔋📎 zusammen",
        "é" * 3 + "abc12",
    ],
)
def test_any_characters_make_a_password(password):
    passwords.check(password)
    assert passwords.verify(passwords.hash_password(password), password)


@pytest.mark.parametrize("password", ["short", "", "x" * 129, "ab" * 65])
def test_too_short_and_endless_ones_are_refused(password):
    with pytest.raises(ValueError, match="8 to 128"):
        passwords.check(password)


@pytest.mark.parametrize(
    "password", ["password", "PassWord", "12345678", "qwertyuiop", "aaaaaaaaaa", "ababababab"]
)
def test_what_anyone_would_try_first_is_refused(password):
    with pytest.raises(ValueError, match="first that anyone"):
        passwords.check(password)


def test_three_thousand_widely_used_ones_are_known():
    """As many as ASVS 5.0, 6.2.4 asks for."""
    assert len(passwords._common()) >= 3000
    assert all(len(word) >= passwords.SHORTEST for word in passwords._common())


def test_the_own_name_is_no_password():
    with pytest.raises(ValueError, match="your own name"):
        passwords.check("Ada.Lovelace", about=("ada.lovelace", "ada@example.org"))


def test_the_hash_is_argon2id_at_the_agreed_cost():
    assert passwords.hash_password("correct horse").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.hash_password("correct horse") != passwords.hash_password("correct horse")


def test_another_keyboard_composes_the_same_password():
    assert passwords.verify(passwords.hash_password("cafe\u0301 noir"), "caf\u00e9 noir")


def test_nobody_has_no_password():
    assert not passwords.verify(None, "the password of nobody")
    assert not passwords.verify("not a hash", "correct horse")
    assert not passwords.verify(passwords.hash_password("x" * 128), "x" * 129)


def test_a_hash_of_other_parameters_is_outdated():
    assert passwords.is_outdated(
        PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("x")
    )
    assert not passwords.is_outdated(passwords.hash_password("x"))
