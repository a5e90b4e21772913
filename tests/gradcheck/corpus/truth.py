"""The gradients of a case by differences of this file's own, independent of the checker."""

import numpy as np

from .forms import convert

STEP = 2e-4
# An eighth-order central difference: its error is of the order of STEP**8.
WEIGHTS = {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}


def is_float(array):
    return np.asarray(array).dtype.kind == "f"


def outputs(case, forward, inputs):
    """Return the outputs as a tuple, without the cache."""
    result = forward(*inputs)
    if case.kind == "cache":
        result = result[0]
    return result if isinstance(result, tuple) else (result,)


def cotangents(case, inputs, seed=0):
    """Return what flows back in: one array per output, bare if there is one output."""
    rng = np.random.default_rng([seed, 1])
    drawn = tuple(
        np.asarray(rng.standard_normal(np.shape(y)))
        for y in outputs(case, forward_of(case), list(inputs.values()))
    )
    return drawn if len(drawn) > 1 else drawn[0]


def forward_of(case):
    if case.kind != "object":
        return case.forward

    def forward(x, *params):
        layer = case.backward()
        for name, value in zip(layer.params, params, strict=True):
            layer.params[name][...] = value
        return layer.forward(x)

    return forward


def analytic(case, backward, inputs, dy):
    """Return the gradients that `backward` gives, by the name of the input."""
    values = [np.array(value) for value in inputs.values()]
    dy = convert(dy, np.copy)
    if case.kind == "object":
        layer = backward()
        for name, value in zip(layer.params, values[1:], strict=True):
            layer.params[name][...] = value
        layer.forward(values[0])
        grads = (layer.backward(dy), *(layer.grads[name] for name in layer.params))
    elif case.kind == "cost":
        grads = backward(*values)
    elif case.kind == "cache":
        grads = backward(dy, case.forward(*values)[1])
    else:
        grads = backward(dy, *values)
    if not isinstance(grads, tuple):
        grads = (grads,)
    pairs = zip(inputs.items(), grads, strict=True)
    return {name: grad for (name, value), grad in pairs if is_float(value)}


def numeric(case, inputs, dy):
    """Return the gradients by central differences, by the name of the input."""
    dys = dy if isinstance(dy, tuple) else (dy,)
    values = {name: np.array(value) for name, value in inputs.items()}
    forward = forward_of(case)

    def cost():
        ys = outputs(case, forward, [np.array(value) for value in values.values()])
        if case.kind == "cost":
            return float(ys[0])
        return sum(float((d * y).sum()) for d, y in zip(dys, ys, strict=True))

    gradients = {}
    for name, value in values.items():
        if not is_float(value):
            continue
        gradient = np.zeros(value.shape)
        for index in np.ndindex(value.shape):
            center, slope = value[index], 0.0
            step = STEP * max(1.0, abs(center)) if abs(center) > 1e-2 else STEP
            for k, weight in WEIGHTS.items():
                value[index] = center + k * step
                above = cost()
                value[index] = center - k * step
                slope += weight * (above - cost()) / step
            value[index] = center
            gradient[index] = slope
        gradients[name] = gradient
    return gradients


def relative_sizes(wrong, right):
    """Return how wrong each array is, relative to the norm of the right one."""
    sizes = {}
    for name, gradient in right.items():
        if wrong[name] is None or np.shape(wrong[name]) != np.shape(gradient):
            sizes[name] = np.inf
            continue
        norm = np.linalg.norm(gradient)
        gap = np.linalg.norm(np.asarray(wrong[name], dtype=float) - gradient)
        sizes[name] = gap / norm if norm else (np.inf if gap else 0.0)
    return sizes
