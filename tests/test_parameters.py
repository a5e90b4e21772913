import copy
import pickle

import numpy as np
import pytest

from minidl import (
    ArgumentError,
    Linear,
    MeanSquaredError,
    Ones,
    Parameter,
    ParameterVector,
    Random,
    Sequential,
    ShapeError,
    Zeros,
)

F8 = np.dtype(np.float64)


def vector():
    named = [
        ("0.weight", Parameter((2, 3), init=Random(1))),
        ("0.bias", Parameter((2,), init=Zeros())),
        ("1.gain", Parameter((1,), init=Ones())),
    ]
    return ParameterVector(named, F8, np.random.default_rng(0))


def test_values_are_drawn_in_order_from_one_stream():
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(vector().theta, [*rng.standard_normal((2, 3)).ravel(), 0, 0, 1])


def test_values_and_gradients_are_views_into_the_vector():
    parameters = vector()
    parameters["0.bias"].value[1] = 7
    parameters["1.gain"].grad[0] = 8
    assert (parameters.theta[7], parameters.grad[8]) == (7, 8)
    parameters.theta = np.arange(9.0)
    np.testing.assert_array_equal(parameters["0.weight"].value, [[0, 1, 2], [3, 4, 5]])
    assert parameters.theta.flags.c_contiguous


def test_a_gradient_is_nan_before_backward():
    assert np.isnan(vector().grad).all()
    assert np.isnan(Parameter((2,), init=Ones()).grad).all()


def test_the_vector_knows_names_and_sizes():
    parameters = vector()
    assert [name for name, _ in parameters] == ["0.weight", "0.bias", "1.gain"]
    assert (len(parameters), parameters.size, parameters.dtype) == (3, 9, F8)
    assert (
        str(parameters) == "ParameterVector(9 float64: 0.weight (2, 3), 0.bias (2,), 1.gain (1,))"
    )


@pytest.mark.parametrize(
    ("index", "place"),
    [
        (0, ("0.weight", (0, 0))),
        (4, ("0.weight", (1, 1))),
        (7, ("0.bias", (1,))),
        (8, ("1.gain", (0,))),
    ],
)
def test_locate(index, place):
    assert vector().locate(index) == place


@pytest.mark.parametrize("index", [-1, 9])
def test_locating_an_element_outside_raises(index):
    with pytest.raises(ArgumentError, match=rf"index must be in \[0, 9\), got {index}"):
        vector().locate(index)


def test_an_unknown_name_raises_and_lists_the_names():
    with pytest.raises(
        ArgumentError, match=r"no parameter is named '0\.w': there are 0\.weight, 0\.bias, 1\.gain"
    ):
        vector()["0.w"]


@pytest.mark.parametrize("new", [np.ones(1), np.ones((9, 1)), 1.0, np.ones(10)])
def test_assigning_to_theta_never_broadcasts(new):
    with pytest.raises(ShapeError, match=r"theta has shape \(9,\), got .*never broadcast"):
        vector().theta = new


def test_assigning_to_a_value_copies():
    parameter, new = Parameter((2,), init=Zeros()), np.array([1.0, 2.0])
    memory = parameter.value
    parameter.value = new
    assert parameter.value is memory
    new[0] = 9
    np.testing.assert_array_equal(memory, [1, 2])
    parameter.grad = [3, 4]
    np.testing.assert_array_equal(parameter.grad, [3, 4])


@pytest.mark.parametrize("name", ["value", "grad"])
def test_assigning_never_broadcasts(name):
    with pytest.raises(
        ShapeError, match=r"a Parameter's .* has shape \(2,\), got \(1,\).*never broadcast"
    ):
        setattr(Parameter((2,), init=Zeros()), name, [1.0])


def test_alone_a_value_is_drawn_from_seed_0_in_float32():
    parameter = Parameter((3, 2), init=Random(1))
    assert not parameter.has_value
    assert parameter.value.dtype == np.float32
    np.testing.assert_array_equal(
        parameter.value, np.random.default_rng(0).standard_normal((3, 2)).astype(np.float32)
    )
    assert parameter.has_value


def test_a_single_number_is_an_array_too():
    number = Parameter((), init=Ones())
    number.value[...] += 1
    assert (number.value, number.grad.shape, number.size) == (2, (), 1)
    vector = ParameterVector([("0.slope", number)], F8, np.random.default_rng(0))
    assert (vector.theta, vector.locate(0)) == ([2], ("0.slope", ()))


def test_initialize_draws_anew_in_place():
    parameter = Parameter((3,), init=Random(1))
    memory, before = parameter.value, parameter.value.copy()
    parameter.initialize(np.random.default_rng(1))
    assert parameter.value is memory
    assert not np.array_equal(before, memory)


def test_a_value_set_before_is_kept_by_the_model():
    layer = Linear(2, 1)
    layer.weight.value = [[5, 6]]
    Sequential([layer], loss=MeanSquaredError())
    np.testing.assert_array_equal(layer.weight.value, [[5, 6]])


@pytest.mark.parametrize(("shape", "penalized"), [((3,), False), ((3, 2), True), ((3, 2, 2), True)])
def test_matrices_are_penalized_and_vectors_are_not(shape, penalized):
    assert Parameter(shape, init=Zeros()).penalized is penalized
    assert Parameter(shape, init=Zeros(), penalized=not penalized).penalized is not penalized


@pytest.mark.parametrize("shape", [(0,), (2, -1), (1.5,), ("a",)])
def test_shapes_must_be_positive_integers(shape):
    with pytest.raises(ArgumentError, match="shape must be integers >= 1, got"):
        Parameter(shape, init=Zeros())


@pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, copy.copy, lambda p: pickle.loads(pickle.dumps(p))],
    ids=["deepcopy", "copy", "pickle"],
)
@pytest.mark.parametrize("bound", [True, False])
def test_a_copy_owns_its_memory(copied, bound):
    parameter = vector()["0.weight"] if bound else Parameter((2, 3), init=Ones())
    before = parameter.value.copy() if bound else np.ones((2, 3))
    twin = copied(parameter)
    np.testing.assert_array_equal(twin.value, before)
    twin.value[...] = -1
    np.testing.assert_array_equal(parameter.value, before)


def test_repr():
    assert str(Parameter((2, 3), init=Ones())) == "Parameter((2, 3), init=Ones())"


def test_memory_is_replaced_without_a_copy_and_given_back():
    parameter = Parameter((2,), init=Ones())
    assert parameter.memory is None
    original = parameter.value
    assert parameter.memory[0] is original
    assert parameter.memory[1] is parameter.grad
    lent = np.zeros(2), np.zeros(2)
    parameter.memory = lent
    assert parameter.value is lent[0]
    np.testing.assert_array_equal(original, 1)
    parameter.memory = None
    np.testing.assert_array_equal(parameter.value, 1)  # drawn anew
    assert parameter.value is not original


def test_a_copy_is_in_no_model():
    layer = Linear(2, 1)
    Sequential([layer], loss=MeanSquaredError())
    assert layer.in_model
    assert layer.weight.in_model
    twin = copy.deepcopy(layer)
    assert not twin.in_model
    assert not twin.weight.in_model


def test_a_number_for_an_array_is_told_the_cure():
    bias = Linear(2, 3).bias
    with pytest.raises(ShapeError, match=r"set all elements, pass np\.full\(\(3,\), 2\.0\)"):
        bias.value = 2.0


def test_a_copy_has_the_gradient_and_a_pickle_has_not():
    parameter = vector()["0.weight"]
    parameter.grad = np.ones((2, 3))
    for copied in (copy.copy, copy.deepcopy):
        np.testing.assert_array_equal(copied(parameter).grad, 1)
    restored = pickle.loads(pickle.dumps(parameter))
    assert np.isnan(restored.grad).all()
    assert restored.grad.dtype == F8
    assert not np.shares_memory(restored.value, restored.grad)
