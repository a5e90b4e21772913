"""Reads a table of numbers with the class of each row in its last column."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..arrays import Array
from ..errors import DataError
from ..files import read_whole

MOST_BYTES = 256 * 2**20
MOST_CLASSES = 100


class Table(NamedTuple):
    """Features (m, d), the class number of each row (m,), and the names of the classes in their order."""

    x: npt.NDArray[np.float64]
    labels: Array
    classes: tuple[str, ...]


def read_csv(path: Path) -> Table:
    """Read a CSV file: numbers, and the class of the row, a word or a number, in the last column; a first line of names is skipped.

    Between the cells may be commas, semicolons or tabs.

    Raises
    ------
    MissingDataError
        If there is no such file.
    DataError
        If it is no such table; the message names the line.
    """
    rows = _rows(path)
    if rows and len(rows[0][1]) > 1 and not any(_is_number(cell) for cell in rows[0][1][:-1]):
        del rows[0]  # the names of the columns
    if len(rows) < 5:
        raise DataError(f"{path}: must have at least 5 rows of examples, found {len(rows)}: add examples")
    wide = len(rows[0][1])
    if wide < 2:
        raise DataError(f"{path}, line {rows[0][0]}: must have numbers and then a class, found one column: put commas between the cells")
    features = np.empty((len(rows), wide - 1))
    for i, (line, cells) in enumerate(rows):
        if len(cells) != wide:
            raise DataError(
                f"{path}, line {line}: must have {wide} cells like the first row, found {len(cells)}: complete or drop the line"
            )
        for j, cell in enumerate(cells[:-1]):
            if not _is_number(cell):
                where = f"{path}, line {line}, column {j + 1}"
                raise DataError(f"{where}: must be a finite number, found {cell[:40]!r}: repair or drop the line (the class comes last)")
            features[i, j] = float(cell)
    names = [cells[-1].strip() for _, cells in rows]
    if "" in names:
        raise DataError(f"{path}, line {rows[names.index('')][0]}: the last column must hold the class, found it empty: fill it in")
    classes = tuple(sorted(set(names), key=lambda name: (float(name) if _is_number(name) else math.inf, name)))
    if not 2 <= len(classes) <= MOST_CLASSES:
        raise DataError(
            f"{path}: the last column must hold classes, from 2 to {MOST_CLASSES} of them, found {len(classes)} different values: "
            "put the column with the class last"
        )
    number = {name: i for i, name in enumerate(classes)}
    return Table(features, np.array([number[name] for name in names]), classes)


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return the lines that are not empty, as cells, with their numbers."""
    try:
        text = read_whole(path, MOST_BYTES, "a CSV file", "take a part of it").decode("utf-8-sig")
        head = text.split("\n", 1)[0]
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True)
        return [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except (ValueError, csv.Error) as error:
        raise DataError(f"{path}: must be a readable CSV file in UTF-8, found {error}: save the table as CSV again") from error


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
