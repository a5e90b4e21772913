"""Groups of elements that are moved together, so that few forward calls give a whole gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np

from ...utils.typing import Array
from ..constants import (
    AFFINE_AGREEMENT,
    AFFINE_BOUNDS,
    COMPLEX_AGREEMENT,
    EPS,
    KINK_AGREEMENT,
    VERIFICATION_AGREEMENT,
    VERIFICATION_ULPS,
)
from .differences import AffineDifference, Scheme
from .function import Function
from .numeric_gradient import NumericGradient

Shape = tuple[int, ...]

_ALL_AXES = 64  # NumPy arrays have no more


Part = tuple[Any, Callable[[Array], Array]]
"""The index of elements that move together, and what takes cotangent * slope of that move and
returns the gradient of these elements."""


class Grouping(Protocol):
    """A way to move elements together and to read each one's part off the outputs."""

    @property
    def name(self) -> str:
        """What moves together, for tests and debugging."""

    @property
    def is_elementwise(self) -> bool:
        """Whether element i of the array reaches element i of the output only."""

    @property
    def is_single(self) -> bool:
        """Whether each element moves alone, which is right for every function."""

    def forward_calls(self, shape: Shape) -> int:
        """Return how many forward calls a gradient of that shape takes."""

    def parts(self, shape: Shape) -> Iterator[Part]:
        """Yield what moves together, one move after the other."""


class ElementGroup(NamedTuple):
    """Elements along some axes of the array move together, told apart along an axis of the output.

    Attributes
    ----------
    name
        What moves together, for tests and debugging.
    moved_axes
        The elements along this number of leading axes move together, one group for each index of
        the remaining axes; -1 for the last axis instead.
    output_axis
        The axis of the output along which the elements of a group are told apart.
    fits
        Whether it can be used for (shape of the array, shape of the output).
    collect
        Takes cotangent * slope of one group and returns the gradient of its elements.
    """

    name: str
    moved_axes: int
    output_axis: int
    fits: Callable[[Shape, Shape], bool]
    collect: Callable[[Array], Array]

    def split(self, shape: Shape) -> tuple[Shape, Shape]:
        """Return the lengths of the axes that move, and those of the others."""
        first, second = shape[: self.moved_axes], shape[self.moved_axes :]
        return (first, second) if self.moved_axes >= 0 else (second, first)

    def forward_calls(self, shape: Shape) -> int:
        """Return how many forward calls a gradient of that shape takes."""
        return int(np.prod(self.split(shape)[1]))

    def parts(self, shape: Shape) -> Iterator[Part]:
        """Yield the groups."""
        moved, remaining = self.split(shape)
        whole = (slice(None),) * len(moved)
        for index in np.ndindex(remaining):
            yield (whole + index if self.moved_axes >= 0 else index + whole), self.collect

    @property
    def is_single(self) -> bool:
        """Whether each element moves alone, which is right for every function."""
        return self.moved_axes == 0

    @property
    def is_elementwise(self) -> bool:
        """Whether element i of the array reaches element i of the output only."""
        return self.moved_axes == _ALL_AXES


def _same_shape(array: Shape, output: Shape) -> bool:
    return array == output


def _one_per_unit(array: Shape, output: Shape) -> bool:
    return len(output) > 1 and len(array) > 0 and array[0] == output[-1]


def _one_per_channel(array: Shape, output: Shape) -> bool:
    return len(output) > 1 and len(array) > 1 and array[-1] == output[-1]


def _one_per_row(array: Shape, output: Shape) -> bool:
    return len(array) > 1 and len(output) > 0 and array[0] == output[0]


def _always(array: Shape, output: Shape) -> bool:
    return True


def _each(product: Array) -> Array:
    return product


def _sum_of_each_unit(product: Array) -> Array:
    total: Array = product.reshape(-1, product.shape[-1]).sum(axis=0)
    return total


def _sum_of_each_row(product: Array) -> Array:
    total: Array = product.reshape(len(product), -1).sum(1)
    return total


def _sum_of_all(product: Array) -> Array:
    total: Array = product.sum()
    return total


ELEMENTWISE = ElementGroup("whole", _ALL_AXES, 0, _same_shape, _each)
"""All elements at once: activations."""

UNITS = ElementGroup("units", 1, -1, _one_per_unit, _sum_of_each_unit)
"""One element of each unit at once: the weights and the bias of a linear layer."""

CHANNELS = ElementGroup("channels", -1, -1, _one_per_channel, _sum_of_each_unit)
"""One element of each output channel at once: the weights of a convolution."""

ROWS = ElementGroup("rows", 1, 0, _one_per_row, _sum_of_each_row)
"""One element of each example at once: inputs."""

SINGLE = ElementGroup("single", 0, 0, _always, _sum_of_all)
"""One element after the other."""

STRATEGIES = (ELEMENTWISE, UNITS, CHANNELS, ROWS, SINGLE)
"""All but the last must be verified for the function at hand."""


def are_independent(
    function: Function, scheme: Scheme, group: ElementGroup, rng: np.random.Generator
) -> bool:
    """Return whether outputs stay exactly as they are while the elements of others move."""
    shape = function.arrays["real"].shape
    moved_shape, remaining = group.split(shape)
    chosen = rng.random(moved_shape) < 0.5
    if chosen.size > 1 and chosen.all() == chosen.any():
        chosen.flat[0] ^= True  # all in one half would show nothing
    for half in (chosen, ~chosen):
        moved = half if group.moved_axes < 0 else half.reshape(half.shape + (1,) * len(remaining))
        slope, error = function.directional_derivative(scheme, rng.standard_normal(shape) * moved)
        others = (..., ~half) if group.output_axis else ~half
        # At a kink the error is as large as a slope: what depends on others is not as small.
        negligible = COMPLEX_AGREEMENT * np.abs(slope).max(initial=0.0)
        if not np.all(np.abs(slope[others]) <= np.minimum(error[others], negligible)):
            return False
    return True


class RandomProbe(NamedTuple):
    """The slope along a random direction; `at_kink` if those to both sides differ."""

    direction: Array
    slope: Array
    error: Array
    at_kink: bool


def probe_random_direction(
    function: Function, scheme: Scheme, rng: np.random.Generator
) -> RandomProbe:
    """Return the derivative along a random direction, by which gradients are verified."""
    direction = rng.standard_normal(function.arrays["real"].shape)
    slope, error = function.directional_derivative(scheme, direction)
    back, back_error = function.directional_derivative(scheme, -direction)
    tolerance = KINK_AGREEMENT * np.abs(slope) + error + back_error
    at_kink = bool(np.any(np.abs(slope + back) > tolerance))
    if at_kink:  # one-sided slopes of the elements add up only if all move to the same side
        direction = np.abs(direction)
        slope, error = function.directional_derivative(scheme, direction)
    return RandomProbe(direction, slope, error, at_kink)


def affine_difference(
    function: Function, direction: Array, slope: Array
) -> AffineDifference | None:
    """Return a scheme for an affine function, or None if it is not affine.

    Huge differences to both sides must agree with the `slope` along `direction`.
    """
    scheme = AffineDifference(partial(function.evaluate, "real"))
    if not np.isfinite(scheme.h):
        return None
    for sign in (1.0, -1.0):
        try:
            with np.errstate(all="ignore"):
                difference, error = function.directional_derivative(scheme, sign * direction)
        except (ValueError, ArithmeticError):  # so long a step may leave the domain
            return None
        tolerance = AFFINE_AGREEMENT * np.abs(slope).max(initial=0.0) + AFFINE_BOUNDS * error
        agrees = np.abs(difference - sign * slope) <= tolerance
        if not np.all(agrees & np.isfinite(tolerance)):  # an exponential overflows
            return None
    return scheme


def collect_elements(
    function: Function,
    scheme: Scheme,
    group: Grouping,
    cotangents: list[NumericGradient],
    sign: float,
) -> list[NumericGradient]:
    """Return the gradient of sum(cotangent * f) for each cotangent, elements moved to one side."""
    shape = function.arrays["real"].shape
    gradients = [NumericGradient(np.empty(shape), np.empty(shape), scheme.name) for _ in cotangents]
    sizes = [np.abs(cotangent.value) for cotangent in cotangents]
    for index, collect in group.parts(shape):
        slope, error = function.directional_derivative(scheme, sign, index)
        slope = slope * sign
        for gradient, cotangent, size in zip(gradients, cotangents, sizes, strict=True):
            bound = size * error
            if cotangent.scheme:  # it is numeric itself
                bound = bound + np.where(slope == 0, 0, cotangent.error * np.abs(slope))
            gradient.value[index] = collect(cotangent.value * slope)
            gradient.error[index] = collect(bound)
    return gradients


def is_verified(
    gradient: NumericGradient, cotangent: Array, direction: Array, slope: Array, error: Array
) -> bool:
    """Return whether a gradient adds up to the derivative along `direction`."""
    terms = gradient.value * direction
    tolerance = (
        VERIFICATION_AGREEMENT * np.abs(terms).sum()
        + (np.abs(cotangent) * error).sum()
        + (gradient.error * np.abs(direction)).sum()
    )
    rounding = VERIFICATION_ULPS * EPS * np.abs(cotangent * slope).sum()
    return bool(abs((cotangent * slope).sum() - terms.sum()) <= tolerance + rounding)
