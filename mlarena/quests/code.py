"""The code that learners hand in, as text: what every door takes and refuses alike."""

from __future__ import annotations

LONGEST = 64 * 1024  # bytes of UTF-8


def checked(code: str) -> str:
    """`code` with line ends as Python writes them. Raises ValueError with words for the learner."""
    code = code.replace("\r\n", "\n").replace("\r", "\n")
    if not code.strip():
        raise ValueError("The code is empty. Define `train(X, y)` in it.")
    if "\x00" in code:
        raise ValueError("The code must not contain NUL bytes.")
    size = len(code.encode(errors="surrogatepass"))
    if size > LONGEST:
        raise ValueError(
            f"The code has {size / 1024:,.1f} KiB, and at most {LONGEST // 1024} KiB are taken. "
            "The training data need not be in it: `train` gets it as X and y."
        )
    return code
