"""The picture sets of the course, or stand-ins, and always a word on which; and pictures of the user's own."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, DataError, MissingDataError, MissingExtraError
from ..files import FilePath, read_whole
from .dataset import Dataset, Part, split_rows
from .hdf5 import Contents, Field, Schema, read_hdf5
from .standin import draw_cats, draw_signs

FOLDER_VARIABLE = "MINIDL_DATA"
MOST_BYTES = 256 * 2**20  # of a picture of the user's own
MOST_PIXELS = 120_000_000  # the largest phone cameras have 108 million; as red-green-blue these are 360 MB in memory
_IMPOSTORS = {
    b"GIF8": "a GIF picture",
    b"RIFF": "a WebP picture",
    b"BM": "a BMP picture",
    b"%PDF": "a PDF document",
    b"<": "a text file (a web page or SVG?)",
}


@dataclass(frozen=True)
class KnownSet:
    """A picture set of the course: its files, with the SHA-256 and the bytes of those that are known, and its stand-in."""

    name: str
    train: str
    test: str
    sha256: dict[str, str]
    bytes: dict[str, int]
    stand_in: Callable[[], tuple[Part, Part]]
    test_alone: bool = False  # is enough


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
    test_alone=True,
)


def load_cats(folder: FilePath | None = None) -> Dataset:
    """Load the course's cat pictures (209 for training, 50 for the test), or draw the stand-in.

    Parameters
    ----------
    folder : path, optional
        Where the files lie. Else they are looked for where the environment variable MINIDL_DATA points, then in `datasets/` in the
        current folder and beside the package.

    Returns
    -------
    Dataset
        `.train.x` (209, 12288) float64 in [0, 1], `.train.y` (209, 1) float64, 1.0 for a cat; `.source` says what was found where.

    Raises
    ------
    MissingDataError
        If `folder` is given and lacks a file.
    DataError
        If a file that is there cannot be used.
    """
    return _load(CATS, folder)


def load_signs(folder: FilePath | None = None) -> Dataset:
    """Load the course's hand signs for 0 to 5, or draw the stand-in, as `load_cats` does; `.train.y` is (m, 1) int64.

    Where only `test_signs.h5` is found, its pictures are always split in the same way, 80 % for training, each class in proportion.
    """
    return _load(SIGNS, folder)


def usual_places() -> list[Path]:
    """Return the folders that are searched where no other is named: `datasets/` here, and beside the package."""
    return list(dict.fromkeys([Path("datasets").absolute(), Path(__file__).resolve().parents[2] / "datasets"]))


def _load(known: KnownSet, folder: FilePath | None) -> Dataset:
    if folder is not None:
        if lacking := _lacking(known, Path(folder)):
            raise MissingDataError(f"{folder}: the {known.name} pictures need {lacking}, found no such file there: put it there")
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
    return Dataset(*known.stand_in(), f"stand-in pictures drawn by minidl, because no {known.name} files were found in {where}{note}")


def _lacking(known: KnownSet, folder: Path) -> str:
    needed = [known.test] if known.test_alone else [known.train, known.test]
    return " and ".join(name for name in needed if not os.path.lexists(folder / name))  # a broken link is there, and will be reported


def _read(known: KnownSet, folder: Path, note: str) -> Dataset:
    paths = [folder / name for name in (known.train, known.test) if os.path.lexists(folder / name)]
    contents = [read_hdf5(path, schema(path.name.partition("_")[0])) for path in paths]
    parts = [_part(content) for content in contents]
    if parts[0].classes != parts[-1].classes:
        what = f"must be the same as in {known.train}, {parts[0].classes}, found {parts[1].classes}"
        raise DataError(f"{folder / known.test}, key 'list_classes': {what}: take both files from one source")
    if len(parts) == 1:
        (part,) = parts
        rows = split_rows(part.labels, share=0.2, seed=np.random.RandomState(0), stratify=True)
        parts = [Part(part.images[chosen], part.labels[chosen], part.classes) for chosen in rows]
        shares = f"{len(parts[0])}/{len(parts[1])}"
        note = f"; {known.train} is not there, so the pictures of {known.test} are split {shares} with equal class shares{note}"
    shas = {path.name: content.sha256 for path, content in zip(paths, contents, strict=True)}
    unknown = ", ".join(f"{name} {sha[:12]}" for name, sha in shas.items() if sha != known.sha256.get(name))
    verdict = f"pictures, unverified (unknown SHA-256: {unknown})" if unknown else "pictures, verified by SHA-256"
    source = f"{'' if unknown else 'real '}{known.name} {verdict} ({', '.join(map(str, paths))}){note}"
    return Dataset(parts[0], parts[1], source, verified=not unknown)


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


def read_image(path: FilePath, size: tuple[int, int] = (64, 64)) -> npt.NDArray[np.uint8]:
    """Read a JPEG or PNG picture of any size and kind, and scale it to the size of the pictures that a model was trained on.

    Transparent places become white, and a picture that a phone marked as rotated (EXIF) stands upright. The whole picture is scaled, as
    in the course: of a wide one, the proportions change.

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
    MissingExtraError
        Without Pillow.
    MissingDataError, DataError
        If there is no such file; if it is none of these, damaged, or has more than 256 MiB or 120 million pixels.
    ArgumentError
        If `size` is not two whole numbers >= 1.
    """
    if len(size) != 2 or any(isinstance(side, bool) or not isinstance(side, int | np.integer) or side < 1 for side in size):
        raise ArgumentError(f"size must be (height, width), two whole numbers >= 1, got {size!r} in read_image")
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise MissingExtraError("read_image needs Pillow, which is not installed: pip install minidl[plot]") from None
    content = read_whole(path, MOST_BYTES, "a picture", "scale the picture down first")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own limit is half of ours, and twice it an error
            with Image.open(BytesIO(content), formats=("JPEG", "PNG")) as picture:  # no other decoder of Pillow sees a byte
                if picture.width * picture.height > MOST_PIXELS:  # nothing is decoded yet
                    raise Image.DecompressionBombError(f"{picture.width:,} x {picture.height:,}")
                return _pixels(picture, (int(size[1]), int(size[0])))
    except Image.DecompressionBombError as error:
        raise DataError(f"{path}: a picture may have {MOST_PIXELS:,} pixels, found more ({error}): scale it down first") from None
    except UnidentifiedImageError:
        raise DataError(f"{path}: must be a JPEG or PNG picture, found {_what(content)}: save it as one of these first") from None
    except Exception as error:  # a damaged file makes a decoder raise nearly anything
        raise DataError(f"{path}: must be a whole JPEG or PNG picture, found it damaged ({error}): fetch it again") from error


def _pixels(picture: Any, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    from PIL import Image, ImageOps

    upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I"):  # 16-bit grey, which Pillow would cut off at 255
        upright = Image.fromarray((np.asarray(upright).astype(np.float64) / 257).round().clip(0, 255).astype(np.uint8))
    if "A" in upright.getbands() or "transparency" in upright.info:
        clear = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    return np.array(upright.convert("RGB").resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0), dtype=np.uint8)


def _what(content: bytes) -> str:
    if content[4:8] == b"ftyp":
        return "a HEIC or other camera container"
    found = (what for start, what in _IMPOSTORS.items() if content.startswith(start))
    return next(found, f"a file that begins with {content[:8]!r}" if content else "an empty file")
