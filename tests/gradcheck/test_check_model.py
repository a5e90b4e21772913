"""GradientChecker: what is refused and reported, and that the model is restored bit for bit."""

import numpy as np
import pytest
from custom_parts import Abs, Expit, Gain, Huber, Residual, Ring, SoftSign, Tied, UnitRows
from helpers import classifier, in_dtype, rows
from test_false_alarms import state

from minidl import (
    L1,
    L2,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Chain,
    Dropout,
    Flatten,
    Layer,
    LeakyReLU,
    Linear,
    MeanSquaredError,
    Parameter,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
)
from minidl.errors import ArgumentError, DtypeError, NonFiniteError, ShapeError
from minidl.gradcheck import GradientChecker, GradientError
from minidl.gradcheck.contract.layer_rules import LAYER_RULES
from minidl.gradcheck.contract.loss_rules import LOSS_RULES
from minidl.gradcheck.contract.penalty_rules import PENALTY_RULES
from minidl.initializers import He, Ones, Zeros
from minidl.model.inputs import prepare_batch
from minidl.penalties import Penalty


def net(*middle, dtype=np.float64, loss=None, penalties=(), last=Sigmoid, outputs=1):
    layers = [Linear(3, 4), *middle, Linear(4, outputs), last()]
    return Sequential(
        layers, loss=loss or BinaryCrossEntropy(), penalties=penalties, dtype=dtype, seed=4
    )


# What is refused.


@pytest.mark.parametrize("model", [None, Linear(2, 1), [Linear(2, 1)], Sequential])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(
        ArgumentError, match=r"must be a Sequential, with its loss.*check_gradients"
    ):
        GradientChecker(model)


@pytest.mark.parametrize("method", ["forward", "", None, "Central"])
def test_an_unknown_method_is_refused(method):
    with pytest.raises(ArgumentError, match="'auto', 'complex', 'central', got"):
        GradientChecker(classifier(), method=method)


@pytest.mark.parametrize("epsilon", [0, -1e-7, np.nan, np.inf])
def test_a_senseless_epsilon_is_refused(epsilon):
    with pytest.raises(ArgumentError, match="epsilon must be finite and > 0"):
        GradientChecker(classifier(), method="central", epsilon=epsilon)


@pytest.mark.parametrize(
    ("X", "Y", "error"),
    [
        (np.ones((5, 2)), np.ones((5, 1)), ShapeError),
        (np.ones((5, 3)), np.ones((4, 1)), ShapeError),
        (np.ones((5, 3)), np.ones((5, 2)), ShapeError),
        (np.ones((5, 3)), 2 * np.ones((5, 1)), ArgumentError),
        (np.full((5, 3), np.nan), np.ones((5, 1)), NonFiniteError),
        (np.full((5, 3), "a"), np.ones((5, 1)), DtypeError),
    ],
)
def test_data_that_does_not_fit_is_refused(X, Y, error):
    model = classifier()
    before = state(model)
    with pytest.raises(error):
        GradientChecker(model).check(X, Y)
    assert state(model) == before


def test_integer_parameters_are_refused():
    model = classifier()
    weight = model.layers[0].weight
    weight.memory = np.ones(weight.shape, np.int64), weight.grad
    with pytest.raises(DtypeError, match=r"int64 for weight of layer 0, Linear\(3, 4\)"):
        GradientChecker(model).check(*rows())


def test_a_layer_whose_output_is_not_finite_is_named():
    class Overflows(Gain):
        def forward(self, x, *, training=False):
            return super().forward(x) / np.zeros(1)

    with pytest.raises(
        NonFiniteError, match=r"layer 2, Overflows\(\), gives an output that is not"
    ):
        GradientChecker(net(Tanh(), Overflows(4))).check(*rows())


def test_a_loss_or_penalty_that_is_not_finite_is_named():
    class Infinite(L2):
        def value(self, weight, m):
            return np.inf

    with pytest.raises(
        NonFiniteError, match=r"the loss BinaryCrossEntropy\(\) or a penalty gives inf"
    ):
        GradientChecker(net(penalties=[Infinite(0.1)])).check(*rows())


@pytest.mark.parametrize("training_only", [False, True])
def test_randomness_that_cannot_be_frozen_is_refused(training_only):
    class Anew(Layer):
        def forward(self, x, *, training=False):
            self.mask = (
                np.random.default_rng().random(x.shape)
                if training or not training_only
                else np.ones(x.shape)
            )
            return x * self.mask

        def backward(self, dy):
            return dy * self.mask

    with pytest.raises(ArgumentError, match=r"layer 1, Anew\(\).* cannot be frozen"):
        GradientChecker(net(Anew())).check(*rows())


# What passes, and how exactly.

RIGHT = {
    "the course's": lambda dtype: net(Tanh(), dtype=dtype),
    "relu": lambda dtype: net(ReLU(), Linear(4, 4), LeakyReLU(0.1), dtype=dtype),
    "dropout, L1 and L2": lambda dtype: net(
        Tanh(), Dropout(0.6), penalties=[L1(0.1), L2(0.3, layers=[0])], dtype=dtype
    ),
    "own layers": lambda dtype: net(Gain(4), Residual(4), Tied(4, 2), UnitRows(), dtype=dtype),
    "classes": lambda dtype: net(
        Tanh(), last=Softmax, outputs=3, loss=CategoricalCrossEntropy(), dtype=dtype
    ),
    "squares": lambda dtype: net(
        Sigmoid(), last=Tanh, outputs=2, loss=MeanSquaredError(), dtype=dtype
    ),
    "images": lambda dtype: Sequential(
        [Flatten(), Linear(12, 1), Sigmoid()], loss=BinaryCrossEntropy(), dtype=dtype
    ),
}


def batch(name, m=6):
    rng = np.random.default_rng(5)
    X = rng.standard_normal((m, 2, 3, 2) if name == "images" else (m, 3))
    Y = {"classes": rng.integers(0, 3, m), "squares": rng.standard_normal((m, 2))}.get(
        name, rng.integers(0, 2, m)
    )
    return X, Y


@pytest.mark.parametrize("m", [1, 6])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", RIGHT)
def test_a_right_model_passes_element_by_element(name, dtype, m):
    report = GradientChecker(RIGHT[name](dtype)).check(*batch(name, m))
    assert report.ok, str(report)
    assert report.difference <= 1e-13
    assert not [check for check in report.checks if check.verdict == "unresolved"]
    total = [check for check in report.checks if check.term == "total" and check.layer is not None]
    assert all(check.analytic.shape == check.numeric.shape == check.bar.shape for check in total)
    detected, injected = report.mutation_score
    assert detected == injected > 0
    assert report.seconds > 0


def test_every_layer_has_its_rows():
    report = GradientChecker(net(Tanh(), Dropout(0.5), penalties=[L2(0.1)])).check(*rows())
    protocol = [(c.layer, c.training) for c in report.checks if c.term == "protocol"]
    assert {key: protocol.count(key) for key in protocol} == {
        (i, False): len(LAYER_RULES) for i in range(5)
    } | {
        (2, True): len(LAYER_RULES),
        (None, False): len(LOSS_RULES) + len(PENALTY_RULES),
    }
    layers = [(c.layer, c.parameter, c.training) for c in report.checks if c.term == "layer"]
    assert len(layers) == len(set(layers)) == 10
    assert {(c.layer, c.parameter) for c in report.checks if c.term == "L2(0.1)"} == {
        (0, "weight"),
        (3, "weight"),
    }
    assert [len([c for c in report.checks if c.term == term]) for term in ("data", "total")] == [
        5,
        5,
    ]
    assert report.method == "complex step"


def test_layers_that_are_not_complex_safe_are_noted():
    report = GradientChecker(net(Abs(), Expit(), loss=Huber(), last=Tanh)).check(*rows())
    assert report.ok
    notes = "\n".join(report.notes)
    for words in (
        "layer 1, Abs(), is not complex-safe",
        "layer 2, Expit(), is not",
        "the loss Huber() is not complex-safe",
    ):
        assert words in notes
    assert "central differences (Richardson)" in report.method
    assert "numeric: " + report.method in str(report)


def test_a_bug_behind_central_differences_is_found():
    model = net(Abs(), Expit())
    right = model.layers[2].backward
    model.layers[2].backward = lambda dy: right(dy) * 1.0001
    guilty = GradientChecker(model).check(*rows()).guilty
    assert (guilty.layer, guilty.parameter) == (2, "input")


def test_kinks_are_noted_and_do_not_fail():
    model = net(ReLU())
    model.parameters["0.weight"].value = np.zeros((4, 3))
    report = GradientChecker(model).check(*rows())
    assert report.ok
    assert any("exactly on a kink" in note for note in report.notes)
    assert report.difference <= 1e-13


def test_at_a_kink_a_slope_outside_of_the_one_sided_ones_fails():
    model = net(ReLU())
    model.parameters["0.weight"].value = np.zeros((4, 3))
    layer = model.layers[1]
    layer.backward = lambda dy: np.where(layer._y > 0, dy, np.where(layer._y == 0, -0.0 * dy, 0))
    assert GradientChecker(model).check(*rows()).ok
    layer.backward = lambda dy: np.where(layer._y > 0, dy, -0.5 * dy)
    assert not GradientChecker(model).check(*rows()).ok


def test_zero_weights_and_dead_units_are_tried_again_nearby():
    """At zero weights the gradient of the first layer is zero, whatever its backward gives."""
    model = net(Tanh())
    model.parameters["2.weight"].value = np.zeros((1, 4))
    layer = model.layers[0]
    assert GradientChecker(model).check(*rows()).ok
    right = model.objective_function.backward

    def buggy_backward(sample_weight=None):
        right(sample_weight)
        layer.weight.grad *= 2

    model.objective_function.backward = buggy_backward
    report = GradientChecker(model).check(*rows())
    assert (report.guilty.layer, report.guilty.parameter, report.guilty.term) == (
        0,
        "weight",
        "data",
    )


def test_what_nothing_reaches_is_said_to_be_untested():
    class Unused(Gain):
        """Its second parameter has no part in the output."""

        def __init__(self):
            super().__init__(4)
            self.idle = Parameter((2,), init=Ones())

        def backward(self, dy):
            self.idle.grad[...] = 0
            return super().backward(dy)

    report = GradientChecker(net(Unused())).check(*rows())
    assert report.ok
    assert any(
        "not tested: 2 of 2 elements of layer 1 Unused() idle" in note for note in report.notes
    )


def test_dead_inputs_are_said_to_be_tested_with_the_layer_alone():
    X, Y = rows()
    X[:, 1] = 0
    report = GradientChecker(net(Tanh())).check(X, Y)
    assert any(
        "not reached through the whole net" in note and "0 weight 4 of 12" in note
        for note in report.notes
    )


def test_a_large_model_is_covered_by_probes_or_exhaustively():
    model = Sequential(
        [Linear(300, 20), Tanh(), Linear(20, 1), Sigmoid()],
        loss=BinaryCrossEntropy(),
        dtype=np.float64,
        penalties=[L2(0.1)],
    )
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((3, 300)), [0, 1, 1]
    probed = GradientChecker(model).check(X, Y)
    assert probed.ok
    assert any("covered by probes" in note for note in probed.notes)
    assert 0 < probed.difference < 1e-12
    complete = GradientChecker(model).check(X, Y, exhaustive=True)
    assert complete.ok
    assert complete.difference <= 1e-13
    for check in complete.checks:
        if check.term in ("layer", "data", "total") and check.parameter not in ("input", "value"):
            assert check.analytic.shape == check.numeric.shape
    assert not any("covered by probes" in note for note in complete.notes)


@pytest.mark.parametrize("element", [(0, 0), (19, 299), (7, 150)])
def test_one_wrong_element_of_a_large_model_is_found(element, monkeypatch):
    monkeypatch.setattr(
        "minidl.gradcheck.stages.layers._forward_call_limit", lambda harness, m: 0
    )  # as if it were much larger: probes alone
    model = Sequential(
        [Linear(300, 20), Tanh(), Linear(20, 1), Sigmoid()],
        loss=BinaryCrossEntropy(),
        dtype=np.float64,
    )
    layer = model.layers[0]
    right = layer.backward

    def buggy_backward(dy):
        dx = right(dy)
        layer.weight.grad[element] *= 1.01
        return dx

    layer.backward = buggy_backward
    rng = np.random.default_rng(0)
    report = GradientChecker(model).check(rng.standard_normal((3, 300)), [0, 1, 1])
    assert (report.guilty.layer, report.guilty.parameter) == (0, "weight")
    assert f"only element {element}" in report.guilty.diagnosis


@pytest.mark.parametrize("method", ["auto", "complex"])
def test_auto_and_complex_agree_for_what_is_complex_safe(method):
    report = GradientChecker(net(Tanh()), method=method).check(*rows())
    assert report.method == "complex step"
    assert report.ok


# The model comes back.


@pytest.mark.parametrize("method", ["auto", "central"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_model_comes_back_bit_for_bit(dtype, method):
    X, Y = rows()
    model = net(Tanh(), Dropout(0.5), Gain(4), penalties=[L2(0.1), L1(0.1)], dtype=dtype)
    objective = model.objective_function
    batch = prepare_batch(objective, X, Y)
    objective.value_and_gradient(batch, training=True)  # caches and random streams are in use
    before, predicted = state(model), model.predict(X)
    objective.value_and_gradient(batch, training=True)
    assert state(model) != before  # the comparison can fail
    before = state(model)
    GradientChecker(model, method=method).check(X, Y)
    assert state(model) == before
    np.testing.assert_array_equal(model.predict(X), predicted)


@pytest.mark.parametrize("failing_method", ["forward", "backward"])
@pytest.mark.parametrize("call", [1, 60])
def test_the_model_comes_back_when_a_layer_raises_in_the_middle(failing_method, call):
    class Fails(Gain):
        calls = 0

        def count(self, method):
            Fails.calls += method == failing_method
            if Fails.calls == call and method == failing_method:
                raise RuntimeError("in the middle")

        def forward(self, x, *, training=False):
            self.count("forward")
            return super().forward(x)

        def output_shape(self, shape):
            return shape  # otherwise the first call is one that asks for the shape

        def backward(self, dy):
            self.count("backward")
            return super().backward(dy)

    model = net(Dropout(0.5), Fails(4))
    before = state(model)
    with pytest.raises(RuntimeError, match="in the middle"):
        GradientChecker(model).check(*rows())
    assert state(model) == before


def test_what_a_penalty_remembers_comes_back():
    class Remembers(L2):
        def value(self, weight, m):
            self.last = weight.copy()
            return super().value(weight, m)

    penalty = Remembers(0.1)
    GradientChecker(net(penalties=[penalty])).check(*rows())
    assert vars(penalty) == vars(L2(0.1))


def test_nothing_is_drawn_from_the_global_stream():
    before = repr(np.random.get_state())  # noqa: NPY002
    GradientChecker(net(Dropout(0.5))).check(*rows())
    assert repr(np.random.get_state()) == before  # noqa: NPY002


def test_data_is_not_written_into():
    X, Y = rows()
    X.flags.writeable = Y.flags.writeable = False
    assert GradientChecker(net(Tanh())).check(X, Y).ok


def test_one_seed_gives_one_report():
    def report(seed):
        result = GradientChecker(net(Tanh(), Dropout(0.5)), seed=seed).check(*rows())
        return [(c.layer, c.term, c.parameter, c.difference, c.verdict) for c in result.checks]

    assert report(0) == report(0)
    assert report(0) != report(1)


@pytest.mark.parametrize("model", [net(Tanh(), penalties=[L2(0.1)]), net(ReLU(), dtype=np.float32)])
def test_the_value_that_training_reports_must_be_the_objective(model):
    objective = model.objective_function
    right = objective.value_and_gradient

    def buggy_value_and_gradient(batch):
        value, forward_pass = right(batch)
        return value * (1 + 1e-9), forward_pass

    objective.value_and_gradient = buggy_value_and_gradient
    failures = GradientChecker(model).check(*rows()).failures
    assert [(c.layer, c.term, c.parameter) for c in failures] == [(None, "total", "value")]
    assert "training reports an objective of" in failures[0].diagnosis


# What cannot be walked through.


def test_a_gradient_of_a_shape_that_the_next_layer_refuses_is_reported():
    model = net(Tanh(), Linear(4, 4))
    right = model.layers[2].backward
    model.layers[2].backward = lambda dy: right(dy)[:, :2]
    report = GradientChecker(model).check(*rows())
    assert (report.guilty.layer, report.guilty.parameter) == (2, "input")
    assert "shape" in report.guilty.diagnosis


def test_an_error_on_the_way_through_the_net_that_no_layer_explains_is_passed_on():
    model = net(Tanh())

    def fails(sample_weight=None):
        raise RuntimeError("between the layers")

    model.objective_function.backward = fails
    with pytest.raises(RuntimeError, match="between the layers"):
        GradientChecker(model).check(*rows())


def test_a_layer_for_one_length_of_batch_is_checked_for_that_length():
    class TenRows(Gain):
        def backward(self, dy):
            if len(dy) != 10:
                raise ValueError("ten rows are due")
            return super().backward(dy)

    report = GradientChecker(net(TenRows(4))).check(*rows())
    assert [(c.layer, c.term, c.parameter) for c in report.failures] == [
        (1, "protocol", "additive over the batch")
    ]


# What users bring along.


def test_a_backward_replaced_on_the_instance_is_checked_as_it_is():
    model = net(Tanh())
    layer = model.layers[0]
    right = layer.backward  # bound to this very layer

    def buggy_backward(dy):
        dx = right(dy)
        layer.weight.grad[1, 2] += 0.01
        return dx

    layer.backward = buggy_backward
    report = GradientChecker(model).check(*rows())
    assert (report.guilty.layer, report.guilty.parameter) == (0, "weight")
    assert "only element (1, 2)" in report.guilty.diagnosis
    assert layer.backward is buggy_backward
    with pytest.raises(GradientError):
        report.raise_if_failed()
    layer.backward = lambda dy: right(dy)
    assert GradientChecker(model).check(*rows()).ok


def test_a_users_loss_and_penalty_need_not_be_complex_safe():
    class Lengths(Penalty):
        def value(self, weight, m):
            return float(self.strength * np.linalg.norm(weight))

        def gradient(self, weight, m, out):
            out[...] = self.strength * weight / np.linalg.norm(weight)

    class Wrong(Lengths):
        def gradient(self, weight, m, out):
            out[...] = self.strength * weight / np.linalg.norm(weight) * (1 + 1e-4)

    report = GradientChecker(net(Tanh(), loss=Huber(), last=Tanh, penalties=[Lengths(0.3)])).check(
        *rows()
    )
    assert report.ok, str(report)
    guilty = (
        GradientChecker(net(Tanh(), loss=Huber(), last=Tanh, penalties=[Wrong(0.3)]))
        .check(*rows())
        .guilty
    )
    assert (guilty.term, guilty.parameter) == ("Wrong(0.3)", "weight")


def test_a_penalty_of_products_of_neighbours_passes():
    report = GradientChecker(net(Tanh(), penalties=[Ring(0.3)])).check(*rows())
    assert report.ok, str(report)


def test_a_layer_used_alone_before_is_welcome():
    layer = in_dtype(Linear(3, 1), np.float32)
    report = GradientChecker(Sequential([layer], loss=MeanSquaredError())).check(
        np.ones((2, 3)), np.zeros((2, 1))
    )
    assert report.ok


def test_the_complex_method_refuses_what_complex_numbers_break():
    model = net(Abs())
    before = model.parameters.theta.tobytes()
    with pytest.raises(ArgumentError, match=r"complex-safe.*layer 1, Abs\(\)"):
        GradientChecker(model, method="complex").check(*rows())
    assert model.parameters.theta.tobytes() == before
    assert GradientChecker(net(Tanh()), method="complex").check(*rows()).ok


@pytest.mark.parametrize("weight", [Zeros(), He()])
def test_a_derivative_that_a_weight_of_zero_hides_is_no_failure_nearby(weight):
    # SoftSign loses the imaginary part, which the weight of zero multiplies by nothing.
    block = Chain(SoftSign(), Linear(3, 3, init=weight))
    model = Sequential([Linear(3, 3), block], loss=MeanSquaredError())
    rng = np.random.default_rng(0)
    report = GradientChecker(model).check(*rng.standard_normal((2, 4, 3)))
    assert report.ok, str(report)


def test_rules_are_tested_again_where_a_gradient_is_zero():
    """The gradient of the input is zero under zero weights, whatever its factor is."""
    model = net(Tanh())
    layer = model.layers[2]
    layer.weight.value = np.zeros(layer.weight.shape)
    right = layer.backward
    layer.backward = lambda dy: right(dy) * (np.float32(1.1) if dy.dtype == np.float32 else 1.0)
    report = GradientChecker(model).check(*rows())
    assert [check.parameter for check in report.failures] == ["float32 as float64"]
