"""What the rules of a layer are tested on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...utils.typing import Array
from ..constants import OTHER_INPUT_FACTORS, OTHER_INPUT_NOISE, SAME_ELEMENT, SAME_RUN
from ..layer_harness import LayerHarness

GradientsByName = dict[str, Array]


@dataclass(frozen=True)
class LayerRun:
    """A layer with two inputs and two cotangents, and what a first run gave.

    Attributes
    ----------
    harness
        The layer.
    rng
        Draws the noise of a comparison.
    x, other_x
        Two inputs of the same shape.
    y, repeated_y
        The outputs of two calls of `forward(x)`, before any `backward`.
    cotangent, other_cotangent
        Two incoming gradients.
    gradients
        Those of `x` and `cotangent`.
    """

    harness: LayerHarness
    rng: np.random.Generator
    x: Array
    other_x: Array
    y: Array
    repeated_y: Array
    cotangent: Array
    other_cotangent: Array
    gradients: GradientsByName

    @classmethod
    def of(cls, harness: LayerHarness, x: Array, rng: np.random.Generator) -> LayerRun:
        """Run a layer at `x`; draw the rest."""
        if x.dtype.kind in "iu":
            other_x = rng.permutation(x.ravel()).reshape(x.shape)
        else:
            factors = rng.uniform(*OTHER_INPUT_FACTORS, x.shape)
            other_x = x * factors + OTHER_INPUT_NOISE * rng.standard_normal(x.shape)
        y, repeated_y = harness.fresh_output(x), harness.fresh_output(x)
        cotangent, other_cotangent = (rng.standard_normal(y.shape) for _ in range(2))
        gradients = harness.fresh_gradients(x, cotangent)
        return cls(harness, rng, x, other_x, y, repeated_y, cotangent, other_cotangent, gradients)


def first_difference(
    gradients: GradientsByName, expected: GradientsByName, factor: float = 1.0
) -> str:
    """Return the name of the first gradient that differs, or "" if none does.

    Gradients that are not finite in the same elements do not differ there.
    """
    for name, gradient in expected.items():
        if name not in gradients or gradients[name].shape != gradient.shape:
            return name
        scale = np.abs(gradient).max(initial=0.0) * factor
        with np.errstate(all="ignore"):
            tolerance = SAME_RUN * scale + SAME_ELEMENT * np.abs(gradient)
            same = np.all(np.abs(gradients[name] - gradient) <= tolerance)
        undefined = np.isnan(gradient)
        both_undefined = undefined.any() and np.array_equal(undefined, np.isnan(gradients[name]))
        if not same and not both_undefined:
            return name
    return ""
