"""check_layer: one layer, without a model."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt

from ..errors import NonFiniteError
from ..gradcheck import Check, Report
from ..gradcheck.check_model import merge_checks, random_nearby_parameters
from ..gradcheck.constants import MAX_ELEMENTWISE
from ..gradcheck.context import harness_by_mode
from ..gradcheck.contract.layer_rules import check_layer_rules
from ..gradcheck.diagnosis.explain import explain_layer
from ..gradcheck.layer_harness import LayerHarness, synthetic_input
from ..gradcheck.sandbox import ModelSandbox
from ..gradcheck.stages.inner_layers import check_inner_layers, link_to_inner
from ..gradcheck.stages.layers import check_layer as check_layer_gradients
from ..layers.base import Layer
from ..utils.typing import Array
from ..utils.underflow import without_underflow
from ..utils.validation import as_sample_array, check_array, check_integers
from .arguments import check_instance


@without_underflow
def check_layer(layer: Layer, X: npt.ArrayLike, *, seed: int = 0) -> Report:
    """Check a layer alone: the rules of the layer contract and every derivative.

    It is checked at `X`, and at random parameters and inputs of many sizes. A stochastic layer is
    checked in inference and in training, with its randomness frozen.

    Parameters
    ----------
    layer : Layer
        The layer; it is restored bit for bit, also if it raises an error.
    X : array_like of shape (m, ...)
        A batch of inputs, converted to float64 unless the layer takes integers: 2 to 10 examples
        are enough.
    seed : int, default 0
        Seed of the incoming gradients and of the random points.

    Returns
    -------
    Report
        One check per rule, per parameter and for the input. Their term is "protocol" for rules
        and "layer" for derivatives.

    Raises
    ------
    ArgumentError
        If `layer` is no Layer, or if two forward passes differ, so that its randomness cannot be
        frozen.
    NonFiniteError
        If `X`, or the output for it, is not finite.
    ShapeError, DtypeError
        If `X` has no examples or contains no real numbers, or no integers for a layer that takes
        them.

    See Also
    --------
    GradientChecker : Check a whole model.

    Examples
    --------
    >>> from minidl import Dropout
    >>> check_layer(Dropout(0.8), [[0.5, -1.0], [2.0, 0.0]]).ok
    True
    """
    check_instance(Layer, layer)
    if layer.takes_integers:
        integers = as_sample_array(X, "X")
        check_integers(integers.dtype, str(layer))
        x = integers.astype(np.int64)
    else:
        x = check_array(X, "X", np.dtype(np.float64))
    rng = np.random.default_rng(seed)
    with ModelSandbox([layer]) as sandbox, warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        y = LayerHarness(sandbox, 0).forward(x)
        if isinstance(y, np.ndarray) and not np.isfinite(y).all():
            raise NonFiniteError(
                f"the output of {layer} must be finite to be checked, got NaN or infinity: "
                "pass an X inside of its domain"
            )
        checks = _check_both_modes(sandbox, x, rng, with_rules=True)
        with sandbox.perturbed(random_nearby_parameters(sandbox, rng)):
            synthetic = synthetic_input(x, rng)
            in_domain = np.isfinite(LayerHarness(sandbox, 0).forward(synthetic)).all()
            if in_domain:
                nearby = _check_both_modes(sandbox, synthetic, rng, with_rules=False)
                checks = merge_checks(checks, nearby)
        inner_checks = check_inner_layers(sandbox, 0, x, seed=seed)
        link_to_inner(checks, inner_checks)
        checks += inner_checks
    return Report.from_checks(checks, title=f"{layer} alone, {len(x)} examples")


def _check_both_modes(
    sandbox: ModelSandbox, x: Array, rng: np.random.Generator, *, with_rules: bool
) -> list[Check]:
    """Check in inference, and in training if the layer computes something else there."""
    checks: list[Check] = []
    for harness in harness_by_mode(sandbox, 0, x):
        if with_rules:
            checks += check_layer_rules(harness, x, rng)
        result = check_layer_gradients(harness, x, rng, limit=MAX_ELEMENTWISE)
        for check in result.checks:
            if check.verdict == "fail" and not check.diagnosis:
                explain_layer(check, result, result.harness)
        checks += result.checks
        sandbox.reset(harness.layer)
    return checks
