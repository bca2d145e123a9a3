"""The tokens hold their measure: contrast (WCAG 2.2 AA), and chart colours that any eyes tell apart."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import pytest

pytestmark = pytest.mark.pure

ROOT = Path(__file__).resolve().parents[2]
CSS = ROOT / "static" / "css"
THEMES = {"light": 0, "dark": 1}
TONES = [f"tone-{n}" for n in range(1, 7)]

# Severe colour-blindness in linear RGB: Machado, Oliveira and Fernandes 2009, table 1 (severity 1.0).
EYES = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def tokens(theme: str) -> dict[str, str]:
    text = (CSS / "tokens.css").read_text()
    pairs = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", text)
    assert len(pairs) > 30
    return {name: both[THEMES[theme]] for name, *both in pairs}


def linear(colour: str) -> tuple[float, ...]:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return tuple(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)


def contrast(one: str, other: str) -> float:
    """WCAG's ratio, from relative luminance."""
    high, low = sorted(
        (
            sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear(x), strict=True))
            for x in (one, other)
        ),
        reverse=True,
    )
    return (high + 0.05) / (low + 0.05)


def oklab(colour: str, eyes: str) -> tuple[float, ...]:
    """Where these eyes see it: Ottosson's OKLab, in which distance is difference."""
    seen = linear(colour)
    r, g, b = (
        min(max(sum(w * c for w, c in zip(row, seen, strict=True)), 0), 1) for row in EYES[eyes]
    )
    cones = (
        (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3),
        (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3),
        (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3),
    )
    rows = (
        (0.2104542553, 0.7936177850, -0.0040720468),
        (1.9779984951, -2.4285922050, 0.4505937099),
        (0.0259040371, 0.7827717662, -0.8086757660),
    )
    return tuple(sum(w * c for w, c in zip(row, cones, strict=True)) for row in rows)


def test_the_measure_is_wcags() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("ink", "papers"),
    [
        ("text", ("page", "surface", "raised", "sunken", "accent-soft", "success-soft",
                  "warning-soft", "danger-soft", "glow", "heat-0", "heat-1", "heat-2", "heat-3", "heat-4")),
        ("muted", ("page", "surface", "raised", "sunken", "accent-soft", "heat-0")),
        ("accent", ("page", "surface", "raised", "sunken", "accent-soft")),
        ("accent-hover", ("page", "surface", "raised", "sunken", "accent-soft")),
        ("on-accent", ("accent", "accent-hover", "heat-5", "heat-6", "heat-7", "heat-8")),
        ("success", ("page", "surface", "success-soft", "danger-soft")),
        ("surface", ("success",)),
        ("warning", ("page", "surface", "warning-soft")),
        ("danger", ("page", "surface", "danger-soft")),
    ],
)  # fmt: skip
def test_words_can_be_read(theme: str, ink: str, papers: tuple[str, ...]) -> None:
    colour = tokens(theme)
    for paper in papers:
        assert contrast(colour[ink], colour[paper]) >= 4.5, (ink, paper)


@pytest.mark.parametrize("theme", THEMES)
def test_edges_and_marks_can_be_seen(theme: str) -> None:
    colour = tokens(theme)
    for name in ("line-strong", "accent", "success", "warning", "danger", *TONES):
        for paper in ("page", "surface"):
            assert contrast(colour[name], colour[paper]) >= 3, (name, paper)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("eyes", EYES)
def test_chart_colours_are_told_apart(theme: str, eyes: str) -> None:
    colour = tokens(theme)
    for one, other in combinations(TONES, 2):
        a, b = oklab(colour[one], eyes), oklab(colour[other], eyes)
        apart = sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5
        assert apart >= 0.09, (one, other)  # about four times what is just seen side by side


@pytest.mark.parametrize("theme", THEMES)
def test_the_ramp_goes_one_way(theme: str) -> None:
    colour = tokens(theme)
    steps = [oklab(colour[f"heat-{n}"], "all cones")[0] for n in range(9)]
    assert steps == sorted(steps, reverse=theme == "light")


def test_colours_are_named_once() -> None:
    """Whoever needs a colour takes a token; only letters, which have no stylesheet, carry their own."""
    for path in CSS.glob("*.css"):
        if path.name != "tokens.css":
            assert re.findall(r"#[0-9a-fA-F]{3,8}\b", path.read_text()) == [], path.name


def test_every_token_that_is_used_is_there() -> None:
    known = set(re.findall(r"(--[\w-]+):", " ".join(p.read_text() for p in CSS.glob("*.css"))))
    for path in CSS.glob("*.css"):
        used = set(re.findall(r"var\((--(?!pico)[\w-]+)", path.read_text()))
        assert used <= known, (path.name, used - known)


def test_every_icon_that_is_used_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'id="([\w-]+)"', (ROOT / "static/vendor/icons.svg").read_text()))
    used = set()
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text()
        used |= set(re.findall(r"""\bicon\(["']([\w-]+)["']""", text))
        used |= set(re.findall(r"""icon_name=["']([\w-]+)["']""", text))
    for path in (ROOT / "mlarena").rglob("*.py"):
        used |= set(re.findall(r"""icon=["']([\w-]+)["']""", path.read_text()))
    assert len(used) > 20
    assert used - sprite == set()


def test_no_template_carries_style_or_script_of_its_own() -> None:
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"\sstyle=|\son\w+=\"|javascript:", text), path
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), path
        assert "<style" not in text or "mail" in path.parts, path
