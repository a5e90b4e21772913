import copy
import pickle

import numpy as np
import pytest
from helpers import assert_loss_gradient
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from minidl import (
    ArgumentError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    DtypeError,
    GradientChecker,
    Linear,
    Loss,
    MeanSquaredError,
    NonFiniteError,
    Sequential,
    ShapeError,
    Sigmoid,
    Softmax,
)
from minidl.losses.binary_cross_entropy import SigmoidCrossEntropy
from minidl.losses.categorical_cross_entropy import SoftmaxCrossEntropy
from minidl.testing import check_loss
from minidl.utils.settings import settings_of

F8 = np.dtype(np.float64)
BINARY = [BinaryCrossEntropy(), SigmoidCrossEntropy()]
CATEGORICAL = [CategoricalCrossEntropy(), SoftmaxCrossEntropy()]
SMOOTH = [
    kind(label_smoothing=0.2)
    for kind in (
        BinaryCrossEntropy,
        SigmoidCrossEntropy,
        CategoricalCrossEntropy,
        SoftmaxCrossEntropy,
    )
]
ALL = [*BINARY, *CATEGORICAL, MeanSquaredError(), *SMOOTH]
each = pytest.mark.parametrize("loss", ALL, ids=str)
floats = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def example(loss, m=3, k=4, seed=0, dtype=np.float64, hard=True):
    """Return a prediction that the loss can take, and a target: of zeros and ones if hard, else anything between."""
    rng = np.random.default_rng(seed)
    prediction = 2 * rng.standard_normal((m, k))
    target = rng.random((m, k))
    if isinstance(loss, CategoricalCrossEntropy | SoftmaxCrossEntropy):
        target = (
            np.eye(k)[rng.integers(k, size=m)]
            if hard
            else target / target.sum(axis=1, keepdims=True)
        )
    elif hard:
        target = target.round()
    if isinstance(loss, BinaryCrossEntropy):
        prediction = special.expit(prediction)
    if isinstance(loss, CategoricalCrossEntropy):
        prediction = special.softmax(prediction, axis=1) * 0.9 + 0.01
    return prediction.astype(dtype), target.astype(dtype)


@each
@given(
    m=st.integers(1, 5),
    k=st.integers(1, 4),
    seed=st.integers(0, 99),
    dtype=st.sampled_from([np.float32, np.float64]),
    hard=st.booleans(),
)
def test_gradients(loss, m, k, seed, dtype, hard):
    assert_loss_gradient(loss, *example(loss, m, k, seed, dtype, hard))


@pytest.mark.parametrize(
    ("loss", "formula"),
    [
        (MeanSquaredError(), lambda p, t: ((p - t) ** 2).mean()),
        (
            BinaryCrossEntropy(),
            lambda p, t: -(special.xlogy(t, p) + special.xlogy(1 - t, 1 - p)).mean(),
        ),
        (
            SigmoidCrossEntropy(),
            lambda z, t: -(t * special.log_expit(z) + (1 - t) * special.log_expit(-z)).mean(),
        ),
        (CategoricalCrossEntropy(), lambda p, t: -special.xlogy(t, p).sum() / len(t)),
        (SoftmaxCrossEntropy(), lambda z, t: -(t * special.log_softmax(z, axis=1)).sum() / len(t)),
    ],
    ids=lambda part: type(part).__name__,
)
@pytest.mark.parametrize("hard", [True, False])
@floats
def test_forward_is_the_formula(loss, formula, hard, dtype):
    prediction, target = example(loss, 7, 3, dtype=dtype, hard=hard)
    value = loss.forward(prediction, target)
    assert value.dtype == dtype
    np.testing.assert_allclose(
        value,
        formula(prediction.astype(F8), target.astype(F8)),
        rtol=1e-5 if dtype == np.float32 else 1e-13,
    )


@pytest.mark.parametrize(
    ("loss", "prediction", "target", "value", "gradient"),
    [
        (MeanSquaredError(), [[1, 2], [3, 4]], [[1, 0], [0, 4]], 13 / 4, [[0, 1], [1.5, 0]]),
        (
            BinaryCrossEntropy(),
            [[0.5], [0.25]],
            [[1], [0]],
            (np.log(2) + np.log(4 / 3)) / 2,
            [[-1], [2 / 3]],
        ),
        (
            SigmoidCrossEntropy(),
            [[0], [np.log(3)]],
            [[1], [1]],
            (np.log(2) + np.log(4 / 3)) / 2,
            [[-1 / 4], [-1 / 8]],
        ),
        (
            CategoricalCrossEntropy(),
            [[0.5, 0.5], [0.25, 0.75]],
            [[1, 0], [1, 0]],
            np.log(8) / 2,
            [[-1, 0], [-2, 0]],
        ),
        (
            SoftmaxCrossEntropy(),
            np.log([[1, 3], [1, 1]]),
            [[1, 0], [0, 1]],
            np.log(8) / 2,
            [[-3 / 8, 3 / 8], [1 / 4, -1 / 4]],
        ),
    ],
    ids=str,
)
def test_by_hand(loss, prediction, target, value, gradient):
    assert loss.forward(np.array(prediction, F8), np.array(target, F8)) == pytest.approx(
        value, rel=1e-15
    )
    np.testing.assert_allclose(loss.backward(), gradient, rtol=1e-15, atol=1e-16)


@floats
def test_certain_and_right_costs_nothing(dtype):
    loss, sure = BinaryCrossEntropy(), np.array([[0], [1]], dtype)
    assert loss.forward(sure, sure) == 0
    np.testing.assert_array_equal(loss.backward(), [[0.5], [-0.5]])
    loss, sure = CategoricalCrossEntropy(), np.array([[0, 1]], dtype)
    assert loss.forward(sure, sure) == 0
    np.testing.assert_array_equal(loss.backward(), [[0, -1]])


@floats
def test_certain_and_wrong_costs_infinity(dtype):
    sure = np.array([[0, 1]], dtype)
    for loss in (BinaryCrossEntropy(), CategoricalCrossEntropy()):
        assert loss.forward(sure, 1 - sure) == np.inf
        assert np.isinf(loss.backward()).any()


@pytest.mark.parametrize(("t", "value"), [(1.0, 0.0), (0.0, 1000.0), (0.5, 500.0)])
@floats
def test_logits_of_a_thousand_cost_a_thousand(t, value, dtype):
    loss = SigmoidCrossEntropy()
    assert (
        loss.forward(np.array([[1000], [-1000]], dtype), np.array([[t], [1 - t]], dtype)) == value
    )
    np.testing.assert_array_equal(loss.backward(), [[(1 - t) / 2], [(t - 1) / 2]])


@floats
def test_softmax_logits_of_ten_thousand(dtype):
    loss = SoftmaxCrossEntropy()
    logits = np.array([[1e4, -1e4], [1e4, -1e4]], dtype)
    assert loss.forward(logits, np.array([[1, 0], [0, 1]], dtype)) == 1e4
    np.testing.assert_array_equal(loss.backward(), [[0, 0], [0.5, -0.5]])


def test_logits_are_exact_where_probabilities_round():
    small = np.array([[-40.0]])
    assert SigmoidCrossEntropy().forward(small, np.zeros((1, 1))) == pytest.approx(
        np.exp(-40), rel=1e-12
    )
    assert SoftmaxCrossEntropy().forward(
        np.array([[0.0, -30.0]]), np.array([[1.0, 0.0]])
    ) == pytest.approx(np.exp(-30), rel=0.01)


@each
def test_neither_argument_is_written_to(loss):
    prediction, target = example(loss)
    kept = prediction.copy(), target.copy()
    loss.forward(prediction, target)
    loss.backward()
    np.testing.assert_array_equal(prediction, kept[0])
    np.testing.assert_array_equal(target, kept[1])


@each
@pytest.mark.parametrize("shape", [(3, 1), (1, 4), (3,), (4, 3)])
def test_nothing_is_broadcast(loss, shape):
    prediction, _ = example(loss)
    with pytest.raises(ShapeError, match=r"same shape, got \(3, 4\) and .*nothing is broadcast"):
        loss.forward(prediction, np.ones(shape))


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


@pytest.mark.parametrize("loss", [*BINARY, MeanSquaredError()], ids=str)
def test_a_vector_of_targets_is_a_column(loss):
    assert loss.prepare_targets([0, 1, 1], 1, F8).tolist() == [[0], [1], [1]]
    assert loss.prepare_targets([0, 1, 1], None, F8).shape == (3, 1)


@pytest.mark.parametrize("loss", [*BINARY, MeanSquaredError()], ids=str)
@pytest.mark.parametrize(
    ("shape", "outputs"), [((3,), 2), ((3, 1), 2), ((3, 2), 1), ((3, 1, 1), 1)]
)
def test_targets_of_another_width_are_refused(loss, shape, outputs):
    with pytest.raises(
        ShapeError, match=rf"Y must have shape \(m, {outputs}\), one row per example, got \(3,"
    ):
        loss.prepare_targets(np.zeros(shape), outputs, F8)


@pytest.mark.parametrize(("shape", "outputs"), [((1, 5), 1), ((2, 5), 2)])
def test_columns_as_examples_get_a_hint(shape, outputs):
    with pytest.raises(ShapeError, match=r"the examples are the rows: pass Y\.T\?"):
        MeanSquaredError().prepare_targets(np.zeros(shape), outputs, F8)


@pytest.mark.parametrize("loss", ALL, ids=str)
@pytest.mark.parametrize(
    ("Y", "error"),
    [
        ([], ShapeError),
        (np.ones((0, 1)), ShapeError),
        (3, ShapeError),
        ([["a", "b"]], DtypeError),
        ([[np.nan, 1]], NonFiniteError),
        ([[np.inf, 1]], NonFiniteError),
    ],
    ids=str,
)
def test_bad_targets_are_refused(loss, Y, error):
    with pytest.raises(error, match=r"Y|labels"):
        loss.prepare_targets(Y, 2, F8)


@pytest.mark.parametrize("loss", BINARY, ids=str)
@pytest.mark.parametrize(("Y", "value"), [([0, 2], "2"), ([-1, 1], "-1"), ([0.5, 1.01], "1.01")])
def test_binary_targets_lie_in_0_to_1(loss, Y, value):
    with pytest.raises(
        ArgumentError,
        match=rf"Y must lie in \[0, 1\] for .*CrossEntropy\(\), got {value}: number the two classes",
    ):
        loss.prepare_targets(Y, 1, F8)


@pytest.mark.parametrize("loss", CATEGORICAL, ids=str)
@pytest.mark.parametrize(
    "Y",
    [
        [2, 0],
        [[2], [0]],
        np.array([2, 0], np.uint8),
        [2.0, 0.0],
        np.eye(3)[[2, 0]],
        [[0, 0, 5e-324 + 1], [1, 0, 0]],
    ],
)
def test_categorical_targets_become_rows(loss, Y):
    np.testing.assert_array_equal(loss.prepare_targets(Y, 3, F8), [[0, 0, 1], [1, 0, 0]])


@pytest.mark.parametrize("loss", CATEGORICAL, ids=str)
def test_almost_probabilities_are_made_to_sum_to_1(loss):
    assert loss.prepare_targets([[0.5, 0.4999]], 2, F8).sum() == 1


@pytest.mark.parametrize("loss", CATEGORICAL, ids=str)
@pytest.mark.parametrize(
    ("Y", "message"),
    [
        ([0, 3], "integers from 0 to 2, got 3 in row 1"),
        ([-1, 0], "got -1 in row 0"),
        ([0, 0.5], "got 0.5 in row 1"),
        ([0, np.nan], "got nan in row 1"),
        ([[0.5, 0.5, 0.5]], "sum to 1 .*got a sum of 1.5"),
        ([[-0.5, 1.0, 0.5]], "got the number -0.5"),
    ],
)
def test_categorical_targets_must_be_classes_or_probabilities(loss, Y, message):
    with pytest.raises(ArgumentError, match=message):
        loss.prepare_targets(Y, 3, F8)


@pytest.mark.parametrize("loss", CATEGORICAL, ids=str)
def test_class_numbers_need_a_known_number_of_classes(loss):
    with pytest.raises(
        ShapeError, match=r"the number of classes is unknown: pass one_hot\(Y, classes\)"
    ):
        loss.prepare_targets([0, 1], None, F8)


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


def test_a_regression_has_no_classes():
    assert not MeanSquaredError().is_classification
    with pytest.raises(
        ArgumentError, match=r"MeanSquaredError\(\) does not predict classes: use predict"
    ):
        MeanSquaredError().classes(np.ones((1, 1)))


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda loss: pickle.loads(pickle.dumps(loss))]
)
@each
def test_a_copy_shares_no_buffers(loss, copied):
    prediction, target = example(loss)
    value = loss.forward(prediction, target)
    before = loss.backward()
    twin = copied(loss)
    assert twin.forward(prediction, target) == value
    assert not np.shares_memory(twin.backward(), before)


def test_an_own_loss_needs_forward_and_backward_alone():
    class Absolute(Loss):
        def forward(self, prediction, target):
            self.sign = np.sign(prediction - target)
            return np.abs(prediction - target).mean()

        def backward(self):
            return self.sign / self.sign.size

    loss = Absolute()
    assert loss.forward(np.array([[3.0]]), loss.prepare_targets([1], 1, F8)) == 2
    assert str(loss) == "Absolute()"
    with pytest.raises(TypeError, match="abstract"):
        Loss()


# Label smoothing


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
def test_smoothing_leaves_targets_and_hits_as_they_are(loss):
    prediction, target = example(loss, 50, 3)
    plain = type(loss)()
    np.testing.assert_array_equal(
        loss.prepare_targets(target, 3, F8), plain.prepare_targets(target, 3, F8)
    )
    assert loss.count_correct(prediction, target) == plain.count_correct(prediction, target)
    assert 0 < loss.count_correct(prediction, target)[0] < loss.count_correct(prediction, target)[1]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.99])
def test_whoever_calls_all_classes_equally_likely_has_the_loss_ln_k(share):
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
def test_a_model_computes_it_from_the_logits_too(layers, loss, Y):
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


def test_settings_without_smoothing_say_nothing_of_it():
    assert (
        settings_of(BinaryCrossEntropy())
        == settings_of(CategoricalCrossEntropy(label_smoothing=0))
        == {}
    )
    assert settings_of(CategoricalCrossEntropy(label_smoothing=0.1)) == {"label_smoothing": 0.1}
    assert settings_of(Weighted(3)) == {"weight": 3}
    assert settings_of(Weighted(3, 0.1)) == {"weight": 3, "label_smoothing": 0.1}


def test_a_subclass_without_its_own_init_call_is_not_smoothed():
    class Bare(BinaryCrossEntropy):
        def __init__(self):
            pass

    p, t = example(BinaryCrossEntropy())
    assert Bare().forward(p, t) == BinaryCrossEntropy().forward(p, t)


@pytest.mark.parametrize("kind", [BinaryCrossEntropy, CategoricalCrossEntropy])
@pytest.mark.parametrize("value", [-0.1, 1, 1.5, np.nan, "0.1", None, True])
def test_smoothing_lies_in_0_to_1(kind, value):
    with pytest.raises(
        ArgumentError,
        match=rf"label_smoothing must be in \[0, 1\), got {value!r} in {kind.__name__}: typical is 0\.1",
    ):
        kind(label_smoothing=value)


@pytest.mark.parametrize(
    ("loss", "sure"), [(BinaryCrossEntropy(), (0.2, 0.8)), (SigmoidCrossEntropy(), (-1.0, 1.0))]
)
def test_a_target_between_the_classes_belongs_to_the_nearer_one(loss, sure):
    no, yes = sure
    prediction, target = (
        np.array([[no], [no], [yes], [yes]]),
        np.array([[0.3], [0.7], [0.7], [0.7]]),
    )
    assert loss.count_correct(prediction, target) == (3, 4)
