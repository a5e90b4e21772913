"""One planted bug of a known size in the gradient of a random function."""

from dataclasses import dataclass

import numpy as np

LEAST = {"float64": 1e-8, "float32": 1e-2, "float16": 5e-2, "bfloat16": 5e-2}
KINDS = ["factor", "row", "element", "sign", "noise", "dropped term", "all arrays"]


@dataclass
class FunctionBug:
    """A wrong gradient, what is wrong with it, and by how much.

    Attributes
    ----------
    sizes : dict of str to float
        The relative error, to the norm of the array, that was planted in each wrong array.
    """

    gradients: object
    kind: str
    sizes: dict

    def __str__(self):
        return f"{self.kind} " + ", ".join(f"{k} {v:.1e}" for k, v in self.sizes.items())


def plant(function, least=None):
    """Return a bug in the gradient of a `RandomFunction`, the same for the same function.

    It is at least ten times as large as what rounding does to the gradient.
    """
    rng = np.random.default_rng([function.seed, 99])
    right = _as_dict(function.gradients(function.parameters))
    least = max(LEAST[function.precision] if least is None else least, 10 * function.spoiled())
    if not np.isfinite(least):
        return None  # the gradient is zero, to within rounding
    kinds = list(rng.permutation(KINDS))
    for kind in kinds:
        name = str(rng.choice(list(right)))
        size = float(10 ** rng.uniform(np.log10(least), max(0.3, np.log10(least))))
        gradients = _MAKERS[kind](function, right, name, size, rng)
        if gradients is None:
            continue
        wrong = _as_dict(gradients(function.parameters))
        sizes = {
            name: float(np.linalg.norm(wrong[name] - right[name]) / np.linalg.norm(right[name]))
            for name in right
        }
        sizes = {name: size for name, size in sizes.items() if size > 0}
        if sizes and max(sizes.values()) >= 0.99 * least:
            return FunctionBug(gradients, kind, sizes)
    return None


def _as_dict(gradients):
    gradients = gradients if isinstance(gradients, dict) else {"a": gradients}
    return {name: np.asarray(gradient, float) for name, gradient in gradients.items()}


def _changed(function, name, change):
    """Return gradients whose array of that name is changed."""

    def gradients(parameters):
        right = function.gradients(parameters)
        if not isinstance(right, dict):
            return change(right).astype(right.dtype)
        return right | {name: change(right[name]).astype(right[name].dtype)}

    return gradients


def _factor(function, right, name, size, rng):
    sign = -1 if size < 0.9 and rng.random() < 0.5 else 1
    return _changed(function, name, lambda g: g * (1 + sign * size))


def _row(function, right, name, size, rng):
    norms = np.abs(right[name]).reshape(len(right[name]), -1)
    norms = np.sqrt((norms**2).sum(axis=1))
    row = int(norms.argmax()) if rng.random() < 0.5 else int(rng.integers(len(norms)))
    if not norms[row] > 1e-3 * np.linalg.norm(norms):
        return None
    factor = 1 + size * np.linalg.norm(norms) / norms[row]

    def change(g):
        g = g.copy()
        g[row] *= factor
        return g

    return _changed(function, name, change)


def _element(function, right, name, size, rng):
    index = int(rng.integers(right[name].size))
    offset = size * np.linalg.norm(right[name]) * rng.choice([-1, 1])
    return _added(function, name, np.eye(1, right[name].size, index)[0] * offset, right)


def _noise(function, right, name, size, rng):
    noise = rng.standard_normal(right[name].size)
    offset = noise * (size * np.linalg.norm(right[name]) / np.linalg.norm(noise))
    return _added(function, name, offset, right)


def _added(function, name, offset, right):
    return _changed(function, name, lambda g: g + offset.reshape(right[name].shape))


def _sign(function, right, name, size, rng):
    gradient = np.abs(right[name]).ravel()
    large = np.flatnonzero(gradient * 2 > size * np.linalg.norm(gradient))
    if not large.size:
        return None
    index = int(rng.choice(large))

    def change(g):
        g = g.copy()
        g.reshape(-1)[index] *= -1
        return g

    return _changed(function, name, change)


def _dropped(function, right, name, size, rng):
    term = int(rng.integers(function.terms()))
    return lambda parameters: function.gradients(parameters, dropped=term)


def _all(function, right, name, size, rng):
    def gradients(parameters):
        right = function.gradients(parameters)
        if not isinstance(right, dict):
            return (right * (1 + size)).astype(right.dtype)
        return {name: (g * (1 + size)).astype(g.dtype) for name, g in right.items()}

    return gradients


_MAKERS = {
    "factor": _factor,
    "row": _row,
    "element": _element,
    "sign": _sign,
    "noise": _noise,
    "dropped term": _dropped,
    "all arrays": _all,
}
