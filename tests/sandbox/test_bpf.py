"""The filters of both architectures, decided by a small interpreter of classic BPF."""

from __future__ import annotations

import errno
import struct

import pytest

from mlarena.sandbox import seccomp
from mlarena.sandbox.syscall_tables import ARCHITECTURES, architecture

pytestmark = pytest.mark.pure

KILL, ALLOW = seccomp.RET_KILL_PROCESS, seccomp.RET_ALLOW
MACHINES = sorted(ARCHITECTURES)


def refused(code: int) -> int:
    return seccomp.RET_ERRNO | code


def decide(program: bytes, number: int, arch: int, *arguments: int) -> int:
    """What `program` says to system call `number` with `arguments`."""
    words = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("=IIQ6Q", number, arch, 0, *words)
    code = [struct.unpack_from("=HBBI", program, at) for at in range(0, len(program), 8)]
    accumulator = at = 0
    while True:
        operation, true, false, value = code[at]
        at += 1
        if operation == 0x20:
            accumulator = struct.unpack_from("=I", data, value)[0]
        elif operation == 0x06:
            return int(value)
        else:
            holds = {
                0x15: accumulator == value,
                0x35: accumulator >= value,
                0x45: bool(accumulator & value),
            }[operation]
            at += true if holds else false


def waiting(machine: str, name: str, *arguments: int) -> int:
    arch, numbers = architecture(machine)
    return decide(seccomp.waiting_filter(machine), numbers[name], arch, *arguments)


def working(machine: str, name: str, *arguments: int) -> int:
    """Both filters stand; the stricter answer counts."""
    arch, numbers = architecture(machine)
    second = decide(seccomp.working_filter(machine), numbers[name], arch, *arguments)
    # the kernel compares them as signed numbers: to kill is the smallest
    return min(waiting(machine, name, *arguments), second, key=lambda verdict: verdict ^ (1 << 31))


@pytest.mark.parametrize("machine", MACHINES)
def test_computing_is_allowed(machine: str) -> None:
    for name in ("read", "write", "mmap", "munmap", "futex", "clock_gettime", "exit_group"):
        assert working(machine, name) == ALLOW


@pytest.mark.parametrize("machine", MACHINES)
def test_every_call_that_names_a_path_says_no_access(machine: str) -> None:
    numbers = architecture(machine)[1]
    for name in seccomp.NAMES_A_PATH:
        if name in numbers:
            assert working(machine, name) == refused(errno.EACCES), name


@pytest.mark.parametrize("machine", MACHINES)
def test_doors_of_the_kernel_end_the_process(machine: str) -> None:
    numbers = architecture(machine)[1]
    for name in seccomp.KILLED:
        if name in numbers:
            assert working(machine, name) == KILL, name


@pytest.mark.parametrize("machine", MACHINES)
def test_only_threads_are_cloned(machine: str) -> None:
    threads, spaces = seccomp.CLONE_THREAD, 0x10000000
    assert working(machine, "clone", threads | 0x100) == ALLOW
    assert working(machine, "clone", 17) == refused(errno.EPERM)
    assert working(machine, "clone", threads | spaces) == KILL
    assert working(machine, "clone3") == refused(errno.ENOSYS)


@pytest.mark.parametrize("machine", MACHINES)
def test_what_the_request_needed_is_gone_afterwards(machine: str) -> None:
    for name in ("recvmsg", "seccomp", "prlimit64"):
        new_limits = (0, 7, 0xFFFF_0000_0000)
        assert waiting(machine, name, *new_limits) == ALLOW, name
        assert working(machine, name, *new_limits) == refused(errno.EPERM), name
    assert working(machine, "prlimit64", 0, 7, 0) == ALLOW
    assert working(machine, "prlimit64", 1, 7, 0) == refused(errno.EPERM)


@pytest.mark.parametrize("machine", MACHINES)
def test_arguments_are_looked_at(machine: str) -> None:
    assert working(machine, "fcntl", 0, 3) == ALLOW
    assert working(machine, "fcntl", 0, 1033) == refused(errno.EPERM)  # F_ADD_SEALS
    assert working(machine, "ioctl", 0, 0x5401) == ALLOW
    assert working(machine, "ioctl", 0, 0x5412) == refused(errno.ENOTTY)  # TIOCSTI
    assert working(machine, "prctl", 15) == ALLOW
    assert working(machine, "prctl", 1) == refused(errno.EPERM)  # PR_SET_PDEATHSIG
    assert waiting(machine, "prctl", 22) == ALLOW
    assert working(machine, "prctl", 22) == refused(errno.EPERM)  # PR_SET_SECCOMP


@pytest.mark.parametrize("machine", MACHINES)
def test_anything_unknown_is_refused(machine: str) -> None:
    arch = architecture(machine)[0]
    assert decide(seccomp.waiting_filter(machine), 9999, arch) == refused(errno.EPERM)


def test_another_architecture_in_the_same_process_ends_it() -> None:
    i386 = 0x40000003
    assert decide(seccomp.waiting_filter("x86_64"), 0, i386) == KILL
    x32 = 0x40000000
    assert decide(seccomp.waiting_filter("x86_64"), x32, architecture("x86_64")[0]) == KILL


def test_an_architecture_without_table_is_refused() -> None:
    with pytest.raises(OSError, match="riscv64"):
        seccomp.waiting_filter("riscv64")
