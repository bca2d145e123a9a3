"""Parts of pages: drawn once for whoever is shown the same, and for nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from jinja2 import DictLoader
from markupsafe import Markup

from mlarena.core.drawn import Store, drawn, init_drawn

pytestmark = pytest.mark.pure

TEMPLATES = {
    "words.html": "{{ note() }}<p>{{ words }}</p>",
    "address.html": "{{ note() }}{{ url_for('here') }}",
    "outer.html": "{{ note() }}{{ drawn_once('words.html', words=words) }}",
}


@pytest.fixture
def times() -> Iterator[list[None]]:
    """One entry for each time that a part is drawn, in a request of an app of its own."""
    counted: list[None] = []
    app = Flask("parts")
    app.jinja_env.loader = DictLoader(TEMPLATES)
    app.add_url_rule("/here", "here", lambda: "")
    app.add_template_global(lambda: counted.append(None) or "", "note")
    init_drawn(app)
    with app.test_request_context("/"):
        yield counted


def test_the_same_is_drawn_once(times: list[None]) -> None:
    assert drawn("words.html", words="a") is drawn("words.html", words="a")
    assert drawn("words.html", words="b") != drawn("words.html", words="a")
    assert len(times) == 2
    assert drawn("outer.html", words="c") == "<p>c</p>" == drawn("words.html", words="c")
    assert len(times) == 4


@pytest.mark.parametrize(
    ("one", "other"), [(Markup("<b>"), "<b>"), (1, True), (1.0, 1), (0.0, False)]
)
def test_what_equals_another_kind_of_thing_is_not_taken_for_it(
    times: list[None], one: Any, other: Any
) -> None:
    assert one == other and hash(one) == hash(other)
    for words in (one, other, one):
        assert drawn("words.html", words=words) == Markup("<p>{}</p>").format(words)


def test_addresses_are_those_of_where_the_app_is(times: list[None]) -> None:
    from flask import current_app

    assert drawn("address.html") == "/here"
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    with app.test_request_context("/", base_url="http://localhost/arena"):
        assert drawn("address.html") == "/arena/here"
    assert drawn("address.html") == "/here"


def test_what_was_not_asked_for_longest_makes_room() -> None:
    store = Store(room=10)
    for name in "abc":
        store.put(name, Markup(name * 3))
    assert store.get("a") == "aaa"
    store.put("d", Markup("dddd"))
    assert [name for name in "abcd" if store.get(name) is not None] == ["a", "c", "d"]
    store.put("e", Markup("e" * 11))  # more than there is room for
    assert len(store) == 0 and store.taken == 0
    store.put("a", Markup("aaa"))
    store.put("a", Markup("aaa"))
    assert (len(store), store.taken) == (1, 3)
