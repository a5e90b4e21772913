"""The gradients of one layer that known mistakes would give."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...utils.typing import Array
from ..constants import DIAGNOSIS_CALLS, OUTPUT_CALLS
from ..layer_harness import LayerHarness
from ..stages.layers import LayerResult
from .activation_mistakes import ACTIVATION_MISTAKES, DROPOUT_MISTAKES, ActivationCase
from .batch_mistakes import BATCH_MISTAKES
from .evidence import Candidate
from .linear_mistakes import MATRIX_MISTAKES, TRANSPOSED_WEIGHT, VECTOR_MISTAKES, LinearCase
from .mistake import candidates_of


def layer_candidates(
    name: str, result: LayerResult, harness: LayerHarness, numeric: Array, y: Array
) -> Iterator[Candidate]:
    """Yield wrong gradients of the array `name` of a layer.

    `numeric` is the right one, `y` the output of the layer.
    """
    x, dy = result.x, result.cotangent
    if name == "input" and x.shape == dy.shape:
        yield from _activation_candidates(x, y, dy, numeric, harness)
    yield from _batch_candidates(name, result, harness)
    if dy.ndim != 2:
        return
    case = LinearCase(x, y, dy, numeric)
    if name == "input":
        for weight in _weights(harness):
            if weight.ndim == 2 and weight.shape == (dy.shape[1], dy.shape[1]):
                yield Candidate(TRANSPOSED_WEIGHT, dy @ weight.T)
    elif numeric.ndim == 1:
        yield from candidates_of(VECTOR_MISTAKES, case)
    elif numeric.ndim == 2 and x.ndim == 2 and dy.shape[1] == numeric.shape[0]:
        yield from candidates_of(MATRIX_MISTAKES, case)


def _weights(harness: LayerHarness) -> list[Array]:
    return [harness.sandbox.arrays[harness.number, name]["real"] for name in harness.parameters]


def _activation_candidates(
    x: Array, y: Array, dy: Array, numeric: Array, harness: LayerHarness
) -> Iterator[Candidate]:
    at_output = harness.numeric_gradients(
        np.array(y), "input", [dy], np.random.default_rng(0), OUTPUT_CALLS
    )
    slope_at_output = None
    if at_output is not None and np.isfinite(at_output[0].value).all():
        slope_at_output = at_output[0].value
    keep_prob = getattr(harness.layer, "keep_prob", None) if harness.training else None
    case = ActivationCase(x, y, dy, numeric, slope_at_output, keep_prob)
    if keep_prob:
        yield from candidates_of(DROPOUT_MISTAKES, case)
    yield from candidates_of(ACTIVATION_MISTAKES, case)


def _batch_candidates(name: str, result: LayerResult, harness: LayerHarness) -> Iterator[Candidate]:
    """Yield what the right formula gives for wrong incoming gradients."""
    wrong_gradients = [mistake(result.cotangent) for mistake in BATCH_MISTAKES.values()]
    gradients = harness.numeric_gradients(
        result.x, name, wrong_gradients, np.random.default_rng(0), DIAGNOSIS_CALLS
    )
    if gradients is not None:
        for words, gradient in zip(BATCH_MISTAKES, gradients, strict=True):
            yield Candidate(words, gradient.value)
