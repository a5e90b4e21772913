"""Command lines with a hostile name in them, and the files that they need.

Each function of `WAYS` takes an empty folder and a name, writes files there, and returns the words
after `minidl`. The folder is the current one when the command runs.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from minidl import Linear, MeanSquaredError, Sequential
from minidl.data.hdf5_writer import hdf5_bytes
from minidl.serialization.model_file import model_datasets

Words = list[str]
Way = Callable[[Path, str], Words]

FORGED = "FORGED"  # begins a line of its own, if a line break in a name reaches the terminal
PIECES = (
    *("\x1b]0;X\x07", "\x1b[31m", "\x1b[2J", "\x9b31m", "\x9d0;X\x9c", "\x90q\x9c", "\x08\x08"),
    *("\x07", "\x7f", "\x0b", "\x0c", "\x0e", "\x85", "\x1c", "\t", "\r", f"\n{FORGED}"),
    *("\u202e", "\u2066", "\u200f", "\u2028", "\u200b", "\ufeff", "\u00ad", "\U000e0041"),
    *("größe", "日本語", "עברית", "e\u0301", "😀", "\ue000", "\udcff", "\udc9b", "½"),
    *(r"$\frac{$", "$5-$10", "_a", r"\n", r"\$", "%s", "{0}", "{name!r}", "--json", " ", "'", '"'),
)
TRAIN = ["--epochs", "1", "--layers", "none"]


def draw_name(rng: np.random.Generator) -> str:
    """Return a name of one to four pieces, at least one of them hostile."""
    pieces = rng.choice(np.array(PIECES, dtype=object), int(rng.integers(1, 5)))
    name = "x".join(pieces)
    return f"n{name}" if name.startswith("-") else name


def file_name(name: str) -> str:
    """Return what can be the name of a file: not too long, and in no folder."""
    return name.replace("/", "")[:40]


def table(path: str | Path, *names: str) -> None:
    """Write a CSV file of two features whose classes have these names."""
    rows = [[k % 7, (k * 3) % 5 + k % 2, names[k % len(names)]] for k in range(20)]
    with open(path, "w", encoding="utf-8", errors="replace", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)


def _class_names(folder: Path, name: str) -> Words:
    table(folder / "table.csv", name, f"_{name}")
    return ["train", "table.csv", *TRAIN, "--out", "out"]


def _class_names_in_json(folder: Path, name: str) -> Words:
    table(folder / "table.csv", name, "b", "c")
    return ["train", "table.csv", *TRAIN, "--json"]


def _csv_file(folder: Path, name: str) -> Words:
    path = f"{file_name(name)}.csv"
    table(folder / path, "a", "b")
    return ["train", path, *TRAIN]


def _missing_csv_file(folder: Path, name: str) -> Words:
    return ["check", f"{name}.csv"]


def _csv_cell(folder: Path, name: str) -> Words:
    table(folder / "table.csv", "a", "b")
    with open(folder / "table.csv", "a", encoding="utf-8", errors="replace", newline="") as file:
        csv.writer(file).writerow([1, name, "a"])
    return ["train", "table.csv", *TRAIN, "--debug"]


def _out_folder(folder: Path, name: str) -> Words:
    table(folder / "table.csv", "a", "b")
    return ["train", "table.csv", *TRAIN, "--out", f"./{file_name(name)}"]


def _checkpoint(folder: Path, name: str) -> Words:
    path = f"./{file_name(name)}.h5"
    (folder / path).write_bytes(b"no HDF5")
    return ["train", "moons", *TRAIN, "--checkpoint", path]


def _model_file(folder: Path, name: str) -> Words:
    path = f"./{file_name(name)}.h5"
    Sequential([Linear(2, 3)], loss=MeanSquaredError()).save(folder / path)
    return ["evaluate", path, "moons"]


def _class_in_a_model(folder: Path, name: str) -> Words:
    datasets = model_datasets(Sequential([Linear(2, 1)], loss=MeanSquaredError()))
    content = json.loads(datasets["description"].tobytes())
    content["layers"][0]["class"] = name
    description = json.dumps(content).encode()
    datasets["description"] = np.frombuffer(description, np.uint8)
    datasets["sha256"] = np.frombuffer(hashlib.sha256(description).digest(), np.uint8)
    (folder / "model.h5").write_bytes(hdf5_bytes(datasets))
    return ["evaluate", "model.h5", "moons", "--debug"]


def _image(folder: Path, name: str) -> Words:
    path = f"./{file_name(name)}.png"
    (folder / path).write_bytes(b"no image")
    Sequential([Linear(12288, 1)], loss=MeanSquaredError()).save(folder / "model.h5")
    return ["predict", "model.h5", path]


def _class_names_in_hdf5(folder: Path, name: str) -> Words:
    stored = name.encode("utf-8", "surrogateescape").replace(b"\0", b"")
    for split, file in (("train", "train_catvnoncat.h5"), ("test", "test_catvnoncat.h5")):
        with h5py.File(folder / file, "w") as written:
            written[f"{split}_set_x"] = np.arange(6 * 12288).reshape(6, 64, 64, 3).astype(np.uint8)
            written[f"{split}_set_y"] = np.array([0, 1] * 3)
            written["list_classes"] = np.array([stored or b"a", b"cat"])
    return ["train", "cats", *TRAIN, "--data", ".", "--out", "out"]


def _key_in_hdf5(folder: Path, name: str) -> Words:
    with h5py.File(folder / "train_catvnoncat.h5", "w") as written:
        written[file_name(name).replace("\0", "").encode("utf-8", "surrogateescape") or b"a"] = 1
    return ["data", "verify", "train_catvnoncat.h5"]


def _folders(folder: Path, name: str) -> Words:
    (folder / file_name(name)).mkdir(exist_ok=True)
    return ["data", "list", f"--data=./{file_name(name)}"]


WAYS: dict[str, Way] = {
    "classes of a CSV file, with figures": _class_names,
    "classes of a CSV file, in JSON": _class_names_in_json,
    "name of a CSV file": _csv_file,
    "name of a missing CSV file": _missing_csv_file,
    "cell of a CSV file, --debug": _csv_cell,
    "folder for the results": _out_folder,
    "name of a checkpoint": _checkpoint,
    "name of a model": _model_file,
    "class of a layer in a model, --debug": _class_in_a_model,
    "name of an image": _image,
    "classes of an HDF5 file, with figures": _class_names_in_hdf5,
    "key of an HDF5 file": _key_in_hdf5,
    "folder of data": _folders,
    "dataset": lambda folder, name: ["train", name],
    "option": lambda folder, name: ["train", "moons", f"--{name}"],
    "value of an option": lambda folder, name: ["train", "moons", "--epochs", name],
    "command": lambda folder, name: [name],
    "address": lambda folder, name: [
        "data",
        "fetch",
        "cats",
        "--url",
        f"https://localhost:1/{name}",
    ],
    "file to verify": lambda folder, name: ["data", "verify", f"./{name}"],
}


def encoded(words: Words) -> list[bytes]:
    """Return the words as bytes, as a shell passes them."""
    return [word.replace("\0", "").encode("utf-8", "surrogateescape") for word in words]


def in_folder(folder: Path, make: Way, name: str) -> Words:
    """Return the words, with the files that they need written into the folder."""
    folder.mkdir()
    before = Path.cwd()
    os.chdir(folder)
    try:
        return make(Path(), name)
    finally:
        os.chdir(before)
