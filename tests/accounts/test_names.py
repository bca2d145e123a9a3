"""What a user may be called."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlarena.accounts import names

pytestmark = pytest.mark.pure

RIGHT_TO_LEFT_OVERRIDE = "\u202e"


@pytest.mark.parametrize(
    "name",
    [
        "ada",
        "Ada_Lovelace-1815",
        "x.y",
        "x",
        "李",
        "a" * 64,
        "Łukasz",
        "张伟",
        "محمد",
        "דוד",
        "अनिल",
        "Ἀρχιμήδης",
        "7of9",
        "김민준",
    ],
)
def test_letters_of_any_language_are_kept_as_typed(name):
    assert names.clean_username(name) == unicodedata.normalize("NFKC", name)


@pytest.mark.parametrize(
    "name",
    [
        "a" * 65,
        "",
        "   ",
        "ada lovelace",
        "ada@example.org",
        "ada/../root",
        "<b>ada</b>",
        "ada😀",
        "-rf",
        "._.",
        "ada\x00",
        "ada\n",
        "ad\u200da",
        f"ada{RIGHT_TO_LEFT_OVERRIDE}nimda",
        "ad\ufe0fa",
        "\u3164\u3164",
        "ad\u034fa",
        "раypal",
        "z" + "\u0300" * 4,
    ],
)
def test_names_that_deceive_or_cannot_be_typed_are_refused(name):
    with pytest.raises(ValueError, match=r"\w"):
        names.clean_username(name.rstrip("\n") + ("\n!" if name.endswith("\n") else ""))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada", "aDA"),
        ("ａｄａ", "ada"),
        ("Straße", "STRASSE"),
        ("e\u0301va", "ÉVA"),
        ("ﬁona", "Fiona"),
    ],
)
def test_spellings_of_one_name_have_one_key(one, other):
    assert names.username_key(one) == names.username_key(other)


@given(st.text(max_size=80))
def test_what_passes_stays_as_it_is_and_its_key_fits_the_column(raw):
    try:
        name = names.clean_username(raw)
    except ValueError:
        return
    assert names.clean_username(name) == name
    assert names.username_key(names.username_key(name)) == names.username_key(name)
    assert 1 <= len(name) <= 64
    assert len(names.username_key(name)) <= 256
    assert name.isprintable()


@pytest.mark.parametrize(
    "name", ["Ada Lovelace", "שלום עולם", "Ada 👩‍🔬", "نیم‌فاصله", "O’Neil, Jr.", ""]
)
def test_full_names_may_hold_emoji_and_right_to_left_scripts(name):
    assert names.clean_full_name(f"  {name} ") == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    "name", ["Ada\x00", f"Ada {RIGHT_TO_LEFT_OVERRIDE}nimda", "Ada\u2066", "A" * 129]
)
def test_full_names_hold_nothing_that_turns_the_page_around(name):
    with pytest.raises(ValueError, match=r"\w"):
        names.clean_full_name(name)


@given(st.text(max_size=200))
def test_a_full_name_that_passes_can_be_stored_and_shown(raw):
    try:
        name = names.clean_full_name(raw)
    except ValueError:
        return
    assert len(name) <= 128
    assert name.encode().decode() == name
    assert not any(unicodedata.category(c) == "Cc" for c in name)


@pytest.mark.parametrize(
    "address", ["ada@example.org", " Ada.L+x@Example.ORG ", "ada@mail.school.local"]
)
def test_addresses_that_mail_reaches(address):
    assert names.clean_email(address).casefold() == address.strip().casefold()


@pytest.mark.parametrize(
    "address",
    ["ada", "ada@", "@example.org", "a b@example.org", "ada@example", "ada@@example.org", "ада@example.org",
     "ada@example.org\nBcc: x@example.org", "ada@" + "a" * 250 + ".org", "ada@example.org\x00"],
)  # fmt: skip
def test_addresses_that_mail_does_not_reach(address):
    with pytest.raises(ValueError, match="e-mail"):
        names.clean_email(address)


def test_time_zones_are_those_of_iana():
    assert names.clean_timezone("Europe/Berlin") == "Europe/Berlin"
    for wrong in ("Mars/Olympus", "../../etc/passwd", "", "europe/berlin"):
        with pytest.raises(ValueError, match="time zone"):
            names.clean_timezone(wrong)
