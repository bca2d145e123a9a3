"""What strangers may try, each with the layers that stop it.

Every attack is a piece of code run in a jail. It says "through" when it got what it wanted. It is
tried with all layers; with each of its stopping layers as the only one of them; and with none of
them, where it must come through: otherwise it shows nothing.

`python attacks.py` tries them all as whoever runs it and prints the results as JSON. The targets
(a process, sockets, files) are made here and belong to the test.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlarena.sandbox import Limits, Sandbox
from mlarena.sandbox.child import LAYERS
from mlarena.sandbox.syscall_tables import architecture

THROUGH = "through"
LIMITS = Limits(memory_mb=96, wall_seconds=5, cpu_seconds=1)
ALL = frozenset(LAYERS)


@dataclass(frozen=True)
class Attack:
    """`stopped_by`: layers each of which stops it alone. `as_root`: more of them, when the jail
    was started as root and so became another user. `needs`: layers that the removal leaves useless.
    """

    name: str
    source: str
    stopped_by: tuple[str, ...]
    as_root: tuple[str, ...] = ()

    def stoppers(self) -> tuple[str, ...]:
        return self.stopped_by + (self.as_root if os.geteuid() == 0 else ())


def _kernel_call(name: str, arguments: str = "0, 0, 0, 0, 0") -> str:
    """A raw system call: through when the process lives to see the kernel's answer."""
    number = architecture()[1][name]
    return f"import ctypes\nctypes.CDLL(None).syscall({number}, {arguments})\nRESULT = 'through'"


PREPARED = """
import ctypes, os, socket, mmap, resource, signal, threading, time
T = {targets!r}
libc = ctypes.CDLL(None, use_errno=True)
"""

ATTACKS = [
    # memory
    Attack("memory", "x = bytearray(300 << 20); RESULT = 'through'", ("limits",)),
    Attack("mmap", "m = mmap.mmap(-1, 300 << 20); RESULT = 'through'", ("limits",)),
    Attack(
        "memory of threads",
        "stacks = threading.stack_size(200 << 20)\n"
        "t = threading.Thread(target=time.sleep, args=(0,)); t.start(); t.join()\n"
        "RESULT = 'through'",
        ("limits",),
    ),
    Attack(
        "memfd",
        "fd = os.memfd_create('x'); os.write(fd, b'x'); RESULT = 'through'",
        ("seccomp", "limits"),
    ),
    Attack(
        "shared memory",
        "i = libc.shmget(0, 4096, 0o1600)\n"
        "if i >= 0: libc.shmctl(i, 0, None); RESULT = 'through'",
        ("seccomp",),
    ),
    # processes
    Attack(
        "fork",
        "pid = os.fork()\nif pid == 0: os._exit(0)\nos.waitpid(pid, 0); RESULT = 'through'",
        ("seccomp",),
    ),
    Attack(
        "double fork",
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    os.setsid()\n"
        "    os._exit(0 if os.fork() else 1)\n"
        "RESULT = 'through' if os.waitpid(pid, 0)[1] == 0 else 'stopped'",
        ("seccomp",),
    ),
    Attack("os.system", "RESULT = 'through' if os.system('true') == 0 else 0", ("seccomp", "landlock")),
    Attack(
        "exec",
        # the new program ends with 3: a crash to the worker, and proof that it ran
        "os.execve('/bin/sh', ['sh', '-c', 'exit 3'], {})",
        ("seccomp", "landlock"),
    ),
    # files
    Attack("read a file", "RESULT = open('/etc/passwd').read(4) and 'through'", ("seccomp", "landlock")),
    Attack(
        "read a private file",
        "RESULT = open(T['private']).read() and 'through'",
        ("seccomp", "landlock"),
        ("uid",),
    ),
    Attack(
        "read the worker's environment",
        "RESULT = open(f\"/proc/{T['worker']}/environ\", 'rb').read(1) and 'through'",
        ("seccomp", "landlock"),
        ("uid",),
    ),
    Attack("list a folder", "RESULT = os.listdir('/') and 'through'", ("seccomp", "landlock")),
    Attack("stat of a file", "RESULT = os.stat('/etc/passwd') and 'through'", ("seccomp",)),
    Attack(
        "make a file",
        "open(T['folder'] + '/' + str(os.getpid()), 'x'); RESULT = 'through'",
        ("seccomp", "landlock"),
    ),
    Attack(
        "write into a file",
        "with open(T['open'], 'r+') as f: f.write('x')\nRESULT = 'through'",
        ("seccomp", "landlock", "limits"),
    ),
    Attack(
        "remove a file",
        "os.unlink(T['folder'] + '/' + os.path.basename(T['doomed'].pop()))\nRESULT = 'through'",
        ("seccomp", "landlock"),
    ),
    # network
    Attack(
        "TCP connection",
        "socket.create_connection(('127.0.0.1', T['tcp'])); RESULT = 'through'",
        ("seccomp", "landlock"),
    ),
    Attack(
        "TCP server",
        "s = socket.socket(); s.bind(('127.0.0.1', 0)); RESULT = 'through'",
        ("seccomp", "landlock"),
    ),
    Attack(
        "UDP, as a DNS query",
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.sendto(b'\\0\\1', ('127.0.0.1', T['udp'])); RESULT = 'through'",
        ("seccomp",),
    ),
    Attack(
        "unix socket",
        "s = socket.socket(socket.AF_UNIX); s.connect(T['unix']); RESULT = 'through'",
        ("seccomp",),
    ),
    Attack(
        "abstract socket",
        "s = socket.socket(socket.AF_UNIX); s.connect(T['abstract']); RESULT = 'through'",
        ("seccomp", "landlock"),
    ),
    Attack(
        "netlink socket",
        "s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW); RESULT = 'through'",
        ("seccomp",),
    ),
    # other processes
    Attack(
        "signal to another process",
        "os.kill(T['process'], signal.SIGCONT); RESULT = 'through'",
        ("seccomp", "landlock"),
        ("uid",),
    ),
    Attack(
        "stop the zygote",
        # signal 0 asks whether a signal would be allowed
        "os.kill(os.getppid(), 0); RESULT = 'through'",
        ("seccomp", "landlock"),
    ),
    Attack(
        "ptrace",
        f"r = libc.syscall({architecture()[1]['ptrace']}, 0x4206, T['process'], 0, 0)\n"
        "RESULT = 'through' if r == 0 else ctypes.get_errno()",
        ("seccomp", "landlock"),
        ("uid",),
    ),
    Attack(
        "memory of another process",
        "class V(ctypes.Structure): _fields_ = [('b', ctypes.c_void_p), ('n', ctypes.c_size_t)]\n"
        "b = ctypes.create_string_buffer(8)\n"
        "mine = V(ctypes.addressof(b), 8); theirs = V(T['address'], 8)\n"
        "n = libc.process_vm_readv(T['process'], ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0)\n"
        "RESULT = 'through' if n == 8 else ctypes.get_errno()",
        ("seccomp", "landlock"),
        ("uid",),
    ),
    Attack(
        "renice another process",
        "os.setpriority(os.PRIO_PROCESS, T['process'], 5); RESULT = 'through'",
        ("seccomp",),
        ("uid",),
    ),
    Attack(
        "limits of another process",
        "resource.prlimit(T['process'], resource.RLIMIT_CORE, (0, 0)); RESULT = 'through'",
        ("seccomp",),
        ("uid",),
    ),
    # what was inherited
    Attack(
        "inherited descriptors",
        "import fcntl\n"
        "def is_open(fd):\n"
        "    try: fcntl.fcntl(fd, fcntl.F_GETFD); return True\n"
        "    except OSError: return False\n"
        "found = [fd for fd in range(1024) if is_open(fd)]\n"
        # nothing, output twice, result, go, and the two inputs
        "RESULT = 'through' if len(found) > 7 else found",
        ("descriptors",),
    ),
    Attack(
        "receive more",
        # standard input is no socket; whether the kernel gets as far as to say so is the question
        "libc.recvmsg(0, None, 0)\n"
        "RESULT = 'through' if ctypes.get_errno() == 88 else ctypes.get_errno()",
        ("seccomp",),
    ),
    Attack(
        "loosen its own limits",
        "resource.setrlimit(resource.RLIMIT_CPU, (1, 2)); RESULT = 'through'",
        ("seccomp",),
    ),
    Attack(
        "outlive its parent",
        "r = libc.prctl(1, 0, 0, 0, 0); RESULT = 'through' if r == 0 else 'stopped'",
        ("seccomp",),
    ),
    # doors of the kernel
    Attack("io_uring", _kernel_call("io_uring_setup"), ("seccomp",)),
    Attack("bpf", _kernel_call("bpf"), ("seccomp",)),
    Attack("keyctl", _kernel_call("keyctl", "99999"), ("seccomp",)),
    Attack("userfaultfd", _kernel_call("userfaultfd", "-1"), ("seccomp",)),
    Attack("namespaces", _kernel_call("unshare", "0"), ("seccomp",)),
    Attack("perf", _kernel_call("perf_event_open"), ("seccomp",)),
    Attack("mount", _kernel_call("mount"), ("seccomp",)),
    Attack("pidfd", _kernel_call("pidfd_open", "T['process'], 0"), ("seccomp",)),
]  # fmt: skip


@contextmanager
def targets() -> Iterator[dict[str, object]]:
    """A process, sockets and files of this test's own to be attacked."""
    with ExitStack() as made:
        folder = Path(made.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o777)
        private, shared = folder / "private", folder / "open"
        private.write_text("secret")
        private.chmod(0o600)
        shared.write_text("....")
        shared.chmod(0o666)
        doomed = []
        for number in range(8):
            doomed.append(str(folder / f"doomed{number}"))
            Path(doomed[-1]).write_text("x")
        tcp, udp = socket.create_server(("127.0.0.1", 0)), socket.socket(type=socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        abstract = f"\0mlarena-attack-{os.getpid()}"
        path = str(folder / "unix")
        for address in (path, abstract):
            listener = made.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(address)
            listener.listen(50)
        Path(path).chmod(0o777)
        victim = (
            "import ctypes, time; b = ctypes.create_string_buffer(8);"
            "print(ctypes.addressof(b), flush=True); time.sleep(300)"
        )
        process = made.enter_context(
            subprocess.Popen([sys.executable, "-c", victim], stdout=subprocess.PIPE)
        )
        made.callback(process.kill)
        made.enter_context(tcp)
        made.enter_context(udp)
        assert process.stdout
        yield {
            "private": str(private),
            "open": str(shared),
            "folder": str(folder),
            "doomed": doomed,
            "tcp": tcp.getsockname()[1],
            "udp": udp.getsockname()[1],
            "unix": path,
            "abstract": abstract,
            "worker": os.getpid(),
            "process": process.pid,
            "address": int(process.stdout.readline()),
        }


def without(names: tuple[str, ...]) -> frozenset[str]:
    return ALL - frozenset(names)


def trials(attack: Attack) -> dict[str, frozenset[str]]:
    """Name of a trial -> the layers in force in it."""
    stoppers = attack.stoppers()
    alone = {f"{name} alone": without(stoppers) | {name} for name in stoppers if len(stoppers) > 1}
    return {"all": ALL, **alone, "none": without(stoppers)}


def try_all() -> dict[str, dict[str, str]]:
    """For each attack and trial: "through", or how it was stopped."""
    results: dict[str, dict[str, str]] = {attack.name: {} for attack in ATTACKS}
    by_layers: dict[frozenset[str], list[tuple[Attack, str]]] = {}
    for attack in ATTACKS:
        for name, layers in trials(attack).items():
            by_layers.setdefault(layers, []).append((attack, name))
    with targets() as made:
        doomed = made["doomed"]
        assert isinstance(doomed, list)
        for layers, todo in by_layers.items():
            with Sandbox(limits=LIMITS, kinds=("code",), layers=layers) as sandbox:
                for attack, name in todo:
                    made["doomed"] = [doomed.pop()] if "doomed" in attack.source else []
                    source = PREPARED.format(targets=made) + attack.source
                    results[attack.name][name] = _outcome(sandbox, source)
    return results


def _outcome(sandbox: Sandbox, source: str) -> str:
    outcome = sandbox.run_code(source)
    if outcome.value == THROUGH or (outcome.status == "crashed" and "/bin/sh" in source):
        return THROUGH
    reason = outcome.error.message if outcome.error else repr(outcome.value)
    return f"{outcome.status}: {reason} {outcome.output}"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.executable = sys.argv[1]  # what the zygote is to be started by
    print(json.dumps(try_all()))
