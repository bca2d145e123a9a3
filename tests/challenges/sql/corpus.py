"""Reads corpus.txt: exercises about the club, in every dialect."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

ENGINES = ("sqlite", "duckdb", "postgres")
DIALECTS = {
    "sqlite": {
        "DAY": "date({0})",
        "MONTH": "CAST(strftime('%m', {0}) AS INTEGER)",
        "YEAR": "CAST(strftime('%Y', {0}) AS INTEGER)",
        "LATER": "datetime({0}, '+' || ({1}) || ' minutes')",
    },
    "duckdb": {
        "DAY": "CAST({0} AS DATE)",
        "MONTH": "EXTRACT(MONTH FROM {0})",
        "YEAR": "EXTRACT(YEAR FROM {0})",
        "LATER": "({0} + INTERVAL 1 MINUTE * ({1}))",
    },
    "postgres": {
        "DAY": "({0})::date",
        "MONTH": "EXTRACT(MONTH FROM {0})",
        "YEAR": "EXTRACT(YEAR FROM {0})",
        "LATER": "({0} + interval '1 minute' * ({1}))",
    },
}


@dataclass(frozen=True)
class Exercise:
    """`queries`: "solution", "right", "wrong" or "right ENGINE" -> queries."""

    name: str
    queries: dict[str, list[str]]

    def written_for(self, engine: str) -> bool:
        return f"not {engine}" not in self.name

    def written(self, engine: str) -> tuple[str, list[str], list[str]]:
        """Solution, right and wrong queries in the words of `engine`."""
        (solution,) = self.queries["solution"]
        right = [*self.queries["right"], *self.queries.get(f"right {engine}", [])]
        return (
            translated(solution, engine),
            [translated(query, engine) for query in right],
            [translated(query, engine) for query in self.queries["wrong"]],
        )


def translated(query: str, engine: str) -> str:
    for name, form in DIALECTS[engine].items():
        pattern = re.compile(rf"\b{name}\(([^(),]*)(?:, ([^(),]*))?\)")
        query = pattern.sub(lambda found, form=form: form.format(found[1], found[2]), query)
    return query


def read() -> list[Exercise]:
    path = Path(__file__).with_name("corpus.txt")
    exercises: list[Exercise] = []
    for block in path.read_text().split("\n== ")[1:]:
        name, _, rest = block.partition("\n")
        queries: dict[str, list[str]] = defaultdict(list)
        for entry in re.split(r"\n(?=\w)", rest.strip()):
            key, _, query = entry.partition(": ")
            queries[key].append(" ".join(query.split()))
        exercises.append(Exercise(name, dict(queries)))
    return exercises


EXERCISES = read()
