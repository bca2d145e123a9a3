"""Parts of pages that are the same for many readers, each drawn once.

A part is a template that sees its arguments and nothing else: no request, nobody signed in. So whatever it is
made of is its name in the store, and a part can be no older than its arguments are. What of a page is one
reader's own is drawn with the page, or is an argument.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from typing import Any

from flask import Flask, current_app, request
from markupsafe import Markup

# So much of all parts together is kept, in characters; what has not been asked for longest goes first.
ROOM = 16_000_000


def drawn(template: str, **arguments: Any) -> Markup:
    """`template` with these arguments, which can be hashed and are not changed."""
    store: Store = current_app.extensions["drawn"]
    # Of equal values one may be Markup and the other a stranger's words, or one 1 and the other True. Where
    # the app is mounted is in every address.
    kinds = tuple(map(type, arguments.values()))
    key = (template, request.script_root, kinds, tuple(arguments.items()))
    found = store.get(key)
    if found is None:
        html = current_app.jinja_env.get_template(template).render(arguments)
        found = Markup(html)  # noqa: S704 – a template's
        store.put(key, found)
    return found


class Store:
    """Parts by what they are made of."""

    def __init__(self, room: int = ROOM) -> None:
        self.room, self.taken = room, 0
        self._parts: OrderedDict[Any, Markup] = OrderedDict()

    def __len__(self) -> int:
        return len(self._parts)

    def get(self, key: Any) -> Markup | None:
        found = self._parts.get(key)
        if found is not None:
            with suppress(KeyError):  # gone this moment: another thread made room
                self._parts.move_to_end(key)
        return found

    def put(self, key: Any, part: Markup) -> None:
        if key in self._parts:  # a part of a part, or somebody else was faster
            return
        self._parts[key] = part
        self.taken += len(part)
        while self.taken > self.room:
            _, oldest = self._parts.popitem(last=False)
            self.taken -= len(oldest)


def init_drawn(app: Flask) -> None:
    app.extensions["drawn"] = Store()
    app.add_template_global(drawn, "drawn_once")
