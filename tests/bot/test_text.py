"""Whatever is said fits into messages, with every tag closed and nothing lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup, escape

from mlarena.bot import text as texts
from mlarena.bot.forecast import moved
from tests.bot.stub import _unparsed, bare, units

pytestmark = pytest.mark.pure

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=60)
TAGGED = st.tuples(st.sampled_from(["", "b", "i", "code", "pre"]), WORDS)


@given(st.lists(TAGGED, max_size=12), st.integers(8, 80))
def test_parts_fit_parse_and_hold_everything(pieces: list[tuple[str, str]], most: int) -> None:
    markup = "".join(
        f"<{tag}>{escape(words)}</{tag}>" if tag else str(escape(words)) for tag, words in pieces
    )
    parts = texts.split(markup, most)
    for part in parts:
        assert _unparsed(part) is None, part
        assert units(bare(part)) <= most
    assert "".join("".join(map(bare, parts)).split()) == "".join(bare(markup).split())


def test_a_part_ends_at_a_line_and_a_bold_word_goes_on_bold() -> None:
    markup = Markup("<b>{}</b>").format("a line\n" * 1000)
    first, second = texts.split(markup)
    assert first.endswith("a line</b>") and second.startswith("<b>a line")
    assert units("😀" * 2049) == 4098 and len(texts.split("😀" * 2049)) == 2


@given(WORDS)
def test_any_markdown_can_be_shown(words: str) -> None:
    for source in (
        words,
        f"# {words}",
        f"* {words}\n* x",
        f"[{words}](https://x.org)",
        f"`{words}",
    ):
        assert _unparsed(str(texts.rendered(source))) is None


def test_markdown_as_telegram_shows_it() -> None:
    shown = texts.rendered(
        "# Head\n\nSome *words* & `a < b`\n\n1. one\n2. two\n   * deep\n\n```sql\nSELECT '<b>'\n```\n\n"
        "[here](javascript:alert(1)) [there](https://example.org/?a=1&b=2) <script>x</script>\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    assert shown.startswith("<b>Head</b>\n\nSome <i>words</i> &amp; <code>a &lt; b</code>")
    assert "1. one\n2. two\n  • deep" in shown
    assert "<pre>SELECT &#39;&lt;b&gt;&#39;</pre>" in shown
    assert "javascript" not in shown.replace("here", "") or 'href="javascript' not in shown
    assert '<a href="https://example.org/?a=1&amp;b=2">there</a>' in shown
    assert "&lt;script&gt;" in shown and "1 | 2" in shown


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 2), st.sampled_from([-5, 5]))
def test_three_figures_stay_a_hundred(home: int, draw: int, place: int, by: int) -> None:
    now = (home, min(draw, 100 - home), max(0, 100 - home - draw))
    after = moved(now, place, by)
    assert sum(after) == 100 and min(after) >= 0
    assert after[place] == min(100, max(0, now[place] + by))
