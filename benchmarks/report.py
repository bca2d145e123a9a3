"""How every benchmark prints: the command, the versions, then one line a figure."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from importlib.metadata import version


@dataclass(frozen=True)
class Figure:
    """One measured number, what it is compared with, and whether it reaches its aim."""

    name: str
    value: float
    unit: str
    against: str = ""
    reached: bool | None = None


def headline(name: str, **settings: object) -> None:
    """What is being run, on what."""
    libraries = ", ".join(
        f"{library} {version(library)}" for library in ("flask", "scikit-learn", "redis", "rq")
    )
    given = " ".join(f"{key}={value}" for key, value in settings.items())
    print(f"\n== {name} {given}")
    print(f"   python -m benchmarks.{name} {' '.join(sys.argv[1:])}".rstrip())
    print(f"   Python {platform.python_version()}, {libraries}, {os.cpu_count()} cores")


def show(*figures: Figure) -> None:
    for figure in figures:
        mark = {True: "reached", False: "NOT REACHED", None: ""}[figure.reached]
        print(
            f"   {figure.name:<52}{figure.value:>12,.2f} {figure.unit:<6} {figure.against:<34}{mark}"
        )
