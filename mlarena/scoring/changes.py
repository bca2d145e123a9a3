"""What got better and what got worse from one attempt to the next, as far as two report cards show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

# Less is within the noise of the cards.
_SHARE = 0.04
_RATIO = 0.15
MOST = 6


@dataclass(frozen=True)
class Change:
    """`before` and `after` are figures as they are shown; `better` is None where it is a matter of taste.
    `size` says how large the change is, in shares of the figure itself."""

    what: str
    before: str
    after: str
    better: bool | None
    size: float


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """The largest changes between the reports of two attempts at one task, as JSON-able dicts."""
    was, now = before.get("findings") or {}, after.get("findings") or {}
    found = [*_model(before, after)]
    if was.get("kind") == now.get("kind"):
        found += [*_classes(was, now), *_residuals(was, now), *_clusters(was, now)]
        found += [*_sureness(was, now), *_slices(was, now)]
    found.sort(key=lambda change: -change.size)
    return [asdict(change) for change in found[:MOST]]


def _model(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    was, now = ((report.get("model") or {}).get("estimator", "") for report in (before, after))
    if was and now and was != now:
        yield Change("The model", was, now, None, 10.0)
    one, other = before.get("seen_score"), after.get("seen_score")
    if one is not None and other is not None and abs(other - one) > _RATIO * max(abs(one), 0.01):
        size = abs(other - one) / max(abs(one), abs(other))
        yield Change("Score on rows of the download", f"{one:.4g}", f"{other:.4g}", None, size)


def _classes(was: dict[str, Any], now: dict[str, Any]) -> Iterator[Change]:
    known = {row["label"]: row for row in was.get("classes", [])}
    for row in now.get("classes", []):
        for figure in ("recall", "precision"):
            one, other = known.get(row["label"], {}).get(figure), row[figure]
            if one is not None and other is not None and abs(other - one) >= _SHARE:
                yield Change(
                    f"{figure.capitalize()} of {row['label']}",
                    f"{one:.2f}",
                    f"{other:.2f}",
                    other > one,
                    abs(other - one),
                )
    missing, still = was.get("never_answered") or [], now.get("never_answered") or []
    if missing != still:
        yield Change(
            "Never answered",
            ", ".join(missing) or "none",
            ", ".join(still) or "none",
            len(still) < len(missing) if len(still) != len(missing) else None,
            1.0,
        )


def _residuals(was: dict[str, Any], now: dict[str, Any]) -> Iterator[Change]:
    pairs = [("Mean absolute error", was.get("mae"), now.get("mae"))]
    fifths = was.get("along_target") or [], now.get("along_target") or []
    if len(fifths[0]) == len(fifths[1]) > 1:
        for place, name in ((0, "lowest"), (-1, "highest")):
            pairs.append(
                (f"Error where the target is {name}", *(side[place]["mae"] for side in fifths))
            )
    for what, one, other in pairs:
        if one and other is not None and abs(other - one) >= _RATIO * one:
            size = abs(other - one) / max(one, other)
            yield Change(what, _figure(one), _figure(other), other < one, size)
    one, other = was.get("bias"), now.get("bias")
    if one is not None and other is not None and abs(abs(one) - abs(other)) > 0.3 * was["mae"]:
        size = abs(abs(one) - abs(other)) / max(abs(one), abs(other))
        yield Change(
            "Off to one side by", _figure(one), _figure(other), abs(other) < abs(one), size
        )


def _clusters(was: dict[str, Any], now: dict[str, Any]) -> Iterator[Change]:
    if was.get("clusters") != now.get("clusters"):
        yield Change("Clusters", str(was["clusters"]), str(now["clusters"]), None, 1.0)
    one, other = was.get("agreement") or {}, now.get("agreement") or {}
    for name in ("homogeneity", "completeness"):
        if name in one and name in other and abs(other[name] - one[name]) >= _SHARE:
            yield Change(
                name.capitalize(),
                f"{one[name]:.2f}",
                f"{other[name]:.2f}",
                other[name] > one[name],
                abs(other[name] - one[name]),
            )


def _sureness(was: dict[str, Any], now: dict[str, Any]) -> Iterator[Change]:
    one, other = was.get("reliability"), now.get("reliability")
    if one and other and abs(abs(other["gap"]) - abs(one["gap"])) >= _SHARE:
        yield Change(
            "Surer than right by",
            f"{one['gap']:+.2f}",
            f"{other['gap']:+.2f}",
            abs(other["gap"]) < abs(one["gap"]),
            abs(abs(other["gap"]) - abs(one["gap"])),
        )


def _slices(was: dict[str, Any], now: dict[str, Any]) -> Iterator[Change]:
    """Slices that stand out no longer, and such as did not before."""
    before, after = (
        {(part["feature"], part["values"]): part for part in card.get("slices") or []}
        for card in (was, now)
    )
    for key, part in before.items():
        if key not in after:
            words = f"error {_figure(part['error'])}"
            yield Change(f"{key[0]}: {key[1]}", words, "stands out no longer", True, 0.3)
    for key, part in after.items():
        # Worse than the rest of a better model may still be better than it was.
        if key not in before and part["error"] > _overall(was):
            words = f"error {_figure(part['error'])}"
            yield Change(f"{key[0]}: {key[1]}", "did not stand out", words, False, 0.3)


def _overall(card: dict[str, Any]) -> float:
    """A card's error over all rows: the mean absolute one, or the share of wrong answers."""
    if card.get("mae") is not None:
        return float(card["mae"])
    counts = (card.get("confusion") or {}).get("counts") or [[0]]
    every = sum(sum(row) for row in counts)
    right = sum(row[place] for place, row in enumerate(counts))
    return 1 - right / every if every else 0.0


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"
