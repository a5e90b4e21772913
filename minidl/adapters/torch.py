"""PyTorch: a `torch.autograd.Function`, a module, or any function of tensors."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import ArgumentError, require_extra
from ..gradcheck.functions.pytree import map_leaves
from ..gradcheck.report.report import Report
from ..gradcheck.result import Check
from ..utils.random import check_seed
from .framework import (
    PYTHON_NUMBERS,
    arguments_of,
    as_result,
    check_pair,
    leaves_of,
    require_callable,
)

__all__ = ["check"]

_PARAMETERS = "parameters"
_AGREEMENT = {"float64": 1e-10, "float32": 1e-4}
"""Between two runs of backward that differ in what they need: some ulps of long sums."""


def check(
    function: Any,
    *inputs: Any,
    dtype: str = "float64",
    wrt: str | int | Sequence[str | int] | None = None,
    reference: Any = None,
    budget: int | None = None,
    seed: int = 0,
) -> Report:
    """Check the backward of a PyTorch function, or of a module that contains such functions.

    Needs PyTorch (extra ``torch``).

    Parameters
    ----------
    function : torch.autograd.Function class, torch.nn.Module or callable
        A Function is called by its ``apply``. A module is checked with respect to its parameters,
        too, in the mode in which it is; it is copied, and neither its dtype nor its buffers
        change. A callable takes and returns tensors.
    *inputs : object
        The arguments: tensors or arrays, also in lists, tuples and dictionaries. Floats are
        differentiated; integers, booleans and all else are passed as they are.
    dtype : {"float64", "float32"}, default "float64"
        In which precision to compute. A Function that computes in float32 inside is judged by the
        precision that is measured.
    wrt : str, int, or sequence of these, optional
        The inputs to check, by name or position; "parameters" for those of a module. By default
        all.
    reference : Function class, Module or callable, optional
        The same function as `function`, for a numeric side in float64: by it gradients of low
        precision are judged to their own rounding. May be `function` itself, with
        ``dtype="float32"``; for a module it is a module with the same parameters.
    budget : int, optional
        How many forward passes the check may take, see `minidl.check_function`.
    seed : int, default 0
        Seed of the incoming gradients and the checker, and of PyTorch's generator at each call, so
        that dropout has the same mask.

    Returns
    -------
    Report
        One check per input and parameter, and for a Function whose gradients are the same twice two
        rules: each gradient is the same when no other is needed (``ctx.needs_input_grad``), and
        when the incoming gradient lies in memory in another order or with gaps, or is expanded from
        one number as in ``y.sum().backward()``.

    Raises
    ------
    MissingDependencyError
        If PyTorch is not installed.
    ArgumentError
        If `function` or `reference` cannot be called, `dtype` is another one, or an input is a
        sparse tensor or one without data.

    See Also
    --------
    minidl.check_function : What checks it.

    References
    ----------
    PyTorch, "Extending PyTorch", https://docs.pytorch.org/docs/stable/notes/extending.html.

    Examples
    --------
    >>> import torch  # doctest: +SKIP
    >>> from minidl import adapters
    >>> class Cube(torch.autograd.Function):  # doctest: +SKIP
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x**3
    ...
    ...     @staticmethod
    ...     def backward(ctx, dy):
    ...         (x,) = ctx.saved_tensors
    ...         return 2 * x**2 * dy  # wrong: 3
    >>> adapters.torch.check(Cube, torch.randn(4)).guilty.parameter  # doctest: +SKIP
    'x'
    """
    with require_extra("torch", "torch", "minidl.adapters.torch.check"):
        import torch
    if dtype not in _AGREEMENT:
        raise ArgumentError(f'dtype must be "float64" or "float32", got {dtype!r}')
    kinds = "an autograd.Function, a module or a callable"
    require_callable(function, kinds)
    if reference is not None:
        require_callable(reference, kinds, "reference")
    options: dict[str, Any] = {"wrt": wrt, "budget": budget, "seed": seed}
    with torch.inference_mode(False), torch.enable_grad():  # whatever the caller has set
        return _check(torch, function, inputs, dtype, reference, options)


def _check(
    torch: Any,
    function: Any,
    inputs: Sequence[Any],
    dtype: str,
    reference: Any,
    options: dict[str, Any],
) -> Report:
    seed = options["seed"]
    check_seed(seed)
    calls = _Calls(torch, function, dtype, seed)
    arrays = [map_leaves(calls.as_array, each) for each in inputs]
    names = calls.names
    if calls.parameters:
        arrays = [calls.parameters, *arrays]
        names = [_PARAMETERS, *(names or [])]
    if reference is not None:
        options["reference"] = _reference(torch, reference, calls, seed)
    report = check_pair(calls.forward, calls.gradients, arrays, names, calls.title, options)
    for row in report.checks:
        row.parameter = row.parameter.removeprefix(f"{_PARAMETERS}.")
    if calls.is_function:
        rules = _Rules(calls, arrays, np.random.default_rng([seed, 3]))
        report.checks = [*rules.rows(), *report.checks]
    return report


def _reference(torch: Any, reference: Any, calls: _Calls, seed: int) -> Callable[..., Any]:
    exact = _Calls(torch, reference, "float64", seed)
    if exact.parameters.keys() != calls.parameters.keys():
        raise ArgumentError(
            f"reference must have the parameters of the module, {sorted(calls.parameters)}, "
            f"got {sorted(exact.parameters)}: pass a module of the same structure"
        )
    return exact.forward


class _Calls:
    """A function of tensors as functions of NumPy's arrays."""

    def __init__(self, torch: Any, function: Any, dtype: str, seed: int) -> None:
        self.torch, self._seed = torch, seed
        self.dtype = getattr(torch, dtype)
        self.tolerance = _AGREEMENT[dtype]
        self.parameters: dict[str, Any] = {}
        self.is_function = isinstance(function, type) and issubclass(
            function, torch.autograd.Function
        )
        self.title = getattr(function, "__name__", type(function).__name__)
        if self.is_function:
            self._call, self.names = function.apply, _names_of_function(function)
        elif isinstance(function, torch.nn.Module):
            self._module = copy.deepcopy(function).to(self.dtype)
            self._call, self.names = self._call_module, arguments_of(function.forward)
            self.parameters = {
                name: self.as_array(parameter)
                for name, parameter in function.named_parameters()
                if parameter.requires_grad
            }
        else:
            self._call, self.names = function, arguments_of(function)

    def _call_module(self, *arguments: Any) -> Any:
        tensors, rest = {}, arguments
        if self.parameters:
            tensors, *rest = arguments  # type: ignore[assignment]
        buffers = {name: buffer.clone() for name, buffer in self._module.named_buffers()}
        return self.torch.func.functional_call(self._module, {**buffers, **tensors}, tuple(rest))

    def as_array(self, leaf: Any) -> Any:
        """Return a tensor as an array."""
        if not isinstance(leaf, self.torch.Tensor):
            return leaf
        if leaf.is_meta:
            shape = tuple(leaf.shape)
            raise ArgumentError(
                f"inputs must hold numbers, got a meta tensor of shape {shape}: pass one on the CPU"
            )
        if leaf.layout is not self.torch.strided:
            kind = str(leaf.layout).removeprefix("torch.")
            raise ArgumentError(
                f"inputs must be dense tensors, got one of the layout {kind} and shape "
                f"{tuple(leaf.shape)}: pass x.to_dense(), and convert it inside the function"
            )
        tensor = leaf.detach().cpu()
        return (tensor.double() if tensor.is_floating_point() else tensor).numpy().copy()

    def as_tensor(self, leaf: Any) -> Any:
        """Return an array as a tensor, a number of NumPy as one of Python."""
        if isinstance(leaf, np.ndarray):
            tensor = self.torch.from_numpy(leaf)
            return tensor.to(self.dtype) if tensor.is_floating_point() else tensor
        return leaf.item() if isinstance(leaf, PYTHON_NUMBERS) and hasattr(leaf, "item") else leaf

    @contextmanager
    def _same_random_numbers(self) -> Iterator[None]:
        with self.torch.random.fork_rng(devices=[]):
            self.torch.manual_seed(self._seed)
            yield

    def _outputs(self, arguments: Sequence[Any]) -> list[Any]:
        with self._same_random_numbers():
            outputs = self._call(*arguments)
        return [each for each in leaves_of(outputs) if isinstance(each, self.torch.Tensor)]

    def forward(self, *arrays: Any) -> Any:
        """Return the outputs as arrays."""
        with self.torch.no_grad():
            outputs = self._outputs([map_leaves(self.as_tensor, each) for each in arrays])
        return as_result([each.numpy().copy() for each in outputs])

    def gradients(
        self,
        cotangents: Sequence[Any],
        arrays: Sequence[Any],
        needed: Callable[[int], bool] = lambda number: True,
    ) -> list[Any]:
        """Return the gradients of all tensors of floats; None for what is not `needed`.

        Parameters
        ----------
        cotangents : sequence of ndarray or Tensor
            The incoming gradients.
        arrays : sequence of object
            The inputs.
        needed : callable
            ``needed(number)``: whether the tensor of that number requires its gradient.

        Returns
        -------
        list of object
            In the structure of `arrays`.
        """
        leaves: list[Any] = []

        def require(leaf: Any) -> Any:
            tensor = self.as_tensor(leaf)
            if isinstance(tensor, self.torch.Tensor) and tensor.is_floating_point():
                leaves.append(tensor.requires_grad_(needed(len(leaves))))
                return tensor.clone()  # a function in place must not meet a leaf
            return tensor

        outputs = self._outputs([map_leaves(require, each) for each in arrays])
        pairs = [
            (y, self.as_tensor(dy))
            for y, dy in zip(outputs, cotangents, strict=True)
            if y.requires_grad and dy is not None
        ]
        found: Iterator[Any] = iter(())
        if pairs:
            found = iter(
                self.torch.autograd.grad(
                    [y for y, _ in pairs],
                    [leaf for leaf in leaves if leaf.requires_grad],
                    [dy.to(y.dtype) for y, dy in pairs],
                    allow_unused=True,
                )
            )
        in_order = iter([next(found, None) if leaf.requires_grad else None for leaf in leaves])

        def collect(leaf: Any) -> Any:
            is_float = isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f"
            gradient = next(in_order) if is_float else None
            return None if gradient is None else gradient.detach().to_dense().numpy().copy()

        return [map_leaves(collect, each) for each in arrays]


def _names_of_function(function: Any) -> list[str] | None:
    """Return the names of the inputs of a Function, whose forward may begin with ctx."""
    without_ctx = any(
        "setup_context" in vars(kind)
        for kind in function.__mro__
        if not kind.__module__.startswith("torch.")
    )
    return arguments_of(function.forward, skip=0 if without_ctx else 1)


class _Rules:
    """What a Function must obey beyond its derivatives."""

    def __init__(self, calls: _Calls, arrays: Sequence[Any], rng: np.random.Generator) -> None:
        self._calls, self._arrays = calls, arrays
        outputs = calls.forward(*arrays)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        self._cotangents = [rng.standard_normal(y.shape) for y in outputs]

    def rows(self) -> list[Check]:
        """Return a row for each rule; none if backward is not the same twice, which says more."""
        rules: Mapping[str, Callable[[], str]] = {
            "gradients alone": self._why_not_alone,
            "any memory layout": self._why_not_in_any_memory,
        }
        rows: list[Check] = []
        try:
            if not self._are_the_same(self._all(), self._all()):
                return rows
        except Exception:  # of the user's backward, which the check reports
            return rows
        for title, find_violation in rules.items():
            row = Check(None, "protocol", title, method="no derivative needed")
            try:
                row.diagnosis = find_violation()
            except Exception as error:  # of the user's backward
                row.diagnosis = f"backward raises {type(error).__name__}: {error}"
            if row.diagnosis:
                row.verdict, row.difference = "fail", 1.0
            rows.append(row)
        return rows

    def _are_the_same(self, gradients: Sequence[Any], expected: Sequence[Any]) -> bool:
        pairs = zip(gradients, expected, strict=True)
        return all(one is None or self._agree(one, other) for one, other in pairs)

    def _all(self, *options: Any) -> list[Any]:
        return leaves_of(self._calls.gradients(self._cotangents, self._arrays, *options))

    def _why_not_alone(self) -> str:
        together = [each for each in self._all() if each is not None]
        for number, gradient in enumerate(together):
            alone = self._all(lambda other, number=number: other == number)
            alone = [each for each in alone if each is not None]
            if len(alone) != 1 or not self._agree(alone[0], gradient):
                return (
                    f"gradient {number} is not the same if no other gradient is required: "
                    "look at ctx.needs_input_grad"
                )
        return ""

    def _why_not_in_any_memory(self) -> str:
        layouts = {
            "expanded from one number": _expanded,
            "transposed in memory": _transposed,
            "part of a larger tensor": _with_gaps,
        }
        for words, layout in layouts.items():
            tensors = [layout(self._calls.as_tensor(dy)) for dy in self._cotangents]
            plain = [dy.contiguous().clone() for dy in tensors]
            expected = leaves_of(self._calls.gradients(plain, self._arrays))
            try:
                gradients = leaves_of(self._calls.gradients(tensors, self._arrays))
            except RuntimeError as error:
                return f"an incoming gradient that is {words} raises: {error}"
            if not self._are_the_same(gradients, expected):
                return f"an incoming gradient that is {words} gives another gradient"
        return ""

    def _agree(self, one: Any, other: Any) -> bool:
        scale = np.abs(other).max(initial=0.0)
        return bool(np.allclose(one, other, rtol=0, atol=self._calls.tolerance * scale))


def _expanded(dy: Any) -> Any:
    return dy.flatten()[0].expand(dy.shape) if dy.numel() else dy


def _transposed(dy: Any) -> Any:
    axes = tuple(reversed(range(dy.ndim)))
    return dy.permute(axes).contiguous().permute(axes)


def _with_gaps(dy: Any) -> Any:
    return dy.unsqueeze(-1).expand(*dy.shape, 2).contiguous()[..., 0]
