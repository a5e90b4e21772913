"""Reading JPEG and PNG images."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, DataError, require_extra
from ..utils.atomic_files import FilePath, read_bounded
from ..utils.resampling import resize
from ..utils.validation import is_integer
from . import jpeg_file, png_file

MAX_BYTES = 256 * 2**20
MAX_PIXELS = 120_000_000  # the largest phone cameras have 108 million
MAX_SIDE = 65_535  # pixels: that of JPEG
# A picture takes this much memory, or this many times the size of its file: photos take up to 10.
MAX_UNPACKED_BYTES = 32 * 2**20
MAX_UNPACKED_RATIO = 16
BYTES_PER_PIXEL = 4  # at most, in memory
BAND_PIXELS = 2**17
JPEG_SCALES = (8, 4, 2, 1)  # by which a decoder can scale down
GAP = 3  # how many times the final size an image has at least, before it is resampled
MAX_REDUCTION = 16
ORIENTATION = 0x0112  # the number of this property of a photo
SIDEWAYS = (5, 6, 7, 8)


def read_image(path: FilePath, size: tuple[int, int] = (64, 64)) -> npt.NDArray[np.uint8]:
    """Read a JPEG or PNG image as red, green and blue pixels, scaled to `size`.

    The image is turned upright (by its EXIF orientation), and transparent pixels become white. It
    is stretched to `size` without cropping, smoothed where it shrinks and interpolated linearly, by
    the code that scales the pictures of `Augmentation`.

    Parameters
    ----------
    path : path-like
        The image file.
    size : (int, int), default (64, 64)
        Height and width of the result, in pixels.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        The pixels; `image.reshape(1, -1) / 255` is an input for `Sequential.predict`.

    Raises
    ------
    ArgumentError
        If `size` is not two integers >= 1.
    MissingDependencyError
        If Pillow is not installed.
    MissingDataError
        If the file does not exist.
    DataError
        If the file is damaged, of another format, larger than 256 MiB, or has more than 120
        million pixels; if rows are missing; or if its pixels would take more than 32 MiB and more
        than 16 times the size of the file, which is checked before they are unpacked. A JPEG image
        is scaled down while it is decoded, and so takes less.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> from minidl.data import read_image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("RGB", (640, 480), "red").save(f"{folder}/photo.jpg")
    ...     image = read_image(f"{folder}/photo.jpg")
    >>> image.shape, image.dtype
    ((64, 64, 3), dtype('uint8'))
    """
    if len(size) != 2 or not all(map(is_integer, size)):
        raise ArgumentError(
            f"size must be (height, width), two integers >= 1, got {size!r} in read_image"
        )
    with require_extra("pillow", "plot", "read_image"):
        from PIL import UnidentifiedImageError
    content = read_bounded(path, MAX_BYTES, "an image", "scale the image down first")
    try:
        with warnings.catch_warnings():
            # Pillow warns of images above its own limit, which is lower.
            warnings.simplefilter("ignore")
            return _read(content, (int(size[1]), int(size[0])))
    except _TooLarge as error:
        raise DataError(f"{path}: {error}: scale it down first") from None
    except Exception as error:  # a damaged file makes a decoder raise nearly anything
        problem = f"a damaged file ({error})"
        if isinstance(error, UnidentifiedImageError):
            problem = f"a file that begins with {content[:12]!r}"
        raise DataError(
            f"{path}: must be a complete JPEG or PNG image, found {problem}: "
            "save or download it again in one of these formats"
        ) from error


class _TooLarge(Exception):
    """An image that would take too much memory."""


def _read(content: bytes, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    from PIL import UnidentifiedImageError

    if content.startswith(png_file.SIGNATURE):
        return _read_png(content, size)
    if content.startswith(jpeg_file.SIGNATURE):
        return _read_jpeg(content, size)
    raise UnidentifiedImageError


def _read_png(content: bytes, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    header = png_file.read_header(content)
    _check_size(header.width, header.height, len(content))
    with _open(png_file.complete_picture(content, header), "PNG") as image:
        return _to_rgb(image, size)


def _read_jpeg(content: bytes, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    picture = jpeg_file.read_jpeg(content)
    least = (GAP * size[0], GAP * size[1])
    ratio = min(picture.width // least[0], picture.height // least[1])
    scale = next(scale for scale in JPEG_SCALES if scale <= max(1, ratio))
    _check_size(picture.width, picture.height, len(content), picture.coefficient_bytes, scale)
    with _open(picture.essential(), "JPEG") as image:
        image.draft(None, least)
        pixels = _to_rgb(image, size)
        digest = _digest(image)
    with _open(picture.essential(filled=True), "JPEG") as image:
        image.draft(None, least)
        if _digest(image) != digest:
            raise ValueError("rows are missing")
    return pixels


def _open(content: bytes, name: str) -> Any:
    from PIL import Image

    return Image.open(BytesIO(content), formats=(name,))  # no other decoder reads the file


def _check_size(
    width: int, height: int, file_bytes: int, other_bytes: int = 0, scale: int = 1
) -> None:
    """Raise unless an image has few enough pixels to be unpacked."""
    if width * height > MAX_PIXELS:
        raise _TooLarge(
            f"an image may have {MAX_PIXELS:,} pixels, found more ({width:,} x {height:,})"
        )
    limit = max(MAX_UNPACKED_BYTES, MAX_UNPACKED_RATIO * file_bytes)
    unpacked = BYTES_PER_PIXEL * -(-width // scale) * -(-height // scale) + other_bytes
    if max(width, height) > MAX_SIDE or unpacked > limit:
        raise _TooLarge(
            f"an image of {file_bytes:,} bytes may take {limit:,} bytes unpacked and "
            f"{MAX_SIDE:,} pixels on a side, found {width:,} x {height:,} pixels"
        )


def _bands(image: Any, rows: int) -> Iterator[Any]:
    """Yield parts of an image from top to bottom, of a multiple of `rows` rows."""
    image.load()
    rows *= max(1, BAND_PIXELS // (image.width * rows))
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(image.height, top + rows)))


def _digest(image: Any) -> int:
    digest = 0
    for band in _bands(image, 1):
        digest = zlib.crc32(band.tobytes(), digest)
    return digest


def _to_rgb(image: Any, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Return an image upright, opaque and scaled, with copies of a few of its rows at a time."""
    from PIL import Image, ImageOps

    image.load()
    orientation = image.getexif().get(ORIENTATION, 1)
    if orientation in SIDEWAYS:
        size = size[::-1]
    width, height = image.size
    factors = _reduction(width, size[0]), _reduction(height, size[1])
    reduced = Image.new("RGB", (-(-width // factors[0]), -(-height // factors[1])))
    top = 0
    for band in _bands(image, factors[1]):
        piece = _opaque(band).reduce(factors)
        reduced.paste(piece, (0, top))
        top += piece.height
    extent = height / factors[1], width / factors[0]
    pixels = resize(np.asarray(reduced, np.float32), (size[1], size[0]), extent)
    resized = Image.fromarray(pixels.round().astype(np.uint8))
    resized.getexif()[ORIENTATION] = orientation
    return np.array(ImageOps.exif_transpose(resized))


def _reduction(old: int, new: int) -> int:
    """Return how many pixels are averaged first, which leaves enough for a smooth result."""
    return min(MAX_REDUCTION, max(1, old // (GAP * new)))


def _opaque(band: Any) -> Any:
    """Return a part of an image in red, green and blue, on white."""
    from PIL import Image

    if band.mode.startswith("I"):  # 16-bit grey, which Pillow would clip at 255
        band = Image.fromarray((np.asarray(band) / 257).round().clip(0, 255).astype(np.uint8))
    if "A" in band.getbands() or "transparency" in band.info:
        rgba = band.convert("RGBA")
        band = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    return band.convert("RGB")
