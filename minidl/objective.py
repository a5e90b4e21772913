"""Layers, loss and penalties as one differentiable function of one parameter vector."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .batching.batch import Batch
from .buffers import BufferSet
from .errors import ArgumentError
from .layers.base import Layer, Shape
from .layers.container import run_backward_parameters
from .layers.members import Members
from .layers.probabilities import check_probabilities
from .layers.shapes import output_shapes
from .layers.sigmoid import Sigmoid
from .layers.softmax import Softmax
from .layers.tree import (
    check_layers,
    named_buffers,
    named_modules,
    named_parameters,
    parameter_owners,
)
from .losses.base import Loss
from .losses.binary_cross_entropy import BinaryCrossEntropy, SigmoidCrossEntropy
from .losses.categorical_cross_entropy import CategoricalCrossEntropy, SoftmaxCrossEntropy
from .losses.weighting import expand_weight, weighted_mean
from .metrics.base import Metric
from .metrics.measurement import Measurement
from .parameters import Parameter, ParameterVector
from .penalties import Penalty
from .trained_parameters import TrainedParameters
from .utils.exclusive_access import ExclusiveAccess
from .utils.given_class import cure_for_class
from .utils.random import RandomGenerator, spawn_rngs
from .utils.scratch import Scratch
from .utils.settings import settings_of
from .utils.typing import Array
from .utils.validation import model_dtype
from .utils.workspace import get_workspace

# A last layer and a loss that are computed together, from the logits. Exact types: a subclass may
# compute something else.
_FUSED_LOSSES: dict[tuple[type[Layer], type[Loss]], Callable[..., Loss]] = {
    (Sigmoid, BinaryCrossEntropy): SigmoidCrossEntropy,
    (Softmax, CategoricalCrossEntropy): SoftmaxCrossEntropy,
}

_INTEGERS = np.dtype(np.int64)
_COPIED = ("layers", "loss", "penalties", "example_shape")


class ForwardPass(NamedTuple):
    """What a forward pass of `Objective.data_loss` computed; the arrays belong to the layers.

    Parameters
    ----------
    outputs : list of ndarray
        The output of each layer before the loss.
    output : ndarray of shape (m, ..., k)
        What the loss received: the last of `outputs`, or the examples if there is none; logits if
        the objective is fused.
    value : scalar
        The data loss.
    sample_weight : ndarray of shape (m,) or (m, ...), optional
        The weights of the examples or positions.
    """

    outputs: list[Array]
    output: Array
    value: Any
    sample_weight: Array | None = None


class Objective:
    """J(theta) = loss(layers(x), y) + penalties(weights), and its gradient.

    Training, gradient checking, `explain` and the exporters all use this object, so what is checked
    is what is trained. Its methods trust their arguments; `Sequential` validates them.

    Parameters
    ----------
    layers : sequence of Layer
        Each in one model only, and once.
    loss : Loss
        The data loss.
    penalties : sequence of Penalty
        The terms added to it.
    rng : numpy.random.Generator or numpy.random.RandomState
        Draws the parameters without a value, layer by layer. Dropout layers get generators derived
        from it.
    dtype : float32, float64 or complex128
        The dtype of parameters and results.

    Attributes
    ----------
    layers, loss, penalties
        The arguments, validated, as tuples.
    parameters : ParameterVector
        All parameters and their gradients.
    buffers : BufferSet
        All buffers by name, such as "1.mean", in the dtype of the parameters.
    training_loss : Loss
        The loss that is computed: fused with the last layer, from its logits, or a copy of `loss`.
    layers_before_loss : tuple of Layer
        All layers but one that is fused with the loss.
    input_dtype : numpy.dtype
        The dtype of X: that of the parameters, or int64 where the first layer takes integers.
    first_trainable : int
        The index of the first layer with parameters in `layers_before_loss`, else their number:
        backpropagation stops there.
    example_shape : tuple of int or None
        The shape of an example that the model was last given, None before.
    pass_sizes : dict of tuple to (int, int)
        By the shape of an example: how many numbers per row all layers take at inference, and the
        output. Empty at first: it is filled where rows are passed through.
    modules : list of Layer
        All layers, nested ones included.
    stochastic_layers : list of Layer
        Those of them that draw random numbers while training.
    members : Members
        All layers, parameters and buffers, as they were when the model was built.
    access : ExclusiveAccess
        One thread at a time uses the objective, inside of this context.
    scratch : Scratch
        What forward and backward passes leave in layers and loss.

    Raises
    ------
    ShapeError
        If two layers do not fit.
    LayerReuseError
        If a layer is part of a model already.
    ArgumentError
        If an argument has the wrong type.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import L2, Linear, MeanSquaredError, Sequential
    >>> from minidl.batching.batch import Batch
    >>> model = Sequential([Linear(1, 1)], loss=MeanSquaredError(), penalties=[L2(0.5)])
    >>> model.parameters.theta = [2.0, 0.0]
    >>> batch = Batch(np.array([[1.0], [3.0]]), np.array([[1.0], [4.0]]))
    >>> objective = model.objective_function
    >>> {name: float(value) for name, value in objective.terms(batch).items()}
    {'data': 2.5, 'L2(0.5)': 0.5, 'total': 3.0}
    >>> total, forward_pass = objective.value_and_gradient(batch)
    >>> forward_pass.output.ravel().tolist(), objective.parameters.grad.tolist()
    ([2.0, 6.0], [7.5, 3.0])
    """

    example_shape: Shape | None = None

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        loss: Loss,
        penalties: Sequence[Penalty] = (),
        rng: RandomGenerator,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        self.layers = check_layers(layers)
        if not isinstance(loss, Loss):
            rule = "loss must be a Loss such as BinaryCrossEntropy()"
            raise ArgumentError(f"{rule}, got {loss!r}{cure_for_class(loss)}")
        check_probabilities(self.layers, loss)
        self.loss = loss
        self.penalties = tuple(penalties if isinstance(penalties, Iterable) else [penalties])
        _check_penalties(self.penalties, len(self.layers))
        parameter_dtype = model_dtype(dtype)
        output_shapes(self.layers, None)
        self._build(parameter_dtype, rng)
        rngs = spawn_rngs(rng, len(self.stochastic_layers))
        for layer in self.stochastic_layers:
            if layer.rng is None:
                layer.rng = rngs.pop(0)

    def _build(self, dtype: np.dtype[Any], rng: RandomGenerator) -> None:
        """Build the parameter vector, and what else follows from layers, loss and penalties."""
        self.parameters = ParameterVector(named_parameters(self.layers), dtype, rng)
        self.buffers = BufferSet(named_buffers(self.layers), dtype, rng)
        fused = _FUSED_LOSSES.get((type(self.layers[-1]), type(self.loss)))
        self.training_loss = fused(**settings_of(self.loss)) if fused else copy.copy(self.loss)
        self.layers_before_loss = self.layers[:-1] if fused else self.layers
        has_parameters = [bool(layer.parameters()) for layer in self.layers_before_loss]
        self.first_trainable = [*has_parameters, True].index(True)
        self.backpropagate_to(self.first_trainable)
        self._owners = parameter_owners(self.layers)
        self._penalized = [self._parameters_of(penalty) for penalty in self.penalties]
        self.takes_integers = self.layers[0].takes_integers
        self.input_dtype = _INTEGERS if self.takes_integers else dtype  # that of X
        self.pass_sizes: dict[Shape, tuple[int, int]] = {}
        self.access = ExclusiveAccess()
        self.modules = [module for _, module in named_modules(self.layers)]
        self.stochastic_layers = [module for module in self.modules if module.stochastic]
        self.members = Members(self.layers)
        self.scratch = Scratch([*self.modules, self.training_loss])

    def _parameters_of(self, penalty: Penalty) -> list[Parameter]:
        indices = range(len(self.layers)) if penalty.layers is None else penalty.layers
        parameters = [p for i in indices for p in self.layers[i].parameters().values()]
        return [parameter for parameter in parameters if parameter.penalized]

    @property
    def is_fused(self) -> bool:
        """Whether the last layer is computed together with the loss, from the logits."""
        return self.layers_before_loss is not self.layers

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the parameters."""
        return self.parameters.dtype

    def astype(self, dtype: npt.DTypeLike) -> Objective:
        """Return a copy that computes in `dtype`, with its random generators in the same state.

        Parameters
        ----------
        dtype : float32, float64 or complex128
            The dtype of the copy.

        Returns
        -------
        Objective
            The copy; this objective does not change.
        """
        twin = copy.deepcopy(self)
        twin._build(model_dtype(dtype), np.random.default_rng(0))  # all values exist: none is drawn
        return twin

    def _state(self) -> dict[str, Any]:
        state = {name: getattr(self, name) for name in _COPIED}
        return {**state, "dtype": self.dtype, "identity": self.parameters.identities}

    def __getstate__(self) -> dict[str, Any]:
        with self.access:
            state = self._state()
            if self.access.is_training:  # it goes on while pickle reads: all is of one moment
                twin = copy.deepcopy(self)
                state = {**twin._state(), "identity": state["identity"]}
        return state

    def __deepcopy__(self, memo: dict[int, Any]) -> Objective:
        twin = memo[id(self)] = object.__new__(type(self))
        with self.access:  # all parameters are of one moment
            state = copy.deepcopy(self._state(), memo)
        twin.__setstate__(state)
        return twin

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.layers = state["layers"]
        self.loss = state["loss"]
        self.penalties = state["penalties"]
        self.example_shape = state["example_shape"]
        self._build(state["dtype"], np.random.default_rng(0))
        self.parameters.take_over(state["identity"])

    def __copy__(self) -> Objective:
        return copy.deepcopy(self)  # a shallow copy would take the parameters away

    def forward(self, x: Array, *, training: bool = False) -> Array:
        """Compute the output of the last layer.

        Parameters
        ----------
        x : ndarray of shape (m, ...)
            The examples, in `input_dtype`.
        training : bool, default False
            Whether stochastic layers such as `Dropout` are active.

        Returns
        -------
        ndarray of shape (m, ...)
            The output, which belongs to the layer until its next call.
        """
        for layer in self.layers:
            x = layer.forward(x, training=training)
        return x

    def data_loss(self, batch: Batch, *, training: bool = False) -> ForwardPass:
        """Compute the data loss of a batch, without penalties.

        Parameters
        ----------
        batch : Batch
            Examples, targets and weights, in the model's dtype.
        training : bool, default False
            Whether stochastic layers such as `Dropout` are active.

        Returns
        -------
        ForwardPass
            The outputs of the layers, and the loss.
        """
        x, y, sample_weight = batch
        outputs = []
        for layer in self.layers_before_loss:
            x = layer.forward(x, training=training)
            outputs.append(x)
        return ForwardPass(outputs, x, self.loss_from_output(x, y, sample_weight), sample_weight)

    def loss_from_output(self, output: Array, y: Array, sample_weight: Array | None = None) -> Any:
        """Compute the data loss of an output.

        Parameters
        ----------
        output : ndarray of shape (m, ..., k)
            The output of the last of `layers_before_loss`: logits if `is_fused`.
        y : ndarray of shape (m, ..., k)
            The targets.
        sample_weight : ndarray of shape (m,) or (m, ...), optional
            The weight of each example, or of each position.

        Returns
        -------
        scalar
            The mean over the examples or positions of weight times loss.
        """
        loss = self.training_loss.forward(output, y)
        return loss if sample_weight is None else weighted_mean(self.training_loss, sample_weight)

    def loss_backward(self, sample_weight: Array | None = None) -> Array:
        """Compute the gradient of the last `loss_from_output` with respect to its output.

        Parameters
        ----------
        sample_weight : ndarray of shape (m,) or (m, ...), optional
            The weights that were passed to `loss_from_output`.

        Returns
        -------
        ndarray of shape (m, ..., k)
            The gradient, which belongs to the objective until its next call.
        """
        dy = self.training_loss.backward()
        if sample_weight is None:
            return dy
        weighted = get_workspace(self.training_loss.workspace, "weighted", dy.shape, dy.dtype)
        return np.multiply(dy, expand_weight(sample_weight, dy.ndim), out=weighted)

    def backward(self, sample_weight: Array | None = None) -> None:
        """Backpropagate the last `data_loss` into the gradient vector.

        Parameters
        ----------
        sample_weight : ndarray of shape (m,) or (m, ...), optional
            The weights of the batch that was passed to `data_loss`.
        """
        dy: Any = self.loss_backward(sample_weight)
        for layer in self._backward_order:
            dy = layer.backward(dy)
        first_layer = self._first_layer
        if first_layer is None:
            return
        run_backward_parameters(first_layer, dy)

    def backpropagate_to(self, first: int) -> None:
        """Let `backward` stop at another layer: those before it are frozen in a training.

        Parameters
        ----------
        first : int
            The index of the first layer whose gradients are needed; that of all parameters is
            `first_trainable`.
        """
        layers = self.layers_before_loss
        self._backward_order = layers[:first:-1]
        self._first_layer = layers[first] if first < len(layers) else None

    def trained_parameters(self) -> TrainedParameters:
        """Return the parameters of the layers that are not frozen now.

        Returns
        -------
        TrainedParameters
            The same object as long as the same layers are frozen.
        """
        return self.parameters.trained([not owner.is_frozen for owner in self._owners])

    def penalized_parameters(self, index: int) -> list[Parameter]:
        """Return the parameters that a penalty acts on.

        Parameters
        ----------
        index : int
            The index of the penalty in `penalties`.

        Returns
        -------
        list of Parameter
            The penalized parameters of the penalty's layers.
        """
        return self._penalized[index]

    def penalty_value(self, index: int, m: int) -> Any:
        """Compute the value of a penalty.

        Parameters
        ----------
        index : int
            The index of the penalty in `penalties`.
        m : int
            The number of examples in the batch.

        Returns
        -------
        scalar
            The value, summed over its parameters.
        """
        penalty = self.penalties[index]
        return sum(penalty.value(parameter.value, m) for parameter in self._penalized[index])

    def add_penalty_gradient(self, index: int, m: int) -> None:
        """Add the gradient of a penalty to the gradient vector.

        Parameters
        ----------
        index : int
            The index of the penalty in `penalties`.
        m : int
            The number of examples in the batch.
        """
        penalty = self.penalties[index]
        workspace = self.training_loss.workspace
        for parameter in self._penalized[index]:
            dtype = parameter.value.dtype
            term = get_workspace(workspace, "penalty", (parameter.size,), dtype)
            term = term.reshape(parameter.shape)
            penalty.gradient(parameter.value, m, term)
            np.add(parameter.grad, term, out=parameter.grad)

    def value_and_gradient(
        self, batch: Batch, *, training: bool = False
    ) -> tuple[Any, ForwardPass]:
        """Compute the total of a batch, and its gradient into `parameters.grad`.

        Parameters
        ----------
        batch : Batch
            Examples, targets and weights, in the model's dtype.
        training : bool, default False
            Whether stochastic layers such as `Dropout` are active.

        Returns
        -------
        total : scalar
            The data loss plus all penalties.
        forward_pass : ForwardPass
            The outputs of the layers, and the data loss.
        """
        forward_pass = self.data_loss(batch, training=training)
        self.backward(batch.sample_weight)
        return self.add_penalties(forward_pass.value, len(batch.x)), forward_pass

    def add_penalties(self, total: Any, m: int) -> Any:
        """Add the gradients of all penalties to the gradient vector.

        Parameters
        ----------
        total : scalar
            The data loss.
        m : int
            The number of examples in the batch.

        Returns
        -------
        scalar
            The data loss plus all penalties.
        """
        for index in range(len(self.penalties)):
            total = total + self.penalty_value(index, m)
            self.add_penalty_gradient(index, m)
        return total

    def terms(self, batch: Batch) -> dict[str, Any]:
        """Compute each term of the objective, with stochastic layers off.

        Parameters
        ----------
        batch : Batch
            Examples, targets and weights, in the model's dtype.

        Returns
        -------
        dict of str to scalar
            "data", each penalty by its name such as "L2(0.1)", and "total".
        """
        terms = {"data": self.data_loss(batch).value}
        for index, penalty in enumerate(self.penalties):
            terms[str(penalty)] = self.penalty_value(index, len(batch.x))
        return {**terms, "total": sum(terms.values())}

    def measurement(self, metrics: Sequence[Metric], n_outputs: int) -> Measurement:
        """Return an empty measurement of metrics, to which outputs are added.

        Parameters
        ----------
        metrics : sequence of Metric
            The metrics; a classification has an accuracy besides.
        n_outputs : int
            The number of outputs k of the model (m, ..., k).

        Returns
        -------
        Measurement
            It takes the `output` of a `ForwardPass`.

        Raises
        ------
        ArgumentError
            If a metric has no meaning for the model.
        """
        return Measurement(metrics, self.loss, n_outputs, self.training_loss)


def _check_penalties(penalties: Sequence[Penalty], n_layers: int) -> None:
    names = [str(penalty) for penalty in penalties]
    for penalty, name in zip(penalties, names, strict=True):
        if not isinstance(penalty, Penalty):
            rule = "penalties must be a list of Penalty objects such as L2(0.1)"
            raise ArgumentError(f"{rule}, got {penalty!r}{cure_for_class(penalty)}")
        if names.count(name) > 1:
            raise ArgumentError(f"penalty {name} is given twice: add the strengths")
        if penalty.layers is not None and max(penalty.layers) >= n_layers:
            rule = f"the model has layers 0 to {n_layers - 1}"
            raise ArgumentError(f"{name} names layer {max(penalty.layers)}, but {rule}")
