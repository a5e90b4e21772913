"""The gradients of one array of a function that known mistakes would give."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...utils.typing import Array
from ..constants import CLOSE, DIAGNOSIS_CALLS, OUTPUT_CALLS
from .activation_mistakes import ACTIVATION_MISTAKES, DROPOUT_MISTAKES, ActivationCase
from .batch_mistakes import BATCH_MISTAKES, WORDS_WITHOUT_BATCH
from .evidence import Candidate, are_close, constant_ratio
from .known_function import KnownFunction
from .linear_mistakes import (
    MATRIX_MISTAKES,
    TRANSPOSED_COLUMNS,
    TRANSPOSED_WEIGHT,
    VECTOR_MISTAKES,
    LinearCase,
)
from .mistake import candidates_of


def function_candidates(known: KnownFunction) -> Iterator[Candidate]:
    """Yield wrong gradients of an array, be it the input of a layer, a weight or a bias."""
    yield from _activation_candidates(known)
    yield from _batch_candidates(known)
    if known.dy.ndim == 2:
        yield from _transposed_weights(known)
        yield from _linear_candidates(known)


def _activation_candidates(known: KnownFunction) -> Iterator[Candidate]:
    x, y, dy, numeric = known.value, known.y, known.dy, known.numeric
    if not x.shape == y.shape == dy.shape or not known.is_input:
        return
    at_output = known.vjp([dy], np.array(y), OUTPUT_CALLS)
    slope_at_output = None
    if at_output is not None and np.isfinite(at_output[0]).all():
        slope_at_output = at_output[0]
        if constant_ratio(slope_at_output, dy) is not None:
            slope_at_output = None  # a mask that is 1 at all outputs: then it is left out
    for keep_prob in known.keep_probs if is_masked(x, y) else ():
        case = ActivationCase(x, y, dy, numeric, slope_at_output, keep_prob)
        yield from candidates_of(DROPOUT_MISTAKES, case)
    case = ActivationCase(x, y, dy, numeric, slope_at_output)
    yield from candidates_of(ACTIVATION_MISTAKES, case)


def is_masked(x: Array, y: Array) -> bool:
    """Return whether y is x times a mask, as of dropout, that does not follow the sign of x."""
    kept, dropped = (y != 0) & (x != 0), (y == 0) & (x != 0)
    if not kept.any() or not dropped.any() or np.iscomplexobj(y):
        return False
    ratios = y[kept] / x[kept]
    follows_sign = x[kept].min() >= x[dropped].max() or x[kept].max() <= x[dropped].min()
    return bool(np.allclose(ratios, ratios[0], rtol=CLOSE, atol=0)) and not follows_sign


def _batch_candidates(known: KnownFunction) -> Iterator[Candidate]:
    """Yield what the right formula gives for wrong incoming gradients."""
    if known.has_several_outputs:
        return
    wrong_gradients = [mistake(known.dy) for mistake in BATCH_MISTAKES.values()]
    gradients = known.vjp(wrong_gradients, None, DIAGNOSIS_CALLS) if known.dy.ndim else None
    for words, gradient in zip(BATCH_MISTAKES, gradients or (), strict=False):
        said = words if known.has_batch else WORDS_WITHOUT_BATCH.get(words, words)
        yield Candidate(said, gradient)


def _transposed_weights(known: KnownFunction) -> Iterator[Candidate]:
    outputs = known.dy.shape[1]
    for weight in known.weights:
        if weight.shape != (outputs, outputs):
            continue
        for words, right, wrong in (
            (TRANSPOSED_WEIGHT, weight, weight.T),
            (TRANSPOSED_COLUMNS, weight.T, weight),
        ):
            if are_close(known.dy @ right, known.numeric):
                yield Candidate(words, known.dy @ wrong)


def _linear_candidates(known: KnownFunction) -> Iterator[Candidate]:
    """Yield mistakes with a weight of one row, or one column, per output, and with a bias."""
    numeric, dy = known.numeric, known.dy
    for x in known.inputs:
        if numeric.ndim == 1:
            yield from candidates_of(VECTOR_MISTAKES, LinearCase(x, known.y, dy, numeric))
        elif numeric.ndim == 2 and x.ndim == 2 and len(x) == len(dy):
            if dy.shape[1] == numeric.shape[0]:
                yield from candidates_of(MATRIX_MISTAKES, LinearCase(x, known.y, dy, numeric))
            if dy.shape[1] == numeric.shape[1]:
                case = LinearCase(x, known.y, dy, numeric.T)
                for words, gradient in candidates_of(MATRIX_MISTAKES, case):
                    words = words.replace("dy.T @ x", "x.T @ dy").replace("dy.T @ y", "y.T @ dy")
                    yield Candidate(words, gradient.T)
