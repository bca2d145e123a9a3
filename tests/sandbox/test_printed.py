"""What a run prints, as text: the same whether it comes in one piece or byte by byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlarena.sandbox.printed import Printed, plain

pytestmark = pytest.mark.pure


def printed(*pieces: bytes, most: int = 10_000) -> str:
    told: list[str] = []
    kept = Printed(most, told.append)
    for piece in pieces:
        kept.take(piece)
    text = kept.end()
    assert "".join(told) == text
    assert "" not in told
    return text


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"plain\n", "plain\n"),
        (b"\x1b[1;31mred\x1b[0m and \x1b[38;5;12mblue\x1b[m", "red and blue"),
        (b"\x1b[2K\x1b[1Goverwritten", "overwritten"),
        (b"\x1b]0;a title\x07text", "text"),
        (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"\x1b(B\x1b7saved\x1b8", "saved"),
        (b"10%\r20%\r\ndone\r\n", "10%\n20%\ndone\n"),
        (b"bell \x07 nul \x00 back \x08.", "bell  nul  back ."),
        ("\u202eturned round\u202c".encode(), "turned round"),
        ("größer ≤ 3 🎉\n".encode(), "größer ≤ 3 🎉\n"),
        (b"half \xe2\x82", "half \ufffd"),
        (b"open \x1b[12;", "open [12;"),
        (b"<script>alert(1)</script>\n", "<script>alert(1)</script>\n"),
    ],
)
def test_what_is_shown(data: bytes, shown: str) -> None:
    assert printed(data) == shown
    assert printed(*(bytes([byte]) for byte in data)) == shown


@given(
    st.lists(st.binary(max_size=12) | st.sampled_from([b"\x1b[", b"\x1b]", b"\r", b"1m", b"\n"]))
)
def test_pieces_make_no_difference(pieces: list[bytes]) -> None:
    whole = printed(b"".join(pieces))
    assert printed(*pieces) == whole
    assert all(char in "\n\t" or char.isprintable() for char in whole)


def test_a_code_without_an_end_does_not_hold_the_output_back() -> None:
    told: list[str] = []
    kept = Printed(10_000, told.append)
    kept.take(b"\x1b]0;" + b"x" * 300)
    assert "x" * 300 in "".join(told)


def test_the_cut_is_told_once() -> None:
    text = printed(*[b"0123456789\n"] * 100, most=1024)
    assert text[:1024] == ("0123456789\n" * 100)[:1024]
    assert text[1024:] == "\n[Output cut here: the first 1 KiB are kept.]\n"


def test_output_of_just_the_limit_is_whole() -> None:
    assert printed(b"x" * 100, most=100) == "x" * 100


def test_text_for_a_page() -> None:
    assert plain("\x1b[31mKeyError\x1b[0m: \x00'a'\r\n", 9) == "KeyError:"
