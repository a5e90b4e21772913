"""The inputs of a function: the arrays that are differentiated, and what is passed through."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ....errors import ArgumentError, DtypeError, NonFiniteError
from ....utils.masked import check_not_masked
from ....utils.typing import Array
from ..nesting import check_nesting
from .captured import CapturedInputs

Wrt = str | int | Sequence[str | int] | None
Keys = tuple[Any, ...]


class Leaf(NamedTuple):
    """One array to be differentiated.

    Attributes
    ----------
    position
        The number of the input that it is, or is in.
    keys
        The way to it inside of that input: keys of dictionaries, indices of lists.
    dtype
        The dtype in which it was given.
    is_scalar
        Whether it was given as a number.
    """

    position: int
    keys: Keys
    dtype: np.dtype[Any]
    is_scalar: bool


class FunctionInputs:
    """The inputs of a function, in the order of its arguments.

    Floating-point arrays and numbers are differentiated, also those in dictionaries, lists and
    tuples that contain no other numbers and no settings. All else is passed through: integers,
    booleans, strings, None, settings, random generators.

    Attributes
    ----------
    names : list of str
        The name of each input, from the signature of the function.
    leaves : dict of str to Leaf
        What may be differentiated, by name.
    values : dict of str to ndarray
        Its values, in float64.
    set_aside : dict of str to str
        Inputs that contain numbers but are not differentiated, and why.
    numbers : dict of str to float
        The numbers among the inputs and in settings, of which a wrong factor may be one.
    keeps_dtypes : bool
        Whether arrays are passed in the dtypes in which they were given, instead of in float64.
    """

    def __init__(self, forward: Callable[..., Any], inputs: Sequence[Any], wrt: Wrt = None) -> None:
        self.names = input_names(forward, len(inputs))
        self.leaves: dict[str, Leaf] = {}
        self.values: dict[str, Array] = {}
        self.set_aside: dict[str, str] = {}
        self.numbers: dict[str, float] = {}
        self.keeps_dtypes = False
        self.wrt = self._selected(wrt)
        self._inputs = list(inputs)
        for position, (name, value) in enumerate(zip(self.names, inputs, strict=True)):
            check_nesting(value, name)
            self.numbers |= _numbers_in(value, name)
            asked = self.wrt is not None and name in self.wrt
            reason = why_set_aside(value, asked=asked)
            if reason:
                self._refuse_or_set_aside(name, reason, asked=asked)
            else:
                self._collect(value, name, position, ())

    def _selected(self, wrt: Wrt) -> set[str] | None:
        if wrt is None:
            return None
        asked: Any = [wrt] if _is_name_or_position(wrt) else wrt
        if not (isinstance(asked, Collection) and all(map(_is_name_or_position, asked))):
            raise ArgumentError(f"wrt must be names or positions of inputs, got {wrt!r}")
        if not asked:
            raise ArgumentError(
                f"wrt must name at least one input, got {wrt!r}: leave it out to check all of them"
            )
        n, names = len(self.names), set[str]()
        for each in asked:
            if isinstance(each, str):
                names.add(each)
            elif -n <= each < n:
                names.add(self.names[each])
            else:
                raise ArgumentError(
                    f"wrt must name inputs, got {each} for {n} inputs: use 0 to n-1"
                )
        return names

    def _refuse_or_set_aside(self, name: str, reason: str, *, asked: bool) -> None:
        if asked:
            cure = ": pass it as floats, by astype(float)" if "integer" in reason else ""
            raise DtypeError(f"wrt must name arrays of real floats, but {name} {reason}{cure}")
        if reason != SETTING:
            self.set_aside[name] = reason

    def _collect(self, value: Any, name: str, position: int, keys: Keys) -> None:
        if isinstance(value, Mapping) or is_sequence_of_arrays(value):
            pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
            for key, child in pairs:
                self._collect(child, child_name(name, key), position, (*keys, key))
        elif not why_set_aside(value, asked=False):
            check_not_masked(value, name)
            array = np.asarray(value)
            dtype = array.dtype if is_float(array) else np.dtype(np.float64)
            is_scalar = isinstance(value, float | int | np.generic)
            self.leaves[name] = Leaf(position, keys, dtype, is_scalar)
            self.values[name] = array.astype(np.float64)

    def is_selected(self, name: str) -> bool:
        """Return whether `wrt` asks for the array of that name, or for the input that it is in."""
        if self.wrt is None:
            return True
        leaf = self.leaves.get(name)
        return name in self.wrt or (leaf is not None and self.names[leaf.position] in self.wrt)

    def captured_by(self, function: Callable[..., Any]) -> CapturedInputs:
        """Return the inputs that a function reads from a closure or a global."""
        return CapturedInputs(function, self.names, self._inputs)

    def arguments(self, values: Mapping[str, Array], *, double: bool = False) -> list[Any]:
        """Return new arguments: arrays from `values`, copies of all else that can be modified.

        `double` is for a function that takes float64 in any case.
        """
        by_place = {}
        for name, leaf in self.leaves.items():
            array = values.get(name, self.values[name])
            if self.keeps_dtypes and not double and array.dtype.kind != "c":
                array = array.astype(leaf.dtype)
            by_place[leaf.position, leaf.keys] = array[()] if leaf.is_scalar else array.copy()
        return [_rebuild(value, (i, ()), by_place) for i, value in enumerate(self._inputs)]

    def arrays_in(self, arguments: Sequence[Any]) -> dict[str, Array]:
        """Return the differentiated arrays in arguments that `arguments` has made, by name."""
        found = {}
        for name, leaf in self.leaves.items():
            value = arguments[leaf.position]
            for key in leaf.keys:
                value = value[key]
            found[name] = np.asarray(value)
        return found


def _is_name_or_position(value: Any) -> bool:
    return isinstance(value, str | int | np.integer) and not isinstance(value, bool)


SETTING = "is a setting"


def why_set_aside(value: Any, *, asked: bool) -> str:
    """Return why an input is not differentiated, "" if it is.

    Parameters
    ----------
    value : object
        The input.
    asked : bool
        Whether the user asked for its gradient: then numbers among settings count, too.

    Returns
    -------
    str
        `SETTING` if it is none that contains an array, else words that follow its name.
    """
    if isinstance(value, bool | np.bool_ | str | bytes) or value is None:
        return SETTING
    if isinstance(value, int | float | complex | np.generic | np.ndarray):
        return _why_array_set_aside(np.asarray(value))
    if isinstance(value, Mapping):
        return _why_container_set_aside(list(value.values()), asked=asked)
    if isinstance(value, list | tuple):
        if is_sequence_of_arrays(value):
            return _why_container_set_aside(value, asked=asked)
        if isinstance(value, list) or asked:
            return "" if _is_list_of_floats(value) else SETTING
    return SETTING


def _why_array_set_aside(array: Array) -> str:
    if array.dtype.kind in "iub":
        return f"contains {'booleans' if array.dtype.kind == 'b' else 'integers'}"
    if array.dtype.kind == "c":
        return "contains complex numbers: pass its real and its imaginary part"
    if not is_float(array):
        return SETTING
    if not array.size:
        return "is empty"
    if np.isinf(array.astype(np.float64)).any():
        return "contains infinities"
    return ""


def _why_container_set_aside(children: Sequence[Any], *, asked: bool) -> str:
    arrays = [child for child in children if not why_set_aside(child, asked=asked)]
    if not arrays:
        return SETTING
    others = [child for child in children if isinstance(child, str | float | bool | int)]
    return "contains settings" if others and not asked else ""


def _numbers_in(value: Any, name: str) -> dict[str, float]:
    if isinstance(value, bool):
        return {}
    if isinstance(value, int | float | np.floating | np.integer):
        return {name: float(value)}
    found: dict[str, float] = {}
    if isinstance(value, Mapping):
        for key, child in value.items():
            found |= _numbers_in(child, child_name(name, key))
    return found


def is_sequence_of_arrays(value: Any) -> bool:
    """Return whether a list or tuple contains arrays or containers of arrays."""
    return isinstance(value, list | tuple) and any(
        isinstance(child, np.ndarray | Mapping) or is_sequence_of_arrays(child) for child in value
    )


def _is_list_of_floats(value: Any) -> bool:
    try:
        array = np.asarray(value)
    except ValueError:
        return False
    return is_float(array) and array.size > 0


def is_float(array: Array) -> bool:
    """Return whether an array contains real floats, also those of another package: bfloat16."""
    return array.dtype.kind == "f" or array.dtype.name.startswith(("bfloat", "float"))


def input_names(forward: Callable[..., Any], count: int) -> list[str]:
    """Return the names of the first `count` arguments of a function."""
    try:
        parameters = list(inspect.signature(forward).parameters.values())
    except (TypeError, ValueError):  # of some functions written in C
        parameters = []
    names = [
        each.name
        for each in parameters
        if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
    ][:count]
    rest = count - len(names)
    variable = next((each.name for each in parameters if each.kind == each.VAR_POSITIONAL), "input")
    if rest == count == 1:
        return [variable]
    return names + [f"{variable}[{i}]" for i in range(rest)]


def check_finite_inputs(values: Mapping[str, Array]) -> None:
    """Raise `NonFiniteError` if an array is not finite."""
    for name, array in values.items():
        if not np.isfinite(array).all():
            raise NonFiniteError(f"inputs must be finite to be checked, got NaN in {name}")


def child_name(name: str, key: Any) -> str:
    """Return the name of what is in a container: "params.W" or "params[0]"."""
    return f"{name}.{key}" if isinstance(key, str) else f"{name}[{key!r}]"


def _rebuild(value: Any, place: tuple[int, Keys], by_place: Mapping[Any, Any]) -> Any:
    if place in by_place:
        return by_place[place]
    position, keys = place
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, np.random.Generator | np.random.RandomState):
        return copy.deepcopy(value)
    if isinstance(value, dict):
        rebuilt = copy.copy(value)
        for key, child in value.items():
            rebuilt[key] = _rebuild(child, (position, (*keys, key)), by_place)
        return rebuilt
    if isinstance(value, list | tuple):
        children = [
            _rebuild(child, (position, (*keys, i)), by_place) for i, child in enumerate(value)
        ]
        if hasattr(value, "_make"):  # a named tuple
            return value._make(children)
        return tuple(children) if isinstance(value, tuple) else children
    return value
