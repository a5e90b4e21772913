"""The elements of a MAT-file of version 5, checked before SciPy reads them.

SciPy's reader is compiled, and a file with a wrong type code or length lets it read memory that is
not its own. So it gets nothing but variables of numbers whose structure was checked here.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from .hdf5_schema import RuleViolation

HEADER_BYTES = 128
MAX_AXES = 8
MATRIX, COMPRESSED = 14, 15  # type codes of the elements at the top level
INT8, INT32, UINT32 = 1, 5, 6
ITEM_BYTES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}
"""Bytes per number of each type code: int8 to uint32, single, double, int64, uint64."""
COMPLEX = 0x800  # a flag
OPAQUE = 17  # the class of variables that have no shape
CLASSES = {
    **{1: "cell", 2: "struct", 3: "object", 4: "char", 5: "sparse", 6: "double", 7: "single"},
    **{8: "int8", 9: "uint8", 10: "int16", 11: "uint16", 12: "int32", 13: "uint32"},
    **{14: "int64", 15: "uint64", 16: "function_handle", OPAQUE: "object"},
}
NUMBERS = range(6, 16)  # the codes of classes of numbers


class Element(NamedTuple):
    """A type code, the data, and the bytes that both take in the file."""

    code: int
    data: bytes
    n_bytes: int


class Variable(NamedTuple):
    """A variable of a file.

    Parameters
    ----------
    name : str
        Its name.
    matlab_class : str
        Its class in MATLAB, such as "double".
    element : bytes
        The whole element, unpacked.
    """

    name: str
    matlab_class: str
    element: bytes


def clean_header(order: str) -> bytes:
    """Return the header of a file of version 5 in a byte order, "<" or ">"."""
    version = struct.pack(f"{order}H", 0x100)
    return b"MATLAB 5.0 MAT-file".ljust(124) + version + (b"IM" if order == "<" else b"MI")


def read_variables(content: bytes, order: str, limit: int) -> dict[str, Variable]:
    """Return the variables of a file by name.

    Parameters
    ----------
    content : bytes
        The whole file.
    order : str
        Its byte order, "<" or ">".
    limit : int
        The largest allowed number of bytes of all variables, unpacked.

    Returns
    -------
    dict of str to Variable
        Those that have a name, the last one of each name.

    Raises
    ------
    RuleViolation
        If the file is damaged, or above the limit.
    """
    variables = {}
    start, room = HEADER_BYTES, limit
    while start < len(content):
        element = _element(content, start, order)
        whole = content[start : start + 8] + element.data
        if element.code == COMPRESSED:
            try:
                whole = zlib.decompressobj().decompress(element.data, room + 1)
            except zlib.error as error:
                raise RuleViolation(f"it must be whole, found {error}: fetch it again") from None
        room -= len(whole)
        if room < 0:
            raise RuleViolation(
                f"it may unpack to at most {limit:,} bytes, found more: pass a larger limit if you "
                "trust it"
            )
        variable = _variable(whole, order)
        variables[variable.name] = variable
        start += 8 + len(element.data)
    variables.pop("", None)  # what belongs to function handles
    return variables


def check_numbers(variable: Variable, order: str) -> None:
    """Raise `RuleViolation` unless a variable holds real numbers, as many as its shape says."""
    flags, shape, name, numbers = _parts(variable.element, order, 4)
    n_axes = len(shape.data) // 4
    head = (flags.code, len(flags.data), shape.code, len(shape.data), name.code)
    if head != (UINT32, 8, INT32, 4 * n_axes, INT8):
        raise RuleViolation(
            f"{variable.name} must begin with its flags, its shape and its name, found types and "
            f"sizes {head}: fetch it again"
        )
    code = struct.unpack_from(f"{order}I", flags.data)[0]
    if code & 0xFF not in NUMBERS or code & COMPLEX:
        found = "complex numbers" if code & COMPLEX else f"the class {variable.matlab_class}"
        raise RuleViolation(
            f"{variable.name} must hold real numbers, found {found}: convert it in MATLAB, such as "
            "with full or real, and save it again"
        )
    lengths = struct.unpack(f"{order}{n_axes}i", shape.data)
    n_bytes = math.prod(lengths) * ITEM_BYTES.get(numbers.code, -1)
    if not 2 <= n_axes <= MAX_AXES or min(lengths) < 0 or len(numbers.data) != n_bytes:
        raise RuleViolation(
            f"{variable.name} must have the numbers of its shape {lengths[:MAX_AXES]}, found "
            f"{len(numbers.data):,} bytes of type {numbers.code}: fetch it again"
        )


def _variable(element: bytes, order: str) -> Variable:
    flags, second, *_ = _parts(element, order, 2)
    code = struct.unpack_from(f"{order}I", flags.data.ljust(4, b"\0"))[0] & 0xFF
    name = second if code == OPAQUE else _parts(element, order, 3)[2]
    text = name.data.decode("latin-1")
    return Variable(text, CLASSES.get(code, f"{code}"), element)


def _parts(element: bytes, order: str, count: int) -> list[Element]:
    """Return the first elements within one that is a matrix."""
    outer = _element(element, 0, order)
    if outer.code != MATRIX:
        raise RuleViolation(f"its variables must be matrices, found type {outer.code}: fetch it")
    return list(_elements(outer.data, order, count))


def _elements(data: bytes, order: str, count: int) -> Iterator[Element]:
    start = 0
    for _ in range(count):
        element = _element(data, start, order)
        yield element
        start += element.n_bytes


def _element(data: bytes, start: int, order: str) -> Element:
    """Return the element that begins at `start`."""
    try:
        first, size = struct.unpack_from(f"{order}II", data, start)
    except struct.error:
        raise RuleViolation("it must be whole, found it cut short: fetch it again") from None
    if first >> 16:  # up to four bytes are in the tag itself
        code, size = first & 0xFFFF, first >> 16
        begin, n_bytes = start + 4, 8
        is_whole = size <= 4
    else:
        code, begin = first, start + 8
        n_bytes = 8 + -(-size // 8) * 8
        is_whole = begin + size <= len(data)
    if not is_whole:
        raise RuleViolation(
            f"it must be whole, found an element of {size:,} bytes where "
            f"{max(0, len(data) - begin):,} are left: fetch it again"
        )
    return Element(code, data[begin : begin + size], n_bytes)
