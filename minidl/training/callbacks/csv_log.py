"""The history as a CSV file."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from ...errors import DataError
from ...utils.atomic_files import FilePath, atomic_write, make_folder
from .base import Callback, TrainingRun


class CSVLog(Callback):
    """Write the history to the CSV file `path`, a row as soon as an epoch ends; all before as well where training is resumed.

    `fit` raises `DataError` if it cannot be written.
    """

    run_last = True  # after others' numbers

    def __init__(self, path: FilePath) -> None:
        self.path = Path(path)

    def on_train_begin(self, run: TrainingRun) -> None:
        """Make the folder; an old file stays until there is a row."""
        make_folder(self.path.parent)
        self._begins: list[int] = []  # in which epoch, from 0, each column does

    def on_epoch_end(self, run: TrainingRun) -> None:
        """Write a row: the first time, all that there are."""
        columns = [run.history.columns.get(name, []) for name in run.metric_names]
        new, rows = not self._begins, io.StringIO()
        table = csv.writer(rows, lineterminator="\n")
        if new:
            # A resumed training may have got a column later.
            self._begins = [run.epoch - len(column) if run.epoch > 1 else 0 for column in columns]
            table.writerow(["epoch", *run.metric_names])
        for epoch in range(0 if new else run.epoch - 1, run.epoch):
            cells = [
                (column, epoch - begin) for column, begin in zip(columns, self._begins, strict=True)
            ]
            table.writerow(
                [
                    epoch + 1,
                    *(column[place] if 0 <= place < len(column) else "" for column, place in cells),
                ]
            )
        content = rows.getvalue().encode()
        if new:
            atomic_write(self.path, content)
            return
        try:
            with open(self.path, "ab") as file:
                file.write(content)
        except OSError as error:
            raise DataError(
                f"{self.path}: a row cannot be added, {error.strerror}: choose a place with enough room"
            ) from error
