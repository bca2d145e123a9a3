"""YAML read with care: safe types only, no aliases, no key twice, and the line of every field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

# The same loader in C, where PyYAML was built with it: a start reads some sixty files.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 20


class YamlError(Exception):
    """`message` says what is wrong, `line` (from 1) where."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class YamlFile:
    """The content of one YAML file; `line_of` finds the line of a field again."""

    def __init__(self, text: str) -> None:
        """Raises YamlError for anything that is not one plain document."""
        try:
            _refuse_tricks(text)
            self._root = yaml.compose(text, Loader=_Loader)
            for mapping in _mappings(self._root):
                _refuse_twins(mapping)
            # What yaml.load does with the nodes, which need not be read once more.
            self.data: Any = _Loader("").construct_document(self._root) if self._root else None
        except yaml.MarkedYAMLError as error:
            line = _line(error.problem_mark or error.context_mark)
            raise YamlError(error.problem or "this is not YAML", line) from None
        except (yaml.YAMLError, ValueError) as error:
            # ValueError: a date such as 2026-99-99.
            raise YamlError(str(error).splitlines()[0], 1) from None

    def line_of(self, path: tuple[str | int, ...]) -> int:
        """The line of the field at `path`, or of the nearest thing around it that is there."""
        node, line = self._root, 1
        for step in path:
            found = _child(node, step)
            if found is None:
                break
            key, node = found
            line = _line(key.start_mark)
        return line


def _refuse_tricks(text: str) -> None:
    """Aliases can blow a small file up to any size; deep nesting ends in a stack overflow."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise YamlError("anchors and aliases (& and *) are not read", _line(event.start_mark))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise YamlError("this is nested too deeply", _line(event.start_mark))


def _mappings(node: yaml.Node | None) -> Iterator[yaml.MappingNode]:
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from _mappings(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _mappings(item)


def _refuse_twins(mapping: yaml.MappingNode) -> None:
    seen: set[str] = set()
    for key, _ in mapping.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise YamlError("a key must be a word", line)
        if key.value in seen:
            raise YamlError(f"`{key.value}` is there twice", line)
        seen.add(key.value)


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


def _line(mark: Any) -> int:
    return mark.line + 1 if mark else 1
