"""What identifies a training of the command line, so that no other one resumes from its file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .. import ArgumentError, Callback, DataError
from ..serialization.container import read_verified
from ..training.callbacks.base import TrainingRun
from .dataset_options import dataset_kind

# Where results and data lie does not matter: the digests of a checkpoint tell other data. Epochs
# may be added. Words may be written otherwise: what they describe is compared by each checkpoint.
_NOT_COMPARED = {
    *("command", "run", "json", "debug", "out", "checkpoint", "fresh", "data", "epochs", "config"),
    *("net", "augment", "mpi"),  # checkpoints compare the lanes of --mpi, whose ranks may change
}


def check_fresh(options: argparse.Namespace) -> None:
    """Raise unless `--fresh` replaces a file of minidl, or none: never a dataset, for example.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options.
    """
    path: Path | None = options.checkpoint
    if not options.fresh:
        return
    if path is None:
        raise ArgumentError("--fresh replaces the file of --checkpoint: pass --checkpoint, too")
    if path.exists():
        try:
            read_verified(path, max(1, path.stat().st_size))
        except DataError as error:
            rule = "--fresh replaces only a checkpoint"
            raise DataError(f"{rule}, but {error}; or move the file away") from None


class RunSettings(Callback):
    """Add the options of the command to what a checkpoint keeps and a resumed training must have.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options, with the defaults filled in.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self.settings = identifying_settings(options)

    def on_train_begin(self, run: TrainingRun) -> None:
        """Add the settings."""
        run.settings |= self.settings


def identifying_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options that must be the same in the training that resumes.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options, with the defaults filled in.

    Returns
    -------
    dict
        The values by name, the dataset first. All files of a kind have one name: a file may be
        moved.
    """
    settings = {name: value for name, value in vars(options).items() if name not in _NOT_COMPARED}
    name = settings.pop("set")
    return {"set": dataset_kind(name), **settings}
