"""The worker's one sandbox. Only the process that evaluates ever starts it."""

from __future__ import annotations

import threading
from dataclasses import replace

from mlarena.core.config import Settings, settings
from mlarena.sandbox import Limits, Sandbox, fitting

_sandbox: Sandbox | None = None
_here = False
_starting = threading.Lock()


def sandbox() -> Sandbox:
    """This process's sandbox, started on first use."""
    return _sandbox or start(settings())


def running() -> bool:
    """Whether this process is one that evaluates."""
    return _here or _sandbox is not None


def judge_here() -> None:
    """Make this process one that evaluates, with a sandbox as soon as it needs one: a command, which
    cannot ask a worker."""
    global _here
    _here = True


def start(wanted: Settings) -> Sandbox:
    """Start this process's sandbox. It needs no app, and warms up while that is loaded."""
    global _sandbox
    with _starting:
        if _sandbox is None:
            _sandbox = Sandbox(
                allow_degraded=wanted.sandbox_allow_degraded,
                limits=Limits(
                    memory_mb=wanted.sandbox_memory_mb,
                    wall_seconds=wanted.sandbox_wall_seconds,
                ),
                kinds=("model", "code", "sql"),
                on_demand=("duckdb",),
                training_limits=replace(
                    fitting.LIMITS,
                    memory_mb=wanted.sandbox_train_memory_mb,
                    wall_seconds=wanted.sandbox_train_seconds,
                    result_bytes=wanted.max_upload_bytes,
                ),
            )
            _sandbox.start()
        return _sandbox


def close() -> None:
    """End the zygotes of this process."""
    global _sandbox, _here
    with _starting:
        _here = False
        if _sandbox is not None:
            _sandbox.close()
            _sandbox = None
