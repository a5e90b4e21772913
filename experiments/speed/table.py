"""Tables of minimum, median and maximum, of times and of ratios.

Each ratio is taken between two times of the same round.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

Spread = tuple[float, float, float]
NO_CELLS = ["-"] * 3
Groups = Sequence[tuple[str, Mapping[str, Spread]]]


def spread(values: Sequence[float]) -> Spread:
    """Return the smallest, the median and the largest.

    Examples
    --------
    >>> spread([3.0, 1.0, 2.0])
    (1.0, 2.0, 3.0)
    """
    return min(values), statistics.median(values), max(values)


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Return the ratio in each round: what disturbed the machine then disturbed both.

    Examples
    --------
    >>> ratios([2.0, 30.0], [1.0, 10.0])
    [2.0, 3.0]
    """
    return [a / b for a, b in zip(above, below, strict=True)]


def ratio_spreads(times: Mapping[str, Sequence[float]], base: str) -> dict[str, Spread]:
    """Return the spread of the ratio of `base` to each other peer; empty without `base`.

    Examples
    --------
    >>> ratio_spreads({"minidl": [1.0, 20.0], "other": [2.0, 10.0]}, "minidl")
    {'other': (0.5, 1.25, 2.0)}
    """
    if base not in times:
        return {}
    return {
        name: spread(ratios(times[base], seconds))
        for name, seconds in times.items()
        if name != base
    }


def format_number(value: float) -> str:
    """Return a number with about three digits.

    Examples
    --------
    >>> format_number(12345.6), format_number(123.4), format_number(12.34), format_number(0.1234)
    ('12,346', '123', '12.3', '0.12')
    """
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(rows: Mapping[str, str], groups: Groups) -> str:
    """Return lines with min, median and max of each group; `rows` are the titles by name.

    Examples
    --------
    >>> seconds = {"a": (1, 2, 3), "b": (4, 5, 6)}
    >>> groups = [("seconds", seconds), ("ratio", {"b": (0.1, 0.2, 0.3)})]
    >>> print(table({"a": "Ann", "b": "Bob"}, groups))
         |       seconds        |        ratio
         |   min  median   max  |   min  median   max
    Ann  |  1.00    2.00  3.00  |     -       -     -
    Bob  |  4.00    5.00  6.00  |  0.10    0.20  0.30
    """
    title_width = max(map(len, rows.values()))
    headings, names = [" " * title_width], [" " * title_width]
    lines = {name: [title.ljust(title_width)] for name, title in rows.items()}
    for heading, spreads in groups:
        if not spreads:
            continue
        cells = {
            name: [format_number(value) for value in spreads[name]] if name in spreads else NO_CELLS
            for name in rows
        }
        columns = list(zip(("min", "median", "max"), *cells.values(), strict=True))
        widths = [max(map(len, column)) for column in columns]
        missing = len(heading) - sum(widths) - 4
        widths[0] += max(0, missing)
        headings.append(heading.center(sum(widths) + 4))
        for line, row in zip([names, *lines.values()], zip(*columns, strict=True), strict=True):
            line.append(
                "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            )
    return "\n".join("  |  ".join(line).rstrip() for line in [headings, names, *lines.values()])


def medians(
    rows: Mapping[str, str], columns: Mapping[str, Mapping[str, Spread]]
) -> list[list[str]]:
    """Return the cells of a summary: the median of each column, or a dash.

    Examples
    --------
    >>> medians({"a": "Ann", "b": "Bob"}, {"x": {"a": (1, 2, 3)}, "y": {}})
    [['', 'x', 'y'], ['Ann', '2.00', '-']]
    """
    cells = [["", *columns]]
    for name, title in rows.items():
        values = [
            format_number(column[name][1]) if name in column else "-" for column in columns.values()
        ]
        if set(values) != {"-"}:
            cells.append([title, *values])
    return cells
