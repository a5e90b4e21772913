"""Reads a table of numbers with the class in the last column."""

from __future__ import annotations

import csv
import io
import math
import re
from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .. import DataError
from ..utils.atomic_files import read_bounded
from ..utils.typing import Array

MAX_BYTES = 256 * 2**20
MIN_ROWS = 5
MAX_CLASSES = 100
MAX_ROW_LETTERS = 2**20  # the cells of a row take many times the memory of its numbers
SEPARATORS = ",;\t"
MAX_QUOTED = 40  # characters of a cell in an error

_DECIMALS = re.compile(r"[0-9+\-.eE \t,]*")
"""What numbers consist of, and what stands between them here: `float` itself takes 1_000, the
digits of all scripts, and "nan", too."""

Row = tuple[int, list[str]]  # number of the line, cells


def read_csv(path: Path) -> tuple[Array, Array, tuple[str, ...]]:
    """Read a CSV file of numbers with the class in the last column.

    Beside the file itself, only the arrays are in memory: a row is no longer needed as soon as its
    numbers are.

    Parameters
    ----------
    path : Path
        A file in UTF-8, separated by commas, semicolons or tabs; a first line of column names is
        skipped, which are words, not numbers. Numbers are decimals in ASCII, such as "-1.5e3".

    Returns
    -------
    features : ndarray of shape (m, d), float64
        All columns but the last.
    labels : ndarray of shape (m,), uint8
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
    numbers = array("d")
    codes = array("B")  # of the classes, in the order of their first rows
    code_of: dict[str, int] = {}
    n_columns = 0
    for line, cells in _rows(path):
        if not n_columns:
            n_columns = len(cells)
            if n_columns < 2:
                raise DataError(
                    f"{path}: must have numbers and then a class, found one column: "
                    "put commas between the cells"
                )
            if _are_column_names(cells[:-1]):
                continue
        numbers.extend(_row_numbers(path, (line, cells), n_columns))
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
    classes = tuple(sorted(code_of, key=lambda name: (_finite_or_inf(name), name)))
    number_of = np.array([classes.index(name) for name in code_of], np.uint8)
    features = np.frombuffer(numbers).reshape(len(codes), n_columns - 1)
    return features, number_of[np.frombuffer(codes, np.uint8)], classes


def _class_error(path: Path, count: str) -> DataError:
    return DataError(
        f"{path}: the last column must hold 2 to {MAX_CLASSES} classes, "
        f"found {count} different values: put the column with the class last"
    )


def _rows(path: Path) -> Iterator[Row]:
    """Yield the rows that are not blank."""
    content = read_bounded(path, MAX_BYTES, "a CSV file", "take a part of it")
    n_letters = 0  # of the present row

    def lines() -> Iterator[str]:
        nonlocal n_letters
        for line in text:
            n_letters += len(line)
            if n_letters > MAX_ROW_LETTERS:
                raise ValueError(f"a row of more than {MAX_ROW_LETTERS:,} letters")
            yield line

    try:
        with io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline="") as text:
            reader = csv.reader(lines(), delimiter=_separator(content), strict=True)
            for cells in reader:
                n_letters = 0
                if any(cell.strip() for cell in cells):
                    yield reader.line_num, cells
    except (ValueError, csv.Error) as error:
        raise DataError(
            f"{path}: must be a readable CSV file in UTF-8, found {error}: "
            "save the table as CSV again"
        ) from error


def _separator(content: bytes) -> str:
    """Return the last separator of the first line: what is before it may be a decimal comma."""
    first_line = re.search(rb"[^\r\n]+", content)
    unquoted = re.sub(rb'"[^"]*"', b"", first_line[0] if first_line else b"")
    return max(SEPARATORS, key=lambda separator: unquoted.rfind(separator.encode()))


def _are_column_names(cells: list[str]) -> bool:
    """Return whether none is a number, in whatever notation, and one is a word."""
    return not any(map(_is_number, cells)) and any(map(str.isalpha, "".join(cells)))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell.strip().lstrip("+-").lower().startswith("0x")
    return True


def _row_numbers(path: Path, row: Row, n_columns: int) -> list[float]:
    """Return the numbers of a row; raise `DataError` unless it is numbers and a class."""
    line, cells = row
    if len(cells) == n_columns and cells[-1].strip():
        texts = cells[:-1]
        if _DECIMALS.fullmatch(",".join(texts)):
            try:
                values = [*map(float, texts)]
            except ValueError:
                values = [math.nan]
            if math.isfinite(sum(values)):
                return values
    if len(cells) != n_columns:
        problem = f"{len(cells)} cells"
    else:
        invalid = [k for k, cell in enumerate(cells[:-1]) if math.isinf(_finite_or_inf(cell))]
        if not cells[-1].strip():
            invalid.append(n_columns - 1)
        if not invalid:  # only their sum is infinite
            return [*map(float, cells[:-1])]
        problem = f"{cells[invalid[0]][:MAX_QUOTED]!r} in column {invalid[0] + 1}"
    raise DataError(
        f"{path}, line {line}: must have {n_columns - 1} finite numbers and then a class, "
        f"found {problem}: write numbers as in -1.5e3, or delete the line"
    )


def _finite_or_inf(cell: str) -> float:
    """Return the number in a cell, infinity where there is no finite one."""
    if not _DECIMALS.fullmatch(cell):
        return math.inf
    try:
        value = float(cell)
    except ValueError:
        return math.inf
    return value if math.isfinite(value) else math.inf
