"""What is the same for many readers is drawn once: a data set's preview, a station of the map."""

from __future__ import annotations

from functools import lru_cache

from flask import Flask, current_app, url_for
from markupsafe import Markup

from mlarena.quests.derived import preview_at
from mlarena.quests.models import Dataset
from mlarena.quests.remedies import remedy
from mlarena.quests.service import QuestView
from mlarena.scoring.metrics import METRICS


def data_preview(dataset: Dataset) -> Markup:
    """The preview of a data set as HTML; empty for one that has not been drawn yet."""
    if dataset.preview_blob is None:
        return Markup()
    return _preview(dataset.preview_blob, dataset.title, dataset.hidden_rows)


@lru_cache(maxsize=64)
def _preview(blob: str, title: str, hidden_rows: int) -> Markup:
    template = current_app.jinja_env.get_template("quests/data.html")
    shown = preview_at(blob)
    html = template.render(shown=shown, title=title, hidden_rows=hidden_rows)
    return Markup(html)  # noqa: S704 – a template's


def station(view: QuestView, is_next: bool = False) -> Markup:
    """A quest on the map, as the reader of `view` stands with it."""
    quest = view.quest
    return _station(
        quest.id,
        quest.title,
        quest.summary,
        quest.metric,
        quest.threshold,
        quest.xp_reward,
        view.standing,
        view.best_score,
        is_next,
    )


@lru_cache(maxsize=16_384)
def _station(
    quest_id: int,
    title: str,
    summary: str,
    metric: str,
    threshold: float,
    xp: int,
    standing: str,
    best: float | None,
    is_next: bool,
) -> Markup:
    template = current_app.jinja_env.get_template("quests/station.html")
    rule = METRICS[metric]
    html = template.render(
        title=title,
        href=url_for("quests.show", quest_id=quest_id),
        summary=summary,
        aim=f"{rule.label} {rule.sign} {threshold:g}",
        xp=xp,
        standing=standing,
        best=best,
        is_next=is_next,
    )
    return Markup(html)  # noqa: S704 – a template's


def init_app(app: Flask) -> None:
    app.add_template_global(data_preview)
    app.add_template_global(remedy)
    app.add_template_global(station)
