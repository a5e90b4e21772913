"""The assignments of the DeepLearning.AI specialization, number for number.

The pages of docs/course/ print their figures. course_figures.json has some in all digits, as the
formulas of the assignments give them with plain dictionaries and examples as columns.
"""

import os
import re
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from helpers import needs_data, read_reference
from pages import code_blocks, run_python

from minidl import (
    Adam,
    BinaryCrossEntropy,
    Callback,
    GradientDescent,
    He,
    Linear,
    Random,
    ReLU,
    Sequential,
    Sigmoid,
    Xavier,
)
from minidl.data import load_cats, planar

pytestmark = pytest.mark.no_cover  # tests of the whole: coverage is measured elsewhere

FIGURES = read_reference("course_figures.json")
PAGES = Path(__file__).resolve().parents[1] / "docs" / "course"
DATA = Path(os.environ.get("MINIDL_DATA") or "nowhere")
# What the figures of a page need beside minidl. Without it, a page runs on stand-ins.
FILES = {
    "logistic-regression": "train_catvnoncat.h5",
    "two-layers": "train_catvnoncat.h5",
    "four-layers": "train_catvnoncat.h5",
    "regularization": "data.mat",
    "signs": "train_signs.h5",
}
# Pages of which the tests train the beginning only, as all of it takes half a minute.
FIRST_EPOCHS = {"two-layers": 201, "four-layers": 201, "initialization": 5001, "optimization": 1001}


def with_epochs(block, epochs, is_compared):
    """Return a block that trains fewer epochs, and what of its output stays the same."""
    code = re.sub(r"epochs=\d{4,}", f"epochs={epochs}", block.code)
    output = []
    for line in block.expected_output.splitlines(keepends=True):
        cost = re.match(r"Cost after epoch (\d+):", line)
        if is_compared and cost and int(cost[1]) < epochs:
            output.append(line)
        elif output[-1:] != ["...\n"]:
            output.append("...\n")
    return block._replace(code=code, expected_output="".join(output))


def write_points(path):
    """Write a stand-in for the file of the football field."""
    (X, y), (X_test, y_test) = (planar.moons(m, 0.3, seed) for m, seed in ((211, 0), (200, 1)))
    scipy.io.savemat(path, {"X": X, "y": y, "Xval": X_test, "yval": y_test})


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_runs_and_prints_the_figures_of_its_assignment(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = code_blocks(page)
    assert any(len(block.code.splitlines()) >= 5 for block in blocks)
    file = FILES.get(page.stem)
    if file == "data.mat":
        if (DATA / file).exists():
            shutil.copy(DATA / file, file)
        else:
            write_points(file)
    is_real = file is None or (DATA / file).exists()
    if not is_real or page.stem in FIRST_EPOCHS:
        epochs = FIRST_EPOCHS[page.stem] if is_real else 3
        blocks = [with_epochs(block, epochs, is_compared=is_real) for block in blocks]
    run_python(blocks)


def net(*widths, init, seed):
    layers = []
    for inputs, outputs in pairwise(widths):
        layers += [Linear(inputs, outputs, init=init), ReLU()]
    layers[-1] = Sigmoid()
    return Sequential(
        layers, loss=BinaryCrossEntropy(), seed=np.random.RandomState(seed), dtype=np.float64
    )


@needs_data
@pytest.mark.parametrize(
    ("page", "widths", "init"),
    [("two-layers", (7, 1), Random(0.01)), ("four-layers", (20, 7, 5, 1), Xavier())],
)
def test_cats_to_the_end(page, widths, init):
    """In a basis of the 259 pictures: a rotation of 12,288 inputs changes nothing but rounding."""
    cats, text = load_cats(), (PAGES / f"{page}.md").read_text()
    assert cats.verified
    basis = np.linalg.qr(np.concatenate([cats.train.x, cats.test.x]).T).Q
    whole, model = (net(n_inputs, *widths, init=init, seed=1) for n_inputs in (12288, 259))
    for layer, small in zip(whole.layers[2::2], model.layers[2::2], strict=True):
        small.weight.value = layer.weight.value
    model.layers[0].weight.value = whole.layers[0].weight.value @ basis
    train, test = ((split.x @ basis, split.y) for split in (cats.train, cats.test))
    history = model.fit(
        *train, optimizer=GradientDescent(0.0075), epochs=2500, batch_size=None, progress=False
    )
    costs = [float(cost) for cost in re.findall(r"Cost after .*: (\S+)", text)]
    np.testing.assert_allclose(history.loss[::100], costs, atol=1e-6)
    for name, examples in (("train", train), ("test", test)):
        assert f"{name} accuracy {100 * model.evaluate(*examples)['accuracy']:.2f} %" in text
    if page == "four-layers":
        np.testing.assert_allclose(costs, FIGURES["cats"]["cost_every_100"], atol=1e-6)


def test_the_layer_of_the_page_is_the_dropout_of_the_assignment():
    """Against its formulas, on 30 points: the generator begins anew in each forward pass."""
    code = next(
        block.code
        for block in code_blocks(PAGES / "regularization.md")
        if "class FrozenDropout" in block.code
    )
    names = {"np": np}
    exec(code[: code.index("frozen =")], names)
    layer, keep = names["FrozenDropout"], 0.86
    X, Y = planar.moons(30, 0.3, 0)
    layers = [Linear(2, 20), ReLU(), layer(keep), Linear(20, 3), ReLU(), layer(keep, skip=20)]
    layers += [Linear(3, 1), Sigmoid()]
    model = Sequential(layers, loss=BinaryCrossEntropy(), dtype=np.float64)
    rng = np.random.RandomState(3)
    W = [
        rng.randn(outputs, inputs) / np.sqrt(inputs) for inputs, outputs in pairwise([2, 20, 3, 1])
    ]
    b, costs = [np.zeros((len(weights), 1)) for weights in W], []
    for i, weights in zip((0, 3, 6), W, strict=True):
        model.layers[i].weight.value = weights
    for _ in range(40):
        rng = np.random.RandomState(1)
        A, masks = [X.T], []
        for i in (0, 1):
            Z = W[i] @ A[i] + b[i]
            masks.append(rng.rand(*Z.shape) < keep)
            A.append(np.maximum(0, Z) * masks[i] / keep)
        A3 = 1 / (1 + np.exp(-(W[2] @ A[2] + b[2])))
        costs.append(-np.mean(Y.T * np.log(A3) + (1 - Y.T) * np.log(1 - A3)))
        dZ = A3 - Y.T
        for i in (2, 1, 0):
            dA = W[i].T @ dZ
            W[i] = W[i] - 0.3 * dZ @ A[i].T / 30
            b[i] = b[i] - 0.3 * dZ.mean(axis=1, keepdims=True)
            if i:
                dZ = dA * masks[i - 1] / keep * (A[i] > 0)
    history = model.fit(
        X, Y, optimizer=GradientDescent(0.3), epochs=40, batch_size=None, progress=False
    )
    np.testing.assert_allclose(history.loss, costs, rtol=1e-12)
    np.testing.assert_allclose(model.layers[0].weight.value, W[0], rtol=1e-10)


class LastBatch(Callback):
    """Keeps the cost of the last batch of every thousandth epoch, which that edition prints."""

    def __init__(self):
        self.costs = []

    def on_epoch_end(self, run):
        if run.epoch % 1000 == 1:
            self.costs.append(run.loss)


def test_adam_on_the_moons_in_the_older_edition():
    X, Y = planar.moons(300, 0.2, np.random.RandomState(3))
    model, last = net(2, 5, 2, 1, init=He(), seed=3), LastBatch()
    model.fit(
        X,
        Y,
        optimizer=Adam(0.0007),
        epochs=10000,
        batch_size=64,
        shuffle=lambda epoch: np.random.RandomState(10 + epoch).permutation(300),
        callbacks=[last],
        progress=False,
    )
    figures = FIGURES["moons"]
    np.testing.assert_allclose(
        last.costs, figures["last_batch_cost_every_1000_epochs"]["adam"], atol=1e-6
    )
    assert model.evaluate(X, Y)["accuracy"] == pytest.approx(
        figures["train_accuracy"]["adam"], abs=1e-9
    )
