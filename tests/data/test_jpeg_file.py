"""What a JPEG file declares and holds."""

import io

import numpy as np
import pytest
from picture_files import JPEG_KINDS, JpegKind, end_of_data, jpeg

from minidl.data.jpeg_file import MAX_RESTARTS, MAX_SCANS, MAX_SEGMENTS, read_jpeg

Image = pytest.importorskip("PIL.Image")
NOISE = np.random.default_rng(0).integers(0, 256, (45, 70, 3), np.uint8)
PLAIN = JpegKind("RGB", progressive=False, restarts=False)


def segment(code, body):
    return bytes([0xFF, code]) + (len(body) + 2).to_bytes(2, "big") + body


def frame(height, width, *factors, code=0xC0):
    components = b"".join(bytes([i + 1, factor, 0]) for i, factor in enumerate(factors))
    sides = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return segment(code, b"\x08" + sides + bytes([len(factors)]) + components)


def scan(*components, last=(0, 63, 0), data=b"data"):
    selected = b"".join(bytes([number, 0]) for number in components)
    return segment(0xDA, bytes([len(components)]) + selected + bytes(last)) + data


START, END = b"\xff\xd8", b"\xff\xd9"


def pixels(content):
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image)


@pytest.mark.parametrize("kind", JPEG_KINDS)
def test_the_pixels_are_the_same_without_the_rest_and_with_filling(kind):
    content = jpeg(kind, NOISE)
    rest = segment(0xFE, b"comment") + segment(0xE2, b"ICC_PROFILE")
    picture = read_jpeg(content[:2] + rest + content[2:] + b"another picture")
    assert (picture.width, picture.height) == (70, 45)
    assert b"comment" not in picture.essential()
    np.testing.assert_array_equal(pixels(picture.essential()), pixels(content))
    np.testing.assert_array_equal(pixels(picture.essential(filled=True)), pixels(content))
    assert len(picture.essential(filled=True)) > len(picture.essential())


@pytest.mark.parametrize("part", [0.2, 0.5, 0.8, 0.99])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_filling_changes_the_pixels_of_a_truncated_picture(mode, part):
    content = end_of_data(jpeg(JpegKind(mode, progressive=False, restarts=False), NOISE), part)
    picture = read_jpeg(content)
    assert (pixels(picture.essential()) != pixels(picture.essential(filled=True))).any()


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (frame(17, 33, 0x22, 0x11, 0x11) + scan(1, 2, 3), 0),  # row after row: nothing is kept
        # 3 x 2 units of 4 + 1 + 1 blocks of 64 coefficients of 2 bytes
        (frame(17, 33, 0x22, 0x11, 0x11) + scan(1) + scan(2, 3), 6 * 6 * 128),
        (frame(16, 32, 0x22, 0x11, 0x11) + scan(1) + scan(2, 3), 2 * 1 * 6 * 128),  # no rest
        (frame(17, 33, 0x11, code=0xC1) + scan(1), 0),
        (frame(17, 33, 0x11, code=0xC2) + scan(1, last=(0, 0, 0)) + scan(1, last=(1, 63, 0)), 1920),
    ],
)
def test_the_memory_for_coefficients(content, size):
    assert read_jpeg(START + content + END).coefficient_bytes == size


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is truncated after 2 bytes"),
        (frame(8, 8, 0x11)[:-1], "it is truncated after"),
        (b"\xff\xc0\0\0" + END, "it is truncated after"),
        (frame(8, 8, 0x11) + scan(1), "it is truncated after"),
        (START + frame(8, 8, 0x11) + scan(1) + END, "it is truncated after"),  # begins twice
        (END, "it has no pixels"),
        (frame(8, 8, 0x11) + END, "it has no pixels"),
        (scan(1) + END, "a scan of unknown components"),
        (frame(8, 8, 0x11) + scan(2) + END, "a scan of unknown components"),
        (frame(8, 8, 0x11) + segment(0xDA, b"\x01") + END, "a scan of unknown components"),
        (frame(8, 8, 0x11) + segment(0xDA, b"") + END, "a scan of unknown components"),
        (frame(0, 8, 0x11), "it declares 8 x 0 pixels of 1 components"),
        (frame(8, 8, 0x01), "it declares 8 x 8 pixels"),
        (frame(8, 8), "it declares 8 x 8 pixels of 0 components"),
        (segment(0xC0, b"\x08\0\x08\0\x08\x03\x01"), "its frame is too short"),
        (frame(8, 8, 0x11) * 2, "it declares its pixels twice"),
        (frame(8, 8, 0x11, code=0xC9), "lossless, hierarchical or arithmetically coded"),
        (frame(8, 8, 0x11, 0x11) + scan(1) + END, "scans are missing"),
        (frame(8, 8, *[0x11] * 65) + scan(*range(1, 65)) + END, "scans are missing"),
        (frame(8, 8, 0x11, code=0xC2) + scan(1, last=(0, 0, 0)) + END, "scans are missing"),
        (frame(8, 8, 0x11, code=0xC2) + scan(1, last=(1, 63, 0)) + END, "scans are missing"),
        (frame(8, 8, 0x11, code=0xC2) + scan(1, last=(0, 63, 1)) + END, "scans are missing"),
        (frame(8, 8, 0x11) + scan(1) * (MAX_SCANS + 1), "it has more than 100 scans"),
        (segment(0xE1, b"") * (MAX_SEGMENTS + 1), "more than 10,000 segments"),
        (
            frame(8, 8, 0x11) + scan(1, data=b"\xff\xd0" * (MAX_RESTARTS + 1)),
            "more than 1,000,000 restarts",
        ),
    ],
)
def test_a_file_that_is_not_whole_is_an_error(content, message):
    with pytest.raises(ValueError, match=message):
        read_jpeg(START + content)


@pytest.mark.parametrize(
    ("factors", "components", "n_units"),
    [
        ((0x22, 0x11, 0x11), (1, 2, 3), 3 * 2),  # of 16 x 16 pixels
        ((0x22, 0x11, 0x11), (1,), 5 * 3),  # of 8 x 8
        ((0x22, 0x11, 0x11), (2,), 3 * 2),
        ((0x11,), (1,), 5 * 3),
    ],
)
def test_each_restart_must_be_there(factors, components, n_units):
    others = [scan(number) for number in range(1, len(factors) + 1) if number not in components]
    begin = START + frame(17, 33, *factors) + b"".join(others) + segment(0xDD, b"\0\x01")
    restarts = b"\xff\xd0".join([b"data"] * n_units)
    assert read_jpeg(begin + scan(*components, data=restarts) + END).width == 33
    with pytest.raises(ValueError, match=f"rows are missing: {n_units - 1} of {n_units} parts"):
        read_jpeg(begin + scan(*components, data=restarts[6:]) + END)
