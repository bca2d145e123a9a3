"""What `make run` promises about its processes, on small ones: restart, one end for all, no orphan."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.start.bare_machine import family_of, living

pytestmark = pytest.mark.pure

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SLEEP = f"{sys.executable} -c 'import time; time.sleep(600)'"
STUBBORN = (
    f"{sys.executable} -c 'import signal, time; signal.signal(15, signal.SIG_IGN);"
    ' print("deaf", flush=True); time.sleep(600)\''
)


class SmallArena:
    """A running small_arena.py and everything it has printed so far."""

    def __init__(self, words: tuple[str, ...], folder: Path) -> None:
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, HERE / "small_arena.py", *words],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )

    def said(self) -> str:
        return self.log.read_text()

    def wait_for(self, words: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while words not in self.said():
            assert time.monotonic() < deadline, f"no {words!r} in:\n{self.said()}"
            time.sleep(0.02)

    def children(self) -> dict[int, str]:
        return family_of(self.process.pid)


def wait_until_gone(pids: dict[int, str], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while left := living(pids):
        assert time.monotonic() < deadline, f"orphans: {left}"
        time.sleep(0.02)


@pytest.fixture
def small_arena(tmp_path: Path) -> Iterator[Callable[..., SmallArena]]:
    started = []

    def start(*words: str) -> SmallArena:
        started.append(SmallArena(words, tmp_path))
        started[-1].wait_for("| ")
        return started[-1]

    yield start
    for arena in started:
        arena.process.kill()
        arena.process.wait()


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_one_signal_ends_everything(small_arena: Callable[..., SmallArena], sig: int) -> None:
    arena = small_arena(f"first={SLEEP}", f"web={SLEEP}", f"worker={SLEEP}")
    arena.wait_for("ready")
    family = arena.children()
    assert len(family) == 3
    arena.process.send_signal(sig)
    assert arena.process.wait(60) == 0
    assert not living(family)


def test_the_first_process_is_stopped_last(small_arena: Callable[..., SmallArena]) -> None:
    says_bye = (
        f"{sys.executable} -c 'import signal, sys, time;"
        ' signal.signal(15, lambda *_: sys.exit(print("bye"))); print("here", flush=True);'
        " time.sleep(600)'"
    )
    arena = small_arena(f"first={says_bye}", f"web={says_bye}", f"worker={says_bye}")
    deadline = time.monotonic() + 60
    while arena.said().count("here") < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    arena.process.terminate()
    arena.process.wait(60)
    byes = [line.split()[0] for line in arena.said().splitlines() if line.endswith("bye")]
    assert len(byes) == 3
    assert byes[-1] == "first"


def test_a_second_ctrl_c_does_not_wait(small_arena: Callable[..., SmallArena]) -> None:
    arena = small_arena(f"deaf={STUBBORN}", "patience=600")
    arena.wait_for("| deaf")
    family = arena.children()
    arena.process.send_signal(signal.SIGINT)
    time.sleep(0.6)
    assert arena.process.poll() is None  # it is polite first
    arena.process.send_signal(signal.SIGINT)
    arena.process.wait(60)
    assert not living(family)


def test_kill_9_of_the_supervisor_leaves_no_orphan(small_arena: Callable[..., SmallArena]) -> None:
    arena = small_arena(f"first={SLEEP}", f"web={SLEEP}", f"deaf={STUBBORN}")
    arena.wait_for("| deaf")
    family = arena.children()
    assert len(family) == 3
    arena.process.kill()
    arena.process.wait()
    wait_until_gone(family)


def test_grandchildren_that_left_the_group_end_too(small_arena: Callable[..., SmallArena]) -> None:
    parent = (
        f"{sys.executable} -c 'import subprocess, time;"
        ' subprocess.Popen(["setsid", "sleep", "600"]); print("born", flush=True); time.sleep(600)\''
    )
    arena = small_arena(f"web={parent}")
    arena.wait_for("| born")
    family = arena.children()
    assert any("sleep 600" in command for command in family.values())
    arena.process.terminate()
    arena.process.wait(60)
    assert not living(family)


def test_a_process_that_dies_is_started_again(small_arena: Callable[..., SmallArena]) -> None:
    arena = small_arena(f"web={SLEEP}", f"worker={SLEEP}")
    arena.wait_for("ready")
    before = arena.children()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    arena.wait_for("web was ended by SIGKILL; starting it again")
    arena.wait_for("worker was ended by SIGKILL; starting it again")
    deadline = time.monotonic() + 60
    while len(arena.children()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert not set(before) & set(arena.children())


def test_one_that_dies_again_and_again_waits_longer(small_arena: Callable[..., SmallArena]) -> None:
    arena = small_arena("broken=false")
    arena.wait_for("broken ended with code 1; starting it again in 0.5 s")
    arena.wait_for("broken ended with code 1; starting it again in 1.0 s")
    # Before everything was ready once, there is no use in going on for ever.
    arena.wait_for("broken does not start; its last words are above.")
    assert arena.process.wait(60) == 1


def test_every_line_carries_its_process(small_arena: Callable[..., SmallArena]) -> None:
    # Two lines in one piece, a line in two pieces, no newline at the end, bytes that are not UTF-8.
    talk = (
        f'{sys.executable} -u -c \'import os, time; os.write(1, b"one\\ntwo\\nthr"); time.sleep(0.2);'
        ' os.write(2, b"ee\\nfour \\xff"); time.sleep(0.2); raise SystemExit(7)\''
    )
    arena = small_arena(f"talker={talk}", f"web={SLEEP}")
    arena.wait_for("talker ended with code 7")
    lines = [line for line in arena.said().splitlines() if line.startswith("talker")]
    assert [line.split(" | ")[1] for line in lines[:4]] == ["one", "two", "three", "four \ufffd"]
