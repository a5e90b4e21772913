"""The rows of a CSV file: cells, names of columns, numbers."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from .. import DataError
from ..utils.atomic_files import read_bounded

MAX_BYTES = 256 * 2**20
MAX_ROW_LETTERS = 2**20  # the cells of a row take many times the memory of its numbers
SEPARATORS = ",;\t"
MAX_QUOTED = 40  # characters of a cell in an error

_DECIMALS = re.compile(r"[0-9+\-.eE \t,]*")
"""What numbers consist of, and what stands between them here: `float` itself takes 1_000, the
digits of all scripts, and "nan", too."""

Row = tuple[int, list[str]]  # number of the line, cells


def csv_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a file that are not blank.

    Parameters
    ----------
    path : Path
        A file in UTF-8, separated by commas, semicolons or tabs.

    Yields
    ------
    tuple of (int, list of str)
        The number of the line, and its cells.

    Raises
    ------
    MissingDataError
        If the file does not exist.
    DataError
        If it cannot be read.
    """
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


def are_column_names(cells: Sequence[str]) -> bool:
    """Return whether none is a number, in whatever notation, and one is a word."""
    return not any(map(_is_number, cells)) and any(map(str.isalpha, "".join(cells)))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell.strip().lstrip("+-").lower().startswith("0x")
    return True


def row_numbers(path: Path, line: int, cells: Sequence[str], rule: str) -> list[float]:
    """Return the numbers in cells.

    Parameters
    ----------
    path : Path
        The file, for the error.
    line : int
        The number of the line, for the error.
    cells : sequence of str
        The cells.
    rule : str
        What the line must have, for the error.

    Returns
    -------
    list of float
        Finite numbers.

    Raises
    ------
    DataError
        If a cell is no finite number in decimals.
    """
    if _DECIMALS.fullmatch(",".join(cells)):
        try:
            values = [*map(float, cells)]
        except ValueError:
            values = [math.nan]
        if math.isfinite(sum(values)):
            return values
    for k, cell in enumerate(cells):
        if math.isinf(finite_or_inf(cell)):
            raise row_error(path, line, rule, f"{cell[:MAX_QUOTED]!r} in column {k + 1}")
    return [*map(float, cells)]  # only their sum is infinite


def row_error(path: Path, line: int, rule: str, found: str) -> DataError:
    """Return the error of a line: what it must have, and what it has instead."""
    return DataError(
        f"{path}, line {line}: must have {rule}, found {found}: "
        "write numbers as in -1.5e3, or delete the line"
    )


def finite_or_inf(cell: str) -> float:
    """Return the number in a cell, infinity where there is no finite one."""
    if not _DECIMALS.fullmatch(cell):
        return math.inf
    try:
        value = float(cell)
    except ValueError:
        return math.inf
    return value if math.isfinite(value) else math.inf
