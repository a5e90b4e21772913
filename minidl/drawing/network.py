"""A network as what flows through it: units, sheets of an image, steps of a sequence."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..escaping import PLAIN_TEXT, shortened
from .figure import COLOURS, GREY
from .looks import INK, PAPER

PER_ROW = 7  # blocks side by side
WIDTH, HEIGHT, LINE = 1.75, 3.3, 0.21  # inches of a block, of a row, and of a line of text
MAX_UNITS = 10  # that are drawn of a layer, 4 at either end if there are more
MAX_SHEETS, MAX_CELLS = 6, 7  # of an image, and of a sequence
MAX_LABELS = 5  # layers that are named below a block
LETTERS = 22  # of a name
UNIT, SIDE, GAP = 0.17, 1.1, 0.08  # inches: between two units, the largest image, before arrows


class Block(NamedTuple):
    """Numbers between two layers.

    Parameters
    ----------
    shape : tuple of int or None
        Those of one example; None if it is not known.
    labels : list of str
        The layers that make them.
    parameters : int
        How many parameters these have.
    is_dense : bool
        Whether each number depends on each one before it, by a weight of its own.
    """

    shape: tuple[int, ...] | None
    labels: list[str]
    parameters: int = 0
    is_dense: bool = False


class Skip(NamedTuple):
    """What goes past some layers and is added to their output.

    Parameters
    ----------
    start, end : int
        The blocks where it leaves, and where it is added.
    label : str
        The layer on the way; "" if there is none.
    """

    start: int
    end: int
    label: str


def size_of(blocks: Sequence[Block]) -> tuple[float, float]:
    """Return the size in inches of a figure of the blocks."""
    rows = math.ceil(len(blocks) / PER_ROW)
    return WIDTH * max(3, min(len(blocks), PER_ROW)), rows * _row_height(blocks) + 0.3


def draw_network(axes: Any, blocks: Sequence[Block], skips: Sequence[Skip]) -> None:
    """Draw blocks from left to right, in rows, with their labels below.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw; its units are inches of `size_of`.
    blocks : sequence of Block
        The first one is the input.
    skips : sequence of Skip
        What goes past some of them.
    """
    width, height = size_of(blocks)
    row_height = _row_height(blocks)
    centres = [
        (WIDTH * (i % PER_ROW + 0.5), height - 1.45 - row_height * (i // PER_ROW))
        for i in range(len(blocks))
    ]
    largest = max((max(b.shape[:2]) for b in blocks if b.shape and len(b.shape) == 3), default=1)
    reaches = []
    for i, (block, (x, y)) in enumerate(zip(blocks, centres, strict=True)):
        reaches.append(_draw_block(axes, block, x, y, largest, is_input=i == 0))
        _write_labels(axes, block, x, y - 1.05)
    for i in range(1, len(blocks)):
        if blocks[i].is_dense and _are_columns(blocks[i - 1 : i + 1], centres[i - 1 : i + 1]):
            _draw_weights(axes, blocks[i - 1 : i + 1], centres[i - 1 : i + 1])
        else:
            (x, y), (end, level) = centres[i - 1 : i + 1]
            start = x + reaches[i - 1] + GAP if y == level else end - 0.85  # in a new row
            _draw_arrow(axes, (start, level), (end - reaches[i] - GAP, level), GREY)
    for skip in skips:
        _draw_skip(axes, skip, centres[skip.start], centres[skip.end])
    axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    axes.axis("off")


def _row_height(blocks: Sequence[Block]) -> float:
    lines = max(len(list(_lines(block))) for block in blocks)
    return 2.75 + LINE * max(0, lines - 2)


def _draw_block(
    axes: Any, block: Block, x: float, y: float, largest: int, *, is_input: bool
) -> float:
    """Draw the numbers; return how far they reach to either side."""
    colour = INK if is_input else COLOURS[0] if block.parameters else GREY
    shape = block.shape
    if shape is None or len(shape) > 3 or not shape:
        axes.text(x, y, "?" if shape is None else "...", ha="center", va="center", fontsize=18)
        return 0.2
    if len(shape) == 1:
        _, heights = units(shape[0])
        axes.scatter(
            np.full(len(heights), x), y + heights, s=72, c=PAPER, edgecolors=colour, zorder=3
        )
        if shape[0] > MAX_UNITS:
            axes.text(x, y, "⋮", ha="center", va="center", fontsize=13, color=GREY)
        return 0.1
    if len(shape) == 2:
        return _draw_cells(axes, shape, x, y, colour)
    return _draw_sheets(axes, shape, x, y, colour, largest)


def units(count: int) -> tuple[list[int], Any]:
    """Return which of some units are drawn, and their heights above the middle."""
    if count <= MAX_UNITS:
        return list(range(count)), UNIT * (np.arange(count)[::-1] - (count - 1) / 2)
    shown = [0, 1, 2, 3, count - 4, count - 3, count - 2, count - 1]
    places = np.array([4.6, 3.6, 2.6, 1.6, -1.6, -2.6, -3.6, -4.6])
    return shown, UNIT * places


def _draw_cells(axes: Any, shape: tuple[int, ...], x: float, y: float, colour: str) -> float:
    """Draw steps side by side, each a column of features."""
    from matplotlib.patches import Rectangle

    columns, rows = (min(n, MAX_CELLS) for n in shape)
    for i in range(columns):
        for j in range(rows):
            corner = (x + UNIT * (i - columns / 2), y + UNIT * (j - rows / 2))
            cell = Rectangle(corner, 0.8 * UNIT, 0.8 * UNIT, facecolor=PAPER, edgecolor=colour)
            axes.add_patch(cell)
    return UNIT * columns / 2


def _draw_sheets(
    axes: Any, shape: tuple[int, ...], x: float, y: float, colour: str, largest: int
) -> float:
    """Draw channels behind each other; the side of a sheet grows with the root of its pixels."""
    from matplotlib.patches import Rectangle

    height, width = (max(0.1, SIDE * math.sqrt(n / largest)) for n in shape[:2])
    sheets = min(shape[2], MAX_SHEETS)
    shift = 0.07
    for k in range(sheets)[::-1]:
        offset = shift * (k - (sheets - 1) / 2)
        corner = (x + offset - width / 2, y + offset - height / 2)
        axes.add_patch(
            Rectangle(corner, width, height, facecolor=PAPER, edgecolor=colour, zorder=3)
        )
    return width / 2 + shift * (sheets - 1) / 2


def _are_columns(blocks: Sequence[Block], centres: Sequence[tuple[float, float]]) -> bool:
    """Return whether both blocks are columns of units side by side."""
    are_rows = all(block.shape is not None and len(block.shape) == 1 for block in blocks)
    return are_rows and centres[0][1] == centres[1][1]


def _draw_weights(
    axes: Any, blocks: Sequence[Block], centres: Sequence[tuple[float, float]]
) -> None:
    """Draw a line between each two units."""
    from matplotlib.collections import LineCollection

    (left, y), (right, _) = centres
    starts, ends = (units(block.shape[0])[1] + y for block in blocks if block.shape)
    lines = [[(left, a), (right, b)] for a in starts for b in ends]
    axes.add_collection(LineCollection(lines, colors=GREY, linewidths=0.5, alpha=0.5))


def _draw_arrow(
    axes: Any, start: tuple[float, float], end: tuple[float, float], colour: str, rise: float = 0
) -> None:
    """Draw an arrow, whose middle is `rise` inches above the straight line."""
    from matplotlib.patches import FancyArrowPatch

    bend = f"arc3,rad={-2 * rise / math.dist(start, end):.4f}"
    arrow = FancyArrowPatch(
        start, end, arrowstyle="->", mutation_scale=10, color=colour, connectionstyle=bend
    )
    axes.add_patch(arrow)


def _draw_skip(axes: Any, skip: Skip, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw an arrow above the layers that are passed."""
    top, rise = 0.92, 0.25
    is_broken = start[1] != end[1]  # it ends in another row
    _draw_arrow(
        axes,
        (start[0], start[1] + top),
        (end[0], end[1] + top),
        COLOURS[1],
        rise=0 if is_broken else rise,
    )
    words = f"+ {shortened(skip.label, LETTERS)}" if skip.label else "+"
    x = start[0] if is_broken else (start[0] + end[0]) / 2
    lift = 0.05 + top + rise * (not is_broken)
    axes.text(x, start[1] + lift, words, color=COLOURS[1], ha="center", **_SMALL)


_SMALL = {"fontsize": 8, **PLAIN_TEXT}


def _lines(block: Block) -> Iterator[str]:
    """Yield the lines below a block: its layers, and how many parameters they have."""
    for label in block.labels[:MAX_LABELS]:
        yield from textwrap.wrap(shortened(label, 3 * LETTERS), LETTERS)
    if len(block.labels) > MAX_LABELS:
        yield f"and {len(block.labels) - MAX_LABELS} more"
    if block.parameters:
        yield f"{block.parameters:,} parameters"


def _write_labels(axes: Any, block: Block, x: float, y: float) -> None:
    size = "?" if block.shape is None else " x ".join(f"{n:,}" for n in block.shape)
    axes.text(x, y, size, ha="center", va="top", fontsize=9, fontweight="bold")
    for number, line in enumerate(_lines(block), start=1):
        is_count = block.parameters and number == len(list(_lines(block)))
        colour = GREY if is_count else INK
        axes.text(x, y - LINE * number, line, ha="center", va="top", color=colour, **_SMALL)
