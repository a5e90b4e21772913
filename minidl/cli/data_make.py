"""The command `minidl data make`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from ..data.hdf5_writer import write_hdf5
from ..utils.typing import Array
from .common import add_command, emit
from .dataset_options import IMAGE_FILES


def add_data_make(subparsers: Any) -> None:
    """Add the command.

    Parameters
    ----------
    subparsers : object
        The subcommands of `minidl data`.
    """
    parser = add_command(subparsers, "make", make)
    text = "created if it does not exist; existing files are never replaced"
    parser.add_argument("folder", type=Path, metavar="FOLDER", help=text)
    text = "dataset to write (default: %(default)s)"
    parser.add_argument("--set", choices=(*IMAGE_FILES, "all"), default="all", help=text)


def make(options: argparse.Namespace) -> int:
    """Write synthetic images as files with the names and keys of the original ones.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options.

    Returns
    -------
    int
        The exit status.
    """
    contents: dict[Path, dict[str, Array]] = {}
    for dataset in IMAGE_FILES if options.set == "all" else [options.set]:
        files = IMAGE_FILES[dataset]
        names = (files.train, files.test)
        for name, prefix, split in zip(names, ("train", "test"), files.draw(), strict=True):
            # The original cat files name their classes, the original sign files number them.
            has_names = dataset == "cats"
            classes = np.array(split.classes, "S") if has_names else np.arange(len(split.classes))
            contents[options.folder / name] = {
                f"{prefix}_set_x": split.images,
                f"{prefix}_set_y": split.labels,
                "list_classes": classes,
            }
    paths = write_hdf5(contents)
    lines = [f"wrote {path}: synthetic images drawn by minidl" for path in paths]
    return emit(options, {"files": paths}, lines)
