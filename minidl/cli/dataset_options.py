"""Datasets of the command line: their options, how they are loaded, and how each is trained."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..data import Dataset, course_images, load_cats, load_signs, planar, train_validation_split
from ..data.mat_file import MATFile
from ..errors import DataError
from ..utils.typing import Array
from .argument_types import NON_NEGATIVE_NUMBER, number_type
from .completed_arguments import FileArgument, FolderArgument
from .csv_file import MAX_CLASSES, read_csv
from .defaults import Defaults, fill_defaults
from .preparation import Preparation, Scaling, scale_in_place
from .suggestions import did_you_mean

CSV, MAT = "FILE.csv", "FILE.mat"  # stand for the paths of any such files
FILES = {".csv": CSV, ".mat": MAT}
IMAGES: dict[str, Callable[[str | None], Dataset]] = {"cats": load_cats, "signs": load_signs}
IMAGE_FILES = {"cats": course_images.CATS, "signs": course_images.SIGNS}


class PointGenerator(NamedTuple):
    """A function that draws points in the plane, and its default noise.

    Parameters
    ----------
    draw : callable
        Takes the number of points, the noise and a generator; returns (X, Y).
    noise : float
        Standard deviation of the noise.
    """

    draw: Callable[..., tuple[Array, Array]]
    noise: float


POINTS = {
    "moons": PointGenerator(planar.moons, noise=0.2),
    "circles": PointGenerator(planar.circles, noise=0.05),
    "blobs": PointGenerator(planar.blobs, noise=1.5),
    "flower": PointGenerator(planar.flower, noise=0.2),
}
DEFAULT_POINTS = 400
_SMALL = Defaults(
    "16",
    epochs=200,
    optimizer="adam",
    learning_rate=0.1,
    adaptive_learning_rate=0.01,
    batch_size=32,
    init="he",
)
DEFAULTS = {
    "moons": _SMALL._replace(layers="16,16"),
    "circles": _SMALL._replace(layers="16,16"),
    "blobs": _SMALL._replace(epochs=100),
    "flower": _SMALL._replace(layers="16,16"),
    "cats": Defaults("20,7,5", epochs=2500),
    "signs": Defaults(
        "25,12",
        epochs=1500,
        optimizer="adam",
        learning_rate=0.01,
        adaptive_learning_rate=1e-4,
        batch_size=32,
    ),
    CSV: _SMALL,
    MAT: _SMALL,
}
NET_DEFAULTS = Defaults(  # for pictures: those of DEFAULTS suit fully connected networks
    "none",
    epochs=100,
    optimizer="adam",
    learning_rate=0.01,
    adaptive_learning_rate=0.001,
    batch_size=32,
    init="he",
)
DATASET_HELP = (
    f"{', '.join([*POINTS, *IMAGES])}, or the path of a .csv file: "
    "numbers, with the class of the row in the last column; or of a .mat file with X and y, and "
    "Xval and yval to test on"
)


class LoadedDataset(NamedTuple):
    """A dataset for the command line.

    Parameters
    ----------
    name : str
        As on the command line.
    source : str
        Where the examples come from, in one line.
    classes : tuple of str
        The names of the classes.
    train : tuple of (X, Y)
        The training set: X of shape (m, d), float64; Y of shape (m, 1), float64 for two classes
        and int64 for more.
    test : tuple of (X, Y)
        The test set.
    verified : bool, default False
        Whether the files were verified by their SHA-256.
    test_images : ndarray of shape (m, height, width, 3), uint8, optional
        The images of the test set.
    columns : tuple of str, optional
        The names of the columns of a file, that of the class last.
    scaling : Scaling, optional
        How the columns were scaled.
    """

    name: str
    source: str
    classes: tuple[str, ...]
    train: tuple[Array, Array]
    test: tuple[Array, Array]
    verified: bool = False
    test_images: Array | None = None
    columns: tuple[str, ...] | None = None
    scaling: Scaling | None = None

    @property
    def example_shape(self) -> tuple[int, ...]:
        """The shape of one example: of a picture that of its pixels, though X has rows."""
        if self.test_images is not None:
            return self.test_images.shape[1:]
        return self.train[0].shape[1:]

    @property
    def n_outputs(self) -> int:
        """The outputs of a network for these classes: 1 for two classes."""
        return 1 if len(self.classes) == 2 else len(self.classes)

    @property
    def preparation(self) -> Preparation:
        """What the file of a network keeps of it."""
        columns = None if self.columns is None else [*self.columns]
        n_features = self.train[0].shape[1]
        return Preparation(n_features, [*self.classes], columns, self.scaling)


_NAMES = " ".join([*POINTS, *IMAGES])
PREAMBLES = {
    "bash": f'_minidl_datasets() {{ compgen -W \'{_NAMES}\' -- "$1"; _shtab_compgen_files "$1"; }}'
}
"""What the script of a shell begins with, for the completion of datasets."""


class DatasetArgument(FileArgument):
    """Store an argument that is the name of a dataset, or the path of a file.

    Parameters
    ----------
    **arguments
        Those of `argparse.Action`.
    """

    @property
    def complete(self) -> Any:
        """What each shell completes it with: names and files."""
        zsh = f"_alternative 'n:name:({_NAMES})' 'f:file:_files'"
        return super().complete | {"bash": "_minidl_datasets", "zsh": zsh}


def add_dataset_options(parser: argparse.ArgumentParser, *, is_required: bool = True) -> None:
    """Add the dataset and its options.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The parser of the command.
    is_required : bool, default True
        Whether the dataset must be on the command line.
    """
    parser.add_argument(
        "set",
        action=DatasetArgument,
        type=_dataset_name,
        nargs=None if is_required else "?",
        metavar="DATASET",
        help=DATASET_HELP,
    )
    group = parser.add_argument_group("dataset")
    text = "cats, signs: folder of the .h5 files (default: see minidl data list)"
    group.add_argument("--data", action=FolderArgument, metavar="FOLDER", help=text)
    number_of_points = number_type(
        int, "an integer from 10 to 1000000", lambda number: 10 <= number <= 1_000_000
    )
    text = f"{', '.join(POINTS)}: number of points (default: {DEFAULT_POINTS})"
    group.add_argument("--points", type=number_of_points, metavar="N", help=text)
    noises = ", ".join(f"{generator.noise} for {name}" for name, generator in POINTS.items())
    text = f"{', '.join(POINTS)}: standard deviation of the noise (default: {noises})"
    group.add_argument("--noise", type=NON_NEGATIVE_NUMBER, metavar="S", help=text)


def _dataset_name(text: str) -> str:
    if text in POINTS or text in IMAGES or Path(text).suffix.lower() in FILES:
        return text
    cure = did_you_mean(text, [*POINTS, *IMAGES])
    raise argparse.ArgumentTypeError(f"must be one of {DATASET_HELP}; got {text!r}{cure}")


def dataset_kind(name: str) -> str:
    """Return the name of a dataset, or what stands for all files of its kind.

    Parameters
    ----------
    name : str
        As on the command line.

    Returns
    -------
    str
        One of the keys of `DEFAULTS`.
    """
    return name if name in DEFAULTS else FILES[Path(name).suffix.lower()]


def missing_dataset(options: argparse.Namespace) -> str | None:
    """Return an error message if neither the command line nor a file of settings has a dataset.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options.

    Returns
    -------
    str or None
        None if there is one.
    """
    if options.set is not None:
        return None
    cure = (
        ""
        if options.config is None
        else f', or a line such as dataset = "moons" in {options.config}'
    )
    return f"the following arguments are required: DATASET{cure}"


def incompatible_option(options: argparse.Namespace) -> str | None:
    """Return an error message if an option does not belong to the dataset.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options.

    Returns
    -------
    str or None
        None if all options fit.
    """
    owners: dict[str, Collection[str]] = {
        "data": IMAGES,
        "points": POINTS,
        "noise": POINTS,
        "augment": IMAGES,
    }
    for option, datasets in owners.items():
        if getattr(options, option, None) is not None and options.set not in datasets:
            names = ", ".join(datasets)
            return f"--{option} is only for {names}, got it with {options.set}"
    return None


def load_dataset(options: argparse.Namespace) -> LoadedDataset:
    """Load or draw the dataset, and fill in its default options.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options; those that were not given are set in place.

    Returns
    -------
    LoadedDataset
        The training and the test set.
    """
    name = options.set
    of_net = name in IMAGES and getattr(options, "net", None) is not None
    fill_defaults(options, NET_DEFAULTS if of_net else DEFAULTS[dataset_kind(name)])
    if name in IMAGES:
        return _load_images(name, options.data)
    if name in POINTS:
        return _draw_points(options)
    load_file = _load_csv if dataset_kind(name) == CSV else _load_mat
    return load_file(name, options.seed)


def _load_images(name: str, folder: str | None) -> LoadedDataset:
    dataset = IMAGES[name](folder)
    train, test = dataset.train, dataset.test
    return LoadedDataset(
        name,
        dataset.source,
        dataset.classes,
        (train.x, train.y),
        (test.x, test.y),
        dataset.verified,
        test.images,
    )


def _draw_points(options: argparse.Namespace) -> LoadedDataset:
    generator = POINTS[options.set]
    options.noise = generator.noise if options.noise is None else options.noise
    options.points = options.points or DEFAULT_POINTS
    rng = np.random.RandomState(options.seed)
    X, Y = generator.draw(options.points, options.noise, rng)
    source = (
        f"drawn: {len(X)} points in the plane with noise {options.noise:g}, seed {options.seed}"
    )
    classes = tuple(f"class {number}" for number in range(int(Y.max()) + 1))
    train, test = train_validation_split(X, Y, validation_fraction=0.25, seed=options.seed)
    return LoadedDataset(options.set, source, classes, train, test)


def _load_csv(name: str, seed: int) -> LoadedDataset:
    X, labels, classes, columns = read_csv(Path(name))
    train, test = train_validation_split(X, labels, validation_fraction=0.2, seed=seed)
    del X  # the splits are copies, and the set may be large
    return _standardized(name, train, test, classes, columns)


def _load_mat(name: str, seed: int) -> LoadedDataset:
    file = MATFile(name)
    X, Y = file.examples()
    if "Xval" in file.variables:
        train, test = (X, Y), file.examples("Xval", "yval")
    else:
        train, test = train_validation_split(X, Y, validation_fraction=0.2, seed=seed)
    if train[0].shape[1:] != test[0].shape[1:]:
        raise DataError(
            f"{name}: X and Xval must have examples of the same shape, found {train[0].shape[1:]} "
            f"and {test[0].shape[1:]}: take both from one source"
        )
    values = np.unique(np.concatenate([train[1], test[1]]))
    if not 2 <= len(values) <= MAX_CLASSES:
        raise DataError(
            f"{name}: y must have 2 to {MAX_CLASSES} different values, the classes, found "
            f"{len(values)}: use the API for a regression"
        )
    train, test = (
        (x.reshape(len(x), -1).copy(), np.searchsorted(values, y[:, 0])) for x, y in (train, test)
    )
    return _standardized(name, train, test, tuple(f"{value:g}" for value in values))


def _standardized(
    name: str,
    train: tuple[Array, Array],
    test: tuple[Array, Array],
    classes: tuple[str, ...],
    columns: tuple[str, ...] | None = None,
) -> LoadedDataset:
    """Return a dataset of rows of numbers, which are scaled in place, and class numbers (m,)."""
    scaling = scale_in_place(train[0], test[0])
    dtype = np.float64 if len(classes) == 2 else np.int64
    train, test = ((X, labels.reshape(-1, 1).astype(dtype)) for X, labels in (train, test))
    source = f"{name}: each column scaled to mean 0 and standard deviation 1 over the training rows"
    return LoadedDataset(name, source, classes, train, test, columns=columns, scaling=scaling)
