"""What each file of the suite costs: `pytest --cpu-table`, with xdist or without.

In seconds of processors, which a busy machine does not change, beside those of the clock: a file with
little of the first and much of the second waits for something. Counted is this process and whatever it
has started, ended or still running: a server, a browser or a jail that outlives its file costs whoever
keeps it busy.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TICK = os.sysconf("SC_CLK_TCK")
# What a worker hands over is plain: file → seconds.
CPU, CLOCK = pytest.StashKey[Counter[str]](), pytest.StashKey[Counter[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cpu-table", action="store_true", help="what each file costs, at the end")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[CPU], config.stash[CLOCK] = Counter(), Counter()


def _spent() -> float:
    """The processor seconds of this process and of everything below it, ended or alive."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(stat[1])
            ticks[int(entry.name)] = sum(map(int, stat[11:15]))

    def ours(pid: int) -> bool:
        while pid in parents and pid != os.getpid():
            pid = parents[pid]
        return pid == os.getpid()

    return sum(spent for pid, spent in ticks.items() if ours(pid)) / TICK


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    if not item.config.getoption("--cpu-table"):
        return (yield)
    stash = item.config.stash
    name = item.nodeid.partition("::")[0]
    spent, began = _spent(), time.monotonic()
    try:
        return (yield)
    finally:
        stash[CPU][name] += _spent() - spent
        stash[CLOCK][name] += time.monotonic() - began


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["cost"] = (dict(session.config.stash[CPU]), dict(session.config.stash[CLOCK]))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    cpu, clock = getattr(node, "workeroutput", {}).get("cost", ({}, {}))
    node.config.stash[CPU].update(cpu)
    node.config.stash[CLOCK].update(clock)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    cpu, clock = config.stash[CPU], config.stash[CLOCK]
    if not cpu:
        return
    terminalreporter.section("seconds of processors, of the clock")
    for name, seconds in cpu.most_common():
        terminalreporter.line(f"{seconds:8.1f} {clock[name]:8.1f}  {name}")
    terminalreporter.line(f"{cpu.total():8.1f} {clock.total():8.1f}  together")
