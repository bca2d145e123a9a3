"""What is the same for many readers is drawn once: a data set's preview, the map and its stations."""

from __future__ import annotations

from functools import lru_cache

from flask import Flask, current_app
from flask_login import current_user
from markupsafe import Markup

from mlarena.core.drawn import drawn
from mlarena.quests.derived import preview_at
from mlarena.quests.models import Dataset
from mlarena.quests.path import Stretch
from mlarena.quests.remedies import remedy
from mlarena.quests.service import QuestView
from mlarena.rewards.models import Level
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


def map_head(
    level: Level | None, passed: int, total: int, xp: int, step: QuestView | None
) -> Markup:
    """How far the reader is, and their next quest; `level`: on the page of that level alone."""
    return drawn(
        "quests/map_head.html",
        level=level,
        passed=passed,
        total=total,
        xp=xp if current_user.is_authenticated else None,
        step=step.quest if step else None,
    )


def map_stretch(stretch: Stretch, step: QuestView | None, xp: int, whole: bool) -> Markup:
    """A level with its stations, as the reader stands with them."""
    here = step is not None and step.quest.level_id == stretch.level.id
    return drawn(
        "quests/stretch.html",
        stretch=stretch,
        next_id=step.quest.id if step and here else None,
        xp=xp if stretch.locked and current_user.is_authenticated else None,
        whole=whole,
        # It changes by the clock alone: what is drawn of it is drawn anew then.
        over=tuple(view.quest.id for view in stretch.views if view.quest.is_over),
    )


def station(view: QuestView, is_next: bool = False) -> Markup:
    """A quest on the map, as the reader of `view` stands with it."""
    quest, rule = view.quest, METRICS[view.quest.metric]
    return drawn(
        "quests/station.html",
        quest_id=quest.id,
        title=quest.title,
        summary=quest.summary,
        aim=f"{rule.label} {rule.sign} {quest.threshold:g}",
        xp=quest.xp_reward,
        standing=view.standing,
        best=view.best_score,
        is_next=is_next,
        is_over=quest.is_over,
    )


def init_app(app: Flask) -> None:
    for part in (data_preview, map_head, map_stretch, remedy, station):
        app.add_template_global(part)
