"""The parameters that an object keeps, and the gradients that its backward method leaves in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ....utils.typing import Array
from .attributes import SlotAttributes, attributes_of, has_attributes
from .inputs import child_name, is_float
from .owner import InnerObject
from .returned import MISSING, descend, find_key

PARAMETERS_AND_GRADIENTS = (("params", "grads"), ("parameters", "gradients"))
"""The attributes that hold all parameters, and those of their gradients."""

_MAX_DEPTH = 8
"""How deep in containers and attributes other references to a parameter are searched for."""


class Place(NamedTuple):
    """Where an object holds an array."""

    container: Any
    key: Any

    def put(self, value: Any) -> None:
        """Put another array there."""
        self.container[self.key] = value

    def get(self) -> Any:
        """Return what is there now."""
        try:
            return self.container[self.key]
        except LookupError:
            return None


class OwnedParameter(NamedTuple):
    """A parameter of an object.

    Attributes
    ----------
    owner
        The object that has it.
    array
        The array itself.
    places
        All references to it, as in ``self.params["W"]`` and ``self.W``.
    holder, keys
        The attribute that has the gradients, and the way to the one of this array.
    """

    owner: Any
    array: Array
    places: list[Place]
    holder: str
    keys: tuple[Any, ...]


class OwnedParameters:
    """The parameters that an object keeps in attributes, a dictionary or a list.

    Attributes
    ----------
    parameters : dict of str to OwnedParameter
        The parameters by name.
    values : dict of str to ndarray
        Copies of them, in float64.
    without_gradient : list of str
        Arrays among the parameters of an object that keeps no gradients.
    arrays : list of ndarray
        All parameters, also those without gradient.
    """

    def __init__(self, objects: Sequence[InnerObject], taken: set[str]) -> None:
        """Look for parameters after a backward pass, in an object and in those inside of it.

        What forward has stored is no parameter. `taken` are names that others have.
        """
        self._root, self._taken = objects[0].itself, taken
        self.parameters: dict[str, OwnedParameter] = {}
        self._held: set[int] = set()
        for each in objects:
            self._look_in(each)
        self.without_gradient = [
            name
            for name, parameter in self.parameters.items()
            if not hasattr(parameter.owner, parameter.holder) and self._stored(parameter) is MISSING
        ]
        self.arrays = [parameter.array for parameter in self.parameters.values()]
        for name in self.without_gradient:
            del self.parameters[name]
        self.values = {
            name: parameter.array.astype(np.float64) for name, parameter in self.parameters.items()
        }

    def _look_in(self, each: InnerObject) -> None:
        for params, grads in PARAMETERS_AND_GRADIENTS:
            container = getattr(each.itself, params, None)
            if isinstance(container, Mapping | list | tuple):
                self._collect(each, container, (params, grads), ())
        attributes = attributes_of(each.itself)
        for name, array in each.before.items():
            gradient = gradient_name(attributes, name)
            if gradient and _is_parameter(array):
                if attributes.get(name) is not array:
                    attributes[name] = array  # backward put another one there
                self._add(each, "self", name, array, gradient, ())

    def _collect(
        self, each: InnerObject, container: Any, names: tuple[str, str], keys: tuple[Any, ...]
    ) -> None:
        params, grads = names
        pairs = container.items() if isinstance(container, Mapping) else enumerate(container)
        for key, value in pairs:
            path = (*keys, key)
            if isinstance(value, Mapping | list | tuple):
                self._collect(each, value, names, path)
            elif _is_parameter(value):
                name = "" if isinstance(path[0], str) else params
                for part in path:
                    name = child_name(name, part) if name else part
                self._add(each, params, name, value, grads, path)

    def _add(
        self,
        each: InnerObject,
        container: str,
        name: str,
        array: Array,
        holder: str,
        keys: tuple[Any, ...],
    ) -> None:
        if id(array) in self._held:
            return
        self._held.add(id(array))
        if each.name:
            name = each.name if _is_value(name) and not keys else f"{each.name}.{name}"
        if name in self._taken:
            name = f"{container}.{name}"
        places = self._places_of(array)
        self.parameters[name] = OwnedParameter(each.itself, array, places, holder, keys)

    def set(self, values: Mapping[str, Array]) -> None:
        """Give the object other values of its parameters; those left out get their own again.

        Real values are written into the array, so that views of it change, too; a complex array
        takes its place.
        """
        for name, parameter in self.parameters.items():
            array, new = parameter.array, values.get(name, self.values[name])
            in_place = new.dtype == array.dtype and array.flags.writeable
            if in_place:
                np.copyto(array, new)
            held = array if in_place else np.array(new)
            for place in parameter.places:
                place.put(held)

    def watch(self) -> Callable[[], list[str]]:
        """Return a function that returns the names of the parameters that have changed since."""
        before = {
            name: [(place, place.get(), np.array(place.get())) for place in parameter.places]
            for name, parameter in self.parameters.items()
        }

        def changed() -> list[str]:
            return [name for name, places in before.items() if self._have_changed(places)]

        return changed

    def _have_changed(self, places: list[tuple[Place, Any, Array]]) -> bool:
        for place, held, numbers in places:
            if not np.array_equal(place.get(), numbers, equal_nan=True):
                return True
            if place.get() is held and not self._places_of(held):
                return True  # another container has taken the place of its own
        return False

    def _places_of(self, array: Array) -> list[Place]:
        return list(_places_of(array, attributes_of(self._root), set(), _MAX_DEPTH))

    def zero_gradients(self) -> None:
        """Fill with zeros what a backward pass may add to."""
        for parameter in self.parameters.values():
            gradient = self._stored(parameter)
            if isinstance(gradient, np.ndarray) and gradient.flags.writeable:
                gradient.fill(0)

    def gradients(self) -> dict[str, Any]:
        """Return copies of the gradients after a backward pass."""
        return {
            name: np.array(stored) if isinstance(stored, np.ndarray) else stored
            for name, parameter in self.parameters.items()
            for stored in [self._stored(parameter)]
        }

    def _stored(self, parameter: OwnedParameter) -> Any:
        found = descend(getattr(parameter.owner, parameter.holder, MISSING), parameter.keys)
        if found is MISSING and parameter.keys and isinstance(parameter.keys[-1], str):
            return find_key(attributes_of(parameter.owner), parameter.keys[-1], itself=False)
        return found


_NAMES_OF_VALUES = ("data", "value", "values", "array")
_NAMES_OF_GRADIENTS = ("grad", "gradient", "_grad", "_gradient")
"""Attributes of an object that is one parameter."""


def _is_value(name: str) -> bool:
    return name.lstrip("_") in _NAMES_OF_VALUES


def _is_parameter(value: Any) -> bool:
    return isinstance(value, np.ndarray) and is_float(value) and value.size > 0


def gradient_name(attributes: Mapping[str, Any], name: str) -> str:
    """Return the name of the attribute that has the gradient of another one; "" if none has."""
    aliases = [f"d{name}", f"grad_{name}", f"d_{name}", f"{name}_grad"]
    if _is_value(name):
        aliases += _NAMES_OF_GRADIENTS
    return next((alias for alias in aliases if alias in attributes), "")


def _places_of(array: Array, container: Any, seen: set[int], depth: int) -> Iterator[Place]:
    """Yield the dictionaries and lists, of attributes too, that hold this very array."""
    if id(container) in seen or not depth:
        return
    seen.add(id(container))
    pairs: Any = ()
    if isinstance(container, dict | SlotAttributes):
        pairs = list(container.items())
    elif isinstance(container, list):
        pairs = list(enumerate(container))
    elif isinstance(container, tuple):
        for child in container:
            yield from _places_of(array, child, seen, depth - 1)
    elif has_attributes(container):
        container = attributes_of(container)
        pairs = list(container.items())
    for key, child in pairs:
        if child is array:
            yield Place(container, key)
        elif not isinstance(child, np.ndarray | str | int | float):
            yield from _places_of(array, child, seen, depth - 1)
