"""Logs: what training looked like, epoch by epoch, on disk while it still runs: as a table, or for TensorBoard."""

from __future__ import annotations

import csv
import importlib.util
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .callbacks import Callback, Run
from .errors import DataError, MissingExtraError
from .files import FilePath, make_folder, write_whole


class CSVLog(Callback):
    """Write the history as a CSV file: its names in the first row, with "epoch" before them, and then a row per epoch, as soon as it ends.

    The first row replaces a file of that name; in a resumed training it comes with all rows before it, as if there had been no stop.

    Parameters
    ----------
    path : path
        Of the file, such as "results/log.csv"; folders are made.

    Raises
    ------
    DataError
        From `fit`, if the file cannot be written.
    """

    late = True  # other callbacks' numbers are in the history then

    def __init__(self, path: FilePath) -> None:
        self.path = Path(path)
        self._file: io.FileIO | None = None

    def on_start(self, run: Run) -> None:
        """Make the folder; a file of that name stays until there is a row."""
        make_folder(self.path.parent)

    def on_epoch(self, run: Run) -> None:
        """Write a row: the first time, all that there are."""
        epochs, columns = run.history.epochs, [run.history.columns.get(name, []) for name in run.names]
        try:
            if self._file is None:
                # A training that is resumed may have got a callback, and its column, later.
                self._begins = [epochs - len(column) if epochs > 1 else 0 for column in columns]
                write_whole(self.path, _lines(["epoch", *run.names], *(self._row(columns, epoch) for epoch in range(epochs))))
                self._file = io.FileIO(self.path, "a")  # what is written is with the system at once
            elif self._file.write(row := _lines(self._row(columns, epochs - 1))) < len(row):
                raise OSError("there is no room for all of it")
        except DataError:
            raise
        except OSError as error:
            told = error.strerror or error
            raise DataError(f"{self.path}: a row cannot be added, {told}: choose a place with enough room") from error

    def _row(self, columns: Sequence[Sequence[float]], epoch: int) -> list[Any]:
        """Return the numbers of an epoch, counted from 0; what was not measured stays empty."""
        places = [(column, epoch - begin) for column, begin in zip(columns, self._begins, strict=True)]
        return [epoch + 1, *(column[place] if 0 <= place < len(column) else "" for column, place in places)]

    def on_end(self, run: Run) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _lines(*rows: Sequence[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


class TensorBoardLog(Callback):
    """Write the history for TensorBoard, epoch by epoch: `tensorboard --logdir FOLDER`. Needs pip install 'minidl[tensorboard]'.

    A number "val_loss" is the "loss" of the run "validation", all others belong to the run "training". A resumed training goes on where
    it was stopped, a new one takes the place of the old.

    Parameters
    ----------
    folder : path
        Where the files go, such as "runs/first"; folders are made.

    Raises
    ------
    MissingExtraError
        If tensorboardX is not installed.
    DataError
        From `fit`, if the folder cannot be written.
    """

    late = True

    def __init__(self, folder: FilePath) -> None:
        if importlib.util.find_spec("tensorboardX") is None:
            raise MissingExtraError("TensorBoardLog needs tensorboardX, which is not installed: pip install 'minidl[tensorboard]'")
        self.folder = Path(folder)
        self._writers: dict[str, Any] = {}

    def on_start(self, run: Run) -> None:
        """Make the folder."""
        make_folder(self.folder)

    def on_epoch(self, run: Run) -> None:
        """Write the numbers of the epoch; within a second or two they are on the disk."""
        for name in run.names:
            if column := run.history.columns.get(name):
                writer = self._writer("validation" if name.startswith("val_") else "training", run.history.epochs)
                writer.add_scalar(name.removeprefix("val_"), column[-1], run.history.epochs)

    def _writer(self, part: str, epoch: int) -> Any:
        """Return who writes a part of the numbers; a new one takes back what is there of this epoch and later ones."""
        if part not in self._writers:
            from tensorboardX import SummaryWriter

            place = make_folder(self.folder / part)
            new = f".{len(list(place.iterdir()))}"  # a file's name has the second of its beginning alone, and would be taken twice
            self._writers[part] = SummaryWriter(str(place), purge_step=epoch, flush_secs=1, filename_suffix=new)
        return self._writers[part]

    def on_end(self, run: Run) -> None:
        """Close the files."""
        while self._writers:
            self._writers.popitem()[1].close()
