"""How xdist spreads the suite: file by file, but files that share an arena stay together."""

from __future__ import annotations

from typing import Any

import pytest

# Those that ask for `shared_arena` (tests/e2e/conftest.py): in two processes they would start two of it.
ONE_ARENA = {
    "tests/e2e/test_every_quest.py",
    "tests/e2e/test_forecasts.py",
    "tests/e2e/test_onboarding.py",
    "tests/e2e/test_solving.py",
}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return "the shared arena" if file in ONE_ARENA else file

    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None
