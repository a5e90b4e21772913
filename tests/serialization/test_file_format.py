"""docs/file-format.md is true: each of its sentences has tests, and files are as it says."""

import ast
import hashlib
import json
import re
from functools import cache
from pathlib import Path

import h5py
import numpy as np
from pages import FENCE
from resuming import VALIDATION, Signal, X, Y, fit, network
from running_mean import RunningMean

from minidl import (
    L2,
    Adam,
    BinaryCrossEntropy,
    Checkpoint,
    EarlyStopping,
    Linear,
    Sequential,
    Sigmoid,
    StepDecay,
)

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT.joinpath("docs", "file-format.md").read_text(encoding="utf-8")
TABLE = Path(__file__).with_name("file_format_promises.txt").read_text(encoding="utf-8")

HEADINGS = re.compile(r"^#.*\n|^\|.*\n\|[-|]+\n", re.MULTILINE)  # of sections and of tables
BLOCK_START = re.compile(r"\n(?=\n|- |\|)")  # of a paragraph, an item of a list, a row of a table
SENTENCE_START = re.compile(r"(?<=[.!?]) (?=[A-Z`\"]|minidl )")


def sentences():
    """Yield the sentences of the page; a row of a table is one, or as many as it has."""
    text = HEADINGS.sub("", FENCE.sub("", PAGE)).replace("**", "")
    for block in BLOCK_START.split(text):
        yield from filter(None, SENTENCE_START.split(" ".join(block.split()).strip("|- ")))


def promises():
    """Yield the beginning of each sentence in the table, and the lines below it."""
    for entry in re.sub("^#.*\n", "", TABLE, flags=re.MULTILINE).split("\n\n"):
        beginning, *lines = entry.strip().split("\n    ")
        yield beginning, lines


@cache
def names_of_tests(name):
    """Return the names of the tests in a file, without importing it."""
    path = ROOT / name
    body = ast.parse(path.read_text(encoding="utf-8")).body if path.is_file() else []
    return {node.name for node in body if isinstance(node, ast.FunctionDef)}


def is_right(line):
    """Return whether a line of the table names a test, or says why there can be none."""
    file, _, test = line.partition("::")
    exists = test.startswith("test_") and test in names_of_tests(file)
    return exists or line.startswith("no promise: ")


def test_each_sentence_has_its_tests():
    rows = dict(promises())
    found = {text: [row for row in rows if text.startswith(row)] for text in sentences()}
    problems = [f"one row must begin as: {text}" for text in found if len(found[text]) != 1]
    used = [row for each in found.values() for row in each]
    problems += [f"the page lacks: {row}" for row in rows if row not in used]
    problems += [f"no tests: {row}" for row in rows if not rows[row]]
    problems += [f"not there: {line}" for row in rows for line in rows[row] if not is_right(line)]
    assert not problems, "\n".join(["see file_format_promises.txt", *problems])
    assert used == list(rows), "the rows must be in the order of the page"


def read_plainly(path):
    """Return the description of a file and its datasets as another program reads them."""
    with h5py.File(path) as file:
        datasets = {name: file[name][()] for name in file}
    text = datasets.pop("description")
    assert text.dtype == np.uint8
    assert datasets.pop("sha256").tobytes() == hashlib.sha256(text.tobytes()).digest()
    return json.loads(text.tobytes().decode("utf-8")), datasets


def digest(array, dtype):
    return hashlib.sha256(np.asarray(array, dtype).tobytes()).hexdigest()


def test_a_saved_model_is_the_example_of_the_page(tmp_path):
    parts = [Linear(2, 1), RunningMean(1), Sigmoid()]
    model = Sequential(parts, loss=BinaryCrossEntropy(), penalties=[L2(0.1)])
    content, datasets = read_plainly(model.save(tmp_path / "model.h5"))
    assert {name: array.dtype.str for name, array in datasets.items()} == {
        name: row["dtype"] for name, row in content["arrays"].items()
    }
    for name, row in content["arrays"].items():
        assert row.pop("sha256") == digest(datasets[name], "<f4")
    assert (datasets["0.weight"] == model.parameters["0.weight"].value).all()
    (example,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert content == json.loads(re.sub(r', "sha256": "[^"]*"', "", example))


def keys_in(name):
    """Return the keys in the first column of a table of the page."""
    (rows,) = re.findall(rf'^\| key in `"{name}"` \|.*\n.*\n((?:\|.*\n)+)', PAGE, re.MULTILINE)
    return {key for row in rows.splitlines() for key in re.findall(r"`(\w+)`", row.split("|")[1])}


def test_a_checkpoint_has_the_keys_of_the_page(tmp_path):
    path, weights = tmp_path / "run.h5", np.linspace(1, 2, len(X))
    options = {"sample_weight": weights, "class_weight": {1: 3}, "shuffle": order}
    parts = [EarlyStopping(), Signal(2, 3), Checkpoint(path)]
    fit(network(), *parts, optimizer=Adam(StepDecay(0.1, 9)), **options)
    content, datasets = read_plainly(path)
    training = content["training"]
    assert training.keys() == {"state", "identity", "environment"}
    assert training["state"].keys() == keys_in("state")
    assert training["identity"].keys() == keys_in("identity")
    (environment,) = (text for text in sentences() if text.startswith('`"environment"`'))
    quoted = re.findall(r'"(\w+)"', environment)
    assert training["environment"].keys() == set(quoted) - {"environment", "unknown"}
    of_training = [name for name, row in content["arrays"].items() if row["role"] == "training"]
    assert sorted(of_training) == sorted(f"training.{i}" for i in range(len(of_training)))
    assert of_training == [name for name in datasets if name.startswith("training.")]


def order(epoch):
    return np.random.default_rng(epoch).permutation(len(X))


def test_an_identity_is_that_of_the_page(tmp_path):
    path, weights = tmp_path / "run.h5", np.linspace(1, 2, len(X))
    options = {"sample_weight": weights, "class_weight": {1: 3}, "shuffle": order}
    fit(network(), Signal(2, 3), Checkpoint(path), **options)
    identity = read_plainly(path)[0]["training"]["identity"]

    def described(values):
        return {"shape": list(values.shape), "sha256": digest(values, "<f4")}

    weights = weights * np.where(Y == 1, 3, 1)
    assert identity == {
        "data": {
            "X": described(X),
            "Y": described(Y[:, np.newaxis]),
            "weights": described(weights / weights.mean()),
        },
        "validation": {
            "X": described(VALIDATION[0]),
            "Y": described(VALIDATION[1][:, np.newaxis]),
            "weights": None,
        },
        "order": {"epoch": 2, "sha256": digest(order(2), "<i8")},
        "augmentation": None,
        "settings": {},
    }
