"""Labelled pictures, a picture of the user's own, and the dealing of rows into two parts."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, DataError, DtypeError, ShapeError, require_extra
from ..utils.atomic_files import FilePath, read_bounded
from ..utils.random import as_rng
from ..utils.typing import Array, Seed
from ..utils.validation import is_integer

MOST_BYTES = 256 * 2**20  # of a picture of the user's own
MOST_PIXELS = 120_000_000  # the largest phone cameras have 108 million
Rows: TypeAlias = tuple[Array, Array]


@dataclass(frozen=True, eq=False, repr=False)
class Part:
    """Pictures and their labels; all arrays are read-only.

    Parameters
    ----------
    images : ndarray of shape (m, height, width, channels), uint8
        From 0 (dark) to 255 (light).
    labels : ndarray of shape (m,), integer
        Class numbers; kept as int64.
    classes : tuple of str
        The name of every class.

    Raises
    ------
    DtypeError, ShapeError
        If there are no pictures, or dtypes, shapes or classes do not fit.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        images, labels, count = np.asarray(self.images), np.asarray(self.labels), len(self.classes)
        if images.dtype != np.uint8 or labels.dtype.kind not in "iu":
            raise DtypeError(
                f"images must be uint8 and labels integers, got {images.dtype} and {labels.dtype}: convert them"
            )
        if images.ndim != 4 or labels.shape != images.shape[:1] or images.size == 0:
            shapes = f"{images.shape} and {labels.shape}"
            raise ShapeError(
                f"images must be (m, height, width, channels) and labels (m,), none empty, got {shapes}: reshape them"
            )
        if labels.min() < 0 or labels.max() >= count:
            raise ShapeError(
                f"labels must lie in 0..{count - 1}, got {labels.min()}..{labels.max()}: number the classes from 0"
            )
        object.__setattr__(self, "images", _read_only(images))
        object.__setattr__(self, "labels", _read_only(labels.astype(np.int64)))

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Part(images {self.images.shape} uint8, labels {self.labels.shape} int64, classes {self.classes})"

    @cached_property
    def x(self) -> npt.NDArray[np.float64]:
        """The pictures as rows (m, height * width * channels) of float64 in [0, 1]."""
        return _read_only(self.images.reshape(len(self), -1) / 255.0)

    @cached_property
    def y(self) -> Array:
        """The labels as a column (m, 1): float64 for two classes, int64 for more."""
        return _read_only(
            self.labels.reshape(-1, 1).astype(np.float64 if len(self.classes) <= 2 else np.int64)
        )

    @property
    def counts(self) -> tuple[int, ...]:
        """How many pictures each class has."""
        return tuple(np.bincount(self.labels, minlength=len(self.classes)).tolist())


def _read_only(array: Array) -> Array:
    view = array.view()  # the caller's own stays writable
    view.flags.writeable = False
    return view


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A training and a test part.

    Parameters
    ----------
    train, test : Part
        Both with the same classes.
    source : str
        Which pictures these are, in one line.
    verified : bool
        Whether every file has a known SHA-256.
    """

    train: Part
    test: Part
    source: str
    verified: bool = False

    @property
    def classes(self) -> tuple[str, ...]:
        """The name of every class."""
        return self.train.classes

    @property
    def majority(self) -> dict[str, tuple[str, float]]:
        """The commonest class of "train" and "test" and its share: the accuracy to beat."""
        return {
            name: (self.classes[part.counts.index(max(part.counts))], max(part.counts) / len(part))
            for name, part in (("train", self.train), ("test", self.test))
        }

    def __str__(self) -> str:
        digits = len(str(max(len(self.train), len(self.test))))
        lines = [f"source  {self.source}"]
        for name, part in (("train", self.train), ("test", self.test)):
            lines.append(
                f"{name:6}  {len(part):{digits}d} pictures of {' x '.join(map(str, part.images.shape[1:]))}"
            )
            for label, count in zip(self.classes, part.counts, strict=True):
                lines[-1] += f"   {label}: {count:{digits}d} ({count / len(part):.1%})"
        return "\n".join(lines)

    __repr__ = __str__


def train_validation_split(
    X: npt.ArrayLike, Y: npt.ArrayLike, *, share: float = 0.2, seed: Seed = 0, stratify: bool = True
) -> tuple[Rows, Rows]:
    """Deal the rows into a training and a validation part: return copies (X_train, Y_train), (X_val, Y_val).

    Parameters
    ----------
    X, Y : array_like of shape (m, ...)
    share : float
        `round(share * m)` rows are for validation.
    seed : int, Generator or RandomState
    stratify : bool
        Give every class, that is every set of equal rows of Y, its share, to within one row.

    Raises
    ------
    ShapeError
        If X and Y differ in their number of rows.
    ArgumentError
        If `share` leaves a part without rows.

    Examples
    --------
    >>> X, Y = np.arange(20).reshape(10, 2), np.repeat([[0], [1]], 5, axis=0)
    >>> (X_train, Y_train), (X_val, Y_val) = train_validation_split(X, Y)
    >>> len(X_train), len(X_val), Y_val.sum()
    (8, 2, np.int64(1))
    """
    X, Y = np.asarray(X), np.asarray(Y)
    if X.ndim == 0 or Y.ndim == 0 or len(X) != len(Y):
        raise ShapeError(
            f"X and Y must have as many rows, got shapes {X.shape} and {Y.shape}: give one row of Y per row of X"
        )
    train, held_out = split_rows(Y, share=share, seed=seed, stratify=stratify)
    return (X[train], Y[train]), (X[held_out], Y[held_out])


def split_rows(Y: Array, *, share: float, seed: Seed, stratify: bool) -> tuple[Array, Array]:
    """Return the row numbers of the training and of the validation part."""
    m = len(Y)
    count = round(share * m) if 0 < share < 1 else 0
    if not 0 < count < m:
        raise ArgumentError(
            f"share must lie between 0 and 1 and leave rows in both parts, got {share!r} of {m} rows: pass e.g. share=0.2"
        )
    random = as_rng(seed)
    order = random.permutation(m)
    if not stratify:
        return order[count:], order[:count]
    _, classes = np.unique(Y.reshape(m, -1), axis=0, return_inverse=True)
    by_class = order[np.argsort(classes.reshape(m)[order], kind="stable")]
    # Evenly spaced among the rows sorted by class: each class is hit in proportion to its length.
    places = (np.arange(count) * m + int(random.random() * m)) // count
    chosen = np.zeros(m, dtype=bool)
    chosen[by_class[places]] = True
    return order[~chosen[order]], order[chosen[order]]


def read_image(path: FilePath, size: tuple[int, int] = (64, 64)) -> npt.NDArray[np.uint8]:
    """Read a JPEG or PNG picture of any kind, upright and without transparency, and scale it as a whole.

    Parameters
    ----------
    path : path
    size : (int, int)
        Height and width of the result.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        `image.reshape(1, -1) / 255` is a row for `model.predict`.

    Raises
    ------
    MissingDependencyError
        Without Pillow.
    MissingDataError, DataError
        If there is no such file, or it is another kind, damaged, or larger than 256 MiB or 120 million pixels.
    ArgumentError
        If `size` is not two whole numbers >= 1.
    """
    if len(size) != 2 or not all(map(is_integer, size)):
        raise ArgumentError(
            f"size must be (height, width), two whole numbers >= 1, got {size!r} in read_image"
        )
    with require_extra("Pillow", "plot", "read_image"):
        from PIL import Image, UnidentifiedImageError
    content = read_bounded(path, MOST_BYTES, "a picture", "scale the picture down first")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures: Pillow's limit is lower
            with Image.open(
                BytesIO(content), formats=("JPEG", "PNG")
            ) as picture:  # no other decoder sees a byte
                if picture.width * picture.height > MOST_PIXELS:  # nothing is decoded yet
                    raise Image.DecompressionBombError(f"{picture.width:,} x {picture.height:,}")
                return _pixels(picture, (int(size[1]), int(size[0])))
    except Image.DecompressionBombError as error:
        raise DataError(
            f"{path}: a picture may have {MOST_PIXELS:,} pixels, found more ({error}): scale it down first"
        ) from None
    except Exception as error:  # a damaged file makes a decoder raise nearly anything
        found = (
            f"a file that begins with {content[:12]!r}"
            if isinstance(error, UnidentifiedImageError)
            else f"it damaged ({error})"
        )
        raise DataError(
            f"{path}: must be a whole JPEG or PNG picture, found {found}: save or fetch it as one"
        ) from error


def _pixels(picture: Any, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    from PIL import Image, ImageOps

    upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I"):  # 16-bit grey, which Pillow would cut off at 255
        upright = Image.fromarray((np.asarray(upright) / 257).round().clip(0, 255).astype(np.uint8))
    if "A" in upright.getbands() or "transparency" in upright.info:
        clear = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    return np.array(upright.convert("RGB").resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))
