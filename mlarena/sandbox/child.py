"""The life of one jailed child: born jailed, one request, one answer, death.

A waiting child holds five descriptors: nothing on 0, 1 and 2, its socket on 3. The request brings
the rest: the result pipe replaces the socket, so that nothing more can be received.
"""

from __future__ import annotations

import fcntl
import importlib
import json
import os
import resource
import signal
import socket
import time
import traceback
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NoReturn

from mlarena.sandbox import kernel, landlock, limits, seccomp
from mlarena.sandbox.inside.channel import Channel

MESSAGES = socket.SOCK_SEQPACKET
REQUEST_BYTES = 64 * 1024
MOST_DESCRIPTORS = 16
NOT_JAILED = 70  # exit code: a layer could not be put in force, nothing was run

# Adding a kind of work is one file under inside/ and one entry here.
KINDS = {
    "model": "mlarena.sandbox.inside.model",
    "code": "mlarena.sandbox.inside.code",
    "sql": "mlarena.sandbox.inside.sqlite",
    "duckdb": "mlarena.sandbox.inside.duck",
}
LAYERS = (
    "uid",
    "session",
    "descriptors",
    "undumpable",
    "limits",
    "no_new_privs",
    "landlock",
    "seccomp",
)

_SOCKET = 3
_RULESET = 4


@dataclass(frozen=True)
class Plan:
    """What every child of one zygote does alike."""

    kind: ModuleType
    layers: frozenset[str]
    null: int
    ruleset: int | None
    waiting_filter: bytes
    working_filter: bytes
    base: int  # bytes of address space before any work


def load_kind(name: str) -> ModuleType:
    """The module of a kind: prepare() before forks, rehearse() in a waiting child, run()."""
    return importlib.import_module(KINDS[name])


def live(receiver: int, parent: int, plan: Plan) -> NoReturn:
    """Everything a child does, from the fork to its end. Never returns."""
    try:
        _keep_only(receiver, plan)
        messages = socket.socket(socket.AF_UNIX, MESSAGES, 0, fileno=_SOCKET)
        _jail(parent, plan)
        plan.kind.rehearse()
        request, descriptors = _receive(messages)
        _begin(request, descriptors, plan)
    except BaseException:  # nothing has run yet: the exit code says that the failure is ours
        os._exit(NOT_JAILED)
    try:
        plan.kind.run(request, Channel(_SOCKET, descriptors[2], descriptors[3:]))
    except SystemExit:  # the learner's own exit(): without a result, as the trusted side will see
        os._exit(0)
    except BaseException:  # what a kind does not explain is a crash, and must unwind no further
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _keep_only(receiver: int, plan: Plan) -> None:
    """Nothing open but the socket: above all not the sockets of other waiting children."""
    keep = [fcntl.fcntl(receiver, fcntl.F_DUPFD, 100)]
    null = fcntl.fcntl(plan.null, fcntl.F_DUPFD, 100)
    if plan.ruleset is not None:
        keep.append(fcntl.fcntl(plan.ruleset, fcntl.F_DUPFD, 100))
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    for target, source in zip((_SOCKET, _RULESET), keep, strict=False):
        os.dup2(source, target)
    if "descriptors" in plan.layers:
        os.closerange(_SOCKET + len(keep), resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    else:
        for source in (*keep, null):
            os.close(source)


def _jail(parent: int, plan: Plan) -> None:
    """Every layer that does not depend on the request; the filter last."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if "session" in plan.layers:
        os.setsid()
    kernel.die_with_parent(parent)
    if "limits" in plan.layers:
        limits.limit_fixed()
    if "no_new_privs" in plan.layers:
        kernel.no_new_privileges()
    if plan.ruleset is not None:
        landlock.restrict(_RULESET)
        os.close(_RULESET)
    if "undumpable" in plan.layers:
        kernel.not_dumpable()
    if "seccomp" in plan.layers:
        seccomp.install(plan.waiting_filter)


def _receive(messages: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """The one request, and its descriptors: result, output, go, and the inputs of the kind."""
    data, descriptors, _, _ = socket.recv_fds(messages, REQUEST_BYTES, MOST_DESCRIPTORS)
    messages.detach()
    if not data:
        os._exit(0)  # the supervisor went away without work
    return json.loads(data), list(descriptors)


def _begin(request: dict[str, Any], descriptors: list[int], plan: Plan) -> None:
    """Put the pipes in place (the result pipe over the socket) and close the last doors."""
    result, output = descriptors[:2]
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.dup2(result, _SOCKET)
    os.close(output)
    os.close(result)
    if "limits" in plan.layers:
        limits.limit_use(
            plan.base, request["memory_mb"], request["cpu_seconds"], time.process_time()
        )
    if "seccomp" in plan.layers:
        seccomp.install(plan.working_filter)
