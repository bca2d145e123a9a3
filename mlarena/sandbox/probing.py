"""Each layer is tried in a forked child by its effect, never by a version number.

Run as `python -I entry.py --probe` from the trusted side: a fresh single-threaded process may
fork safely, which a web server with threads or greenlets may not.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ENTRY = Path(__file__).with_name("entry.py")
SECONDS = 20

# name of a layer -> True when in force, or the reason in words why not
Layers = dict[str, bool | str]


def elsewhere() -> Layers | None:
    """On another system than Linux: no layer, and why. None on Linux."""
    if sys.platform == "linux":
        return None
    return dict.fromkeys(("seccomp", "landlock", "limits"), f"this is {sys.platform}, not Linux")


def probe() -> Layers:
    """The layers this machine can put in force, tried in a process of its own (about 50 ms)."""
    nothing = elsewhere()
    if nothing:
        return nothing
    done = subprocess.run(
        [sys.executable, "-I", str(ENTRY), "--probe"],
        env={},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode != 0:
        reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no answer"]
        return dict.fromkeys(("seccomp", "landlock", "limits"), f"the probe failed: {reason[0]}")
    found: Layers = json.loads(done.stdout)
    return found


def refusal(layers: Layers) -> str | None:
    """Why untrusted work is refused with these layers, or None when it is not."""
    seccomp = layers.get("seccomp", "not probed")
    if seccomp is True and layers.get("limits") is True:
        return None
    missing = "system call filters (seccomp)" if seccomp is not True else "resource limits"
    reason = seccomp if seccomp is not True else layers.get("limits")
    return (
        f"Uploaded models and code are not run on this machine: {missing} are missing ({reason}). "
        "Run on Linux 4.14 or later, x86-64 or aarch64, without a container profile that forbids "
        "them; or, alone and trusting every upload, set SANDBOX_ALLOW_DEGRADED=1."
    )


def layers_here() -> Layers:
    """Try every layer in forked children of this (single-threaded) process."""
    as_root = os.geteuid() == 0
    return {
        "seccomp": _try(_seccomp_holds),
        "landlock": _try(_landlock_holds),
        "no_new_privs": _try(_no_new_privileges_hold),
        "limits": _try(_limits_hold),
        "uid": as_root or f"started as uid {os.geteuid()}: nothing to give up",
        "session": True,
        "descriptors": True,
        "undumpable": _try(_undumpable_holds),
    }


def _try(holds: Callable[[], bool]) -> bool | str:
    """True when `holds` says so in a forked child; otherwise its reason."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        _answer(holds, write)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        reason = pipe.read(400).decode(errors="replace")
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return True if status == 0 else reason or "no effect"


def _answer(holds: Callable[[], bool], write: int) -> None:
    """In the child: exit 0 when the layer holds, 1 with the reason on the pipe."""
    code = 1
    try:
        code = 0 if holds() else 1
    except BaseException as error:  # whatever it was, it must reach the parent as a reason
        os.write(write, str(error).encode()[:400])
    finally:
        os._exit(code)


def _seccomp_holds() -> bool:
    from mlarena.sandbox import kernel, seccomp

    kernel.no_new_privileges()
    seccomp.install(seccomp.waiting_filter())
    seccomp.install(seccomp.working_filter())
    return _refused(socket.socket) and _refused(os.fork) and _refused(lambda: os.open("/", 0))


def _landlock_holds() -> bool:
    from mlarena.sandbox import kernel, landlock

    ruleset = landlock.nothing_allowed()
    kernel.no_new_privileges()
    landlock.restrict(ruleset)
    return _refused(lambda: os.open("/", os.O_RDONLY))


def _no_new_privileges_hold() -> bool:
    from mlarena.sandbox import kernel

    kernel.no_new_privileges()
    return kernel.prctl(39) == 1  # PR_GET_NO_NEW_PRIVS


def _undumpable_holds() -> bool:
    from mlarena.sandbox import kernel

    kernel.not_dumpable()
    return kernel.prctl(3) == 0  # PR_GET_DUMPABLE


def _limits_hold() -> bool:
    from mlarena.sandbox import limits

    limits.limit_fixed()
    resource.setrlimit(resource.RLIMIT_AS, (limits.address_space() + (16 << 20),) * 2)
    try:
        bytearray(64 << 20)
    except MemoryError:
        return True
    return False


def _refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except PermissionError:
        return True
    return False
