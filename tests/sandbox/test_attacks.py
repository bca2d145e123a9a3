"""Every attack, as whoever runs the tests and as an ordinary user: which layer stops it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sandbox import attacks

pytestmark = pytest.mark.pure

Results = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def as_started() -> Results:
    return attacks.try_all()


@pytest.fixture(scope="module")
def as_nobody(run_as_nobody: Callable[..., str]) -> Results:
    found: Results = json.loads(run_as_nobody(Path(attacks.__file__)))
    return found


def check(attack: attacks.Attack, results: Results) -> None:
    found = results[attack.name]
    for trial, end in found.items():
        if trial != "none":
            assert end != attacks.THROUGH, f"with {trial} in force it came through"
    stoppers = ", ".join(attack.stopped_by)
    assert found["none"] == attacks.THROUGH, f"without {stoppers} it shows nothing: {found['none']}"


@pytest.mark.parametrize("attack", attacks.ATTACKS, ids=lambda attack: attack.name)
def test_stopped_as_started(attack: attacks.Attack, as_started: Results) -> None:
    """Started as root, when root runs the tests (then the jail is another user)."""
    check(attack, as_started)


@pytest.mark.parametrize("attack", attacks.ATTACKS, ids=lambda attack: attack.name)
def test_stopped_as_ordinary_user(attack: attacks.Attack, as_nobody: Results) -> None:
    check(attack, as_nobody)


def test_every_layer_stops_something() -> None:
    """Layers that are seen by their effect on the process are in test_process.py."""
    stopping = {
        name for attack in attacks.ATTACKS for name in (*attack.stopped_by, *attack.as_root)
    }
    assert stopping == {"limits", "seccomp", "landlock", "uid", "descriptors"}
