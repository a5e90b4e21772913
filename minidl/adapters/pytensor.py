"""PyTensor: an Op whose derivative is written by hand (pullback, L_op or grad)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import require_extra
from ..gradcheck.report.report import Report
from .framework import arguments_of, as_arrays, as_result, check_pair, require_callable

__all__ = ["check"]


def check(
    op: Any,
    *inputs: Any,
    dtype: str = "float64",
    mode: Any = None,
    wrt: str | int | Sequence[str | int] | None = None,
    reference: Any = None,
    budget: int | None = None,
    seed: int = 0,
) -> Report:
    """Check an Op of PyTensor: its ``pullback``, ``L_op`` or ``grad`` against its ``perform``.

    Needs PyTensor (extra ``pytensor``).

    Parameters
    ----------
    op : Op or callable
        An Op, or a function of symbolic variables that returns symbolic variables.
    *inputs : object
        Values of its inputs. Arrays become symbolic variables of their shape's rank, and those of
        floats are differentiated; all else is passed to `op` as it is.
    dtype : str, default "float64"
        The dtype of the floats. In "float32" the precision is measured.
    mode : pytensor.compile.Mode or str, optional
        How to compile. By default ``perform`` runs in Python, without rewrites.
    wrt : str, int, or sequence of these, optional
        The inputs to check, by name or position; by default all.
    reference : Op or callable, optional
        The same function in higher precision, for an Op that computes in float32 or less, whatever
        `dtype` is: often the Op itself. It is compiled for float64, and needs no derivative.
    budget : int, optional
        How many calls of the function the check may take, see `minidl.check_function`.
    seed : int, default 0
        Seed of the incoming gradients and of the checker.

    Returns
    -------
    Report
        One check per input. An input that the Op calls disconnected, though an output depends on
        it, is unresolved.

    Raises
    ------
    MissingDependencyError
        If PyTensor is not installed.
    ArgumentError
        If `op` or `reference` cannot be called.

    See Also
    --------
    minidl.check_function : What checks it.

    References
    ----------
    PyTensor, "Creating a new Op",
    https://pytensor.readthedocs.io/en/latest/extending/creating_an_op.html.

    Examples
    --------
    >>> from pytensor.graph.basic import Apply  # doctest: +SKIP
    >>> from pytensor.graph.op import Op  # doctest: +SKIP
    >>> from minidl import adapters
    >>> class Cube(Op):  # doctest: +SKIP
    ...     def make_node(self, x):
    ...         return Apply(self, [x], [x.type()])
    ...
    ...     def perform(self, node, inputs, outputs):
    ...         outputs[0][0] = inputs[0] ** 3
    ...
    ...     def pullback(self, inputs, outputs, cotangents):
    ...         return [2 * inputs[0] ** 2 * cotangents[0]]  # wrong: 3
    >>> adapters.pytensor.check(Cube(), np.ones(3)).guilty.parameter  # doctest: +SKIP
    'x'
    """
    with require_extra("pytensor", "pytensor", "minidl.adapters.pytensor.check"):
        import pytensor
        import pytensor.tensor as pt
    require_callable(op, "an Op or a function of symbolic variables", "op")
    if reference is not None:
        require_callable(reference, "an Op or a function of symbolic variables", "reference")
    arrays = as_arrays(inputs)
    names = arguments_of(getattr(op, "make_node", op))
    graph = _Graph(pytensor, pt, op, arrays, names or [], dtype, mode)
    name = getattr(op, "__name__", type(op).__name__)
    options: dict[str, Any] = {"wrt": wrt, "budget": budget, "seed": seed}
    if reference is not None:
        exact = _Graph(pytensor, pt, reference, arrays, names or [], "float64", mode)
        options["reference"] = exact.forward
    return check_pair(graph.forward, graph.gradients, arrays, names, name, options)


class _Graph:
    """The graph of an Op and that of its gradients, compiled."""

    def __init__(
        self,
        pytensor: Any,
        pt: Any,
        op: Callable[..., Any],
        arrays: Sequence[Any],
        names: Sequence[str],
        dtype: str,
        mode: Any,
    ) -> None:
        if mode is None:
            mode = pytensor.compile.Mode(linker="py", optimizer=None)
        self._pytensor, self._dtype = pytensor, dtype
        self._places = [i for i, each in enumerate(arrays) if isinstance(each, np.ndarray)]
        variables = list(arrays)
        for i in self._places:
            kind = dtype if arrays[i].dtype.kind == "f" else str(arrays[i].dtype)
            name = names[i] if i < len(names) else None
            variables[i] = pt.tensor(name, dtype=kind, shape=(None,) * arrays[i].ndim)
        outputs = op(*variables)
        outputs = list(outputs) if isinstance(outputs, list | tuple) else [outputs]
        symbols = [variables[i] for i in self._places]
        self._options = {"mode": mode, "on_unused_input": "ignore"}
        self._forward = pytensor.function(symbols, outputs, **self._options)
        self._variables, self._outputs = variables, outputs
        self._floats = [i for i in self._places if arrays[i].dtype.kind == "f"]
        self._of_float = [each.type.dtype.startswith("float") for each in outputs]

    @cached_property
    def _gradients(self) -> tuple[Callable[..., Any], list[int]]:
        """The compiled gradients, and the numbers of the arrays that they belong to."""
        known = {
            y: y.type()
            for y, is_float in zip(self._outputs, self._of_float, strict=True)
            if is_float
        }
        found = self._pytensor.grad(
            None,
            [self._variables[i] for i in self._floats],
            known_grads=known,
            disconnected_inputs="ignore",
            return_disconnected="none",
        )
        connected = {
            i: each for i, each in zip(self._floats, found, strict=True) if each is not None
        }
        symbols = [*(self._variables[i] for i in self._places), *known.values()]
        function = self._pytensor.function(symbols, [*connected.values()], **self._options)
        return function, list(connected)

    def _values(self, arrays: Sequence[Any]) -> list[Any]:
        return [self._cast(arrays[i]) for i in self._places]

    def _cast(self, array: Any) -> Any:
        if array.dtype.kind == "c":
            raise TypeError(f"the graph is compiled for {self._dtype}")
        return array.astype(self._dtype) if array.dtype.kind == "f" else array

    def forward(self, *arrays: Any) -> Any:
        """Return the outputs."""
        return as_result([np.array(each) for each in self._forward(*self._values(arrays))])

    def gradients(self, cotangents: Sequence[Any], arrays: Sequence[Any]) -> list[Any]:
        """Return the gradients, None where the graph is disconnected."""
        incoming = [
            self._cast(np.asarray(dy))
            for dy, is_float in zip(cotangents, self._of_float, strict=True)
            if is_float
        ]
        function, connected = self._gradients
        found = function(*self._values(arrays), *incoming)
        result: list[Any] = [None] * len(arrays)
        for i, gradient in zip(connected, found, strict=True):
            result[i] = np.array(gradient)
        return result
