"""A dataset at a glance: images of each class, or points in the plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..data.dataset import Dataset, Split
from ..drawing.figure import add_legend, class_colours, single_axes
from ..drawing.image_grid import image_grid
from ..drawing.labels import check_class_names, check_class_numbers, check_count
from ..drawing.looks import adapt
from ..drawing.points import draw_points
from ..errors import ArgumentError, ShapeError
from ..escaping import PLAIN_TEXT
from ..utils.typing import Array
from ..utils.validation import as_real_array, check_array
from .images import check_images

MAX_CLASSES = 100
FEW_CLASSES = 12  # that a legend names


def dataset(
    X: Dataset | Split | npt.ArrayLike,
    Y: npt.ArrayLike | None = None,
    *,
    classes: Sequence[str] | None = None,
    max_images: int = 20,
    columns: int = 5,
    axes: Any = None,
) -> Any:
    """Plot a dataset: some images of each class, or its examples as points in the plane.

    Examples of two features are drawn as they are. Of more features the plane is that of their two
    principal components, in which they lie farthest apart; features of different units should be
    scaled before. Targets that are no class numbers are drawn in a scale of colours.

    Parameters
    ----------
    X : Dataset, Split or array_like
        A dataset of images, of which the training images are drawn; or images of shape
        (m, height, width), (m, height, width, 1) or (m, height, width, 3), uint8 or in [0, 1]; or
        features (m, n), n >= 2. A tuple is X and Y, as `minidl.data.planar.moons` returns them.
    Y : array_like of shape (m,), (m, 1) or (m, n_classes), optional
        Class numbers, names of classes, one-hot rows or, for features, numbers to predict. Not for
        a `Dataset` or `Split`, which has its own; without it, all examples are of one kind.
    classes : sequence of str, optional
        The name of each class, of which 24 characters are drawn. By default, those of the
        `Dataset`, otherwise "class 0", "class 1", ...
    max_images : int, default 20
        The maximum number of images to plot, >= 1: the first of each class, then the second, ...
    columns : int, default 5
        The number of images in a row, >= 1.
    axes : matplotlib.axes.Axes or sequence of these, optional
        Where to plot, one image on each, or all points on a single one. By default, a new figure.

    Returns
    -------
    ndarray of matplotlib.axes.Axes
        The axes with an image or with the points, a flat array.

    Raises
    ------
    ArgumentError
        If a class has no name, images are not in [0, 1], `Y` is given for a `Dataset`, a count is
        not an integer >= 1, or `axes` holds anything but Axes.
    ShapeError
        If `X` has another shape, or `Y` does not have one row per row of `X`.
    DtypeError
        If an array does not hold real numbers.
    NonFiniteError
        If features or targets are NaN or infinite.
    MissingDependencyError
        If matplotlib is not installed.

    See Also
    --------
    decision_boundary : The points with what a model predicts.

    Examples
    --------
    >>> from minidl.data import planar
    >>> (axes,) = dataset(*planar.moons(100, noise=0.2, rng=3))
    >>> print(axes.get_title())
    100 examples of 2 features
    class 0: 50, class 1: 50
    """
    function = "dataset"
    if isinstance(X, tuple) and len(X) == 2 and Y is None:
        X, Y = X
    if isinstance(X, Dataset | Split):
        if Y is not None:
            raise ArgumentError(f"Y must be left out for a {type(X).__name__} in {function}")
        split = X.train if isinstance(X, Dataset) else X
        X, Y, classes = split.images, split.labels, classes or split.classes
    values = as_real_array(X, "X")
    if classes is None and np.asarray(Y).dtype.kind in "US":
        words, Y = np.unique(np.ravel(np.asarray(Y)), return_inverse=True)
        classes = words.tolist()
    targets = None if Y is None else _targets(Y, len(values), function)
    if values.ndim == 2:
        return _draw_points(values, targets, classes, axes, function)
    images = check_images(values, function)
    labels = np.zeros(len(images), int) if targets is None else targets
    labels, names = _named(labels, [""] if targets is None else classes, function)
    shown = _of_each_class(labels, len(names), check_count(max_images, "max_images", function))
    size = " x ".join(map(str, images.shape[1:]))
    return image_grid(
        images[shown],
        [names[labels[i]] for i in shown],
        white=255 if images.dtype == np.uint8 else 1,
        columns=columns,
        axes=axes,
        function=function,
        title=f"{len(images):,} images of {size}{_counts(labels, names)}",
    )


def _targets(Y: npt.ArrayLike, count: int, function: str) -> Array:
    """Return targets (m,)."""
    targets = check_array(Y, "Y", np.dtype(np.float64))
    if targets.ndim == 2:
        targets = targets[:, 0] if targets.shape[1] == 1 else targets.argmax(axis=1)
    if targets.shape != (count,):
        raise ShapeError(
            f"Y must have one row per row of X, got {np.shape(Y)} for {count} rows in {function}"
        )
    return targets


def _named(
    labels: Array, classes: Sequence[str] | None, function: str
) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return class numbers as integers, and the names of the classes."""
    count = len(classes) if classes is not None else MAX_CLASSES
    numbers = check_class_numbers(labels, "Y", count, function)
    default = [f"class {k}" for k in range(int(numbers.max()) + 1)]
    return numbers, check_class_names(classes if classes is not None else default, function)


def _of_each_class(labels: Array, n_classes: int, count: int) -> list[int]:
    """Return the numbers of some examples: the first of each class, then the second, ..."""
    turns = np.empty(len(labels), int)
    for k in range(n_classes):
        turns[labels == k] = np.arange((labels == k).sum())
    return sorted(np.lexsort((labels, turns))[:count].tolist(), key=lambda i: (turns[i], labels[i]))


def _counts(labels: Array, names: Sequence[str]) -> str:
    """Return how many examples of each class there are, as the end of a title."""
    if len(names) == 1:
        return f", {names[0]}" if names[0] else ""
    if len(names) > FEW_CLASSES:
        return f" of {len(names)} classes"
    counts = np.bincount(labels, minlength=len(names))
    return "\n" + ", ".join(f"{name}: {n:,}" for n, name in zip(counts, names, strict=True))


def _draw_points(
    X: Array, Y: Array | None, classes: Sequence[str] | None, axes: Any, function: str
) -> Any:
    points, labels = _plane(check_array(X, "X", np.dtype(np.float64)), function)
    axes = single_axes(axes, function, 6, 5)
    title = f"{len(X):,} examples of {X.shape[1]} features"
    if Y is not None and classes is None and (np.mod(Y, 1) != 0).any():
        drawn = axes.scatter(*points.T, c=Y, cmap="viridis", s=22, linewidths=0)
        axes.figure.colorbar(drawn, ax=axes, label="target")
    else:
        numbers = np.zeros(len(X), int) if Y is None else Y
        numbers, names = _named(numbers, [""] if Y is None else classes, function)
        artists = list(draw_points(axes, points, numbers, names, class_colours(len(names))))
        title += _counts(numbers, names)
        if 1 < len(names) <= FEW_CLASSES:
            add_legend(axes, artists, fontsize=8)
    axes.set(xlabel=labels[0], ylabel=labels[1])
    axes.set_title(title, fontsize=10, wrap=True, **PLAIN_TEXT)
    return np.array([adapt(axes)], dtype=object)


def _plane(X: Array, function: str) -> tuple[Array, tuple[str, str]]:
    """Return points in the plane, and the names of its axes."""
    if X.shape[1] == 2:
        return X, ("first feature", "second feature")
    if X.shape[1] < 2:
        raise ShapeError(
            f"X must have at least two features, or be images (m, height, width), got {X.shape} "
            f"in {function}"
        )
    centred = X - X.mean(axis=0)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    shares = sizes**2 / max(float((sizes**2).sum()), np.finfo(float).tiny)
    names = [
        f"{word} principal component ({share:.0%} of the variance)"
        for word, share in zip(("first", "second"), shares, strict=False)
    ]
    return centred @ directions[:2].T, (names[0], names[1])
