"""HDF5 files made to harm: they read other files, fill the memory or hide their content.

`CASES` has their makers by name. Each file has the keys of the cats (three images), and one thing
in it is wrong. What refers elsewhere refers to the canary: a file whose content must never be read,
raw bytes in some cases and an HDF5 file with the same keys in others.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Make = Callable[[Path, Path], object]

X = np.full((3, 64, 64, 3), 7, np.uint8)
Y = np.array([0, 1, 0])
GOOD: dict[str, Any] = {
    "train_set_x": X,
    "train_set_y": Y,
    "list_classes": np.array([b"non-cat", b"cat"]),
}
KEY = "train_set_x"


def write_good(path: Path, **arrays: Any) -> None:
    """Write the good file with some arrays replaced; None leaves one out."""
    with h5py.File(path, "w") as file:
        for key, array in {**GOOD, **arrays}.items():
            if array is not None:
                file[key] = array


def replace(key: str, put: Callable[[Any, Path], object]) -> Make:
    """Return a maker of the good file in which `put(file, canary)` creates `key`."""

    def make(path: Path, canary: Path) -> None:
        write_good(path, **{key: None})
        with h5py.File(path, "r+", libver=("earliest", "latest")) as file:
            put(file, canary)

    return make


def array(key: str, values: Any) -> Make:
    """Return a maker of the good file with another array under `key`."""
    return lambda path, canary: write_good(path, **{key: values})


def empty(key: str, shape: tuple[int, ...], dtype: Any, **options: Any) -> Make:
    """Return a maker of the good file with a dataset that is declared and never written."""
    return replace(key, lambda file, canary: file.create_dataset(key, shape, dtype, **options))


def _virtual(file: Any, canary: Path) -> None:
    layout = h5py.VirtualLayout(X.shape, "u1")
    layout[:] = h5py.VirtualSource(str(canary), KEY, X.shape)
    file.create_virtual_dataset(KEY, layout)


def _virtual_endless(file: Any, canary: Path) -> None:
    """Without an end, the shape itself depends on the other file."""
    endless = (h5py.h5s.UNLIMITED, 64, 64, 3)
    spaces = [h5py.h5s.create_simple(X.shape, endless) for _ in range(2)]
    for space in spaces:
        space.select_hyperslab(
            (0, 0, 0, 0), (h5py.h5s.UNLIMITED, 1, 1, 1), (1, 1, 1, 1), (1, 64, 64, 3)
        )
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_virtual(spaces[0], os.fsencode(canary), KEY.encode(), spaces[1])
    h5py.h5d.create(file.id, KEY.encode(), h5py.h5t.STD_U8LE, spaces[0], dcpl=properties)


def _through_link(file: Any, canary: Path) -> None:
    file["away"] = h5py.ExternalLink(str(canary), "/")
    file[KEY] = h5py.SoftLink(f"/away/{KEY}")


AWAY: dict[str, Make] = {
    "external storage": replace(
        KEY,
        lambda file, canary: file.create_dataset(
            KEY, X.shape, "u1", external=[(str(canary), 0, X.nbytes)]
        ),
    ),
    "external link": replace(
        KEY, lambda file, canary: file.__setitem__(KEY, h5py.ExternalLink(str(canary), f"/{KEY}"))
    ),
    "soft link through an external link": replace(KEY, _through_link),
    "virtual dataset": replace(KEY, _virtual),
    "virtual dataset without an end": replace(KEY, _virtual_endless),
}


def _chunk(shape: tuple[int, ...], chunk: tuple[int, ...], content: bytes, mask: int = 0) -> Make:
    """Return a maker that stores content as the first chunk of a gzip dataset."""

    def put(file: Any, canary: Path) -> None:
        data = file.create_dataset(
            KEY, shape, "u1", chunks=chunk, compression="gzip", maxshape=(None, *shape[1:])
        )
        data.id.write_direct_chunk((0,) * len(shape), content, filter_mask=mask)

    return replace(KEY, put)


def _zeros(file: Any, key: str, shape: tuple[int, ...], dtype: str, rows: int) -> None:
    """Write a compressed array of zeros with `rows` rows per chunk."""
    data = file.create_dataset(key, shape, dtype, chunks=(rows, *shape[1:]), compression="gzip")
    packed = zlib.compress(bytes(rows * int(np.prod(shape[1:])) * data.dtype.itemsize), 9)
    for row in range(0, shape[0], rows):
        data.id.write_direct_chunk((row,) + (0,) * (len(shape) - 1), packed)


def _cumulative(path: Path, canary: Path) -> None:
    """Make a file in which only the total of all arrays is too large."""
    with h5py.File(path, "w") as file:
        _zeros(file, KEY, (12_000, 64, 64, 3), "u1", 1_000)
        _zeros(file, "train_set_y", (12_000,), "i8", 12_000)
        _zeros(file, "list_classes", (2_200_000,), "S64", 100_000)
        file["ballast"] = np.random.default_rng(0).integers(0, 256, 4 * 2**20).astype(np.uint8)


def _twice_packed(file: Any, canary: Path) -> None:
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk(X.shape)
    for _ in range(2):
        properties.set_deflate(9)
    data = h5py.h5d.create(
        file.id, KEY.encode(), h5py.h5t.STD_U8LE, h5py.h5s.create_simple(X.shape), dcpl=properties
    )
    data.write_direct_chunk((0, 0, 0, 0), zlib.compress(zlib.compress(bytes(2**24))))


def _ratio(path: Path, canary: Path) -> None:
    write_good(path, train_set_x=None, train_set_y=np.zeros(5_461, np.int64))
    with h5py.File(path, "r+") as file:
        _zeros(file, KEY, (5_461, 64, 64, 3), "u1", 43)


BOMBS: dict[str, Make] = {
    "shape of 123 GB": empty(KEY, (10**7, 64, 64, 3), "u1"),
    "shape of 123 GB in chunks": empty(
        KEY, (10**7, 64, 64, 3), "u1", chunks=(1, 64, 64, 3), compression="gzip"
    ),
    "shape that overflows 64 bits": empty(KEY, (2**50, 64, 64, 3), "u1", chunks=(1, 64, 64, 3)),
    "gzip bomb, a thousand to one": _ratio,
    "gzip bomb in one chunk of 37 kB": _chunk(X.shape, X.shape, zlib.compress(bytes(2**28), 9)),
    "gzip bomb, packed twice": replace(KEY, _twice_packed),
    "chunk that unpacks to too little": _chunk(X.shape, X.shape, zlib.compress(b"7" * 10)),
    "chunk that is stored too short": _chunk(X.shape, X.shape, b"7" * 10, mask=1),
    "chunk of 2.5 GB for three images": _chunk(X.shape, (200_000, 64, 64, 3), zlib.compress(b"7")),
    "147,456 chunks": replace(
        KEY,
        lambda file, canary: file.create_dataset(KEY, (12, 64, 64, 3), "u1", chunks=(1, 1, 1, 1)),
    ),
    "too much in all arrays together": _cumulative,
}


def _long_name(path: Path, canary: Path) -> None:
    write_good(path, train_set_x=None)
    with h5py.File(path, "r+") as file:
        for number in range(2_000):
            file.create_group(f"{number}")
        file.create_group("x" * 60_000)


def _attributes(put_on: Callable[[Any], Any], count: int, *, dense: bool) -> Make:
    def make(path: Path, canary: Path) -> None:
        write_good(path)
        with h5py.File(path, "r+", libver="latest" if dense else None) as file:
            if dense:
                del file[KEY]
                file[KEY] = X
            for number in range(count):
                put_on(file).attrs[f"a{number}"] = np.zeros(60_000 if dense else 6_000, np.uint8)

    return make


HIDDEN: dict[str, Make] = {
    "soft link": replace(
        "train_set_y",
        lambda file, canary: file.update(other=Y, train_set_y=h5py.SoftLink("/other")),
    ),
    "soft link that leads nowhere": replace(
        "train_set_y", lambda file, canary: file.update(train_set_y=h5py.SoftLink("/nowhere"))
    ),
    "loop of soft links": replace(
        "train_set_y",
        lambda file, canary: file.update(
            b=h5py.SoftLink("/train_set_y"), train_set_y=h5py.SoftLink("/b")
        ),
    ),
    "hard link to the file itself": replace(
        "train_set_y", lambda file, canary: file.update(train_set_y=file["/"])
    ),
    "group instead of a dataset": replace(
        "train_set_y", lambda file, canary: file.create_group("train_set_y")
    ),
    "type instead of a dataset": replace(
        "train_set_y", lambda file, canary: file.update(train_set_y=np.dtype("i8"))
    ),
    "giant attributes of a dataset": _attributes(lambda file: file[KEY], 40, dense=False),
    "giant attributes in a heap": _attributes(lambda file: file[KEY], 40, dense=True),
    "giant attributes of the file": _attributes(lambda file: file, 40, dense=False),
    "2,000 other keys": _long_name,
    "text of variable length": array("list_classes", ["non-cat", "cat"]),
    "arrays of variable length": empty("train_set_y", (3,), h5py.vlen_dtype(np.int64)),
    "references": empty("train_set_y", (3,), h5py.ref_dtype),
    "references to regions": empty("train_set_y", (3,), h5py.regionref_dtype),
    "compound type": array("train_set_y", np.array([(1, 2.0)] * 3, [("a", "i4"), ("b", "f8")])),
    "opaque type": array("train_set_y", np.zeros(3, "V8")),
    "enumeration": empty("train_set_y", (3,), h5py.enum_dtype({"cat": 1, "dog": 0}, basetype="i8")),
    "array type": replace(
        "train_set_y",
        lambda file, canary: file.create_dataset("train_set_y", (3,), np.dtype(("i8", (2,)))),
    ),
    "complex numbers": array("train_set_y", np.zeros(3, complex)),
    "unknown filter": replace("train_set_y", lambda file, canary: _filtered(file, 32001)),
    "filter with its own size (lzf)": replace(
        KEY, lambda file, canary: file.create_dataset(KEY, data=X, compression="lzf")
    ),
    "filter that rounds": replace(
        "train_set_y",
        lambda file, canary: file.create_dataset("train_set_y", data=Y, scaleoffset=0),
    ),
    "never written": empty("train_set_y", (3,), "i8"),
    "written in part": replace(
        KEY,
        lambda file, canary: file.create_dataset(
            KEY, X.shape, "u1", chunks=(1, 64, 64, 3)
        ).__setitem__(0, 7),
    ),
    "no shape": array("train_set_y", h5py.Empty("i8")),
    "single number": array("train_set_y", np.int64(1)),
    "wrong rank": array(KEY, X.reshape(3, -1)),
    "wrong size of the images": array(KEY, X[:, :32]),
    "wrong type": array(KEY, X.astype(np.float32)),
    "fewer labels than images": array("train_set_y", Y[:2]),
    "label out of range": array("train_set_y", np.array([0, 1, 2])),
    "negative label": array("train_set_y", np.array([0, -1, 1])),
    "label of 2**64 - 1": array("train_set_y", np.array([0, 1, 2**64 - 1], np.uint64)),
    "missing key": array("train_set_y", None),
}


def _filtered(file: Any, number: int) -> None:
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk((3,))
    properties.set_filter(number, h5py.h5z.FLAG_OPTIONAL, (1, 2, 3))
    data = h5py.h5d.create(
        file.id, b"train_set_y", h5py.h5t.STD_I64LE, h5py.h5s.create_simple((3,)), dcpl=properties
    )
    data.write_direct_chunk((0,), Y.tobytes())


CASES: dict[str, Make] = {**AWAY, **BOMBS, **HIDDEN}
