"""Loads files that were made to harm.

Each must be refused within a second, with 512 MiB, before a byte of what it refers to is read. What
refers to another file refers to a pipe into which nobody writes: a process that opens it waits
forever, which the time limit detects. As a control, the same files are given to h5py alone, with a
readable file instead of the pipe.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import socket
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from minidl import Linear, MeanSquaredError, MinidlError, Sequential
from minidl.data import Field, read_hdf5
from minidl.data.course_images import image_schema
from minidl.data.hdf5_writer import hdf5_bytes
from minidl.serialization.model_file import model_datasets

from .children import run_each
from .hostile_files import AWAY, CASES, GOOD, KEY, Make, X, write_good
from .report import Result

DEFAULT_COUNT = 1
SECONDS = 1.0
MEMORY = 512 * 2**20
CANARY = 99  # the value of its pixels

Read = Callable[[Path], object]


class Case(NamedTuple):
    """How a hostile file is made, how it is read, and whether it refers to another file."""

    make: Make
    read: Read
    refers_elsewhere: bool


def run(count: int, seed: int, scratch: Path, only: Collection[str] = ()) -> Result:
    """Load every hostile file, or only some by name, `count` times."""
    pipe, readable = scratch / "pipe", scratch / "canary.h5"
    os.mkfifo(pipe)
    write_good(readable, train_set_x=np.full_like(X, CANARY))
    cases = {name: case for name, case in all_cases().items() if not only or name in only}
    rows: list[list[Any]] = [["hostile file", "minidl", "ms", "h5py alone"]]
    violations: list[str] = []
    slowest = 0.0
    for number, (name, case) in enumerate(cases.items()):
        path, control = scratch / f"{number}.h5", scratch / f"{number}-control.h5"
        case.make(path, pipe)
        for _ in range(count):
            (outcome,) = run_each(
                [path],
                lambda path, case=case: _attempt(path, case.read, scratch),
                seconds=SECONDS,
                memory=MEMORY,
            )
            result = outcome.result
            verdict = result.get("verdict", outcome.status)
            if verdict != "refused" or result["opened"] or not result["named"]:
                violations.append(f"{name}: {outcome.status}, {result}")
        slowest = max(slowest, result.get("seconds", SECONDS))
        case.make(control, readable)
        milliseconds = round(result.get("seconds", 0) * 1000, 1)
        rows.append([name, verdict, milliseconds, _control_verdict(name, case, control)])
        for made in (path, control):
            shutil.rmtree(made) if made.is_dir() and not made.is_symlink() else made.unlink()
    refused = sum(row[1] == "refused" for row in rows[1:])
    numbers = {"classes": len(cases), "refused": refused, "slowest_seconds": slowest, "table": rows}
    total = ["all", f"{refused} of {len(cases)} refused", round(slowest * 1000, 1), ""]
    return Result([*rows, total], numbers, violations)


def _control_verdict(name: str, case: Case, path: Path) -> str | None:
    """Return what h5py alone does with the file, None for other models."""
    if name.startswith("model") and not case.refers_elsewhere:
        return None
    keys = [f"away/{KEY}"] if "on the way" in name else list(GOOD)
    (outcome,) = run_each(
        [path],
        lambda path: _read_with_h5py(path, keys),
        seconds=SECONDS / 4,
        memory=MEMORY,
    )
    return outcome.result.get("verdict", outcome.status)


def all_cases() -> dict[str, Case]:
    """Return the cases by name."""

    def read_cats(path: Path) -> object:
        return read_hdf5(path, image_schema("train"))

    def read_linked_images(path: Path) -> object:
        return read_hdf5(path, {f"away/{KEY}": Field(("m", 64, 64, 3), "u")})

    def read_floats(path: Path) -> object:
        return read_hdf5(path, {"x": Field(("m",), "f")})

    cases = {
        name: Case(make, read_cats, refers_elsewhere=name in AWAY) for name, make in CASES.items()
    }
    cases["link on the way to a key"] = Case(_linked_group, read_linked_images, True)
    cases["numbers that are not finite"] = Case(_not_finite, read_floats, False)
    cases |= {name: Case(make, read_cats, False) for name, make in NOT_HDF5.items()}
    for name, make in MODELS.items():
        cases[f"model: {name}"] = Case(make, Sequential.load, name.startswith("link"))
    return cases


def _attempt(path: Path, read: Read, scratch: Path) -> dict[str, Any]:
    """Read a file; return the verdict, the time, and the other files that were opened."""
    opened: list[str] = []

    def record_opened(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            name = str(arguments[0])
            if name.startswith(str(scratch)) and Path(name) != path:
                opened.append(name)

    sys.addaudithook(record_opened)  # it ends with this child
    start = time.perf_counter()
    named = False
    try:
        read(path)
        verdict, named = "read", True
    except MinidlError as error:
        verdict, named = "refused", str(path) in str(error)
    except BaseException as error:
        verdict = f"{type(error).__name__}: {error}"[:200]
    seconds = time.perf_counter() - start
    return {"verdict": verdict, "named": named, "seconds": seconds, "opened": opened}


def _read_with_h5py(path: Path, keys: list[str]) -> dict[str, Any]:
    try:
        with h5py.File(path, "r") as file:
            arrays = {key: file[key][()] for key in (keys if keys[0] in file else file)}
    except BaseException as error:
        return {"verdict": type(error).__name__}
    images = np.asarray(arrays.get(keys[0]))
    n_bytes = sum(getattr(array, "nbytes", 0) for array in arrays.values())
    verdict = f"reads {n_bytes:,} bytes"
    if images.shape == X.shape:
        if (images == CANARY).all() or images.tobytes().startswith(b"\x89HDF"):
            verdict = "reads another file"
        elif len(np.unique(images)) > 2:
            verdict = "reads stray memory"
    return {"verdict": verdict}


def _linked_group(path: Path, canary: Path) -> None:
    with h5py.File(path, "w") as file:
        file["away"] = h5py.ExternalLink(str(canary), "/")


def _not_finite(path: Path, canary: Path) -> None:
    with h5py.File(path, "w") as file:
        file["x"] = np.array([1.0, np.nan, np.inf])


def _tar(path: Path, canary: Path) -> None:
    write_good(path)
    with tarfile.open(path.with_suffix(".tar"), "w") as archive:
        archive.add(path)
    path.with_suffix(".tar").replace(path)


def _zip(path: Path, canary: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("train.h5", b"x" * 100)


def _sparse(path: Path, canary: Path) -> None:
    write_good(path)
    os.truncate(path, 2**40)


def _socket(path: Path, canary: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))  # the address of a socket must be short


def _truncated(path: Path, canary: Path) -> None:
    write_good(path)
    os.truncate(path, path.stat().st_size // 2)


NOT_HDF5: dict[str, Make] = {
    "Git-LFS pointer": lambda path, canary: path.write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 2572022\n"
    ),
    "web page": lambda path, canary: path.write_text(
        "\n<!DOCTYPE html><html><title>train_catvnoncat.h5</title>"
    ),
    "zip archive": _zip,
    "tar archive": _tar,
    "gzip file": lambda path, canary: path.write_bytes(gzip.compress(b"\x89HDF\r\n\x1a\n")),
    "pickle": lambda path, canary: path.write_bytes(
        b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."
    ),
    "empty file": lambda path, canary: path.touch(),
    "signature and nothing else": lambda path, canary: path.write_bytes(b"\x89HDF\r\n\x1a\n"),
    "half a file": _truncated,
    "sparse file of 1 TB": _sparse,
    "folder": lambda path, canary: path.mkdir(),
    "pipe": lambda path, canary: os.mkfifo(path),
    "link to a pipe": lambda path, canary: path.symlink_to(
        canary if canary.is_fifo() else "/dev/zero"
    ),
    "link to a device without an end": lambda path, canary: path.symlink_to("/dev/zero"),
    "link that leads to itself": lambda path, canary: path.symlink_to(path),
    "socket": _socket,
}


def _model(
    change: Callable[[dict[str, Any]], object] | None = None,
    *,
    text: bytes | None = None,
    **arrays: Any,
) -> Make:
    """Return a maker of a model file with a changed description and a matching digest."""

    def make(path: Path, canary: Path) -> None:
        datasets = model_datasets(Sequential([Linear(3, 2)], loss=MeanSquaredError()))
        content = json.loads(datasets["description"].tobytes())
        if change:
            change(content)
        description = text or json.dumps(content).encode()
        datasets["description"] = np.frombuffer(description, np.uint8)
        datasets["sha256"] = np.frombuffer(hashlib.sha256(description).digest(), np.uint8)
        path.write_bytes(hdf5_bytes({**datasets, **arrays}))
        with h5py.File(path, "r+") as file:
            file["away"] = h5py.ExternalLink(str(canary), "/")

    return make


def _set_arguments(**arguments: Any) -> Callable[[dict[str, Any]], object]:
    return lambda content: content["layers"][0].update(settings=arguments)


def _huge(content: dict[str, Any]) -> None:
    _set_arguments(in_features=10**9, out_features=10**9, bias=True)(content)
    content["arrays"]["0.weight"]["shape"] = [10**9, 10**9]
    content["arrays"]["0.bias"]["shape"] = [10**9]


MODELS: dict[str, Make] = {
    "link on the way to a parameter": _model(
        lambda content: content["arrays"].update({f"away/{KEY}": content["arrays"].pop("0.weight")})
    ),
    "link instead of a parameter": _model(
        lambda content: content["arrays"].update(away=content["arrays"].pop("0.weight"))
    ),
    "Linear(10**9, 10**9)": _model(
        _set_arguments(in_features=10**9, out_features=10**9, bias=True)
    ),
    "Linear(10**9, 10**9), arrays said to fit": _model(_huge),
    "class of another module": _model(
        lambda content: content["layers"][0].update({"class": "os.system"})
    ),
    "layer that is a penalty": _model(
        lambda content: content["layers"][0].update({"class": "L2", "settings": {"strength": 1}})
    ),
    "arguments of a wrong type": _model(_set_arguments(in_features="3", out_features=[2], bias={})),
    "unknown arguments": _model(
        _set_arguments(in_features=3, out_features=2, bias=True, init="os.system")
    ),
    "layers that do not fit": _model(
        lambda content: content["layers"].append(
            {"class": "Linear", "settings": {"in_features": 9, "out_features": 1, "bias": True}}
        )
    ),
    "12,000 layers": _model(
        lambda content: content.update(layers=[{"class": "ReLU", "settings": {}}] * 12_000)
    ),
    "description of 20 MB": _model(text=b'{"a": [' + b"0," * 10**7 + b"0]}"),
    "JSON nested 100,000 times": _model(text=b"[" * 100_000),
    "JSON with a key twice": _model(text=b'{"format": "x", "format": "minidl model"}'),
    "JSON with NaN": _model(
        lambda content: content["layers"][0]["settings"].update(bias=float("nan"))
    ),
    "JSON with a number of a million digits": _model(text=b'{"format": ' + b"9" * 10**6 + b"}"),
    "parameters in another byte order": _model(**{"0.weight": np.zeros((2, 3), ">f4")}),
    "parameter changed": _model(**{"0.weight": np.zeros((2, 3), "<f4")}),
    "another version": _model(lambda content: content.update(version=99)),
    "another format": _model(lambda content: content.update(format="other")),
}
