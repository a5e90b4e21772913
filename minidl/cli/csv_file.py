"""Reads a table of numbers with the class in the last column."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import numpy as np

from .. import DataError
from ..utils.atomic_files import read_bounded
from ..utils.typing import Array

MAX_BYTES = 256 * 2**20
MIN_ROWS = 5
MAX_CLASSES = 100
SEPARATORS = ",;\t"
MAX_QUOTED = 40  # characters of a cell in an error

Row = tuple[int, list[str]]  # number of the line, cells


def read_csv(path: Path) -> tuple[Array, Array, tuple[str, ...]]:
    """Read a CSV file of numbers with the class in the last column.

    Parameters
    ----------
    path : Path
        A file in UTF-8, separated by commas, semicolons or tabs; a first line of column names is
        skipped.

    Returns
    -------
    features : ndarray of shape (m, d), float64
        All columns but the last.
    labels : ndarray of shape (m,), int64
        The number of each row's class.
    classes : tuple of str
        The names of the classes, numbers in their order, then the rest by name.

    Raises
    ------
    MissingDataError
        If the file does not exist.
    DataError
        If it cannot be read, or a row is not numbers and a class; the message names the line.
    """
    rows = _read_rows(path)
    if rows and _is_header(rows[0][1]):
        del rows[0]
    if len(rows) < MIN_ROWS:
        raise DataError(
            f"{path}: must have at least {MIN_ROWS} rows, found {len(rows)}: add examples"
        )
    n_columns = len(rows[0][1])
    if n_columns < 2:
        raise DataError(
            f"{path}: must have numbers and then a class, found one column: "
            "put commas between the cells"
        )
    for row in rows:
        _check_row(path, row, n_columns)
    features = np.array([[float(cell) for cell in cells[:-1]] for _, cells in rows])
    names = [cells[-1].strip() for _, cells in rows]
    classes = tuple(sorted(set(names), key=lambda name: (_finite_or_inf(name), name)))
    if not 2 <= len(classes) <= MAX_CLASSES:
        raise DataError(
            f"{path}: the last column must hold 2 to {MAX_CLASSES} classes, "
            f"found {len(classes)} different values: put the column with the class last"
        )
    return features, np.array([classes.index(name) for name in names]), classes


def _read_rows(path: Path) -> list[Row]:
    """Return the rows that are not blank."""
    try:
        content = read_bounded(path, MAX_BYTES, "a CSV file", "take a part of it")
        text = content.decode("utf-8-sig")
        first_line = text.partition("\n")[0]
        separator = max(SEPARATORS, key=first_line.count)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        return [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except (ValueError, csv.Error) as error:
        raise DataError(
            f"{path}: must be a readable CSV file in UTF-8, found {error}: "
            "save the table as CSV again"
        ) from error


def _is_header(cells: list[str]) -> bool:
    return len(cells) > 1 and all(math.isinf(_finite_or_inf(cell)) for cell in cells[:-1])


def _check_row(path: Path, row: Row, n_columns: int) -> None:
    line, cells = row
    if len(cells) != n_columns:
        problem = f"{len(cells)} cells"
    else:
        invalid = [column for column, cell in enumerate(cells[:-1]) if not _is_finite(cell)]
        if not cells[-1].strip():
            invalid.append(n_columns - 1)
        if not invalid:
            return
        problem = f"{cells[invalid[0]][:MAX_QUOTED]!r} in column {invalid[0] + 1}"
    raise DataError(
        f"{path}, line {line}: must have {n_columns - 1} finite numbers and then a class, "
        f"found {problem}: repair or delete the line"
    )


def _is_finite(cell: str) -> bool:
    return not math.isinf(_finite_or_inf(cell))


def _finite_or_inf(cell: str) -> float:
    """Return the number in a cell, infinity where there is no finite one."""
    try:
        value = float(cell)
    except ValueError:
        return math.inf
    return value if math.isfinite(value) else math.inf
