"""What every template can use: times, numbers, Markdown made safe."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import nh3
from flask import Flask, url_for
from flask_login import current_user
from markdown_it import MarkdownIt
from markupsafe import Markup

_markdown = MarkdownIt("commonmark", {"linkify": False}).enable("table").enable("strikethrough")
_TAGS = {
    *("p", "br", "hr", "h2", "h3", "h4", "h5", "ul", "ol", "li", "blockquote", "pre", "code", "em"),
    *("strong", "s", "a", "table", "thead", "tbody", "tr", "th", "td", "img"),
}


@lru_cache(maxsize=512)
def markdown(text: str) -> Markup:
    """Markdown as safe HTML. A first-level heading becomes the second: the page has its own h1."""
    html = _markdown.render(text).replace("<h1>", "<h2>").replace("</h1>", "</h2>")
    return Markup(  # noqa: S704 – nh3 has just cleaned it
        nh3.clean(
            html,
            tags=_TAGS,
            attributes={"a": {"href", "title"}, "img": {"src", "alt", "title"}},
            url_schemes={"http", "https", "mailto"},
            link_rel="nofollow noopener",
        )
    )


def local_time(at: datetime | None) -> str:
    """`at` in the reader's own time zone, to the minute."""
    if at is None:
        return "–"
    zone = current_user.timezone if current_user.is_authenticated else "UTC"
    return at.astimezone(ZoneInfo(zone)).strftime("%d %b %Y, %H:%M")


def score(value: float | None) -> str:
    """Four significant decimals are what two learners compare."""
    if value is None:
        return "–"
    return f"{value:,.4f}" if abs(value) < 1000 else f"{value:,.1f}"


def figure(value: float) -> str:
    """A figure of a report as it was rounded there: 253,000 rather than 253000.0."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"


def init_templates(app: Flask) -> None:
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        markdown=markdown, local_time=local_time, score=score, figure=figure
    )
    folder = Path(app.static_folder or "")

    @lru_cache(maxsize=256)
    def fingerprint(filename: str) -> int:
        try:
            return int((folder / filename).stat().st_mtime)
        except FileNotFoundError:
            return 0

    @app.template_global()
    def asset(filename: str) -> str:
        """The address of a static file, changing with its content, so it can be cached for a year."""
        return url_for("static", filename=filename, v=fingerprint(filename))
