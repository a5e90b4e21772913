"""The picture sets of the course: found in a folder, or stood in for."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import DataError, MissingDataError
from ..utils.atomic_files import FilePath
from ..utils.typing import Array
from .dataset import Dataset, Part, split_rows
from .hdf5 import read_hdf5
from .hdf5_rules import Field, Schema
from .standin import draw_cats, draw_signs

FOLDER_VARIABLE = "MINIDL_DATA"


@dataclass(frozen=True)
class KnownSet:
    """A picture set of the course; SHA-256 and sizes are those of the files that are needed."""

    name: str
    train: str
    test: str
    sha256: dict[str, str]
    bytes: dict[str, int]
    stand_in: Callable[[], tuple[Part, Part]]


CATS = KnownSet(
    "cat",
    "train_catvnoncat.h5",
    "test_catvnoncat.h5",
    sha256={
        "train_catvnoncat.h5": "fbe56ab67c3ae28d564e3a644189117976d6b31af0a3ce9bb17dbf22908af242",
        "test_catvnoncat.h5": "6a9d39ce52fa85953c5834695b8534a30ed8cfd54971fb2f080b5a24d002b951",
    },
    bytes={"train_catvnoncat.h5": 2_572_022, "test_catvnoncat.h5": 616_958},
    stand_in=draw_cats,
)
SIGNS = KnownSet(
    "hand-sign",
    "train_signs.h5",
    "test_signs.h5",
    sha256={"test_signs.h5": "539fb746ed9e947eb244cfca73f4d1b03f9bf5524d609eeed2cd76ddb1b179be"},
    bytes={"test_signs.h5": 1_477_712},
    stand_in=draw_signs,
)


def load_cats(folder: FilePath | None = None) -> Dataset:
    """Load the course's cat pictures, or draw the stand-in of as many.

    Parameters
    ----------
    folder : path, optional
        Where the files lie; else where MINIDL_DATA points, `datasets/` in the current folder, and `datasets/` beside the package.

    Returns
    -------
    Dataset
        `.train.x` (209, 12288) float64 in [0, 1], `.train.y` (209, 1) float64, 1.0 for a cat; `.test` has 50.

    Raises
    ------
    MissingDataError
        If `folder` lacks a file.
    DataError
        If a file that is there cannot be used.
    """
    return _load(CATS, folder)


def load_signs(folder: FilePath | None = None) -> Dataset:
    """Load the course's hand signs for 0 to 5, or draw the stand-in; `folder` and errors are those of `load_cats`.

    Where only `test_signs.h5` is found, it is split, always in the same way: 80 % for training, each class in proportion.
    """
    return _load(SIGNS, folder)


def usual_places() -> list[Path]:
    """Return the folders that are searched: `datasets/` here, and beside the package."""
    return list(
        dict.fromkeys(
            [Path("datasets").absolute(), Path(__file__).resolve().parents[2] / "datasets"]
        )
    )


def _load(known: KnownSet, folder: FilePath | None) -> Dataset:
    if folder is not None:
        if lacking := _lacking(known, Path(folder)):
            raise MissingDataError(
                f"{folder}: the {known.name} pictures need {lacking}, found no such file there: put it there"
            )
        return _read(known, Path(folder), note="")
    places, note = usual_places(), ""
    if chosen := os.environ.get(FOLDER_VARIABLE):
        if lacking := _lacking(known, Path(chosen)):
            note = f"; {FOLDER_VARIABLE}={chosen} lacks {lacking}"
        places = [Path(chosen), *places]
    for place in places:
        if not _lacking(known, place):
            return _read(known, place, note)
    where = " or ".join(map(str, usual_places()))
    return Dataset(
        *known.stand_in(),
        f"stand-in pictures drawn by minidl, because no {known.name} files were found in {where}{note}",
    )


def _lacking(known: KnownSet, folder: Path) -> str:
    return " and ".join(
        name for name in known.sha256 if not os.path.lexists(folder / name)
    )  # a broken link is told by the reader


def _read(known: KnownSet, folder: Path, note: str) -> Dataset:
    paths = [folder / name for name in (known.train, known.test) if os.path.lexists(folder / name)]
    contents = [read_hdf5(path, schema(path.name.partition("_")[0])) for path in paths]
    parts = [_part(*content.arrays.values()) for content in contents]
    if parts[0].classes != parts[-1].classes:
        found = f"{parts[0].classes} and {parts[1].classes}"
        raise DataError(
            f"{folder}, key 'list_classes': must be the same in both files, found {found}: take both files from one source"
        )
    if len(parts) == 1:
        (part,) = parts
        rows = split_rows(part.labels, share=0.2, seed=np.random.RandomState(0), stratify=True)
        parts = [Part(part.images[chosen], part.labels[chosen], part.classes) for chosen in rows]
        shares = f"{len(parts[0])}/{len(parts[1])}"
        note = f"; {known.train} is not there, so the pictures of {known.test} are split {shares} with equal class shares{note}"
    shas = {path.name: content.sha256 for path, content in zip(paths, contents, strict=True)}
    unknown = ", ".join(
        f"{name} {sha[:12]}" for name, sha in shas.items() if sha != known.sha256.get(name)
    )
    if unknown:
        source = f"{known.name} pictures, unverified (unknown SHA-256: {unknown})"
    else:
        source = f"real {known.name} pictures, verified by SHA-256"
    return Dataset(
        parts[0], parts[1], f"{source} ({', '.join(map(str, paths))}){note}", verified=not unknown
    )


def schema(prefix: str) -> Schema:
    """Return what a picture file must hold; `prefix` is "train" or "test"."""
    return {
        f"{prefix}_set_x": Field(("m", 64, 64, 3), kinds="u", itemsize=1),
        f"{prefix}_set_y": Field(("m",), kinds="iu", below="k"),
        "list_classes": Field(("k",), kinds="Siu"),
    }


def _part(images: Array, labels: Array, names: Array) -> Part:
    classes = (
        name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
        for name in names.tolist()
    )
    # What is printed later must not steer a terminal.
    return Part(
        images, labels, tuple(name if name.isprintable() else ascii(name)[1:-1] for name in classes)
    )
