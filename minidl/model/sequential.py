"""The model: validates what users pass, and delegates to the objective and the training loop."""

from __future__ import annotations

import copy
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..batching.arguments import MEMORY_LIMIT
from ..buffers import BufferSet
from ..layers.base import Layer
from ..losses.base import Loss
from ..objective import Objective
from ..parameters import ParameterVector
from ..penalties import Penalty
from ..utils.foreign_words import explain_arguments, explain_attributes
from ..utils.output import encodable
from ..utils.random import as_rng, spawn_rngs
from ..utils.sparse_rows import ExamplesLike
from ..utils.typing import Array, Seed
from ..utils.underflow import ignore_underflow, repeat_without_underflow
from .evaluation import evaluate
from .inputs import prepare_batch
from .isolated_access import IsolatedAccess
from .prediction import predict

# Methods import the packages that only they need, so that a program starts sooner.
if TYPE_CHECKING:
    from ..batching.augmentation import Augmentation
    from ..batching.sample_weights import ClassWeight
    from ..batching.shuffled_rows import Shuffle
    from ..metrics.table import MetricLike
    from ..optimizers.base import Optimizer
    from ..parallel.parallel_training import ParallelTraining
    from ..training.callbacks.base import Callback
    from ..training.history import History
    from ..utils.atomic_files import FilePath


@explain_attributes
@ignore_underflow("astype", "fit", "evaluate", "objective", "gradient", "explain")
@explain_arguments("__init__", "fit", "evaluate", "objective", "gradient", "explain")
class Sequential:
    """A model: layers one after another, under a loss and penalties.

    Parameters
    ----------
    layers : sequence of Layer
        The layers, first to last. A layer can be in one model only, and once.
    loss : Loss
        The data loss. A cross-entropy after a last `Sigmoid` or `Softmax` is computed together with
        it, from the logits, without overflow.
    penalties : sequence of Penalty, default ()
        Terms added to the data loss, such as ``L2(0.1)``.
    seed : int, numpy.random.Generator or numpy.random.RandomState, default 0
        The source of randomness. It draws the weights that have no value yet, layer by layer, with
        ``standard_normal((out, in))``; dropout and shuffling have generators derived from it.
    dtype : float32 or float64, default float32
        The dtype in which the model computes; data is converted.

    Attributes
    ----------
    layers : tuple of Layer
        The layers.
    loss : Loss
        The data loss.
    penalties : tuple of Penalty
        The penalties.
    parameters : ParameterVector
        All parameters as one vector, `parameters.theta`, and its gradient, `parameters.grad`.
    buffers : BufferSet
        What the layers keep but do not learn, such as ``buffers["1.mean"]``.
    dtype : numpy.dtype
        The dtype of the parameters.
    objective_function : Objective
        Layers, loss and penalties as one differentiable function, for arrays that are validated:
        what training minimizes and the gradient checker checks.
    shuffle_rng : numpy.random.Generator
        Shuffles the examples in `fit`.

    Raises
    ------
    ShapeError
        If two layers do not fit.
    LayerReuseError
        If a layer is part of a model already.
    ArgumentError
        If an argument has the wrong type.

    See Also
    --------
    GradientChecker : Checks every gradient of a model.

    Examples
    --------
    >>> from minidl import Adam, BinaryCrossEntropy, Linear, Sequential, Sigmoid, Tanh
    >>> X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> layers = [Linear(2, 8), Tanh(), Linear(8, 1), Sigmoid()]
    >>> model = Sequential(layers, loss=BinaryCrossEntropy())
    >>> history = model.fit(X, Y, optimizer=Adam(0.05), epochs=200, progress=False)
    >>> model.predict_classes(X)
    array([0, 1, 1, 0])
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        loss: Loss,
        penalties: Sequence[Penalty] = (),
        seed: Seed = 0,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        rng = as_rng(seed)
        self.objective_function = Objective(
            layers, loss=loss, penalties=penalties, rng=rng, dtype=dtype
        )
        # The generators before the last one belong to the stochastic layers.
        n_stochastic = len(self.objective_function.stochastic_layers)
        self.shuffle_rng = spawn_rngs(rng, n_stochastic + 1)[-1]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers, first to last."""
        return self.objective_function.layers

    @property
    def loss(self) -> Loss:
        """The data loss."""
        return self.objective_function.loss

    @property
    def penalties(self) -> tuple[Penalty, ...]:
        """The penalties."""
        return self.objective_function.penalties

    @property
    def parameters(self) -> ParameterVector:
        """All parameters as one vector."""
        return self.objective_function.parameters

    @property
    def trainable(self) -> bool:
        """Whether `fit` moves parameters of any layer. Assign to set `trainable` of all layers."""
        return any(layer.trainable for layer in self.layers if layer.parameters())

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self.layers:
            layer.trainable = value

    @property
    def buffers(self) -> BufferSet:
        """All arrays that the layers keep but do not learn, by name."""
        return self.objective_function.buffers

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the parameters."""
        return self.objective_function.dtype

    def astype(self, dtype: npt.DTypeLike) -> Sequential:
        """Return a copy that computes in `dtype`, with its random generators in the same state.

        Parameters
        ----------
        dtype : float32 or float64
            The dtype of the copy.

        Returns
        -------
        Sequential
            The copy; this model does not change.
        """
        converted = self.objective_function.astype(dtype)
        return copy.deepcopy(self, {id(self.objective_function): converted})

    def __copy__(self) -> Sequential:
        return copy.deepcopy(self)  # a shallow copy would take the parameters away

    def fit(
        self,
        X: ExamplesLike,
        Y: npt.ArrayLike,
        *,
        optimizer: Optimizer,
        epochs: int,
        batch_size: int | None = 64,
        shuffle: Shuffle = True,
        validation: Sequence[ExamplesLike] | None = None,
        callbacks: Sequence[Callback] = (),
        progress: bool = True,
        memory_limit: int = MEMORY_LIMIT,
        resume: FilePath | None = None,
        resume_limit: int | None = None,
        sample_weight: npt.ArrayLike | None = None,
        class_weight: ClassWeight | None = None,
        augment: Augmentation | None = None,
        metrics: Sequence[MetricLike] = (),
        comm: Any = None,
    ) -> History:
        """Train for `epochs` epochs and return the training history.

        Parameters
        ----------
        X : array_like of shape (m, ..., d), or (m, ...) before a Flatten
            The examples, one per row, of real numbers; converted to the model's dtype, unless the
            first layer takes integers. X and Y may
            be HDF5 datasets, memmaps, or any array-like with a shape, a dtype and slices of rows:
            these are read as they are needed. X may be a sparse array or matrix (m, d) of SciPy if
            the first layer is a `Linear`, or another one that takes sparse rows: mini-batches and
            the products of this layer are computed without its zeros.
        Y : array_like of shape (m, ..., k), or (m, ...) for one output or class numbers
            The targets.
        optimizer : Optimizer
            It keeps its state for the next `fit`. `LBFGS` and `ConjugateGradient` need
            ``batch_size=None``, and make one iteration in an epoch.
        epochs : int
            Number of passes over the examples, >= 1.
        batch_size : int or None, default 64
            Examples per step. None: the whole set.
        shuffle : bool, "with_replacement" or callable, default True
            Whether each epoch has a new random order. With "with_replacement", each of the m
            examples of an epoch is drawn from all m. A callable takes the number of the epoch, from
            1, and returns a permutation of ``range(m)``.
        validation : (X, Y) or (X, Y, sample_weight), optional
            A set that is evaluated after each epoch: "val_loss", for classifications
            "val_accuracy", and each metric with ``val_`` before its name in the history.
        callbacks : sequence of Callback, default ()
            Observers of training. `StopOnNonFinite` is added unless there is one.
        progress : bool, default True
            Whether to show a progress bar on stderr.
        memory_limit : int, default 256 * 2**20
            About how many bytes rows and the validation's work arrays may take, beyond what the
            steps of training need. What does not fit of X or Y in a file is read again in each
            epoch (see `MiniBatches`).
        resume : path-like, optional
            A file that `Checkpoint` wrote. With the same model, data, weights, optimizer, batch
            size and callbacks, training continues as if it had never stopped; `epochs` counts from
            the beginning. `LBFGS` and `ConjugateGradient` begin anew at the saved point.
        resume_limit : int, optional
            Bytes that this file may have at most. By default 256 MiB, and a copy of the model for
            each array of the optimizer's state, for each callback, and two more.
        sample_weight : array_like of shape (m,) or (m, ...), optional
            The weight of each example, >= 0, scaled to a mean of 1. The data loss of a batch is the
            mean of w_i * loss_i. Weights affect the data loss and the metrics, not penalties. A
            custom loss must implement `per_example` to support them. For outputs (m, ..., k) also
            weights (m, ...) of the positions: those of weight 0 are masked, and count neither in
            the loss nor in the metrics.
        class_weight : dict of int to float or "balanced", optional
            Multiplies `sample_weight` by a factor for each class number, 1 where it is not in the
            dict; "balanced" is m / (classes * count).
        augment : Augmentation, optional
            Changes the pictures (m, h, w, c) of each mini-batch at random, such as
            ``Augmentation(flip=True, shift=4)``; the validation set stays as it is.
        metrics : sequence of str, Metric or callable, default ()
            What is measured in each epoch besides the loss and, for classifications, the accuracy:
            "precision", "recall", "f1", "class_accuracy" and "top_2", "top_3", ... of classes,
            "mean_absolute_error" and "r2" of numbers, or functions ``metric(y_true, y_pred)`` (see
            `FunctionMetric`). Each is that of the whole epoch, not a mean over batches.
        comm : mpi4py.MPI.Intracomm or DataParallel, optional
            The processes that train together, each with a part of every batch, such as
            ``MPI.COMM_WORLD``; see `DataParallel`. All of them call `fit` with the same arguments.

        Returns
        -------
        History
            Its ``loss[e]`` is the mean over epoch e of the objective before each update.

        Raises
        ------
        ShapeError, DtypeError, ArgumentError
            If an argument does not have the form it must have, or a custom layer keeps what its
            output depends on in an attribute that is no `Buffer`; nothing has changed.
        ResumeError
            If the training is not the one in the file `resume`; the model has not changed.
        NonFiniteError
            If data is not finite, before anything has changed; or if training diverges.
        DataError
            If rows cannot be read.

        Examples
        --------
        >>> from minidl import GradientDescent, Linear, MeanSquaredError
        >>> model = Sequential([Linear(1, 1)], loss=MeanSquaredError())
        >>> X, Y = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
        >>> history = model.fit(X, Y, optimizer=GradientDescent(0.1), epochs=200, progress=False)
        >>> round(history.loss[-1], 3)
        0.0
        """
        from ..training.loop import train
        from .fit_arguments import check_fit_arguments, prepare_training_data

        with _parallel_training(comm) as parallel:
            with nullcontext() if parallel is None else parallel.agreeing():
                callbacks = check_fit_arguments(
                    optimizer, epochs, batch_size, memory_limit, callbacks, validation, resume_limit
                )
                data = prepare_training_data(
                    self.objective_function,
                    *(X, Y, sample_weight, class_weight, validation),
                    batch_size=batch_size,
                    shuffle=shuffle,
                    rng=self.shuffle_rng,
                    memory_limit=memory_limit,
                    optimizer=optimizer,
                    augment=augment,
                    metrics=metrics,
                    parallel=parallel,
                )
            return train(
                *(self, *data),
                optimizer=optimizer,
                epochs=epochs,
                callbacks=callbacks,
                progress=progress,
                resume=resume,
                resume_limit=resume_limit,
                parallel=parallel,
            )

    def predict(self, X: ExamplesLike, *, memory_limit: int = MEMORY_LIMIT) -> Array:
        """Return the outputs for each row of X, with dropout off.

        Parameters
        ----------
        X : array_like of shape (m, ...)
            The examples, as `fit` takes them.
        memory_limit : int, default 256 * 2**20
            About how many bytes rows and work arrays may take, beyond what is returned: fewer rows
            pass through wide layers at once.

        Returns
        -------
        ndarray of shape (m, ..., k)
            The outputs of the last layer, in the model's dtype: a fresh array.

        Raises
        ------
        ShapeError, DtypeError, NonFiniteError, DataError
            If X is invalid; see `fit`.
        """
        try:
            return predict(self.objective_function, X, memory_limit)
        except FloatingPointError:
            return repeat_without_underflow(predict, self.objective_function, X, memory_limit)

    def predict_classes(self, X: ExamplesLike, *, memory_limit: int = MEMORY_LIMIT) -> Array:
        """Return the predicted class number of each row of X.

        Parameters
        ----------
        X : array_like of shape (m, ...)
            The examples, as `fit` takes them.
        memory_limit : int, default 256 * 2**20
            About how many bytes rows and work arrays may take, beyond what is returned: fewer rows
            pass through wide layers at once.

        Returns
        -------
        ndarray of shape (m, ...) or (m, ..., k), int64
            Under `CategoricalCrossEntropy`, `SoftmaxCrossEntropy` and, with several outputs,
            `Hinge` the number of the largest output. Under `BinaryCrossEntropy` 1 where an output
            is above one half, else 0; under `SigmoidCrossEntropy` and, with one output, `Hinge` 1
            where it is above 0: (m, ...) for one output, (m, ..., k) for several.

        Raises
        ------
        ArgumentError
            If the loss does not predict classes.
        ShapeError, DtypeError, NonFiniteError, DataError
            If X is invalid; see `fit`.
        """
        return predict(self.objective_function, X, memory_limit, self.loss.classes)

    def evaluate(
        self,
        X: ExamplesLike,
        Y: npt.ArrayLike,
        *,
        sample_weight: npt.ArrayLike | None = None,
        memory_limit: int = MEMORY_LIMIT,
        metrics: Sequence[MetricLike] = (),
    ) -> dict[str, float]:
        """Return the data loss and metrics, with dropout off.

        Parameters
        ----------
        X, Y : array_like
            Examples and targets, as `fit` takes them.
        sample_weight : array_like of shape (m,) or (m, ...), optional
            The weight of each example, or position, in the loss and the metrics.
        memory_limit : int, default 256 * 2**20
            About how many bytes rows and work arrays may take: fewer rows pass through wide layers
            at once.
        metrics : sequence of str, Metric or callable, default ()
            What is measured besides the loss and the accuracy, as for `fit`; over all examples,
            also where they are read in batches.

        Returns
        -------
        dict
            "loss", without penalties, "accuracy" if the loss predicts classes, and the metrics by
            name.

        Raises
        ------
        ShapeError, DtypeError, ArgumentError, NonFiniteError, DataError
            If an argument is invalid; see `fit`.
        """
        return evaluate(self.objective_function, X, Y, sample_weight, memory_limit, metrics)

    def objective(
        self, X: ExamplesLike, Y: npt.ArrayLike, *, sample_weight: npt.ArrayLike | None = None
    ) -> dict[str, float]:
        """Return each term of what training minimizes on (X, Y), with dropout off.

        Parameters
        ----------
        X, Y : array_like
            Examples and targets, as `fit` takes them.
        sample_weight : array_like of shape (m,) or (m, ...), optional
            The weight of each example, or position, in the data loss.

        Returns
        -------
        dict
            "data", each penalty by its name such as "L2(0.1)", and "total".
        """
        batch = prepare_batch(self.objective_function, X, Y, sample_weight)
        with IsolatedAccess(self.objective_function) as isolated:
            return {name: float(value) for name, value in isolated.terms(batch).items()}

    def gradient(
        self, X: ExamplesLike, Y: npt.ArrayLike, *, sample_weight: npt.ArrayLike | None = None
    ) -> Array:
        """Return the gradient of the total with respect to all parameters, with dropout off.

        Parameters
        ----------
        X, Y : array_like
            Examples and targets, as `fit` takes them.
        sample_weight : array_like of shape (m,) or (m, ...), optional
            The weight of each example, or position, in the data loss.

        Returns
        -------
        ndarray of shape (P,)
            The gradient, in the order of `parameters.theta`: a fresh array.
        """
        batch = prepare_batch(self.objective_function, X, Y, sample_weight)
        with IsolatedAccess(self.objective_function) as isolated:
            isolated.value_and_gradient(batch)
            return isolated.parameters.grad.copy()

    def explain(self, X: ExamplesLike, Y: npt.ArrayLike) -> None:
        """Print each step of (X, Y) forward and backward: formula, shapes and numbers.

        Parameters
        ----------
        X, Y : array_like
            A few examples and their targets, as `fit` takes them.
        """
        from .trace import trace

        text = trace(self.objective_function, prepare_batch(self.objective_function, X, Y))
        print(encodable(text, sys.stdout))

    def summary(self, shape: tuple[int, ...] | None = None) -> str:
        """Return a table of the layers: output shapes for m examples, parameters, sizes in memory.

        Parameters
        ----------
        shape : tuple of int, optional
            The shape of one example, such as (64, 64, 3). With it, the table also tells the outputs
            that follow from it, and how many multiplications with an addition each layer takes for
            one example.

        Returns
        -------
        str
            The table.

        Raises
        ------
        ArgumentError
            If `shape` is no tuple of integers >= 1.
        ShapeError
            If the layers do not take examples of this shape.
        """
        from .summary import summarize

        return summarize(self.objective_function, shape)

    def save(self, path: FilePath) -> Path:
        """Write the model to an HDF5 file, whole or not at all.

        Parameters
        ----------
        path : path-like
            The file; an old one is replaced.

        Returns
        -------
        Path
            The path.

        Raises
        ------
        ArgumentError
            If a custom layer's configuration contains values that JSON cannot store, two different
            classes of yours have the same name, a layer, parameter or buffer was replaced, or the
            output depends on another attribute of a custom layer, which the file would lose.
        DataError
            If the file cannot be written.
        """
        from ..serialization.model_file import save_model

        self.objective_function.members.check()
        with IsolatedAccess(self.objective_function, input_size=0) as isolated:
            return save_model(isolated, path)

    @classmethod
    def load(
        cls, path: FilePath, *, custom: Sequence[type[Any]] = (), limit: int = 256 * 2**20
    ) -> Sequential:
        """Return the model that `save` wrote, once its SHA-256 checksums are verified.

        Parameters
        ----------
        path : path-like
            The file.
        custom : sequence of type, default ()
            The custom layer, loss and penalty classes that the file may use, no two with the same
            name. Classes are never imported by a name from the file. A file says whether a class
            is minidl's or yours; for `ELU` and `Huber` in a file of format version 1, which does
            not, pass minidl's class or your own.
        limit : int, default 256 * 2**20
            Bytes that the file may have at most.

        Returns
        -------
        Sequential
            The model.

        Raises
        ------
        ArgumentError
            If `custom` has something else, or two classes with the same name.
        MissingDataError
            If the file does not exist.
        DataError
            If the file is damaged, is not a model, is of a newer format, or has an unknown class.
        """
        from ..serialization.model_file import load_model

        return load_model(path, cls, custom, limit=limit)

    def _repr_html_(self) -> str:
        from .diagram import diagram_in_notebook

        return diagram_in_notebook(self.objective_function)

    def __repr__(self) -> str:
        penalties = f", penalties={list(self.penalties)}" if self.penalties else ""
        return f"Sequential({list(self.layers)}, loss={self.loss}{penalties}, dtype={self.dtype})"


def _parallel_training(comm: Any) -> AbstractContextManager[ParallelTraining | None]:
    """Return how several processes train together, None for one alone."""
    if comm is None:
        return nullcontext()
    from ..parallel.parallel_training import ParallelTraining

    return ParallelTraining(comm)
