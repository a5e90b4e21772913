"""What a PNG file declares and holds."""

import struct
import zlib

import pytest
from picture_files import chunk, png

from minidl.data.png_file import MAX_CHUNKS, SIGNATURE, complete_picture, read_header


def header(*values):
    return SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", *values))


def completed(content):
    return complete_picture(content, read_header(content))


@pytest.mark.parametrize(
    ("width", "height", "bits", "colour", "interlaced", "size"),
    [
        (3, 2, 8, 2, 0, 2 * (1 + 9)),
        (3, 2, 16, 6, 0, 2 * (1 + 24)),
        (9, 5, 1, 0, 0, 5 * (1 + 2)),
        (9, 5, 2, 3, 0, 5 * (1 + 3)),
        (1, 1, 8, 0, 1, 2),  # six of the seven passes are empty
        # 2x1, 1x1, 3x1, 2x2, 4x2, 4x3 and 8x4 pixels in 1, 1, 1, 2, 2, 3 and 4 rows
        (8, 8, 8, 0, 1, 1 * 2 + 1 * 2 + 1 * 3 + 2 * 3 + 2 * 5 + 4 * 5 + 4 * 9),
    ],
)
def test_the_size_of_all_rows(width, height, bits, colour, interlaced, size):
    assert read_header(header(width, height, bits, colour, 0, 0, interlaced)).data_size == size


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (SIGNATURE, "it has no header"),
        (SIGNATURE + chunk(b"IDAT", b""), "it has no header"),
        (header(1, 1, 8, 2, 0, 0, 0)[:20], "it has no header"),
        (header(0, 1, 8, 2, 0, 0, 0), "it declares 0 x 1 pixels"),
        (header(1, 2**31, 8, 2, 0, 0, 0), "it declares 1 x 2147483648 pixels"),
        *(
            (header(1, 1, *values), "a type of pixels that does not exist")
            for values in (
                *((8, 1, 0, 0, 0), (8, 5, 0, 0, 0), (3, 0, 0, 0, 0), (16, 3, 0, 0, 0)),
                *((4, 2, 0, 0, 0), (8, 2, 1, 0, 0), (8, 2, 0, 1, 0), (8, 2, 0, 0, 2)),
            )
        ),
    ],
)
def test_a_header_that_is_not_valid_is_an_error(content, message):
    with pytest.raises(ValueError, match=message):
        read_header(content)


def test_only_what_the_pixels_depend_on_is_kept():
    kept = chunk(b"eXIf", b"MM")
    dropped = chunk(b"acTL", bytes(8)) + chunk(b"iCCP", b"a") + chunk(b"fdAT", bytes(9))
    content = png(4, 4, (2, 8), whole=True, extra=dropped + kept)
    expected = png(4, 4, (2, 8), whole=True, extra=kept)
    assert completed(content + b"anything after the end") == expected


def test_few_texts_are_kept():
    texts = [chunk(b"zTXt", b"key%d" % number) for number in range(6)]
    content = png(4, 4, (2, 8), whole=True, extra=b"".join(texts))
    assert completed(content) == png(4, 4, (2, 8), whole=True, extra=b"".join(texts[:4]))


def test_rows_may_be_in_any_number_of_chunks():
    rows = zlib.compress(bytes(4 * 13))
    pieces = b"".join(chunk(b"IDAT", rows[i : i + 1]) for i in range(len(rows)))
    content = header(4, 4, 8, 2, 0, 0, 0) + pieces + chunk(b"IEND", b"")
    assert completed(content) == content


def test_more_rows_than_declared_are_not_unpacked():
    rows = zlib.compress(bytes(2**22), 9)
    content = header(4, 4, 8, 2, 0, 0, 0) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    assert completed(content) == content


WHOLE = png(20, 20, (2, 8), whole=True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (WHOLE[:-1], r"it is truncated after \d+ bytes"),
        (WHOLE[:-12], "it is truncated after"),
        (WHOLE[:-12] + struct.pack(">I4s", 1, b"IEND") + bytes(4), "it is truncated after"),
        (png(20, 20, (2, 8), whole=True, missing=1), "rows are missing: it has 1,219 of 1,220"),
        (
            header(1, 1, 8, 2, 0, 0, 0) + chunk(b"IEND", b""),
            "rows are missing: it has 0 of 4 bytes",
        ),
        (
            header(1, 1, 8, 2, 0, 0, 0) + chunk(b"IDAT", b"no rows") + chunk(b"IEND", b""),
            "its rows do not unpack",
        ),
        (header(1, 1, 8, 2, 0, 0, 0) + struct.pack(">I4s", 2**31, b"IDAT"), "it is truncated"),
        (
            header(1, 1, 8, 2, 0, 0, 0) + chunk(b"IDAT", b"") * (MAX_CHUNKS + 1),
            "more than 100,000 chunks",
        ),
    ],
)
def test_a_file_that_is_not_whole_is_an_error(content, message):
    with pytest.raises(ValueError, match=message):
        completed(content)
