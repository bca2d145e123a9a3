"""Something small that is done again and again while something long runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask, current_app


@contextmanager
def meanwhile(every: float, task: Callable[[], bool], name: str) -> Iterator[None]:
    """Call `task` every `every` seconds in a thread, in the app's context, while the body runs.

    Until it says False. It handles its own errors.
    """
    over = threading.Event()
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

    def repeat() -> None:
        with app.app_context():
            while not over.wait(every) and task():
                pass

    thread = threading.Thread(target=repeat, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
