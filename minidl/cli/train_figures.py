"""The figures of `minidl train --out`."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .. import Conv2D, History, Reshape, Sequential, plots
from ..errors import MissingDependencyError
from ..escaping import MAX_LINE, PLAIN_TEXT, shortened
from ..layers import Activation
from ..utils.atomic_files import atomic_write
from ..utils.typing import Array
from .dataset_options import LoadedDataset
from .network_shape import network_shape
from .streams import complain

DPI = 120

_UNKNOWN_LETTERS = "Glyph |Matplotlib currently does not support"
"""How the warnings of matplotlib begin that its font lacks a letter, which is drawn as a box."""

Draw = Callable[[], Any]


class WrittenFigures(NamedTuple):
    """What `write_figures` did.

    Parameters
    ----------
    names : list of str
        The files.
    status : int
        The exit status: 1 if a figure failed.
    """

    names: list[str]
    status: int


@contextmanager
def unknown_letters_ignored() -> Iterator[None]:
    """Draw names in any letters without a warning, for the length of a context."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", _UNKNOWN_LETTERS, UserWarning)
        yield


def write_figures(folder: Path, figures: Mapping[str, Draw]) -> WrittenFigures:
    """Write figures; one that cannot be drawn is reported on stderr, and the others are written.

    Parameters
    ----------
    folder : Path
        Where to write them.
    figures : dict of str to callable
        For each file the function that draws it and returns an Axes.

    Returns
    -------
    WrittenFigures
        The files, and the exit status: matplotlib that is not installed is no failure.

    Raises
    ------
    DataError
        If a file cannot be written.
    """
    names: list[str] = []
    for name, draw in figures.items():
        buffer = io.BytesIO()
        try:
            with unknown_letters_ignored():
                draw().figure.savefig(buffer, format="png", dpi=DPI)
        except MissingDependencyError as error:
            complain("train", f"no figures: {error}")
            return WrittenFigures(names, 0)
        except Exception as error:  # the results are written, and the other figures may be fine
            words = " ".join(str(error).split())
            complain("train", f"no figure {name}: unexpected {type(error).__name__}: {words}")
            continue
        atomic_write(folder / name, buffer.getvalue())
        names.append(name)
    return WrittenFigures(names, int(len(names) < len(figures)))


def train_figures(model: Sequential, history: History, dataset: LoadedDataset) -> dict[str, Draw]:
    """Return the functions that draw the figures of a training.

    Parameters
    ----------
    model : Sequential
        The trained network.
    history : History
        That of the training.
    dataset : LoadedDataset
        The dataset.

    Returns
    -------
    dict of str to callable
        By the names of their files.
    """
    X, Y = dataset.test
    predicted = model.predict_classes(X)
    title = shortened(f"{shortened(Path(dataset.name).name)}, {network_shape(model)}", MAX_LINE)

    def cost() -> Any:
        axes = plots.learning_curves(history, held_out="test")
        axes.set(ylim=(0, None))
        axes.set_title(f"{title}\nloss during training", **PLAIN_TEXT)
        return axes

    def confusion() -> Any:
        return plots.confusion_matrix(Y, predicted, dataset.classes)

    def boundary() -> Any:
        axes = plots.decision_boundary(model, X, Y, classes=dataset.classes, shade=True)
        if dataset.columns is not None:
            axes.set_xlabel(f"{shortened(dataset.columns[0])}, scaled", **PLAIN_TEXT)
            axes.set_ylabel(f"{shortened(dataset.columns[1])}, scaled", **PLAIN_TEXT)
        axes.set_title(f"{title}\npredictions, and the {len(X)} test examples", **PLAIN_TEXT)
        return axes

    def misclassified(images: Array) -> Any:
        probability = model.predict(X).max(axis=1)
        if dataset.n_outputs == 1:
            probability = np.maximum(probability, 1 - probability)
        grid = plots.misclassified(images, Y, predicted, dataset.classes, probability=probability)
        return grid[0]

    figures: dict[str, Draw] = {"cost.png": cost, "confusion.png": confusion}
    if X.shape[1] == 2:
        figures["boundary.png"] = boundary
    if dataset.test_images is not None and (predicted != Y.ravel()).any():
        figures["misclassified.png"] = partial(misclassified, dataset.test_images)
    return figures | _convolution_figures(model, X[0])


def _convolution_figures(model: Sequential, example: Array) -> dict[str, Draw]:
    """Return those of the first layer, if it is a convolution: its filters, and what they give."""
    layers = model.layers
    first = int(isinstance(layers[0], Reshape))
    convolution = layers[first] if first < len(layers) else None
    if not isinstance(convolution, Conv2D):
        return {}
    followed = first + 1 < len(layers) and isinstance(layers[first + 1], Activation)
    return {
        "filters.png": lambda: plots.filters(convolution)[0],
        "feature_maps.png": lambda: plots.feature_maps(model, example, first + followed)[0],
    }
