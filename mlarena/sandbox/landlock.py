"""Landlock: the kernel's own second refusal of files, TCP, abstract sockets and signals.

The rule set is empty: it handles everything the kernel's version knows and allows none of it.
"""

from __future__ import annotations

import ctypes
import struct

from mlarena.sandbox import kernel
from mlarena.sandbox.syscall_tables import architecture

CREATE_RULESET_VERSION = 1
# The access rights each version of the interface knows (linux/landlock.h), as a bit count.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_TCP_BIND_AND_CONNECT = 0b11  # since version 4
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11  # since version 6


def version() -> int:
    """The version of Landlock this kernel offers; 0 without Landlock."""
    numbers = architecture()[1]
    found = kernel.syscall(
        numbers["landlock_create_ruleset"],
        None,
        ctypes.c_size_t(0),
        ctypes.c_uint(CREATE_RULESET_VERSION),
    )
    return max(found, 0)


def nothing_allowed() -> int:
    """A descriptor of a rule set that refuses all it can. Raises OSError without Landlock."""
    abi = version()
    if not abi:
        raise OSError("this kernel has no Landlock")
    attributes = struct.pack("=Q", (1 << _FILE_RIGHTS[min(abi, 5)]) - 1)
    if abi >= 4:
        attributes += struct.pack("=Q", _TCP_BIND_AND_CONNECT)
    if abi >= 6:
        attributes += struct.pack("=Q", _ABSTRACT_SOCKETS_AND_SIGNALS)
    numbers = architecture()[1]
    return kernel.checked(
        kernel.syscall(
            numbers["landlock_create_ruleset"],
            attributes,
            ctypes.c_size_t(len(attributes)),
            ctypes.c_uint(0),
        ),
        "landlock_create_ruleset",
    )


def restrict(ruleset: int) -> None:
    """Hold this thread to `ruleset`, for good. Needs no_new_privs."""
    numbers = architecture()[1]
    kernel.checked(
        kernel.syscall(numbers["landlock_restrict_self"], ctypes.c_int(ruleset), ctypes.c_uint(0)),
        "landlock_restrict_self",
    )
