"""A loss of logits, by name, in every use of a model that does not end in Sigmoid or Softmax."""

import numpy as np
import pytest

from minidl import (
    Adam,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    GradientChecker,
    Linear,
    Sequential,
    Sigmoid,
    SigmoidCrossEntropy,
    Softmax,
    SoftmaxCrossEntropy,
    Tanh,
    overfit_one_batch,
)

pytestmark = pytest.mark.no_cover  # tests of the whole: coverage is measured elsewhere

RNG = np.random.default_rng(0)
CASES = {
    "one decision": (1, SigmoidCrossEntropy, Sigmoid, BinaryCrossEntropy, ()),
    "decisions": (3, SigmoidCrossEntropy, Sigmoid, BinaryCrossEntropy, ()),
    "classes": (4, SoftmaxCrossEntropy, Softmax, CategoricalCrossEntropy, ()),
    "classes of positions": (3, SoftmaxCrossEntropy, Softmax, CategoricalCrossEntropy, (5,)),
    "decisions of positions": (2, SigmoidCrossEntropy, Sigmoid, BinaryCrossEntropy, (5,)),
}
each_case = pytest.mark.parametrize("case", CASES)


def both(case, label_smoothing=0.0):
    """Return a model of logits, one of probabilities with the same parameters, and data."""
    k, of_logits, last, of_probabilities, positions = CASES[case]
    shape = (20, *positions)
    X = RNG.standard_normal((*shape, 3))
    Y = RNG.integers(0, k, shape) if last is Softmax else RNG.integers(0, 2, (*shape, k))

    def model(loss, *end):
        layers = [Linear(3, 6), Tanh(), Linear(6, k), *end]
        return Sequential(layers, loss=loss, seed=3, dtype=np.float64)

    logits = model(of_logits(label_smoothing=label_smoothing))
    return logits, model(of_probabilities(label_smoothing=label_smoothing), last()), X, Y


@each_case
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_it_trains_evaluates_and_decides_as_with_the_last_layer(case, label_smoothing):
    logits, probabilities, X, Y = both(case, label_smoothing)
    mask = RNG.integers(0, 2, X.shape[:-1]) + np.eye(*X.shape[:2])[:, 0].reshape(
        20, *(1,) * (X.ndim - 2)
    )
    mask = mask if X.ndim > 2 else mask + 1.0
    histories = [
        model.fit(
            X, Y, optimizer=Adam(0.05), epochs=5, batch_size=8, sample_weight=mask, progress=False
        )
        for model in (logits, probabilities)
    ]
    np.testing.assert_allclose(histories[0].loss, histories[1].loss, rtol=1e-12)
    np.testing.assert_array_equal(histories[0]["accuracy"], histories[1]["accuracy"])
    np.testing.assert_allclose(logits.parameters.theta, probabilities.parameters.theta, rtol=1e-10)
    first, second = (model.evaluate(X, Y, sample_weight=mask) for model in (logits, probabilities))
    assert first == pytest.approx(second, rel=1e-12)
    np.testing.assert_array_equal(logits.predict_classes(X), probabilities.predict_classes(X))
    outputs = logits.predict(X)
    assert outputs.min() < 0
    np.testing.assert_allclose(
        logits.loss.probabilities(outputs), probabilities.predict(X), rtol=1e-12
    )
    same = probabilities.predict(X)
    assert probabilities.loss.probabilities(same) is same


@each_case
def test_the_checker_proves_it(case):
    model, _, X, Y = both(case, 0.1)
    report = GradientChecker(model).check(X[:6], Y[:6], exhaustive=True)
    assert report.ok, str(report)
    assert report.difference < 1e-13


@each_case
def test_files_and_onnx_keep_the_logits(case, tmp_path):
    model, _, X, _ = both(case, 0.1)
    loaded = Sequential.load(model.save(tmp_path / "model.h5"))
    assert str(loaded) == str(model)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    runtime = pytest.importorskip("onnxruntime")
    from minidl.exchange import export_onnx

    path = export_onnx(model, tmp_path / "model.onnx", shape=X.shape[1:])
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (answer,) = session.run(None, {"input": X})
    np.testing.assert_allclose(answer, model.predict(X), rtol=1e-12)


@each_case
def test_explain_calls_the_output_z(case, capsys):
    model, probabilities, X, Y = both(case, 0.1)
    model.explain(X, Y)
    text = capsys.readouterr().out
    assert "\n     z " in text
    assert "\n     p " not in text
    assert "dz = (p - t) / " in text
    n_classes = CASES[case][0] if CASES[case][2] is Softmax else 2
    assert f"label smoothing: t is replaced by 0.9 t + {0.1 / n_classes:.4g}" in text
    probabilities.explain(X, Y)
    assert "\n     p " in capsys.readouterr().out


@each_case
def test_the_bounds_of_the_loss_are_those_of_probabilities(case):
    reports = []
    for model, X, Y in [(m, X, Y) for *models, X, Y in [both(case, 0.1)] for m in models]:
        reports.append(overfit_one_batch(model, X, Y, optimizer=Adam(0.01), steps=2))
    assert reports[0].minimum_loss == pytest.approx(reports[1].minimum_loss, rel=1e-12)
    assert reports[0].chance_level_loss == reports[1].chance_level_loss


def test_probabilities_of_far_logits_do_not_overflow():
    with np.errstate(all="raise"):
        far = np.array([[-1e4, 0.0, 1e4]])
        np.testing.assert_array_equal(SigmoidCrossEntropy().probabilities(far), [[0, 0.5, 1]])
        np.testing.assert_array_equal(SoftmaxCrossEntropy().probabilities(far), [[0, 0, 1]])
