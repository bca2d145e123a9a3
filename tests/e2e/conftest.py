"""What the walks share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.arena import Arena, arena


@pytest.fixture(scope="package")
def shared_arena() -> Iterator[Arena]:
    """One arena for all walks that neither end it nor want it set up otherwise: each brings people of its
    own."""
    with arena(WORKERS="1") as here:
        yield here
