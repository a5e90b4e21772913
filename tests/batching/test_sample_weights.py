import copy

import h5py
import numpy as np
import pytest
from helpers import classifier, rows

from minidl import (
    L2,
    Adam,
    ArgumentError,
    BinaryCrossEntropy,
    Callback,
    CategoricalCrossEntropy,
    Checkpoint,
    Dropout,
    DtypeError,
    GradientChecker,
    GradientDescent,
    Hinge,
    Linear,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    NonFiniteError,
    Poisson,
    ReLU,
    Sequential,
    ShapeError,
    Sigmoid,
    Softmax,
)
from minidl.batching.sample_weights import compute_sample_weight
from minidl.losses.binary_cross_entropy import SigmoidCrossEntropy
from minidl.losses.categorical_cross_entropy import SoftmaxCrossEntropy

X, Y = rows(10)
RNG = np.random.default_rng(7)
W = RNG.uniform(0.2, 3.0, 10)
ONCE = {"epochs": 1, "progress": False}


class Huber(Loss):
    """A user's loss without `per_example`."""

    def forward(self, prediction, target):
        self.d = prediction - target
        self.root = np.sqrt(1 + self.d**2)
        return (self.root - 1).mean()

    def backward(self):
        return self.d / self.root / self.d.size


class WeightedHuber(Huber):
    def per_example(self):
        return (self.root - 1).mean(axis=1)


NETS = {
    "sigmoid, from the logits": (1, Sigmoid, BinaryCrossEntropy()),
    "two decisions": (2, Sigmoid, BinaryCrossEntropy(label_smoothing=0.1)),
    "softmax, from the logits": (3, Softmax, CategoricalCrossEntropy()),
    "squared error": (2, None, MeanSquaredError()),
    "custom loss": (2, None, WeightedHuber()),
}
each_net = pytest.mark.parametrize("net", NETS)


def model_of(net, *, own_last=False, **settings):
    outputs, last, loss = NETS[net]
    last = (
        last and type("Own", (last,), {}) if own_last else last
    )  # a subclass is not fused with its loss
    layers = [Linear(3, 4), ReLU(), Linear(4, outputs), *([last()] if last else [])]
    return Sequential(layers, loss=copy.deepcopy(loss), dtype=np.float64, seed=3, **settings)


def targets(net, m=10):
    outputs, last, _ = NETS[net]
    rng = np.random.default_rng(1)
    if last is Softmax:
        return rng.integers(0, outputs, m)
    return rng.integers(0, 2, (m, outputs)) if last else rng.standard_normal((m, outputs))


def fit_one_epoch(model, X, Y, **settings):
    """Return the parameters after one epoch, and its loss."""
    twin = copy.deepcopy(model)
    history = twin.fit(
        X,
        Y,
        optimizer=GradientDescent(0.5),
        **{"batch_size": None, "shuffle": False, **ONCE, **settings},
    )
    return twin.parameters.theta, history.loss


# References without weights: the losses and gradients of single rows, and repeated rows.


@each_net
@pytest.mark.parametrize("own_last", [False, True])
def test_the_weighted_loss_is_the_weighted_mean_of_the_losses_of_single_rows(net, own_last):
    model, y = model_of(net, own_last=own_last, penalties=[L2(0.1)]), targets(net)
    alone = [model.objective(X[i : i + 1], y[i : i + 1])["data"] for i in range(10)]
    terms = model.objective(X, y, sample_weight=W)
    assert terms["data"] == pytest.approx(np.average(alone, weights=W), rel=1e-13)
    assert terms["L2(0.1)"] == model.objective(X, y)["L2(0.1)"]
    assert model.evaluate(X, y, sample_weight=W)["loss"] == pytest.approx(
        np.average(alone, weights=W), rel=1e-13
    )


@each_net
@pytest.mark.parametrize("own_last", [False, True])
def test_the_gradient_is_the_weighted_mean_of_those_of_single_rows(net, own_last):
    model, y = model_of(net, own_last=own_last), targets(net)
    alone = [model.gradient(X[i : i + 1], y[i : i + 1]) for i in range(10)]
    np.testing.assert_allclose(
        model.gradient(X, y, sample_weight=W),
        np.average(alone, axis=0, weights=W),
        rtol=1e-10,
        atol=1e-15,
    )


@each_net
def test_a_weight_of_two_repeats_the_example_and_a_weight_of_zero_omits_it(net):
    counts, y = np.array([2, 1, 0, 1, 3, 1, 1, 0, 2, 1]), targets(net)
    weighted, repeated = (
        fit_one_epoch(model_of(net), X, y, sample_weight=counts),
        fit_one_epoch(model_of(net), X.repeat(counts, 0), y.repeat(counts, 0)),
    )
    np.testing.assert_allclose(weighted[0], repeated[0], rtol=1e-12)
    assert weighted[1] == pytest.approx(repeated[1], rel=1e-13)


@each_net
@pytest.mark.parametrize("batch_size", [3, None])
def test_equal_weights_change_nothing(net, batch_size):
    model, y = model_of(net, penalties=[L2(0.5)]), targets(net)
    plain, equal = (
        fit_one_epoch(model, X, y, batch_size=batch_size, shuffle=True, **w)
        for w in ({}, {"sample_weight": np.full(10, 3e250)})
    )
    np.testing.assert_allclose(equal[0], plain[0], rtol=1e-13)
    assert equal[1] == pytest.approx(plain[1], rel=1e-13)


@pytest.mark.parametrize(
    "loss",
    [
        SigmoidCrossEntropy(),
        SoftmaxCrossEntropy(),
        BinaryCrossEntropy(),
        CategoricalCrossEntropy(label_smoothing=0.2),
        MeanAbsoluteError(),
        Poisson(),
        Poisson(log_input=False),
        Hinge(),
    ],
)
def test_the_mean_of_the_losses_per_example_is_what_forward_returns(loss):
    p, t = RNG.dirichlet(np.ones(3), 6), RNG.dirichlet(np.ones(3), 6)
    assert loss.forward(p, t) == pytest.approx(loss.per_example().mean(), rel=1e-14)
    assert loss.per_example().shape == (6,)


def test_the_sum_over_the_batches_is_the_weighted_mean_of_the_epoch():
    seen = []

    class Watch(Callback):
        def on_gradient(self, run):
            assert run.data.y.shape == (len(run.data.x), 1)
            seen.append(
                (
                    float(run.loss) * len(run.data.x),
                    [W[np.flatnonzero(np.equal(X, x).all(axis=1))[0]] for x in run.data.x],
                    run.data.sample_weight,
                )
            )

    model = classifier()
    history = model.fit(
        X,
        Y,
        optimizer=GradientDescent(1e-9),
        batch_size=4,
        sample_weight=W,
        callbacks=[Watch()],
        **ONCE,
    )
    assert history.loss[0] == pytest.approx(sum(loss for loss, _, _ in seen) / 10, rel=1e-14)
    assert history.loss[0] == pytest.approx(
        model.objective(X, Y, sample_weight=W)["total"], rel=1e-6
    )
    for _, expected, weight in seen:  # each row has its own weight after shuffling
        np.testing.assert_allclose(weight, np.array(expected) / W.mean(), rtol=1e-14)


def test_validation_has_separate_weights():
    model = classifier()
    history = model.fit(
        X, Y, optimizer=GradientDescent(0.1), validation=(X, Y, W), class_weight={1: 5}, **ONCE
    )
    assert history["val_loss"][0] == pytest.approx(
        model.evaluate(X, Y, sample_weight=W)["loss"], rel=1e-14
    )
    plain = model.fit(
        X, Y, optimizer=GradientDescent(0.1), validation=(X, Y), sample_weight=W, **ONCE
    )
    assert plain["val_loss"][0] == pytest.approx(model.evaluate(X, Y)["loss"], rel=1e-14)


def test_class_weights_multiply_sample_weights():
    y = targets("softmax, from the logits")
    model = model_of("softmax, from the logits")
    table = np.array([1.0, 4.0, 0.5])
    by_class = fit_one_epoch(model, X, y, class_weight={1: 4.0, 2: 0.5}, sample_weight=W)
    np.testing.assert_allclose(
        by_class[0], fit_one_epoch(model, X, y, sample_weight=W * table[y])[0], rtol=1e-13
    )


def test_balanced_classes_count_the_same():
    y = np.array([0] * 7 + [1] * 2 + [2])
    model = model_of("softmax, from the logits")
    expected = fit_one_epoch(model, X, y, sample_weight=(10 / (3 * np.array([7, 2, 1])))[y])
    np.testing.assert_allclose(
        fit_one_epoch(model, X, y, class_weight="balanced")[0], expected[0], rtol=1e-13
    )
    one_hot = fit_one_epoch(model, X, np.eye(3)[y], class_weight="balanced")
    np.testing.assert_array_equal(
        one_hot[0], fit_one_epoch(model, X, y, class_weight="balanced")[0]
    )


def test_a_class_of_masked_positions_alone_is_no_class_to_balance():
    labels, mask = np.array([[0, 1], [0, 2]]), [[1, 1], [1, 0]]
    weight = compute_sample_weight(CategoricalCrossEntropy(), np.eye(3)[labels], mask, "balanced")
    np.testing.assert_allclose(weight, [[1, 2], [1, 0]], rtol=1e-15)


@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 3.0}])
def test_rows_in_files_keep_their_weights(tmp_path, class_weight):
    rng = np.random.default_rng(0)
    m = 600
    x, y, w = rng.standard_normal((m, 3)), rng.integers(0, 2, m), rng.uniform(0, 2, m)
    seen = []

    class Watch(Callback):
        def on_gradient(self, run):
            numbers = [int(np.flatnonzero((x == row).all(axis=1))[0]) for row in run.data.x]
            seen.extend(zip(numbers, run.data.sample_weight.tolist(), strict=True))

    with h5py.File(tmp_path / "rows.h5", "w") as file:
        file["x"], file["y"] = x, y
        model = classifier()
        arguments = {
            "sample_weight": w,
            "class_weight": class_weight,
            "callbacks": [Watch()],
            **ONCE,
        }
        model.fit(
            file["x"],
            file["y"],
            optimizer=GradientDescent(0.1),
            batch_size=16,
            memory_limit=12_000,
            **arguments,
        )
        streamed, file_loss = (
            dict(seen),
            model.evaluate(file["x"], file["y"], sample_weight=w, memory_limit=12_000)["loss"],
        )
    assert len(seen) == len(streamed) == m
    assert file_loss == pytest.approx(model.evaluate(x, y, sample_weight=w)["loss"], rel=1e-13)
    seen.clear()
    model.fit(x, y, optimizer=GradientDescent(0.1), **arguments)
    assert dict(seen) == streamed


def test_a_weighted_training_resumes_bit_for_bit(tmp_path):
    def train(model, epochs, **settings):
        arguments = {
            "sample_weight": W,
            "class_weight": "balanced",
            "batch_size": 4,
            "progress": False,
        }
        return model.fit(X, Y, optimizer=Adam(0.05), epochs=epochs, **arguments, **settings)

    def network():
        return Sequential(
            [Linear(3, 5), ReLU(), Dropout(0.7), Linear(5, 1), Sigmoid()], loss=BinaryCrossEntropy()
        )

    class Leave(Callback):
        def on_gradient(self, run):
            if (run.epoch, run.batch) == (3, 2):
                raise KeyboardInterrupt

    uninterrupted, first, second = network(), network(), network()
    history = train(uninterrupted, 6)
    with pytest.raises(KeyboardInterrupt):
        train(first, 6, callbacks=[Checkpoint(tmp_path / "run.h5", every_seconds=1e-9), Leave()])
    resumed = train(second, 6, resume=tmp_path / "run.h5")
    assert resumed.loss == history.loss
    np.testing.assert_array_equal(second.parameters.theta, uninterrupted.parameters.theta)


def test_evaluate_within_a_weighted_training_uses_no_weights():
    asked = []

    class Ask(Callback):
        def on_gradient(self, run):
            asked.append(run.model.evaluate(run.data.x, run.data.y)["loss"])

    model = classifier()
    model.fit(
        X,
        Y,
        optimizer=GradientDescent(1e-9),
        batch_size=None,
        sample_weight=W,
        callbacks=[Ask()],
        **ONCE,
    )
    assert asked[0] == pytest.approx(model.evaluate(X, Y)["loss"], rel=1e-6)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        (
            {"sample_weight": W[:9]},
            ShapeError,
            r"sample_weight must have shape \(10,\), got \(9,\)",
        ),
        ({"sample_weight": W[:, np.newaxis]}, ShapeError, r"got \(10, 1\)"),
        (
            {"sample_weight": -W},
            ArgumentError,
            r"sample_weight must be >= 0, got -.* at sample_weight\[0\]",
        ),
        (
            {"sample_weight": W * np.nan},
            NonFiniteError,
            r"sample_weight must be finite, got nan at sample_weight\[0\]",
        ),
        ({"sample_weight": ["a"] * 10}, DtypeError, r"sample_weight must hold real numbers"),
        ({"sample_weight": np.zeros(10)}, ArgumentError, r"sample_weight must not be all 0"),
        ({"class_weight": {0: 0, 1: 0}}, ArgumentError, r"must leave examples that count"),
        (
            {"class_weight": {2: 1.0}},
            ArgumentError,
            r"class_weight must have class numbers from 0 to 1 as keys, got 2",
        ),
        ({"class_weight": {True: 1.0}}, ArgumentError, r"keys, got True"),
        ({"class_weight": {"cat": 1.0}}, ArgumentError, r"keys, got 'cat'"),
        (
            {"class_weight": {1: -1.0}},
            ArgumentError,
            r"class_weight must hold finite weights >= 0, got -1.0 for class 1",
        ),
        ({"class_weight": {1: np.inf}}, ArgumentError, r"got inf for class 1"),
        (
            {"class_weight": "even"},
            ArgumentError,
            r"class_weight must be a dict \{class number: weight\} or 'balanced', got 'even'",
        ),
        ({"validation": (X, Y, W[:3])}, ShapeError, r"sample_weight must have shape \(10,\)"),
    ],
)
def test_invalid_weights_are_refused_before_anything_changes(settings, error, message):
    model = classifier()
    before = model.parameters.theta.copy()
    with pytest.raises(error, match=message):
        model.fit(X, Y, optimizer=Adam(), **ONCE, **settings)
    np.testing.assert_array_equal(model.parameters.theta, before)


def test_losses_without_weights_are_refused():
    custom = Sequential([Linear(3, 1)], loss=Huber())
    with pytest.raises(
        ArgumentError,
        match=r"weights need a loss that returns the loss of each example, but Huber does not "
        r"implement per_example\(\)",
    ):
        custom.fit(X, Y, optimizer=Adam(), sample_weight=W, **ONCE)
    with pytest.raises(ArgumentError, match=r"Huber\(\) does not support sample weights"):
        custom.loss.per_example()
    with pytest.raises(ArgumentError, match="does not predict classes"):
        model_of("squared error").fit(
            X, targets("squared error"), optimizer=Adam(), class_weight="balanced", **ONCE
        )
    with pytest.raises(
        ArgumentError,
        match=r"class_weight needs one class per example, but Y has 2 decisions each: pass "
        r"sample_weight",
    ):
        model_of("two decisions").fit(
            X, targets("two decisions"), optimizer=Adam(), class_weight="balanced", **ONCE
        )


@each_net
@pytest.mark.parametrize("own_last", [False, True])
@pytest.mark.parametrize("method", ["auto", "central"])
def test_the_checker_passes_the_weighted_gradient(net, own_last, method):
    model = model_of(net, own_last=own_last, penalties=[L2(0.1)])
    weight = np.array([0.0, 1.0, 2.5, 0.3, 1.0, 4.0])
    report = GradientChecker(model, method=method).check(
        X[:6], targets(net, 6), sample_weight=weight
    )
    assert report.ok, str(report)
    if method == "auto":
        assert report.difference < 1e-13
        assert report.mutation_score[0] == report.mutation_score[1]


def ignore_weights(loss):
    return lambda weight=None: loss.backward()


def apply_weights_twice(loss):
    return lambda weight: loss.backward() * weight[:, np.newaxis] ** 2


@pytest.mark.parametrize(
    ("bug", "words"),
    [(ignore_weights, "missing in backward"), (apply_weights_twice, "applied twice")],
)
@each_net
def test_the_checker_finds_weights_that_backward_uses_wrongly(net, bug, words):
    model = model_of(net)
    objective = model.objective_function
    objective.loss_backward = bug(objective.training_loss)
    report = GradientChecker(model).check(X[:6], targets(net, 6), sample_weight=W[:6])
    assert not report.ok
    assert report.guilty.parameter == "prediction"
    assert words in report.guilty.diagnosis
    assert (
        not GradientChecker(model, method="central")
        .check(X[:6], targets(net, 6), sample_weight=W[:6])
        .ok
    )


def test_the_checker_finds_losses_per_example_that_are_not_those_of_forward():
    class Wrong(WeightedHuber):
        def per_example(self):
            return (self.root - 1).sum(axis=1)  # must be the mean over the two outputs

    model = Sequential([Linear(3, 2)], loss=Wrong(), dtype=np.float64)
    assert (
        GradientChecker(model).check(X, targets("squared error")).ok
    )  # without weights it is not used
    assert not GradientChecker(model).check(X, targets("squared error"), sample_weight=W).ok


def test_weights_per_position_need_the_losses_of_positions():
    loss, targets = WeightedHuber(), np.zeros((2, 3, 1))
    weights = compute_sample_weight(loss, targets, [1.0, 3.0])
    np.testing.assert_array_equal(weights, [0.5, 1.5])
    with pytest.raises(ArgumentError, match=r"WeightedHuber does not implement per_position\(\)"):
        compute_sample_weight(loss, targets, np.ones((2, 3)))


def test_class_weights_of_positions_need_the_losses_of_positions():
    class Alone(CategoricalCrossEntropy):
        def per_example(self):
            return super().per_example()

    targets = np.zeros((2, 3, 2))
    targets[..., 1] = 1
    with pytest.raises(ArgumentError, match=r"Alone does not implement per_position\(\)"):
        compute_sample_weight(Alone(), targets, None, {1: 2.0})
