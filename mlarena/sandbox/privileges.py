"""Started as root, the zygote becomes nobody before anything untrusted comes near."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from mlarena.sandbox import kernel
from mlarena.sandbox.syscall_tables import architecture

NOBODY = 65534
_CAPABILITY_VERSION_3 = 0x20080522
_LAST_CAPABILITY = 63


def drop() -> str | bool:
    """Give up root for good: no groups, uid and gid 65534, no capabilities.

    Returns True when dropped, or the reason in words when there was nothing to drop. Raises
    OSError when this is root and the kernel does not let go (nothing may start then).
    """
    if os.geteuid() != 0:
        return f"not started as root (uid {os.geteuid()})"
    for capability in range(_LAST_CAPABILITY + 1):
        try:
            kernel.prctl(kernel.PR_CAPBSET_DROP, capability)
        except OSError:
            break  # past the last capability of this kernel, or no right to drop: see below
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    _clear_capabilities()
    if os.getresuid() != (NOBODY,) * 3 or os.getgroups():
        raise OSError("root was not given up")
    return True


def _clear_capabilities() -> None:
    """setresuid clears them already, unless a container runtime set securebits."""
    header = ctypes.create_string_buffer(
        _CAPABILITY_VERSION_3.to_bytes(4, "little") + (0).to_bytes(4, "little"), 8
    )
    nothing = ctypes.create_string_buffer(bytes(24), 24)
    capset = architecture()[1]["capset"]
    kernel.checked(kernel.syscall(capset, header, nothing), "capset")  # type: ignore[arg-type]


def prefer_for_out_of_memory() -> None:
    """When the whole machine runs out of memory, the jail goes before the worker."""
    try:
        Path("/proc/self/oom_score_adj").write_text("800")
    except OSError:
        return  # a container may hide /proc: the address space limit still holds
