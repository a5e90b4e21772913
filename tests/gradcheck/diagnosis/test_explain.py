"""On whole models, the diagnosis names the layer, its parameter and the mistake."""

import copy
import re

import numpy as np
import pytest
from custom_parts import Gain, KeepsTheFirst

from minidl import (
    L1,
    L2,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Dropout,
    Linear,
    MeanSquaredError,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
)
from minidl.gradcheck import Check, GradientChecker
from minidl.gradcheck.diagnosis.explain import explain_network, explain_penalty
from minidl.gradcheck.layer_harness import LayerHarness
from minidl.gradcheck.sandbox import ModelSandbox

M = 6


def net(*hidden, penalties=(), width=4, loss=None, last=Sigmoid):
    layers = [Linear(4, width), *hidden, Linear(width, 1), last()]
    return Sequential(
        layers, loss=loss or BinaryCrossEntropy(), penalties=penalties, dtype=np.float64, seed=1
    )


def checked(model):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((M, 4))
    shape = model.predict(X).shape
    Y = rng.integers(0, 2, shape) if shape[1] == 1 else rng.integers(0, shape[1], M)
    return GradientChecker(model).check(X, Y)


def replace_backward(layer, change):
    """Let the layer's backward be change(layer, its backward, dy)."""
    right = layer.backward
    layer.backward = lambda dy: change(layer, right, dy)


def after(parameter, change):
    """Return a bug that changes a gradient after the right backward."""

    def bug(layer, right, dy):
        dx = right(dy)
        if parameter == "input":
            return change(np.array(dx), layer, dy)
        grad = getattr(layer, parameter).grad
        grad[...] = change(grad.copy(), layer, dy)
        return dx

    return bug


def first_element(g, layer, dy):
    g.flat[0] *= 3
    return g


def last_row(g, layer, dy):
    g[-1] = 0
    return g


def first_column(g, layer, dy):
    g[:, 0] *= 2
    return g


def of_output(derivative):
    return lambda layer, right, dy: dy * derivative(layer._y)


# (what, the hidden layers, the number of the wrong one, its bug, the parameter, what is said)
LAYERS = [
    ("sign", [ReLU()], 0, after("weight", lambda g, *_: -g), "weight", "the sign is wrong"),
    ("sign of dx", [Tanh()], 1, after("input", lambda g, *_: -g), "input", "the sign is wrong"),
    (
        "factor 2",
        [ReLU()],
        0,
        after("bias", lambda g, *_: 2 * g),
        "bias",
        "analytic = 2.000 x numeric in all 4 elements.*an extra factor of 2",
    ),
    (
        "1/m twice",
        [ReLU()],
        0,
        after("weight", lambda g, layer, dy: g / len(dy)),
        "weight",
        "1/m applied twice",
    ),
    (
        "1/m missing",
        [ReLU()],
        0,
        after("weight", lambda g, layer, dy: g * len(dy)),
        "weight",
        "the mean's 1/m missing",
    ),
    (
        "transposed",
        [ReLU()],
        0,
        after("weight", lambda g, *_: g.T.copy()),
        "weight",
        "numeric transposed",
    ),
    (
        "dx by weight.T",
        [ReLU()],
        0,
        lambda layer, right, dy: (right(dy), dy @ layer.weight.value.T)[1],
        "input",
        "transposed",
    ),
    (
        "zero",
        [ReLU()],
        0,
        after("bias", lambda g, *_: 0 * g),
        "bias",
        "analytic = 0 in all 4 elements",
    ),
    ("detached", [Tanh()], 1, after("input", lambda g, *_: 0 * g), "input", "detached"),
    (
        "no derivative",
        [Tanh()],
        1,
        lambda layer, right, dy: dy * 1.0,
        "input",
        "the derivative of the activation is missing",
    ),
    (
        "sigmoid at the output",
        [Sigmoid()],
        1,
        of_output(lambda y: np.exp(-y) / (1 + np.exp(-y)) ** 2),
        "input",
        "taken at the output",
    ),
    (
        "tanh at the output",
        [Tanh()],
        1,
        of_output(lambda y: 1 - np.tanh(y) ** 2),
        "input",
        "taken at the output",
    ),
    (
        "sigmoid of the input",
        [Sigmoid()],
        1,
        of_output(lambda y: (x := np.log(y / (1 - y))) * (1 - x)),
        "input",
        "formula for outputs taken at the input",
    ),
    (
        "tanh without the square",
        [Tanh()],
        1,
        of_output(lambda y: 1 - y),
        "input",
        "a term or a square",
    ),
    (
        "sigmoid without a term",
        [Sigmoid()],
        1,
        of_output(lambda y: y),
        "input",
        "the output instead of the derivative",
    ),
    (
        "softmax's diagonal",
        [Softmax()],
        1,
        of_output(lambda y: y * (1 - y)),
        "input",
        "only the diagonal",
    ),
    (
        "derivative twice",
        [Tanh()],
        1,
        of_output(lambda y: (1 - y * y) ** 2),
        "input",
        "applied twice",
    ),
    ("mask inverted", [ReLU()], 1, of_output(lambda y: y <= 0), "input", "the mask is inverted"),
    (
        "mask of dy",
        [ReLU()],
        1,
        lambda layer, right, dy: dy * (dy > 0),
        "input",
        "taken from the incoming gradient",
    ),
    (
        "only the last example",
        [ReLU()],
        0,
        lambda layer, right, dy: right(np.where(np.arange(len(dy))[:, None] == len(dy) - 1, dy, 0)),
        "weight",
        "only the last example",
    ),
    (
        "wrong axis",
        [ReLU()],
        0,
        after("bias", lambda g, layer, dy: np.full(g.shape, dy.sum())),
        "bias",
        "the sum of dy over both axes",
    ),
    (
        "one element",
        [ReLU()],
        0,
        after("weight", first_element),
        "weight",
        r"only element \(0, 0\) of 16 is wrong, 3.000 x numeric",
    ),
    ("one row", [ReLU()], 0, after("weight", last_row), "weight", "only row 3 of 4 is zero"),
    (
        "one column",
        [ReLU()],
        0,
        after("weight", first_column),
        "weight",
        "only column 0 of 4 is 2.000 x numeric",
    ),
    (
        "clipped",
        [ReLU()],
        0,
        after("weight", lambda g, *_: np.clip(g, -0.5, 0.5)),
        "weight",
        "clipped",
    ),
    (
        "float32",
        [ReLU()],
        0,
        after("weight", lambda g, *_: g.astype(np.float32)),
        "weight",
        "float32",
    ),
    (
        "the output for the input",
        [Tanh(), Linear(4, 4), Tanh()],
        2,
        after("weight", lambda g, layer, dy: dy.T @ layer.forward(layer._x)),
        "weight",
        "the layer's output instead of its input",
    ),
    (
        "the input left out",
        [ReLU()],
        0,
        after("weight", lambda g, layer, dy: np.repeat(dy.sum(axis=0)[:, None], 4, axis=1)),
        "weight",
        "left out|equal",
    ),
    (
        "nothing known",
        [ReLU()],
        0,
        after("weight", lambda g, *_: g + 0.1 * np.cos(np.arange(16.0)).reshape(4, 4)),
        "weight",
        "unknown|right with",  # the mistake is in this file, where it is looked for
    ),
]


@pytest.mark.parametrize(
    ("hidden", "number", "bug", "parameter", "words"),
    [row[1:] for row in LAYERS],
    ids=[row[0] for row in LAYERS],
)
def test_the_layer_the_parameter_and_the_mistake_are_named(hidden, number, bug, parameter, words):
    model = net(*copy.deepcopy(hidden))
    replace_backward(model.layers[number], bug)
    report = checked(model)
    guilty = report.guilty
    assert (guilty.layer, guilty.parameter) == (number, parameter)
    assert re.search(words, guilty.diagnosis), guilty.diagnosis
    assert re.match(r"\d+ of \d+ elements wrong", guilty.error_summary)
    assert not guilty.training


# While training: the mask of dropout.
MASKS = [
    ("missing", lambda layer, right, dy: dy * 1.0, "the mask"),
    ("scaled only", lambda layer, right, dy: dy / 0.7, "the mask is missing"),
    ("inverted", lambda layer, right, dy: dy / 0.7 * (layer._mask == 0), "inverted"),
    ("unscaled", lambda layer, right, dy: dy * (layer._mask > 0), "unscaled"),
    (
        "scaled twice",
        lambda layer, right, dy: dy * layer._mask / 0.7,
        "scaled by 1/keep_prob twice",
    ),
    (
        "drawn anew",
        lambda layer, right, dy: dy * (layer.rng.random(dy.shape) < 0.7) / 0.7,
        "another mask than forward's: .*drawn anew",
    ),
]


@pytest.mark.parametrize(
    ("bug", "words"), [row[1:] for row in MASKS], ids=[row[0] for row in MASKS]
)
def test_a_wrong_mask_is_named(bug, words):
    model = net(Tanh(), Dropout(0.7))
    replace_backward(
        model.layers[2],
        lambda layer, right, dy: dy if layer._mask is None else bug(layer, right, dy),
    )
    guilty = checked(model).guilty
    assert (guilty.layer, guilty.parameter, guilty.training) == (2, "input", True)
    assert re.search(words, guilty.diagnosis), guilty.diagnosis


def test_the_failures_of_the_net_follow_from_the_layer():
    model = net(Tanh(), Linear(4, 4), Tanh())
    replace_backward(model.layers[2], after("input", lambda g, *_: 2 * g))
    report = checked(model)
    assert [(c.layer, c.parameter) for c in report.failures if not c.caused_by] == [(2, "input")]
    following = {(c.term, c.layer): c.caused_by for c in report.failures if c.caused_by}
    assert following[("data", 0)] == "the input gradient of layer 2"
    assert ("data", 4) not in following


def test_gradients_of_two_layers_swapped():
    model = net(Tanh(), Linear(4, 4, bias=False), Tanh())
    first, second = model.layers[0], model.layers[2]
    objective = model.objective_function
    right = objective.backward

    def swapped(sample_weight=None):
        right(sample_weight)
        first.weight.grad[...], second.weight.grad[...] = (
            second.weight.grad.copy(),
            first.weight.grad.copy(),
        )

    objective.backward = swapped
    report = checked(model)
    assert {c.term for c in report.failures} == {"data", "total"}  # each layer alone is right
    assert report.guilty.layer == 0
    assert (
        "the numeric gradient of layer 2 Linear(4, 4, bias=False) weight: "
        "gradients of two arrays swapped" in report.guilty.diagnosis
    )


def test_a_layer_skipped_on_the_way_back():
    model = net(Tanh(), Linear(4, 4), Tanh())
    objective = model.objective_function

    def backward(sample_weight=None):
        dy = objective.loss_backward(sample_weight)
        for i in (4, 2):
            dy = model.layers[i].backward(dy)
        model.layers[0].backward_parameters(model.layers[1].backward(dy))

    objective.backward = backward
    report = checked(model)
    assert {c.term for c in report.failures} == {"data", "total"}
    assert {c.layer for c in report.failures} == {0, 2}


def test_gradients_that_accumulate_are_said_to():
    model = net(ReLU())

    def bug(layer, right, dy):
        before = np.nan_to_num(layer.weight.grad)
        dx = right(dy)
        layer.weight.grad[...] += before
        return dx

    replace_backward(model.layers[2], bug)
    guilty = checked(model).guilty
    assert (guilty.layer, guilty.term) == (2, "protocol")
    assert "accumulate" in guilty.diagnosis


@pytest.mark.parametrize("n_rows_before", [0, 1, M, M + 1])
def test_a_stale_cache_is_said_to_be_whatever_it_held_before_the_check(n_rows_before):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((M, 4))
    model = net(KeepsTheFirst(4))
    if n_rows_before:  # with these rows among them, the gradients of the check are right
        model.objective_function.forward(np.concatenate([X, X])[:n_rows_before])
    report = GradientChecker(model).check(X, [0, 1] * 3)
    broken = [c for c in report.failures if c.term == "protocol"]
    assert [(c.layer, c.parameter) for c in broken] == [(1, "no stale cache")]
    assert len(getattr(model.layers[1], "first", ())) == n_rows_before  # given back


def test_a_cache_that_is_stale_before_the_check_is_found_too():
    assert (1, "no stale cache") in {
        (c.layer, c.parameter) for c in checked(net(KeepsTheFirst(4))).failures
    }


def test_a_gradient_that_is_never_written_borrows_the_words_of_the_rule():
    class Forgets(Gain):
        def backward(self, dy):
            return dy * self.gain.value

    report = checked(net(Forgets(4)))
    assert (report.guilty.layer, report.guilty.term, report.guilty.parameter) == (
        1,
        "layer",
        "gain",
    )
    assert (
        "consistent with a broken rule: backward never writes the gradient of gain"
        in report.guilty.diagnosis
    )
    assert report.difference == 1


# Penalties, each alone.


class Factor(L2):
    def gradient(self, weight, m, out):
        np.multiply(weight, 2 * self.strength / m, out=out)


class Forgotten(L2):
    def gradient(self, weight, m, out):
        out[...] = 0


class Sign(L2):
    def gradient(self, weight, m, out):
        np.multiply(weight, -self.strength / m, out=out)


class NoMean(L2):
    def gradient(self, weight, m, out):
        np.multiply(weight, self.strength, out=out)


class OfL1(L2):
    def gradient(self, weight, m, out):
        np.multiply(np.sign(weight), self.strength / m, out=out)


class NoLambda(L2):
    def gradient(self, weight, m, out):
        np.multiply(weight, 1 / m, out=out)


class OfL2(L1):
    def gradient(self, weight, m, out):
        np.multiply(weight, self.strength / m, out=out)


PENALTIES = [
    (Factor, "an extra factor of 2"),
    (Forgotten, "analytic = 0"),
    (Sign, "the sign is wrong"),
    (NoMean, "1/m missing"),
    (NoLambda, "an extra division by lambda = 0.3"),
    (OfL1, "x the sign of the weights, which numeric is not: the gradient of another penalty"),
    (OfL2, "x the weights, which numeric is not: the gradient of another penalty"),
]


@pytest.mark.parametrize(
    ("penalty", "words"), PENALTIES, ids=[penalty.__name__ for penalty, _ in PENALTIES]
)
def test_a_wrong_penalty_is_named(penalty, words):
    report = checked(net(ReLU(), penalties=[penalty(0.3)]))
    guilty = report.guilty
    assert (guilty.layer, guilty.term, guilty.parameter) == (
        0,
        f"{penalty.__name__}(0.3)",
        "weight",
    )
    assert words in guilty.diagnosis
    assert {c.caused_by for c in report.failures if c.term == "total"} == {"the penalty"}
    assert not [c for c in report.failures if c.term in ("layer", "data", "protocol")]


def test_a_penalty_whose_gradient_reaches_a_bias():
    model = net(ReLU(), penalties=[L2(0.3)])
    objective = model.objective_function
    right = objective.add_penalty_gradient

    def also_bias(index, m):
        right(index, m)
        model.layers[0].bias.grad += model.layers[0].bias.value * 0.3 / m

    model.layers[0].bias.value = np.arange(1.0, 5)
    objective.add_penalty_gradient = also_bias
    guilty = next(c for c in checked(model).failures if c.term == "L2(0.3)")
    assert (guilty.layer, guilty.parameter) == (0, "bias")
    assert "penalized in the gradient only" in guilty.diagnosis


def test_a_bias_that_is_penalized_in_the_value_only():
    model = net(ReLU(), penalties=[L2(0.3)])
    objective = model.objective_function
    right = objective.penalty_value
    model.layers[0].bias.value = np.arange(1.0, 5)
    objective.penalty_value = lambda index, m: (
        right(index, m) + (model.layers[0].bias.value ** 2).sum() * 0.3 / (2 * m)
    )
    guilty = next(c for c in checked(model).failures if c.term == "L2(0.3)")
    assert (guilty.layer, guilty.parameter) == (0, "bias")
    assert "its value depends on bias, its gradient does not" in guilty.diagnosis


# The loss.


def test_a_loss_that_forgets_the_mean():
    class Total(MeanSquaredError):
        def backward(self):
            return super().backward() * len(self._difference)

    report = checked(net(Tanh(), loss=Total(), last=Tanh))
    assert (report.guilty.layer, report.guilty.parameter) == (None, "prediction")
    assert "the mean's 1/m missing" in report.guilty.diagnosis
    assert {c.caused_by for c in report.failures[1:]} == {"the gradient of the loss"}


def test_a_loss_of_the_last_example_only():
    class Last(MeanSquaredError):
        def backward(self):
            gradient = super().backward()
            gradient[:-1] = 0
            return gradient

    assert (
        "only the last example's gradient"
        in checked(net(Tanh(), loss=Last(), last=Tanh)).guilty.diagnosis
    )


def test_a_loss_of_another_shape():
    class Flat(MeanSquaredError):
        def backward(self):
            return super().backward()[:, 0]

    model = net(Tanh(), loss=Flat(), last=Tanh)
    replace_backward(model.layers[-1], lambda layer, right, dy: right(dy.reshape(-1, 1)))
    guilty = checked(model).guilty
    assert guilty.parameter == "gradient like the prediction"
    assert "(6,) for a prediction of float64 (6, 1)" in guilty.diagnosis


def test_a_categorical_loss_with_a_factor():
    class Doubled(CategoricalCrossEntropy):
        def backward(self):
            return 2 * super().backward()

    model = Sequential([Linear(4, 3), Softmax()], loss=Doubled(), dtype=np.float64)
    assert "an extra factor of 2" in checked(model).guilty.diagnosis


LIMIT = "minidl.gradcheck.stages.layers._forward_call_limit"


def test_a_bug_found_by_probes_is_looked_at_element_by_element(monkeypatch):
    monkeypatch.setattr(LIMIT, lambda harness, m: 0)
    model = net(ReLU())
    replace_backward(model.layers[0], after("weight", first_element))
    guilty = checked(model).guilty
    assert (guilty.layer, guilty.parameter) == (0, "weight")
    assert "only element (0, 0) of 16 is wrong" in guilty.diagnosis
    assert guilty.error_summary.startswith("1 of 16 elements wrong")


def test_what_is_too_dear_to_compute_whole_is_located(monkeypatch):
    monkeypatch.setattr(LIMIT, lambda harness, m: 0)
    monkeypatch.setattr(LayerHarness, "numeric_gradients", lambda self, *_: None)
    model = net(ReLU())
    replace_backward(model.layers[0], after("weight", first_element))
    guilty = checked(model).guilty
    assert (guilty.layer, guilty.parameter) == (0, "weight")
    assert "only element (0, 0) of 16 is wrong" in guilty.diagnosis


def test_a_bias_summed_over_the_features():
    """Only a batch as long as the layer is wide gives an array that fits."""
    model = net(ReLU(), width=M)
    replace_backward(
        model.layers[0], after("bias", lambda g, layer, dy: dy.sum(axis=1) if len(dy) == M else g)
    )
    guilty = checked(model).guilty
    assert (guilty.layer, guilty.parameter) == (0, "bias")
    assert "over the features instead of the examples" in guilty.diagnosis


def test_what_is_wrong_at_the_given_point_alone_is_explained_there():
    """The weights are zero: nearby they are not, and nothing is wrong."""
    model = net(Tanh(), Linear(4, 4))
    layer = model.layers[2]
    layer.weight.value = np.zeros((4, 4))
    replace_backward(
        layer, after("weight", lambda g, layer, dy: 2 * g if not layer.weight.value.any() else g)
    )
    guilty = checked(model).guilty
    assert (guilty.layer, guilty.parameter) == (2, "weight")
    assert "an extra factor of 2" in guilty.diagnosis


# The functions, each on separate evidence.


def test_probes_alone_say_so():
    check = Check(0, "data", "weight", verdict="fail")
    explain_network(check, [check], 5)
    assert check.error_summary == "found by probes that cover every element"


def test_a_penalty_found_by_a_probe_that_differs_on_both_sides_stays_open():
    layer = Linear(2, 1)
    check = Check(
        0, "L2(0.1)", "bias", verdict="fail", worst={"analytic": 1.0, "numeric": 2.0, "bar": 0.0}
    )
    nowhere = Check(
        None, "L2(0.1)", "bias", verdict="fail", worst={"analytic": 1.0, "numeric": 0.0, "bar": 0.0}
    )
    with ModelSandbox([layer]) as sandbox:
        explain_penalty(check, 5, sandbox)
        explain_penalty(nowhere, 5, sandbox)
    assert check.diagnosis == nowhere.diagnosis == ""
