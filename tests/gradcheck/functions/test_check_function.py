"""check_function: the public function."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minidl
from minidl import check_function
from minidl.errors import ArgumentError, DtypeError, ShapeError, SignatureError

X = np.random.default_rng(1).standard_normal((3, 4))


def test_it_is_public():
    assert minidl.check_function is minidl.gradcheck.check_function


def test_right_and_wrong():
    assert check_function(np.sin, lambda dy, x: dy * np.cos(x), X, backward_inputs=True).ok
    report = check_function(np.sin, lambda dy, x: -dy * np.cos(x), X, backward_inputs=True)
    assert not report.ok
    assert "factor" in report.guilty.diagnosis or "sign" in report.guilty.diagnosis


def test_several_outputs():
    def forward(x):
        return np.sin(x), x.sum(axis=0)

    def backward(dsin, dsum):
        return np.cos(X) * dsin + dsum

    assert check_function(forward, backward, X).ok
    assert not check_function(forward, lambda dsin, dsum: np.cos(X) * dsin, X).ok


class Loss:
    """A loss of scores and integer labels, whose backward takes no incoming gradient."""

    scale = 1.0

    def forward(self, scores, labels):
        exponentials = np.exp(scores)
        self.probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
        self.labels = labels
        chosen = self.probabilities[np.arange(len(labels)), labels]
        return -np.log(chosen).mean()

    def backward(self):
        gradient = self.probabilities.copy()
        gradient[np.arange(len(self.labels)), self.labels] -= 1
        return self.scale * gradient / len(self.labels)


def test_a_loss_may_go_without_an_incoming_gradient():
    loss, labels = Loss(), np.array([0, 3, 1])
    assert check_function(loss.forward, loss.backward, X, labels).ok
    loss.scale = 1.5
    report = check_function(loss.forward, loss.backward, X, labels)
    assert [check.parameter for check in report.failures] == ["scores"]
    report = check_function(np.tanh, lambda: X, X)  # with an output of several numbers
    assert "TypeError" in report.guilty.diagnosis


def test_dropout_with_the_global_generator_is_frozen():
    def forward(x):
        mask = np.random.rand(*x.shape) < 0.5  # noqa: NPY002
        return x * mask, mask

    assert check_function(forward, lambda dy, mask: dy * mask, X, cache=True).ok
    assert not check_function(forward, lambda dy, mask: dy, X, cache=True).ok


def test_inputs_and_objects_are_not_changed():
    x = X.copy()

    def forward(x):
        x *= 2
        return x

    check_function(forward, lambda dy: 2 * dy, x)
    np.testing.assert_array_equal(x, X)


def test_the_same_seed_gives_the_same_report():
    def backward(dy, x):
        return dy * np.cos(x) * 1.1

    reports = [
        check_function(np.sin, backward, X, backward_inputs=True, seed=seed) for seed in (0, 0, 1)
    ]
    texts = [report.text(colour=False) for report in reports]
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ((np.sin, np.cos, X), {"cache": True, "backward_inputs": True}, "pass one of them"),
        ((np.sin, X, X), {}, "backward must be callable, got ndarray"),
        ((X, np.sin, X), {}, "forward must be callable"),
        ((np.sin, np.cos), {}, "got none"),
    ],
)
def test_wrong_arguments(arguments, options, words):
    with pytest.raises(ArgumentError, match=words):
        check_function(*arguments, **options)


def half(array):
    return np.asarray(array).astype(np.float16).astype(np.float64)


HALF = half(X)


def half_forward(x):
    y = half(np.tanh(half(x)))
    return y, y


@pytest.mark.parametrize("factor", [1.0, 1.05])
@pytest.mark.parametrize("with_cache", [False, True])
def test_gradients_in_half_precision_are_judged_by_a_reference(factor, with_cache):
    def backward(dy, y):
        return half(factor * half(half(dy) * half(1 - half(y * y))))

    def reference(x):
        return (np.tanh(x), None) if with_cache else np.tanh(x)

    report = check_function(half_forward, backward, HALF, cache=True, reference=reference)
    assert report.status == ("ok" if factor == 1 else "failed")


def test_a_reference_of_another_shape_is_refused():
    with pytest.raises(ShapeError, match="reference must return"):
        check_function(np.tanh, lambda dy: dy, X, reference=lambda x: x.sum())
    with pytest.raises(ArgumentError, match="reference must be callable"):
        check_function(np.tanh, lambda dy: dy, X, reference=X)


SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, max_side=4)


@settings(max_examples=15)
@given(
    shape=SHAPES,
    dtype=st.sampled_from([np.float64, np.float32, np.float16]),
    seed=st.integers(0, 99),
    wrong=st.booleans(),
    convention=st.sampled_from(["tuple", "list", "dict", "array"]),
)
def test_any_shape_and_dtype(shape, dtype, seed, wrong, convention):
    x = np.asarray(np.random.default_rng(seed).uniform(0.2, 1.5, shape)).astype(dtype)
    gain = 1.25 if wrong else 1.0

    def backward(dy, y):
        dx = gain * dy * (1 - y * y)
        return {"tuple": (dx,), "list": [dx], "dict": {"dx": dx}, "array": dx}[convention]

    def forward(x):
        y = np.tanh(x)
        return y, y

    report = check_function(forward, backward, x, cache=True, seed=seed)
    assert report.status == ("failed" if wrong else "ok"), str(report)
    assert [check.parameter for check in report.failures] == (["x"] if wrong else [])


@settings(max_examples=15)
@given(
    sizes=st.tuples(*[st.integers(1, 4)] * 3),
    wrong=st.sampled_from(["", "x", "w", "b"]),
    in_object=st.booleans(),
)
def test_any_size_of_a_layer(sizes, wrong, in_object):
    m, n, k = sizes
    rng = np.random.default_rng(m + 5 * n + 25 * k)
    x, w, b = rng.standard_normal((m, n)), rng.standard_normal((n, k)), rng.standard_normal(k)
    scale = {"x": 1.0, "w": 1.0, "b": 1.0, wrong: -0.5}

    class Layer:
        def __init__(self):
            self.params, self.grads = {"w": w, "b": b}, {}

        def forward(self, x):
            self.x = x
            return x @ self.params["w"] + self.params["b"]

        def backward(self, dy):
            self.grads["w"] = scale["w"] * self.x.T @ dy
            self.grads["b"] = scale["b"] * dy.sum(axis=0)
            return scale["x"] * dy @ self.params["w"].T

    def backward(dy, x, w, b):
        return scale["x"] * dy @ w.T, scale["w"] * x.T @ dy, scale["b"] * dy.sum(axis=0)

    if in_object:
        layer = Layer()
        report = check_function(layer.forward, layer.backward, x)
    else:
        report = check_function(lambda x, w, b: x @ w + b, backward, x, w, b, backward_inputs=True)
    assert [check.parameter for check in report.failures] == ([wrong] if wrong else [])
    assert report.ok == (not wrong)


def _product(x, w):
    return x @ w


def _of_product(dy, x, w):
    return dy @ w.T, x.T @ dy


ROWS, WEIGHT = np.arange(6.0).reshape(2, 3), np.ones((3, 4))


@pytest.mark.parametrize(
    ("forward", "inputs", "options", "error", "words"),
    [
        (
            _product,
            (ROWS,),
            {},
            SignatureError,
            r"takes \(x, w\), got 1 inputs .*each input by itself",
        ),
        (_product, ((ROWS, WEIGHT),), {}, SignatureError, r"takes \(x, w\), got 1 inputs"),
        (_product, (ROWS, WEIGHT, WEIGHT), {}, SignatureError, "got 3 inputs"),
        (lambda x, w: {"y": x @ w}, (ROWS, WEIGHT), {}, ArgumentError, "in a tuple: return y1, y2"),
        (lambda x, w: (x @ w, {}), (ROWS, WEIGHT), {}, ArgumentError, "pass cache=True"),
        (lambda x, w: None, (ROWS, WEIGHT), {}, DtypeError, "got NoneType: return the output"),
        (
            _product,
            (ROWS.astype(int), WEIGHT.astype(int)),
            {},
            DtypeError,
            r"array of int64.*astype",
        ),
        (
            _product,
            (ROWS.astype(int), WEIGHT),
            {"wrt": "x"},
            DtypeError,
            r"integers: .*astype\(float\)",
        ),
        (
            _product,
            (ROWS, WEIGHT),
            {"wrt": 1.5},
            ArgumentError,
            "names or positions of inputs, got 1.5",
        ),
        (
            _product,
            (ROWS, WEIGHT),
            {"wrt": [None]},
            ArgumentError,
            r"names or positions .* got \[None\]",
        ),
    ],
)
def test_wrong_usage_is_refused_with_the_cure(forward, inputs, options, error, words):
    with pytest.raises(error, match=words):
        check_function(forward, _of_product, *inputs, backward_inputs=True, **options)


def test_functions_of_any_arguments_are_taken():
    report = check_function(lambda *x: x[0] @ x[1], _of_product, ROWS, WEIGHT, backward_inputs=True)
    assert report.ok
    assert check_function(_product, _of_product, ROWS, WEIGHT, backward_inputs=True, wrt={"w"}).ok
