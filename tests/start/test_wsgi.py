"""The module that gunicorn and `flask` import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.pure


def test_garbage_is_looked_for_again_once_it_is_imported(tmp_path: Path) -> None:
    asked = [
        sys.executable,
        "-c",
        "import gc, wsgi; print(gc.isenabled(), gc.get_freeze_count() > 0)",
    ]
    done = subprocess.run(
        asked,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "MLARENA_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["True", "True"]
