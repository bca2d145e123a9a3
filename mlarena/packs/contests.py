"""Competitions as a pack writes them: a folder of YAML, pages in Markdown, and files or a generator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from mlarena.competitions.datasets import SOURCES
from mlarena.packs import schema
from mlarena.packs.folder import PackFolder, Problem
from mlarena.packs.parsing import Parsed, parse
from mlarena.scoring.metrics import METRICS

NAME = "competition.yaml"
# Page of the competition → its file; only the overview must be there.
PAGES = {
    "description": "overview.md",
    "data_page": "data.md",
    "evaluation_page": "evaluation.md",
    "rules_page": "rules.md",
}


@dataclass(frozen=True)
class Contest:
    """A checked competition with its pages; `files` are the contents of what it names, by name."""

    parsed: Parsed[schema.Competition]
    pages: dict[str, str]
    files: dict[str, bytes]

    @property
    def model(self) -> schema.Competition:
        return self.parsed.model

    @property
    def slug(self) -> str:
        return self.model.slug

    def problem(self, message: str, *path: str | int) -> Problem:
        return self.parsed.problem(message, *path)


def is_contest(name: str) -> bool:
    return name.startswith("competitions/") and name.endswith(f"/{NAME}")


def read_contests(folder: PackFolder, problems: list[Problem]) -> tuple[list[Contest], set[str]]:
    """Every competition that is whole, and the files they use; what is wrong is added to `problems`."""
    found: list[Contest] = []
    used: set[str] = set()
    for name in filter(is_contest, folder.files):
        parsed = parse(folder, name, schema.Competition, problems)
        if parsed is None:
            continue
        wrong = [
            parsed.problem(f"{field}: {words}", field) for field, words in _check(parsed, folder)
        ]
        problems += wrong
        home = PurePosixPath(name).parent
        beside = {page: str(home / file) for page, file in PAGES.items()}
        pages = {page: file for page, file in beside.items() if file in folder.files}
        named = {file: str(home / file) for file in _named(parsed.model)}
        used |= {*pages.values(), *named.values(), name}
        if not wrong:
            found.append(
                Contest(
                    parsed,
                    {page: folder.text(pages[page]) if page in pages else "" for page in PAGES},
                    {file: folder.content(path) for file, path in named.items()},
                )
            )
    return found, used


def _named(model: schema.Competition) -> list[str]:
    files = [one.name for one in model.files] + [one.file for one in model.baselines]
    return files + [name for name in (model.answers, model.sample) if name]


def _check(parsed: Parsed[schema.Competition], folder: PackFolder) -> Iterator[tuple[str, str]]:
    model, home = parsed.model, PurePosixPath(parsed.name).parent
    if str(home) != f"competitions/{model.slug}":
        yield "slug", f"`{model.slug}` and the name of its folder must be the same"
    if str(home / PAGES["description"]) not in folder.files:
        yield "slug", f"there is no file `{home / PAGES['description']}`: the overview"
    for name in _named(model):
        if PurePosixPath(name).name != name or "\\" in name:
            yield "files", f"`{name}` lies in the same folder; give its file name only"
        elif str(home / name) not in folder.files:
            yield "files", f"there is no file `{home / name}`"
    both = model.generated is not None and model.answers is not None
    neither = model.generated is None and model.answers is None
    if both or (neither and model.status != "draft"):
        yield "answers", "name the file of answers, or a generator in `generated`, and not both"
    if model.generated is not None and model.generated not in SOURCES:
        yield "generated", f"`{model.generated}` is not known; there are {', '.join(SOURCES)}"
    if model.generated is not None and (model.files or model.baselines or model.sample):
        yield "files", "what is generated brings its own files, sample and baselines"
    metric = METRICS.get(model.metric)
    if metric is None or metric.takes is None:
        known = ", ".join(name for name, one in METRICS.items() if one.takes)
        yield "metric", f"`{model.metric}` is not known; there are {known}"
    if (model.days is None) == (model.starts_at is None or model.ends_at is None):
        yield "days", "give `days` from the import on, or `starts_at` and `ends_at`"
    elif model.starts_at and model.ends_at and model.starts_at >= model.ends_at:
        yield "ends_at", "the end comes after the start"
