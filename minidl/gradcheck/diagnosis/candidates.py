"""Wrong gradients that known mistakes give."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...utils.typing import Array
from ..constants import DIAGNOSIS_CALLS
from ..layer_harness import LayerHarness, LayerResult
from .patterns import constant_ratio

Candidate = tuple[str, Array]


def layer_candidates(
    name: str, alone: LayerResult, lone: LayerHarness, n: Array, y: Array
) -> Iterator[Candidate]:
    """Yield wrong gradients of `name`; `n` is the right one, `y` the layer's output."""
    x, c = alone.x, alone.cotangent
    if name == "input" and x.shape == c.shape:
        yield from _of_activation(x, y, c, n, lone)
    yield from _of_rows(name, alone, lone)
    if c.ndim != 2:
        return
    if name == "input":
        for w in [lone.bench.arrays((lone.number, w))["real"] for w in lone.names]:
            if w.ndim == 2 and w.shape[0] == w.shape[1] == c.shape[1]:
                yield "dy @ weight.T in place of dy @ weight: transposed", c @ w.T
    elif n.ndim == 1:
        if len(c) == n.size:
            yield (
                "summed over the wrong axis: over the features in place of the examples",
                c.sum(axis=1),
            )
        yield "all elements equal the sum of dy over both axes", np.full(n.shape, c.sum())
        yield "the mean of dy over both axes in every element", np.full(n.shape, c.mean())
        if c.shape[1] == n.size:
            yield "the largest of dy in place of its sum over the examples", c.max(axis=0)
            yield "the sum of dy alone: a factor is left out", c.sum(axis=0)
            if x.shape == c.shape:
                yield "the sum of dy * x", (c * x).sum(axis=0)
                yield "the sum of dy * y: the output in place of the input", (c * y).sum(axis=0)
    elif n.ndim == 2 and x.ndim == 2 and c.shape[1] == n.shape[0]:
        if y.shape[1] == n.shape[1]:
            yield "dy.T @ y: the layer's output in place of its input", c.T @ y
        if x.shape[1] == n.shape[1]:
            for words, other in (
                ("squared", x * x),
                ("left out", np.ones_like(x)),
                ("without its sign", np.abs(x)),
            ):
                yield f"dy.T @ x with the input {words}", c.T @ other


def _ends(array: Array) -> Iterator[Candidate]:
    for row, which in ((-1, "last"), (0, "first")):
        only = np.zeros_like(array)
        only[row] = array[row]
        yield which, only


def _of_rows(name: str, alone: LayerResult, lone: LayerHarness) -> Iterator[Candidate]:
    """Yield what the right formula gives for a wrong incoming gradient."""
    c = alone.cotangent
    wrong: dict[str, Array] = {}
    for which, only in _ends(c):
        wrong[f"only the {which} example is in the sum over the batch"] = only
        wrong[f"the {which} example is left out of the sum over the batch"] = c - only
    wrong |= {
        "the examples of dy are in reverse order": c[::-1].copy(),
        "the examples of dy are shifted by one": np.roll(c, 1, axis=0),
        "dy squared in place of dy": c * c,
        "the size of dy in place of dy": np.abs(c),
        "the sign of dy in place of dy": np.sign(c),
        "the positive part of dy in place of dy": np.maximum(c, 0),
    }
    found = lone.numeric(
        alone.x, name, list(wrong.values()), np.random.default_rng(0), DIAGNOSIS_CALLS
    )
    if found is not None:
        yield from zip(wrong, (numeric.value for numeric in found), strict=True)


def _over(a: Array, b: Array) -> Array:
    """Return a / b, 0 where b = 0."""
    found: Array = np.divide(a, b, out=np.zeros_like(a), where=b != 0)
    return found


def _of_activation(
    x: Array, y: Array, c: Array, n: Array, lone: LayerHarness
) -> Iterator[Candidate]:
    keep = getattr(lone.layer, "keep_prob", None)
    if keep and lone.training:
        yield "the mask is missing: dx = dy / keep_prob", c / keep
        yield "the mask and its scale are missing: dx = dy, as outside of training", c
        yield "the mask is scaled by 1/keep_prob twice", n / keep
        yield "the mask is inverted", np.where(n == 0, c / keep, 0.0)
        yield "the mask is inverted and unscaled", np.where(n == 0, c, 0.0)
    yield "dx = dy: the derivative of the activation is missing", c
    at_y = lone.numeric(np.array(y), "input", [c], np.random.default_rng(0), 4096)
    if at_y is not None and np.isfinite(at_y[0].value).all():
        yield "the derivative is taken at the output in place of the input", at_y[0].value
    yield "dx = dy * y: the output in place of the derivative", c * y
    yield "dx = dy * x: the input in place of the derivative", c * x
    yield "dx = dy * (1 - y): a term or a square of the derivative is missing", c * (1 - y)
    yield "dx = dy * (1 + y): a term of the derivative is missing", c * (1 + y)
    yield (
        "dx = dy * y * (1 - y): only the diagonal of the derivative, or a sigmoid's",
        c * y * (1 - y),
    )
    yield "dx = dy * (1 - y**2): a tanh's derivative", c * (1 - y * y)
    yield (
        "dx = dy * x * (1 - x): the derivative's formula for outputs taken at the input",
        c * x * (1 - x),
    )
    yield (
        "dx = dy * (1 - x**2): the derivative's formula for outputs taken at the input",
        c * (1 - x * x),
    )
    yield "the mask is taken from the incoming gradient (dy > 0) in place of the input", c * (c > 0)
    yield "the mask is inverted: dy where x <= 0", c * (x <= 0)
    yield "the mask is inverted", np.where(n == 0, c, 0.0)
    yield "dx = the derivative alone: the incoming gradient is ignored", _over(n, c)
    yield "dx = the mask alone: the incoming gradient is ignored", (x > 0) * 1.0
    yield "dx = dy * derivative**2: the derivative is applied twice", _over(n * n, c)
    yield "dx = dy / derivative: a division in place of a product", _over(c * c, n)
    yield "dx without dy itself: the gradient of a skip is missing", n - c
    yield "dx with dy itself added once too often", n + c
    yield (
        "dx = y * (dy - sum(dy * y) over the examples): the sum runs over the wrong axis",
        y * (c - (c * y).sum(axis=0)),
    )


def loss_candidates(n: Array, p: Array, t: Array, w: Array | None = None) -> Iterator[Candidate]:
    """Yield wrong gradients of a loss of the prediction `p`, with the weights `w` of the examples."""
    if w is not None:
        yield "the weights of the examples are applied twice", n * w[:, np.newaxis]
        if w.all():
            yield "the weights of the examples are forgotten in backward", n / w[:, np.newaxis]
    for which, only in _ends(n):
        yield f"only the {which} example's gradient is there", only
    s = 1 / (1 + np.exp(-np.clip(p, -700, 700)))
    e = np.exp(p - p.max(axis=-1, keepdims=True))
    e /= e.sum(axis=-1, keepdims=True)
    for words, size in (("m", len(p)), ("(m k)", p.size)):
        yield (
            f"(p - t) / {words}: the gradient of another loss, or that with respect to the logits",
            (p - t) / size,
        )
        yield f"2 (p - t) / {words}: the gradient of the squared error", 2 * (p - t) / size
        yield f"sign(p - t) / {words}: the size of the difference is lost", np.sign(p - t) / size
        for name, factor, seen in (
            ("p", 1, p),
            ("2 p", 2, p),
            ("sigmoid(p)", 1, s),
            ("softmax(p)", 1, e),
        ):
            yield f"{name} / {words}: the target is forgotten", factor * seen / size
        yield f"-t / {words}: the prediction is forgotten", -t / size
        yield f"(sigmoid(p) - t) / {words}: as if p were logits", (s - t) / size
        yield (
            f"(softmax(p) - t) / {words}: as if p were logits, or the softmax applied twice",
            (e - t) / size,
        )
        if p.ndim == 2 and p.shape[1] == 1:
            for factor in (1, 2):
                spread = factor * (p - t.T).mean(axis=1, keepdims=True) / size
                yield f"(m, 1) against (m,): broadcast to (m, m), and its mean over {words}", spread
                yield (
                    f"(m, 1) against (m,): broadcast to (m, m), and its sum over {words}",
                    spread * len(p),
                )


def penalty_candidates(a: Array, n: Array, values: Array) -> Iterator[Candidate]:
    """Yield the gradient `a` where it belongs to another penalty."""
    for name, array in (
        ("the weights", values),
        ("the sign of the weights", np.sign(values)),
        ("the size of the weights", np.abs(values)),
        ("1: the sign of the weights is lost", np.ones_like(values)),
    ):
        r = constant_ratio(a, array)
        if r is not None and constant_ratio(n, array) is None:
            yield (
                f"analytic = {r:.4g} x {name}, which numeric is not: the gradient of another penalty",
                a,
            )
