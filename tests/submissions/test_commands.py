"""`flask sandbox probe`: what an operator reads before learners' code is let in."""

from __future__ import annotations

from typing import Any

import pytest

from mlarena.sandbox.child import LAYERS
from mlarena.submissions import commands

pytestmark = pytest.mark.pure


def test_every_layer_is_printed_with_whether_it_holds(runner: Any) -> None:
    done = runner.invoke(args=["sandbox", "probe"])
    assert done.exit_code == 0, done.output
    told = dict(line.split(": ", 1) for line in done.output.splitlines())
    assert set(told) == set(LAYERS)
    assert told["seccomp"] == told["limits"] == "in force"


def test_a_layer_that_is_missing_is_told_with_its_reason_and_what_follows(
    runner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = {"seccomp": "Function not implemented", "limits": True}
    monkeypatch.setattr(commands, "probe_layers", lambda: layers)
    done = runner.invoke(args=["sandbox", "probe"])
    assert done.exit_code == 1
    assert "seccomp: missing: Function not implemented" in done.output
    assert "limits: in force" in done.output
    assert "SANDBOX_ALLOW_DEGRADED=1" in done.output
