"""Noise on what layers store between forward and backward."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from types import FunctionType
from typing import Any

import numpy as np

from ...layers.base import Layer
from ...layers.hidden_state import is_custom
from ...utils.typing import Array
from ..constants import LARGER_NOISE, MAX_EFFECT_RATIO, NOISY_RUNS, RELATIVE_NOISE
from .noise import REFUSALS


def rounds_inside(layer: Layer) -> bool:
    """Return whether gradients carry the rounding of numbers that a layer keeps to itself.

    Of a custom layer that must be assumed.
    """
    return is_custom(layer) or layer.rounds_inside


def widen_by_stored(
    sizes: dict[Any, Array],
    layers: Iterable[Layer],
    forward: Callable[[], object],
    backward: Callable[[], Mapping[Any, Array]],
    rng: np.random.Generator,
) -> None:
    """Let `sizes` of noise grow to the rounding that what layers store causes.

    Where a softmax saturates, da - sum(a * da) is a difference of nearly equal numbers. Noise on
    the input moves both together, and in float32, where a is 1, the difference is exactly 0. Noise
    on a alone shows its rounding.

    Parameters
    ----------
    sizes : dict of ndarray
        The size of the noise of each element of each gradient. It is changed.
    layers : iterable of Layer
        The layers and all in them. What is stored is left as it is where `rounds_inside` is not
        true.
    forward, backward : callable
        A run of the layers: the first takes a new copy of the input, the second returns copies of
        the gradients, by the names of `sizes`. Parameters that they change are not restored.
    rng : numpy.random.Generator
        Draws the noise.
    """
    noisy_layers = [layer for layer in layers if rounds_inside(layer)]
    if not noisy_layers:
        return
    forward()
    # Constants and parameters, which stay from run to run, may belong to others, too.
    before = [_memory(array) for layer in noisy_layers for array in stored_arrays(layer)]
    own = [_memory(array) for layer in noisy_layers for array in layer.workspace.values()]
    before = [memory for memory in before if not any(memory is array for array in own)]
    gradients = backward()
    forward()
    if not _are_equal(backward(), gradients):
        return  # it remembers calls, or draws random numbers: that is no rounding
    for seed in rng.integers(2**32, size=NOISY_RUNS):
        runs = []
        for noise in (RELATIVE_NOISE, LARGER_NOISE):
            forward()
            child = np.random.default_rng(seed)
            arrays = [array for layer in noisy_layers for array in stored_arrays(layer)]
            for array in arrays:
                if not any(_memory(array) is memory for memory in before):
                    array *= 1 + noise * child.uniform(-1, 1, array.shape)
            with suppress(*REFUSALS):
                runs.append(backward())
        if len(runs) == 2:
            _widen(sizes, gradients, *runs)


def _are_equal(a: Mapping[Any, Array], b: Mapping[Any, Array]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k], equal_nan=True) for k in a)


def _widen(
    sizes: dict[Any, Array],
    gradients: Mapping[Any, Array],
    noisy: Mapping[Any, Array],
    noisier: Mapping[Any, Array],
) -> None:
    """Let `sizes` grow to the effects of noise that grow with it.

    Where stored numbers are compared with each other, as for a maximum, any noise has the same.
    """
    for name, gradient in gradients.items():
        shapes = {run[name].shape if name in run else None for run in (noisy, noisier)}
        if shapes != {gradient.shape}:
            continue
        with np.errstate(all="ignore"):
            effect, larger = (np.abs(run[name] - gradient) for run in (noisy, noisier))
        if effect.max(initial=0.0) <= MAX_EFFECT_RATIO * larger.max(initial=0.0) < np.inf:
            sizes[name] = np.maximum(sizes.get(name, 0.0), effect)


def stored_arrays(layer: Layer) -> Iterator[Array]:
    """Iterate over the arrays of float64 that a layer stores and that may be rounded.

    Those in lists, tuples, dictionaries and the closures of functions are found, too. Arrays of
    whole numbers, such as masks and counts, are exact.

    Parameters
    ----------
    layer : Layer
        The layer; those in it are not entered.

    Yields
    ------
    ndarray
        An array that can be written to.
    """
    waiting, seen = [*vars(layer).values()], set[int]()
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, np.ndarray):
            if value.dtype == np.float64 and value.flags.writeable and _is_rounded(value):
                yield value
        elif isinstance(value, list | tuple):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, FunctionType):
            waiting += _closed_over(value)


def _is_rounded(array: Array) -> bool:
    return bool(np.any(array != np.trunc(array)))


def _closed_over(function: FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # it may be empty
            yield cell.cell_contents


def _memory(array: Array) -> Array:
    """Return the array that owns the memory of a view."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
