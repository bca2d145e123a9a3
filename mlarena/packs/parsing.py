"""One YAML file of a pack as a checked model, and its faults in an author's words, by line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mlarena.packs.folder import PackError, PackFolder, Problem
from mlarena.packs.yamlfile import YamlError, YamlFile

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Parsed(Generic[Model]):
    """A checked file and the way back from its fields to their lines."""

    name: str
    model: Model
    yaml: YamlFile

    def problem(self, message: str, *path: str | int) -> Problem:
        return Problem(self.name, message, self.yaml.line_of(path))


def parse(
    folder: PackFolder, name: str, model: type[Model], problems: list[Problem]
) -> Parsed[Model] | None:
    """The checked file, or None with the reasons added to `problems`. Only pack.yaml must exist."""
    if name not in folder.files:
        if name == "pack.yaml":
            problems.append(Problem(name, "this file is missing; it says which pack this is"))
        return None
    try:
        file = YamlFile(folder.text(name))
        return Parsed(name, model.model_validate(file.data), file)
    except PackError as error:
        problems += error.problems
    except YamlError as error:
        problems.append(Problem(name, error.message, error.line))
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            problems.append(Problem(name, _words(detail, model), file.line_of(detail["loc"])))
    return None


def _words(detail: ErrorDetails, model: type[BaseModel]) -> str:
    """One of pydantic's findings as an author would say it."""
    field = ".".join(str(step) for step in detail["loc"])
    match detail["type"]:
        case "missing":
            return f"{field}: this is missing"
        case "extra_forbidden":
            known = ", ".join(model.model_fields) if len(detail["loc"]) == 1 else ""
            return f"{field}: this key is not known" + (f"; there are {known}" if known else "")
        case "model_type" if not field:
            return "the file must hold keys and values, such as `title: …`"
        case "string_pattern_mismatch":
            return f"{field}: small letters, digits and single dashes or underscores only"
    return f"{field}: {as_clause(detail['msg'])}"


def as_clause(words: str) -> str:
    """A sentence to stand behind a colon. One that begins with a name, such as NaN, stays as it is."""
    return words if words.startswith("NaN") else words[0].lower() + words[1:]
