"""Progress bars of commands: on a terminal only, and on its error output, so that results can be piped."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

# What long work calls after each of its steps: what is done, and of how many steps it is one.
Say = Callable[[str, int], None]


def silent(said: str, steps: int) -> None:
    """Nobody watches."""


@contextmanager
def progress(label: str) -> Iterator[Say]:
    """A bar that moves by a step whenever it is called, with what was done last beside it."""
    bar: Any = click.progressbar(
        length=1, label=label, file=sys.stderr, item_show_func=lambda said: said,
        hidden=not sys.stderr.isatty(),
    )  # fmt: skip

    def step(said: str, steps: int) -> None:
        bar.length = max(1, steps)
        bar.update(1, said)

    with bar:
        yield step
