"""A pack as a zip, from a stranger: unpacked so that it can do no harm; packed the same way every time."""

from __future__ import annotations

import io
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from mlarena.packs.folder import MAX_FILES, PackError, Problem

LARGEST_ZIP = 100 << 20
MOST_BYTES = 256 << 20
# A file of text that shrinks to a thousandth is a bomb; tables of zeros shrink to a hundredth.
MOST_SHRUNK = 400
_SMALL = 1 << 20
_PIECE = 1 << 16


@contextmanager
def unpacked(content: bytes) -> Iterator[Path]:
    """The files of the zip in a folder that is gone afterwards. Raises PackError for what is no plain zip."""
    with tempfile.TemporaryDirectory(prefix="pack-") as folder:
        root = Path(folder)
        for name, data in members(content).items():
            place = root / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        yield root


def members(content: bytes, most: int = MOST_BYTES) -> dict[str, bytes]:
    """Name → content of every file, below the one folder that holds them all if there is one."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _below(_read(archive, most))
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError) as error:
        raise _refused("the zip", f"it cannot be read as a zip ({error})") from None
    except RuntimeError:  # zipfile's word for a file that needs a password
        raise _refused("the zip", "it is encrypted") from None


def _read(archive: zipfile.ZipFile, most: int) -> dict[str, bytes]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MAX_FILES:
        raise _refused("the zip", f"it holds more than {MAX_FILES:,} files")
    found: dict[str, bytes] = {}
    left = most
    for entry in entries:
        name = _safe_name(entry)
        if _is_clutter(name):
            continue
        if name in found:
            raise _refused(name, "this file is in the zip twice")
        if entry.file_size > left:
            raise _refused(name, f"unpacked, the zip is larger than {most >> 20} MB")
        if entry.file_size > _SMALL and entry.file_size > MOST_SHRUNK * max(1, entry.compress_size):
            raise _refused(name, "it is packed so tightly that it looks like a zip bomb")
        found[name] = _content(archive, entry, left)
        left -= len(found[name])
    for name in found:
        if any(str(parent) in found for parent in PurePosixPath(name).parents):
            raise _refused(name, "a file of the zip is a folder as well")
    return found


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int) -> bytes:
    """What it says of its size may be a lie: no more than that is read."""
    content = io.BytesIO()
    with archive.open(entry) as file:
        while piece := file.read(_PIECE):
            content.write(piece)
            if content.tell() > min(entry.file_size, left):
                raise _refused(entry.filename, "it is larger than the zip says")
    return content.getvalue()


def _safe_name(entry: zipfile.ZipInfo) -> str:
    name = entry.filename
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise _refused(name, "a pack holds plain files only, no links or devices")
    path = PurePosixPath(name)
    odd = path.is_absolute() or ".." in path.parts or "\\" in name or ":" in path.parts[0]
    if odd or not name.isprintable() or len(name) > 400:
        raise _refused(name[:100], "the name leads out of the pack, or is none")
    return str(path)


def _is_clutter(name: str) -> bool:
    """What computers put beside the files: no part of the pack."""
    return name.startswith("__MACOSX/") or any(
        part.startswith(".") for part in PurePosixPath(name).parts
    )


def _below(files: dict[str, bytes]) -> dict[str, bytes]:
    tops = {PurePosixPath(name).parts[0] for name in files}
    flat = any("/" not in name for name in files)
    if flat or len(tops) != 1 or tops & {"db", "quests", "challenges", "competitions"}:
        return files
    [top] = tops
    return {name[len(top) + 1 :]: content for name, content in files.items()}


def packed(files: Mapping[str, bytes]) -> bytes:
    """A zip of these: the same files give the same bytes."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
    return kept.getvalue()


def _refused(name: str, words: str) -> PackError:
    return PackError([Problem(name, words)])
