"""What is wrong with a CSV file, in words: each rule that is broken, how often, and the first places."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

SHOWN = 3
_LONGEST = 40


@dataclass
class Fault:
    """One broken rule. `examples` are the first places, `count` how many there are."""

    rule: str
    count: int = 0
    examples: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        first = ", ".join(self.examples)
        more = ", …" if self.examples and self.count > len(self.examples) else ""
        return f"{self.rule}{': ' if first else ''}{first}{more}."

    def shown(self) -> dict[str, Any]:
        return {"rule": self.rule, "count": self.count, "examples": self.examples}


class FileFault(Exception):
    """The file cannot be used; `faults` says why, for the person who made it."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = list(faults)
        super().__init__(self.message)

    @property
    def message(self) -> str:
        return " ".join(str(fault) for fault in self.faults)


class Faults:
    """Faults as they are met, kept per rule in the order of their first meeting."""

    def __init__(self) -> None:
        self._found: dict[str, Fault] = {}

    def add(self, rule: str, places: Iterable[str], count: int) -> None:
        """`count` more of `rule`; `places` are looked at only as far as they are shown."""
        if not count:
            return
        fault = self._found.setdefault(rule, Fault(rule))
        fault.count += count
        for place in places:
            if len(fault.examples) == SHOWN:
                break
            fault.examples.append(place)

    def check(self) -> None:
        """Raises FileFault if there were any."""
        if self._found:
            raise FileFault(*self._found.values())


def unusable(message: str) -> FileFault:
    """The file as a whole is at fault; `message` is without its full stop."""
    return FileFault(Fault(message, 1))


def quoted(value: object) -> str:
    """A value from the file, short enough for a sentence."""
    text = str(value)
    return f"`{text if len(text) <= _LONGEST else text[:_LONGEST] + '…'}`"


def listed(values: Iterable[object]) -> str:
    return ", ".join(quoted(value) for value in values)
