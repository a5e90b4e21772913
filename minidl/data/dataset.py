"""Labelled images in a training and a test split."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ..errors import DtypeError, ShapeError
from ..escaping import escaped
from ..utils.typing import Array


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Images and their labels; all arrays are read-only.

    Parameters
    ----------
    images : ndarray of shape (m, height, width, channels), uint8
        The pixels, from 0 (dark) to 255 (light).
    labels : ndarray of shape (m,), integer
        The class number of each image, from 0; stored as int64.
    classes : tuple of str
        The name of each class.

    Raises
    ------
    DtypeError
        If `images` is not uint8 or `labels` is not an integer array.
    ShapeError
        If the shapes do not match, an array is empty, or a label is not in 0..n_classes - 1.

    See Also
    --------
    Dataset : A training and a test split with the same classes.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl.data import Split
    >>> images = np.full((3, 8, 8, 3), 255, np.uint8)
    >>> split = Split(images, np.array([0, 1, 1]), classes=("non-cat", "cat"))
    >>> split.x.shape, split.x.max(), split.y.tolist(), split.class_counts
    ((3, 192), np.float64(1.0), [[0.0], [1.0], [1.0]], (1, 2))
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        images = np.asarray(self.images)
        labels = np.asarray(self.labels)
        if images.dtype != np.uint8 or labels.dtype.kind not in "iu":
            raise DtypeError(
                "images must be uint8 and labels integers, "
                f"got {images.dtype} and {labels.dtype} in Split: convert them"
            )
        if images.ndim != 4 or labels.shape != images.shape[:1] or images.size == 0:
            raise ShapeError(
                "images must be (m, height, width, channels) and labels (m,), neither empty, "
                f"got {images.shape} and {labels.shape} in Split: reshape them"
            )
        n_classes = len(self.classes)
        if labels.min() < 0 or labels.max() >= n_classes:
            raise ShapeError(
                f"labels must lie in 0..{n_classes - 1}, got {labels.min()}..{labels.max()} "
                "in Split: number the classes from 0"
            )
        # The dataclass is frozen, so its own attributes are set through `object`.
        object.__setattr__(self, "images", _read_only(images))
        object.__setattr__(self, "labels", _read_only(labels.astype(np.int64)))

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return (
            f"Split(images {self.images.shape} uint8, labels {self.labels.shape} int64, "
            f"classes {self.classes})"
        )

    @cached_property
    def x(self) -> npt.NDArray[np.float64]:
        """The images as rows, (m, height * width * channels), float64 in [0, 1]."""
        return _read_only(self.images.reshape(len(self), -1) / 255.0)

    @cached_property
    def y(self) -> Array:
        """The labels as a column, (m, 1): float64 for two classes, int64 for more."""
        dtype = np.float64 if len(self.classes) <= 2 else np.int64
        return _read_only(self.labels.reshape(-1, 1).astype(dtype))

    @property
    def class_counts(self) -> tuple[int, ...]:
        """The number of images of each class."""
        return tuple(np.bincount(self.labels, minlength=len(self.classes)).tolist())


def _read_only(array: Array) -> Array:
    view = array.view()  # the caller's array stays writable
    view.flags.writeable = False
    return view


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A training and a test split of labelled images.

    Parameters
    ----------
    train : Split
        The images to train on.
    test : Split
        The images to test on, with the same classes.
    source : str
        The origin of the images, in one line.
    verified : bool, default False
        Whether every file has the SHA-256 of the original.

    See Also
    --------
    load_cats : Load the cat images.
    load_signs : Load the hand-sign images.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl.data import Dataset, Split
    >>> images = np.zeros((3, 8, 8, 3), np.uint8)
    >>> train = Split(images, np.array([0, 1, 1]), classes=("non-cat", "cat"))
    >>> test = Split(images[:1], np.array([0]), classes=("non-cat", "cat"))
    >>> print(Dataset(train, test, "black images"))
    source  black images
    train   3 images of 8 x 8 x 3   non-cat: 1 (33.3%)   cat: 2 (66.7%)
    test    1 images of 8 x 8 x 3   non-cat: 1 (100.0%)   cat: 0 (0.0%)
    """

    train: Split
    test: Split
    source: str
    verified: bool = False

    @property
    def classes(self) -> tuple[str, ...]:
        """The name of each class."""
        return self.train.classes

    @property
    def majority_class(self) -> dict[str, tuple[str, float]]:
        """The most frequent class of "train" and "test" with its fraction: the accuracy to beat."""
        majority = {}
        for split_name, split in self._splits():
            counts = split.class_counts
            largest = max(counts)
            majority[split_name] = (self.classes[counts.index(largest)], largest / len(split))
        return majority

    def _splits(self) -> tuple[tuple[str, Split], ...]:
        return ("train", self.train), ("test", self.test)

    def __str__(self) -> str:
        width = len(str(max(len(self.train), len(self.test))))
        lines = [f"source  {self.source}"]
        for split_name, split in self._splits():
            shape = " x ".join(map(str, split.images.shape[1:]))
            line = f"{split_name:6}  {len(split):{width}d} images of {shape}"
            for class_name, count in zip(self.classes, split.class_counts, strict=True):
                line += f"   {class_name}: {count:{width}d} ({count / len(split):.1%})"
            lines.append(line)
        return "\n".join(map(escaped, lines))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from ..html_pages.page import fragment
        from .dataset_html import render_dataset

        return fragment(render_dataset(self))
