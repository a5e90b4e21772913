import io
import sys

import numpy as np
import pytest
from picture_files import JPEG_KINDS, PNG_MODES, end_of_data, jpeg, png
from scipy.ndimage import gaussian_filter, zoom

from minidl import ArgumentError, DataError, MissingDataError, MissingDependencyError
from minidl.data.images import MAX_PIXELS, MAX_UNPACKED_BYTES, read_image

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


@pytest.fixture
def unopened(monkeypatch):
    """Make Pillow fail, to show that a file is refused before."""

    def fail(*_, **__):
        raise AssertionError("opened")

    monkeypatch.setattr(Image, "open", fail)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("mode", PNG_MODES)
@pytest.mark.parametrize(
    ("sides", "message"),
    [
        ((11_000, 11_000), f"may have {MAX_PIXELS:,} pixels, found more"),
        ((2**31 - 1, 2**31 - 1), f"may have {MAX_PIXELS:,} pixels, found more"),
        (
            (3_000, 3_000),
            "bytes may take 33,554,432 bytes unpacked and 65,535 pixels on a side, found",
        ),
        ((1, 70_000), "and 65,535 pixels on a side, found 1 x 70,000 pixels"),
    ],
)
def test_a_bomb_is_refused_before_it_is_unpacked(path, unopened, mode, interlaced, sides, message):
    path.write_bytes(png(*sides, mode, interlaced=interlaced))
    with pytest.raises(DataError, match=message):
        read_image(path)


@pytest.mark.parametrize("kind", JPEG_KINDS)
def test_a_jpeg_bomb_is_refused_before_it_is_unpacked(path, unopened, kind):
    path.write_bytes(jpeg(kind, declared=(40_000, 2_999)))
    message = "may take 33,554,432 bytes unpacked"
    if kind.restarts:
        message = "a damaged file .rows are missing: "
    elif not kind.progressive:  # it can be decoded by rows, and scaled down
        message = "a damaged file .opened"
    with pytest.raises(DataError, match=message):
        read_image(path)


def test_what_may_be_unpacked_grows_with_the_file(path):
    side = int((MAX_UNPACKED_BYTES / 4) ** 0.5) + 1  # of one pixel too many
    path.write_bytes(png(side, side, (0, 1), whole=True))
    with pytest.raises(DataError, match="bytes may take 33,554,432 bytes unpacked"):
        read_image(path)
    with open(path, "ab") as file:
        file.truncate(MAX_UNPACKED_BYTES // 16)
        with pytest.raises(DataError, match="bytes may take 33,554,432 bytes unpacked"):
            read_image(path)
        file.truncate(MAX_UNPACKED_BYTES // 16 + 10_000)
    assert (read_image(path, size=(2, 2)) == 0).all()


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("mode", PNG_MODES)
def test_a_png_with_all_rows_is_read_and_with_one_byte_less_refused(path, mode, interlaced):
    path.write_bytes(png(33, 21, mode, interlaced=interlaced, whole=True))
    assert read_image(path).shape == (64, 64, 3)
    path.write_bytes(png(33, 21, mode, interlaced=interlaced, whole=True, missing=1))
    with pytest.raises(DataError, match=r"rows are missing: it has ([\d,]+) of [\d,]+ bytes"):
        read_image(path)


NOISE = np.random.default_rng(0).integers(0, 256, (97, 61, 3), np.uint8)


@pytest.mark.parametrize("size", [(64, 64), (8, 8)])  # scaled down while it is decoded, too
@pytest.mark.parametrize("kind", JPEG_KINDS)
def test_a_jpeg_with_all_rows_is_read_and_without_some_refused(path, kind, size):
    content = jpeg(kind, NOISE)
    path.write_bytes(content)
    with Image.open(io.BytesIO(content)) as image:
        pixels = np.asarray(image.convert("RGB"), float)
    scales = np.divide(pixels.shape[:2], size)
    smooth = gaussian_filter(pixels, (*np.maximum((scales - 1) / 2, 0), 0), mode="nearest")
    expected = zoom(smooth, (*1 / scales, 1), order=1, mode="nearest", grid_mode=True)
    difference = np.abs(read_image(path, size=size) - expected)
    assert difference.max() <= (0.51 if size == (64, 64) else 20)
    for part in (0.3, 0.98):
        path.write_bytes(end_of_data(content, part))
        with pytest.raises(DataError, match=r"a damaged file \((rows|scans) are missing"):
            read_image(path, size=size)


def test_only_the_first_picture_of_several_is_read(tmp_path):
    red, blue = (Image.new("RGB", (40, 30), colour) for colour in ("red", "blue"))
    red.save(tmp_path / "a.png", save_all=True, append_images=[blue])
    red.save(tmp_path / "b.jpg", "MPO", save_all=True, append_images=[blue])
    for name in ("a.png", "b.jpg"):
        assert (np.abs(read_image(tmp_path / name) - np.array([254.0, 0, 0])) <= 2).all()


def test_a_large_photo_is_scaled_while_it_is_decoded(tmp_path, monkeypatch):
    Image.fromarray(IMAGE).resize((1920, 1280)).save(tmp_path / "a.jpg")
    monkeypatch.setattr("minidl.data.images.MAX_UNPACKED_BYTES", 700_000)  # 2.5 million pixels
    monkeypatch.setattr("minidl.data.images.MAX_UNPACKED_RATIO", 1)
    assert near(read_image(tmp_path / "a.jpg"), EXPECTED, slack=12)
    Image.fromarray(IMAGE).resize((1920, 1280)).save(tmp_path / "a.jpg", progressive=True)
    with pytest.raises(DataError, match="may take 700,000 bytes unpacked"):
        read_image(tmp_path / "a.jpg")


def test_parts_of_a_tall_image_are_put_together(path):
    """1,500 x 400 pixels are converted in several parts."""
    rows = np.repeat(np.linspace(0, 255, 1500), 400).reshape(1500, 400).astype(np.uint8)
    Image.fromarray(rows).save(path)
    image = read_image(path, size=(50, 20)).astype(float)
    assert np.abs(image - np.linspace(2, 253, 50)[:, np.newaxis, np.newaxis]).max() < 2.5


def test_an_enormous_file_is_refused(path, monkeypatch):
    Image.new("RGB", (8, 8)).save(path)
    monkeypatch.setattr("minidl.data.images.MAX_BYTES", 10)
    with pytest.raises(DataError, match="may have at most 10 bytes"):
        read_image(path)


def test_without_pillow_the_error_names_the_pip_command(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "matplotlib'):
        read_image(path)
