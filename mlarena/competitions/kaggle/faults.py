"""What may be wrong between Kaggle and us, in words for whoever runs the arena."""

from __future__ import annotations

VARIABLES = "KAGGLE_API_TOKEN, or KAGGLE_USERNAME and KAGGLE_KEY"
NOT_SET_UP = f"Kaggle is not set up here. Set {VARIABLES}, for web and worker, and restart both."


class KaggleFault(Exception):
    """Nothing was changed; the clock tries again."""


class NotSetUp(KaggleFault):
    def __init__(self) -> None:
        super().__init__(NOT_SET_UP)


class Busy(KaggleFault):
    """Kaggle wants to be left alone, for `wait` seconds if it says so."""

    def __init__(self, wait: float | None = None) -> None:
        super().__init__("Kaggle asks us to wait: too many requests.")
        self.wait = wait


class Refused(KaggleFault):
    """Kaggle knows us and says no, or does not know us, or has no such competition."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"Kaggle refuses ({status}): {message}")
        self.status = status


class Away(KaggleFault):
    """No answer in time, or one that only says that something is broken there."""


class Unreadable(KaggleFault):
    """An answer that is not what it should be: a page of HTML, half a file, a board without scores."""
