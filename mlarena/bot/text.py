"""Texts in Telegram's HTML: escaped, made of Markdown, cut to what a message holds.

A message holds 4096 UTF-16 units of what is left when the tags are gone
(https://core.telegram.org/bots/api#sendmessage). It knows few tags, which nest properly or are refused.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

LONGEST = 4096
# A part ends at the end of a line, or of a word, if there is one so far back.
LOOK_BACK = 600

_PIECES = re.compile(r"<(/?)([a-z]+)([^>]*)>|&(?:[a-z]+|#[0-9]+);|\s|[^<&\s]|[<&]")
_markdown = MarkdownIt("commonmark", {"linkify": False}).enable("table").enable("strikethrough")


def units(text: str) -> int:
    """The length of plain text as Telegram counts it."""
    return len(text) + sum(character > "\uffff" for character in text)


def length(markup: str) -> int:
    """The same of text with tags."""
    return sum(units(html.unescape(piece)) for piece, tag in _pieces(markup) if not tag)


def cut(text: str, most: int) -> str:
    """Plain text of `most` characters, with an ellipsis where some are missing."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def split(markup: str, most: int = LONGEST) -> list[str]:
    """Parts that fit into a message each. No tag and no entity is cut in two: what is open at the end of a
    part is closed there, and opened again in the next."""
    parts: list[str] = []
    part = _Part([])
    for piece, tag in _pieces(str(markup)):
        if tag:
            part.add_tag(piece, tag)
            continue
        size = units(html.unescape(piece))
        if part.size + size > most:
            done, part = part.divided()
            parts.append(done)
        part.add(piece, size)
    if part.has_words:
        parts.append(part.closed())
    return parts or [""]


class _Part:
    """A part being filled. `opened` are the tags that the one before left open."""

    def __init__(self, opened: list[tuple[str, str]]) -> None:
        self.pieces: list[tuple[str, int]] = [(tag, 0) for tag, _ in opened]
        self.open: list[list[tuple[str, str]]] = [list(opened)] * len(self.pieces)
        self.now, self.size = list(opened), 0

    @property
    def has_words(self) -> bool:
        return any(size and piece.strip() for piece, size in self.pieces)

    def add(self, piece: str, size: int) -> None:
        self.pieces.append((piece, size))
        self.open.append(list(self.now))
        self.size += size

    def add_tag(self, piece: str, name: str) -> None:
        if name.startswith("/"):
            self.now = self.now[:-1]
        else:
            self.now = [*self.now, (piece, name)]
        self.add(piece, 0)

    def closed(self) -> str:
        ends = "".join(f"</{name}>" for _, name in reversed(self.now))
        return "".join(piece for piece, _ in self.pieces).strip("\n") + ends

    def divided(self) -> tuple[str, _Part]:
        """This part up to the best place before its end, and what is left as the beginning of the next."""
        place = self._place()
        rest, opened = self.pieces[place:], self.open[place - 1] if place else []
        following = _Part(opened)
        while rest and rest[0][1] and rest[0][0].isspace():
            rest = rest[1:]
        for piece, size in rest:
            tag = _tag(piece) if not size else ""
            following.add_tag(piece, tag) if tag else following.add(piece, size)
        self.pieces, self.now = self.pieces[:place], opened
        return self.closed(), following

    def _place(self) -> int:
        best, at, back = len(self.pieces), len(self.pieces), 0
        while at > 0 and back < min(LOOK_BACK, self.size // 2):
            piece, size = self.pieces[at - 1]
            if piece == "\n":
                return at
            if size and piece.isspace() and best == len(self.pieces):
                best = at
            back += size
            at -= 1
        return best


def _pieces(markup: str) -> Iterator[tuple[str, str]]:
    """Each tag, entity or character, and the name of the tag with its slash, or ""."""
    for found in _PIECES.finditer(markup):
        name = found[2]
        yield found[0], f"{found[1]}{name}" if name else ""


def _tag(piece: str) -> str:
    found = _PIECES.fullmatch(piece)
    return f"{found[1]}{found[2]}" if found and found[2] else ""


def bare(markup: str) -> str:
    """The words alone: for when Telegram takes exception to the tags."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


def rendered(markdown: str) -> Markup:
    """Markdown as Telegram can show it: headings bold, lists with dots, tables as they are written."""
    lines: list[str] = []
    _blocks(_markdown.parse(markdown), lines)
    text = re.sub(r"\n{3,}", "\n\n", "".join(lines)).strip()
    return Markup(text)  # noqa: S704 – every piece of it was escaped


_INLINE = {"strong": "b", "em": "i", "s": "s"}


def _blocks(tokens: list[Token], into: list[str]) -> None:
    depth, marks = 0, list[Any]()
    for token in tokens:
        kind = token.type
        if kind == "inline":
            into.append(_inline(token.children or []))
        elif kind in ("fence", "code_block"):
            into.append(f"<pre>{escape(token.content.rstrip())}</pre>\n\n")
        elif kind == "heading_open":
            into.append("<b>")
        elif kind == "heading_close":
            into.append("</b>\n\n")
        elif kind in ("bullet_list_open", "ordered_list_open"):
            marks.append(0 if kind.startswith("ordered") else None)
            depth += 1
        elif kind in ("bullet_list_close", "ordered_list_close"):
            marks.pop()
            depth -= 1
            into.append("\n" if not depth else "")
        elif kind == "list_item_open":
            if marks[-1] is not None:
                marks[-1] += 1
            into.append("  " * (depth - 1) + ("• " if marks[-1] is None else f"{marks[-1]}. "))
        elif kind == "paragraph_close":
            into.append("\n" if token.hidden or depth else "\n\n")
        elif kind in ("th_close", "td_close"):
            into.append(" | ")
        elif kind in ("tr_close", "table_close"):
            into.append("\n")
        elif kind == "hr":
            into.append("———\n\n")


def _inline(tokens: list[Token]) -> str:
    said: list[str] = []
    links: list[bool] = []
    for token in tokens:
        name, _, end = token.type.rpartition("_")
        if token.type == "text":
            said.append(str(escape(token.content)))
        elif token.type == "code_inline":
            said.append(f"<code>{escape(token.content)}</code>")
        elif token.type in ("softbreak", "hardbreak"):
            said.append("\n" if token.type == "hardbreak" else " ")
        elif token.type == "link_open":
            address = str(token.attrGet("href") or "")
            links.append(urlsplit(address).scheme in ("http", "https"))
            said.append(f'<a href="{escape(address)}">' if links[-1] else "")
        elif token.type == "link_close":
            said.append("</a>" if links.pop() else "")
        elif name in _INLINE:
            said.append(f"<{'/' if end == 'close' else ''}{_INLINE[name]}>")
        else:  # an image by its words, HTML as it is written
            said.append(str(escape(token.content)))
    return "".join(said)
