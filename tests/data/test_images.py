import struct
import sys
import zlib

import numpy as np
import pytest

from minidl import ArgumentError, DataError, MissingDataError, MissingDependencyError
from minidl.data.images import MAX_PIXELS, read_image

Image = pytest.importorskip("PIL.Image")

# Left half red, right half green, upper part brighter than the lower one.
IMAGE = np.zeros((80, 120, 3), np.uint8)
IMAGE[:, :60, 0], IMAGE[:, 60:, 1] = 200, 200
IMAGE[:40] += 50
CORNERS = ((5, 5), (5, 58), (58, 5), (58, 58))


def corners(image):
    return [image[place].astype(int).tolist() for place in CORNERS]


def near(image, expected, slack=6):
    return np.abs(np.array(corners(image)) - expected).max() <= slack


EXPECTED = np.array([[250, 50, 50], [50, 250, 50], [200, 0, 0], [0, 200, 0]])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "image.png"


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "an image with ümlaut.PNG"])
def test_an_image_of_any_size_is_scaled_to_64_by_64(tmp_path, name):
    Image.fromarray(IMAGE).save(tmp_path / name)
    image = read_image(tmp_path / name)
    assert (image.shape, image.dtype) == ((64, 64, 3), np.uint8)
    assert near(image, EXPECTED, slack=12)


def test_an_image_of_the_right_size_is_unchanged(path):
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    assert np.array_equal(read_image(str(path)), pixels)


def test_the_size_is_height_then_width(path):
    Image.fromarray(IMAGE).save(path)
    assert read_image(path, size=(10, 30)).shape == (10, 30, 3)


def test_a_single_pixel_fills_the_image(path):
    Image.new("RGB", (1, 1), (10, 20, 30)).save(path)
    assert (read_image(path) == [10, 20, 30]).all()


@pytest.mark.parametrize("size", [(64,), (0, 64), (64.0, 64), (True, 64)])
def test_an_invalid_size_is_refused(path, size):
    with pytest.raises(ArgumentError, match="two integers >= 1"):
        read_image(path, size=size)


@pytest.mark.parametrize("mode", ["L", "1"])
def test_grey_becomes_red_green_blue(path, mode):
    Image.new("L", (20, 30), 255).convert(mode).save(path)
    assert (read_image(path) == 255).all()


def test_16_bit_grey_keeps_its_brightness(path):
    Image.fromarray(np.full((8, 8), 32896, np.uint16)).save(path)
    assert (read_image(path) == 128).all()


def test_a_palette_image_keeps_its_colours(path):
    Image.fromarray(IMAGE).convert("P", palette=Image.Palette.ADAPTIVE).save(path)
    assert near(read_image(path), EXPECTED)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pixels_become_white(path, mode):
    image = Image.new("RGBA", (10, 10), (0, 0, 0, 0)).convert(mode)
    image.putalpha(0)
    image.save(path)
    assert (read_image(path) == 255).all()


def test_a_transparent_colour_of_a_palette_becomes_white(path):
    Image.new("P", (10, 10), 0).save(path, transparency=0)
    assert (read_image(path) == 255).all()


def test_cmyk_jpeg_is_read(tmp_path):
    Image.fromarray(IMAGE).convert("CMYK").save(tmp_path / "a.jpg")
    assert near(read_image(tmp_path / "a.jpg"), EXPECTED, slack=20)


@pytest.mark.parametrize(("orientation", "degrees"), [(3, 180), (6, 90), (8, 270)])
def test_an_image_marked_as_rotated_is_turned_upright(tmp_path, orientation, degrees):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(IMAGE).rotate(degrees, expand=True).save(
        tmp_path / "a.jpg", exif=exif, quality=95, subsampling=0
    )
    assert near(read_image(tmp_path / "a.jpg"), EXPECTED, slack=12)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(MissingDataError, match="file not found: check the path"):
        read_image(tmp_path / "none.png")


def test_a_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match="regular file, found a folder"):
        read_image(tmp_path)


def test_an_impossible_path_is_an_error():
    with pytest.raises(DataError, match="must be readable"):
        read_image("a\0b")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "a file that begins with b''"),
        (b"GIF89a" + bytes(20), "a file that begins with b'GIF89a"),
        (b"<!doctype html>", "a file that begins with b'<!doctype ht'"),
        (b"\0\0\0\x18ftypheic", r"b'\x00\x00\x00\x18ftypheic'"),
        (b"%!PS-Adobe-3.0 EPSF", "a file that begins with b'%!PS-Adobe-3'"),
    ],
)
def test_the_error_for_another_file_shows_its_first_bytes(path, content, problem):
    path.write_bytes(content)
    with pytest.raises(DataError, match="must be a complete JPEG or PNG image, found") as caught:
        read_image(path)
    assert problem in str(caught.value)


def test_a_real_gif_is_refused_too(tmp_path):
    Image.new("P", (4, 4)).save(tmp_path / "a.png", format="GIF")
    with pytest.raises(DataError, match="found a file that begins with b'GIF8"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_a_truncated_image_is_an_error(tmp_path, name):
    noise = np.random.default_rng(0).integers(0, 256, (100, 100, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / name)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="found a damaged file"):
        read_image(tmp_path / name)


@pytest.mark.parametrize("sides", [(11_000, 11_000), (100_000, 100_000)])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(path, sides):
    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *sides, 8, 2, 0, 0, 0))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + head
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )
    with pytest.raises(DataError, match=f"may have {MAX_PIXELS:,} pixels"):
        read_image(path)


def test_an_enormous_file_is_refused(path, monkeypatch):
    Image.new("RGB", (8, 8)).save(path)
    monkeypatch.setattr("minidl.data.images.MAX_BYTES", 10)
    with pytest.raises(DataError, match="may have at most 10 bytes"):
        read_image(path)


def test_without_pillow_the_error_names_the_pip_command(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingDependencyError, match=r"pip install minidl\[plot\]"):
        read_image(path)
