"""Sequential: the model that users hold. It checks what comes from outside, once, and hands it on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .arrays import Array, door, numeric_rows
from .batches import MiniBatches, Order, Passes, check_batch_size
from .callbacks import Callback, Run
from .errors import ArgumentError, ShapeError
from .explain import explanation, summarize
from .history import History
from .objective import Objective, output_shapes
from .optimizers import Optimizer
from .sources import MEMORY_LIMIT, Source, Targets, check_memory_limit, in_memory, same_length, stays_outside
from .training import train
from .weights import ClassWeight, example_weights, pack

if TYPE_CHECKING:
    from pathlib import Path


class Sequential(Objective):
    """A model: layers one after another, under a loss and penalties.

    Parameters
    ----------
    layers : sequence of Layer
        Each may be in one model only, and once.
    loss : Loss
        Such as `BinaryCrossEntropy()`. Under it, a last `Sigmoid` (or `Softmax` under `CategoricalCrossEntropy`) is computed
        together with the loss, from the logits.
    penalties : sequence of Penalty, optional
        Such as `[L2(0.1)]`.
    seed : int, numpy.random.Generator or numpy.random.RandomState, default 0
        Weights are drawn from it layer by layer by `standard_normal((out, in))`; dropout and shuffling have streams of their own
        that derive from it. A parameter whose value was set before keeps it.
    dtype : float32 (default) or float64
        What the model computes in; data is converted once, at the door.

    Attributes
    ----------
    layers : tuple of Layer
    parameters : ParameterVector
        All parameters as one vector: `.theta` and `.grad`, (P,).

    Raises
    ------
    ShapeError
        Where two layers do not fit, by their numbers and widths.
    OwnershipError
        Where a layer is in a model already.

    Examples
    --------
    >>> from minidl import Adam, BinaryCrossEntropy, Linear, Sequential, Sigmoid, Tanh
    >>> X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> Y = np.array([0, 1, 1, 0])
    >>> model = Sequential([Linear(2, 8), Tanh(), Linear(8, 1), Sigmoid()], loss=BinaryCrossEntropy())
    >>> history = model.fit(X, Y, optimizer=Adam(0.05), epochs=200, progress=False)
    >>> model.predict_classes(X)
    array([0, 1, 1, 0])
    """

    def fit(
        self,
        X: npt.ArrayLike,
        Y: npt.ArrayLike,
        *,
        optimizer: Optimizer,
        epochs: int,
        batch_size: int | None = 64,
        shuffle: bool | Order = True,
        validation: Sequence[npt.ArrayLike] | None = None,
        callbacks: Sequence[Callback] = (),
        progress: bool = True,
        memory_limit: int = MEMORY_LIMIT,
        resume: str | os.PathLike[str] | None = None,
        sample_weight: npt.ArrayLike | None = None,
        class_weight: ClassWeight | None = None,
    ) -> History:
        """Train for `epochs` more epochs and return what happened.

        Parameters
        ----------
        X : array_like of shape (m, d), or (m, ...) before a Flatten
            Examples are rows. Finite numbers of any real type: those of fewer bytes than the model's, such as pictures of uint8,
            are converted batch by batch, all others once. May be larger than memory, see Notes.
        Y : array_like of shape (m, k), or (m,) for one output or class numbers
        optimizer : Optimizer
            Keeps its state: a second `fit` with the same one goes on.
        epochs : int
            >= 1.
        batch_size : int or None, default 64
            None: the whole set at once. The last batch of an epoch may be smaller.
        shuffle : bool or callable, default True
            Deal the rows in a new random order each epoch; a callable gives the order itself (see `MiniBatches`).
        validation : (X, Y) or (X, Y, sample_weight), optional
            Measured after every epoch.
        callbacks : sequence of Callback
            `StopOnNonFinite` is added unless there is one.
        progress : bool, default True
            Show a progress bar on stderr.
        memory_limit : int, default 256 * 2**20
            How many bytes of rows of X and Y, and of the validation set, may be in memory at once, where they are not arrays.
        resume : path, optional
            A file that a `Checkpoint` wrote: go on from there as if that training had never stopped. `epochs` counts those that are
            done already. All else must be as it was given then; this model takes over the parameters and random streams.
        sample_weight : array_like of shape (m,), optional
            How much each example counts in the loss: finite, >= 0, not all 0.
        class_weight : dict of class number to weight, or "balanced", optional
            How much the examples of each class count; a class that is not named has weight 1. "balanced" is m / (classes * count), so
            that all classes count alike. It multiplies `sample_weight`.

        Returns
        -------
        History
            `history.loss[e]` is the mean over epoch e of the objective before each update.

        Raises
        ------
        ShapeError, DtypeError, ArgumentError, NonFiniteError
            Before anything changes, for bad input; `NonFiniteError` also where training diverges.
        DataError
            Where rows cannot be read.

        Notes
        -----
        **Weights** are scaled to a mean of 1 over all m examples. The data loss of a batch of b examples is then
        (1/b) * sum(w_i * loss_i), and over the whole set it is the weighted mean: equal weights change nothing, and one of 2 is the
        example given twice. `history.loss` is the weighted mean; accuracies count every example once, and penalties feel no weights.
        A loss of one's own needs a method `examples`. The weights are kept in memory.

        **Larger than memory.** X, Y or both may be an HDF5 data set, a memmap, or anything else with a shape, a dtype and slices of
        rows. What fits into `memory_limit` is read once and kept. Otherwise it is read anew each epoch, in blocks, by a thread that
        is one buffer ahead; `MiniBatches` tells how this shuffles, and how well. One thread at a time asks an array-like, and none
        after `fit` has ended, however it ends. The limit holds for the rows: on top come the model and its layers, HDF5's own cache
        (1 to 8 MB for a data set), and the pages of a memmap, which the system takes back when it needs them.

        All of Y is checked before training starts. X would have to be read twice for that: a number that is not finite, or rows
        that cannot be read, end the training when they are due, with their place in X. The model keeps what it has learned then.
        """
        if not isinstance(optimizer, Optimizer):
            raise ArgumentError(f"optimizer must be an Optimizer such as Adam(), got {optimizer!r}")
        if isinstance(epochs, bool) or not isinstance(epochs, int | np.integer) or epochs < 1:
            raise ArgumentError(f"epochs must be a whole number >= 1, got {epochs!r}")
        callbacks = list(callbacks) if isinstance(callbacks, Iterable) else [callbacks]
        if wrong := [callback for callback in callbacks if not isinstance(callback, Callback)]:
            raise ArgumentError(f"callbacks must be a list of Callback objects such as EarlyStopping(), got {wrong[0]!r}")
        check_batch_size(batch_size)
        check_memory_limit(memory_limit)
        if validation is not None and (not isinstance(validation, tuple | list) or len(validation) not in (2, 3)):
            raise ArgumentError(f"validation must be a pair (X, Y), or (X, Y, sample_weight), got {type(validation).__name__}")
        files = [any(map(stays_outside, pair)) for pair in ((X, Y), validation or ())]
        share = memory_limit // 8 if all(files) else 0  # for validation
        x, y = self._parts(X, Y, memory_limit - share)
        weight = example_weights(self.loss, y, sample_weight, class_weight)
        y = pack(y, weight)
        measure = None if validation is None else self._watched(share or memory_limit, *validation)
        batches = MiniBatches(
            x, y, batch_size=batch_size, shuffle=shuffle, seed=self.shuffle_rng, dtype=self.dtype, memory_limit=memory_limit - share
        )
        return train(
            self,
            batches,
            optimizer=optimizer,
            epochs=epochs,
            validation=measure,
            callbacks=callbacks,
            progress=progress,
            resume=None if resume is None else partial(_go_on, resume),
            weighted=weight is not None,
        )

    def predict(self, X: npt.ArrayLike, *, memory_limit: int = MEMORY_LIMIT) -> Array:
        """Return the outputs, probabilities or values, for each row of `X`: a fresh array (m, k). Dropout is off.

        X may be larger than memory, as in `fit`; `memory_limit` is how many bytes of its rows may be in memory at once.
        """
        check_memory_limit(memory_limit)
        x = self._rows(X, check=False)
        return self.predict_passes(Passes(x, dtype=self.dtype, check=True, memory_limit=memory_limit))

    def predict_classes(self, X: npt.ArrayLike, *, memory_limit: int = MEMORY_LIMIT) -> Array:
        """Return the class number of each row of `X`: (m,) of int64. Needs a cross-entropy loss.

        One output means class 1 above a probability of one half; several under `BinaryCrossEntropy` are one decision each, (m, k).
        """
        return self.loss.classes(self.predict(X, memory_limit=memory_limit))

    def evaluate(
        self, X: npt.ArrayLike, Y: npt.ArrayLike, *, sample_weight: npt.ArrayLike | None = None, memory_limit: int = MEMORY_LIMIT
    ) -> dict[str, float]:
        """Return {"loss": ..., "accuracy": ...} over all rows: the data loss without penalties, dropout off.

        With `sample_weight` (m,) the loss is the weighted mean, as in `fit`; the accuracy counts every example once.

        There is an accuracy under the cross-entropies only. X and Y may be larger than memory, as in `fit`; `memory_limit` is how
        many bytes of their rows may be in memory at once.
        """
        check_memory_limit(memory_limit)
        x, y = self._parts(X, Y, memory_limit, check=False)
        weight = example_weights(self.loss, y, sample_weight)
        passes = Passes(x, pack(y, weight), dtype=self.dtype, check=True, memory_limit=memory_limit)
        return self.measure_passes(passes, weighted=weight is not None)

    def objective(self, X: npt.ArrayLike, Y: npt.ArrayLike, *, sample_weight: npt.ArrayLike | None = None) -> dict[str, float]:
        """Return each term of what training minimizes, on (X, Y) as one batch: "data", each penalty by its name, "total"."""
        return {name: float(value) for name, value in self.terms(*self._batch(X, Y, sample_weight)).items()}

    def gradient(self, X: npt.ArrayLike, Y: npt.ArrayLike, *, sample_weight: npt.ArrayLike | None = None) -> Array:
        """Return the gradient of the total objective on (X, Y) with respect to all parameters: a fresh array (P,)."""
        self.value_and_gradient(*self._batch(X, Y, sample_weight))
        return self.parameters.grad.copy()

    def explain(self, X: npt.ArrayLike, Y: npt.ArrayLike) -> None:
        """Print how (X, Y), as one batch, goes forward and back: each step with its formula, shapes and numbers, dropout off."""
        print(explanation(self, *self._pair(X, Y)))

    def summary(self) -> str:
        """Return a table of the layers: number, layer, shape of the output for m examples, parameters, size in memory."""
        return summarize(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model to an HDF5 file: layers, loss, penalties and parameters; return the path.

        A file of that name is replaced, and stays whole where anything fails. Optimizer and random streams are not part of a model.

        Raises
        ------
        ArgumentError, DataError
            If a layer of one's own has settings that are not plain values; if the file cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> from minidl import Linear, MeanSquaredError, Sequential
        >>> model = Sequential([Linear(2, 1)], loss=MeanSquaredError())
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     same = Sequential.load(model.save(f"{folder}/model.h5"))
        >>> bool((same.parameters.theta == model.parameters.theta).all())
        True
        """
        from .checkpoints import save  # h5py is needed for files alone

        return save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, custom: Sequence[type[Any]] = (), limit: int = 256 * 2**20) -> Sequential:
        """Return the model that `save` wrote to `path`, once its SHA-256 is right.

        Parameters
        ----------
        path : path
        custom : sequence of type, optional
            The classes of one's own that the model has. No file decides what is imported.
        limit : int, default 256 * 2**20
            The most bytes that the file may have.

        Raises
        ------
        MissingDataError, DataError
            If there is no such file, or it is not such a model, damaged, or has a class that is not known.
        """
        from .checkpoints import load

        return load(path, cls, custom, limit=limit)

    def _pair(self, X: npt.ArrayLike, Y: npt.ArrayLike) -> tuple[Array, Array]:
        """Let examples and targets in, which must agree, as one batch."""
        x, y = (Source(held, name).load() if stays_outside(held) else held for held, name in ((X, "X"), (Y, "Y")))
        x = door(x, "X", self.dtype)
        y = self.loss.targets(y, self._outputs(x), self.dtype)
        same_length(x, y)
        return x, y

    def _batch(self, X: npt.ArrayLike, Y: npt.ArrayLike, sample_weight: npt.ArrayLike | None) -> tuple[Array, Array, Array | None]:
        """Let a batch in, with its weights."""
        x, y = self._pair(X, Y)
        weight = example_weights(self.loss, y, sample_weight)
        return x, y, None if weight is None else weight.astype(self.dtype)

    def _parts(self, X: Any, Y: Any, limit: int, *, check: bool = True) -> tuple[Array | Source, Array | Source]:
        """Let examples and targets in, which must agree, as what is dealt in parts."""
        x = self._rows(X, check=check)
        outputs = self._outputs(x)
        y: Array | Source
        if isinstance(x, Source) or stays_outside(Y):
            y = Targets(Y if stays_outside(Y) else numeric_rows(Y, "Y"), lambda rows: self.loss.targets(rows, outputs, self.dtype), limit)
        else:
            y = self.loss.targets(Y, outputs, self.dtype)
        same_length(x, y)
        return x, y

    def _watched(self, limit: int, X: Any, Y: Any, sample_weight: Any = None) -> Callable[[], dict[str, float]]:
        """Let a validation set in, and return what measures it; if it lies in a file, and is small, it is read once and kept."""
        x, y = self._parts(X, Y, limit)
        weight = example_weights(self.loss, y, sample_weight)
        given = x, pack(y, weight)
        x, y = in_memory(given, limit // 2) or given
        try:
            return partial(self.measure_passes, Passes(x, y, dtype=self.dtype, memory_limit=limit), weighted=weight is not None)
        except ArgumentError as error:
            raise ArgumentError(f"{error}; validation gets an eighth of it where X and Y lie in files too") from None

    def _rows(self, X: Any, *, check: bool) -> Array | Source:
        """Let examples in, in a type of at most as many bytes as the model's, or unchecked."""
        if stays_outside(X):
            x: Array | Source = Source(X, "X", self.dtype)
        else:
            x = door(X, "X", self.dtype, narrow=True) if check else numeric_rows(X, "X")
        self._outputs(x)
        return x

    def _outputs(self, x: Array | Source) -> int | None:
        """Return how many outputs the model has for such examples, None if a layer does not tell, or say why there are none."""
        try:
            shape = output_shapes(self.layers, x.shape[1:])[-1]
        except ShapeError as error:
            turned = len(x.shape) == 2 and self._takes((x.shape[0],))
            hint = f" (X has shape {x.shape}; the examples are the rows: pass X.T?)" if turned else f" (X has shape {x.shape})"
            raise ShapeError(f"{error}{hint}") from None
        return shape[0] if shape else None

    def _takes(self, shape: tuple[int, ...]) -> bool:
        try:
            output_shapes(self.layers, shape)
        except ShapeError:
            return False
        return True

    def __repr__(self) -> str:
        penalties = f", penalties={list(self.penalties)}" if self.penalties else ""
        return f"Sequential({list(self.layers)}, loss={self.loss}{penalties}, dtype={self.dtype})"


def _go_on(path: str | os.PathLike[str], run: Run) -> None:
    from .resume import go_on  # h5py is needed for files alone

    go_on(path, run)
