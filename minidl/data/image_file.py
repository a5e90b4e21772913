"""Reads a picture of the user's own: a JPEG or PNG file of any size and kind becomes an array like those of the data sets."""

from __future__ import annotations

import os
import warnings
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, DataError, MissingExtraError
from ..files import read_whole

MOST_BYTES = 256 * 2**20
MOST_PIXELS = 120_000_000  # the largest phone cameras have 108 million; as red-green-blue these are 360 MB in memory
_FORMATS = ("JPEG", "PNG")  # no other decoder of Pillow sees a byte
_IMPOSTORS = {
    b"GIF8": "a GIF picture",
    b"RIFF": "a WebP picture",
    b"BM": "a BMP picture",
    b"%PDF": "a PDF document",
    b"<": "a text file (a web page or SVG?)",
    b"": "an empty file",
}


def read_image(path: str | os.PathLike[str], size: tuple[int, int] = (64, 64)) -> npt.NDArray[np.uint8]:
    """Read a JPEG or PNG picture and scale it to the size of the pictures that a model was trained on.

    Grey and palette pictures become red-green-blue, transparent places white, and a picture that a phone marked as rotated (EXIF)
    stands upright. The whole picture is scaled, as in the course: of a wide one, the proportions change.

    Parameters
    ----------
    path : path
    size : (int, int), default (64, 64)
        Height and width of the result.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        `image.reshape(1, -1) / 255` is a row for `model.predict`.

    Raises
    ------
    MissingExtraError
        Without Pillow.
    MissingDataError
        If there is no such file.
    DataError
        If it is not a JPEG or PNG file, is damaged, or would be too large in memory; nothing is decoded before its size is known.
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
            warnings.simplefilter("ignore")  # Pillow's own warning of large pictures: the limit below is ours
            with Image.open(BytesIO(content), formats=_FORMATS) as picture:
                width, height = picture.size
                if width * height > MOST_PIXELS:
                    raise DataError(f"{path}: a picture may have {MOST_PIXELS:,} pixels, found {width:,} x {height:,}: scale it down first")
                return _pixels(picture, (int(size[1]), int(size[0])))
    except DataError:
        raise
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
    scaled = upright.convert("RGB").resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return np.array(scaled, dtype=np.uint8)


def _what(head: bytes) -> str:
    if head[4:8] == b"ftyp":
        return "a HEIC or other camera container"
    for start, what in _IMPOSTORS.items():
        if head == start or (start and head.startswith(start)):
            return what
    return f"a file that begins with {head[:8]!r}"
