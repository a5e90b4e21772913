"""JAX: functions whose derivative `jax.custom_vjp` defines by hand, or any function of arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import require_extra
from ..gradcheck.functions.precision.significant_bits import significant_bits
from ..gradcheck.functions.pytree import map_leaves
from ..gradcheck.report.report import Report
from ..gradcheck.result import Check
from .framework import (
    arguments_of,
    as_result,
    check_pair,
    is_array_of_floats,
    leaves_of,
    require_callable,
)

__all__ = ["check"]

_HALF_PRECISION = 0.05
"""How far the values of two right functions may be apart: some ulps of bfloat16."""


def check(
    function: Callable[..., Any],
    *inputs: Any,
    x64: bool = True,
    wrt: str | int | Sequence[str | int] | None = None,
    reference: Callable[..., Any] | None = None,
    budget: int | None = None,
    seed: int = 0,
) -> Report:
    """Check a ``jax.custom_vjp`` function: what its ``defvjp`` defines against the function.

    Needs JAX (extra ``jax``).

    Parameters
    ----------
    function : callable
        A ``custom_vjp`` function, or any function that `jax.vjp` takes. It returns arrays, also in
        lists, tuples and dictionaries.
    *inputs : object
        Its arguments: arrays, also in lists, tuples and dictionaries. Floats are differentiated;
        integers, keys of ``jax.random``, functions, settings (``nondiff_argnums``) and all else are
        passed as they are.
    x64 : bool, default True
        Whether to compute in float64, whatever JAX is configured for. False: in float32, judged by
        the precision that is measured.
    wrt : str, int, or sequence of these, optional
        The inputs to check, by name or position; by default all.
    reference : callable, optional
        The same function as `function`, for a numeric side in float64: by it gradients of low
        precision are judged to their own rounding. May be `function` itself, with ``x64=False``.
    budget : int, optional
        How many calls of the function the check may take, see `minidl.check_function`.
    seed : int, default 0
        Seed of the incoming gradients and of the checker.

    Returns
    -------
    Report
        One check per array of the inputs. One row more fails if the function has another value
        when it is differentiated: if ``fwd`` returns something else.

    Raises
    ------
    MissingDependencyError
        If JAX is not installed.
    ArgumentError
        If `function` or `reference` cannot be called.

    See Also
    --------
    minidl.check_function : What checks it.

    References
    ----------
    JAX, "Custom derivative rules",
    https://docs.jax.dev/en/latest/notebooks/Custom_derivative_rules_for_Python_code.html.

    Examples
    --------
    >>> import jax  # doctest: +SKIP
    >>> from minidl import adapters
    >>> @jax.custom_vjp  # doctest: +SKIP
    ... def cube(x):
    ...     return x**3
    >>> cube.defvjp(lambda x: (x**3, x), lambda x, dy: (2 * x**2 * dy,))  # doctest: +SKIP
    >>> adapters.jax.check(cube, [0.5, -1.0]).guilty.parameter  # doctest: +SKIP
    'x'
    """
    with require_extra("jax", "jax", "minidl.adapters.jax.check"):
        import jax
    require_callable(function, "a custom_vjp function or a function of arrays")
    if reference is not None:
        require_callable(reference, "a function of arrays", "reference")
    calls = _Calls(jax, function, x64=x64)
    arrays = [_as_arrays(each) for each in inputs]
    name = getattr(function, "__name__", "function")
    options: dict[str, Any] = {"wrt": wrt, "budget": budget, "seed": seed}
    if reference is not None:
        options["reference"] = _Calls(jax, reference, x64=True).forward
    names = arguments_of(function)
    report = check_pair(calls.forward, calls.gradients, arrays, names, name, options)
    report.checks = [*calls.rows_of_other_values(arrays), *report.checks]
    return report


def _as_arrays(value: Any) -> Any:
    """Return arrays of JAX as arrays of NumPy, a list of numbers as one array."""
    if isinstance(value, list) and value and all(isinstance(each, float) for each in value):
        return np.array(value)

    def convert(leaf: Any) -> Any:
        is_array = hasattr(leaf, "__array__") and hasattr(leaf, "dtype")
        if not is_array or isinstance(leaf, np.ndarray | np.generic):
            return leaf
        if _is_key(leaf):
            return _Key(leaf)
        array = np.asarray(leaf)
        return array.astype(np.float64) if array.dtype.name == "bfloat16" else array

    return map_leaves(convert, value)


def _is_key(leaf: Any) -> bool:
    return str(getattr(leaf, "dtype", "")).startswith("key<")


@dataclass(frozen=True)
class _Key:
    """A key of ``jax.random``, which cannot be an array of NumPy."""

    key: Any


class _Calls:
    """A function of JAX as functions of NumPy's arrays."""

    def __init__(self, jax: Any, function: Callable[..., Any], *, x64: bool) -> None:
        self._jax, self._function, self._x64 = jax, function, x64

    def _precision(self) -> AbstractContextManager[Any]:
        enable: Any = getattr(self._jax, "enable_x64", None)
        if enable is None:  # before JAX 0.8
            enable = self._jax.experimental.enable_x64
        context: AbstractContextManager[Any] = enable(self._x64)
        return context

    def _convert(self, leaf: Any) -> Any:
        if isinstance(leaf, _Key):
            return leaf.key
        if not isinstance(leaf, np.ndarray):
            return leaf.item() if isinstance(leaf, np.generic) else leaf
        if leaf.dtype.kind == "c" and not self._x64:
            raise TypeError("complex numbers are for float64")
        return self._jax.numpy.asarray(leaf)

    def _as_numpy(self, leaf: Any) -> Any:
        return np.asarray(self._jax.random.key_data(leaf) if _is_key(leaf) else leaf)

    def forward(self, *arrays: Any) -> Any:
        """Return the outputs as arrays."""
        with self._precision():
            outputs = self._function(*(map_leaves(self._convert, each) for each in arrays))
            return as_result([self._as_numpy(each) for each in leaves_of(outputs)])

    def _vjp(self, arrays: Sequence[Any]) -> tuple[Any, Any]:
        """Return the outputs as they are under differentiation, and their VJP."""
        values = [
            self._convert(leaf) for leaf in leaves_of(list(arrays)) if is_array_of_floats(leaf)
        ]

        def of_floats(*floats: Any) -> list[Any]:
            remaining = iter(floats)

            def fill(leaf: Any) -> Any:
                return next(remaining) if is_array_of_floats(leaf) else self._convert(leaf)

            outputs = self._function(*(map_leaves(fill, each) for each in arrays))
            return [self._jax.numpy.asarray(each) for each in leaves_of(outputs)]

        outputs, vjp = self._jax.vjp(of_floats, *values)
        return outputs, vjp

    def rows_of_other_values(self, arrays: Sequence[Any]) -> list[Check]:
        """Return a failed row if the outputs are others under differentiation.

        Parameters
        ----------
        arrays : sequence of object
            The inputs.

        Returns
        -------
        list of Check
            One row or none; unresolved if half precision explains the difference.
        """
        result = self.forward(*arrays)
        outputs = result if isinstance(result, tuple) else (result,)
        try:
            with self._precision():
                differentiated = [self._as_numpy(each) for each in self._vjp(arrays)[0]]
        except Exception:  # of the user's fwd, which the check has reported
            return []
        pairs = zip(outputs, differentiated, strict=True)
        row = Check(None, "protocol", "value under differentiation", verdict="fail")
        row.difference = max((_difference(y, other) for y, other in pairs), default=0.0)
        if not row.difference:
            return []
        row.method = "no derivative needed"
        row.diagnosis = (
            f"under differentiation the function has another value, by {row.difference:.0e} of it: "
            "let fwd return what the function returns"
        )
        if row.difference <= _HALF_PRECISION:
            row.verdict = "unresolved"
            row.diagnosis += ", unless both compute in half precision inside"
        return [row]

    def gradients(self, cotangents: Sequence[Any], arrays: Sequence[Any]) -> list[Any]:
        """Return the gradients of all arrays of floats, in the structure of `arrays`."""
        with self._precision():
            outputs, vjp = self._vjp(arrays)
            pairs = zip(cotangents, outputs, strict=True)
            found = iter(vjp([self._cotangent(dy, y) for dy, y in pairs]))

            def collect(leaf: Any) -> Any:
                return np.asarray(next(found)) if is_array_of_floats(leaf) else None

            return [map_leaves(collect, each) for each in arrays]

    def _cotangent(self, dy: Any, y: Any) -> Any:
        if self._jax.numpy.issubdtype(y.dtype, self._jax.numpy.floating):
            return self._jax.numpy.asarray(dy, y.dtype)
        return np.zeros(y.shape, self._jax.dtypes.float0)  # of integers


def _difference(y: Any, other: Any) -> float:
    """Return how far two outputs differ, relative to the largest element, 0 if by rounding."""
    if y.shape != other.shape:
        return float("inf")
    if y.dtype.kind != "f" or not y.size:
        return 0.0
    if not np.isfinite(other).all():
        return float("inf")
    bits = min(significant_bits(y) or 53, significant_bits(other) or 53)
    difference = float(np.abs(other - y).max()) / (float(np.abs(y).max()) or 1.0)
    return difference if difference > 2.0 ** (-0.6 * bits) else 0.0
