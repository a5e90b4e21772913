"""Models whose first layer takes integers."""

import h5py
import numpy as np
import pytest
from token_layers import Tokens

from minidl import (
    Adam,
    ArgumentError,
    CategoricalCrossEntropy,
    Chain,
    DtypeError,
    GradientChecker,
    Linear,
    Sequential,
    Softmax,
    Tanh,
)
from minidl.exchange import export_onnx
from minidl.testing import check_layer

rng = np.random.default_rng(0)
X = rng.integers(0, 7, (20, 5))
Y = (X + np.roll(X, 1, axis=1)) % 3
MASK = rng.integers(0, 2, X.shape)


class Wrong(Tokens):
    """Repeated integers count once."""

    def backward(self, dy):
        self.table.grad[...] = 0
        self.table.grad[self.x] += dy


class Unknown(Tokens):
    def output_shape(self, shape):
        return None


def made(first=None, **arguments):
    layers = [first or Tokens(7, 4), Tanh(), Linear(4, 3), Softmax()]
    return Sequential(layers, loss=CategoricalCrossEntropy(), seed=3, **arguments)


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
@pytest.mark.parametrize("kind", ["array", "file"])
@pytest.mark.parametrize("first", [Tokens, Unknown, lambda *sizes: Chain(Tokens(*sizes))])
def test_integers_stay_integers(dtype, kind, first, tmp_path):
    reference, model = made(), made(first(7, 4))
    x, y, mask = X.astype(dtype), Y, MASK
    with h5py.File(tmp_path / "x.h5", "w") as file:
        if kind == "file":
            x, y = file.create_dataset("x", data=x), file.create_dataset("y", data=y)
        results = []
        for one, data in ((reference, (X, Y)), (model, (x, y))):
            history = one.fit(
                *data,
                optimizer=Adam(0.01),
                epochs=3,
                batch_size=8,
                shuffle=False,
                sample_weight=mask,
                validation=(*data, mask),
                progress=False,
            )
            scores = one.evaluate(*data, sample_weight=mask)
            predicted = one.predict(data[0])
            results.append((history["loss"], history["val_accuracy"], scores, predicted.tolist()))
        assert results[0] == results[1]
        assert np.array_equal(model.predict_classes(x), reference.predict_classes(X))
        gradients = [model.gradient(x, y), reference.gradient(X, Y)]
        assert np.array_equal(*gradients)
        assert model.objective(x, y) == reference.objective(X, Y)


@pytest.mark.parametrize("wrong", [X.astype(float), X > 3, X.astype(np.uint64)])
def test_other_numbers_are_refused_with_the_cure(wrong):
    model = made()
    message = r"X must hold integers for layer 0, Tokens\(.*\), got dtype .*: pass X.astype"
    for ask in (model.predict, lambda x: model.evaluate(x, Y), lambda x: model.gradient(x, Y)):
        with pytest.raises(DtypeError, match=message):
            ask(wrong)
    with pytest.raises(DtypeError, match=message):
        model.fit(wrong, Y, optimizer=Adam(), epochs=1, progress=False)
    with pytest.raises(DtypeError, match=r"X must hold integers for Tokens"):
        check_layer(Tokens(7, 4), wrong)


def test_only_the_first_layer_may_take_integers():
    with pytest.raises(ArgumentError, match=r"layer 1, Tokens\(\), takes integers.*first"):
        Sequential([Tanh(), Tokens(7, 4)], loss=CategoricalCrossEntropy())


@pytest.mark.parametrize("method", ["auto", "central"])
@pytest.mark.parametrize("weight", [None, np.arange(4.0), MASK[:4]])
def test_the_checker_leaves_integers_alone(method, weight):
    report = GradientChecker(made(), method=method).check(X[:4], Y[:4], sample_weight=weight)
    assert report.ok, str(report)
    assert not any(check.layer == 0 and check.parameter == "input" for check in report.checks)


@pytest.mark.parametrize("shape", [(6,), (4, 3), (3, 2, 2)])
def test_check_layer_takes_integers_of_any_rank(shape):
    x = np.arange(np.prod(shape)).reshape(shape) % 4
    assert check_layer(Tokens(7, 4), x).ok
    report = check_layer(Wrong(7, 4), x)
    assert not report.ok
    assert any(check.parameter == "table" for check in report.failures)


def test_a_wrong_gradient_of_a_layer_of_integers_is_found():
    report = GradientChecker(made(Wrong(7, 4))).check(X[:4], Y[:4])
    assert not report.ok
    assert report.guilty.layer == 0


def test_integers_are_exported_to_onnx(tmp_path):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    model = made()

    def gather(layer, graph, x, y):
        graph.node("Gather", [graph.parameter("table"), x], [y])

    path = export_onnx(model, tmp_path / "model.onnx", shape=(5,), custom={Tokens: gather})
    (output,) = runtime.InferenceSession(str(path)).run(None, {"input": X})
    np.testing.assert_allclose(output, model.predict(X), rtol=1e-5, atol=1e-6)
