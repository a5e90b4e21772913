"""Finds the picture sets of the course, or draws a stand-in, and always says which."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import DataError, MissingDataError
from .dataset import Dataset, Part
from .hdf5 import Contents, Schema, read_hdf5
from .hdf5_rules import Field
from .split import split_rows
from .standin import draw_cats
from .standin_signs import draw_signs

FOLDER_VARIABLE = "MINIDL_DATA"


@dataclass(frozen=True)
class KnownSet:
    """A picture set of the course."""

    name: str
    train: str
    test: str
    sha256: dict[str, str]
    bytes: dict[str, int]
    stand_in: Callable[[], tuple[Part, Part]]
    test_alone: bool = False


CATS = KnownSet(
    name="cat",
    train="train_catvnoncat.h5",
    test="test_catvnoncat.h5",
    sha256={
        "train_catvnoncat.h5": "fbe56ab67c3ae28d564e3a644189117976d6b31af0a3ce9bb17dbf22908af242",
        "test_catvnoncat.h5": "6a9d39ce52fa85953c5834695b8534a30ed8cfd54971fb2f080b5a24d002b951",
    },
    bytes={"train_catvnoncat.h5": 2_572_022, "test_catvnoncat.h5": 616_958},
    stand_in=draw_cats,
)
SIGNS = KnownSet(
    name="hand-sign",
    train="train_signs.h5",
    test="test_signs.h5",
    sha256={"test_signs.h5": "539fb746ed9e947eb244cfca73f4d1b03f9bf5524d609eeed2cd76ddb1b179be"},
    bytes={"test_signs.h5": 1_477_712},
    stand_in=draw_signs,
    test_alone=True,
)


def load_cats(folder: str | os.PathLike[str] | None = None) -> Dataset:
    """Load the course's cat pictures (209 for training, 50 for the test), or draw the stand-in.

    The files are looked for in `folder` alone, if given; else where the environment variable MINIDL_DATA points, then in
    `datasets/` in the current folder, then in `datasets/` beside the package. Where they are in none, minidl draws pictures of its
    own. `Dataset.source` says what was found where.

    Parameters
    ----------
    folder : path, optional
        Where `train_catvnoncat.h5` and `test_catvnoncat.h5` lie.

    Returns
    -------
    Dataset
        `.train.x` (209, 12288) float64 in [0, 1], `.train.y` (209, 1) float64, 1.0 for a cat.

    Raises
    ------
    MissingDataError
        If `folder` is given and lacks a file.
    DataError
        If a file that is there cannot be used.
    """
    return _load(CATS, folder)


def load_signs(folder: str | os.PathLike[str] | None = None) -> Dataset:
    """Load the course's hand signs for 0 to 5, or draw the stand-in.

    It looks in the same places as `load_cats`. Where only `test_signs.h5` is found, its pictures are split into 80 % for training
    and 20 % for the test, always the same ones, each class in proportion.

    Parameters
    ----------
    folder : path, optional
        Where `test_signs.h5` and, if at hand, `train_signs.h5` lie.

    Returns
    -------
    Dataset
        `.train.y` (m, 1) int64, 0 to 5.

    Raises
    ------
    MissingDataError
        If `folder` is given and lacks the files.
    DataError
        If a file that is there cannot be used.
    """
    return _load(SIGNS, folder)


def usual_places() -> list[Path]:
    """Return the folders that are searched where no other is named: `datasets/` here, and beside the package."""
    return list(dict.fromkeys([Path("datasets").absolute(), Path(__file__).resolve().parents[2] / "datasets"]))


def _load(known: KnownSet, folder: str | os.PathLike[str] | None) -> Dataset:
    if folder is not None:
        if lacking := _lacking(known, Path(folder)):
            raise MissingDataError(
                f"{folder}: the {known.name} pictures need {' and '.join(lacking)}, found no such file there: "
                "put it there, or pass no folder to search the usual places"
            )
        return _read(known, Path(folder), note="")
    chosen = os.environ.get(FOLDER_VARIABLE)
    note = ""
    if chosen:
        lacking = _lacking(known, Path(chosen))
        if not lacking:
            return _read(known, Path(chosen), note)
        note = f"; {FOLDER_VARIABLE}={chosen} lacks {' and '.join(lacking)}"
    for place in usual_places():
        if not _lacking(known, place):
            return _read(known, place, note)
    train, test = known.stand_in()
    places = " or ".join(map(str, usual_places()))
    return Dataset(train, test, f"stand-in pictures drawn by minidl, because no {known.name} files were found in {places}{note}")


def _lacking(known: KnownSet, folder: Path) -> list[str]:
    """Return the names of the files that `folder` would have to hold; a broken link counts as there, so that it is reported."""
    needed = [known.test] if known.test_alone else [known.train, known.test]
    return [name for name in needed if not os.path.lexists(folder / name)]


def _read(known: KnownSet, folder: Path, note: str) -> Dataset:
    contents = {
        name: read_hdf5(folder / name, schema(prefix))
        for name, prefix in ((known.train, "train"), (known.test, "test"))
        if name == known.test or not known.test_alone or os.path.lexists(folder / name)
    }
    parts = [_part(content) for content in contents.values()]
    if parts[0].classes != parts[-1].classes:
        raise DataError(
            f"{folder / known.test}, key 'list_classes': must be the same as in {known.train}, {parts[0].classes}, "
            f"found {parts[1].classes}: take both files from one source"
        )
    if len(parts) == 1:
        parts = _divide(parts[0])
        shares = f"{len(parts[0])}/{len(parts[1])}"
        note = f"; {known.train} is not there, so the pictures of {known.test} are split {shares} with equal class shares{note}"
    unknown = [f"{name} {content.sha256[:12]}" for name, content in contents.items() if content.sha256 != known.sha256.get(name)]
    what = (
        f"{known.name} pictures, unverified (unknown SHA-256: {', '.join(unknown)})"
        if unknown
        else f"real {known.name} pictures, verified by SHA-256"
    )
    return Dataset(parts[0], parts[1], f"{what} ({', '.join(str(folder / name) for name in contents)}){note}", verified=not unknown)


def schema(prefix: str) -> Schema:
    """Return what a picture file must hold; `prefix` is "train" or "test"."""
    return {
        f"{prefix}_set_x": Field(("m", 64, 64, 3), kinds="u", itemsize=1),
        f"{prefix}_set_y": Field(("m",), kinds="iu", below="k"),
        "list_classes": Field(("k",), kinds="Siu"),
    }


def _part(content: Contents) -> Part:
    images, labels, names = content.arrays.values()
    return Part(images, labels, tuple(_name(name) for name in names.tolist()))


def _name(name: bytes | int) -> str:
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
    return text if text.isprintable() else ascii(text)[1:-1]  # what is printed later must not steer a terminal


def _divide(part: Part) -> list[Part]:
    rows = split_rows(part.labels, share=0.2, seed=np.random.RandomState(0), stratify=True)
    return [Part(part.images[chosen], part.labels[chosen], part.classes) for chosen in rows]
