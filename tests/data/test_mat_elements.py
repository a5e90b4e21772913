"""Damaged MAT-files: none reaches SciPy, which some would crash."""

import io
import random
import struct

import numpy as np
import pytest
import scipy.io

from minidl import DataError
from minidl.data import mat_elements, mat_file, read_mat

X, Y = np.arange(14.0).reshape(7, 2), np.arange(7) % 2


def saved(**options):
    file = io.BytesIO()
    scipy.io.savemat(file, {"X": X, "y": Y, "s": {"a": 1}, "text": "abc"}, **options)
    return file.getvalue()


PLAIN, PACKED = saved(), saved(do_compression=True)
PLACES = {  # bytes from the beginning of X on
    "code": 0,
    "size": 4,
    "flags": 8,
    "class": 16,
    "shape": 24,
    "axes": 28,
    "rows": 32,
    "name": 40,
    "type": 48,
    "bytes": 52,
}


def changed(place, value):
    """Return the plain file with four bytes of X replaced by a number."""
    content = bytearray(PLAIN)
    at = PLAIN.index(b"\x0e\0\0\0", 128) + PLACES[place]
    content[at : at + 4] = struct.pack("<I", value % 2**32)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (changed("code", 9), "its variables must be matrices, found type 9: fetch it"),
        (changed("size", 10**9), "found an element of 1,000,000,000 bytes where .* are left"),
        (changed("flags", 5), "X must begin with its flags, its shape and its name, found types"),
        (changed("class", 3), "X must hold real numbers, found the class object"),
        (changed("class", 0x806), "X must hold real numbers, found complex numbers"),
        (changed("shape", 6), "X must begin with its flags"),
        (changed("axes", 4), "X must .* shape"),
        (changed("rows", 8), r"X must have the numbers of its shape \(8, 2\), found 112 bytes of"),
        (changed("rows", -7), r"X must have the numbers of its shape \(-7, 2\), found 112 bytes"),
        (changed("type", 0), "X must have the numbers of its shape .* of type 0: fetch it again"),
        (changed("type", 32), "X must have the numbers of its shape .* of type 32"),
        (changed("type", 7), "X must have the numbers of its shape .* 112 bytes of type 7"),
        (changed("bytes", 8), "X must have the numbers of its shape .* found 8 bytes of type 9"),
        (changed("type", 0x00050009), "it must be whole, found an element of 5 bytes"),
        (PLAIN[:-8], "it must be whole, found an element of"),
        (PLAIN[:130], "it must be whole, found it cut short: fetch it again"),
        (PACKED[:-3], "it must be whole, found an element of"),
        (PACKED[:150] + b"?" + PACKED[151:], "it must be whole, found Error -3 while decompress"),
    ],
)
def test_a_damaged_file_is_an_error(content, message, tmp_path):
    path = tmp_path / "data.mat"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_mat(path)


@pytest.mark.parametrize("seed", range(4))
def test_random_damage_is_an_error_or_harmless(seed, tmp_path):
    path, generator = tmp_path / "data.mat", random.Random(seed)
    n_read, messages = 0, []
    for _ in range(150):
        content = bytearray(generator.choice([PLAIN, PACKED]))
        for _ in range(generator.choice([1, 1, 2, 4])):
            place = generator.randrange(128, generator.choice([300, len(content)]))
            content[place] = generator.choice([0, 1, 2, 4, 127, 128, 255])
        path.write_bytes(content)
        try:
            read_mat(path)
            n_read += 1
        except DataError as error:
            messages.append(str(error))
    assert n_read > 10
    assert not any("cannot be read" in message for message in messages)  # what was not checked


def test_a_file_of_a_machine_with_the_other_byte_order(tmp_path):
    parts = [
        struct.pack(">II2I", 6, 8, 6, 0),
        struct.pack(">II2i", 5, 8, 2, 1),
        struct.pack(">HH4s", 1, 1, b"X"),  # a small element, in the tag itself
        struct.pack(">II2d", 9, 16, 1.5, -2.0),
    ]
    targets = [*parts[:2], struct.pack(">HH4s", 1, 1, b"y"), struct.pack(">HH4b", 2, 1, 1, 0, 0, 0)]
    content = mat_elements.clean_header(">")
    for name in (parts, targets):
        body = b"".join(name)
        content += struct.pack(">II", 14, len(body)) + body
    path = tmp_path / "data.mat"
    path.write_bytes(content)
    variables = mat_file.MATFile(path).variables
    assert [(name, v.matlab_class) for name, v in variables.items()] == [
        ("X", "double"),
        ("y", "double"),
    ]
    assert read_mat(path)[0].tolist() == [[1.5], [-2.0]]
