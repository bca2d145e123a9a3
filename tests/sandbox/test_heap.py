"""What the jail's SQL children do with memory that is freed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mlarena.sandbox import kernel

pytestmark = pytest.mark.pure

# Many small pieces, as a sort takes them; the last one taken lies on top of the heap and stays.
PIECES = """
import ctypes
from mlarena.sandbox import kernel

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 >> 20

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
kernel.keep_freed_memory()
pieces = [libc.malloc(1000) for _ in range(60_000)]
for piece in pieces:
    ctypes.memset(piece, 1, 1000)
last = libc.malloc(1000)
full = resident()
for piece in pieces:
    libc.free(piece)
kept = resident()
kernel.give_back_freed_memory()
print(full - kept, kept - resident())
"""


@pytest.mark.skipif(not hasattr(kernel._libc, "malloc_trim"), reason="another C library")
def test_freed_memory_stays_until_it_is_given_back() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PIECES], capture_output=True, text=True, check=True, timeout=60
    )
    stayed, given_back = map(int, done.stdout.split())
    assert stayed < 10
    assert given_back > 40
