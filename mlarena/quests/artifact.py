"""What is handed in: is it a model file at all? Looked at from outside, never opened here."""

from __future__ import annotations

from pathlib import PurePath
from typing import BinaryIO

from mlarena.core.errors import Invalid, WrongType

FORMATS = ("joblib", "pkl", "skops", "onnx")

# How each kind of file begins. joblib and pickle may be compressed by any of joblib's compressors.
_PICKLE = (b"\x80",)
_COMPRESSED = (b"\x78", b"\x1f\x8b", b"BZ", b"\xfd7zXZ", b"\x5d\x00", b"\x04\x22\x4d\x18")
_STARTS = {
    "joblib": _PICKLE + _COMPRESSED,
    "pkl": _PICKLE + _COMPRESSED,
    "skops": (b"PK\x03\x04",),
    "onnx": (b"\x08",),
}
_SAVE = {
    "joblib": "joblib.dump(model, 'model.joblib')",
    "pkl": "joblib.dump(model, 'model.pkl')",
    "skops": "skops.io.dump(model, 'model.skops')",
    "onnx": "onnx.save(converted, 'model.onnx')",
}


def check(filename: str, file: BinaryIO) -> str:
    """The format of the file, by its name and its first bytes; leaves `file` at its beginning.

    Raises WrongType for a name with another ending, Invalid for an empty file or other content.
    """
    ending = PurePath(filename).suffix.lower().lstrip(".")
    if ending not in FORMATS:
        shown = f"“.{ending}”" if ending else "no ending"
        raise WrongType(
            f"That file has {shown}. Upload a model saved as .joblib, .pkl, .skops or .onnx.",
            {"model_file": ["The name must end in .joblib, .pkl, .skops or .onnx."]},
        )
    head = file.read(64)
    file.seek(0)
    if not head:
        raise Invalid.field("model_file", "The file is empty. Save your model again and upload it.")
    if not head.startswith(_STARTS[ending]):
        raise Invalid.field(
            "model_file",
            f"This is not a .{ending} model: it {_looks(head)}. "
            f"Save the fitted model with `{_SAVE[ending]}`.",
        )
    return ending


def _looks(head: bytes) -> str:
    start = head.lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "starts like a web page"
    if head.startswith(b"PK\x03\x04"):
        return "is a zip archive, as .skops files are"
    if head.startswith(_PICKLE):
        return "is a pickle, as .joblib and .pkl files are"
    if all(byte >= 32 or byte in b"\t\r\n" for byte in head):
        return "starts like text"
    return "starts with bytes no model has"
