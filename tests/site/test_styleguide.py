"""Every component in all its states, on one page; and names as people have them."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from flask import render_template_string

from mlarena.site.styleguide import NAMES

pytestmark = pytest.mark.pure


@pytest.fixture
def draw(app: Any) -> Any:
    """draw('{% from … %}{{ … }}', name=…) -> HTML"""

    def render(template: str, **words: Any) -> str:
        with app.test_request_context():
            return render_template_string(template, **words)

    return render


def test_it_shows_every_macro(client: Any, app: Any) -> None:
    answer = client.get("/styleguide")
    assert answer.status_code == 200
    for area in ("tokens", "controls", "parts", "tables", "strips", "charts"):
        assert f'id="{area}"' in answer.text
    assert answer.text.count("<h1>") == 1
    assert not re.search(r"\b(nan|inf)\b", answer.text)
    # Every macro of templates/ui is in use there, the helpers of others apart.
    guide, *_ = app.jinja_env.loader.get_source(app.jinja_env, "site/styleguide.html")
    helpers = {"attrs", "csrf", "field_errors", "twin", "nothing", "axes", "legend"}
    for name in app.jinja_env.list_templates():
        if name.startswith("ui/"):
            source, *_ = app.jinja_env.loader.get_source(app.jinja_env, name)
            for macro in set(re.findall(r"{% macro (\w+)", source)) - helpers:
                assert re.search(rf"\b{macro}\(", guide), f"{name}: {macro}"


def test_ids_are_there_once(client: Any) -> None:
    ids = re.findall(r'\sid="([^"]+)"', client.get("/styleguide").text)
    assert len(ids) == len(set(ids))


def test_it_is_no_page_of_production(another_app: Any) -> None:
    app = another_app(mlarena_env="production", public_url="https://arena.example")
    assert app.test_client().get("/styleguide").status_code == 404
    assert "Styleguide" not in app.test_client().get("/login").text


@pytest.mark.parametrize("name", NAMES)
def test_names_stay_what_they_are(client: Any, name: str) -> None:
    shown = client.get("/styleguide").text
    assert "<script>alert" not in shown
    assert f"<bdi>{name}</bdi>" in unescape(shown)


def test_every_drawing_has_words_and_figures_behind_it(client: Any) -> None:
    text = client.get("/styleguide").text
    for drawing in re.findall(r"<svg[^>]*>", text):
        spoken = 'aria-hidden="true"' in drawing or (
            'role="img"' in drawing and "aria-label=" in drawing
        )
        inner = re.match(r'<svg (x=|y=|width="100%" height="100%")', drawing)
        assert spoken or inner, drawing
    for figure in re.findall(r'<figure class="chart">.*?</figure>', text, re.S):
        assert "<table" in figure, figure[:200]


@pytest.mark.parametrize(
    "call",
    [
        'sparkline([], "x")',
        'bars([], "x")',
        'histogram([], [], "x")',
        'histogram([0, 1], [0], "x")',
        'line_chart([], "x")',
        'line_chart([("a", [])], "x")',
        'line_chart([("a", [(1, none)])], "x")',
        'scatter([], "x", "a", "b")',
        'heatmap([], [], "x")',
        'heatmap(["a"], [[0]], "x")',
        'stacked([], "x")',
    ],
)
def test_drawings_of_nothing_say_so_and_do_not_fail(draw: Any, call: str) -> None:
    name = call.partition("(")[0]
    shown = draw('{% from "ui/charts.html" import ' + name + " %}{{ " + call + " }}")
    assert "x" in shown
    assert "nan" not in shown


def test_a_field_ties_label_hint_and_error_together(draw: Any) -> None:
    from mlarena.site.styleguide import samples

    form = samples()["form"]
    template = '{% from "ui/controls.html" import field %}{{ field(f, hint="Say it.") }}'
    wrong = draw(template, f=form.wrong)
    assert 'aria-describedby="wrong-error wrong-hint"' in wrong
    assert 'aria-invalid="true"' in wrong
    assert "autofocus" in wrong
    right = draw(template, f=form.name)
    assert 'aria-describedby="name-hint"' in right
    assert "aria-invalid" not in right
    assert "autofocus" not in right


def test_a_button_with_an_address_is_a_link(draw: Any) -> None:
    source = '{% from "ui/controls.html" import button %}'
    link = draw(source + '{{ button("Go", href="/x?a=1&b=2", aria_label="Go on", hidden=False) }}')
    assert link.strip() == '<a class="button" href="/x?a=1&amp;b=2" aria-label="Go on">Go</a>'
    plain = draw(source + '{{ button("Go <b>", "quiet", type="button", disabled=True) }}')
    assert (
        plain.strip() == '<button class="button quiet" type="button" disabled>Go &lt;b&gt;</button>'
    )
