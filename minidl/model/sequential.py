"""The model that users hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..batching.inference_batches import InferenceBatches
from ..batching.minibatches import MiniBatches, ShuffleFunction, check_batch_size
from ..batching.out_of_core import (
    ArraySource,
    TargetSource,
    as_array_or_source,
    check_same_length,
    is_out_of_core,
    load_if_fits,
)
from ..batching.read_plan import MEMORY_LIMIT, check_memory_limit
from ..batching.sample_weights import ClassWeight, example_weights, pack
from ..errors import ArgumentError, ShapeError
from ..objective import Objective, output_shapes
from ..optimizers.base import Optimizer
from ..training.callbacks.base import Callback
from ..training.history import History
from ..training.loop import train
from ..utils.atomic_files import FilePath
from ..utils.typing import Array
from ..utils.validation import as_sample_array, check_array, is_integer
from .summary import summarize
from .trace import trace

Rows: TypeAlias = Array | ArraySource


class Sequential(Objective):
    """A model: layers one after another, under a loss and penalties.

    Parameters
    ----------
    layers : sequence of Layer
        Each in one model only, and once.
    loss : Loss
        A cross-entropy is computed with a last `Sigmoid` or `Softmax` as one, from the logits.
    penalties : sequence of Penalty, optional
    seed : int, numpy.random.Generator or numpy.random.RandomState
        Draws the weights without a value, layer by layer, by `standard_normal((out, in))`; dropout and shuffling have streams
        derived from it.
    dtype : float32 or float64
        What the model computes in; data is converted.

    Attributes
    ----------
    parameters : ParameterVector

    Raises
    ------
    ShapeError, LayerReuseError
        If two layers do not fit; if a layer is in a model already.

    Examples
    --------
    >>> from minidl import Adam, BinaryCrossEntropy, Linear, Sequential, Sigmoid, Tanh
    >>> X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
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
        shuffle: bool | ShuffleFunction = True,
        validation: Sequence[npt.ArrayLike] | None = None,
        callbacks: Sequence[Callback] = (),
        progress: bool = True,
        memory_limit: int = MEMORY_LIMIT,
        resume: FilePath | None = None,
        sample_weight: npt.ArrayLike | None = None,
        class_weight: ClassWeight | None = None,
    ) -> History:
        """Train for `epochs` more epochs and return what happened.

        Parameters
        ----------
        X : array_like of shape (m, d), or (m, ...) before a Flatten
        Y : array_like of shape (m, k), or (m,) for one output or class numbers
        optimizer : Optimizer
            It keeps its state for the next `fit`.
        epochs : int
        batch_size : int or None
            None: the whole set.
        shuffle : bool or callable
            A new order each epoch, random or as the function says (see `MiniBatches`).
        validation : (X, Y) or (X, Y, sample_weight), optional
        callbacks : sequence of Callback
            `StopOnNonFinite` is added unless there is one.
        progress : bool
            Whether to show a bar on stderr.
        memory_limit : int, default 256 * 2**20
            Bytes of rows in memory at once where X or Y is an HDF5 data set, a memmap, or whatever has a shape, a dtype and slices of
            rows; what does not fit is read anew each epoch (see `MiniBatches`). All methods take such arrays.
        resume : path, optional
            A file of a `Checkpoint`: all else as it was, go on as if that training had never stopped; `epochs` counts from its start.
        sample_weight : array_like of shape (m,), optional
            How much each example counts: >= 0, scaled to a mean of 1. The data loss of a batch is the mean of w_i * loss_i; penalties
            and accuracies feel no weights. A loss of one's own needs a method `per_example`.
        class_weight : dict of class number to weight, or "balanced", optional
            Multiplies `sample_weight`: 1 where not named, m / (classes * count) where balanced.

        Returns
        -------
        History
            Its `loss[e]` is the mean over epoch e of the objective before each update.

        Raises
        ------
        ShapeError, DtypeError, ArgumentError, NonFiniteError, DataError
            For bad input, before anything changes; `NonFiniteError` also where training diverges, `DataError` if rows cannot be read.
        """
        if not isinstance(optimizer, Optimizer):
            raise ArgumentError(f"optimizer must be an Optimizer such as Adam(), got {optimizer!r}")
        if not is_integer(epochs):
            raise ArgumentError(f"epochs must be a whole number >= 1, got {epochs!r}")
        callbacks = list(callbacks) if isinstance(callbacks, Iterable) else [callbacks]
        if wrong := [callback for callback in callbacks if not isinstance(callback, Callback)]:
            raise ArgumentError(
                f"callbacks must be a list of Callback objects such as EarlyStopping(), got {wrong[0]!r}"
            )
        check_batch_size(batch_size)
        check_memory_limit(memory_limit)
        if validation is not None and (
            not isinstance(validation, tuple | list) or len(validation) not in (2, 3)
        ):
            raise ArgumentError(
                f"validation must be a pair (X, Y), or (X, Y, sample_weight), got {type(validation).__name__}"
            )
        outside = [any(map(is_out_of_core, held)) for held in ((X, Y), validation or ())]
        share = memory_limit // 8 if all(outside) else 0  # for validation
        limit = memory_limit - share
        x, y, weight = self._let_in(X, Y, limit, sample_weight, class_weight)
        measure = None if validation is None else self._watched(share or memory_limit, *validation)
        y = pack(y, weight)
        batches = MiniBatches(
            x,
            y,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=self.shuffle_rng,
            dtype=self.dtype,
            memory_limit=limit,
        )
        going = None
        if resume is not None:
            from ..training.resume import restore_training  # h5py is needed for files alone

            going = partial(restore_training, resume)
        return train(
            self,
            batches,
            optimizer=optimizer,
            epochs=epochs,
            validation=measure,
            callbacks=callbacks,
            progress=progress,
            resume=going,
            weighted=weight is not None,
        )

    def predict(self, X: npt.ArrayLike, *, memory_limit: int = MEMORY_LIMIT) -> Array:
        """Return the outputs for each row of `X`, dropout off: a fresh array (m, k).

        What arguments are, and which errors they raise, stands at `fit` for all methods.
        """
        check_memory_limit(memory_limit)
        x, _ = self._rows(X, check=False)
        outputs: Array = np.empty(0)
        with closing(
            iter(InferenceBatches(x, dtype=self.dtype, check=True, memory_limit=memory_limit))
        ) as parts:
            for rows, part, _ in parts:
                output = self.forward(part)
                if not len(outputs):
                    outputs = np.empty((len(x), *output.shape[1:]), output.dtype)
                outputs[rows] = output
        return outputs

    def predict_classes(self, X: npt.ArrayLike, *, memory_limit: int = MEMORY_LIMIT) -> Array:
        """Return the class number of each row of `X`, under a cross-entropy: (m,) of int64.

        One output is class 1 above one half; several under `BinaryCrossEntropy` are one decision each, (m, k).
        """
        return self.loss.classes(self.predict(X, memory_limit=memory_limit))

    def evaluate(
        self,
        X: npt.ArrayLike,
        Y: npt.ArrayLike,
        *,
        sample_weight: npt.ArrayLike | None = None,
        memory_limit: int = MEMORY_LIMIT,
    ) -> dict[str, float]:
        """Return {"loss": ..., "accuracy": ...}: the data loss, dropout off, without penalties; the accuracy for cross-entropies only."""
        check_memory_limit(memory_limit)
        x, y, weight = self._let_in(X, Y, memory_limit, sample_weight, check=False)
        passes = InferenceBatches(
            x, pack(y, weight), dtype=self.dtype, check=True, memory_limit=memory_limit
        )
        return self.measure_passes(passes, weighted=weight is not None)

    def objective(
        self, X: npt.ArrayLike, Y: npt.ArrayLike, *, sample_weight: npt.ArrayLike | None = None
    ) -> dict[str, float]:
        """Return each term of what training minimizes on (X, Y): "data", each penalty by its name, "total"."""
        return {
            name: float(value)
            for name, value in self.terms(*self._batch(X, Y, sample_weight)).items()
        }

    def gradient(
        self, X: npt.ArrayLike, Y: npt.ArrayLike, *, sample_weight: npt.ArrayLike | None = None
    ) -> Array:
        """Return the gradient of the total with respect to all parameters: a fresh array (P,)."""
        self.value_and_gradient(*self._batch(X, Y, sample_weight))
        return self.parameters.grad.copy()

    def explain(self, X: npt.ArrayLike, Y: npt.ArrayLike) -> None:
        """Print each step of (X, Y) forward and back, dropout off: formula, shapes, numbers."""
        print(trace(self, *self._pair(X, Y)))

    def summary(self) -> str:
        """Return a table of the layers: output shapes for m examples, parameters, sizes in memory."""
        return summarize(self)

    def save(self, path: FilePath) -> Path:
        """Write the model to an HDF5 file, whole or not at all, and return the path.

        Raises
        ------
        ArgumentError, DataError
            If settings of a layer of one's own are not plain values; if the file cannot be written.
        """
        from ..serialization.model_file import save_model  # h5py is needed for files alone

        return save_model(self, path)

    @classmethod
    def load(
        cls, path: FilePath, *, custom: Sequence[type[Any]] = (), limit: int = 256 * 2**20
    ) -> Sequential:
        """Return the model that `save` wrote to `path`, of at most `limit` bytes, once its SHA-256 is right.

        `custom` are its classes of one's own: no file decides what is imported.

        Raises
        ------
        MissingDataError, DataError
            If there is no such file; if it is damaged, no model, or has an unknown class.
        """
        from ..serialization.model_file import load_model

        return load_model(path, cls, custom, limit=limit)

    def _pair(self, X: npt.ArrayLike, Y: npt.ArrayLike) -> tuple[Array, Array]:
        return self._batch(X, Y)[:2]

    def _batch(
        self, X: npt.ArrayLike, Y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
    ) -> tuple[Array, Array, Array | None]:
        """Let all in as one batch."""
        *held, weight = self._let_in(X, Y, MEMORY_LIMIT, sample_weight)
        x, y = (part.load() if isinstance(part, ArraySource) else part for part in held)
        return np.asarray(x, self.dtype), y, None if weight is None else weight.astype(self.dtype)

    def _let_in(
        self,
        X: Any,
        Y: Any,
        limit: int,
        sample_weight: Any,
        class_weight: ClassWeight | None = None,
        *,
        check: bool = True,
    ) -> tuple[Rows, Rows, Array | None]:
        """Let examples, targets and weights in, to be dealt in parts."""
        x, width = self._rows(X, check=check)
        y: Rows
        if isinstance(x, ArraySource) or is_out_of_core(Y):
            y = TargetSource(
                Y if is_out_of_core(Y) else as_sample_array(Y, "Y"),
                lambda rows: self.loss.prepare_targets(rows, width, self.dtype),
                limit,
            )
        else:
            y = self.loss.prepare_targets(Y, width, self.dtype)
        check_same_length(x, y)
        return x, y, example_weights(self.loss, y, sample_weight, class_weight)

    def _watched(
        self, limit: int, X: Any, Y: Any, sample_weight: Any = None
    ) -> Callable[[], dict[str, float]]:
        """Return what measures a validation set."""
        x, y, weight = self._let_in(X, Y, limit, sample_weight)
        held = x, pack(y, weight)  # a small one is read once and kept
        try:
            passes = InferenceBatches(
                *load_if_fits(held, limit // 2) or held, dtype=self.dtype, memory_limit=limit
            )
        except ArgumentError as error:
            raise ArgumentError(
                f"{error}; validation gets an eighth of it where X and Y lie in files too"
            ) from None
        return partial(self.measure_passes, passes, weighted=weight is not None)

    def _rows(self, X: Any, *, check: bool) -> tuple[Rows, int | None]:
        """Let examples in, in a type as small as theirs; also return the number of outputs, None if a layer does not tell."""
        x = as_array_or_source(X, "X", self.dtype)
        if check and not isinstance(x, ArraySource):
            x = check_array(x, "X", self.dtype, keep_smaller_dtype=True)
        try:
            shape = output_shapes(self.layers, x.shape[1:])[-1]
        except ShapeError as error:
            hint = ""
            if len(x.shape) == 2:
                with suppress(ShapeError):
                    output_shapes(self.layers, x.shape[:1])
                    hint = "; the examples are the rows: pass X.T?"
            raise ShapeError(f"{error} (X has shape {x.shape}{hint})") from None
        return x, shape[0] if shape else None

    def __repr__(self) -> str:
        penalties = f", penalties={list(self.penalties)}" if self.penalties else ""
        return f"Sequential({list(self.layers)}, loss={self.loss}{penalties}, dtype={self.dtype})"
