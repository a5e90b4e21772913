"""Compute the numeric gradient of a large array where the analytic one is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...utils.typing import Array
from ..block import Block
from ..call_limits import FOCUS_LINES, FOCUS_PROBES
from ..rounding.probes import balanced_direction, flat_direction
from .block_choice import choose_block
from .guesses import guesses
from .probed_array import ProbedArray
from .wrong_lines import WrongLines, wrong_lines


class Located(NamedTuple):
    """The numeric gradient of an array, or of a block of it, and error bounds."""

    numeric: Array
    error: Array
    block: Block | None


def locate(
    array: ProbedArray, calls: int, rng: np.random.Generator, others: Sequence[Array] = ()
) -> Located | None:
    """Return the numeric gradient where the analytic one is wrong; None if no probe shows it.

    Parameters
    ----------
    array : ProbedArray
        An array of a gradient that is wrong along some direction.
    calls : int
        About how many probes, and after them how many elements, may be computed.
    rng : numpy.random.Generator
        Draws the directions.
    others : sequence of ndarray, optional
        The analytic gradients of other arrays.

    Returns
    -------
    Located or None
        The whole array if a guess is proved right, or if few elements may be wrong: then all others
        are as in the analytic one. Otherwise a block of it.
    """
    directions = [make(array.analytic, rng) for make in (balanced_direction, flat_direction)]
    worst = max(directions, key=array.error_in_bars)
    if not array.error_in_bars(worst) > 1:
        return None
    for guess in guesses(array, worst, others):
        if _is_proved(array, guess, rng):
            return Located(guess, np.zeros(guess.shape), None)
    wrong = _wrong_lines_of_each_axis(array, worst, calls)
    if any(len(lines.numbers) == 0 for lines in wrong):
        return None
    product = int(np.prod([float(len(lines.numbers)) for lines in wrong]))
    if all(lines.is_complete for lines in wrong) and product <= calls:
        completed = _complete(array, wrong)
        if _is_proved(array, completed.numeric, rng):
            return completed
    focused = _focus(array, worst, wrong)
    known = tuple(lines.numbers if lines.is_complete else None for lines in wrong)
    block = choose_block(array.analytic.shape, focused, known, calls)
    value, error = array.elements(_places(block.indices, block.shape))
    shape = tuple(map(len, block.indices))
    return Located(value.reshape(shape), error.reshape(shape), block)


def _is_proved(array: ProbedArray, numeric: Array, rng: np.random.Generator) -> bool:
    """Return whether a gradient agrees with the function along two new directions."""
    return all(
        array.agrees(numeric, make(array.analytic, rng))
        for make in (balanced_direction, flat_direction)
    )


def _wrong_lines_of_each_axis(array: ProbedArray, direction: Array, calls: int) -> list[WrongLines]:
    """Return the wrong lines of each axis; later axes are searched in the wrong lines only."""
    found: dict[int, WrongLines] = {}
    remaining = calls
    shape = array.analytic.shape
    for axis in sorted(range(len(shape)), key=shape.__getitem__):
        lines = wrong_lines(array, direction, axis, remaining)
        found[axis] = lines
        remaining -= lines.probes
        if lines.is_complete:
            direction = _restricted(direction, axis, lines.numbers)
    return [found[axis] for axis in range(len(shape))]


def _focus(array: ProbedArray, direction: Array, wrong: list[WrongLines]) -> list[Array]:
    """Return some wrong lines of each axis that meet in wrong elements, also where few are."""
    focused: dict[int, Array] = {}
    shape = array.analytic.shape
    for axis in sorted(range(len(shape)), key=shape.__getitem__):
        numbers = wrong[axis].numbers
        if focused:
            again = wrong_lines(array, direction, axis, FOCUS_PROBES).numbers
            numbers = again if len(again) else numbers
        elif 2 * len(numbers) < shape[axis]:
            numbers = numbers[:FOCUS_LINES]
        focused[axis] = numbers
        direction = _restricted(direction, axis, numbers[:FOCUS_LINES])
    return [focused[axis] for axis in range(len(shape))]


def _restricted(direction: Array, axis: int, lines: Array) -> Array:
    restricted = np.zeros(direction.shape)
    place = (slice(None),) * axis + (lines,)
    restricted[place] = direction[place]
    return restricted


def _complete(array: ProbedArray, wrong: list[WrongLines]) -> Located:
    """Compute every element that may be wrong; all others are as in the analytic gradient."""
    places = _places(tuple(lines.numbers for lines in wrong), array.analytic.shape)
    numeric, error = array.analytic.astype(np.float64), np.zeros(array.analytic.size)
    numeric.flat[places], error[places] = array.elements(places)
    return Located(numeric, error.reshape(numeric.shape), None)


def _places(indices: tuple[Array, ...], shape: tuple[int, ...]) -> Array:
    places: Array = np.ravel_multi_index(np.ix_(*indices), shape).ravel()
    return places
