"""The gradients of a loss that known mistakes would give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from ...losses.weighting import expand_weight
from ...utils.typing import Array
from .batch_mistakes import only
from .evidence import Candidate
from .mistake import Mistake, candidates_of


@dataclass(frozen=True)
class LossCase:
    """Prediction and target of a loss, weights of the examples, and the right gradient."""

    numeric: Array
    prediction: Array
    target: Array
    sample_weight: Array | None = None

    @property
    def residual(self) -> Array:
        """Prediction minus target."""
        residual: Array = self.prediction - self.target
        return residual

    @property
    def sigmoid(self) -> Array:
        """The sigmoid of the prediction, as if it were logits."""
        sigmoid: Array = 1 / (1 + np.exp(-np.clip(self.prediction, -700, 700)))
        return sigmoid

    @property
    def softmax(self) -> Array:
        """The softmax of the prediction, as if it were logits."""
        p = self.prediction
        exponentials: Array = np.exp(p - p.max(axis=-1, keepdims=True))
        exponentials /= exponentials.sum(axis=-1, keepdims=True)
        return exponentials


def _times_weights(case: LossCase) -> Array | None:
    weight = case.sample_weight
    return None if weight is None else case.numeric * expand_weight(weight, case.numeric.ndim)


def _over_weights(case: LossCase) -> Array | None:
    weight = case.sample_weight
    if weight is None or not weight.all():
        return None
    return case.numeric / expand_weight(weight, case.numeric.ndim)


LOSS_MISTAKES: tuple[Mistake[LossCase], ...] = (
    Mistake("the weights of the examples are applied twice", _times_weights),
    Mistake("the weights of the examples are missing in backward", _over_weights),
    Mistake("only the last example's gradient is there", lambda c: only(c.numeric, -1)),
    Mistake("only the first example's gradient is there", lambda c: only(c.numeric, 0)),
)
"""For every loss."""


SizedFormula = Callable[[LossCase, int], Array | None]


def _broadcast(case: LossCase, size: int, factor: float) -> Array | None:
    p, t = case.prediction, case.target
    if p.ndim != 2 or p.shape[1] != 1:
        return None
    spread: Array = factor * (p - t.T).mean(axis=1, keepdims=True) / size
    return spread


def _broadcast_sum(case: LossCase, size: int, factor: float) -> Array | None:
    mean = _broadcast(case, size, factor)
    return None if mean is None else mean * len(case.prediction)


MEAN_LOSS_MISTAKES: tuple[tuple[str, SizedFormula], ...] = (
    (
        "(p - t) / {size}: the gradient of another loss, or that with respect to the logits",
        lambda c, size: c.residual / size,
    ),
    (
        "2 (p - t) / {size}: the gradient of the squared error",
        lambda c, size: 2 * c.residual / size,
    ),
    (
        "sign(p - t) / {size}: the absolute value of the difference is missing",
        lambda c, size: np.sign(c.residual) / size,
    ),
    ("p / {size}: the target is missing", lambda c, size: 1 * c.prediction / size),
    ("2 p / {size}: the target is missing", lambda c, size: 2 * c.prediction / size),
    ("sigmoid(p) / {size}: the target is missing", lambda c, size: 1 * c.sigmoid / size),
    ("softmax(p) / {size}: the target is missing", lambda c, size: 1 * c.softmax / size),
    ("-t / {size}: the prediction is missing", lambda c, size: -c.target / size),
    (
        "(sigmoid(p) - t) / {size}: as if p were logits",
        lambda c, size: (c.sigmoid - c.target) / size,
    ),
    (
        "(softmax(p) - t) / {size}: as if p were logits, or the softmax applied twice",
        lambda c, size: (c.softmax - c.target) / size,
    ),
    (
        "(m, 1) against (m,): broadcast to (m, m), and its mean over {size}",
        lambda c, size: _broadcast(c, size, 1),
    ),
    (
        "(m, 1) against (m,): broadcast to (m, m), and its sum over {size}",
        lambda c, size: _broadcast_sum(c, size, 1),
    ),
    (
        "(m, 1) against (m,): broadcast to (m, m), and its mean over {size}",
        lambda c, size: _broadcast(c, size, 2),
    ),
    (
        "(m, 1) against (m,): broadcast to (m, m), and its sum over {size}",
        lambda c, size: _broadcast_sum(c, size, 2),
    ),
)
"""For losses that are means: "{size}" is the number of examples or that of all outputs."""


def loss_candidates(case: LossCase) -> Iterator[Candidate]:
    """Yield wrong gradients of a loss with respect to its prediction."""
    yield from candidates_of(LOSS_MISTAKES, case)
    for name, size in (("m", len(case.prediction)), ("(m k)", case.prediction.size)):
        for words, formula in MEAN_LOSS_MISTAKES:
            gradient = None
            with suppress(ValueError):  # the targets of a user's loss may have another shape
                gradient = formula(case, size)
            if gradient is not None:
                yield Candidate(words.format(size=name), gradient)
