"""How the inputs of a case are drawn: functions of a generator of random numbers."""

import numpy as np


def normal(*shape):
    """Standard normal numbers; a plain shape in a case means the same."""
    return lambda rng: rng.standard_normal(shape)


def uniform(low, high, *shape):
    return lambda rng: rng.uniform(low, high, shape)


def positive(*shape):
    return uniform(0.5, 2.0, *shape)


def probability(*shape):
    return uniform(0.1, 0.9, *shape)


def integers(high, *shape):
    return lambda rng: rng.integers(0, high, shape)


def bits(*shape):
    """Zeros and ones, never all of one kind."""

    def draw(rng):
        array = (rng.random(shape) < 0.5).astype(np.int64)
        array.flat[0], array.flat[-1] = 0, 1
        return array

    return draw


def distribution(*shape):
    """Positive numbers that sum to one along the last axis."""

    def draw(rng):
        array = rng.uniform(0.5, 2.0, shape)
        return array / array.sum(axis=-1, keepdims=True)

    return draw


def symmetric_positive(n):
    """A symmetric matrix with eigenvalues of about 1 to 3."""

    def draw(rng):
        matrix = rng.standard_normal((n, n)) / np.sqrt(n)
        return matrix @ matrix.T + np.eye(n)

    return draw


def invertible(n):
    return lambda rng: rng.standard_normal((n, n)) / np.sqrt(n) + 2 * np.eye(n)


def as_draw(spec):
    """Turn a shape, or a length, into the draw of normal numbers."""
    if callable(spec):
        return spec
    return normal(*((spec,) if isinstance(spec, int) else spec))
