"""What one evaluation may use, and the resource limits that hold it to that."""

from __future__ import annotations

import math
import resource
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 1 << 20
OPEN_FILES = 64


@dataclass(frozen=True)
class Limits:
    """The budget of one evaluation.

    memory_mb: address space on top of what the waiting process has (MiB).
    wall_seconds: from handing over the request to the kill.
    cpu_seconds: processor time; None means as much as the wall allows.
    output_bytes: printed text that is kept; 64 times as much ends the evaluation.
    result_bytes: the largest result accepted.
    nice: how far it steps back behind other work, as nice(2) counts.
    """

    memory_mb: int = 1024
    wall_seconds: float = 10.0
    cpu_seconds: float | None = None
    output_bytes: int = 64 * 1024
    result_bytes: int = 32 * MEGABYTE
    nice: int = 0

    def cpu(self) -> float:
        return self.cpu_seconds if self.cpu_seconds is not None else self.wall_seconds


def address_space() -> int:
    """Bytes of address space this process has now."""
    pages = Path("/proc/self/statm").read_text().split()[0]
    return int(pages) * resource.getpagesize()


def limit_fixed() -> None:
    """The limits that are the same for every evaluation: no files, no core, no queues."""
    nothing = (0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, nothing)
    resource.setrlimit(resource.RLIMIT_FSIZE, nothing)
    resource.setrlimit(resource.RLIMIT_MEMLOCK, nothing)
    _lower(resource.RLIMIT_NOFILE, OPEN_FILES)
    for name in ("RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO"):
        if hasattr(resource, name):
            resource.setrlimit(getattr(resource, name), nothing)
    if hasattr(resource, "RLIMIT_SIGPENDING"):
        _lower(resource.RLIMIT_SIGPENDING, 64)


def limit_use(base: int, memory_mb: int, cpu_seconds: float, cpu_used: float) -> None:
    """Memory (`base` bytes plus the budget) and processor time from now on.

    Processor time is in whole seconds: the soft limit ends the process with SIGXCPU, the hard
    one, a second later, with SIGKILL.
    """
    _lower(resource.RLIMIT_AS, base + memory_mb * MEGABYTE)
    seconds = math.ceil(cpu_seconds) + int(cpu_used)
    _lower(resource.RLIMIT_CPU, seconds, seconds + 1)


def _lower(which: int, soft: int, hard: int | None = None) -> None:
    """Set a limit, never above the hard limit that stands (raising needs a capability)."""
    ceiling = resource.getrlimit(which)[1]
    hard = soft if hard is None else hard
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(which, (soft, hard))
