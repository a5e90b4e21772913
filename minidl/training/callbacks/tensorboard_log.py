"""The history for TensorBoard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import require_extra
from ...utils.atomic_files import FilePath, make_folder
from .base import Callback, TrainingRun


class TensorBoardLog(Callback):
    """Write the history for TensorBoard, epoch by epoch, into `folder`; look at it with `tensorboard --logdir FOLDER`.

    "val_loss" is the "loss" of the run "validation"; a resumed training goes on in its place. `fit` raises `DataError` if the folder cannot
    be written. Needs tensorboardX: pip install minidl[tensorboard].
    """

    run_last = True

    def __init__(self, folder: FilePath) -> None:
        with require_extra("tensorboardX", "tensorboard", "TensorBoardLog"):
            from tensorboardX import SummaryWriter
        self.folder, self._writer = Path(folder), SummaryWriter
        self._writers: dict[str, Any] = {}

    def on_train_begin(self, run: TrainingRun) -> None:
        """Make the folder."""
        make_folder(self.folder)

    def on_epoch_end(self, run: TrainingRun) -> None:
        """Write the numbers of the epoch."""
        for name in run.metric_names:
            if column := run.history.columns.get(name):
                part = "validation" if name.startswith("val_") else "training"
                if part not in self._writers:
                    place = make_folder(self.folder / part)
                    new = f".{len(list(place.iterdir()))}"  # a file's name has but the second of its beginning
                    self._writers[part] = self._writer(
                        str(place), purge_step=run.epoch, flush_secs=1, filename_suffix=new
                    )
                self._writers[part].add_scalar(name.removeprefix("val_"), column[-1], run.epoch)

    def on_train_end(self, run: TrainingRun) -> None:
        """Close the files."""
        while self._writers:
            self._writers.popitem()[1].close()
