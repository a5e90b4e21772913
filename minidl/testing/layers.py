"""Layers and whole models."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt

from ..arrays import Array, door
from ..errors import ArgumentError, NonFiniteError
from ..gradcheck import Check, GradientChecker, Report
from ..gradcheck.diagnosis import explain_layer
from ..gradcheck.point import merge
from ..gradcheck.protocol import check_protocol
from ..gradcheck.rules import FLOAT64, reported
from ..gradcheck.workbench import LayerBench, Workbench, check_alone, generic_values, synthetic_input
from ..layers import Layer
from ..sequential import Sequential


def assert_gradients(model: Sequential, X: npt.ArrayLike, Y: npt.ArrayLike) -> Report:
    """Raise `GradientError`, with the report, if any gradient of the model is wrong; return the report otherwise.

    Parameters
    ----------
    model : Sequential
        It comes back as it was.
    X, Y : array_like
        A few examples.

    Raises
    ------
    GradientError
        An AssertionError, so that pytest shows it as a failure.

    Examples
    --------
    >>> from minidl import Linear, MeanSquaredError, Sequential
    >>> model = Sequential([Linear(2, 1)], loss=MeanSquaredError())
    >>> assert_gradients(model, [[1, 2], [3, 5]], [1, 2]).ok
    True
    """
    return GradientChecker(model).check(X, Y).raise_if_failed()


def check_layer(layer: Layer, X: npt.ArrayLike, *, seed: int = 0) -> Report:
    """Check the protocol and every derivative of one layer, at `X` and at a synthetic input; stochastic layers on and off.

    Parameters
    ----------
    layer : Layer
        It comes back as it was: parameters, drawn or not, random streams, attributes.
    X : array_like of shape (m, ...)
        A few examples of its input.
    seed : int, default 0
        Of the cotangents and of the synthetic input.

    Raises
    ------
    DtypeError, ShapeError, ArgumentError, NonFiniteError
        Where a check would mean nothing.

    Examples
    --------
    >>> from minidl import Dropout, Linear
    >>> X = np.random.default_rng(0).standard_normal((5, 3))
    >>> check_layer(Linear(3, 2), X).ok, check_layer(Dropout(0.8), X).ok
    (True, True)
    """
    if not isinstance(layer, Layer):
        raise ArgumentError(f"layer must be a Layer, got {layer!r}: derive it from minidl.Layer")
    x = door(X, "X", FLOAT64)
    rng = np.random.default_rng(seed)
    with Workbench([layer]) as bench, warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        y = LayerBench(bench, 0, training=False).forward(x)
        if isinstance(y, np.ndarray) and not np.isfinite(y).all():
            raise NonFiniteError(f"the output of {layer} must be finite to be checked: give an X inside of its domain")
        checks = _both_modes(bench, x, rng, protocol=True)
        with bench.moved(generic_values(bench, rng)):
            other = synthetic_input(x, rng)
            if np.isfinite(LayerBench(bench, 0, training=False).forward(other)).all():  # inside of the layer's domain
                checks = merge(checks, _both_modes(bench, other, rng, protocol=False))
    return reported(checks, f"{layer} alone, {len(x)} examples")


def _both_modes(bench: Workbench, x: Array, rng: np.random.Generator, *, protocol: bool) -> list[Check]:
    """Check as outside of training, and as while training where that differs."""
    checks: list[Check] = []
    for training in (False, True):
        lone = LayerBench(bench, 0, training=training)
        if training and not lone.differs_from_inference(x):
            continue
        if protocol:
            checks += check_protocol(lone, x, rng)
        alone = check_alone(lone, x, rng, limit=5000)
        for check in alone.checks:
            if check.verdict == "fail" and not check.diagnosis:
                explain_layer(check, alone, lone)
        checks += alone.checks
        bench.reset(bench.layers[0])
    return checks
