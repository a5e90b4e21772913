"""What a progress bar tells of a training, in as many columns as there are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...escaping import escaped

SHORT_NAMES = {"val_loss": "val", "accuracy": "acc"}
MAX_FIXED = 10_000  # from here on, numbers have an exponent


class Field(NamedTuple):
    """One of the things that are told.

    Parameters
    ----------
    long, middle, short : str
        Its text, where there is much room, and less.
    is_optional : bool, default False
        Whether it is left out before others are shortened.
    """

    long: str
    middle: str
    short: str
    is_optional: bool = False


def metric_field(name: str, value: float, *, is_optional: bool = False) -> Field:
    """Return the field of a metric.

    Parameters
    ----------
    name : str
        As in the history.
    value : float
        Its last value.
    is_optional : bool, default False
        Whether it is left out before others are shortened.

    Returns
    -------
    Field
        The name and the number, with four decimals, three, or in three or four characters.

    Examples
    --------
    >>> metric_field("val_loss", 0.06123)[:3]
    ('val_loss 0.0612', 'val_loss 0.061', 'val .06')
    """
    shown = escaped(name)
    long, middle = (".4f", ".3f") if abs(value) < MAX_FIXED else (".3e", ".2e")
    return Field(
        f"{shown} {value:{long}}",
        f"{shown} {value:{middle}}",
        f"{SHORT_NAMES.get(name, shown)} {_short_number(value)}",
        is_optional,
    )


def _short_number(value: float) -> str:
    size = abs(value)
    if not math.isfinite(value) or 10 <= size < 999.5:
        return f"{value:.0f}"
    if 0.9995 <= size < 10:
        return f"{value:.1f}"
    if 0.005 <= size < 1 or value == 0:
        return f"{value:.2f}".replace("0.", ".", 1)
    return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")


def fitting_text(fields: Sequence[Field], columns: int) -> str:
    """Return the fields as one line that fits.

    Parameters
    ----------
    fields : sequence of Field
        In the order in which they are shown: the first are the most important.
    columns : int
        The width of the line.

    Returns
    -------
    str
        All fields; without the optional ones, of which the last goes first; shortened; without the
        last ones: what fits first.

    Examples
    --------
    >>> fields = [Field("epoch 3/5", "3/5", "3/5"), metric_field("loss", 0.5)]
    >>> [fitting_text(fields, columns) for columns in (80, 15, 12, 8)]
    ['epoch 3/5, loss 0.5000', '3/5 loss 0.500', '3/5 loss .50', '3/5']
    """
    text = ""
    for text in _candidates(fields):
        if len(text) <= columns:
            break
    return text[:columns]


def _candidates(fields: Sequence[Field]) -> Iterator[str]:
    """Yield the same line longer and shorter."""
    needed = [field for field in fields if not field.is_optional]
    for n in range(len(fields) - len(needed), -1, -1):
        optional = [field for field in fields if field.is_optional][:n]
        kept = (field for field in fields if not field.is_optional or field in optional)
        yield ", ".join(field.long for field in kept)
    yield " ".join(field.middle for field in needed)
    for n in range(len(needed), 0, -1):
        yield " ".join(field.short for field in needed[:n])
