"""The image sets of the DeepLearning.AI specialization, or synthetic stand-ins."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import DataError, MissingDataError
from ..escaping import escaped
from ..utils.atomic_files import FilePath
from ..utils.typing import Array
from .dataset import Dataset, Split
from .hdf5_reader import read_hdf5
from .hdf5_schema import Field, Schema
from .split import split_rows
from .synthetic_images import draw_cats, draw_signs

FOLDER_VARIABLE = "MINIDL_DATA"
MAX_CLASSES = 1_000  # a network has an output, and a confusion matrix a row and a column, for each


@dataclass(frozen=True)
class DatasetFiles:
    """The two files of an image set: their names, and and their digests and sizes if known.

    `sha256` and `bytes` list the files that are required. `draw` returns the synthetic training
    and test splits that are used when the files are missing.
    """

    name: str
    train: str
    test: str
    sha256: dict[str, str]
    bytes: dict[str, int]
    draw: Callable[[], tuple[Split, Split]]


CATS = DatasetFiles(
    "cat",
    "train_catvnoncat.h5",
    "test_catvnoncat.h5",
    sha256={
        "train_catvnoncat.h5": "fbe56ab67c3ae28d564e3a644189117976d6b31af0a3ce9bb17dbf22908af242",
        "test_catvnoncat.h5": "6a9d39ce52fa85953c5834695b8534a30ed8cfd54971fb2f080b5a24d002b951",
    },
    bytes={"train_catvnoncat.h5": 2_572_022, "test_catvnoncat.h5": 616_958},
    draw=draw_cats,
)
SIGNS = DatasetFiles(
    "hand-sign",
    "train_signs.h5",
    "test_signs.h5",
    sha256={"test_signs.h5": "539fb746ed9e947eb244cfca73f4d1b03f9bf5524d609eeed2cd76ddb1b179be"},
    bytes={"test_signs.h5": 1_477_712},
    draw=draw_signs,
)


def load_cats(folder: FilePath | None = None) -> Dataset:
    """Load the cat images of the DeepLearning.AI specialization, or draw synthetic ones.

    Parameters
    ----------
    folder : path-like, optional
        The folder with `train_catvnoncat.h5` and `test_catvnoncat.h5`. By default the folder that
        the environment variable MINIDL_DATA names, `datasets/` in the current folder and
        `datasets/` beside the package are searched, in this order.

    Returns
    -------
    Dataset
        `.train.x` (209, 12288), float64 in [0, 1]; `.train.y` (209, 1), float64, 1.0 for a cat;
        `.test` with 50 images. `.source` names the origin of the images.

    Raises
    ------
    MissingDataError
        If a file is missing in `folder`.
    DataError
        If a file exists but cannot be used.

    See Also
    --------
    load_signs : Load the hand-sign images.
    write_cats : Write the synthetic cat images as HDF5 files.

    Examples
    --------
    >>> from minidl.data import load_cats
    >>> cats = load_cats()
    >>> cats.train.x.shape, cats.train.y.shape, len(cats.test), cats.classes
    ((209, 12288), (209, 1), 50, ('non-cat', 'cat'))
    """
    return _load(CATS, folder)


def load_signs(folder: FilePath | None = None) -> Dataset:
    """Load the images of hand signs for 0 to 5, or draw synthetic ones.

    If there is only `test_signs.h5`, its images are split, always in the same way: 80 % for
    training, each class in proportion.

    Parameters
    ----------
    folder : path-like, optional
        The folder with `test_signs.h5` and possibly `train_signs.h5`. By default the folder that
        the environment variable MINIDL_DATA names, `datasets/` in the current folder and
        `datasets/` beside the package are searched, in this order.

    Returns
    -------
    Dataset
        `.train.x` (m, 12288), float64 in [0, 1]; `.train.y` (m, 1), int64, the number that the
        hand shows. `.source` names the origin of the images.

    Raises
    ------
    MissingDataError
        If `folder` has no `test_signs.h5`.
    DataError
        If a file exists but cannot be used.

    See Also
    --------
    load_cats : Load the cat images.

    Examples
    --------
    >>> from minidl.data import load_signs
    >>> signs = load_signs()
    >>> signs.train.images.shape[1:], signs.classes
    ((64, 64, 3), ('0', '1', '2', '3', '4', '5'))
    """
    return _load(SIGNS, folder)


def search_paths() -> list[Path]:
    """Return the folders that are searched: `datasets/` here, and beside the package."""
    here = Path("datasets").absolute()
    beside_package = Path(__file__).resolve().parents[2] / "datasets"
    return list(dict.fromkeys([here, beside_package]))


def _load(files: DatasetFiles, folder: FilePath | None) -> Dataset:
    if folder is not None:
        missing = _missing_files(files, Path(folder))
        if missing:
            raise MissingDataError(
                f"{folder}: the {files.name} images need {missing}, file not found: put it there"
            )
        return _read(files, Path(folder), note="")
    paths = search_paths()
    note = ""
    user_folder = os.environ.get(FOLDER_VARIABLE)
    if user_folder:
        missing = _missing_files(files, Path(user_folder))
        if missing:
            note = f"; {FOLDER_VARIABLE}={user_folder} lacks {missing}"
        paths = [Path(user_folder), *paths]
    for path in paths:
        if not _missing_files(files, path):
            return _read(files, path, note)
    searched = " or ".join(map(str, search_paths()))
    return Dataset(
        *files.draw(),
        f"stand-in images drawn by minidl, because no {files.name} files were found in "
        f"{searched}{note}",
    )


def _missing_files(files: DatasetFiles, folder: Path) -> str:
    # A broken link counts as a file here: the reader reports it.
    return " and ".join(name for name in files.sha256 if not os.path.lexists(folder / name))


def _read(files: DatasetFiles, folder: Path, note: str) -> Dataset:
    paths = [folder / name for name in (files.train, files.test) if os.path.lexists(folder / name)]
    contents = [read_hdf5(path, image_schema(path.name.partition("_")[0])) for path in paths]
    splits = [_to_split(*content.arrays.values()) for content in contents]
    if splits[0].classes != splits[-1].classes:
        raise DataError(
            f"{folder}, key 'list_classes': must be the same in both files, found "
            f"{splits[0].classes} and {splits[1].classes}: take both files from one source"
        )
    if len(splits) == 1:
        splits = _split_in_two(splits[0])
        note = (
            f"; {files.train} is not there, so the images of {files.test} are split "
            f"{len(splits[0])}/{len(splits[1])} with equal class proportions{note}"
        )
    digests = {path.name: content.sha256 for path, content in zip(paths, contents, strict=True)}
    unknown = ", ".join(
        f"{name} {digest[:12]}"
        for name, digest in digests.items()
        if digest != files.sha256.get(name)
    )
    source = f"real {files.name} images, verified by SHA-256"
    if unknown:
        source = f"{files.name} images, unverified (unknown SHA-256: {unknown})"
    source += f" ({', '.join(map(str, paths))}){note}"
    return Dataset(splits[0], splits[1], source, verified=not unknown)


def _split_in_two(split: Split) -> list[Split]:
    train_and_test_rows = split_rows(
        split.labels, validation_fraction=0.2, seed=np.random.RandomState(0), stratify=True
    )
    return [
        Split(split.images[rows], split.labels[rows], split.classes) for rows in train_and_test_rows
    ]


def image_schema(prefix: str) -> Schema:
    """Return the schema of an image file; `prefix` is "train" or "test"."""
    return {
        f"{prefix}_set_x": Field(("m", 64, 64, 3), kinds="u", itemsize=1),
        f"{prefix}_set_y": Field(("m",), kinds="iu", index_into="k"),
        "list_classes": Field(("k",), kinds="Siu", max_elements=MAX_CLASSES),
    }


def _to_split(images: Array, labels: Array, class_names: Array) -> Split:
    return Split(images, labels, tuple(map(_class_name, class_names.tolist())))


def _class_name(stored: bytes | int) -> str:
    text = stored.decode("utf-8", "replace") if isinstance(stored, bytes) else str(stored)
    return escaped(text)
