"""What a browser would send of a page's form, as it stands."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit


class _Forms(HTMLParser):
    """Every form of a page: where it is sent, and what stands in it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[tuple[str, dict[str, Any]]] = []
        self._text = self._select = ""
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = True
            self.forms.append((has.get("action", ""), {}))
        if not self._inside or (not has.get("name") and tag != "option"):
            return
        fields = self.forms[-1][1]
        if tag == "input":
            ticked = has.get("type") in ("checkbox", "radio")
            if (not ticked or "checked" in has) and has.get("type") != "file":
                fields[has["name"]] = has.get("value", "y" if ticked else "")
        elif tag == "textarea":
            self._text = has["name"]
            fields[self._text] = ""
        elif tag == "select":
            self._select = has["name"]
        elif self._select and (self._select not in fields or "selected" in has):
            fields[self._select] = has.get("value", "")  # an option

    def handle_data(self, data: str) -> None:
        if self._text:
            self.forms[-1][1][self._text] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._text = ""
        elif tag == "select":
            self._select = ""
        elif tag == "form":
            self._inside = False


def form_of(html: str, path: str) -> dict[str, Any]:
    """What the page's form that is sent to `path` has in it; nothing, if it has none."""
    reader = _Forms()
    reader.feed(html)
    fits = [fields for action, fields in reader.forms if (urlsplit(action).path or path) == path]
    return max(fits, key=len, default={})
