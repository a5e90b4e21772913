"""The history for TensorBoard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import require_extra
from ...utils.atomic_files import FilePath, check_folder
from .base import Callback, TrainingRun


class TensorBoardLog(Callback):
    """Write the history for TensorBoard, epoch by epoch.

    The folder gets two runs, "training" and "validation": "val_loss" is the "loss" of the latter.
    If training is resumed, what was written after the checkpoint is replaced. Look at the curves
    with ``tensorboard --logdir FOLDER``. Needs tensorboardX (extra ``tensorboard``).

    Parameters
    ----------
    folder : path-like
        Where the files are written; missing folders are created.

    Attributes
    ----------
    folder : pathlib.Path
        Where the files are written.

    Raises
    ------
    MissingDependencyError
        If tensorboardX is not installed.
    DataError
        From `fit`, before the first epoch, if the folder cannot be written.

    See Also
    --------
    CSVLog : Writes the history to a CSV file.

    Examples
    --------
    >>> from minidl import TensorBoardLog
    >>> callbacks = [TensorBoardLog("runs/first")]  # doctest: +SKIP
    """

    run_last = True  # after the callbacks that add metrics
    root_only = True

    def __init__(self, folder: FilePath) -> None:
        with require_extra("tensorboardX", "tensorboard", "TensorBoardLog"):
            from tensorboardX import SummaryWriter
        self.folder = Path(folder)
        self._writer_class = SummaryWriter
        self._writers: dict[str, Any] = {}

    def on_train_begin(self, run: TrainingRun) -> None:
        for name in run.metric_names:
            check_folder(self.folder / _subset(name))

    def on_epoch_end(self, run: TrainingRun) -> None:
        for name in run.metric_names:
            values = run.history.columns.get(name, [])
            if len(values) < run.epoch:
                continue  # not measured in this epoch
            subset = _subset(name)
            if subset not in self._writers:
                self._writers[subset] = self._open(self.folder / subset, run.epoch)
            self._writers[subset].add_scalar(name.removeprefix("val_"), values[-1], run.epoch)

    def _open(self, folder: Path, epoch: int) -> Any:
        # File names have the time in whole seconds: number the files, so that none is shared.
        suffix = f".{len(list(folder.iterdir()))}"
        return self._writer_class(
            str(folder), purge_step=epoch, flush_secs=1, filename_suffix=suffix
        )

    def on_train_end(self, run: TrainingRun) -> None:
        while self._writers:
            _, writer = self._writers.popitem()
            writer.close()


def _subset(name: str) -> str:
    return "validation" if name.startswith("val_") else "training"
