"""An array that records what is computed from it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ....utils.typing import Array
from ..limits import TAPE_NODES
from .node import Node, NotTraceable, Operation

_OWN_FOLDERS = (str(Path(np.__file__).parent), str(Path(__file__).parent))
_PLAIN_RESULTS = "biuSUO"
_ELEMENTWISE = (np.where, np.clip)


class Slot:
    """The place of an array among the arguments of an operation."""

    def __init__(self, number: int) -> None:
        self.number = number


class Tape:
    """All operations in the order of the computation."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def input(self, name: str, value: Array) -> Traced:
        """Return an array to compute with."""
        return Traced(self, self._add(Node(0, name, lambda values: value, [], value)))

    def apply(self, name: str, function: Any, args: Any, kwargs: Any) -> Any:
        """Return the result of a function of recorded arrays."""
        kwargs = {key: value for key, value in kwargs.items() if not _is_precision(key, value)}
        parents: list[Node] = []
        positions: list[int] = []
        places = []
        for position, argument in enumerate((*args, kwargs)):
            places.append(self._with_slots(argument, parents))
            positions += [position] * (len(parents) - len(positions))

        def operation(values: Any) -> Any:
            *filled, options = (_filled(place, values) for place in places)
            return function(*filled, **options)

        result = operation([parent.value for parent in parents])
        if not isinstance(result, tuple | list):
            node = Node(0, name, operation, parents, result, positions)
            is_ufunc = isinstance(function, np.ufunc) and function.signature is None
            node.is_elementwise = is_ufunc or function in _ELEMENTWISE
            return self._result(node)
        parts = [
            Node(0, name, _part(operation, i), parents, each, positions)
            for i, each in enumerate(result)
        ]
        return type(result)([self._result(part) for part in parts])

    def _result(self, node: Node) -> Any:
        if not isinstance(node.value, np.ndarray | np.generic | float):
            return node.value
        value = np.asarray(node.value)
        if value.dtype.kind in _PLAIN_RESULTS:
            return value
        if value.dtype.kind != "f":
            raise NotTraceable(f"{node.name} gives {value.dtype}")
        return Traced(self, self._add(node))

    def _add(self, node: Node) -> Node:
        if len(self.nodes) >= TAPE_NODES:
            raise NotTraceable(f"more than {TAPE_NODES} operations")
        node.number, node.site = len(self.nodes), _call_site()
        node.value = np.array(node.value, float)
        self.nodes.append(node)
        return node

    def _with_slots(self, argument: Any, parents: list[Node]) -> Any:
        """Return an argument with a slot for each array, whose node is added to `parents`."""
        if isinstance(argument, dict):
            return {key: self._with_slots(value, parents) for key, value in argument.items()}
        if isinstance(argument, list | tuple):
            return type(argument)([self._with_slots(each, parents) for each in argument])
        if isinstance(argument, np.ndarray) and argument.dtype.kind == "f":
            value = argument.copy()
            parents.append(self._add(Node(0, "a constant array", lambda values: value, [], value)))
        elif isinstance(argument, Traced):
            parents.append(argument.node)
        else:
            return argument
        return Slot(len(parents) - 1)


class Traced(NDArrayOperatorsMixin):
    """An array on a tape. It is no ndarray, so that nothing is computed from it unseen."""

    __array_priority__ = 1000

    def __init__(self, tape: Tape, node: Node) -> None:
        self.tape, self.node = tape, node

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None)
        if method == "at" and isinstance(inputs[0], Traced):
            changed = self.tape.apply(f"{ufunc.__name__}.at", _at(ufunc), inputs, kwargs)
            inputs[0].node = changed.node
            return None
        if method == "at" or (out is not None and not all(isinstance(o, Traced) for o in out)):
            raise NotTraceable(f"{ufunc.__name__} writes into an array")
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        result = self.tape.apply(name, function, inputs, kwargs)
        if out is None:
            return result
        if not isinstance(result, Traced):
            raise NotTraceable(f"{name} writes into a recorded array")
        out[0].node = result.node
        return out[0]

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return self.tape.apply(function.__name__, function, args, kwargs)

    def __array__(self, *_: Any, **__: Any) -> Array:
        raise NotTraceable("the array is converted")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        attribute = getattr(self.node.value, name)
        if callable(attribute):
            return lambda *args, **kwargs: self.tape.apply(
                name, lambda x, *a, **k: getattr(x, name)(*a, **k), (self, *args), kwargs
            )
        if isinstance(attribute, np.ndarray):
            return self.tape.apply(name, lambda x: getattr(x, name), (self,), {})
        return attribute

    def copy(self, *_: Any) -> Traced:
        """Return an array that can be written into alone."""
        return Traced(self.tape, self.node)

    def astype(self, dtype: Any, *_: Any, **__: Any) -> Any:
        """Return the array itself for another precision: the tape is in float64."""
        is_float = np.dtype(dtype).kind == "f"
        return self.copy() if is_float else self.node.value.astype(dtype)

    def __getitem__(self, key: Any) -> Any:
        return self.tape.apply("indexing", lambda x, k: x[k], (self, key), {})

    def __setitem__(self, key: Any, value: Any) -> None:
        self.node = self.tape.apply("writing", _written, (self, key, value), {}).node

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self.node.value)))

    def __len__(self) -> int:
        return len(self.node.value)

    def __bool__(self) -> bool:
        return bool(self.node.value)


def _is_precision(option: str, value: Any) -> bool:
    """Return whether an option of a function asks for a precision: the tape is in float64."""
    return option == "dtype" and value is not None and np.dtype(value).kind == "f"


def _part(operation: Operation, number: int) -> Operation:
    """Return one of several results of an operation."""
    return lambda values: operation(values)[number]


def _written(x: Any, key: Any, value: Any) -> Any:
    """Return a copy with x[key] = value."""
    x = np.array(x, np.result_type(x, value))
    x[key] = value
    return x


def _at(ufunc: np.ufunc) -> Any:
    """Return the function that does to a copy what ufunc.at does."""

    def at(x: Any, key: Any, *values: Any) -> Any:
        x = np.array(x, np.result_type(x, *values))
        ufunc.at(x, key, *values)
        return x

    return at


def _call_site() -> tuple[str, int, int]:
    """Return where the user's code is: file, line and place in the line."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename.startswith(_OWN_FOLDERS):
        frame = frame.f_back
    if frame is None:
        return ("", 0, 0)
    return (frame.f_code.co_filename, frame.f_lineno, frame.f_lasti)


def _filled(argument: Any, values: Any) -> Any:
    """Return arguments with values in the slots."""
    if isinstance(argument, Slot):
        return values[argument.number]
    if isinstance(argument, dict):
        return {key: _filled(value, values) for key, value in argument.items()}
    if isinstance(argument, list | tuple):
        return type(argument)([_filled(each, values) for each in argument])
    return argument
