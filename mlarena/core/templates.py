"""What every template can use: times, numbers, Markdown made safe."""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import nh3
from flask import Flask
from flask_login import current_user
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from mlarena.core import charts
from mlarena.core.clock import utcnow
from mlarena.core.initials import initials

_markdown = MarkdownIt("commonmark", {"linkify": False}).enable("table").enable("strikethrough")
_TAGS = {
    *("p", "br", "hr", "h2", "h3", "h4", "h5", "ul", "ol", "li", "blockquote", "pre", "code", "em"),
    *("strong", "s", "a", "table", "thead", "tbody", "tr", "th", "td", "img"),
}


@lru_cache(maxsize=512)
def markdown(text: str) -> Markup:
    """Markdown as safe HTML. A first-level heading becomes the second: the page has its own h1."""
    rendered = _markdown.render(text).replace("<h1>", "<h2>").replace("</h1>", "</h2>")
    clean = nh3.clean(
        rendered,
        tags=_TAGS,
        attributes={"a": {"href", "title"}, "img": {"src", "alt", "title"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener",
    )
    # Code that is wider than the page is scrolled, also by who has no mouse.
    return Markup(clean.replace("<pre>", '<pre tabindex="0">'))  # noqa: S704 – nh3 has cleaned it


_INLINE = {"code", "em", "strong", "s"}


@lru_cache(maxsize=2048)
def markdown_line(text: str) -> Markup:
    """Markdown for a place where only a line fits, such as a label: no blocks, no links."""
    rendered = _markdown.renderInline(text)
    return Markup(nh3.clean(rendered, tags=_INLINE, attributes={}))  # noqa: S704 – just cleaned


def beginning(text: str, most: int = 200) -> str:
    """The first words of Markdown as they are read, for where nothing is rendered: plain text, not HTML."""
    words = " ".join(html.unescape(nh3.clean(markdown(text), tags=set())).split())
    return words if len(words) <= most else f"{words[: most - 1]}…"


def local_time(at: datetime | None) -> str:
    """`at` in the reader's own time zone, to the minute."""
    if at is None:
        return "–"
    zone = current_user.timezone if current_user.is_authenticated else "UTC"
    return at.astimezone(ZoneInfo(zone)).strftime("%d %b %Y, %H:%M")


def time_left(until: datetime) -> str:
    """How long it is until then, in the two largest units; static/js/countdown.js says it the same way."""
    left = until - utcnow()
    minutes = max(0, left // timedelta(minutes=1))
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} day{'' if days == 1 else 's'} {hours} h"
    if hours:
        return f"{hours} h {rest} min"
    return f"{rest} min" if rest else "less than a minute"


def countdown(until: datetime, before: str = "", after: str = "") -> Markup:
    """The time until then, which countdown.js keeps true while the page is open."""
    return Markup('{}<time datetime="{}" data-countdown>{}</time>{}').format(
        before, until.isoformat(), time_left(until), after
    )


def score(value: float | None, of_hundred: bool = False) -> str:
    """Four decimals are what two learners compare; points of 100 are told as such."""
    if value is None:
        return "–"
    if of_hundred:
        return figure(round(value, 1))
    # Rounded first: a score a hair below zero is not minus nothing.
    return f"{round(value, 4) + 0.0:,.4f}" if abs(value) < 1000 else f"{value:,.1f}"


def coded(text: str) -> Markup:
    """Words between backticks as code: a sentence with a column's or a function's name in it."""
    parts = str(text).split("`")
    if len(parts) % 2 == 0:  # one of them stands alone, and is only itself
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )


_JOINTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[A-Za-z0-9]_)(?=\w)")


def breakable(text: object) -> Markup:
    """A name such as HistGradientBoostingClassifier, which a narrow column may cut between its words."""
    if isinstance(text, Markup):  # it knows itself what it looks like
        return text
    return Markup("<wbr>").join(_JOINTS.split(str(text)))


def figure(value: float) -> str:
    """A figure of a report as it was rounded there: 253,000 rather than 253000.0."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"


def init_templates(app: Flask) -> None:
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        markdown=markdown,
        markdown_line=markdown_line,
        local_time=local_time,
        score=score,
        figure=figure,
        coded=coded,
        breakable=breakable,
        initials=initials,
    )
    app.jinja_env.globals.update(charts=charts, countdown=countdown)
