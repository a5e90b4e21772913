"""Pictures of pixels: what a PNG reader finds in them."""

import base64
import re

import numpy as np
import pytest

from minidl.data.png_file import complete_picture, read_header
from minidl.html_pages.pictures import pixel_picture, png_bytes, titled_image

SHAPES = [(1, 1), (5, 3), (4, 6, 1), (7, 2, 3), (40, 30, 3)]


def pixels_of(shape):
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_pixel_is_kept(tmp_path, shape):
    image = pytest.importorskip("PIL.Image")
    pixels = pixels_of(shape)
    (tmp_path / "a.png").write_bytes(png_bytes(pixels))
    with image.open(tmp_path / "a.png") as file:
        np.testing.assert_array_equal(
            np.asarray(file),
            pixels.reshape(*shape[:2], *shape[2:])
            if shape[2:] == (3,)
            else pixels.reshape(shape[:2]),
        )


@pytest.mark.parametrize("shape", SHAPES)
def test_the_file_is_complete(shape):
    content = png_bytes(pixels_of(shape))
    header = read_header(content)
    assert (header.height, header.width) == shape[:2]
    assert complete_picture(content, header) == content


def test_a_picture_has_words_and_a_size():
    made = pixel_picture(pixels_of((2, 3)), 'a "map"', width=30)
    assert 'alt="a &quot;map&quot;" width="30" height="2" class="pixels"' in made
    content = base64.b64decode(re.search(r"base64,([^\"]+)", made)[1])
    assert content == png_bytes(pixels_of((2, 3)))


@pytest.mark.parametrize(
    ("shape", "size", "kept"),
    [
        ((64, 64, 3), (96, 96), (64, 64)),
        ((300, 30, 4), (10, 96), (10, 100)),
        ((4, 8, 2), (96, 48), (8, 4)),
    ],
)
def test_an_image_of_any_size_and_channels_has_room(shape, size, kept):
    made = titled_image(pixels_of(shape), "true: <b>", "predicted: cat")
    assert f'width="{size[0]}" height="{size[1]}"' in made
    assert 'alt="image, true: &lt;b&gt;, predicted: cat"' in made
    header = read_header(base64.b64decode(re.search(r"base64,([^\"]+)", made)[1]))
    assert (header.width, header.height) == kept
