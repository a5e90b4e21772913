"""The command `minidl data list`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from .. import DataError
from ..data import Dataset, course_images
from .common import add_command, emit
from .completed_arguments import FolderArgument
from .dataset_options import IMAGE_FILES, IMAGES


def add_data_list(subparsers: Any) -> None:
    """Add the command.

    Parameters
    ----------
    subparsers : object
        The subcommands of `minidl data`.
    """
    parser = add_command(subparsers, "list", list_datasets)
    text = "search only this folder (default: all)"
    parser.add_argument("--data", action=FolderArgument, metavar="FOLDER", help=text)


def list_datasets(options: argparse.Namespace) -> int:
    """List the image datasets, the folders searched, and the files found.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options.

    Returns
    -------
    int
        The exit status.
    """
    folders = _search_folders(options.data)
    lines = ["looked in " + ", then ".join(map(str, folders))]
    datasets: dict[str, Any] = {}
    for name, files in IMAGE_FILES.items():
        status = _status(name, options.data)
        existing_paths = {
            file: [str(folder / file) for folder in folders if (folder / file).exists()]
            for file in (files.train, files.test)
        }
        datasets[name] = {**status, "files": existing_paths}
        lines += [
            "",
            f"{name:6} {status['state']}: {status['train']} training images, "
            f"{status['test']} test images",
        ]
        for file, paths in existing_paths.items():
            lines.append(f"       {file:22} {' and '.join(paths) or 'not found'}")
        lines.append(f"       {status['source']}")
    failed = any(dataset["state"] == "error" for dataset in datasets.values())
    return emit(options, {"looked_in": folders, "sets": datasets}, lines, status=int(failed))


def _search_folders(chosen: str | None) -> list[Path]:
    """Return the folders that the loaders search."""
    if chosen:
        return [Path(chosen)]
    folders = course_images.search_paths()
    named = os.environ.get(course_images.FOLDER_VARIABLE)
    if named:
        folders = [Path(named), *folders]
    return list(dict.fromkeys(folders))


def _status(name: str, folder: str | None) -> dict[str, Any]:
    """Return what the loader of a dataset finds."""
    try:
        dataset = IMAGES[name](folder)
    except DataError as error:
        return {"state": "error", "source": str(error), "train": 0, "test": 0}
    return {
        "state": _state(dataset),
        "source": dataset.source,
        "train": len(dataset.train),
        "test": len(dataset.test),
    }


def _state(dataset: Dataset) -> str:
    if dataset.source.startswith("stand-in"):
        return "drawn stand-in"
    return "verified" if dataset.verified else "unverified"
