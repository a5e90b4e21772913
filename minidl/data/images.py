"""Reading JPEG and PNG images."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, DataError, require_extra
from ..utils.atomic_files import FilePath, read_bounded
from ..utils.validation import is_integer

MAX_BYTES = 256 * 2**20
MAX_PIXELS = 120_000_000  # the largest phone cameras have 108 million


def read_image(path: FilePath, size: tuple[int, int] = (64, 64)) -> npt.NDArray[np.uint8]:
    """Read a JPEG or PNG image as red, green and blue pixels, scaled to `size`.

    The image is turned upright (by its EXIF orientation), and transparent pixels become white. It
    is stretched to `size` without cropping.

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
        million pixels.

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
    with require_extra("Pillow", "plot", "read_image"):
        from PIL import Image, UnidentifiedImageError
    content = read_bounded(path, MAX_BYTES, "an image", "scale the image down first")
    try:
        with warnings.catch_warnings():
            # Pillow warns of images above its own limit, which is lower.
            warnings.simplefilter("ignore")
            # With `formats`, no other decoder reads the file.
            with Image.open(BytesIO(content), formats=("JPEG", "PNG")) as image:
                # The header has been read, no pixel has been decoded.
                if image.width * image.height > MAX_PIXELS:
                    raise Image.DecompressionBombError(f"{image.width:,} x {image.height:,}")
                return _to_rgb(image, (int(size[1]), int(size[0])))
    except Image.DecompressionBombError as error:
        raise DataError(
            f"{path}: an image may have {MAX_PIXELS:,} pixels, found more ({error}): "
            "scale it down first"
        ) from None
    except Exception as error:  # a damaged file makes a decoder raise nearly anything
        problem = f"a damaged file ({error})"
        if isinstance(error, UnidentifiedImageError):
            problem = f"a file that begins with {content[:12]!r}"
        raise DataError(
            f"{path}: must be a complete JPEG or PNG image, found {problem}: "
            "save or download it again in one of these formats"
        ) from error


def _to_rgb(image: Any, width_and_height: tuple[int, int]) -> npt.NDArray[np.uint8]:
    from PIL import Image, ImageOps

    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I"):  # 16-bit grey, which Pillow would clip at 255
        upright = Image.fromarray((np.asarray(upright) / 257).round().clip(0, 255).astype(np.uint8))
    if "A" in upright.getbands() or "transparency" in upright.info:
        rgba = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    resized = upright.convert("RGB").resize(
        width_and_height, Image.Resampling.LANCZOS, reducing_gap=3.0
    )
    return np.array(resized)
