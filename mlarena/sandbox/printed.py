"""What a jailed run prints, made into text for a page while it comes.

Whoever follows a run and whoever reads its report afterwards see the same characters: terminal
codes and other control characters are gone, and so is what is beyond the limit.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

# ECMA-48: colours and cursor movements (CSI), titles and links (OSC, ended by BEL or ESC \), others.
_CSI, _OSC, _OTHER = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*", r"\x1b\][^\x07\x1b]*", r"\x1b(?![\[\]])[ -/]*"
# One that the next one interrupts is gone with it, or what is left of both could make a third.
_CODE = re.compile(
    rf"{_CSI}[@-~]|{_OSC}(?:\x07|\x1b\\|(?=\x1b[^\\]))|{_OTHER}[0-~]|(?:{_CSI}|{_OTHER})(?=[\x1b\x9b])"
)
_BEGUN = re.compile(rf"(?:{_CSI}|{_OSC}\x1b?|\x1b[ -/]*|\r)\Z")
_LONGEST_CODE = 256  # what is longer was never meant for a terminal


def plain(text: str, longest: int | None = None) -> str:
    """`text` for a page: no terminal codes, no control characters but line ends and tabs."""
    return _readable(_CODE.sub("", text))[:longest]


def _readable(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in lines if char in "\n\t" or char.isprintable())


class Printed:
    """Collects the bytes of a run's output as text; `told` hears each piece as it is added.

    At most `most` bytes are kept; a line at the end says so if there were more.
    """

    def __init__(self, most: int, told: Callable[[str], None] | None = None) -> None:
        self._most, self._told = most, told
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pieces: list[str] = []
        self._rest = ""  # the beginning of a code whose end has not come yet
        self._cut = False
        self.taken = 0

    def take(self, data: bytes) -> None:
        room = self._most - self.taken
        self.taken += len(data)
        if not self._cut:
            self._add(self._decoder.decode(data[: max(0, room)]))
        if self.taken > self._most and not self._cut:
            self._cut = True
            self._say(_readable(self._rest) + self._cut_line())

    def end(self) -> str:
        """Nothing more comes: all that was kept."""
        if not self._cut:
            self._cut = True
            self._say(_readable(self._rest + self._decoder.decode(b"", final=True)))
        return "".join(self._pieces)

    def _add(self, text: str) -> None:
        text = _CODE.sub("", self._rest + text)
        begun = _BEGUN.search(text)
        start = begun.start() if begun else len(text)
        if len(text) - start > _LONGEST_CODE:
            start = len(text)
        self._rest = text[start:]
        self._say(_readable(text[:start]))

    def _say(self, text: str) -> None:
        if text:
            self._pieces.append(text)
            if self._told:
                self._told(text)

    def _cut_line(self) -> str:
        size = f"{self._most >> 10} KiB" if self._most >= 1 << 10 else f"{self._most} bytes"
        start = "" if self._pieces and self._pieces[-1].endswith("\n") else "\n"
        return f"{start}[Output cut here: the first {size} are kept.]\n"
