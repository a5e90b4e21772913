"""What several tests share: derivatives that know nothing of the code under test, small models, and the code on pages."""

import contextlib
import copy
import doctest
import io
import json
import os
import re
import textwrap
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from minidl import BinaryCrossEntropy, Layer, Linear, Loss, Parameter, ReLU, Sequential, Sigmoid
from minidl.initializers import Ones

HERE = Path(__file__).parent
TOLERANCE = {"float32": 2e-4, "float64": 1e-10}

needs_data = pytest.mark.skipif(
    not (Path(os.environ.get("MINIDL_DATA") or "nowhere") / "train_catvnoncat.h5").exists(),
    reason="the course's pictures are not there: set MINIDL_DATA to their folder",
)


def figures(name):
    """Return the numbers of a JSON file beside the tests."""
    return json.loads((HERE / name).read_text())


def complex_step(f, x, h=1e-30):
    """Return the gradient of the scalar f at the array x as Im f(x + i h) / h: exact to rounding."""
    gradient = np.empty(np.shape(x))
    for k in np.ndindex(gradient.shape):
        moved = np.array(x, np.complex128)
        moved[k] += 1j * h
        gradient[k] = f(moved).imag / h
    return gradient


def central(f, x, h=1e-6):
    """Return the gradient of the scalar f at the array x as (f(x + h) - f(x - h)) / 2h."""
    gradient = np.empty(np.shape(x))
    for k in np.ndindex(gradient.shape):
        up, down = np.array(x, np.float64), np.array(x, np.float64)
        up[k] += h
        down[k] -= h
        gradient[k] = (f(up) - f(down)).real / (2 * h)
    return gradient


def away_from_kink(x):
    """Return x with every element at least 0.01 from 0."""
    return x + np.where(x < 0, -0.01, 0.01).astype(x.dtype)


def in_dtype(layer, dtype):
    """Return a copy of the layer whose parameters have the dtype."""
    twin = copy.deepcopy(layer)
    for parameter in twin.parameters().values():
        assert parameter.value.shape == parameter.shape  # drawn now, if not before
        parameter.bind(np.empty(parameter.shape, dtype), np.empty(parameter.shape, dtype))
    return twin


def assert_gradients(layer, x, training=False):
    """Compare backward, for input and parameters, with both references through the layer's own forward on complex arrays."""
    layer = in_dtype(layer, x.dtype)
    twin = in_dtype(layer, np.complex128)
    parameters = twin.parameters()

    def run(layer, x):
        if layer.stochastic:
            layer.rng = np.random.default_rng(5)
        return layer.forward(x, training=training)

    cotangent = np.random.default_rng(1).standard_normal(run(layer, x).shape)

    def along(name):
        def f(moved):
            if name == "input":
                return (run(twin, moved.astype(np.complex128)) * cotangent).sum()
            kept = parameters[name].value.copy()
            parameters[name].value = moved
            value = (run(twin, x.astype(np.complex128)) * cotangent).sum()
            parameters[name].value = kept
            return value

        return f

    found = {"input": layer.backward(cotangent.astype(x.dtype)).copy()}
    found |= {name: parameter.grad for name, parameter in layer.parameters().items()}
    for name, gradient in found.items():
        at = x if name == "input" else layer.parameters()[name].value
        assert gradient.dtype == x.dtype
        tolerance = TOLERANCE[x.dtype.name]
        np.testing.assert_allclose(
            gradient, complex_step(along(name), at), rtol=tolerance, atol=tolerance, err_msg=name
        )
        np.testing.assert_allclose(
            gradient,
            central(along(name), at),
            rtol=max(tolerance, 1e-6),
            atol=max(tolerance, 1e-6),
            err_msg=name,
        )


def assert_loss_gradient(loss, prediction, target):
    """Compare the loss's backward with both references through its own forward."""
    twin = copy.copy(loss)

    def f(moved):
        return twin.forward(moved.astype(np.complex128), target.astype(np.complex128))

    loss.forward(prediction, target)
    gradient = loss.backward()
    assert gradient.dtype == prediction.dtype
    tolerance = TOLERANCE[prediction.dtype.name]
    np.testing.assert_allclose(
        gradient, complex_step(f, prediction), rtol=tolerance, atol=tolerance
    )
    np.testing.assert_allclose(
        gradient, central(f, prediction), rtol=max(tolerance, 1e-5), atol=max(tolerance, 1e-7)
    )


def rows(m=10, features=3, seed=0, dtype=np.float64):
    """Return X (m, features) and Y (m, 1) of zeros and ones."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, features)).astype(dtype)
    return X, (X.sum(axis=1, keepdims=True) > 0).astype(dtype)


def classifier(features=3, hidden=4, *, seed=0, dtype=np.float64, loss=None, **settings):
    """Return a small net with two layers for two classes."""
    layers = [Linear(features, hidden), ReLU(), Linear(hidden, 1), Sigmoid()]
    return Sequential(layers, loss=loss or BinaryCrossEntropy(), seed=seed, dtype=dtype, **settings)


class Gain(Layer):
    """A user's layer, as the docstring of Layer shows it: no super().__init__, no output_shape."""

    def __init__(self, features):
        self.gain = Parameter((features,), init=Ones())

    def forward(self, x, *, training=False):
        self.x = x
        return x * self.gain.value

    def backward(self, dy):
        self.gain.grad[...] = (dy * self.x).sum(axis=0)
        return dy * self.gain.value


class Absolute(Loss):
    """The mean of |p - t|."""

    def forward(self, prediction, target):
        self.d = prediction - target
        return np.abs(self.d).mean()

    def backward(self):
        return np.sign(self.d) / self.d.size


class Residual(Layer):
    """A layer of layers: y = x + second(first(x))."""

    def __init__(self, width):
        self.steps = [Linear(width, width), ReLU()]
        self.last = Linear(width, width, bias=False)

    def forward(self, x, *, training=False):
        y = x
        for step in self.steps:
            y = step.forward(y, training=training)
        return x + self.last.forward(y, training=training)

    def backward(self, dy):
        dx = self.last.backward(dy)
        for step in reversed(self.steps):
            dx = step.backward(dx)
        return dy + dx

    def output_shape(self, shape):
        return self.last.output_shape(shape)


class Block(NamedTuple):
    """A fenced block of a page, the number of the line before its code, and the text block right after it, "" if there is none."""

    path: Path
    line: int
    language: str
    code: str
    promised: str


FENCE = re.compile(
    r"^(?P<fence>```+)(?P<language>[^\n`]*)\n(?P<code>.*?)^(?P=fence)[ \t]*$\n?",
    re.MULTILINE | re.DOTALL,
)
PICTURE = ".. plot::\n"  # of Sphinx: what draws it stands below
INCLUDE = re.compile(r":start-after: \"?(.+?)\"?\n:end-before: \"?(.+?)\"?\n")


def fenced(path, start=0, end=None):
    """Return the fenced blocks of a page from `start` to before `end`, those of the parts of other pages that it includes among them."""
    text, found = path.read_text(encoding="utf-8"), []
    matches = list(FENCE.finditer(text, start, len(text) if end is None else end))
    for match, after in zip_longest(matches, matches[1:]):
        language = match["language"].strip()
        if language.startswith("{include} "):
            other = path.parent / language.removeprefix("{include} ")
            content, part = other.read_text(encoding="utf-8"), INCLUDE.match(match["code"])
            for edge in part.groups() if part else ():
                assert edge in content, (
                    f"{path} includes a part of {other} that is not there any more: {edge}"
                )
            first = content.index(part[1]) + len(part[1]) if part else 0
            found += fenced(other, first, content.index(part[2], first) if part else None)
            continue
        follows = (
            after
            and after["language"].strip() == "text"
            and not text[match.end() : after.start()].strip()
        )
        line = text.count("\n", 0, match.start("code"))
        found.append(Block(path, line, language, match["code"], after["code"] if follows else ""))
    return found


def run_python(blocks, names=None):
    """Run the Python blocks one after another, as one program; each must print what the text block right after it says.

    What draws a picture is a program of its own.
    """
    names = {"__name__": "page"} | (names or {})
    for block in blocks:
        if block.language == "python":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile("\n" * block.line + block.code, str(block.path), "exec"), names)
            assert not block.promised or says(printed.getvalue(), block.promised), (
                f"{block.path}, line {block.line + 1}, says\n{block.promised}\nbut it is\n{printed.getvalue()}"
            )
        elif block.code.startswith(PICTURE):
            pyplot = pytest.importorskip("matplotlib.pyplot")
            pyplot.switch_backend("agg")
            options, code = block.code.split("\n\n", 1)
            lines = block.line + options.count("\n") + 2
            exec(
                compile("\n" * lines + textwrap.dedent(code), str(block.path), "exec"),
                {"__name__": "picture"},
            )
            assert pyplot.get_fignums()
            pyplot.close("all")


def says(printed, promised):
    """Return whether a text is as a page has it: "..." stands for anything, and numbers of the size of rounding for each other."""
    rounding = re.compile(r"0\.0e\+00|[0-9.]+e-(1[3-9]|[2-9][0-9])")
    return doctest.OutputChecker().check_output(
        *(rounding.sub("rounding", text) for text in (promised, printed)), doctest.ELLIPSIS
    )
