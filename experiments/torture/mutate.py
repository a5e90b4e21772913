"""Loads truncated, changed and forged files, each in a child with limited memory and time.

The rules: no signal, no hang, no errors except minidl's own, each naming the file; a model loads
only if it is bit for bit the one that was saved. Image files have no digest inside: a changed one
may load, but never as verified. A forged description, with a matching digest, may load only as the
model that it describes.
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
    Residual,
    Sequential,
    Sigmoid,
)
from minidl.data import read_hdf5
from minidl.data.course_images import image_schema
from minidl.data.hdf5_writer import hdf5_bytes
from minidl.serialization.configuration import model_config
from minidl.serialization.model_file import model_datasets

from . import forgery, trainings
from .children import run_each
from .mutations import mutated
from .report import Result

DEFAULT_COUNT = 10_000
SECONDS = 5.0
MEMORY = 2**30
VERDICTS = ("refused", "same", "else", "error", "signal", "hung")


class Kind(NamedTuple):
    """A kind of file: a good one, how it is corrupted, how it is read, and what is allowed."""

    original: bytes
    corrupt: Callable[[bytes, np.random.Generator], bytes]
    load: Callable[[Path], str]  # returns everything that was read as a string
    is_allowed: Callable[[bytes, str], bool]  # whether a corrupted file may be read as this string


def kinds() -> dict[str, Kind]:
    """Return the kinds by name; a new kind of file needs one entry here."""
    data, compressed = hdf5_bytes(_image_arrays()), _compressed(_image_arrays())
    model, model_text = hdf5_bytes(model_datasets(_model())), _model_text(_model())
    training, training_text = trainings.checkpoint(), trainings.train()

    def anything(corrupted: bytes, text: str) -> bool:
        return True

    def same_model(corrupted: bytes, text: str) -> bool:
        return text == model_text

    def described_model(corrupted: bytes, text: str) -> bool:
        return text == forgery.described_model(corrupted)

    def same_training(corrupted: bytes, text: str) -> bool:
        return text == training_text

    return {
        "data": Kind(data, mutated, _load_data, anything),
        "data, compressed": Kind(compressed, mutated, _load_data, anything),
        "model": Kind(model, mutated, _load_model, same_model),
        "model, JSON changed": Kind(model, forgery.change_description, _load_model, same_model),
        "model, JSON forged": Kind(model, forgery.forge_description, _load_model, described_model),
        "training": Kind(training, mutated, trainings.train, same_training),
        "training, JSON changed": Kind(
            training, forgery.change_description, trainings.train, same_training
        ),
        # With a matching digest it may be another training, but must not crash, hang or raise an
        # error of another class.
        "training, JSON forged": Kind(
            training, forgery.forge_description, trainings.train, anything
        ),
    }


def run(count: int, seed: int, scratch: Path) -> Result:
    """Load `count` corrupted files and report the outcomes."""
    all_kinds = kinds()
    titles = ("refused", "as it was", "else", "other error", "signal", "hung", "peak MB")
    rows: list[list[Any]] = [["kind", "files", *titles]]
    numbers: dict[str, Any] = {}
    violations: list[str] = []
    for number, (name, kind) in enumerate(all_kinds.items()):
        n_files = count // len(all_kinds) + (number < count % len(all_kinds))
        counts, peak, problems = _load_corrupted(
            name, kind, n_files, [seed, number], scratch / "spoilt.h5"
        )
        rows.append([name, n_files, *(counts[verdict] for verdict in VERDICTS), round(peak / 1e6)])
        numbers[name] = {"files": n_files, **counts, "peak_bytes": peak}
        violations += problems
    return Result(rows, numbers, violations)


def _load_corrupted(
    name: str, kind: Kind, count: int, seed: list[int], path: Path
) -> tuple[Counter[str], int, list[str]]:
    """Return how often each verdict came, the peak memory and the violations."""
    path.write_bytes(kind.original)
    original_text = kind.load(path)  # also imports all modules before any child is forked

    def load(number: int) -> dict[str, Any]:
        corrupted = kind.corrupt(kind.original, np.random.default_rng([*seed, number]))
        path.write_bytes(corrupted)
        try:
            text = kind.load(path)
        except MinidlError as error:
            message = str(error)
            return {"verdict": "refused", "named": str(path) in message, "error": message[:300]}
        except BaseException as error:
            return {"verdict": "error", "error": f"{type(error).__name__}: {error}"[:300]}
        if text == original_text:
            return {"verdict": "same"}
        return {"verdict": "else", "allowed": kind.is_allowed(corrupted, text)}

    counts: Counter[str] = Counter()
    peak = 0
    violations: list[str] = []
    for number, outcome in enumerate(run_each(range(count), load, seconds=SECONDS, memory=MEMORY)):
        result = outcome.result
        verdict = result.get("verdict", "hung" if outcome.status == "hung" else "signal")
        counts[verdict] += 1
        peak = max(peak, result.get("peak", 0))
        is_named, is_allowed = result.get("named", True), result.get("allowed", True)
        if verdict in ("signal", "hung", "error") or not (is_named and is_allowed):
            violations.append(f"{name}, seed {[*seed, number]}: {outcome.status}, {result}")
    return counts, peak, violations


def _image_arrays() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)
    return {
        "train_set_x": images,
        "train_set_y": np.array([0, 1]),
        "list_classes": np.array([b"non-cat", b"cat"]),
    }


def _compressed(arrays: dict[str, Any]) -> bytes:
    from io import BytesIO

    import h5py

    buffer = BytesIO()
    with h5py.File(buffer, "w") as file:
        for key, array in arrays.items():
            file.create_dataset(key, data=array, compression="gzip", shuffle=True, fletcher32=True)
    return buffer.getvalue()


def _load_data(path: Path) -> str:
    arrays = read_hdf5(path, image_schema("train")).arrays
    return json.dumps(
        {
            key: [array.dtype.str, array.shape, array.tobytes().hex()]
            for key, array in arrays.items()
        }
    )


def _model() -> Sequential:
    layers = [
        Linear(3, 4),
        Residual(LeakyReLU(0.2), Linear(4, 4)),
        Dropout(0.8),
        Linear(4, 1, bias=False),
        Sigmoid(),
    ]
    return Sequential(layers, loss=BinaryCrossEntropy(), penalties=[L2(0.1, layers=[0])], seed=1)


def _load_model(path: Path) -> str:
    return _model_text(Sequential.load(path))


def _model_text(model: Sequential) -> str:
    """Return everything of a model as a string."""
    parameters = {
        name: [p.value.dtype.str, p.shape, p.value.tobytes().hex()] for name, p in model.parameters
    }
    return json.dumps([model_config(model), parameters], sort_keys=True)
