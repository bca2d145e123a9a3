"""Data sets that a pack brings: datasets/NAME.yaml with a whole table beside it, or what was cut here."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import select

from mlarena.core import apart
from mlarena.core.db import db
from mlarena.core.installation import installation_secret
from mlarena.packs import schema
from mlarena.packs.folder import PackError, PackFolder, Problem
from mlarena.packs.parsing import Parsed, parse
from mlarena.quests import derived, jobs
from mlarena.quests.datasets import SOURCES
from mlarena.quests.models import Dataset
from mlarena.submissions.asking import ask
from mlarena.submissions.queues import CHECKS

SECONDS = 110
WORDS = ("title", "description", "licence", "source")


@dataclass(frozen=True)
class Table:
    """A checked data set of the pack, and its whole table unless it is one that was cut here."""

    parsed: Parsed[schema.DataSet]
    content: bytes | None

    @property
    def model(self) -> schema.DataSet:
        return self.parsed.model

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def task_type(self) -> str:
        return self.model.task_type

    def about(self) -> dict[str, Any]:
        words = {word: getattr(self.model, word) for word in WORDS}
        return words | {"origin": "pack", "rows": 0, "noise": 0.0, "made_of": self.made_of()}

    def wanted(self) -> dict[str, Any]:
        model = self.model
        return {
            "task_type": model.task_type,
            "target": model.target or "",
            "percent": model.hidden_percent,
            "seed": model.seed,
            "stratify": model.stratify,
        }

    def made_of(self) -> str:
        """Names table and cut: the same is not cut again."""
        state = json.dumps(self.wanted(), sort_keys=True).encode()
        return hashlib.sha256(state + b"\0" + (self.content or b"")).hexdigest()[:32]

    def problem(self, words: str, *path: str | int) -> Problem:
        return self.parsed.problem(words, *path)


def is_table(name: str) -> bool:
    return name.startswith("datasets/") and name.endswith((".yaml", ".yml"))


def read_tables(folder: PackFolder, problems: list[Problem]) -> tuple[dict[str, Table], set[str]]:
    """Every data set that is whole, by name, and the files they use; faults are added to `problems`."""
    found: dict[str, Table] = {}
    used: set[str] = set()
    for name in filter(is_table, folder.files):
        parsed = parse(folder, name, schema.DataSet, problems)
        if parsed is None:
            continue
        model, path = parsed.model, PurePosixPath(name)
        file = str(path.parent / (model.data or ""))
        before = len(problems)
        if path.stem != model.name:
            words = f"name: `{model.name}` and the file's name must be the same"
            problems.append(parsed.problem(words, "name"))
        if model.name in SOURCES:
            problems.append(
                parsed.problem(f"name: `{model.name}` is a data set of the house", "name")
            )
        if (model.data is None) == (model.kept is None):
            problems.append(parsed.problem("data: name the table beside it in `data`", "data"))
        elif model.data is not None and (
            PurePosixPath(model.data).name != model.data or "\\" in model.data
        ):
            words = "data: the table lies in the same folder; give its file name only"
            problems.append(parsed.problem(words, "data"))
        elif model.data is not None and file not in folder.files:
            problems.append(parsed.problem(f"data: there is no file `{file}`", "data"))
        if len(problems) > before:
            continue
        used |= {name, file} if model.data else {name}
        content = folder.content(file) if model.data else None
        found[model.name] = Table(parsed, content)
    return found, used


def known(name: str) -> Dataset | None:
    return db.session.scalar(select(Dataset).where(Dataset.name == name))


def is_there(table: Table) -> bool:
    """Whether the very rows are here already, cut the same way."""
    there = known(table.name)
    if there is None:
        return False
    if table.model.kept is not None:
        return there.train_blob == table.model.kept.train
    return (there.cut or {}).get("made_of") == table.made_of()


def check(table: Table) -> list[Problem]:
    """What is wrong with its rows; a worker reads them. Writes nothing that stays."""
    if table.model.kept is not None:
        if hmac.compare_digest(table.model.kept.seal, seal(kept_fields(table.model.kept))):
            return []
        words = (
            "kept: this data was cut by another installation, which alone has its hidden rows; give the "
            "whole table in `data`"
        )
        return [table.problem(words, "kept")]
    if is_there(table):
        return []
    found = _ask(table, dry=True)
    errors: dict[str, list[str]] = found.get("errors", {})
    return [table.problem(f"data: {words}", "data") for said in errors.values() for words in said]


def place(table: Table, say: Callable[[str], None]) -> tuple[Dataset, bool]:
    """The stored data set, and whether its rows are others now. Commits. Raises PackError."""
    there = known(table.name)
    if is_there(table):
        assert there is not None  # noqa: S101 – so said is_there
        for word in WORDS:
            setattr(there, word, getattr(table.model, word))
        return there, False
    say(f"making the data set {table.name}")
    if table.model.kept is not None:
        return _put_back(table, table.model.kept), there is not None
    found = _ask(table, dry=False)
    if "errors" in found:
        raise PackError(
            [table.problem(words, "data") for said in found["errors"].values() for words in said]
        )
    db.session.rollback()  # another process may have written
    made = db.session.get_one(Dataset, found["dataset_id"], populate_existing=True)
    return made, there is not None


def _ask(table: Table, dry: bool) -> dict[str, Any]:
    kept = apart.keep(io.BytesIO(table.content or b""), 1 << 30)
    db.session.commit()
    return ask(
        CHECKS, SECONDS, jobs.make_data, table.name, table.about(), table.wanted(), kept, dry
    )


def _put_back(table: Table, kept: schema.Kept) -> Dataset:
    model, there = table.model, known(table.name)
    dataset = there or Dataset(name=model.name)
    for word in WORDS:
        setattr(dataset, word, getattr(model, word))
    dataset.target, dataset.columns = model.target, kept.columns
    dataset.rows, dataset.hidden_rows, dataset.cut = kept.rows, kept.hidden_rows, kept.cut
    dataset.train_blob, dataset.sample_blob = kept.train, kept.sample
    dataset.hidden_features_blob = kept.hidden_features
    dataset.hidden_target_blob = kept.hidden_target
    db.session.add(dataset)
    derived.derive(dataset, model.task_type)
    db.session.flush()
    return dataset


def kept_of(dataset: Dataset) -> dict[str, Any]:
    """What a pack says of data that was cut here, sealed."""
    fields = {
        "columns": dataset.columns,
        "rows": dataset.rows,
        "hidden_rows": dataset.hidden_rows,
        "train": dataset.train_blob,
        "sample": dataset.sample_blob,
        "hidden_features": dataset.hidden_features_blob,
        "hidden_target": dataset.hidden_target_blob,
        "cut": dataset.cut,
    }
    return fields | {"seal": seal(fields)}


def kept_fields(kept: schema.Kept) -> dict[str, Any]:
    return kept.model_dump(exclude={"seal"})


def seal(fields: dict[str, Any]) -> str:
    message = json.dumps(fields, sort_keys=True).encode()
    return hmac.new(installation_secret("packs"), message, hashlib.sha256).hexdigest()
