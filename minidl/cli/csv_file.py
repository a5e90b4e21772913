"""Tables of numbers in CSV files: with the class in the last column, and to predict it."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .. import DataError
from ..utils.typing import Array
from .csv_rows import Row, are_column_names, csv_rows, finite_or_inf, row_error, row_numbers
from .suggestions import did_you_mean

MIN_ROWS = 5
MAX_CLASSES = 100


class Table(NamedTuple):
    """The content of a CSV file with the class in the last column.

    Parameters
    ----------
    features : ndarray of shape (m, d), float64
        All columns but the last.
    labels : ndarray of shape (m,), uint8
        The number of each row's class.
    classes : tuple of str
        The names of the classes, numbers in their order, then the rest by name.
    columns : tuple of str or None
        The names of all columns, if the file has them.
    """

    features: Array
    labels: Array
    classes: tuple[str, ...]
    columns: tuple[str, ...] | None


def read_csv(path: Path) -> Table:
    """Read a CSV file of numbers with the class in the last column.

    Beside the file itself, only the arrays are in memory: a row is no longer needed as soon as its
    numbers are.

    Parameters
    ----------
    path : Path
        A file in UTF-8, separated by commas, semicolons or tabs; the first line may be names of
        columns, which are words, not numbers. Numbers are decimals in ASCII, such as "-1.5e3".

    Returns
    -------
    Table
        Features, classes, names of columns.

    Raises
    ------
    MissingDataError
        If the file does not exist.
    DataError
        If it cannot be read, or a row is not numbers and a class; the message names the line.
    """
    numbers = array("d")
    codes = array("B")  # of the classes, in the order of their first rows
    code_of: dict[str, int] = {}
    n_columns, columns = 0, None
    for line, cells in csv_rows(path):
        if not n_columns:
            n_columns = len(cells)
            if n_columns < 2:
                raise DataError(
                    f"{path}: must have numbers and then a class, found one column: "
                    "put commas between the cells"
                )
            if are_column_names(cells[:-1]):
                columns = _names(cells)
                continue
        numbers.extend(_numbers_before_class(path, (line, cells), n_columns))
        name = cells[-1].strip()
        code = code_of.setdefault(name, len(code_of))
        if code == MAX_CLASSES:
            raise _class_error(path, f"more than {MAX_CLASSES}")
        codes.append(code)
    if len(codes) < MIN_ROWS:
        raise DataError(
            f"{path}: must have at least {MIN_ROWS} rows, found {len(codes)}: add examples"
        )
    if len(code_of) < 2:
        raise _class_error(path, str(len(code_of)))
    classes = tuple(sorted(code_of, key=lambda name: (finite_or_inf(name), name)))
    number_of = np.array([classes.index(name) for name in code_of], np.uint8)
    features = np.frombuffer(numbers).reshape(len(codes), n_columns - 1)
    return Table(features, number_of[np.frombuffer(codes, np.uint8)], classes, columns)


def _names(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in cells)


def _class_error(path: Path, count: str) -> DataError:
    return DataError(
        f"{path}: the last column must hold 2 to {MAX_CLASSES} classes, "
        f"found {count} different values: put the column with the class last"
    )


def _numbers_before_class(path: Path, row: Row, n_columns: int) -> list[float]:
    """Return the numbers of a row; raise `DataError` unless it is numbers and a class."""
    line, cells = row
    rule = f"{n_columns - 1} finite numbers and then a class"
    if len(cells) != n_columns:
        raise row_error(path, line, rule, f"{len(cells)} cells")
    numbers = row_numbers(path, line, cells[:-1], rule)
    if not cells[-1].strip():
        raise row_error(path, line, rule, f"{cells[-1]!r} in column {n_columns}")
    return numbers


def read_features(
    path: Path, n_features: int | None = None, columns: Sequence[str] | None = None
) -> Array:
    """Read the numbers of a CSV file whose rows are to be classified.

    Parameters
    ----------
    path : Path
        A file as for `read_csv`, with or without the last column, that of the class, which is not
        read.
    n_features : int, optional
        How many numbers a row has; by default the file has no column of the class.
    columns : sequence of str, optional
        The names that the columns must have, that of the class last, if the file has names.

    Returns
    -------
    ndarray of shape (m, n_features), float64
        The numbers.

    Raises
    ------
    MissingDataError
        If the file does not exist.
    DataError
        If it cannot be read, has other columns, or a row is no numbers; the message names the line.
    """
    numbers = array("d")
    n_columns = 0
    for line, cells in csv_rows(path):
        is_first = not n_columns
        n_columns = n_columns or len(cells)
        n_features = n_features or n_columns
        rule = f"{n_features} finite numbers, which a class may follow"
        if n_columns not in (n_features, n_features + 1) or len(cells) != n_columns:
            raise row_error(path, line, rule, f"{len(cells)} cells")
        if is_first and are_column_names(cells[:n_features]):
            _check_names(path, _names(cells), columns)
        else:
            numbers.extend(row_numbers(path, line, cells[:n_features], rule))
    if not numbers:
        raise DataError(f"{path}: must have at least one row, found none: add examples")
    return np.frombuffer(numbers).reshape(-1, n_features or 1)


def _check_names(path: Path, found: Sequence[str], columns: Sequence[str] | None) -> None:
    columns = columns or ()
    for k, (name, expected) in enumerate(zip(found, columns, strict=False)):
        if name != expected:
            cure = "" if name in columns else did_you_mean(name, columns)
            raise DataError(
                f"{path}: must have the columns of the training in their order: column {k + 1} "
                f"must be {expected!r}, found {name!r}{cure}"
            )
