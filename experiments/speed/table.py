"""Tables of rounds: smallest, median and largest, of times and of ratios, each ratio taken between two times of the same round."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

Spread = tuple[float, float, float]
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
    """Return the ratio of each round: what disturbed the machine then disturbed both.

    Examples
    --------
    >>> ratios([2.0, 30.0], [1.0, 10.0])
    [2.0, 3.0]
    """
    return [a / b for a, b in zip(above, below, strict=True)]


def ratio_spreads(times: Mapping[str, Sequence[float]], base: str) -> dict[str, Spread]:
    """Return the spread of the ratio of `base` to each other peer; nothing if `base` was not measured.

    Examples
    --------
    >>> ratio_spreads({"minidl": [1.0, 20.0], "other": [2.0, 10.0]}, "minidl")
    {'other': (0.5, 1.25, 2.0)}
    """
    return (
        {name: spread(ratios(times[base], each)) for name, each in times.items() if name != base}
        if base in times
        else {}
    )


def number(value: float) -> str:
    """Return a number with three digits or so.

    Examples
    --------
    >>> number(12345.6), number(123.4), number(12.34), number(0.1234)
    ('12,346', '123', '12.3', '0.12')
    """
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(rows: Mapping[str, str], groups: Groups) -> str:
    """Return lines: three columns, min, median and max, for each group that holds anything; `rows` are the titles by name.

    Examples
    --------
    >>> print(table({"a": "Ann", "b": "Bob"}, [("seconds", {"a": (1, 2, 3), "b": (4, 5, 6)}), ("ratio", {"b": (0.1, 0.2, 0.3)})]))
         |       seconds        |        ratio
         |   min  median   max  |   min  median   max
    Ann  |  1.00    2.00  3.00  |     -       -     -
    Bob  |  4.00    5.00  6.00  |  0.10    0.20  0.30
    """
    wide = max(map(len, rows.values()))
    heads, names = [" " * wide], [" " * wide]
    lines = {name: [title.ljust(wide)] for name, title in rows.items()}
    for heading, spreads in groups:
        if not spreads:
            continue
        cells = {
            name: [number(value) for value in spreads[name]] if name in spreads else ["-"] * 3
            for name in rows
        }
        columns = list(zip(("min", "median", "max"), *cells.values(), strict=True))
        widths = [max(map(len, column)) for column in columns]
        missing = len(heading) - sum(widths) - 4
        widths[0] += max(0, missing)
        heads.append(heading.center(sum(widths) + 4))
        for line, row in zip([names, *lines.values()], zip(*columns, strict=True), strict=True):
            line.append(
                "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            )
    return "\n".join("  |  ".join(line).rstrip() for line in [heads, names, *lines.values()])


def medians(
    rows: Mapping[str, str], columns: Mapping[str, Mapping[str, Spread]]
) -> list[list[str]]:
    """Return the cells of a summary: the median of each column for each row that has any, a dash where there is none.

    Examples
    --------
    >>> medians({"a": "Ann", "b": "Bob"}, {"x": {"a": (1, 2, 3)}, "y": {}})
    [['', 'x', 'y'], ['Ann', '2.00', '-']]
    """
    measured = {
        name: title
        for name, title in rows.items()
        if any(name in held for held in columns.values())
    }
    cells = [
        [title, *(number(held[name][1]) if name in held else "-" for held in columns.values())]
        for name, title in measured.items()
    ]
    return [["", *columns], *cells]
