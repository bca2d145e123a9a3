"""A running jail for the tests, and tables to ask models about."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlarena.sandbox import Limits, Sandbox, Table

NOBODY = 65534
ROOT = Path(__file__).parents[2]
LIMITS = Limits(memory_mb=256, wall_seconds=10)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """Both kinds, all layers."""
    with Sandbox(limits=LIMITS, kinds=("model", "code")) as running:
        assert running.wait()
        yield running


@pytest.fixture(scope="session")
def frame() -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.DataFrame(random.random((60, 4)).round(6), columns=list("abcd"))


@pytest.fixture(scope="session")
def features(frame: pd.DataFrame) -> Table:
    return Table.from_frame(frame)


@pytest.fixture(scope="session")
def sample(frame: pd.DataFrame) -> Table:
    return Table.from_frame(frame[:20])


def readable_by_others(path: Path) -> bool:
    """Whether every folder above `path` lets everybody pass."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)


def _link_or_copy(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)
    return target


@pytest.fixture(scope="session")
def python_for_nobody() -> Iterator[list[str]]:
    """How to run this very Python, with its packages, as the user nobody.

    Its home may lie in a folder that only root enters; then its files are linked, or copied, to a
    place that everybody enters, and started by a script, which the zygote is started by as well.
    """
    if os.geteuid() != 0:
        pytest.skip("only root can become another user; this run is an ordinary user's already")
    if readable_by_others(Path(sys.executable)):
        yield [sys.executable]
        return
    # not pytest's own folder: that is closed to others again by every session that starts
    with tempfile.TemporaryDirectory(prefix="python-for-nobody-") as folder:
        yield [str(_readable_python(Path(folder)))]


def _readable_python(home: Path) -> Path:
    home.chmod(0o755)
    library = f"lib/python{sys.version_info.major}.{sys.version_info.minor}"
    base = Path(sys.base_prefix)
    skipped = shutil.ignore_patterns("site-packages", "test", "idlelib", "config-*", "*.a")
    shutil.copytree(base / library, home / library, copy_function=_link_or_copy, ignore=skipped)
    for shared in (base / "lib").glob("libpython*"):
        _link_or_copy(str(shared.resolve()), str(home / "lib" / shared.name))
    (home / "bin").mkdir()
    _link_or_copy(str(Path(sys.executable).resolve()), str(home / "bin" / "python"))
    packages = home / library / "site-packages"
    packages.mkdir()
    (packages / "all.pth").write_text(sysconfig.get_paths()["purelib"])
    start = home / "bin" / "start"
    start.write_text(f'#!/bin/sh\nLD_LIBRARY_PATH={home}/lib exec {home}/bin/python "$@"\n')
    start.chmod(0o755)
    return start


@pytest.fixture(scope="session")
def run_as_nobody(python_for_nobody: list[str]) -> Callable[..., str]:
    """Run a file of this folder as uid and gid 65534 without groups; gives what it printed."""

    def run(file: Path, *arguments: str) -> str:
        done = subprocess.run(
            [*python_for_nobody, str(file), python_for_nobody[-1], *arguments],
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            capture_output=True,
            text=True,
            cwd="/",
            env={"PYTHONPATH": str(ROOT)},
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    return run
