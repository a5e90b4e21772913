"""What identifies a training of the command line, so that no other one resumes from its file."""

from __future__ import annotations

import argparse
from typing import Any

from .. import Callback
from ..training.callbacks.base import TrainingRun
from .dataset_options import CSV, DEFAULTS

# Where results and data lie does not matter: the digests of a checkpoint tell other data. Epochs
# may be added.
_NOT_COMPARED = {
    *("command", "run", "json", "debug", "out", "checkpoint", "fresh", "data", "epochs"),
}


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
        The values by name, the dataset first. All CSV files have one name: a file may be moved.
    """
    settings = {name: value for name, value in vars(options).items() if name not in _NOT_COMPARED}
    name = settings.pop("set")
    return {"set": name if name in DEFAULTS else CSV, **settings}
