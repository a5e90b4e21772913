"""What every loader returns: the pictures of a training and a test part, and an honest word on where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ..arrays import Array
from ..errors import DtypeError, ShapeError


@dataclass(frozen=True, eq=False, repr=False)
class Part:
    """Pictures and their labels; all arrays are read-only.

    Parameters
    ----------
    images : ndarray of shape (m, height, width, channels), uint8
        Brightness from 0 (dark) to 255 (light).
    labels : ndarray of shape (m,), integer
        Class numbers from 0 to len(classes) - 1; kept as int64.
    classes : tuple of str
        The name of every class.

    Raises
    ------
    ShapeError
        If the ranks or the numbers of rows do not fit, a part is empty, or a label has no class.
    DtypeError
        If the pictures are not uint8 or the labels not integers.

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
        object.__setattr__(self, "images", read_only(images))
        object.__setattr__(self, "labels", read_only(labels.astype(np.int64)))

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Part(images {self.images.shape} uint8, labels {self.labels.shape} int64, classes {self.classes})"

    @cached_property
    def x(self) -> npt.NDArray[np.float64]:
        """The pictures as rows of numbers in [0, 1]: (m, height * width * channels) float64, computed at the first use."""
        return read_only(self.images.reshape(len(self), -1) / 255.0)

    @cached_property
    def y(self) -> Array:
        """The labels as a column (m, 1): 0.0 and 1.0 (float64) for two classes, class numbers (int64) for more."""
        return targets(self.labels, len(self.classes))

    @property
    def counts(self) -> tuple[int, ...]:
        """How many pictures each class has, in the order of `classes`."""
        return tuple(int(count) for count in np.bincount(self.labels, minlength=len(self.classes)))


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
        """The accuracy of always answering the commonest class, per part: what a model has to beat.

        Examples
        --------
        >>> from minidl.data.standin import draw_cats
        >>> {part: (name, round(share, 3)) for part, (name, share) in Dataset(*draw_cats(), source="drawn").majority.items()}
        {'train': ('non-cat', 0.656), 'test': ('cat', 0.66)}
        """
        return {name: _majority(part) for name, part in (("train", self.train), ("test", self.test))}

    def __str__(self) -> str:
        digits = len(str(max(len(self.train), len(self.test))))
        lines = [f"source  {self.source}"]
        for name, part in (("train", self.train), ("test", self.test)):
            size = " x ".join(map(str, part.images.shape[1:]))
            shares = "".join(
                f"   {label}: {count:{digits}d} ({count / len(part):.1%})" for label, count in zip(self.classes, part.counts, strict=True)
            )
            lines.append(f"{name:6}  {len(part):{digits}d} pictures of {size}{shares}")
        return "\n".join(lines)

    __repr__ = __str__


def _majority(part: Part) -> tuple[str, float]:
    most = int(np.argmax(part.counts))
    return part.classes[most], part.counts[most] / len(part)


def read_only(array: Array) -> Array:
    """Return a view of `array` that cannot be written to; the caller's own array stays as it is."""
    view = array.view()
    view.flags.writeable = False
    return view


def targets(labels: Array, classes: int) -> Array:
    """Return class numbers (m,) as a read-only column (m, 1): float64 for two classes, int64 for more."""
    return read_only(labels.reshape(-1, 1).astype(np.float64 if classes <= 2 else np.int64))
