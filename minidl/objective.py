"""Layers, loss and penalties as one differentiable function of one parameter vector."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from typing import Any

import numpy as np
import numpy.typing as npt

from .batching.inference_batches import InferenceBatches
from .batching.sample_weights import split
from .errors import ArgumentError, LayerReuseError, ShapeError
from .layers.base import Layer, Shape
from .layers.sigmoid import Sigmoid
from .layers.softmax import Softmax
from .losses.base import Loss
from .losses.binary_cross_entropy import BinaryCrossEntropy, SigmoidCrossEntropy
from .losses.categorical_cross_entropy import CategoricalCrossEntropy, SoftmaxCrossEntropy
from .parameters import Parameter, ParameterVector
from .penalties import Penalty
from .utils.random import RandomStream, as_rng, spawn_rngs
from .utils.settings import settings_of
from .utils.typing import Array, Seed
from .utils.validation import model_dtype
from .utils.workspace import get_workspace

# A last layer and a loss that are computed together, from the logits. Exact types: a subclass may compute otherwise.
_FROM_LOGITS: dict[tuple[type[Layer], type[Loss]], Callable[..., Loss]] = {
    (Sigmoid, BinaryCrossEntropy): SigmoidCrossEntropy,
    (Softmax, CategoricalCrossEntropy): SoftmaxCrossEntropy,
}


class Objective:
    """J(theta) = loss(layers(x), y) + penalties(weights), and its gradient, for trusted arrays: what is checked is what is trained."""

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        loss: Loss,
        penalties: Sequence[Penalty] = (),
        seed: Seed = 0,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        self.layers = layers = _checked_layers(layers)
        if not isinstance(loss, Loss):
            raise ArgumentError(f"loss must be a Loss such as BinaryCrossEntropy(), got {loss!r}")
        self.loss = loss
        self.penalties = tuple(penalties if isinstance(penalties, Iterable) else [penalties])
        _check_penalties(self.penalties, len(layers))
        kind, rng = model_dtype(dtype), as_rng(seed)
        output_shapes(layers, None)
        self._bind(kind, rng)
        stochastic = [layer for top in layers for layer in top.modules() if layer.stochastic]
        *streams, self.shuffle_rng = spawn_rngs(rng, 1 + len(stochastic))
        for layer in stochastic:
            if layer.rng is None:
                layer.rng = streams.pop(0)

    def _bind(self, dtype: np.dtype[Any], rng: RandomStream) -> None:
        named = [
            (f"{i}.{name}", held)
            for i, layer in enumerate(self.layers)
            for name, held in layer.parameters().items()
        ]
        self.parameters = ParameterVector(named, dtype, rng)
        fused = _FROM_LOGITS.get((type(self.layers[-1]), type(self.loss)))
        self._head = fused(**settings_of(self.loss)) if fused else copy.copy(self.loss)
        self._body = self.layers[:-1] if fused else self.layers
        # The way back ends at the first layer that learns.
        first = next(
            (i for i, layer in enumerate(self._body) if layer.parameters()), len(self._body)
        )
        self._first, self._rest = self._body[first : first + 1], self._body[first + 1 :][::-1]
        self._penalized = [(penalty, self._weights(penalty)) for penalty in self.penalties]
        self._workspace: dict[str, Array] = {}
        self.outputs: list[Array] = []
        self._weight: Array | None = None
        for layer in self.layers:
            for part in _parts(layer):
                part._owner = True  # type: ignore[union-attr]  # copies do not keep it

    def _weights(self, penalty: Penalty) -> list[Parameter]:
        chosen = self.layers if penalty.layers is None else [self.layers[i] for i in penalty.layers]
        return [
            parameter
            for layer in chosen
            for parameter in layer.parameters().values()
            if parameter.penalized
        ]

    @property
    def from_logits(self) -> bool:
        """Whether the last layer is computed with the loss."""
        return self._body is not self.layers

    @property
    def dtype(self) -> np.dtype[Any]:
        """What the model computes in."""
        return self.parameters.dtype

    def astype(self, dtype: npt.DTypeLike) -> Any:
        """Return a copy that computes in `dtype`, its random streams where these stand."""
        twin = copy.deepcopy(self)
        twin._bind(model_dtype(dtype), twin.shuffle_rng)  # from which nothing is drawn
        return twin

    def __getstate__(self) -> dict[str, Any]:
        derived = (
            "parameters",
            "outputs",
            "_weight",
            "_head",
            "_body",
            "_first",
            "_rest",
            "_penalized",
            "_workspace",
        )
        return {name: held for name, held in vars(self).items() if name not in derived} | {
            "_dtype": self.dtype
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        dtype = state.pop("_dtype")
        vars(self).update(state)
        self._bind(dtype, np.random.default_rng(0))

    def __copy__(self) -> Any:
        return copy.deepcopy(self)  # a shallow one would take the parameters away

    def forward(self, x: Array, *, training: bool = False) -> Array:
        """Return the output of the last layer, which owns it."""
        for layer in self.layers:
            x = layer.forward(x, training=training)
        return x

    def data_loss(
        self, x: Array, t: Array, weight: Array | None = None, *, training: bool = False
    ) -> Any:
        """Return the loss without penalties, and keep the outputs of the layers."""
        self.outputs = []
        for layer in self._body:
            x = layer.forward(x, training=training)
            self.outputs.append(x)
        self.output = x  # what the loss sees
        return self.loss_of(x, t, weight)

    def loss_of(self, output: Array, t: Array, weight: Array | None = None) -> Any:
        """Return the loss of an output: of logits, if `from_logits`."""
        self._weight = weight
        loss = self._head.forward(output, t)
        return loss if weight is None else self._head.per_example().dot(weight) / len(weight)

    def loss_gradient(self) -> Array:
        """Return the gradient of the last `loss_of` with respect to its output."""
        dy = self._head.backward()
        if self._weight is None:
            return dy
        return np.multiply(
            dy,
            self._weight[:, np.newaxis],
            out=get_workspace(self._workspace, "weighted", dy.shape, dy.dtype),
        )

    def data_gradient(self) -> None:
        """Go back from the last `data_loss`: fill the gradient vector."""
        dy: Any = self.loss_gradient()
        for layer in self._rest:
            dy = layer.backward(dy)
        for layer in self._first:
            layer.wants_input_gradient = False
            try:
                layer.backward(dy)
            finally:
                del layer.wants_input_gradient

    def penalty_value(self, index: int, m: int) -> Any:
        """Return penalty number `index` for a batch of `m`."""
        penalty, weights = self._penalized[index]
        return sum(penalty.value(parameter.value, m) for parameter in weights)

    def add_penalty_gradient(self, index: int, m: int) -> None:
        """Add its gradient to the gradient vector."""
        penalty, weights = self._penalized[index]
        for parameter in weights:
            term = get_workspace(
                self._workspace, "penalty", (parameter.size,), parameter.value.dtype
            ).reshape(parameter.shape)
            penalty.gradient(parameter.value, m, term)
            np.add(parameter.grad, term, out=parameter.grad)

    def value_and_gradient(
        self, x: Array, t: Array, weight: Array | None = None, *, training: bool = False
    ) -> Any:
        """Return the total of a batch, its gradient in `parameters.grad`."""
        total = self.data_loss(x, t, weight, training=training)
        self.data_gradient()
        for index in range(len(self.penalties)):
            total = total + self.penalty_value(index, len(x))
            self.add_penalty_gradient(index, len(x))
        return total

    def terms(self, x: Array, t: Array, weight: Array | None = None) -> dict[str, Any]:
        """Return each term by its name, and their "total"."""
        terms = {"data": self.data_loss(x, t, weight)}
        for index, penalty in enumerate(self.penalties):
            terms[str(penalty)] = self.penalty_value(index, len(x))
        return {**terms, "total": sum(terms.values())}

    def measure_passes(
        self, passes: InferenceBatches, *, weighted: bool = False
    ) -> dict[str, float]:
        """Return the data loss over all rows, and the accuracy where there are classes."""
        loss, right, asked = 0.0, 0, 0
        with closing(iter(passes)) as parts:
            for _, x, t in parts:
                t, weight = split(t) if weighted else (t, None)
                loss += float(self.data_loss(x, t, weight)) * len(x)
                if self.loss.is_classification:
                    found = self.count_correct(t)
                    right, asked = right + found[0], asked + found[1]
        return {"loss": loss / passes.rows} | (
            {"accuracy": right / asked} if self.loss.is_classification else {}
        )

    def count_correct(self, t: Array) -> tuple[int, int]:
        """Return how many classes the last `data_loss` had right, of how many."""
        return self._head.count_correct(self.output, t)


def output_shapes(layers: Sequence[Layer], shape: Shape | None) -> list[Shape | None]:
    """Return the shape of one example after each layer, or say which two do not fit."""
    shapes = []
    for i, layer in enumerate(layers):
        try:
            shape = layer.output_shape(shape)
        except ShapeError as error:
            before = f"layer {i - 1}, {layers[i - 1]}" if i else "X"
            raise ShapeError(f"layer {i}, {layer}, {error} from {before}") from None
        shapes.append(shape)
    return shapes


def _checked_layers(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    if (
        isinstance(layers, Layer)
        or not isinstance(layers, Iterable)
        or not (layers := tuple(layers))
    ):
        raise ArgumentError(f"layers must be a list of at least one layer, got {layers!r}")
    seen: dict[int, int] = {}
    for i, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            cure = (
                f"write {layer.__name__}(...)"
                if isinstance(layer, type)
                else "derive it from minidl.Layer"
            )
            raise ArgumentError(f"layer {i} must be a Layer, got {layer!r}: {cure}")
        for part in _parts(layer):
            if id(part) in seen:
                raise LayerReuseError(
                    f"layer {i}, {layer}, is already part of layer {seen[id(part)]} of this model: make a new one"
                )
            if getattr(part, "_owner", False):
                raise LayerReuseError(
                    f"layer {i}, {layer}, already belongs to another model: make a new one, or a deep copy"
                )
            seen[id(part)] = i
    return layers


def _parts(layer: Layer) -> list[Layer | Parameter]:
    return [*layer.modules(), *layer.parameters().values()]


def _check_penalties(penalties: Sequence[Penalty], layers: int) -> None:
    names = [str(penalty) for penalty in penalties]
    for penalty, name in zip(penalties, names, strict=True):
        if not isinstance(penalty, Penalty):
            raise ArgumentError(
                f"penalties must be a list of Penalty objects such as L2(0.1), got {penalty!r}"
            )
        if names.count(name) > 1:
            raise ArgumentError(f"penalty {name} is given twice: add the strengths")
        if penalty.layers is not None and max(penalty.layers) >= layers:
            raise ArgumentError(
                f"{name} names layer {max(penalty.layers)}, but the model has layers 0 to {layers - 1}"
            )
