"""Seccomp filters: a small assembler for classic BPF and the two programs of the jail.

The first filter is the allow-list. It stands while a jailed child waits for its request, so it
still lets the child receive one message, lower its own limits and add a filter. The second is
stacked on top when the request has come and takes exactly those three away.

"No path" form: every call that names a file answers EACCES. All a child needs arrives as open
descriptors, so there is no list of harmless folders to get wrong.
"""

from __future__ import annotations

import ctypes
import errno
import struct

from mlarena.sandbox import kernel
from mlarena.sandbox.syscall_tables import architecture

RET_KILL_PROCESS = 0x80000000
RET_ALLOW = 0x7FFF0000
RET_ERRNO = 0x00050000
SECCOMP_MODE_FILTER = 2

_LOAD, _EQUAL, _GREATER_EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH = 0, 4  # offsets in struct seccomp_data
_X32_BIT = 0x40000000  # calls of the x32 ABI share x86-64's audit number

ALLOWED = """
    read write close fstat poll lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask
    rt_sigreturn pread64 readv writev preadv select sched_yield mremap msync madvise dup dup2
    dup3 nanosleep getitimer getpid exit uname getcwd gettimeofday getrlimit getrusage sysinfo
    times getuid getgid geteuid getegid getppid getpgrp getgroups getresuid getresgid getpgid
    getsid rt_sigpending rt_sigtimedwait sigaltstack arch_prctl gettid time futex
    sched_getaffinity set_tid_address restart_syscall clock_gettime clock_getres
    clock_nanosleep exit_group pselect6 ppoll set_robust_list get_robust_list getcpu getrandom
    membarrier rseq futex_waitv sched_getparam sched_getscheduler sched_get_priority_max
    sched_get_priority_min get_mempolicy fadvise64
""".split()  # noqa: SIM905

NAMES_A_PATH = """
    openat open openat2 creat newfstatat stat lstat statx access faccessat faccessat2 readlink
    readlinkat getdents getdents64 statfs fstatfs chdir fchdir unlink unlinkat rename renameat
    renameat2 mkdir mkdirat rmdir link linkat symlink symlinkat chmod fchmodat chown fchownat
    truncate utimensat mknod mknodat name_to_handle_at inotify_add_watch getxattr lgetxattr
    listxattr llistxattr setxattr lsetxattr
""".split()  # noqa: SIM905

# Nothing a model or a lesson's function calls by accident: an attempt ends the process.
KILLED = """
    ptrace execve execveat bpf io_uring_setup io_uring_enter io_uring_register mount umount2
    pivot_root chroot unshare setns keyctl add_key request_key process_vm_readv
    process_vm_writev perf_event_open userfaultfd init_module finit_module delete_module
    kexec_load kexec_file_load open_by_handle_at fsopen fsconfig fspick fsmount move_mount
    open_tree mount_setattr pidfd_open pidfd_getfd pidfd_send_signal process_madvise kcmp
    setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset
    reboot swapon swapoff iopl ioperm modify_ldt personality acct quotactl settimeofday
    clock_settime adjtimex sethostname setdomainname
""".split()  # noqa: SIM905

CLONE_THREAD = 0x00010000
# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET and NEWTIME
CLONE_NAMESPACES = 0x7E020000 | 0x80
# TCGETS FIONCLEX FIOCLEX FIONBIO FIONREAD TIOCGWINSZ
IOCTLS = (0x5401, 0x5450, 0x5451, 0x5421, 0x541B, 0x5413)
# F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL F_DUPFD_CLOEXEC: no locks, leases, seals or signals
FCNTLS = (0, 1, 2, 3, 4, 1030)
PRCTLS = (15, 16, 0x53564D41)  # PR_SET_NAME PR_GET_NAME PR_SET_VMA (glibc names its arenas)


def _statement(code: int, true: int, false: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, true, false, value & 0xFFFFFFFF)


def _load(offset: int) -> bytes:
    return _statement(_LOAD, 0, 0, offset)


def _argument(index: int) -> int:
    """Offset of the low word of argument `index` (both architectures are little-endian)."""
    return 16 + 8 * index


def _give(action: int) -> bytes:
    return _statement(_RETURN, 0, 0, action)


def _refuse(code: int) -> int:
    return RET_ERRNO | code


def _if_equal(value: int, body: list[bytes]) -> list[bytes]:
    """`body` only when the accumulator equals `value`."""
    return [_statement(_EQUAL, 0, len(body), value), *body]


class _Filter:
    """Rules in the order they are looked at; each rule ends in a verdict."""

    def __init__(self, machine: str | None) -> None:
        self.arch, self.numbers = architecture(machine)
        self.code: list[bytes] = []

    def check_architecture(self) -> None:
        self.code += [_load(_ARCH), _statement(_EQUAL, 1, 0, self.arch), _give(RET_KILL_PROCESS)]

    def load_number(self) -> None:
        self.code += [_load(_NUMBER)]

    def refuse_x32(self) -> None:
        self.code += [_statement(_GREATER_EQUAL, 0, 1, _X32_BIT), _give(RET_KILL_PROCESS)]

    def calls(self, names: list[str], action: int) -> None:
        for name in names:
            if name in self.numbers:
                self.code += _if_equal(self.numbers[name], [_give(action)])

    def call(self, name: str, body: list[bytes]) -> None:
        self.code += _if_equal(self.numbers[name], body)

    def one_of(self, name: str, argument: int, values: tuple[int, ...], otherwise: int) -> None:
        """Allow `name` when its argument is one of `values`."""
        body = [_load(_argument(argument))]
        for value in values:
            body += _if_equal(value, [_give(RET_ALLOW)])
        self.call(name, [*body, _give(otherwise)])

    def end(self, action: int) -> bytes:
        return b"".join([*self.code, _give(action)])


def waiting_filter(machine: str | None = None) -> bytes:
    """The allow-list, with what a child still needs to take its request."""
    rules = _Filter(machine)
    rules.check_architecture()
    rules.load_number()
    if rules.arch == architecture("x86_64")[0]:
        rules.refuse_x32()
    rules.calls([*ALLOWED, "recvmsg", "setrlimit", "seccomp", "close_range"], RET_ALLOW)
    rules.calls(NAMES_A_PATH, _refuse(errno.EACCES))
    # glibc falls back from clone3, whose flags a filter cannot see, to clone
    rules.calls(["clone3"], _refuse(errno.ENOSYS))
    rules.call("clone", _threads_only())
    rules.one_of("ioctl", 1, IOCTLS, _refuse(errno.ENOTTY))
    rules.one_of("fcntl", 1, FCNTLS, _refuse(errno.EPERM))
    rules.one_of("prctl", 0, (*PRCTLS, kernel.PR_SET_SECCOMP), _refuse(errno.EPERM))
    rules.one_of("prlimit64", 0, (0,), _refuse(errno.EPERM))
    rules.calls(KILLED, RET_KILL_PROCESS)
    return rules.end(_refuse(errno.EPERM))


def working_filter(machine: str | None = None) -> bytes:
    """Stacked on the first when the request has come: nothing more is received or loosened."""
    rules = _Filter(machine)
    rules.load_number()
    rules.calls(["recvmsg", "setrlimit", "seccomp", "close_range"], _refuse(errno.EPERM))
    rules.one_of("prctl", 0, PRCTLS, _refuse(errno.EPERM))
    rules.call("prlimit64", _reading_limits_only())
    return rules.end(RET_ALLOW)


def _threads_only() -> list[bytes]:
    return [
        _load(_argument(0)),
        _statement(_ANY_BIT, 1, 0, CLONE_NAMESPACES),
        _statement(_ANY_BIT, 1, 2, CLONE_THREAD),
        _give(RET_KILL_PROCESS),
        _give(RET_ALLOW),
        _give(_refuse(errno.EPERM)),
    ]


def _reading_limits_only() -> list[bytes]:
    """prlimit64 with a null `new`: both words of the pointer are zero."""
    low, high = _argument(2), _argument(2) + 4
    return [
        _load(low),
        _statement(_EQUAL, 0, 3, 0),
        _load(high),
        _statement(_EQUAL, 0, 1, 0),
        _give(RET_ALLOW),
        _give(_refuse(errno.EPERM)),
    ]


def install(program: bytes) -> None:
    """Put `program` on this thread, for good. Needs no_new_privs or CAP_SYS_ADMIN."""
    buffer = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(
        struct.pack("=H6xQ", len(program) // 8, ctypes.addressof(buffer))
    )
    kernel.prctl(kernel.PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(header))
