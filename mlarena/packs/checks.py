"""What one quest refers to: its level, data set, metric, threshold and brief must fit together."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath

from mlarena.packs.folder import PackFolder
from mlarena.packs.schema import Quest
from mlarena.packs.tables import Table
from mlarena.quests.datasets import SOURCES
from mlarena.quests.datasets.starter import starter_code
from mlarena.scoring.metrics import METRICS


def check_quest(
    quest: Quest,
    levels: Collection[str],
    files: Collection[str],
    name: str,
    tables: Mapping[str, Table],
) -> Iterator[tuple[str, str]]:
    """Pairs of field and what is wrong with it; none when the quest, read from `name`, is whole."""
    if PurePosixPath(name).stem != quest.slug:
        yield "slug", f"`{quest.slug}` and the file's name must be the same"
    if quest.level not in levels:
        yield "level", f"`{quest.level}` is not in levels.yaml; there are {_list(levels)}"
    yield from _check_data(quest, tables)
    yield from _check_metric(quest)
    yield from _check_brief(quest, files, name)
    yield from _check_code("starter_code", quest.starter_code)
    yield from _check_code("reference_code", quest.reference_code or None)


def _check_data(quest: Quest, tables: Mapping[str, Table]) -> Iterator[tuple[str, str]]:
    source = SOURCES.get(quest.dataset) or tables.get(quest.dataset)
    if source is None:
        yield "dataset", f"`{quest.dataset}` is not known; there are {_list([*SOURCES, *tables])}"
    elif source.task_type != quest.task_type:
        yield "dataset", f"`{quest.dataset}` is for {source.task_type}, not {quest.task_type}"


def _check_metric(quest: Quest) -> Iterator[tuple[str, str]]:
    metric = METRICS.get(quest.metric)
    fitting = [name for name, entry in METRICS.items() if quest.task_type in entry.task_types]
    if metric is None:
        yield "metric", f"`{quest.metric}` is not known; there are {_list(fitting)}"
    elif quest.metric not in fitting:
        yield (
            "metric",
            f"`{quest.metric}` does not fit {quest.task_type}; there are {_list(fitting)}",
        )
    elif not metric.beatable(quest.threshold):
        yield (
            "threshold",
            f"nobody can pass: a {metric.label} {metric.sign} {quest.threshold:g} does not exist",
        )


def _check_brief(quest: Quest, files: Collection[str], name: str) -> Iterator[tuple[str, str]]:
    if PurePosixPath(quest.brief).name != quest.brief or "\\" in quest.brief:
        yield "brief", "the brief lies in the same folder; give its file name only"
    elif not quest.brief.endswith(".md"):
        yield "brief", "the brief is Markdown; its name ends in .md"
    elif _beside(name, quest.brief) not in files:
        yield "brief", f"there is no file `{_beside(name, quest.brief)}`"


def _check_code(field: str, code: str | None) -> Iterator[tuple[str, str]]:
    """It is run by *Train here* and stands in the downloaded script, so it must be right in both."""
    if code is None:
        return
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError) as error:
        line = f"line {error.lineno}: " if isinstance(error, SyntaxError) and error.lineno else ""
        yield field, f"{line}this is not Python"
        return
    defined = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if "train" not in defined:
        yield field, "define `train(X, y)` that returns the fitted model"
    elif len(defined["train"].args.args) != 2:
        yield field, "`train` takes two things: `def train(X, y):`"
    if "features" in defined:
        yield (
            field,
            "prepare the columns inside the model: a downloaded script could not save `features`",
        )


def finish_quest(quest: Quest, name: str, folder: PackFolder) -> Quest:
    """The checked quest with its brief's text in place of the file name, and its starter code."""
    code = quest.starter_code
    if (
        code is None and quest.dataset in SOURCES
    ):  # of a table of the pack, when its columns are known
        code = starter_code(SOURCES[quest.dataset], METRICS[quest.metric])
    brief = folder.text(_beside(name, quest.brief))
    return quest.model_copy(update={"brief": brief, "starter_code": code})


def _beside(name: str, brief: str) -> str:
    return str(PurePosixPath(name).parent / brief)


def _list(names: Collection[str]) -> str:
    return ", ".join(names) or "none"
