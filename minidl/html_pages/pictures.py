"""Arrays of pixels as pictures in a page, without another library."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
import numpy.typing as npt

from .markup import Markup, element

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB = 0, 2  # the types of colour of the format
_CHANNELS = 3
_SIDE = 96  # pixels of the page that an image takes
_MAX_PIXELS = 128  # that it has along a side
_UP = 2  # the filter that stores the difference of each row to the one above


def pixel_picture(
    pixels: npt.NDArray[np.uint8],
    alt: str,
    *,
    width: int | None = None,
    height: int | None = None,
) -> Markup:
    """Return an array as a picture whose pixels keep their edges where it is enlarged.

    Parameters
    ----------
    pixels : ndarray of shape (height, width), (height, width, 1) or (height, width, 3), uint8
        Grey or red, green and blue.
    alt : str
        What it shows, for readers who do not see it.
    width, height : int, optional
        The size on the page, in pixels of CSS; by default that of the array.

    Returns
    -------
    Markup
        An element ``img`` with the picture in it, as PNG.
    """
    return element(
        "img",
        src=Markup(f"data:image/png;base64,{base64.b64encode(png_bytes(pixels)).decode()}"),
        alt=alt,
        width=width or pixels.shape[1],
        height=height or pixels.shape[0],
        class_="pixels",
    )


def titled_image(image: npt.NDArray[np.uint8], *titles: str) -> Markup:
    """Return a small image with lines of text below.

    Parameters
    ----------
    image : ndarray of shape (height, width, channels), uint8
        Three channels are red, green and blue; of others the first one is shown. Of a large image
        every second, third, ... pixel is shown.
    *titles : str
        The lines, which also are the text for readers who do not see the image.

    Returns
    -------
    Markup
        A figure.
    """
    shown = image if image.shape[2] == _CHANNELS else image[..., :1]
    step = -(-max(shown.shape[:2]) // _MAX_PIXELS)
    shown = np.ascontiguousarray(shown[::step, ::step])
    height, width = shown.shape[:2]
    scale = _SIDE / max(height, width)
    size = {"width": max(1, round(scale * width)), "height": max(1, round(scale * height))}
    picture = pixel_picture(shown, f"image, {', '.join(titles)}", **size)
    lines = (element("div", title) for title in titles)
    return element("figure", picture, element("figcaption", *lines))


def png_bytes(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Return the content of a PNG file.

    Parameters
    ----------
    pixels : ndarray of shape (height, width), (height, width, 1) or (height, width, 3), uint8
        Grey or red, green and blue.

    Returns
    -------
    bytes
        The file.
    """
    height, width = pixels.shape[:2]
    colour = _RGB if pixels.shape[2:] == (3,) else _GREY
    rows = pixels.reshape(height, -1)
    changes = np.diff(rows, axis=0, prepend=np.zeros_like(rows[:1]))  # modulo 256, as uint8 is
    filters = np.full((height, 1), _UP, np.uint8)
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    data = zlib.compress(np.hstack([filters, changes]).tobytes(), 9)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
