"""A form as a browser reads it: the fields it would send, and what stands at them."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

Pairs = list[tuple[str, str]]


class _Reader(HTMLParser):
    def __init__(self, form_id: str) -> None:
        super().__init__(convert_charrefs=True)
        self.form_id, self.inside = form_id, False
        self.pairs: Pairs = []
        self._text: list[str] | None = None
        self._select: str | None = None
        self._first = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has: dict[str, Any] = dict(attrs)
        if tag == "form":
            self.inside = has.get("id") == self.form_id
        elif not self.inside:
            return
        elif tag == "input":
            ticked = has.get("type") in ("checkbox", "radio")
            if not ticked or "checked" in has:
                self.pairs.append((has["name"], has.get("value", "y" if ticked else "") or ""))
        elif tag == "textarea":
            self._text = []
            self.pairs.append((has["name"], ""))
        elif tag == "select":
            self._select, self._first = has["name"], True
        elif tag == "option" and self._select:
            if self._first:
                self.pairs.append((self._select, has["value"]))
            elif "selected" in has:
                self.pairs[-1] = (self._select, has["value"])
            self._first = False

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._text is not None:
            text = re.sub(r"\r\n|\r", "\n", "".join(self._text)).removeprefix("\n")
            self.pairs[-1] = (self.pairs[-1][0], text.replace("\n", "\r\n"))
            self._text = None
        elif tag == "select":
            self._select = None
        elif tag == "form":
            self.inside = False


def fields(html: str, form_id: str = "writing") -> dict[str, str]:
    """What the form would send, as it stands."""
    reader = _Reader(form_id)
    reader.feed(html)
    found = dict(reader.pairs)
    assert len(found) == len(reader.pairs) > 0
    return found


def errors_at(html: str, field: str) -> str:
    """The words at the field, or list, of that id."""
    found = re.search(rf'<ul class="errors" id="{field}-error">(.*?)</ul>', html, re.S)
    return unescape(re.sub(r"<[^>]+>", " ", found[1])).strip() if found else ""
