"""The command `minidl data fetch`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from ..data.course_images import FOLDER_VARIABLE
from ..data.download import fetch
from .common import add_command, emit
from .dataset_options import IMAGE_FILES


def add_data_fetch(subparsers: Any) -> None:
    """Add the command.

    Parameters
    ----------
    subparsers : object
        The subcommands of `minidl data`.
    """
    parser = add_command(subparsers, "fetch", fetch_files)
    names = tuple(IMAGE_FILES)
    parser.add_argument("set", choices=names, metavar="|".join(names), help="the dataset")
    text = (
        "address of the folder, or of one file (repeat the option for the other), or NAME=ADDRESS "
        "if it does not end in the name of the file; https, or http on this computer"
    )
    parser.add_argument("--url", action="append", required=True, help=text)
    parser.add_argument(
        "--to",
        type=Path,
        default=os.environ.get(FOLDER_VARIABLE) or "datasets",
        metavar="FOLDER",
        help=f"folder to write to (default: ${FOLDER_VARIABLE}, otherwise datasets)",
    )


def fetch_files(options: argparse.Namespace) -> int:
    """Download the image files from an address that you give.

    Download the files of a dataset, each only if its size and SHA-256 are those of the original
    file. Files that exist are never replaced, and not downloaded again. minidl has no address
    built in, because the images may not be redistributed: give one where you may take them from.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options.

    Returns
    -------
    int
        The exit status.

    Examples
    --------
      minidl data fetch cats --url https://example.org/course/datasets/
      minidl data fetch signs --url https://example.org/a/test_signs.h5
      minidl data fetch signs --url "test_signs.h5=https://example.org/file?id=7" --to datasets

    needs pooch (extra `data`)
    """
    files = IMAGE_FILES[options.set]
    progress = sys.stderr.isatty() and not options.json
    outcomes = fetch(files, options.url, options.to, progress=progress)
    unknown = [name for name in (files.train, files.test) if name not in files.sha256]
    lines = [f"{outcome} {path}" for path, outcome in outcomes.items()]
    lines += [
        f"not fetched: {name}, whose SHA-256 is not known; put it there yourself"
        for name in unknown
    ]
    content = {
        "files": {str(path): outcome for path, outcome in outcomes.items()},
        "not_fetched": unknown,
    }
    return emit(options, content, lines)
