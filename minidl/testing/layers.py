"""check_layer: one layer, without a model."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, MinidlError, NonFiniteError
from ..gradcheck import Check, Report
from ..gradcheck.check_model import merge_checks, random_nearby_parameters
from ..gradcheck.constants import MAX_ELEMENTWISE
from ..gradcheck.context import harness_by_mode
from ..gradcheck.contract.layer_rules import check_layer_rules
from ..gradcheck.layer_harness import LayerHarness, synthetic_input
from ..gradcheck.sandbox import ModelSandbox
from ..gradcheck.stages.contract import check_rules_of_zeros
from ..gradcheck.stages.failed_layer import explain_failed_layer
from ..gradcheck.stages.inner_layers import check_inner_layers, link_to_inner
from ..gradcheck.stages.layers import LayerResult
from ..gradcheck.stages.layers import check_layer as check_layer_gradients
from ..layers.base import Layer
from ..utils.random import check_seed
from ..utils.typing import Array
from ..utils.underflow import without_underflow
from ..utils.validation import as_sample_array, check_array, check_integers
from .arguments import check_instance


@without_underflow
def check_layer(
    layer: Layer, X: npt.ArrayLike, *, training: bool | None = None, seed: int = 0
) -> Report:
    """Check a layer alone: the rules of the layer contract and every derivative.

    It is checked at `X`, and at random parameters and inputs of many sizes. A stochastic layer is
    checked in inference and in training, with its randomness frozen.

    Parameters
    ----------
    layer : Layer
        The layer; it is restored bit for bit, also if it raises an error.
    X : array_like of shape (m, ...)
        A batch of inputs, converted to float64 unless the layer takes integers: 2 to 10 examples
        are enough. Integers also stay what they are if the layer refuses floats.
    training : bool, optional
        The mode to check: True for training alone, as for a layer whose backward exists only there;
        False for inference alone. By default both, if the layer computes something else in
        training.
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
        If `layer` is no Layer, `training` is no bool, `seed` is no such integer, or if two forward
        passes differ, so that the randomness of the layer cannot be frozen.
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
    if training is not None and not isinstance(training, bool | np.bool_):
        raise ArgumentError(f"training must be True, False or None for both, got {training!r}")
    check_seed(seed)
    x, notes = _prepare_input(layer, X, training=bool(training))
    rng = np.random.default_rng(seed)
    # What the sandbox finds, it also restores in between.
    declared = _takes_integers(layer) if notes else nullcontext()
    with declared, ModelSandbox([layer]) as sandbox, warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        harness = LayerHarness(sandbox, 0, training=bool(training))
        y = harness.forward(x)
        if isinstance(y, np.ndarray) and not np.isfinite(y).all():
            raise NonFiniteError(
                f"the output of {layer} must be finite to be checked, got NaN or infinity: "
                "pass an X inside of its domain"
            )
        checks, results = _check_modes(sandbox, x, rng, training, with_rules=True)
        with sandbox.perturbed(random_nearby_parameters(sandbox, rng)):
            checks = merge_checks(checks, check_rules_of_zeros(results))
            synthetic = synthetic_input(x, rng)
            if np.isfinite(harness.forward(synthetic)).all():
                nearby, _ = _check_modes(sandbox, synthetic, rng, training, with_rules=False)
                checks = merge_checks(checks, nearby)
        inner_checks = check_inner_layers(sandbox, 0, x, seed=seed, training=training)
        link_to_inner(checks, inner_checks)
        checks += inner_checks
    report = Report.from_checks(checks, title=f"{layer} alone, {len(x)} examples")
    report.notes += notes
    return report


@contextmanager
def _takes_integers(layer: Layer) -> Iterator[None]:
    attributes = vars(layer)
    before = dict(attributes)
    attributes["takes_integers"] = True
    try:
        yield
    finally:
        del attributes["takes_integers"]
        if "takes_integers" in before:
            attributes["takes_integers"] = before["takes_integers"]


def _prepare_input(layer: Layer, X: npt.ArrayLike, *, training: bool) -> tuple[Array, list[str]]:
    """Return the input in the dtype that the layer takes, and a note if it does not declare it."""
    if layer.takes_integers:
        integers = as_sample_array(X, "X")
        check_integers(integers.dtype, str(layer))
        return integers.astype(np.int64), []
    x = check_array(X, "X", np.dtype(np.float64))
    given = np.asarray(X)
    if given.dtype.kind not in "iu":
        return x, []
    integers = given.astype(np.int64)
    with ModelSandbox([layer]) as sandbox:
        harness = LayerHarness(sandbox, 0, training=training)
        try:
            harness.forward(x.copy())
        except (IndexError, TypeError):
            try:
                harness.forward(integers.copy())
            except Exception:
                return x, []  # whose error is the one to show
            return integers, [
                f"{layer} refuses floats: X stayed integers; takes_integers = True declares it, "
                "so that models pass them, too"
            ]
    return x, []


def _check_modes(
    sandbox: ModelSandbox,
    x: Array,
    rng: np.random.Generator,
    training: bool | None,
    *,
    with_rules: bool,
) -> tuple[list[Check], list[LayerResult]]:
    """Check in one mode, or in both if the layer computes something else in training.

    An error that it raises in one of two modes is a row.
    """
    checks: list[Check] = []
    results: list[LayerResult] = []
    errors: list[tuple[LayerHarness, Exception]] = []
    works = False
    for harness in harness_by_mode(sandbox, 0, x, training):
        try:
            checks += check_layer_rules(harness, x, rng) if with_rules else []
            result = check_layer_gradients(harness, x, rng, limit=MAX_ELEMENTWISE)
            explain_failed_layer(result, result.harness)
            checks += result.checks
            results.append(result)
            works = True
        except MinidlError:
            raise
        except Exception as error:
            errors.append((harness, error))
        sandbox.reset(harness.layer)
    if errors and not works:
        raise errors[0][1]
    if with_rules:  # at a random point, too, it would say the same
        checks += [_raised(harness, error) for harness, error in errors]
    return checks, results


def _raised(harness: LayerHarness, error: Exception) -> Check:
    """Return the row of a layer that raises an error, where `forward` has worked before."""
    check = Check(0, "protocol", "backward", training=harness.training)
    check.component, check.method = str(harness.layer), "no derivative needed"
    check.verdict, check.difference = "fail", 1.0
    check.diagnosis = f"it raises {type(error).__name__}: {error}"
    if not harness.training:
        check.diagnosis += "; pass training=True if backward exists in training only"
    return check
