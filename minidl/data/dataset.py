"""Labelled pictures in two parts, with a word on where they come from; and the dealing of rows into two parts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..arrays import Array, Seed
from ..errors import ArgumentError, DtypeError, ShapeError
from ..randomness import stream

Rows: TypeAlias = tuple[Array, Array]


@dataclass(frozen=True, eq=False, repr=False)
class Part:
    """Pictures and their labels; all arrays are read-only.

    Parameters
    ----------
    images : ndarray of shape (m, height, width, channels), uint8
        Brightness from 0 (dark) to 255 (light).
    labels : ndarray of shape (m,), integer
        Class numbers from 0; kept as int64.
    classes : tuple of str
        The name of every class.

    Raises
    ------
    ShapeError
        If ranks or numbers of rows do not fit, a part is empty, or a label has no class.
    DtypeError

    Examples
    --------
    >>> part = Part(np.full((2, 4, 4, 3), 255, np.uint8), np.array([0, 1]), ("non-cat", "cat"))
    >>> len(part), part.x.shape, part.x.max(), part.y.tolist()
    (2, (2, 48), np.float64(1.0), [[0.0], [1.0]])
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        images, labels = np.asarray(self.images), np.asarray(self.labels)
        if images.dtype != np.uint8 or labels.dtype.kind not in "iu":
            raise DtypeError(f"images must be uint8 and labels integers, got {images.dtype} and {labels.dtype}: convert them with .astype")
        if images.ndim != 4 or labels.shape != images.shape[:1] or images.size == 0:
            raise ShapeError(
                f"images must be (m, height, width, channels) and labels (m,), none empty, got {images.shape} and {labels.shape}: "
                "give one label per picture"
            )
        if labels.min() < 0 or labels.max() >= len(self.classes):
            raise ShapeError(
                f"labels must lie in 0..{len(self.classes) - 1} for the classes {self.classes}, got {labels.min()}..{labels.max()}: "
                "number the classes from 0"
            )
        object.__setattr__(self, "images", _read_only(images))
        object.__setattr__(self, "labels", _read_only(labels.astype(np.int64)))

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Part(images {self.images.shape} uint8, labels {self.labels.shape} int64, classes {self.classes})"

    @cached_property
    def x(self) -> npt.NDArray[np.float64]:
        """The pictures as rows in [0, 1]: (m, height * width * channels) float64, computed at the first use."""
        return _read_only(self.images.reshape(len(self), -1) / 255.0)

    @cached_property
    def y(self) -> Array:
        """The labels as a column (m, 1): 0.0 and 1.0 (float64) for two classes, class numbers (int64) for more."""
        return _read_only(self.labels.reshape(-1, 1).astype(np.float64 if len(self.classes) <= 2 else np.int64))

    @property
    def counts(self) -> tuple[int, ...]:
        """How many pictures each class has."""
        return tuple(np.bincount(self.labels, minlength=len(self.classes)).tolist())


def _read_only(array: Array) -> Array:
    view = array.view()  # the caller's own array stays as it is
    view.flags.writeable = False
    return view


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A training and a test part with their source.

    Parameters
    ----------
    train, test : Part
        Both with the same classes.
    source : str
        One line: which pictures these are and where they were found.
    verified : bool
        Whether every file has a known SHA-256.
    """

    train: Part
    test: Part
    source: str
    verified: bool = False

    @property
    def classes(self) -> tuple[str, ...]:
        """The name of every class; the index is the label."""
        return self.train.classes

    @property
    def majority(self) -> dict[str, tuple[str, float]]:
        """The commonest class of each part, "train" and "test", and its share: the accuracy that a model has to beat."""
        return {
            name: (self.classes[part.counts.index(max(part.counts))], max(part.counts) / len(part))
            for name, part in (("train", self.train), ("test", self.test))
        }

    def __str__(self) -> str:
        digits = len(str(max(len(self.train), len(self.test))))
        lines = [f"source  {self.source}"]
        for name, part in (("train", self.train), ("test", self.test)):
            line = f"{name:6}  {len(part):{digits}d} pictures of {' x '.join(map(str, part.images.shape[1:]))}"
            for label, count in zip(self.classes, part.counts, strict=True):
                line += f"   {label}: {count:{digits}d} ({count / len(part):.1%})"
            lines.append(line)
        return "\n".join(lines)

    __repr__ = __str__


def train_validation_split(
    X: npt.ArrayLike, Y: npt.ArrayLike, *, share: float = 0.2, seed: Seed = 0, stratify: bool = True
) -> tuple[Rows, Rows]:
    """Deal the rows of X and Y into a training and a validation part, each row into exactly one.

    Parameters
    ----------
    X, Y : array_like of shape (m, ...)
        Y has class numbers, 0/1, or one-hot rows.
    share : float
        `round(share * m)` rows are for validation, 0 < share < 1.
    seed : int, Generator or RandomState
        Decides which rows go where, and their order.
    stratify : bool
        Give every class, that is every set of equal rows of Y, its share of the validation rows, to within one row.

    Returns
    -------
    (X_train, Y_train), (X_val, Y_val)
        New arrays with the dtypes of X and Y.

    Raises
    ------
    ShapeError
        If X and Y differ in their number of rows.
    ArgumentError
        If `share` is not between 0 and 1, or leaves a part without rows.

    Examples
    --------
    >>> X, Y = np.arange(20).reshape(10, 2), np.repeat([[0], [1]], 5, axis=0)
    >>> (X_train, Y_train), (X_val, Y_val) = train_validation_split(X, Y)
    >>> len(X_train), len(X_val), sorted(Y_val.ravel().tolist())
    (8, 2, [0, 1])
    """
    X, Y = np.asarray(X), np.asarray(Y)
    if X.ndim == 0 or Y.ndim == 0 or len(X) != len(Y):
        raise ShapeError(f"X and Y must have the same number of rows, got shapes {X.shape} and {Y.shape}: give one row of Y per row of X")
    train, held_out = split_rows(Y, share=share, seed=seed, stratify=stratify)
    return (X[train], Y[train]), (X[held_out], Y[held_out])


def split_rows(Y: Array, *, share: float, seed: Seed, stratify: bool) -> tuple[Array, Array]:
    """Return the row numbers of the training and of the validation part; see `train_validation_split`."""
    m = len(Y)
    if not 0 < share < 1:
        raise ArgumentError(f"share must lie between 0 and 1, got {share!r}: pass the part of the rows to hold out, e.g. share=0.2")
    count = round(share * m)
    if not 0 < count < m:
        raise ArgumentError(f"share must leave rows in both parts, got {share!r}, which holds out {count} of {m} rows: choose another")
    random = stream(seed)
    order = random.permutation(m)
    if not stratify:
        return order[count:], order[:count]
    _, classes = np.unique(Y.reshape(m, -1), axis=0, return_inverse=True)
    by_class = order[np.argsort(classes.reshape(m)[order], kind="stable")]
    # Evenly spaced places in the rows sorted by class: each class is hit in proportion to its length.
    places = (np.arange(count) * m + int(random.random() * m)) // count
    chosen = np.zeros(m, dtype=bool)
    chosen[by_class[places]] = True
    return order[~chosen[order]], order[chosen[order]]
