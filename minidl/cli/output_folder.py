"""The files of `minidl train --out`, and what they must not replace."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import DataError
from ..utils.atomic_files import check_writable, real_path

MODEL, RESULTS, SETTINGS, REPORT = "model.h5", "results.json", "settings.toml", "report.html"
FIGURES = ("cost.png", "confusion.png", "boundary.png", "misclassified.png")


def check_output_folder(options: argparse.Namespace) -> None:
    """Raise if a file of `--out` could not be written, or would replace one that is needed.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options. The folder is created.
    """
    paths = [options.out / name for name in (MODEL, RESULTS, SETTINGS, REPORT, *FIGURES)]
    needed = {
        "the dataset": Path(options.set),
        "the file of --checkpoint": options.checkpoint,
        "the file of --config": options.config,
    }
    for what, other in needed.items():
        for path in paths:
            if other is not None and real_path(other) == real_path(path):
                raise DataError(
                    f"{path}: --out must not replace {what}, found {other}: choose another folder"
                )
    for path in paths:
        check_writable(path)
