"""A line of the log says which request it belongs to, as the error page and the answer's header do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.pure

ROOT = Path(__file__).resolve().parents[2]
# A process of its own: what it writes to standard error is the log, as whoever runs it finds it.
BROKEN = """
from mlarena.app import create_app
from mlarena.core.config import load_settings

app = create_app(load_settings())
app.view_functions["site.robots"] = lambda: 1 / 0
for given in ({}, {"X-Request-ID": "of-the-router"}):
    print(app.test_client().get("/robots.txt", headers=given).headers["X-Request-ID"])
"""


def test_each_line_is_json_with_the_id_of_its_request(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "MLARENA_ENV": "production",
        "MLARENA_DATA": str(tmp_path),
        "SECRET_KEY": "x" * 40,
        "DATABASE_URL": f"sqlite:///{tmp_path / 'none.sqlite'}",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    done = subprocess.run(
        [sys.executable, "-c", BROKEN], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    own, given = done.stdout.split()
    assert given == "of-the-router" != own
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    broken = [line for line in lines if line["event"] == "unhandled error"]
    assert [line["request_id"] for line in broken] == [own, given]
    assert all("ZeroDivisionError" in line["exception"] for line in broken)
