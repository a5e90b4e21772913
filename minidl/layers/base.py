"""The base class of all layers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..buffers import Buffer
from ..errors import ArgumentError, ShapeError
from ..parameters import Parameter
from ..utils.foreign_words import explain_arguments
from ..utils.nested import find_nested
from ..utils.self_description import SelfDescribing
from ..utils.typing import Array
from ..utils.validation import check_flag
from ..utils.workspace import HasWorkspace
from .graph import GraphBuilder

Shape = tuple[int, ...]


class UnknownRank(Shape):
    """The shape (..., k) of an example of which only the last axis is known.

    As a tuple it is (k,), the shape of a row. `Linear.output_shape` returns it where the shape of
    its input is unknown; a layer that acts on each element returns what it got.

    Examples
    --------
    >>> from minidl import Linear
    >>> shape = Linear(4, 3).output_shape(None)
    >>> shape, type(shape).__name__
    ((3,), 'UnknownRank')
    """

    __slots__ = ()


class UnknownSize(UnknownRank):
    """The shape (..., k) of a picture or sequence whose size is unknown, but not a row.

    `Conv2D.output_shape` returns it where the shape of its input is unknown.

    Examples
    --------
    >>> from minidl import Conv2D
    >>> shape = Conv2D(3, 8, 5).output_shape(None)
    >>> shape, type(shape).__name__
    ((8,), 'UnknownSize')
    """

    __slots__ = ()


@explain_arguments("__init__")
class Layer(HasWorkspace, SelfDescribing, ABC):
    """A differentiable step of a model, defined by `forward` and `backward`.

    `Parameter`, `Buffer` and `Layer` objects are found in attributes, and in lists, tuples and
    dictionaries in them. `super().__init__()` need not be called.

    - `forward` takes x of shape (m, ...), one example per row, and returns y of shape (m, ...).
      Each row of y must depend only on the same row of x, unless `couples_examples` says
      otherwise for ``training=True``. Random numbers may be used only with ``training=True``, and
      only from `rng`.
    - `backward` takes dy, the gradient of the objective with respect to the last y, and returns
      dx. It overwrites `grad` of each parameter with sums over the m examples: the loss has
      already divided by m.
    - Neither may modify its arguments. A returned array may be reused by the layer's next call.
    - What `forward` gives may depend on x, parameters, buffers and the constructor's arguments
      only; `fit` and `save` refuse a layer that keeps anything else, such as a running mean in an
      attribute that is no `Buffer`. Only ``forward(x, training=True)`` may change a buffer.

    Attributes
    ----------
    stochastic : bool, default False
        Whether `forward` uses `rng` in training mode.
    couples_examples : bool, default False
        Whether a row of y may depend on other rows of x with ``training=True``, as in batch
        normalization. With ``training=False`` it must not. Containers need not repeat what a
        layer in them declares.
    sums_whole_batches : bool, default False
        Whether a layer with `couples_examples` takes what rows have from others by `whole_sums`, so
        that several processes can share a batch (see `DataParallel`). A subclass does not inherit
        it.
    rng : numpy.random.Generator or None
        The random generator of a stochastic layer, which the model assigns.
    rounds_inside : bool, default False
        Whether `backward` uses numbers that neither enter nor leave the layer, such as the gates of
        an `LSTM`, so that the gradient checker must measure how they are rounded. Of custom
        layers it always does.
    takes_integers : bool, default False
        Whether x holds integers, such as the numbers of words. Only the first layer of a model
        may set it: X then stays int64, of shape (m, ...), instead of being converted to the dtype
        of the model, and `backward` may return None.
    takes_sparse : bool, default False
        Whether x may also be a `SparseRows`, if this is the first layer of a model: X is a sparse
        matrix then, of which no zeros are stored, and ``x @ b`` and ``a @ x`` are products with
        arrays. A subclass does not inherit it.
    is_identity_at_inference : bool, default False
        Whether `forward` returns x itself with ``training=False``, so that an exported model needs
        no node for the layer. A subclass does not inherit it.
    inference_arrays : int or None, default None
        How many arrays of the size of its output `forward` takes at once with ``training=False``,
        from which the number of rows follows that a model takes at once. None if it is unknown:
        then a pass of one row is measured. A subclass does not inherit it.
    torch_only : tuple of str, default ()
        Names of arrays that PyTorch's layer has besides, and that are not read from its files. A
        subclass does not inherit it.
    in_model : bool, default False
        Whether a model contains the layer. The model sets it; a copy is in no model.
    is_frozen : bool, default False
        Whether training leaves the parameters of the layer itself as they are. Assigning to
        `trainable` sets it, for the layers inside of the layer, too.
    workspace : dict of str to ndarray
        Work arrays that are reused from one call to the next. Nothing that must be kept may be
        stored here: copies begin with an empty one.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Layer, Ones, Parameter
    >>> class Scale(Layer):
    ...     def __init__(self, features):
    ...         self.factor = Parameter((features,), init=Ones())
    ...
    ...     def forward(self, x, *, training=False):
    ...         self.x = x
    ...         return x * self.factor.value
    ...
    ...     def backward(self, dy):
    ...         self.factor.grad[...] = (dy * self.x).sum(axis=0)
    ...         return dy * self.factor.value
    >>> layer = Scale(2)
    >>> layer.forward(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[1., 2.],
           [3., 4.]])
    >>> layer.backward(np.ones((2, 2)))
    array([[1., 1.],
           [1., 1.]])
    >>> layer.factor.grad
    array([4., 6.], dtype=float32)
    """

    descriptions = (
        "formula",
        "to_onnx",
        "to_torch",
        "from_torch",
        "torch_only",
        "multiply_adds",
        "takes_sparse",
        "is_identity_at_inference",
        "inference_arrays",
        "sums_whole_batches",
    )

    stochastic = False
    couples_examples = False
    sums_whole_batches = False
    rounds_inside = False
    takes_integers = False
    takes_sparse = False
    rng: np.random.Generator | None = None
    is_identity_at_inference = False
    inference_arrays: int | None = None
    torch_only: tuple[str, ...] = ()
    in_model = False
    is_frozen = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # Where `backward` was overridden, an inherited shortcut would compute something else.
        shortcut = "backward_parameters"
        if first_class_with("backward", cls) < first_class_with(shortcut, cls):
            setattr(cls, shortcut, Layer.backward_parameters)

    def __init__(self) -> None:
        pass  # it gives layers without arguments their signature, and need not be called

    @property
    def trainable(self) -> bool:
        """Whether training moves parameters of the layer, or of a layer inside of it.

        Assign False to freeze all of them, before or between calls of `fit`: their values do not
        change, by weight decay or penalties neither. A model's file keeps it.
        """
        layers = [layer for _, layer in self.named_children()]
        own = not self.is_frozen
        if layers and not any(find_nested(self, (Parameter,))):
            own = False
        return own or any(layer.trainable for layer in layers)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        is_frozen = not check_flag(value, "trainable", self)
        for module in self.modules():
            module.is_frozen = is_frozen

    @abstractmethod
    def forward(self, x: Array, *, training: bool = False) -> Array:
        """Compute the output of the layer.

        Parameters
        ----------
        x : ndarray of shape (m, ...)
            One example per row. It must not be modified.
        training : bool, default False
            Whether the model is being trained, which matters to layers such as `Dropout`.

        Returns
        -------
        ndarray of shape (m, ...)
            The output y, valid until the layer's next call.
        """

    @abstractmethod
    def backward(self, dy: Array) -> Array | None:
        """Compute the gradients of the last `forward`.

        `grad` of each parameter of the layer is overwritten.

        Parameters
        ----------
        dy : ndarray of the shape of the last output
            The gradient of the objective with respect to the output. It must not be modified.

        Returns
        -------
        ndarray of the shape of the last input
            The gradient dx with respect to the input, valid until the layer's next call.
        """

    def backward_parameters(self, dy: Array) -> None:
        """Compute only the parameters' gradients of the last `forward`.

        A model calls it instead of `backward` for its first layer with parameters, where dx is
        not needed. By default it calls `backward`. A subclass that overrides `backward` does not
        inherit another default.

        Parameters
        ----------
        dy : ndarray of the shape of the last output
            The gradient of the objective with respect to the output. It must not be modified.
        """
        self.backward(dy)

    def output_shape(self, shape: Shape | None) -> Shape | None:
        """Return the shape of one example of the output.

        Parameters
        ----------
        shape : tuple of int or None
            The shape of one example of the input, without the axis of the examples. None if it is
            unknown.

        Returns
        -------
        tuple of int or None
            The shape of one example of the output. None, the default, if it is unknown.

        Raises
        ------
        ShapeError
            If the layer does not accept an input of this shape.
        """
        return None

    def check_integers(self, x: Array, name: str, row_offset: int = 0) -> None:
        """Raise `ArgumentError` unless the layer takes these integers; by default it takes all.

        `Sequential.fit` calls it of the layers that receive X, in containers too, once for all
        examples, so that a wrong one is refused before the training begins. Examples that are not
        in memory are read for it once, block by block, if a layer defines the method.

        Parameters
        ----------
        x : ndarray of shape (m, ...)
            The examples, of integers.
        name : str
            What the message calls them, such as "X".
        row_offset : int, default 0
            The number in them of the first example of `x`, of examples that are read in blocks.
        """

    def multiply_adds(self, shape: Shape) -> int | None:
        """Return how many multiplications with an addition `forward` takes for one example.

        Only those of matrix products and their like count. A subclass does not inherit it. By
        default 0 for a layer without parameters, else None.

        Parameters
        ----------
        shape : tuple of int
            The shape of one example of the input.

        Returns
        -------
        int or None
            The number; None if it is unknown.
        """
        return None if self.parameters() else 0

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        """Add the ONNX nodes that compute the layer's output at inference.

        A subclass does not inherit it. By default it raises an error.

        Parameters
        ----------
        graph : GraphBuilder
            The graph, with the methods `node`, `constant` and `parameter`.
        x : str
            The name of the input in the graph.
        y : str
            The name of the output. Names of other new values must begin with it.

        Raises
        ------
        ArgumentError
            If the layer does not define the method.
        """
        name = type(self).__name__
        raise ArgumentError(
            f"{self} has no method to_onnx: define it, or pass custom={{{name}: function}} "
            "to export_onnx"
        )

    def to_torch(self, arrays: dict[str, Array]) -> dict[str, Array]:
        """Return the parameters and buffers of this layer itself as PyTorch's layer holds them.

        A subclass does not inherit it. By default names and layouts are the same.

        Parameters
        ----------
        arrays : dict of str to ndarray
            The values by their names in this layer, such as "weight"; without those of inner
            layers.

        Returns
        -------
        dict of str to ndarray
            Values by PyTorch's names. They may be views.
        """
        return arrays

    def from_torch(self, arrays: dict[str, Array]) -> dict[str, Array]:
        """Return what `to_torch` was given, from what it returned.

        A subclass does not inherit it. By default names and layouts are the same.

        Parameters
        ----------
        arrays : dict of str to ndarray
            The values by PyTorch's names, in the shapes that `to_torch` returns.

        Returns
        -------
        dict of str to ndarray
            Values by their names in this layer, in the shapes of its parameters and buffers.
        """
        return arrays

    def named_children(self) -> Iterator[tuple[str, Layer]]:
        """Iterate over the layers that this layer directly contains.

        Yields
        ------
        name : str
            The attribute's name, such as "last", with positions and keys in lists, tuples and
            dictionaries, such as "steps.0".
        layer : Layer
            The contained layer.
        """
        yield from find_nested(self, (Layer,))

    def named_modules(self, path: str = "") -> Iterator[tuple[str, Layer]]:
        """Iterate over the layer itself and all layers that it contains, at any depth.

        Parameters
        ----------
        path : str, default ""
            The path of this layer, with which the other paths begin.

        Yields
        ------
        path : str
            Such as "2" and "2.body.0" for the path "2".
        layer : Layer
            First the layer itself.

        Raises
        ------
        ArgumentError
            If a layer contains itself.
        """
        yield from self._named_modules(path, ())

    def _named_modules(
        self, path: str, outer_layers: tuple[Layer, ...]
    ) -> Iterator[tuple[str, Layer]]:
        if any(layer is self for layer in outer_layers):
            raise ArgumentError(
                f"a layer must not contain itself, got {type(self).__name__} at {path!r}: "
                "store no reference to an outer layer"
            )
        yield path, self
        for name, child in self.named_children():
            yield from child._named_modules(_join(path, name), (*outer_layers, self))

    def modules(self) -> Iterator[Layer]:
        """Iterate over the layer itself and all layers that it contains, at any depth.

        Yields
        ------
        Layer
            First the layer itself.
        """
        for _, layer in self.named_modules():
            yield layer

    def parameters(self) -> dict[str, Parameter]:
        """Return the parameters of the layer and of the layers that it contains.

        Returns
        -------
        dict of str to Parameter
            The parameters by name, such as "weight" or "steps.0.weight"; first those of the layer
            itself.
        """
        return self._members(Parameter)

    def buffers(self) -> dict[str, Buffer]:
        """Return the buffers of the layer and of the layers that it contains.

        Returns
        -------
        dict of str to Buffer
            The buffers by name, such as "mean" or "steps.0.mean"; first those of the layer itself.
        """
        return self._members(Buffer)

    def _members(self, kind: type[Any]) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for path, layer in self.named_modules():
            for name, member in find_nested(layer, (kind,)):
                full_name = _join(path, name)
                if full_name in members:
                    raise ArgumentError(
                        f"each {kind.__name__} must have its own name, got two named "
                        f"{full_name!r} in {self}: rename a key or an attribute"
                    )
                members[full_name] = member
        return members

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        state.pop("in_model", None)  # a copy is in no model
        return state

    def _shape_error(self, dy: Array, y: Array | None) -> ShapeError:
        if y is None:
            return ShapeError(f"{self}.backward was called before forward: call forward(x) first")
        return ShapeError(
            f"{self}.backward expects dy of the shape of the last output, {y.shape}, "
            f"got {np.shape(dy)}"
        )


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def first_class_with(name: str, cls: type) -> int:
    """Return the position in the method resolution order of the class that defines a name.

    Parameters
    ----------
    name : str
        The name of a method or attribute.
    cls : type
        The class whose method resolution order is meant.

    Returns
    -------
    int
        The position of the first class that has it.
    """
    return next(i for i, base in enumerate(cls.__mro__) if name in vars(base))


def as_float_array(x: Array) -> Array:
    """Return an array as one of real or complex floats.

    Parameters
    ----------
    x : array_like
        Of any shape.

    Returns
    -------
    ndarray of the same shape
        `x` itself if its dtype is a float already, else a float64 copy.
    """
    if isinstance(x, np.ndarray) and x.dtype.kind in "fc":
        return x
    return np.asarray(x, dtype=np.float64)
