"""One layer alone: right gradients pass at every input, wrong ones fail, by elements and probes."""

from functools import partial

import numpy as np
import pytest
from custom_parts import (
    Abs,
    Both,
    Clip,
    Expit,
    Gain,
    MaxPair,
    Noise,
    Residual,
    Slope,
    SoftSign,
    Tied,
    UnitRows,
)
from helpers import rows
from own_layers import WeightNorm
from stage_context import context_of, layers_of

from minidl import (
    BinaryCrossEntropy,
    Dropout,
    GradientChecker,
    Layer,
    Linear,
    MeanSquaredError,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
    layers,
)
from minidl.gradcheck.layer_harness import LayerHarness, synthetic_input
from minidl.gradcheck.numeric.differences import (
    CentralDifference,
    ComplexStep,
    RichardsonDifference,
)
from minidl.gradcheck.numeric.numeric_gradient import NumericGradient
from minidl.gradcheck.sandbox import ModelSandbox
from minidl.gradcheck.stages.contract import check_contract
from minidl.gradcheck.stages.layers import _forward_call_limit, check_layer, check_layers
from minidl.testing import check_layer as check_layer_alone
from minidl.utils.parts import exported_parts

# A new layer is checked as soon as it is exported; if it needs arguments, add them here, for
# inputs of 4 features.
ARGUMENTS = {
    "BatchNorm": (4,),
    "Dropout": (0.6,),
    "LayerNorm": (4,),
    "LeakyReLU": (0.2,),
    "Linear": (4, 3),
    "Reshape": ((2, -1),),
    "SparseLinear": (4, 3),
}
CONTAINERS = {
    "Chain": lambda: layers.Chain(Linear(4, 3), layers.Flatten(), Linear(3, 2)),
    "Concat": lambda: layers.Concat(layers.Tanh(), [Linear(4, 3), Linear(3, 2)]),
    "Residual": lambda: layers.Residual(layers.Tanh(), Linear(4, 3), shortcut=Linear(4, 3)),
}
# Of layers of pictures and sequences, which see the 4 features in this shape.
SHAPED = {
    "Conv1D": ((4, 1), lambda: layers.Conv1D(1, 2, 3, padding="same", dilation=2)),
    "Conv2D": ((2, 2, 1), lambda: layers.Conv2D(1, 3, 2, stride=2, padding=1)),
    "MaxPool2D": ((2, 2, 1), lambda: layers.MaxPool2D(2, stride=1, padding=1)),
    "AvgPool2D": ((2, 2, 1), lambda: layers.AvgPool2D(2, stride=1, padding=1)),
    "GlobalAvgPool2D": ((2, 1, 2), layers.GlobalAvgPool2D),
    "Upsample2D": ((1, 2, 2), lambda: layers.Upsample2D((2, 1))),
    "GRU": ((2, 2), lambda: layers.GRU(2, 3, learn_initial_state=True)),
    "LSTM": ((2, 2), lambda: layers.LSTM(2, 3, learn_initial_state=True)),
    "RNN": ((2, 2), lambda: layers.RNN(2, 3, learn_initial_state=True)),
    "PositionalEncoding": ((2, 2), lambda: layers.PositionalEncoding(2)),
    "SelfAttention": ((2, 2), lambda: layers.SelfAttention(2, heads=2)),
}
OF_INTEGERS = {"Embedding"}  # which has tests of its own


def shaped(shape, make):
    return layers.Chain(layers.Reshape(shape), make(), layers.Flatten())


SPECIAL = CONTAINERS | {name: partial(shaped, *case) for name, case in SHAPED.items()}
BUILT_IN = {
    part.__name__: SPECIAL.get(part.__name__, partial(part, *ARGUMENTS.get(part.__name__, ())))
    for part in exported_parts(layers, Layer)
    if part.__name__ not in OF_INTEGERS
} | {"square Linear": lambda: Linear(4, 4, bias=False)}
OWN = {
    "Gain": lambda: Gain(4),
    "Slope": Slope,
    "Residual": lambda: Residual(4),
    "Tied": lambda: Tied(4, 2),
    "UnitRows": UnitRows,
    "MaxPair": MaxPair,
    "Both": Both,
    "Noise": Noise,
}
UNSAFE = {"Abs": Abs, "Expit": Expit, "SoftSign": SoftSign, "Clip": Clip}


def check_alone(layer, x, *, limit=10_000, training=False, scheme=None, seed=0, **more):
    """Return what the check of the layer alone finds."""
    with ModelSandbox([layer]) as sandbox:
        harness = LayerHarness(sandbox, 0, training=training)
        rng = np.random.default_rng(seed)
        return check_layer(harness, x, rng, limit=limit, scheme=scheme, **more)


def verdicts(result):
    return {check.parameter: check.verdict for check in result.checks}


def batch(m=5, features=4, seed=3):
    return np.random.default_rng(seed).standard_normal((m, features))


@pytest.mark.parametrize("limit", [10_000, 0], ids=["elements", "probes"])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", [*BUILT_IN, *OWN])
def test_a_right_layer_passes(name, training, limit):
    result = check_alone({**BUILT_IN, **OWN}[name](), batch(), limit=limit, training=training)
    assert set(verdicts(result).values()) == {"pass"}
    assert max(check.difference for check in result.checks) < 1e-13
    assert result.notes == []
    assert bool(result.numeric) == (limit > 0)
    assert bool(result.probes) == (limit == 0)


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize(
    "x",
    [
        np.zeros((3, 4)),
        -np.ones((1, 4)),
        40 * batch(),
        synthetic_input(batch(), np.random.default_rng(0)),
    ],
)
def test_a_built_in_layer_passes_at_every_input(name, x):
    result = check_alone(BUILT_IN[name](), x)
    assert "fail" not in verdicts(result).values()


@pytest.mark.parametrize("name", UNSAFE)
def test_a_layer_that_is_not_complex_safe_passes_by_central_differences(name):
    result = check_alone(UNSAFE[name](), batch())
    assert verdicts(result) == {"input": "pass"}
    if name != "Clip":  # np.clip is complex-safe
        assert "not complex-safe" in result.notes[0]
        assert result.checks[0].method.startswith("central differences")


@pytest.mark.parametrize("limit", [10_000, 0], ids=["elements", "probes"])
@pytest.mark.parametrize("name", ["Abs", "Expit", "SoftSign"])
def test_a_bug_is_found_by_central_differences_too(name, limit):
    layer = UNSAFE[name]()
    right = layer.backward
    layer.backward = lambda dy: right(dy) * (1 + 1e-4)
    assert verdicts(check_alone(layer, batch(), limit=limit)) == {"input": "fail"}


def test_a_parameter_lost_in_complex_arithmetic_is_noticed():
    class RealGain(Gain):
        def forward(self, x, *, training=False):
            self.x = x
            return x * self.gain.value.real

    layer = RealGain(4)
    result = check_alone(layer, batch())
    assert "derivative for gain got lost" in result.notes[0]
    assert set(verdicts(result).values()) == {"pass"}
    right = layer.backward

    def buggy_backward(dy):
        dx = right(dy)
        layer.gain.grad[2] *= 1.001
        return dx

    layer.backward = buggy_backward
    assert verdicts(check_alone(layer, batch())) == {"gain": "fail", "input": "pass"}


@pytest.mark.parametrize("limit", [10_000, 0], ids=["elements", "probes"])
@pytest.mark.parametrize("parameter", ["weight", "bias", "input"])
def test_a_wrong_gradient_fails_alone(parameter, limit):
    layer = Linear(4, 3)
    right = layer.backward

    def buggy_backward(dy):
        dx = right(dy).copy()
        {"weight": layer.weight.grad, "bias": layer.bias.grad, "input": dx}[parameter].flat[1] *= (
            1 + 1e-9
        )
        return dx

    layer.backward = buggy_backward
    result = check_alone(layer, batch(), limit=limit)
    assert [name for name, verdict in verdicts(result).items() if verdict == "fail"] == [parameter]


@pytest.mark.parametrize("limit", [10_000, 0], ids=["elements", "probes"])
def test_a_gradient_of_another_shape_fails(limit):
    layer = Tanh()
    right = layer.backward
    layer.backward = lambda dy: right(dy)[:, :1]
    result = check_alone(layer, batch(), limit=limit)
    assert verdicts(result) == {"input": "fail"}
    assert "shape (5, 1)" in result.checks[0].diagnosis


def test_a_missing_input_gradient_fails():
    layer = Linear(4, 3)
    right = layer.backward

    def forgetful(dy):
        right(dy)

    layer.backward = forgetful
    result = check_alone(layer, batch())
    assert verdicts(result) == {"weight": "pass", "bias": "pass", "input": "fail"}
    assert "None" in result.checks[2].diagnosis


def test_the_input_may_have_a_limit_of_its_own():
    result = check_alone(Linear(4, 3), batch(), limit=10_000, input_limit=0)
    assert set(result.numeric) == {"weight", "bias"}
    assert set(result.probes) == {"input"}


def test_a_step_that_is_given_is_kept():
    result = check_alone(Tanh(), batch(), scheme=CentralDifference(1e-5))
    assert result.checks[0].method == CentralDifference(1e-5).name


def test_the_mask_of_dropout_is_frozen_while_training():
    result = check_alone(Dropout(0.5), batch(40), training=True)
    slopes = result.analytic["input"] / result.cotangent
    assert set(np.unique(slopes.round(12))) == {0.0, 2.0}
    assert verdicts(result) == {"input": "pass"}


def test_a_mask_that_backward_forgets_is_found_while_training_only():
    layer = Dropout(0.5)
    layer.backward = lambda dy: dy * 1.0
    assert verdicts(check_alone(layer, batch())) == {"input": "pass"}
    assert verdicts(check_alone(layer, batch(), training=True)) == {"input": "fail"}


def test_the_numeric_gradient_for_the_cotangent_of_the_net_comes_from_the_same_calls():
    x, c = batch(), np.random.default_rng(9).standard_normal((5, 3))
    layer = Linear(4, 3)
    result = check_alone(layer, x, dy=NumericGradient(c, np.zeros(c.shape), "complex step"))
    np.testing.assert_allclose(result.backpropagated["weight"].value, c.T @ x, rtol=1e-12)
    np.testing.assert_allclose(
        result.backpropagated["input"].value, c @ layer.weight.value, rtol=1e-12
    )


def test_dead_units_count_as_untested_under_probes_too():
    result = check_alone(Linear(4, 3), np.zeros((5, 4)), limit=0)
    assert {check.parameter: check.untested for check in result.checks}["weight"] == 12


def test_the_steps_are_chosen_by_the_layer():
    for layer, kind in ((Tanh(), ComplexStep), (Expit(), RichardsonDifference)):
        assert isinstance(check_alone(layer, batch()).harness.scheme, kind)


# All layers of a model, from the last to the first.


def net(*middle, width=4):
    layers = [Linear(3, 4), *middle, Linear(width, 1), Sigmoid()]
    return Sequential(layers, loss=BinaryCrossEntropy(), dtype=np.float64, seed=2)


def test_the_layers_come_in_order_after_the_loss():
    with context_of(net(Tanh(), Dropout(0.5)), *rows()) as context:
        loss, layers = layers_of(context)
    assert [(c.layer, c.parameter, c.training) for c in loss.checks + layers.checks] == [
        (None, "prediction", False),
        (0, "weight", False),
        (0, "bias", False),
        (0, "input", False),
        (1, "input", False),
        (2, "input", False),
        (2, "input", True),
        (3, "weight", False),
        (3, "bias", False),
        (3, "input", False),
        (4, "input", False),
    ]


class Log(Layer):
    """Defined for positive numbers alone."""

    def forward(self, x, *, training=False):
        self.x = x
        with np.errstate(all="ignore"):
            return np.log(x)

    def backward(self, dy):
        return dy / self.x


def test_a_layer_is_not_tried_outside_of_its_domain():
    model = Sequential([Log(), Linear(3, 1)], loss=MeanSquaredError(), dtype=np.float64)
    X = np.random.default_rng(0).uniform(1, 3, (5, 3))
    with context_of(model, X, np.ones((5, 1))) as context:
        loss, real_data = layers_of(context)
        synthetic = check_layers(context, loss, schemes=real_data.schemes, synthetic=True)
    assert {check.layer for check in loss.checks + real_data.checks} == {None, 0, 1}
    assert {check.layer for check in synthetic.checks if check.term == "layer"} == {1}
    checks = loss.checks + real_data.checks + synthetic.checks
    assert {check.verdict for check in checks} == {"pass"}


LIMIT = "minidl.gradcheck.stages.layers._forward_call_limit"


@pytest.mark.parametrize("exhaustive", [False, True])
def test_exhaustive_computes_every_parameter(exhaustive, monkeypatch):
    monkeypatch.setattr(LIMIT, lambda harness, m: 0)
    with context_of(net(Tanh()), *rows(), exhaustive=exhaustive) as context:
        _, layers = layers_of(context)
        assert (len(layers.numeric) == 4) == exhaustive


def test_larger_layers_may_spend_fewer_forward_calls():
    limits = []
    for layer in (Linear(3, 4), Linear(3, 3000)):
        with ModelSandbox([layer]) as sandbox:
            limits.append(_forward_call_limit(LayerHarness(sandbox, 0), 10))
    assert limits[0] > 2 * limits[1] > 0


def test_a_layer_that_differs_while_training_is_checked_as_it_is_then():
    class Hidden(Layer):
        """Drops units from a separate stream, which it does not say."""

        def __init__(self):
            self.stream = np.random.RandomState(3)

        def forward(self, x, *, training=False):
            self.mask = self.stream.random(x.shape) < 0.5 if training else np.ones(x.shape)
            return x * self.mask

        def backward(self, dy):
            return dy * 1.0

    with context_of(net(Hidden()), *rows()) as context:
        check_contract(context)
        loss, layers = layers_of(context)
    failures = [c for c in loss.checks + layers.checks if c.verdict == "fail"]
    assert [(c.layer, c.parameter, c.training) for c in failures] == [(1, "input", True)]


def test_pairs_of_features_pass():
    with context_of(net(MaxPair(), width=2), *rows()) as context:
        loss, layers = layers_of(context)
    assert {check.verdict for check in loss.checks + layers.checks} == {"pass"}


@pytest.mark.parametrize("make", [ReLU, partial(Residual, 3)])
def test_a_layer_that_is_probed_may_sit_on_kinks(make, monkeypatch):
    x = np.zeros((4, 3))
    x[::2] = np.random.default_rng(0).standard_normal((2, 3))
    model = Sequential([make(), Linear(3, 1)], loss=MeanSquaredError(), dtype=np.float64)
    for parameter in model.layers[0].parameters().values():
        if parameter.value.ndim == 1:
            parameter.value = np.zeros(parameter.shape)
    monkeypatch.setattr("minidl.gradcheck.stages.layers.LAYER_SECONDS", 0.0)
    for seed in range(4):
        report = GradientChecker(model, seed=seed).check(x, np.ones((4, 1)))
        assert report.ok, str(report)


def test_a_gradient_that_cancels_inside_of_a_custom_layer_has_its_rounding():
    """The weight of one feature is normalized to its sign, but for an epsilon of 1e-12."""
    for seed in range(4):
        layer, rng = WeightNorm(1, 4), np.random.default_rng(seed)
        layer.v.value = rng.standard_normal((4, 1)) / 1e3
        report = check_layer_alone(layer, 30 * rng.standard_normal((5, 1)), seed=seed)
        assert "v" not in {check.parameter for check in report.failures}, str(report)


class Bent(Layer):
    """x + slight * abs(x), whose backward pass forgets the second part."""

    def __init__(self, slight):
        self.slight = slight

    def forward(self, x, *, training=False):
        return x + self.slight * np.abs(x)

    def backward(self, dy):
        return 1.0 * dy


@pytest.mark.parametrize("slight", [1e-4, 1e-6, 1e-8])
def test_a_slight_part_that_complex_numbers_lose_and_backward_forgets_is_seen(slight):
    report = check_layer_alone(Bent(slight), np.random.default_rng(0).standard_normal((5, 4)))
    assert [check.parameter for check in report.failures if check.term == "layer"]
