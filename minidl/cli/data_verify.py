"""The command `minidl data verify`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .. import DataError
from ..data import course_images, read_hdf5
from .common import add_command, emit
from .dataset_options import IMAGE_FILES


def add_data_verify(subparsers: Any) -> None:
    """Add the command.

    Parameters
    ----------
    subparsers : object
        The subcommands of `minidl data`.
    """
    parser = add_command(subparsers, "verify", verify)
    text = "an .h5 file, or a folder of them"
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help=text)


def verify(options: argparse.Namespace) -> int:
    """Verify image files: whether they can be read, and are the original ones by their SHA-256.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options.

    Returns
    -------
    int
        The exit status.
    """
    paths: list[Path] = []
    for path in options.paths:
        files = sorted(path.glob("*.h5")) if path.is_dir() else [path]
        if not files:
            raise DataError(
                f"{path}: must hold .h5 files, found none: pass the folder with the data files"
            )
        paths += files
    rows = [{"path": path, **_verify_file(path)} for path in paths]
    lines = [f"{file['verdict']:8} {file['path']}: {file['detail']}" for file in rows]
    failed = any(file["verdict"] == "broken" for file in rows)
    return emit(options, {"files": rows}, lines, status=int(failed))


def _verify_file(path: Path) -> dict[str, Any]:
    first_error = ""
    prefixes = ("train", "test") if path.name.startswith("train") else ("test", "train")
    for prefix in prefixes:
        try:
            contents = read_hdf5(path, course_images.image_schema(prefix))
        except DataError as error:
            first_error = first_error or str(error).removeprefix(f"{path}: ")
            continue
        _, labels, classes = contents.arrays.values()
        original = _original_name(contents.sha256)
        identity = (
            f"the original {original}"
            if original
            else "can be read, but its SHA-256 is not that of an original file"
        )
        return {
            "verdict": "known" if original else "unknown",
            "sha256": contents.sha256,
            "pictures": len(labels),
            "detail": f"{identity}: {len(labels)} images, {len(classes)} classes, "
            f"SHA-256 {contents.sha256}",
        }
    return {"verdict": "broken", "sha256": None, "pictures": 0, "detail": first_error}


def _original_name(sha256: str) -> str | None:
    """Return the name of the original file with this SHA-256, None if there is none."""
    for files in IMAGE_FILES.values():
        for name, digest in files.sha256.items():
            if digest == sha256:
                return name
    return None
