"""The letters have two forms that say the same."""

from __future__ import annotations

import re
from email import message_from_bytes
from html import unescape
from typing import Any

import pytest

from mlarena.accounts import letters

LINK = "https://arena.example/password/reset/a-token"


@pytest.fixture
def written(app: Any, make_user: Any) -> Any:
    """written("reset") -> the letter as it goes out, and its two parts."""
    user = make_user("ada")
    user.username = "<b>Ada & Co</b>"

    def write(kind: str) -> tuple[Any, str, str]:
        with app.test_request_context():
            letter = (
                letters.write_reset(user, LINK) if kind == "reset" else letters.write_changed(user)
            )
        message = message_from_bytes(letter.message().as_bytes())
        parts = {part.get_content_type(): part for part in message.walk()}
        assert set(parts) == {"multipart/alternative", "text/plain", "text/html"}
        text, html = (
            parts[kind].get_payload(decode=True).decode() for kind in ("text/plain", "text/html")
        )
        return message, text, html

    return write


def words(html: str) -> str:
    body = re.search(r"<body.*</body>", html, re.S)
    assert body
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body[0])).split())


@pytest.mark.parametrize("kind", ["reset", "changed"])
def test_the_html_says_what_the_text_says(written: Any, kind: str) -> None:
    _, text, html = written(kind)
    shown = words(html)
    for sentence in re.split(r"(?<=[.:])\s+", " ".join(text.split())):
        plain = sentence.replace('"', "").removesuffix(".").removesuffix(":")
        plain = plain.replace(f"{LINK} ", "")
        assert plain in shown.replace("“", "").replace("”", "").replace(" ,", ","), sentence


def test_the_link_is_a_button_and_an_address(written: Any) -> None:
    _, text, html = written("reset")
    assert LINK in text
    assert html.count(f'href="{LINK}"') == 2
    assert "a-token</a>" in html


def test_a_name_cannot_carry_markup(written: Any) -> None:
    _, text, html = written("changed")
    assert "<b>Ada & Co</b>" in text
    assert "<b>Ada" not in html
    assert "&lt;b&gt;Ada &amp; Co" in html


def test_nothing_is_fetched_when_it_is_read(written: Any) -> None:
    _, _, html = written("reset")
    assert not re.search(r"<(img|link|script)|url\(", html)
    assert re.findall(r'(?:src|href)="([^"]+)"', html) == [LINK, LINK]
