"""Candidates: what known mistakes of a layer, a loss or a penalty would have given, to hold a wrong gradient against."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..arrays import Array
from .signatures import constant_ratio
from .workbench import Alone, LayerBench

Candidate = tuple[str, Array]
_LIMIT = 20_000  # forward calls that a diagnosis may spend on one array


def of_layer(name: str, alone: Alone, lone: LayerBench, n: Array, y: Array) -> Iterator[Candidate]:
    """Yield what mistakes in the gradient of `name` give; `n` is the right one, `y` the layer's output."""
    x, c = alone.x, alone.cotangent
    if name == "input":
        if x.shape == c.shape:
            yield from _of_activation(x, y, c, n, lone)
        yield from _of_rows(name, alone, lone)
        for w in [lone.bench.arrays((lone.number, w))["real"] for w in lone.names]:
            if w.ndim == 2 and w.shape[0] == w.shape[1] == c.shape[-1] and c.ndim == 2:
                yield "dy @ weight.T in place of dy @ weight: transposed", c @ w.T
        return
    yield from _of_rows(name, alone, lone)
    if n.ndim == 1 and c.ndim == 2:
        if len(c) == n.size:
            yield "summed over the wrong axis: over the features in place of the examples", c.sum(axis=1)
        yield "all elements equal the sum of dy over both axes", np.full(n.shape, c.sum())
        yield "the mean of dy over both axes in every element", np.full(n.shape, c.mean())
        if c.shape[1] == n.size:
            yield "the largest of dy in place of its sum over the examples", c.max(axis=0)
            yield "the sum of dy alone: a factor is left out", c.sum(axis=0)
            if x.shape == c.shape:
                yield "the sum of dy * x", (c * x).sum(axis=0)
                yield "the sum of dy * y: the output in place of the input", (c * y).sum(axis=0)
    if n.ndim == 2 and c.ndim == 2 and x.ndim == 2 and c.shape[1] == n.shape[0]:
        if y.shape[1] == n.shape[1]:
            yield "dy.T @ y: the layer's output in place of its input", c.T @ y
        if x.shape[1] == n.shape[1]:
            for words, other in (("squared", x * x), ("left out", np.ones_like(x)), ("without its sign", np.abs(x))):
                yield f"dy.T @ x with the input {words}", c.T @ other


def _of_rows(name: str, alone: Alone, lone: LayerBench) -> Iterator[Candidate]:
    """Yield what the right formula gives for a wrong incoming gradient: examples left out or out of order, dy squared."""
    c = alone.cotangent
    wrong: dict[str, Array] = {}
    for row, which in ((-1, "last"), (0, "first")):
        only = np.zeros_like(c)
        only[row] = c[row]
        wrong[f"only the {which} example is in the sum over the batch"] = only
        wrong[f"the {which} example is left out of the sum over the batch"] = c - only
    wrong["the examples of dy are in reverse order"] = c[::-1].copy()
    wrong["the examples of dy are shifted by one"] = np.roll(c, 1, axis=0)
    wrong["dy squared in place of dy"] = c * c
    wrong["the size of dy in place of dy"] = np.abs(c)
    wrong["the sign of dy in place of dy"] = np.sign(c)
    wrong["the positive part of dy in place of dy"] = np.maximum(c, 0)
    found = lone.numeric(alone.x, name, list(wrong.values()), np.random.default_rng(0), _LIMIT)
    if found is not None:
        yield from zip(wrong, (numeric.value for numeric in found), strict=True)


def _of_activation(x: Array, y: Array, c: Array, n: Array, lone: LayerBench) -> Iterator[tuple[str, Array]]:
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
    sigma = 1 / (1 + np.exp(-np.clip(y, -700, 700)))
    table: tuple[tuple[str, Array], ...] = (
        ("dx = dy * y: the output in place of the derivative", c * y),
        ("dx = dy * x: the input in place of the derivative", c * x),
        ("dx = dy * (1 - y): a term or a square of the derivative is missing", c * (1 - y)),
        ("dx = dy * (1 + y): a term of the derivative is missing", c * (1 + y)),
        ("dx = dy * y * (1 - y): only the diagonal of the derivative, or a sigmoid's", c * y * (1 - y)),
        ("dx = dy * (1 - y**2): a tanh's derivative", c * (1 - y * y)),
        ("dx = dy * x * (1 - x): the derivative's formula for outputs taken at the input", c * x * (1 - x)),
        ("dx = dy * (1 - x**2): the derivative's formula for outputs taken at the input", c * (1 - x * x)),
        ("dx = dy * s(y) * (1 - s(y)), s the sigmoid: the derivative is taken at the output", c * sigma * (1 - sigma)),
        ("the mask is taken from the incoming gradient (dy > 0) in place of the input", c * (c > 0)),
        ("the mask is inverted: dy where x <= 0", c * (x <= 0)),
        ("the mask is inverted", np.where(n == 0, c, 0.0)),
        ("dx = the derivative alone: the incoming gradient is ignored", np.divide(n, c, out=np.zeros_like(n), where=c != 0)),
        ("dx = the mask alone: the incoming gradient is ignored", (x > 0) * 1.0),
        ("dx = dy * derivative**2: the derivative is applied twice", np.divide(n * n, c, out=np.zeros_like(n), where=c != 0)),
        ("dx = dy / derivative: a division in place of a product", np.divide(c * c, n, out=np.zeros_like(n), where=n != 0)),
        ("dx without dy itself: the gradient of a skip is missing", n - c),
        ("dx with dy itself added once too often", n + c),
        ("dx = y * (dy - sum(dy * y) over the examples): the sum runs over the wrong axis", y * (c - (c * y).sum(axis=0))),
    )
    yield from table


def of_loss(n: Array, p: Array, t: Array, weight: Array | None = None) -> Iterator[Candidate]:
    """Yield what mistakes in the gradient of a loss give; `p` is what it saw, `t` the targets, `weight` those of the examples."""
    if weight is not None:
        yield "the weights of the examples are applied twice", n * weight[:, np.newaxis]
        if weight.all():
            yield "the weights of the examples are forgotten in backward", n / weight[:, np.newaxis]
    for row, which in ((-1, "last"), (0, "first")):
        only = np.zeros_like(n)
        only[row] = n[row]
        yield f"only the {which} example's gradient is there", only
    s = 1 / (1 + np.exp(-np.clip(p, -700, 700)))
    e = np.exp(p - p.max(axis=-1, keepdims=True))
    e /= e.sum(axis=-1, keepdims=True)
    for words, size in (("m", len(p)), ("(m k)", p.size)):
        yield f"(p - t) / {words}: the gradient of another loss, or that with respect to the logits", (p - t) / size
        yield f"2 (p - t) / {words}: the gradient of the squared error", 2 * (p - t) / size
        yield f"sign(p - t) / {words}: the size of the difference is lost", np.sign(p - t) / size
        yield f"p / {words}: the target is forgotten", p / size
        yield f"2 p / {words}: the target is forgotten", 2 * p / size
        yield f"-t / {words}: the prediction is forgotten", -t / size
        yield f"(sigmoid(p) - t) / {words}: as if p were logits", (s - t) / size
        yield f"(softmax(p) - t) / {words}: as if p were logits, or the softmax applied twice", (e - t) / size
        yield f"sigmoid(p) / {words}: the target is forgotten", s / size
        yield f"softmax(p) / {words}: the target is forgotten", e / size
        if p.ndim == 2 and p.shape[1] == 1:
            for factor in (1, 2):
                spread = factor * (p - t.T).mean(axis=1, keepdims=True) / size
                yield f"(m, 1) against (m,): broadcast to (m, m), and its mean over {words}", spread
                yield f"(m, 1) against (m,): broadcast to (m, m), and its sum over {words}", spread * len(p)


def of_penalty(a: Array, n: Array, values: Array) -> Iterator[Candidate]:
    """Yield the gradient itself, named, where it belongs to another penalty."""
    shapes = (
        ("the weights", values),
        ("the sign of the weights", np.sign(values)),
        ("the size of the weights", np.abs(values)),
        ("1: the sign of the weights is lost", np.ones_like(values)),
    )
    for name, array in shapes:
        r = constant_ratio(a, array)
        if r is not None and constant_ratio(n, array) is None:
            yield f"analytic = {r:.4g} x {name}, which numeric is not: the gradient of another penalty", a
