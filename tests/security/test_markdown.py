"""Briefs are Markdown written by people: what comes out is text and harmless markup."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from mlarena.core.templates import markdown

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[click](javascript:alert(1))",
        "[click](JaVaScRiPt:alert(1))",
        "[click](data:text/html;base64,PHNjcmlwdD4=)",
        "[click](vbscript:x)",
        "![x](javascript:alert(1))",
        "<a href='javascript:alert(1)'>x</a>",
        "<iframe src=//evil.example></iframe>",
        "<svg onload=alert(1)>",
        "<form action=//evil.example><input name=password></form>",
        "<style>body{display:none}</style>",
        "<p style='position:fixed'>x</p>",
        "<meta http-equiv=refresh content='0;url=//evil.example'>",
        "<base href=//evil.example>",
        '[x](https://a.example "title\\" onmouseover=alert(1)")',
        "<div id=main>clobbered</div>",
        "`<script>`",
        "    <script>alert(1)</script>",
    ],
)
def test_nothing_acts(text):
    seen: list[str] = []

    class Look(HTMLParser):
        def handle_starttag(self, tag, attrs):
            seen.append(tag)
            for name, value in attrs:
                if (tag, name, value) == ("pre", "tabindex", "0"):
                    continue  # ours: code wider than the page is scrolled from the keyboard too
                assert name in {"href", "src", "alt", "title", "rel"}, name
                if name in {"href", "src"}:
                    assert urlsplit(value).scheme in {"", "http", "https", "mailto"}, value

    Look().feed(str(markdown(text)))
    assert not set(seen) & {
        "script",
        "iframe",
        "svg",
        "form",
        "input",
        "style",
        "meta",
        "base",
        "object",
        "div",
    }


def test_what_a_brief_needs_stays():
    html = str(
        markdown("# Title\n\n**bold** `code`\n\n| a |\n|---|\n| 1 |\n\n[x](https://a.example)")
    )
    for piece in ("<h2>Title</h2>", "<strong>bold</strong>", "<code>code</code>", "<td>1</td>"):
        assert piece in html
    assert 'rel="nofollow noopener"' in html
