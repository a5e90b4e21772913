"""The functions of a course, called with what the names of their arguments stand for."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError
from ..utils.random import (
    get_global_rng_state,
    get_raw_rng_state,
    set_global_rng_state,
)

_NAMES = {
    "X": r"x|inputs?|features|(x_)?(train|assess|batch)(_x)?",
    "Y": r"y|labels?|targets?|y_?(true|train|assess|batch)|train_y",
    "parameters": r"para.*|weights|theta",
    "cache": r".*cache.*",
    "output": r"a|al|[az]\d+|y_?hat|y_?pred|outputs?|predictions?|probabilities",
}
"""What arguments are called in notebooks, in lower case; misspelt parameters are common."""


class Convention(NamedTuple):
    """How arguments are passed whose names say nothing.

    Attributes
    ----------
    order : tuple of str
        The order in which a function of the course takes its arguments.
    likeliest : tuple of str
        The arguments that it hardly can do without, first.
    """

    order: tuple[str, ...]
    likeliest: tuple[str, ...]


FORWARD = Convention(("X", "Y", "parameters"), ("parameters", "X", "Y"))
COST = Convention(("output", "Y", "parameters"), ("output", "Y", "parameters"))
BACKWARD = Convention(("X", "Y", "cache"), ("cache", "Y", "X"))


class CourseFunction:
    """A function that is called with what its arguments are named after.

    Parameters
    ----------
    function : callable
        A student's function.
    convention : Convention
        How arguments with other names are passed.
    available : iterable of str
        What can be passed: "X", "Y", "parameters", and the like.
    parameter_names : iterable of str
        The keys of the parameters, which may be arguments themselves.
    options : dict of str to object
        Other arguments by name, such as "lambd".
    seed : int
        Seed of NumPy's global generator at each call.

    Attributes
    ----------
    name : str
        The name of the function.
    roles : dict of str to str
        What each argument of the function receives.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        convention: Convention,
        available: set[str],
        parameter_names: set[str],
        options: Mapping[str, Any],
        seed: int,
    ) -> None:
        if not callable(function):
            raise ArgumentError(f"a function of the course must be callable, got {function!r}")
        self.function, self.options = function, options
        self.name = getattr(function, "__name__", repr(function))
        self.roles: dict[str, str] = {}
        self._random_state = get_raw_rng_state(np.random.RandomState(seed))
        self._parameter_names = parameter_names
        self._takes_any_name = False
        self._bind(convention, available)

    def _bind(self, convention: Convention, available: set[str]) -> None:
        unknown = []
        for argument in self._arguments(convention):
            role = self._role(argument.name, available)
            if role:
                self.roles[argument.name] = role
            elif argument.default is argument.empty:
                unknown.append(argument.name)
        unused = [
            role
            for role in convention.likeliest
            if role in available and role not in self.roles.values()
        ]
        if len(unknown) > len(unused):
            raise ArgumentError(
                f"{self.name} has arguments that the course does not know: "
                f"{', '.join(unknown)}; pass them by name, such as {unknown[-1]}=..."
            )
        chosen = sorted(unused[: len(unknown)], key=convention.order.index)
        self.roles |= dict(zip(unknown, chosen, strict=True))
        kinds = {argument.kind for argument in self._signature(convention)}
        self._takes_any_name = inspect.Parameter.VAR_KEYWORD in kinds
        if kinds and not self.roles:
            raise ArgumentError(
                f"the arguments of {self.name} must have names, got "
                f"{inspect.signature(self.function)}: write def {self.name}"
                f"({', '.join(convention.order)})"
            )
        if self._takes_any_name:
            self.roles |= {
                name: f"option {name}" for name in self.options if name not in self.roles
            }

    def _arguments(self, convention: Convention) -> list[inspect.Parameter]:
        return [
            argument
            for argument in self._signature(convention)
            if argument.kind not in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD)
        ]

    def _signature(self, convention: Convention) -> list[inspect.Parameter]:
        try:
            return list(inspect.signature(self.function).parameters.values())
        except (TypeError, ValueError):
            raise ArgumentError(
                f"{self.name} has no signature: write def f({', '.join(convention.order)})"
            ) from None

    def _role(self, name: str, available: set[str]) -> str:
        if name in self.options:
            return f"option {name}"
        if name in self._parameter_names:
            return f"parameter {name}"
        for role, pattern in _NAMES.items():
            if role in available and re.fullmatch(pattern, name.lower()):
                return role if role not in self.roles.values() else ""
        return ""

    def takes(self, role: str) -> bool:
        """Return whether an argument of the function receives what is named."""
        return role in self.roles.values()

    def named_after(self, role: str) -> list[str]:
        """Return the arguments that have a name of a role, of more than a letter, but not it."""
        return [
            name
            for name, received in self.roles.items()
            if len(name) > 1
            and received in _NAMES
            and received != role
            and re.fullmatch(_NAMES[role], name.lower())
        ]

    def __call__(self, values: Mapping[str, Any]) -> Any:
        """Call the function, with NumPy's global generator in the same state each time.

        What it changes in NumPy's treatment of floating-point errors does not stay.

        Parameters
        ----------
        values : dict of str to object
            What can be passed; the function receives copies of arrays.

        Returns
        -------
        object
            What the function returns.
        """
        arguments = {name: self._value(role, values) for name, role in self.roles.items()}
        positional = [
            arguments.pop(argument.name)
            for argument in inspect.signature(self.function).parameters.values()
            if argument.kind is argument.POSITIONAL_ONLY and argument.name in arguments
        ]
        before = get_global_rng_state()
        set_global_rng_state(self._random_state)
        try:
            with np.errstate():
                return self.function(*positional, **arguments)
        finally:
            set_global_rng_state(before)

    def _value(self, role: str, values: Mapping[str, Any]) -> Any:
        kind, _, name = role.partition(" ")
        if kind == "option":
            value = self.options[name]
        else:
            value = values["parameters"][name] if kind == "parameter" else values[role]
        return value.copy() if isinstance(value, np.ndarray) else value
