import copy

import numpy as np
import pytest
from loss_examples import F8, SMOOTH, example, floats

from minidl import (
    ArgumentError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    GradientChecker,
    Linear,
    Sequential,
    Sigmoid,
    Softmax,
)
from minidl.losses.binary_cross_entropy import SigmoidCrossEntropy
from minidl.losses.categorical_cross_entropy import SoftmaxCrossEntropy
from minidl.testing import check_loss
from minidl.utils.settings import settings_of


@floats
def test_the_loss_of_certain_and_correct_predictions_is_zero(dtype):
    loss, sure = BinaryCrossEntropy(), np.array([[0], [1]], dtype)
    assert loss.forward(sure, sure) == 0
    np.testing.assert_array_equal(loss.backward(), [[0.5], [-0.5]])
    loss, sure = CategoricalCrossEntropy(), np.array([[0, 1]], dtype)
    assert loss.forward(sure, sure) == 0
    np.testing.assert_array_equal(loss.backward(), [[0, -1]])


@floats
def test_the_loss_of_certain_and_incorrect_predictions_is_infinite(dtype):
    sure = np.array([[0, 1]], dtype)
    for loss in (BinaryCrossEntropy(), CategoricalCrossEntropy()):
        assert loss.forward(sure, 1 - sure) == np.inf
        assert np.isinf(loss.backward()).any()


def test_logits_are_exact_where_probabilities_round():
    small = np.array([[-40.0]])
    assert SigmoidCrossEntropy().forward(small, np.zeros((1, 1))) == pytest.approx(
        np.exp(-40), rel=1e-12
    )
    assert SoftmaxCrossEntropy().forward(
        np.array([[0.0, -30.0]]), np.array([[1.0, 0.0]])
    ) == pytest.approx(np.exp(-30), rel=0.01)


@pytest.mark.parametrize(
    ("loss", "layer"),
    [(BinaryCrossEntropy(), "Sigmoid"), (CategoricalCrossEntropy(), "Softmax")],
    ids=str,
)
@pytest.mark.parametrize("wrong", [-0.1, 1.1, 7.0])
def test_probabilities_lie_in_0_to_1(loss, layer, wrong):
    with pytest.raises(
        ArgumentError,
        match=rf"takes probabilities in \[0, 1\], got .*{wrong:g}.*end the model with {layer}\(\)",
    ):
        loss.forward(np.array([[0.5, wrong]]), np.array([[1.0, 0.0]]))


@pytest.mark.parametrize(
    ("loss", "prediction", "classes"),
    [
        (BinaryCrossEntropy(), [[0.5], [0.51]], [0, 1]),
        (SigmoidCrossEntropy(), [[0.0], [0.1]], [0, 1]),
        (BinaryCrossEntropy(), [[0.5, 0.9], [0.51, 0.1]], [[0, 1], [1, 0]]),
        (CategoricalCrossEntropy(), [[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]], [1, 0]),
        (SoftmaxCrossEntropy(), [[-1, 5, 2], [7, -2, 0]], [1, 0]),
    ],
)
def test_classes(loss, prediction, classes):
    found = loss.classes(np.array(prediction))
    assert found.dtype == np.int64
    assert found.tolist() == classes
    assert loss.is_classification


@pytest.mark.parametrize("loss", SMOOTH, ids=str)
@pytest.mark.parametrize("hard", [True, False])
@floats
def test_smoothing_is_the_loss_of_smoothed_targets(loss, hard, dtype):
    prediction, target = example(loss, 5, 3, dtype=dtype, hard=hard)
    classes = 3 if "Binary" not in str(loss) and "Sigmoid" not in str(loss) else 2
    plain = type(loss)()
    smoothed = (target * 0.8 + 0.2 / classes).astype(dtype)
    few = 1e-6 if dtype == np.float32 else 1e-14
    assert loss.forward(prediction, target) == pytest.approx(
        plain.forward(prediction, smoothed), rel=few
    )
    np.testing.assert_allclose(loss.backward(), plain.backward(), rtol=few, atol=few)
    assert loss.forward(prediction, target).dtype == loss.backward().dtype == dtype
    np.testing.assert_allclose(loss.per_example(), plain.per_example(), rtol=few)


@pytest.mark.parametrize("loss", SMOOTH, ids=str)
def test_smoothing_does_not_change_targets_or_accuracy(loss):
    prediction, target = example(loss, 50, 3)
    plain = type(loss)()
    np.testing.assert_array_equal(
        loss.prepare_targets(target, 3, F8), plain.prepare_targets(target, 3, F8)
    )
    assert loss.count_correct(prediction, target) == plain.count_correct(prediction, target)
    assert 0 < loss.count_correct(prediction, target)[0] < loss.count_correct(prediction, target)[1]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.99])
def test_uniform_predictions_have_the_loss_ln_k(share):
    k, t = 7, np.eye(7)[[3, 3, 0]]
    for loss, p in (
        (CategoricalCrossEntropy, np.full((3, k), 1 / k)),
        (SoftmaxCrossEntropy, np.zeros((3, k))),
    ):
        assert loss(label_smoothing=share).forward(p, t) == pytest.approx(np.log(k), rel=1e-14)
    for loss, p in (
        (BinaryCrossEntropy, np.full((3, k), 0.5)),
        (SigmoidCrossEntropy, np.zeros((3, k))),
    ):
        assert loss(label_smoothing=share).forward(p, t) == pytest.approx(np.log(2), rel=1e-14)


def heads(share):
    return [
        (
            lambda: [Linear(3, 4), Softmax()],
            CategoricalCrossEntropy(label_smoothing=share),
            np.array([0, 3, 2, 2, 1]),
        ),
        (
            lambda: [Linear(3, 2), Sigmoid()],
            BinaryCrossEntropy(label_smoothing=share),
            np.array([[0, 1], [1, 1], [0, 0], [1, 0], [0, 0]]),
        ),
    ]


@pytest.mark.parametrize(("layers", "loss", "Y"), heads(0.3), ids=["categorical", "binary"])
def test_a_model_computes_smoothed_losses_from_the_logits(layers, loss, Y):
    X = np.random.default_rng(0).standard_normal((5, 3))
    model, plain = (
        Sequential(layers(), loss=one, dtype=np.float64) for one in (loss, type(loss)())
    )
    assert model.objective_function.is_fused
    p = model.predict(X)
    t = loss.prepare_targets(Y, p.shape[1], F8)
    found = model.evaluate(X, Y)
    assert found["loss"] == pytest.approx(loss.forward(p, t), rel=1e-13)
    assert found["loss"] != pytest.approx(plain.evaluate(X, Y)["loss"], rel=1e-3)
    assert found["accuracy"] == plain.evaluate(X, Y)["accuracy"]
    assert model.objective(X, Y)["data"] == pytest.approx(found["loss"], rel=1e-13)
    np.testing.assert_array_equal(p, plain.predict(X))
    report = GradientChecker(model).check(X, Y)
    assert report.ok, report


@pytest.mark.parametrize("loss", SMOOTH, ids=str)
def test_a_smoothed_loss_passes_the_check_for_losses(loss):
    report = check_loss(loss, *example(loss, 4, 3))
    assert report.ok, report


@pytest.mark.parametrize(("layers", "loss", "Y"), heads(0.3), ids=["categorical", "binary"])
def test_smoothing_is_saved_with_the_model(layers, loss, Y, tmp_path):
    X = np.random.default_rng(0).standard_normal((5, 3))
    model = Sequential(layers(), loss=loss)
    twin = Sequential.load(model.save(tmp_path / "model.h5"))
    assert str(twin.loss) == str(loss) == f"{type(loss).__name__}(label_smoothing=0.3)"
    assert twin.evaluate(X, Y) == model.evaluate(X, Y) == copy.deepcopy(model).evaluate(X, Y)
    assert (
        f"loss {type(loss).__name__}(label_smoothing=0.3), computed from the logits"
        in model.summary()
    )


class Weighted(CategoricalCrossEntropy):
    def __init__(self, weight, label_smoothing=0.0):
        super().__init__(label_smoothing=label_smoothing)
        self.weight = weight


def test_settings_leave_out_a_smoothing_of_zero():
    assert (
        settings_of(BinaryCrossEntropy())
        == settings_of(CategoricalCrossEntropy(label_smoothing=0))
        == {}
    )
    assert settings_of(CategoricalCrossEntropy(label_smoothing=0.1)) == {"label_smoothing": 0.1}
    assert settings_of(Weighted(3)) == {"weight": 3}
    assert settings_of(Weighted(3, 0.1)) == {"weight": 3, "label_smoothing": 0.1}


def test_a_subclass_that_does_not_call_init_is_not_smoothed():
    class Bare(BinaryCrossEntropy):
        def __init__(self):
            pass

    p, t = example(BinaryCrossEntropy())
    assert Bare().forward(p, t) == BinaryCrossEntropy().forward(p, t)


@pytest.mark.parametrize("kind", [BinaryCrossEntropy, CategoricalCrossEntropy])
@pytest.mark.parametrize("value", [-0.1, 1, 1.5, np.nan, "0.1", None, True])
def test_smoothing_must_be_in_0_to_1(kind, value):
    with pytest.raises(
        ArgumentError,
        match=rf"label_smoothing must be in \[0, 1\), got {value!r} in {kind.__name__}: typical",
    ):
        kind(label_smoothing=value)
