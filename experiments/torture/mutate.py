"""Loads files that were cut off, changed and forged, each in a child with little memory and an alarm.

What must hold: no signal, no hang, no error but minidl's own, each naming the file; a model loads only if it is, bit for bit,
what was saved. Data files of the course have no digest inside: a changed one may load, but never as verified. A forged
description, whose digest was made to fit, may load only as the very model that it describes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minidl import (
    L2,
    BinaryCrossEntropy,
    Dropout,
    LeakyReLU,
    Linear,
    MinidlError,
    Sequential,
    Sigmoid,
)
from minidl.data import read_hdf5
from minidl.data.course_images import image_schema
from minidl.data.hdf5_writer import hdf5_bytes
from minidl.serialization.model_file import model_config, model_datasets

from . import forgery, trainings
from .children import run_each
from .mutations import mutated
from .report import Result

USUAL = 10_000
SECONDS = 5.0
MEMORY = 2**30


class Kind(NamedTuple):
    """A kind of file: a good one, how it is spoilt, how it is read, and what it may be read as."""

    original: bytes
    spoil: Callable[[bytes, np.random.Generator], bytes]
    load: Callable[[Path], str]  # returns all that was read, as one text
    may_be: Callable[[bytes, str], bool]  # whether a spoilt file may be read as that text


def kinds() -> dict[str, Kind]:
    """Return the kinds by name; a new kind of file needs one entry here."""
    training, whole = trainings.checkpoint(), trainings.train()
    plain, packed, model = (
        hdf5_bytes(_pictures()),
        _packed(_pictures()),
        hdf5_bytes(model_datasets(_model())),
    )
    return {
        "data": Kind(plain, mutated, _load_data, lambda spoilt, read: True),
        "data, compressed": Kind(packed, mutated, _load_data, lambda spoilt, read: True),
        "model": Kind(model, mutated, _load_model, lambda spoilt, read: read == _told(_model())),
        "model, JSON changed": Kind(
            model, forgery.redescribed, _load_model, lambda spoilt, read: read == _told(_model())
        ),
        "model, JSON forged": Kind(
            model,
            forgery.forged,
            _load_model,
            lambda spoilt, read: read == forgery.described(spoilt),
        ),
        "training": Kind(training, mutated, trainings.train, lambda spoilt, read: read == whole),
        "training, JSON changed": Kind(
            training, forgery.redescribed, trainings.train, lambda spoilt, read: read == whole
        ),
        # With a digest that fits, a training may be another one; it must still not crash, hang, or raise anything of its own.
        "training, JSON forged": Kind(
            training, forgery.forged, trainings.train, lambda spoilt, read: True
        ),
    }


def run(count: int, seed: int, scratch: Path) -> Result:
    """Load `count` spoilt files and say what became of them."""
    chosen = kinds()
    rows: list[list[Any]] = [
        [
            "kind",
            "files",
            "refused",
            "as it was",
            "else",
            "other error",
            "signal",
            "hung",
            "peak MB",
        ]
    ]
    numbers: dict[str, Any] = {}
    violations: list[str] = []
    for number, (name, kind) in enumerate(chosen.items()):
        share = count // len(chosen) + (number < count % len(chosen))
        counts, peak, wrong = _torture(name, kind, share, [seed, number], scratch / "spoilt.h5")
        rows.append(
            [
                name,
                share,
                *(counts[what] for what in ("refused", "same", "else", "error", "signal", "hung")),
                round(peak / 1e6),
            ]
        )
        numbers[name] = {"files": share, **counts, "peak_bytes": peak}
        violations += wrong
    return Result(rows, numbers, violations)


def _torture(
    name: str, kind: Kind, count: int, seed: list[int], path: Path
) -> tuple[Counter[str], int, list[str]]:
    path.write_bytes(kind.original)
    good = kind.load(path)  # also loads all modules before any child is forked

    def act(number: int) -> dict[str, Any]:
        spoilt = kind.spoil(kind.original, np.random.default_rng([*seed, number]))
        path.write_bytes(spoilt)
        try:
            read = kind.load(path)
        except MinidlError as error:
            return {"what": "refused", "named": str(path) in str(error), "told": str(error)[:300]}
        except BaseException as error:
            return {"what": "error", "told": f"{type(error).__name__}: {error}"[:300]}
        if read == good:
            return {"what": "same"}
        return {"what": "else", "may": kind.may_be(spoilt, read)}

    counts: Counter[str] = Counter()
    peak, violations = 0, []
    for number, outcome in enumerate(run_each(range(count), act, seconds=SECONDS, memory=MEMORY)):
        told = outcome.told
        what = told.get("what", "hung" if outcome.what == "hung" else "signal")
        counts[what] += 1
        peak = max(peak, told.get("peak", 0))
        if (
            what in ("signal", "hung", "error")
            or told.get("named") is False
            or told.get("may") is False
        ):
            violations.append(f"{name}, seed {[*seed, number]}: {outcome.what}, {told}")
    return counts, peak, violations


def _pictures() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)
    return {
        "train_set_x": pictures,
        "train_set_y": np.array([0, 1]),
        "list_classes": np.array([b"non-cat", b"cat"]),
    }


def _packed(arrays: dict[str, Any]) -> bytes:
    from io import BytesIO

    import h5py

    memory = BytesIO()
    with h5py.File(memory, "w") as file:
        for key, array in arrays.items():
            file.create_dataset(key, data=array, compression="gzip", shuffle=True, fletcher32=True)
    return memory.getvalue()


def _load_data(path: Path) -> str:
    arrays = read_hdf5(path, image_schema("train")).arrays
    return json.dumps(
        {
            key: [array.dtype.str, array.shape, array.tobytes().hex()]
            for key, array in arrays.items()
        }
    )


def _model() -> Sequential:
    layers = [Linear(3, 4), LeakyReLU(0.2), Dropout(0.8), Linear(4, 1, bias=False), Sigmoid()]
    return Sequential(layers, loss=BinaryCrossEntropy(), penalties=[L2(0.1, layers=[0])], seed=1)


def _load_model(path: Path) -> str:
    return _told(Sequential.load(path))


def _told(model: Sequential) -> str:
    """Return all of a model as one text."""
    parameters = {
        name: [p.value.dtype.str, p.shape, p.value.tobytes().hex()] for name, p in model.parameters
    }
    return json.dumps([model_config(model), parameters], sort_keys=True)
