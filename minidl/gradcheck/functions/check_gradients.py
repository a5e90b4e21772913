"""check_gradients: check the gradient of any scalar function of arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..report.report import Report
from .precision.double_twin import DoubleCopies, DoubleSides, DoubleTwin
from .run_check import run_check


def check_gradients(
    cost: Callable[[Any], Any],
    gradients: Any,
    parameters: Any,
    *,
    method: str = "auto",
    epsilon: float | None = None,
    reference: Callable[[Any], Any] | None = None,
    budget: int | None = None,
    seed: int = 0,
) -> Report:
    """Check the gradient of a scalar function of arrays.

    Each element of the gradient is compared with a numeric derivative, within error bars that
    come from the measured rounding error of both. No framework is needed.

    Parameters
    ----------
    cost : callable
        ``cost(parameters)`` returns one number. It is called with copies of the parameters; for
        the complex step these are complex128.
    gradients : callable or structure of arrays
        Either ``gradients(parameters)``, which returns the gradients in the structure of
        `parameters` and is always called after ``cost(parameters)`` at the same point; or these
        gradients themselves. Prefer the callable: its rounding error can be measured.
    parameters : array_like, or dict, list or tuple of array_like, possibly nested
        The point at which to check: arrays of real floats, of any shape. They are not modified.
    method : {"auto", "complex", "central"}, default "auto"
        How the numeric derivatives are computed. "auto": by the complex step, or by extrapolated
        central differences if the cost cannot compute with complex numbers. "complex": by the
        complex step, or not at all. "central": by plain central differences, as courses teach it.
    epsilon : float, optional
        The step of ``method="central"``, 1e-7 by default; the other methods ignore it.
    reference : callable, optional
        The same cost in higher precision, with the same constants, for gradients in bfloat16 or
        float16: they are then judged by their own rounding alone. `gradients` still follows
        `cost`.
    budget : int, optional
        About how many calls of `cost` the numeric derivatives may take: by default 5,000, or
        fewer, down to 100, for more than 20,000 elements. Arrays are computed element by element
        as far as it reaches, small ones first; the others are probed along random directions that
        cover every element. No clock decides, so that a seed gives the same report anywhere.
        Without it, ``method="central"`` computes every element of any array.
    seed : int, default 0
        Seed of the random directions and of the noise that reveals rounding errors.

    Returns
    -------
    Report
        One check per array, the relative error of the whole gradient, and for each failure the
        worst element and the mistake that it looks like.

    Raises
    ------
    DtypeError
        If parameters or gradients are not real numbers.
    ShapeError
        If `cost` does not return one number, or the gradients have another structure than the
        parameters. Where only some are missing, or have other shapes, these are failed checks.
    NonFiniteError
        If the parameters, or the cost at or around them, are not finite.
    ArgumentError
        If `method`, `epsilon`, `budget` or `seed` is invalid, if `cost` returns two different
        numbers for the same parameters, or if ``method="complex"`` cannot be used for this cost.

    See Also
    --------
    check_function : Check a forward function against its backward function.
    GradientChecker : Check a model, layer by layer.
    minidl.testing.check_layer : Check one layer.

    References
    ----------
    Squire and Trapp, "Using Complex Variables to Estimate Derivatives of Real Functions", SIAM
    Review 40 (1998).

    Examples
    --------
    >>> import numpy as np
    >>> parameters = {"W": np.array([[1.0, 2.0]]), "b": np.array([3.0])}
    >>> cost = lambda p: (p["W"] ** 2).sum() + np.sin(p["b"]).sum()
    >>> gradients = lambda p: {"W": 2 * p["W"], "b": -np.cos(p["b"])}  # wrong: the minus
    >>> [check.parameter for check in check_gradients(cost, gradients, parameters).failures]
    ['b']
    """
    options: dict[str, Any] = {"budget": budget, "seed": seed}
    return run_check(
        cost,
        gradients,
        parameters,
        method=method,
        epsilon=epsilon,
        reference=reference,
        twin=_twin(reference or cost, gradients, parameters, options),
        **options,
    )


def _twin(
    cost: Callable[[Any], Any], gradients: Any, parameters: Any, options: dict[str, Any]
) -> DoubleTwin | None:
    """Return the same check in float64."""
    if not callable(gradients):
        return None

    def build() -> DoubleSides:
        copies = DoubleCopies()
        own_cost, own_gradients = copies.of(cost), copies.of(gradients)

        def after_cost(values: Any) -> Any:
            own_cost(values)
            return own_gradients(values)

        return DoubleSides(
            own_cost, after_cost, lambda: run_check(own_cost, own_gradients, parameters, **options)
        )

    return DoubleTwin(build)
