"""Calls into the kernel and the C library that Python has no name for, by ctypes only."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3

_libc = ctypes.CDLL(None, use_errno=True)
if sys.platform == "linux":  # elsewhere the module is imported, and nothing of it is called
    _libc.syscall.restype = ctypes.c_long
    _libc.prctl.restype = ctypes.c_int


def checked(result: int, what: str) -> int:
    """`result` of a C call, or OSError with errno's own words when it is negative."""
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def syscall(number: int, *arguments: ctypes._SimpleCData | bytes | None) -> int:
    """The raw result (-1 and errno on failure) of system call `number`."""
    return int(_libc.syscall(ctypes.c_long(number), *arguments))


def prctl(option: int, *arguments: int) -> int:
    """prctl(2); raises OSError when the kernel refuses."""
    padded = [*arguments, 0, 0, 0, 0][:4]
    result = _libc.prctl(ctypes.c_int(option), *(ctypes.c_ulong(value) for value in padded))
    return checked(result, f"prctl({option})")


def no_new_privileges() -> None:
    """From here on no exec can gain rights; also what lets an ordinary user set a filter."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def not_dumpable() -> None:
    """No core, and /proc/PID closed to other processes of the same user."""
    prctl(PR_SET_DUMPABLE, 0)


def keep_freed_memory() -> None:
    """What is freed stays with this process and its children: a large piece costs the same each time it is
    asked for. Left to itself glibc moves its thresholds as it goes (mallopt(3)), and the same query takes
    from 45 to 75 ms of processor time. Nothing happens with another C library."""
    mallopt = getattr(_libc, "mallopt", None)
    for option in (M_TRIM_THRESHOLD, M_MMAP_THRESHOLD):
        if mallopt is not None:
            mallopt(option, 1 << 30)


def give_back_freed_memory() -> None:
    """The heap is as it was before what was freed: what is taken next lies in order again. In pieces strewn
    over the heap the same sort takes up to three times as long. Nothing happens with another C library."""
    trim = getattr(_libc, "malloc_trim", None)
    if trim is not None:
        trim(0)


def die_with_parent(parent: int) -> None:
    """SIGKILL for this process when the thread that made it ends; exits if it already has.

    Changing user clears the setting, so it is set after that.
    """
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(71)


def flush_c_streams() -> None:
    """What C code printed is still in its own buffers; hand it on."""
    _libc.fflush(None)
