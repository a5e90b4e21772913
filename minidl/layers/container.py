"""The base class of layers that consist of other layers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

from ..errors import ArgumentError, LayerReuseError, ShapeError
from ..utils.typing import Array
from .base import Layer, Shape, UnknownRank, first_class_with

_MAX_EXTRA_AXES = 3

# run(name, layer, value): computes the step of one inner layer, given its input.
ForwardStep: TypeAlias = Callable[[str, Layer, Array], Array]
BackwardStep: TypeAlias = Callable[[str, Layer, Array], Any]
ShapeStep: TypeAlias = Callable[[str, Layer, Shape | None], Shape | None]


class InnerShapeError(ShapeError):
    """A `ShapeError` of an inner layer, which names the layer by its path.

    Parameters
    ----------
    path : str
        The path of the layer, such as "body.0"; each container around it adds its own name.
    problem : str
        The layer and what it expects.
    before : (str, Layer), optional
        The path of the layer that the input came from, and this layer.
    """

    def __init__(self, path: str, problem: str, before: tuple[str, Layer] | None = None) -> None:
        super().__init__(path, problem, before)
        self.path = path
        self.problem = problem
        self.before = before

    def inside(self, name: str) -> InnerShapeError:
        """Return the error as seen from one level further out."""
        before = self.before and (f"{name}.{self.before[0]}", self.before[1])
        return InnerShapeError(f"{name}.{self.path}", self.problem, before)

    def after(self, before: tuple[str, Layer] | None) -> InnerShapeError:
        """Return the error with the place that the input came from, unless it is known."""
        return InnerShapeError(self.path, self.problem, self.before or before)

    def __str__(self) -> str:
        origin = f" from layer {self.before[0]}, {self.before[1]}" if self.before else ""
        return f"layer {self.path}, {self.problem}{origin}"


class Container(Layer):
    """Base of the layers that consist of other layers.

    A subclass defines how values flow through its inner layers, in three methods that take a
    function `run`. The passes of training, `summary`, `explain` and `StopOnNonFinite` differ only
    in what they pass as `run`, so that what they show is what is computed.
    """

    @abstractmethod
    def forward_through(self, x: Array, run: ForwardStep) -> Array:
        """Compute the output, given a function that computes the output of one inner layer.

        Parameters
        ----------
        x : ndarray of shape (m, ...)
            The input.
        run : callable
            ``run(name, layer, x)`` returns the output of an inner layer; `name` is that of
            `named_children`.

        Returns
        -------
        ndarray of shape (m, ...)
            The output.
        """

    def receivers(self) -> Iterator[tuple[str, Layer]]:
        """Iterate over the inner layers that receive the input itself.

        `Sequential.fit` asks them whether they take the integers of X. By default none are known; a
        subclass with a `forward_through` of its own does not inherit others.

        Yields
        ------
        name : str
            The name of the inner layer, as in `named_children`.
        layer : Layer
            The inner layer.
        """
        yield from ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = min(first_class_with(name, cls) for name in ("forward", "forward_through"))
        if own < first_class_with("receivers", cls):
            cls.receivers = Container.receivers  # type: ignore[method-assign]

    @abstractmethod
    def backward_through(self, dy: Array, run: BackwardStep) -> Any:
        """Compute the gradient of the input, given a function for that of one inner layer.

        Parameters
        ----------
        dy : ndarray of the shape of the last output
            The gradient with respect to the output.
        run : callable
            ``run(name, layer, dy)`` returns the gradient of the input of an inner layer.

        Returns
        -------
        ndarray of the shape of the last input, or None
            The gradient dx; None if an inner layer gives none, as for integers.
        """

    @abstractmethod
    def shape_through(self, shape: Shape | None, run: ShapeStep) -> Shape | None:
        """Compute the output's shape, given a function that computes that of one inner layer.

        Parameters
        ----------
        shape : tuple of int or None
            The shape of one example of the input.
        run : callable
            ``run(name, layer, shape)`` returns the output shape of an inner layer.

        Returns
        -------
        tuple of int or None
            The shape of one example of the output.
        """

    def forward(self, x: Array, *, training: bool = False) -> Array:
        outputs = self.workspace  # the arrays belong to the inner layers, and are no state

        def run(name: str, layer: Layer, x: Array) -> Array:
            y = outputs[name] = layer.forward(x, training=training)
            return y

        return self.forward_through(x, run)

    def backward(self, dy: Array) -> Any:
        return self.backward_through(dy, _run_backward)

    def output_shape(self, shape: Shape | None) -> Shape | None:
        return self.shape_through(shape, inner_shape)

    def inner_outputs(self) -> Iterator[tuple[str, Layer, Array]]:
        """Iterate over what the inner layers gave in the last `forward`.

        Yields
        ------
        name : str
            The name of the inner layer, as in `named_children`.
        layer : Layer
            The inner layer.
        output : ndarray
            Its output, which belongs to it.
        """
        for name, layer in self.named_children():
            output = self.workspace.get(name)
            if output is not None:
                yield name, layer, output


def integer_checkers(path: str, layer: Layer) -> Iterator[tuple[str, Layer]]:
    """Iterate over the layers that check integers which a layer is given.

    Parameters
    ----------
    path : str
        The path of the layer.
    layer : Layer
        The layer, of which those inside of a container are asked that receive its input.

    Yields
    ------
    path : str
        Such as "0.body.0".
    layer : Layer
        A layer that defines `check_integers`.
    """
    if type(layer).check_integers is not Layer.check_integers:
        yield path, layer
    elif isinstance(layer, Container):
        for name, inner in layer.receivers():
            yield from integer_checkers(f"{path}.{name}", inner)


def _run_backward(name: str, layer: Layer, dy: Array) -> Any:
    return layer.backward(dy)


def inner_shape(name: str, layer: Layer, shape: Shape | None) -> Shape | None:
    """Return the output shape of an inner layer; its `ShapeError` gets the layer's path.

    Parameters
    ----------
    name : str
        The name of the inner layer.
    layer : Layer
        The inner layer.
    shape : tuple of int or None
        The shape of one example of its input.

    Returns
    -------
    tuple of int or None
        The shape of one example of its output.
    """
    try:
        output = layer.output_shape(shape)
        # A layer that takes an axis away which it was not told of leaves an unknown shape.
        return None if output == () and isinstance(shape, UnknownRank) else output
    except (ShapeError, LookupError, ValueError) as error:
        if isinstance(shape, UnknownRank) and fit_with_more_axes([layer], shape):
            return None
        if isinstance(error, InnerShapeError):
            raise error.inside(name) from None
        if isinstance(error, ShapeError):
            raise InnerShapeError(name, f"{layer}, {error}") from None
        raise


def fit_with_more_axes(layers: Sequence[Layer], row_shape: Shape | None) -> bool:
    """Return whether layers take sequences or images whose last axis is that of a row.

    Parameters
    ----------
    layers : sequence of Layer
        The layers, first to last.
    row_shape : tuple of int or None
        The shape of a row.

    Returns
    -------
    bool
        Whether their shapes fit for up to three more axes.
    """
    for n_axes in range(1, _MAX_EXTRA_AXES + 1):
        with suppress(ShapeError, LookupError, ValueError):
            shape: Shape | None = (*(1,) * n_axes, *(row_shape or ()))
            for layer in layers:
                shape = layer.output_shape(shape)
            return True
    return False


def run_backward_parameters(layer: Layer, dy: Array) -> None:
    """Compute the gradients of a layer's parameters, without dx where the layer can do so.

    Parameters
    ----------
    layer : Layer
        The layer, after its `forward`.
    dy : ndarray of the shape of the last output
        The gradient with respect to the output.
    """
    if "backward" in vars(layer):  # assigned to the instance: it replaces the class's
        layer.backward(dy)
    else:
        layer.backward_parameters(dy)


def check_inner_layers(layers: Sequence[Any], kind: str, places: Sequence[str]) -> None:
    """Raise unless these are layers, all different, at any depth.

    Parameters
    ----------
    layers : sequence of Layer
        What a container is to contain, of any type before the check.
    kind : str
        The name of the container's class.
    places : sequence of str
        What to call each of them in an error, such as "layer 0".

    Raises
    ------
    ArgumentError
        If one is not a layer, or there is none.
    LayerReuseError
        If a layer is contained twice.
    """
    if not layers:
        raise ArgumentError(
            f"{kind} must contain at least one layer, got none: pass {kind}(ReLU())"
        )
    place_of: dict[int, str] = {}
    for layer, place in zip(layers, places, strict=True):
        if not isinstance(layer, Layer):
            cure = "derive it from minidl.Layer"
            if isinstance(layer, type):
                cure = f"write {layer.__name__}(...)"
            elif isinstance(layer, Iterable):
                cure = f"write {kind}(*layers)" if len(layers) == 1 else "write Chain(...)"
            raise ArgumentError(f"{place} of {kind} must be a Layer, got {layer!r}: {cure}")
        for inner_place, module in layer.named_modules(place):
            if id(module) in place_of:
                raise LayerReuseError(
                    f"{inner_place} of {kind}, {module}, is {place_of[id(module)]} of it too: make "
                    "a new one for each place"
                )
            place_of[id(module)] = inner_place


def inner_attribute(layers: Iterable[Layer], name: str) -> list[bool]:
    """Return an attribute, such as "takes_integers", of each of some layers."""
    return [bool(getattr(layer, name, False)) for layer in layers]
