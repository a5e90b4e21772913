"""Loads files that were made to harm. Each must be refused within a second, in 512 MiB, before a byte of what it leads to is read.

What leads to another file leads to a pipe into which nobody writes: whoever opens it waits for ever, and the alarm tells. As a control,
the same files are given to h5py alone, with a readable file in the pipe's place.
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
import zipfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

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

USUAL = 1  # rounds
SECONDS = 1.0
MEMORY = 512 * 2**20
CANARY = 99  # the value of its pixels

Read = Callable[[Path], object]


def run(count: int, seed: int, scratch: Path, only: Collection[str] = ()) -> Result:
    """Load every hostile file, or only those of some names, `count` times."""
    pipe, readable = scratch / "pipe", scratch / "canary.h5"
    os.mkfifo(pipe)
    write_good(readable, train_set_x=np.full_like(X, CANARY))
    cases = {name: case for name, case in all_cases().items() if not only or name in only}
    rows: list[list[Any]] = [["hostile file", "minidl", "ms", "h5py alone"]]
    violations: list[str] = []
    slowest = 0.0
    for number, (name, (make, read, away)) in enumerate(cases.items()):
        path, control = scratch / f"{number}.h5", scratch / f"{number}-control.h5"
        make(path, pipe)
        for _ in range(count):
            (outcome,) = run_each(
                [path],
                lambda path, read=read: _attempt(path, read, scratch),
                seconds=SECONDS,
                memory=MEMORY,
            )
            told = outcome.told
            verdict = told.get("what", outcome.what)
            if verdict != "refused" or told["opened"] or not told["named"]:
                violations.append(f"{name}: {outcome.what}, {told}")
        slowest = max(slowest, told.get("seconds", SECONDS))
        make(control, readable)
        keys = [f"away/{KEY}"] if "on the way" in name else list(GOOD)
        (alone,) = run_each(
            [control],
            lambda path, keys=keys: _by_h5py_alone(path, keys),
            seconds=SECONDS / 4,
            memory=MEMORY,
        )
        without = (
            None if name.startswith("model") and not away else alone.told.get("what", alone.what)
        )
        rows.append([name, verdict, round(told.get("seconds", 0) * 1000, 1), without])
        for made in (path, control):
            shutil.rmtree(made) if made.is_dir() and not made.is_symlink() else made.unlink()
    refused = sum(row[1] == "refused" for row in rows[1:])
    numbers = {"classes": len(cases), "refused": refused, "slowest_seconds": slowest, "table": rows}
    return Result(
        [*rows, ["all", f"{refused} of {len(cases)} refused", round(slowest * 1000, 1), ""]],
        numbers,
        violations,
    )


def all_cases() -> dict[str, tuple[Make, Read, bool]]:
    """Return for each name how the file is made, how it is read, and whether it leads elsewhere."""
    cats: Read = lambda path: read_hdf5(path, image_schema("train"))  # noqa: E731
    model: Read = Sequential.load
    found: dict[str, tuple[Make, Read, bool]] = {
        name: (make, cats, name in AWAY) for name, make in CASES.items()
    }
    found["link on the way to a key"] = (
        _away_group,
        lambda path: read_hdf5(path, {f"away/{KEY}": Field(("m", 64, 64, 3), "u")}),
        True,
    )
    found["numbers that are not finite"] = (
        _not_finite,
        lambda path: read_hdf5(path, {"x": Field(("m",), "f")}),
        False,
    )
    found |= {name: (make, cats, False) for name, make in NO_HDF5.items()}
    found |= {
        f"model: {name}": (make, model, name.startswith("link")) for name, make in MODELS.items()
    }
    return found


def _attempt(path: Path, read: Read, scratch: Path) -> dict[str, Any]:
    """Read a file and tell what happened, and what else was opened in its folder."""
    import time

    opened: list[str] = []

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if (
            event == "open"
            and str(arguments[0]).startswith(str(scratch))
            and Path(str(arguments[0])) != path
        ):
            opened.append(str(arguments[0]))

    sys.addaudithook(watch)  # it ends with this child
    start = time.perf_counter()
    try:
        read(path)
        what, named = "read", True
    except MinidlError as error:
        what, named = "refused", str(path) in str(error)
    except BaseException as error:
        what, named = f"{type(error).__name__}: {error}"[:200], False
    return {"what": what, "named": named, "seconds": time.perf_counter() - start, "opened": opened}


def _by_h5py_alone(path: Path, keys: list[str]) -> dict[str, Any]:
    try:
        with h5py.File(path, "r") as file:
            arrays = {key: file[key][()] for key in (keys if keys[0] in file else file)}
    except BaseException as error:
        return {"what": f"{type(error).__name__}"}
    first = np.asarray(arrays.get(keys[0]))
    if first.shape == X.shape and (
        (first == CANARY).all() or first.tobytes().startswith(b"\x89HDF")
    ):
        return {"what": "reads another file"}
    if first.shape == X.shape and len(np.unique(first)) > 2:
        return {"what": "reads stray memory"}
    return {
        "what": f"reads {sum(getattr(array, 'nbytes', 0) for array in arrays.values()):,} bytes"
    }


def _away_group(path: Path, canary: Path) -> None:
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
        made.bind(os.path.relpath(path))  # a socket's address is short


def _truncated(path: Path, canary: Path) -> None:
    write_good(path)
    os.truncate(path, path.stat().st_size // 2)


NO_HDF5: dict[str, Make] = {
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
    """Return a maker of a model file whose description was changed, with a digest that fits."""

    def make(path: Path, canary: Path) -> None:
        parts = model_datasets(Sequential([Linear(3, 2)], loss=MeanSquaredError()))
        content = json.loads(parts["description"].tobytes())
        if change:
            change(content)
        told = text or json.dumps(content).encode()
        own = {
            "description": np.frombuffer(told, np.uint8),
            "sha256": np.frombuffer(hashlib.sha256(told).digest(), np.uint8),
        }
        path.write_bytes(hdf5_bytes({**parts, **own, **arrays}))
        with h5py.File(path, "r+") as file:
            file["away"] = h5py.ExternalLink(str(canary), "/")

    return make


def _settings(**settings: Any) -> Callable[[dict[str, Any]], object]:
    return lambda content: content["layers"][0].update(settings=settings)


def _huge(content: dict[str, Any]) -> None:
    _settings(in_features=10**9, out_features=10**9, bias=True)(content)
    content["arrays"]["0.weight"]["shape"], content["arrays"]["0.bias"]["shape"] = (
        [10**9, 10**9],
        [10**9],
    )


MODELS: dict[str, Make] = {
    "link on the way to a parameter": _model(
        lambda content: content["arrays"].update({f"away/{KEY}": content["arrays"].pop("0.weight")})
    ),
    "link in place of a parameter": _model(
        lambda content: content["arrays"].update(away=content["arrays"].pop("0.weight"))
    ),
    "Linear(10**9, 10**9)": _model(_settings(in_features=10**9, out_features=10**9, bias=True)),
    "Linear(10**9, 10**9), arrays said to fit": _model(_huge),
    "class of another module": _model(
        lambda content: content["layers"][0].update({"class": "os.system"})
    ),
    "layer that is a penalty": _model(
        lambda content: content["layers"][0].update({"class": "L2", "settings": {"strength": 1}})
    ),
    "settings of a wrong type": _model(_settings(in_features="3", out_features=[2], bias={})),
    "settings that are no setting": _model(
        _settings(in_features=3, out_features=2, bias=True, init="os.system")
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
