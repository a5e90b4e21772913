import copy
import tracemalloc

import numpy as np
import pytest
from helpers import assert_gradients, away_from_kink
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from minidl import (
    ELU,
    GELU,
    He,
    Initializer,
    LeakyReLU,
    ReLU,
    ShapeError,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
    Xavier,
    layers,
)
from minidl.layers import Activation
from minidl.utils.parts import exported_parts, parts_by_estimator_name, parts_by_option

# A new activation is covered as soon as it is exported.
ALL = [
    *(part() for part in exported_parts(layers, Activation)),
    LeakyReLU(0.3),
    GELU(approximate=True),
]


each = pytest.mark.parametrize("layer", ALL, ids=str)


floats = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@each
@given(
    m=st.integers(1, 5),
    width=st.integers(1, 5),
    seed=st.integers(0, 99),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_gradients(layer, m, width, seed, dtype):
    x = 2 * np.random.default_rng(seed).standard_normal((m, width)).astype(dtype)
    assert_gradients(layer, away_from_kink(x))


@each
@floats
def test_numbers_that_underflow_are_no_error(layer, dtype):
    tiny = np.finfo(dtype).tiny
    x = np.array([[tiny, -tiny, 3 * tiny], [-90, 90, -700]], dtype)
    expected = layer.forward(x).copy()
    with np.errstate(under="raise"):
        np.testing.assert_array_equal(layer.forward(x), expected)
        layer.backward(np.full_like(x, tiny))


@each
def test_gradients_of_images(layer):
    assert_gradients(layer, away_from_kink(np.random.default_rng(0).standard_normal((2, 3, 2))))


@pytest.mark.parametrize(
    ("layer", "formula"),
    [
        (ReLU(), lambda x: np.maximum(x, 0)),
        (LeakyReLU(0.25), lambda x: np.where(x > 0, x, 0.25 * x)),
        (Sigmoid(), special.expit),
        (Tanh(), np.tanh),
        (Softmax(), lambda x: special.softmax(x, axis=-1)),
    ],
    ids=lambda part: type(part).__name__,
)
@floats
def test_forward_is_the_formula_also_far_out(layer, formula, dtype):
    x = np.array([[-1000, -80, -5, -1, 0], [0.5, 1, 20, 80, 1000]], dtype)
    y = layer.forward(x)
    assert y.dtype == dtype
    np.testing.assert_allclose(
        y, formula(x), rtol=2e-6 if dtype == np.float32 else 1e-14, atol=1e-37
    )


def test_backward_by_hand():
    layer = Sigmoid()
    layer.forward(np.array([[0.0]]))
    assert layer.backward(np.array([[8.0]])) == [[2.0]]
    layer = Softmax()
    layer.forward(np.log([[1.0, 3.0]]))
    np.testing.assert_allclose(layer.backward(np.array([[1.0, 0.0]])), [[3 / 16, -3 / 16]])


@each
def test_input_and_gradient_are_left_as_they_are(layer):
    x, dy = np.array([[-1.0, 2.0]]), np.array([[3.0, 4.0]])
    layer.forward(x)
    layer.backward(dy)
    np.testing.assert_array_equal(x, [[-1, 2]])
    np.testing.assert_array_equal(dy, [[3, 4]])


@each
@floats
def test_steps_after_the_first_allocate_no_arrays_also_for_fewer_rows(layer, dtype):
    x = np.random.default_rng(0).standard_normal((64, 4000)).astype(dtype)

    def step(m):
        layer.forward(x[:m], training=True)
        layer.backward(x[:m])

    layer = copy.deepcopy(layer)  # with an empty workspace
    step(64)
    tracemalloc.start()
    for m in (64, 40, 64):
        step(m)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Buffers of NumPy and SciPy take some 70 kB, a boolean per element would take 256 kB.
    assert peak < 150_000


@each
def test_integers_are_converted_to_floats(layer):
    np.testing.assert_array_equal(layer.forward([[1, 2]]), layer.forward(np.array([[1.0, 2.0]])))


@each
def test_the_shape_stays(layer):
    assert layer.output_shape((4, 2)) == (4, 2)
    assert layer.output_shape(None) is None


@each
def test_a_gradient_of_another_shape_raises_and_is_not_broadcast(layer):
    layer.forward(np.ones((2, 3)))
    with pytest.raises(ShapeError, match=r"shape of the last output, \(2, 3\), got \(1, 3\)"):
        layer.backward(np.ones((1, 3)))


@pytest.mark.parametrize("kind", exported_parts(layers, Activation))
def test_backward_needs_a_forward(kind):
    with pytest.raises(ShapeError, match=rf"{kind.__name__}.*backward was called before forward"):
        kind().backward(np.ones((1, 1)))


def test_repr():
    assert [str(layer) for layer in ALL if "LeakyReLU" in str(layer)] == [
        "LeakyReLU(0.01)",
        "LeakyReLU(0.3)",
    ]
    assert str(ReLU()) == "ReLU()"


@pytest.mark.parametrize("kind", exported_parts(layers, Activation))
def test_every_activation_declares_its_name_on_the_command_line(kind):
    assert "option_name" in vars(kind), (
        f"set option_name in {kind.__name__}: its name on the command line and, with underscores, "
        "in the estimators, such as 'leaky-relu', or None if it is not for hidden layers"
    )
    init = kind.default_init()
    assert isinstance(init, Initializer), f"set default_init of {kind.__name__} to a class"


def test_names_are_unique():
    by_option = parts_by_option(layers, Activation)
    assert {
        "elu": ELU,
        "gelu": GELU,
        "leaky-relu": LeakyReLU,
        "relu": ReLU,
        "sigmoid": Sigmoid,
        "silu": SiLU,
        "softplus": Softplus,
        "tanh": Tanh,
    }.items() <= by_option.items()
    offered = [kind for kind in exported_parts(layers, Activation) if kind.option_name]
    assert len(by_option) == len(parts_by_estimator_name(layers, Activation)) == len(offered)


def test_the_initializers_are_those_that_suit_the_activation():
    for kind in (ReLU, LeakyReLU, ELU, GELU, SiLU, Softplus):
        assert kind.default_init is He
    for kind in (Sigmoid, Tanh):
        assert kind.default_init is Xavier
