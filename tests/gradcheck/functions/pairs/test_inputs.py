"""Which inputs are differentiated, and what is passed through."""

import functools

import numpy as np
import pytest

from minidl.errors import ArgumentError, DtypeError, NonFiniteError
from minidl.gradcheck.functions.pairs.inputs import (
    FunctionInputs,
    check_finite_inputs,
    input_names,
)


def three(x, w, b):
    return x @ w + b


X, W, B = np.ones((2, 3)), np.ones((3, 4)), np.ones(4)


@pytest.mark.parametrize(
    ("function", "count", "names"),
    [
        (three, 3, ["x", "w", "b"]),
        (three, 1, ["x"]),
        (lambda *args: args, 2, ["args[0]", "args[1]"]),
        (lambda *args: args, 1, ["args"]),
        (lambda x, *rest: x, 3, ["x", "rest[0]", "rest[1]"]),
        (functools.partial(three, b=B), 2, ["x", "w"]),
        (dict, 1, ["input"]),
        (dict, 2, ["input[0]", "input[1]"]),
    ],
)
def test_names_come_from_the_signature(function, count, names):
    assert input_names(function, count) == names


def test_floats_are_differentiated_and_all_else_is_passed_through():
    def function(x, idx, mask, eps, mode, settings, params, none, steps, rng):
        pass

    generator = np.random.default_rng(0)
    settings = {"eps": 1e-5, "mode": "train", "running_mean": np.zeros(3)}
    params = {"W": W, "layers": [{"b": B}, {"b": 2 * B}], "order": np.array([1, 0])}
    idx, mask = np.array([0, 2]), np.array([0.0, -np.inf])
    values = (X, idx, mask, 0.5, "same", settings, params, None, (2, 2), generator)
    inputs = FunctionInputs(function, values)
    assert list(inputs.values) == [
        "x",
        "eps",
        "params.W",
        "params.layers[0].b",
        "params.layers[1].b",
    ]
    assert inputs.set_aside == {
        "idx": "contains integers",
        "mask": "contains infinities",
        "settings": "contains settings",
    }
    new = {"params.layers[1].b": 3 * B + 1j, "eps": np.array(0.25)}
    arguments = inputs.arguments(new)
    assert arguments[6]["layers"][1]["b"][0] == 3 + 1j
    assert arguments[6]["layers"][0]["b"][0] == 1
    assert arguments[3] == 0.25
    assert not isinstance(arguments[3], np.ndarray)
    assert arguments[9] is not generator
    assert arguments[9].random() == generator.random()
    for i in (1, 2, 4, 7, 8):
        np.testing.assert_array_equal(arguments[i], values[i])
    assert arguments[5] == settings | {"running_mean": arguments[5]["running_mean"]}


def test_arguments_are_copies():
    params = {"W": np.ones(2)}
    state = {"mean": np.zeros(2), "momentum": 0.9}
    inputs = FunctionInputs(lambda x, params, state: x, (X, params, state))
    x, p, s = inputs.arguments({})
    x += 1
    p["W"] += 1
    s["mean"] += 1
    s["new"] = 1
    assert (X == 1).all()
    assert (params["W"] == 1).all()
    assert (state["mean"] == 0).all()
    assert "new" not in state


def test_named_tuples_stay_what_they_are():
    from typing import NamedTuple

    class Params(NamedTuple):
        w: np.ndarray
        b: np.ndarray

    inputs = FunctionInputs(lambda p: p, (Params(W, B),))
    assert list(inputs.values) == ["p[0]", "p[1]"]
    assert isinstance(inputs.arguments({})[0], Params)


def test_nested_lists_of_floats_are_arrays():
    inputs = FunctionInputs(lambda x, k: x, ([[1.0, 2.0]], [1, 2]))
    assert inputs.values["x"].shape == (1, 2)
    assert inputs.arguments({})[1] == [1, 2]


@pytest.mark.parametrize("wrt", ["w", 1, -2, ["w"], ("w",), [1]])
def test_wrt_selects_by_name_or_position(wrt):
    inputs = FunctionInputs(three, (X, W, B), wrt)
    assert [name for name in inputs.values if inputs.is_selected(name)] == ["w"]


def test_wrt_may_name_one_array_of_a_container():
    inputs = FunctionInputs(lambda p: p, ({"W": W, "b": B},), "p.W")
    assert [name for name in inputs.values if inputs.is_selected(name)] == ["p.W"]


def test_wrt_may_ask_for_what_is_among_settings():
    settings = {"scale": np.ones(2), "mode": "train"}
    inputs = FunctionInputs(lambda x, s: x, (X, settings), ["s"])
    assert [name for name in inputs.values if inputs.is_selected(name)] == ["s.scale"]
    assert inputs.arguments({})[1]["mode"] == "train"


def test_wrt_out_of_range_is_refused():
    with pytest.raises(ArgumentError, match="got 3 for 3 inputs"):
        FunctionInputs(three, (X, W, B), 3)


@pytest.mark.parametrize(
    ("value", "words"), [(np.arange(3), "integers"), (np.ones(2) + 1j, "complex"), ("a", "setting")]
)
def test_wrt_cannot_ask_for_what_has_no_derivative(value, words):
    with pytest.raises(DtypeError, match=words):
        FunctionInputs(lambda x: x, (value,), "x")


def test_dtypes_are_kept_on_demand():
    inputs = FunctionInputs(lambda x: x, (X.astype(np.float32),))
    assert inputs.arguments({})[0].dtype == np.float64
    inputs.keeps_dtypes = True
    assert inputs.arguments({})[0].dtype == np.float32
    assert inputs.arguments({"x": X + 0j})[0].dtype == np.complex128


def test_nan_is_refused():
    with pytest.raises(NonFiniteError, match="NaN in x"):
        check_finite_inputs({"x": np.array([np.nan])})


def test_wrt_takes_names_and_positions_of_any_integer_type():
    def forward(x, w):
        return x * w

    for wrt in (1, np.int64(1), -1, [np.int8(1)], "w", {"w"}, ["w", 1]):
        assert FunctionInputs(forward, [X, W], wrt).wrt == {"w"}
    with pytest.raises(ArgumentError, match=r"at least one input, got \[\]"):
        FunctionInputs(forward, [X, W], [])
    for wrt in (True, [False], 1.0, [None]):
        with pytest.raises(ArgumentError, match="names or positions"):
            FunctionInputs(forward, [X, W], wrt)
