"""The files of a pack folder, read so that a folder from a stranger can do no harm.

Plain files only: a symbolic link could point at anything on this machine. Sizes are bounded before
a byte is read.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

MAX_FILES = 2_000
# What somebody writes by hand; tables and other data may be larger.
MAX_FILE_BYTES = 512 * 1024
MAX_SQL_BYTES = 4 << 20
MAX_DATA_BYTES = 100 << 20
MAX_TOTAL_BYTES = 256 << 20
_WRITTEN = (".yaml", ".yml", ".md")
_DEEPEST = 4


@dataclass(frozen=True)
class Problem:
    """What is wrong with a pack, and where: a file below the pack's folder, and a line from 1."""

    file: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}: {self.message}"
            if self.line
            else (f"{self.file}: {self.message}")
        )


class PackError(Exception):
    """The pack cannot be read; `problems` lists everything that was found at once."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class PackFolder:
    """The regular files below a folder, by their path with forward slashes."""

    def __init__(self, root: Path) -> None:
        """Raises PackError for a missing folder, links, devices, and too many or too large files."""
        self.root = root
        if not root.is_dir() or root.is_symlink():
            raise PackError([Problem(str(root), "there is no such folder")])
        self._sizes: dict[str, int] = {}
        self._scan(root, PurePosixPath())
        if sum(self._sizes.values()) > MAX_TOTAL_BYTES:
            raise PackError([Problem(".", f"the pack is larger than {_mb(MAX_TOTAL_BYTES)}")])

    @property
    def files(self) -> list[str]:
        return sorted(self._sizes)

    def content(self, name: str) -> bytes:
        """The bytes of the file `name`, one of `files`; PackError for any other."""
        if name not in self._sizes:
            raise PackError([Problem(name, "this file is not in the pack")])
        most = _most(name)
        # The file may have been swapped for a link since it was looked at.
        descriptor = os.open(self.root / name, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor, "rb") as file:
            content = file.read(most + 1)
        if len(content) > most:
            raise PackError([Problem(name, f"the file is larger than {_mb(most)}")])
        return content

    def text(self, name: str) -> str:
        """The UTF-8 text of the file `name`, one of `files`; PackError for any other."""
        try:
            text = self.content(name).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise PackError([Problem(name, "the file is not UTF-8 text")]) from None
        if "\0" in text:
            raise PackError([Problem(name, "the file holds a NUL character")])
        return text.replace("\r\n", "\n")

    def _scan(self, folder: Path, place: PurePosixPath) -> None:
        if len(place.parts) > _DEEPEST:
            raise PackError([Problem(str(place), "folders are nested too deeply")])
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue  # .git, .DS_Store and the like are no part of the pack
                self._take(entry, place / entry.name)

    def _take(self, entry: os.DirEntry[str], place: PurePosixPath) -> None:
        found = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode):
            self._scan(Path(entry.path), place)
            return
        if not stat.S_ISREG(found.st_mode):
            raise PackError(
                [Problem(str(place), "a pack holds plain files only, no links or devices")]
            )
        if found.st_size > (most := _most(str(place))):
            raise PackError([Problem(str(place), f"the file is larger than {_mb(most)}")])
        if len(self._sizes) >= MAX_FILES:
            raise PackError([Problem(".", f"the pack has more than {MAX_FILES:,} files")])
        self._sizes[str(place)] = found.st_size


def _most(name: str) -> int:
    if name.endswith(".sql"):
        return MAX_SQL_BYTES
    return MAX_FILE_BYTES if name.endswith(_WRITTEN) else MAX_DATA_BYTES


def _mb(size: int) -> str:
    return f"{size / (1024 * 1024):g} MB"
