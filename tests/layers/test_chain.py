import numpy as np
import pytest
from helpers import assert_gradients

from minidl import (
    ArgumentError,
    Chain,
    Dropout,
    LayerReuseError,
    Linear,
    MeanSquaredError,
    ReLU,
    Sequential,
    ShapeError,
    Tanh,
)

X = np.random.default_rng(0).standard_normal((5, 4))


def test_gradients():
    assert_gradients(Chain(Linear(4, 3), Tanh(), Chain(Linear(3, 3), Linear(3, 2))), X)
    assert_gradients(Chain(Tanh()), X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_model_of_chains_is_the_model_of_their_layers_bit_for_bit(dtype):
    def layers():
        return [Linear(4, 5), Tanh(), Dropout(0.7), Linear(5, 5), ReLU(), Linear(5, 1)]

    Y = X[:, :1] ** 2
    flat = Sequential(layers(), loss=MeanSquaredError(), seed=3, dtype=dtype)
    a, b, c, d, e, f = layers()
    nested = Chain(a, b), Chain(Chain(c, d), Chain(e)), f
    chained = Sequential(nested, loss=MeanSquaredError(), seed=3, dtype=dtype)
    for model in flat, chained:
        from minidl import Adam

        model.fit(X, Y, optimizer=Adam(0.01), epochs=5, batch_size=2, progress=False)
    assert (flat.parameters.theta == chained.parameters.theta).all()
    assert (flat.predict(X) == chained.predict(X)).all()
    assert [name for name, _ in chained.parameters][::2] == [
        "0.0.weight",
        "1.0.1.weight",
        "2.weight",
    ]


def test_backward_parameters_stops_at_the_first_layer_with_parameters():
    def refuse(dy):
        raise AssertionError("dx is not needed here")

    first = Tanh()
    chain = Chain(first, Linear(4, 3), Tanh())
    y = chain.forward(X)
    expected = [chain.backward(y), chain.layers[1].weight.grad.copy()][1]
    first.backward = refuse
    chain.layers[1].weight.grad = np.zeros((3, 4))
    chain.backward_parameters(y)
    assert (chain.layers[1].weight.grad == expected).all()
    Chain(first).backward_parameters(y)  # nothing to do


def test_a_backward_that_was_assigned_to_an_inner_layer_is_called():
    linear = Linear(4, 3)
    chain = Chain(linear)
    called = []
    linear.backward = called.append
    chain.backward_parameters(chain.forward(X))
    assert len(called) == 1


def test_invalid_layers_are_refused():
    linear = Linear(4, 4)
    with pytest.raises(ArgumentError, match="Chain must contain at least one layer"):
        Chain()
    with pytest.raises(ArgumentError, match=r"layer 0 of Chain .* write Chain\(\*layers\)"):
        Chain([linear])
    with pytest.raises(ArgumentError, match=r"layer 1 of Chain .* write ReLU\(\.\.\.\)"):
        Chain(linear, ReLU)
    with pytest.raises(ArgumentError, match=r"got 3: derive it from minidl\.Layer"):
        Chain(3)
    with pytest.raises(LayerReuseError, match=r"layer 1\.1 of Chain, .* is layer 0 of it"):
        Chain(linear, Chain(ReLU(), linear))


def test_a_shape_error_names_the_inner_layer_by_its_path():
    layers = [Linear(2, 8), ReLU(), Chain(Tanh(), Chain(Linear(8, 6), Linear(7, 8)))]
    message = r"^layer 2\.1\.1, Linear\(7, 8\), expects 7 features, got 6 from layer 2\.1\.0, Lin"
    with pytest.raises(ShapeError, match=message):
        Sequential(layers, loss=MeanSquaredError())
    message = r"^layer 1\.0, Linear\(7, 8\), expects 7 features, got 2 from layer 0, Tanh\(\) \(X"
    model = Sequential([Tanh(), Chain(Linear(7, 8))], loss=MeanSquaredError())
    with pytest.raises(ShapeError, match=message):
        model.predict([[1.0, 2.0]])
    model = Sequential([Chain(Linear(7, 8))], loss=MeanSquaredError())
    with pytest.raises(ShapeError, match=r"^layer 0\.0, .*, got 2 from X"):
        model.predict([[1.0, 2.0]])
    with pytest.raises(ShapeError, match=r"^layer 1, Linear\(3, 4\), expects .* from layer 0, Lin"):
        Chain(Linear(4, 4), Linear(3, 4)).output_shape((4,))


def test_repr_and_shapes():
    chain = Chain(Linear(4, 3, bias=False), Chain(ReLU()))
    assert repr(chain) == "Chain(Linear(4, 3, bias=False), Chain(ReLU()))"
    assert chain.output_shape((4,)) == (3,)
    assert Chain(ReLU()).output_shape(None) is None
