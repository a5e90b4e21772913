"""Parameters, the arrays that a model learns, and the one vector that contains all of them."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .errors import ArgumentError, ShapeError
from .escaping import escaped
from .trained_parameters import TrainedParameters
from .utils.foreign_words import explain_arguments
from .utils.given_class import cure_for_class
from .utils.masked import check_not_masked
from .utils.random import RandomGenerator
from .utils.typing import Array
from .utils.vector_identity import VectorIdentity

__all__ = ["Parameter", "ParameterVector"]

InitFunction: TypeAlias = Callable[..., None]  # init(out, fan_in=..., rng=...) fills `out`
ParameterMemory: TypeAlias = tuple[Array, Array]  # (value, grad)


@explain_arguments("__init__")
class Parameter:
    """An array that a layer learns, `value`, with its gradient, `grad`, of the same shape.

    What is assigned to either is copied into its memory.

    Parameters
    ----------
    shape : tuple of int
        The shape, each >= 1.
    init : Initializer or callable
        Fills the initial value, such as `He()`. It is called when the value is first needed: by
        the model, with its random generator, or else with one of seed 0 and in float32.
    fan_in : int, optional
        The number of inputs that feed one output, which `He` and `Xavier` need.
    fan_out : int, optional
        The number of outputs that one input feeds, which `XavierUniform` needs. By default the
        product of all lengths but the last: right for weights (out, in) and kernels
        (out, height, width, in). None for a vector.
    penalized : bool, optional
        Whether penalties such as `L2` act on it. By default they act on matrices (weights) and on
        arrays of more axes, but not on vectors (biases).

    Attributes
    ----------
    size : int
        The number of elements.
    in_model : bool, default False
        Whether a model contains the parameter. The model sets it; a copy is in no model.

    Raises
    ------
    ArgumentError
        If `shape` has anything but integers >= 1.

    See Also
    --------
    Layer : Collects its parameters from its attributes.

    Examples
    --------
    >>> from minidl import Ones, Parameter
    >>> gain = Parameter((3,), init=Ones())
    >>> gain.value
    array([1., 1., 1.], dtype=float32)
    >>> gain.value = [1.0, 2.0, 3.0]
    >>> gain.value
    array([1., 2., 3.], dtype=float32)
    """

    in_model = False

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        init: InitFunction,
        fan_in: int | None = None,
        fan_out: int | None = None,
        penalized: bool | None = None,
    ) -> None:
        self.shape = check_shape_and_init("Parameter", shape, init)
        self.size = math.prod(self.shape)
        self.init = init
        self.fan_in = fan_in
        if fan_out is None and len(self.shape) >= 2:
            fan_out = math.prod(self.shape[:-1])
        self.fan_out = fan_out
        self.penalized = len(self.shape) >= 2 if penalized is None else penalized
        self._value: Array | None = None  # both None until the value is drawn or set
        self._grad: Array | None = None

    @property
    def value(self) -> Array:
        """The array itself, of `shape`; drawn from seed 0 if it has no value yet."""
        if self._value is None:
            return self._initialized_memory()[0]
        return self._value

    @value.setter
    def value(self, new: npt.ArrayLike) -> None:
        copy_into(self.value, new, "a Parameter's value")

    @property
    def grad(self) -> Array:
        """The gradient, of `shape`; NaN before the first `backward`."""
        if self._grad is None:
            return self._initialized_memory()[1]
        return self._grad

    @grad.setter
    def grad(self, new: npt.ArrayLike) -> None:
        copy_into(self.grad, new, "a Parameter's gradient")

    @property
    def memory(self) -> ParameterMemory | None:
        """The arrays (value, grad), or None if no value was drawn or set yet.

        Assigning replaces both arrays without copying anything: the gradient checker so lends
        substitute memory and gives the model's own back. To move the contents to other memory,
        use `bind`.
        """
        if self._value is None or self._grad is None:
            return None
        return self._value, self._grad

    @memory.setter
    def memory(self, new: ParameterMemory | None) -> None:
        self._value, self._grad = (None, None) if new is None else new

    @property
    def has_value(self) -> bool:
        """Whether the value was drawn or set already."""
        return self._value is not None

    def initialize(
        self, rng: RandomGenerator | None = None, dtype: np.dtype[Any] | None = None
    ) -> None:
        """Draw the value anew, in place.

        Parameters
        ----------
        rng : numpy.random.Generator or numpy.random.RandomState, optional
            The random generator, by default a new one of seed 0.
        dtype : numpy.dtype, optional
            The dtype if there is no value yet, by default float32.
        """
        if self._value is None:
            self._value = np.full(self.shape, np.nan, dtype or np.float32)
            self._grad = np.full_like(self._value, np.nan)
        generator = np.random.default_rng(0) if rng is None else rng
        fans = {"fan_in": self.fan_in}
        if getattr(self.init, "uses_fan_out", False):
            fans["fan_out"] = self.fan_out
        self.init(self._value, **fans, rng=generator)

    def bind(self, value: Array, grad: Array) -> None:
        """Move the value and the gradient to other memory.

        Parameters
        ----------
        value : ndarray of shape `shape`
            The new memory of the value. The present value, if there is one, is copied into it.
        grad : ndarray of shape `shape`
            The new memory of the gradient, likewise.
        """
        memory = self.memory
        if memory is not None:
            value[...], grad[...] = memory
        self.memory = value, grad

    def _initialized_memory(self) -> ParameterMemory:
        self.initialize()
        assert self._value is not None
        assert self._grad is not None
        return self._value, self._grad

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        twin = memo[id(self)] = object.__new__(type(self))
        vars(twin).update(
            (name, copy.deepcopy(value, memo))
            for name, value in vars(self).items()
            if name != "in_model"  # a copy is in no model
        )
        return twin

    def __copy__(self) -> Parameter:
        return copy.deepcopy(self)  # with its own memory

    def __getstate__(self) -> dict[str, Any]:
        # In a pickle, the gradient would take as much as the value; the next step computes it.
        state = {name: item for name, item in vars(self).items() if name != "in_model"}
        return {
            **state,
            "_value": None if self._value is None else self._value.copy(),
            "_grad": None,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if self._value is not None:
            self._grad = np.full_like(self._value, np.nan)

    def __repr__(self) -> str:
        return f"Parameter({self.shape}, init={self.init})"


class ParameterVector:
    """All parameters of a model as one vector, of which they are views.

    The parameters are in the order of the layers, within a layer weight before bias, and each in
    row-major (C) order. Iteration yields (name, Parameter).

    Parameters
    ----------
    named_parameters : sequence of (str, Parameter)
        The parameters with their names, such as ("0.weight", parameter), in the order of the
        vector. Their memory moves into the vector.
    dtype : numpy.dtype
        The dtype of the vector.
    rng : numpy.random.Generator or numpy.random.RandomState
        Draws the values that do not exist yet.

    Attributes
    ----------
    size : int
        The number of elements of the vector, P.
    identity : VectorIdentity
        Stands for `theta` in an optimizer that is copied together with the model.
    last_trained : TrainedParameters or None
        What the last training has moved; None before the first one.

    Examples
    --------
    >>> from minidl import Linear, MeanSquaredError, Sequential
    >>> model = Sequential([Linear(2, 1)], loss=MeanSquaredError())
    >>> model.parameters
    ParameterVector(3 float32: 0.weight (1, 2), 0.bias (1,))
    >>> model.parameters.theta = [1.0, 2.0, 3.0]
    >>> model.parameters["0.weight"].value
    array([[1., 2.]], dtype=float32)
    """

    def __init__(
        self,
        named_parameters: Sequence[tuple[str, Parameter]],
        dtype: np.dtype[Any],
        rng: RandomGenerator,
    ) -> None:
        self._parameters = dict(named_parameters)
        self.size = sum(parameter.size for parameter in self._parameters.values())
        self._theta = np.full(self.size, np.nan, dtype)
        self._grad = np.full(self.size, np.nan, dtype)
        self.identity = VectorIdentity(self._theta)
        self.last_trained: TrainedParameters | None = None
        self._read_only_theta: Array | None = None
        start = 0
        for parameter in self._parameters.values():
            elements = slice(start, start + parameter.size)
            needs_value = not parameter.has_value
            parameter.bind(
                self._theta[elements].reshape(parameter.shape),
                self._grad[elements].reshape(parameter.shape),
            )
            if needs_value:
                parameter.initialize(rng)
            start = elements.stop

    @property
    def theta(self) -> Array:
        """The values, of shape (P,). What is assigned is copied into it.

        While a training is running this is a read-only view.
        """
        return self._theta if self._read_only_theta is None else self._read_only_theta

    @theta.setter
    def theta(self, new: npt.ArrayLike) -> None:
        if self._read_only_theta is not None:
            raise ArgumentError(_READ_ONLY.format(name="theta"))
        copy_into(self._theta, new, "theta")

    def make_read_only(self, read_only: bool) -> None:
        """Refuse to change the values, or allow it again.

        Parameters
        ----------
        read_only : bool
            Whether what `theta` and each `value` return can only be read. Where `theta` was
            fetched before, that array can still be written to: so the optimizer does it.
        """
        self._read_only_theta = None
        if read_only:
            self._read_only_theta = self._theta.view()
            self._read_only_theta.flags.writeable = False
        for parameter in self._parameters.values():
            parameter.value.flags.writeable = not read_only

    @property
    def grad(self) -> Array:
        """The gradient of the last backward pass, of shape (P,)."""
        return self._grad

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of `theta` and `grad`."""
        return np.dtype(self._theta.dtype)

    def trained(self, is_trained: Sequence[bool]) -> TrainedParameters:
        """Return the part of the vector that a training moves.

        Parameters
        ----------
        is_trained : sequence of bool
            Whether each parameter is trained, in their order.

        Returns
        -------
        TrainedParameters
            The same object as long as the same parameters are trained.
        """
        last = self.last_trained
        if last is None or last.is_trained != (is_trained := tuple(is_trained)):
            last = self.last_trained = TrainedParameters(self, is_trained)
        return last

    @property
    def identities(self) -> tuple[Any, ...]:
        """What stands for the vector, and for its part that was trained last, in optimizers."""
        last = self.last_trained
        return self.identity, *((last.is_trained, last.identity) if last is not None else ())

    def take_over(self, identities: tuple[Any, ...]) -> None:
        """Take the identities of the vector that this one is a copy of.

        Parameters
        ----------
        identities : tuple
            What was copied of `identities`, which an optimizer may have, too.
        """
        self.identity, *part = identities
        self.identity.attach(self._theta)
        if part:
            is_trained, identity = part
            self.trained(is_trained).take_over(identity)

    def locate(self, index: int) -> tuple[str, tuple[int, ...]]:
        """Return the parameter that contains an element of the vector, and the position in it.

        Parameters
        ----------
        index : int
            The element's position in the vector, in [0, P).

        Returns
        -------
        name : str
            The name of the parameter, such as "0.bias".
        position : tuple of int
            The index of the element in the parameter's array, such as (1,).

        Raises
        ------
        ArgumentError
            If there is no such element.
        """
        offset = index
        for name, parameter in self:
            if 0 <= offset < parameter.size:
                return name, tuple(int(i) for i in np.unravel_index(offset, parameter.shape))
            offset -= parameter.size
        raise ArgumentError(f"index must be in [0, {self.size}), got {index}")

    def __getitem__(self, name: str) -> Parameter:
        if name not in self._parameters:
            names = ", ".join(self._parameters)
            raise ArgumentError(f"no parameter is named {name!r}: there are {names}")
        return self._parameters[name]

    def __iter__(self) -> Iterator[tuple[str, Parameter]]:
        return iter(self._parameters.items())

    def __len__(self) -> int:
        return len(self._parameters)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {parameter.shape}" for name, parameter in self)
        return escaped(f"ParameterVector({self.size} {self.dtype}: {shapes})")


_READ_ONLY = (
    "{name} must not be changed while a training of the model is running: write into it before or "
    "after fit, or in a callback's on_train_begin or on_train_end"
)


def check_shape_and_init(kind: str, shape: Any, init: object) -> tuple[int, ...]:
    """Return the shape of a `Parameter` or `Buffer` as a tuple of integers.

    Parameters
    ----------
    kind : str
        "Parameter" or "Buffer", for the messages.
    shape : tuple of int
        The shape that the user passed.
    init : Initializer or callable
        The initializer that the user passed.

    Returns
    -------
    tuple of int
        The shape.

    Raises
    ------
    ArgumentError
        If `shape` has anything but integers >= 1, or `init` cannot be called to fill an array.
    """
    if isinstance(shape, int | np.integer):
        raise ArgumentError(f"a {kind}'s shape must be a tuple, got {shape}: write ({shape},)")
    if not all(isinstance(n, int | np.integer) and n >= 1 for n in shape):
        raise ArgumentError(f"a {kind}'s shape must be integers >= 1, got {shape}")
    if isinstance(init, type) or not callable(init):
        raise ArgumentError(
            f"a {kind}'s init must fill an array, got {init!r}{cure_for_class(init)}"
        )
    return tuple(int(n) for n in shape)


def copy_into(array: Array, new: npt.ArrayLike, name: str) -> None:
    """Copy values of the same shape into an array, or raise `ShapeError`."""
    check_not_masked(new, name)
    if np.shape(new) != array.shape:
        cure = ""
        if np.ndim(new) == 0:
            cure = f"; to set all elements, pass np.full({array.shape}, {new!r})"
        raise ShapeError(
            f"{name} has shape {array.shape}, got {np.shape(new)}: it is never broadcast{cure}"
        )
    if not array.flags.writeable:
        raise ArgumentError(_READ_ONLY.format(name=name))
    array[...] = new
