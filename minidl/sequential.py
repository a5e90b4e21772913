"""Sequential: the model that users hold. It checks what comes from outside, once, and hands it on."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .arrays import Array, door
from .batches import MiniBatches, Order, check_batch_size
from .callbacks import Callback
from .errors import ArgumentError, ShapeError
from .history import History
from .objective import Objective, output_shapes
from .optimizers import Optimizer
from .summary import summarize
from .training import train


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
        validation: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
        callbacks: Sequence[Callback] = (),
        progress: bool = True,
    ) -> History:
        """Train for `epochs` more epochs and return what happened.

        Parameters
        ----------
        X : array_like of shape (m, d), or (m, ...) before a Flatten
            Examples are rows. Finite numbers of any real type; converted once.
        Y : array_like of shape (m, k), or (m,) for one output or class numbers
        optimizer : Optimizer
            Keeps its state: a second `fit` with the same one goes on.
        epochs : int
            >= 1.
        batch_size : int or None, default 64
            None: the whole set at once. The last batch of an epoch may be smaller.
        shuffle : bool or callable, default True
            Deal the rows in a new random order each epoch; a callable gives the order itself (see `MiniBatches`).
        validation : (X, Y), optional
            Measured after every epoch.
        callbacks : sequence of Callback
            `StopOnNonFinite` is added unless there is one.
        progress : bool, default True
            Show a progress bar on stderr.

        Returns
        -------
        History
            `history.loss[e]` is the mean over epoch e of the objective before each update.

        Raises
        ------
        ShapeError, DtypeError, ArgumentError, NonFiniteError
            Before anything changes, for bad input; `NonFiniteError` also where training diverges.
        """
        if not isinstance(optimizer, Optimizer):
            raise ArgumentError(f"optimizer must be an Optimizer such as Adam(), got {optimizer!r}")
        if isinstance(epochs, bool) or not isinstance(epochs, int | np.integer) or epochs < 1:
            raise ArgumentError(f"epochs must be a whole number >= 1, got {epochs!r}")
        callbacks = list(callbacks) if isinstance(callbacks, Iterable) else [callbacks]
        if wrong := [callback for callback in callbacks if not isinstance(callback, Callback)]:
            raise ArgumentError(f"callbacks must be a list of Callback objects such as EarlyStopping(), got {wrong[0]!r}")
        check_batch_size(batch_size)
        x, y = self._pair(X, Y)
        if validation is not None:
            if not isinstance(validation, tuple | list) or len(validation) != 2:
                raise ArgumentError(f"validation must be a pair (X, Y), got {type(validation).__name__}")
            validation = self._pair(*validation)
        batches = MiniBatches(x, y, batch_size=batch_size, shuffle=shuffle, seed=self.shuffle_rng)
        return train(self, batches, optimizer=optimizer, epochs=epochs, validation=validation, callbacks=callbacks, progress=progress)

    def predict(self, X: npt.ArrayLike) -> Array:
        """Return the outputs, probabilities or values, for each row of `X`: a fresh array (m, k). Dropout is off."""
        return self.predict_rows(self._examples(X))

    def predict_classes(self, X: npt.ArrayLike) -> Array:
        """Return the class number of each row of `X`: (m,) of int64. Needs a cross-entropy loss.

        One output means class 1 above a probability of one half; several under `BinaryCrossEntropy` are one decision each, (m, k).
        """
        return self.loss.classes(self.predict(X))

    def evaluate(self, X: npt.ArrayLike, Y: npt.ArrayLike) -> dict[str, float]:
        """Return {"loss": ..., "accuracy": ...} over all rows: the data loss without penalties, dropout off.

        There is an accuracy under the cross-entropies only.
        """
        return self.measure(*self._pair(X, Y))

    def objective(self, X: npt.ArrayLike, Y: npt.ArrayLike) -> dict[str, float]:
        """Return each term of what training minimizes, on (X, Y) as one batch: "data", each penalty by its name, "total"."""
        return {name: float(value) for name, value in self.terms(*self._pair(X, Y)).items()}

    def gradient(self, X: npt.ArrayLike, Y: npt.ArrayLike) -> Array:
        """Return the gradient of the total objective on (X, Y) with respect to all parameters: a fresh array (P,)."""
        x, y = self._pair(X, Y)
        self.value_and_gradient(x, y)
        return self.parameters.grad.copy()

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
    def load(cls, path: str | os.PathLike[str], *, custom: Sequence[type[Any]] = ()) -> Sequential:
        """Return the model that `save` wrote to `path`, once its SHA-256 is right.

        Parameters
        ----------
        path : path
        custom : sequence of type, optional
            The classes of one's own that the model has. No file decides what is imported.

        Raises
        ------
        MissingDataError, DataError
            If there is no such file, or it is not such a model, damaged, or has a class that is not known.
        """
        from .checkpoints import load

        return load(path, cls, custom)

    def _examples(self, X: npt.ArrayLike) -> Array:
        """Let examples in."""
        x = door(X, "X", self.dtype)
        try:
            output_shapes(self.layers, x.shape[1:])
        except ShapeError as error:
            turned = x.ndim == 2 and self._takes((x.shape[0],))
            hint = f" (X has shape {x.shape}; the examples are the rows: pass X.T?)" if turned else f" (X has shape {x.shape})"
            raise ShapeError(f"{error}{hint}") from None
        return x

    def _takes(self, shape: tuple[int, ...]) -> bool:
        try:
            output_shapes(self.layers, shape)
        except ShapeError:
            return False
        return True

    def _pair(self, X: npt.ArrayLike, Y: npt.ArrayLike) -> tuple[Array, Array]:
        """Let examples and targets in, which must agree."""
        x = self._examples(X)
        shape = output_shapes(self.layers, x.shape[1:])[-1]
        y = self.loss.targets(Y, shape[0] if shape else None, self.dtype)
        if len(x) != len(y):
            raise ShapeError(f"X and Y must have the same number of rows, got {len(x)} and {len(y)}")
        return x, y

    def __repr__(self) -> str:
        penalties = f", penalties={list(self.penalties)}" if self.penalties else ""
        return f"Sequential({list(self.layers)}, loss={self.loss}{penalties}, dtype={self.dtype})"
