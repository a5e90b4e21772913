"""What all containers share, on random nets of them."""

import copy
import pickle
import tracemalloc

import numpy as np
import pytest
from helpers import assert_gradients, complex_step
from hypothesis import given
from hypothesis import strategies as st
from resuming import Signal

from minidl import (
    L2,
    Adam,
    Chain,
    Checkpoint,
    Concat,
    Dropout,
    LayerReuseError,
    Linear,
    MeanSquaredError,
    Residual,
    Sequential,
    ShapeError,
    Sigmoid,
    Tanh,
)
from minidl.layers.base import UnknownRank
from minidl.layers.container import (
    Container,
    InnerShapeError,
    fit_with_more_axes,
    inner_attribute,
    integer_checkers,
)


@st.composite
def nested_layers(draw, width=None, depth=3):
    """Draw a layer for inputs of some width; return the layer and its output's width."""
    width = draw(st.integers(1, 3)) if width is None else width
    kinds = ["Linear", "Tanh"] + (["Chain", "Residual", "Concat"] if depth else [])
    kind = draw(st.sampled_from(kinds))
    if kind == "Linear":
        out = draw(st.integers(1, 3))
        return Linear(width, out), width, out
    if kind == "Tanh":
        return draw(st.sampled_from([Tanh, Sigmoid]))(), width, width
    inner, out = [], width
    if kind == "Concat":
        branches = [draw(nested_layers(width, depth - 1)) for _ in range(draw(st.integers(1, 3)))]
        return Concat(*(b[0] for b in branches)), width, sum(b[2] for b in branches)
    for _ in range(draw(st.integers(1, 3))):
        layer, _, out = draw(nested_layers(out, depth - 1))
        inner.append(layer)
    if kind == "Chain":
        return Chain(*inner), width, out
    shortcut = None if out == width else Linear(width, out)
    return Residual(*inner, shortcut=shortcut), width, out


@given(nested_layers(), st.sampled_from([1, 3]))
def test_gradients_of_nested_containers(drawn, m):
    layer, width, out = drawn
    x = np.random.default_rng(0).standard_normal((m, width))
    assert layer.output_shape((width,)) == (out,)
    assert layer.forward(x).shape == (m, out)
    assert_gradients(layer, x)


def net(seed=0):
    layers = [
        Linear(2, 4),
        Residual(Linear(4, 4), Tanh(), Dropout(0.8)),
        Concat(Tanh(), [Linear(4, 3), Dropout(0.5)], Residual(Linear(4, 2), shortcut=Linear(4, 2))),
        Linear(9, 1),
    ]
    return Sequential(layers, loss=MeanSquaredError(), seed=seed, dtype=np.float64)


def test_every_inner_dropout_has_a_generator_of_its_own():
    model = net()
    dropouts = model.objective_function.stochastic_layers
    assert [type(layer) for layer in dropouts] == [Dropout, Dropout]
    assert dropouts[0].rng is not dropouts[1].rng
    assert dropouts[0].rng.random() != dropouts[1].rng.random()


@pytest.mark.parametrize(
    "twin_of", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]
)
def test_copies_go_on_alike(twin_of):
    X = np.random.default_rng(0).standard_normal((12, 2))
    model = net()
    model.fit(X, X[:, :1], optimizer=Adam(), epochs=2, progress=False)
    twin = twin_of(model)
    for each in model, twin:
        each.fit(X, X[:, :1], optimizer=Adam(), epochs=2, batch_size=5, progress=False)
    assert (model.parameters.theta == twin.parameters.theta).all()


def test_a_step_allocates_no_arrays_after_the_first():
    layer = Residual(Linear(64, 64), Concat([Linear(64, 32), Tanh()], Linear(64, 32)))
    x = np.ones((4096, 64), np.float32)

    def step():
        y = layer.forward(x, training=True)
        layer.backward(y)
        layer.backward_parameters(y)

    step()
    tracemalloc.start()
    try:
        step()
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        step()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < x.nbytes // 8


def test_a_layer_is_in_one_model_and_one_container_only():
    shared = Linear(2, 2)
    with pytest.raises(LayerReuseError, match=r"layer 1\.body\.0, .* is layer 0\.0 too"):
        Sequential([Chain(shared), Residual(shared)], loss=MeanSquaredError())
    Sequential([Chain(shared)], loss=MeanSquaredError())
    with pytest.raises(LayerReuseError, match="already belongs to another model"):
        Sequential([Residual(Tanh(), Concat(shared))], loss=MeanSquaredError())


def test_inner_outputs_are_those_of_the_last_forward():
    layer = Residual(Tanh(), shortcut=Sigmoid())
    assert list(layer.inner_outputs()) == []
    x = np.ones((2, 3))
    layer.forward(x)
    names, layers, outputs = zip(*layer.inner_outputs(), strict=True)
    assert names == ("body", "shortcut")
    assert layers == (layer.body, layer.shortcut)
    assert (outputs[0] == np.tanh(x)).all()


def test_what_receives_the_input_is_not_inherited_where_values_flow_in_another_way():
    class Turned(Chain):
        def forward_through(self, x, run):
            return super().forward_through(x[:, ::-1], run)

    class Named(Chain):
        pass

    layers = Tanh(), Tanh()
    assert [name for name, _ in Named(*layers).receivers()] == ["0"]
    assert not list(Turned(*layers).receivers())
    assert [name for name, _ in Concat(*layers).receivers()] == ["0", "1"]


def test_who_checks_integers():
    class Asks(Tanh):
        def check_integers(self, x, name, row_offset=0):
            raise AssertionError

    first, second, third = Asks(), Asks(), Asks()
    layer = Chain(Residual(first, shortcut=Concat(second, Tanh())), third)
    found = list(integer_checkers("3", layer))
    assert found == [("3.0.body.0", first), ("3.0.shortcut.0", second)]
    assert not list(integer_checkers("3", Chain(Tanh())))


def test_an_error_of_an_inner_shape_can_be_pickled():
    error = InnerShapeError("0", "Tanh(), expects x", ("1", Tanh())).inside("body")
    assert str(error) == "layer body.0, Tanh(), expects x from layer body.1, Tanh()"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_the_gradient_of_a_whole_model_by_the_complex_step():
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((6, 2)), rng.standard_normal((6, 1))
    layers = [
        Linear(2, 4),
        Residual(Linear(4, 4), Tanh()),
        Concat(Tanh(), [Linear(4, 3), Sigmoid()], Residual(Linear(4, 2), shortcut=Linear(4, 2))),
        Linear(9, 1),
    ]
    model = Sequential(
        layers, loss=MeanSquaredError(), penalties=[L2(0.3, layers=[1, 2])], dtype=np.float64
    )
    twin = model.astype(np.complex128)

    def total(theta):
        twin.parameters.theta = theta
        outputs = twin.objective_function.forward(X.astype(np.complex128))
        weights = [p.value for name, p in twin.parameters if "weight" in name and name[0] in "12"]
        return ((outputs - Y) ** 2).mean() + 0.3 / 12 * sum((w**2).sum() for w in weights)

    expected = complex_step(total, model.parameters.theta)
    np.testing.assert_allclose(model.gradient(X, Y), expected, rtol=1e-10, atol=1e-12)


@given(st.lists(st.integers(1, 3), min_size=1, max_size=3), st.data())
def test_every_rank_and_axis(shape, data):
    axis = data.draw(st.sampled_from([*range(1, len(shape) + 1), *range(-len(shape), 0)]))
    layer = Residual(
        Concat(Tanh(), [Sigmoid(), Tanh()], axis=axis), shortcut=Concat(Tanh(), Tanh(), axis=axis)
    )
    x = np.random.default_rng(0).standard_normal((2, *shape))
    assert layer.output_shape(tuple(shape)) == layer.forward(x).shape[1:]
    assert_gradients(layer, x)


@pytest.mark.parametrize("position", [(1, 2), (3, 1)])
def test_a_stopped_training_resumes_bit_for_bit(tmp_path, position):
    X = np.random.default_rng(0).standard_normal((23, 2))

    def fit(model, *callbacks, **arguments):
        arguments = {"epochs": 4, "batch_size": 8, "progress": False, **arguments}
        return model.fit(X, X[:, :1], optimizer=Adam(0.01), callbacks=callbacks, **arguments)

    whole = net()
    fit(whole)
    path = tmp_path / "run.h5"
    fit(net(), Signal(*position), Checkpoint(path))
    resumed = net(seed=9)  # parameters and generators come from the file
    fit(resumed, resume=path)
    assert (whole.parameters.theta == resumed.parameters.theta).all()


def residual_of_sequences():
    return Residual(Linear(4, 4), Concat(Tanh(), axis=2))


@pytest.mark.parametrize(
    "layers",
    [
        lambda: [residual_of_sequences()],
        lambda: [Linear(4, 4), residual_of_sequences(), Chain(Linear(4, 3), residual_of_last())],
        lambda: [Chain(Linear(4, 2), Concat(Tanh(), [Sigmoid()], axis=1)), Linear(2, 1)],
        lambda: [Concat(Linear(4, 2), [Linear(4, 3), Tanh()]), Linear(5, 1)],
    ],
)
def test_sequences_fit_into_containers(layers):
    model = Sequential(layers(), loss=MeanSquaredError(), dtype=np.float64)
    x = np.random.default_rng(0).standard_normal((6, 5, 4))
    y = model.predict(x)
    assert y.shape[0] == 6
    assert y.ndim == 3
    model.summary()
    model.fit(x, y + 1, optimizer=Adam(), epochs=1, progress=False)


def residual_of_last():
    return Residual(Concat(Tanh(), axis=-2), shortcut=Linear(3, 3))


def test_shapes_of_unknown_rank():
    concat = Concat(Linear(4, 2), Tanh()).output_shape(UnknownRank((4,)))
    assert (concat, type(concat)) == ((6,), UnknownRank)
    assert Concat(Tanh(), axis=1).output_shape(UnknownRank((4,))) is None
    shape = Residual(Linear(4, 4)).output_shape(None)
    assert (shape, type(shape)) == ((4,), UnknownRank)
    assert Residual(Linear(4, 4)).output_shape((5, 4)) == (5, 4)
    with pytest.raises(ShapeError, match=r"pass shortcut=Linear\(4, 3\)"):
        Residual(Linear(4, 3)).output_shape(UnknownRank((4,)))
    with pytest.raises(ShapeError, match=r"^layer 0\.1, Linear\(7, 3\), expects 7 features, got 3"):
        Sequential([Chain(Linear(4, 3), Linear(7, 3))], loss=MeanSquaredError())


def test_an_attribute_that_a_layer_does_not_have_is_false():
    layers = [Tanh(), Chain(Tanh())]
    layers[0].is_special = 1
    assert inner_attribute(layers, "is_special") == [True, False]


@pytest.mark.parametrize("missing", ["forward_through", "backward_through", "shape_through"])
def test_a_container_needs_three_methods(missing):
    incomplete = type("Incomplete", (Chain,), {missing: getattr(Container, missing)})
    with pytest.raises(TypeError, match=f"abstract method '?{missing}'?$"):
        incomplete(Tanh())


class Volumes(Tanh):
    """For examples of some number of axes."""

    def __init__(self, n_axes):
        self.n_axes = n_axes

    def output_shape(self, shape):
        if len(shape) != self.n_axes:
            raise ShapeError(f"expects {self.n_axes} axes")
        return shape


@pytest.mark.parametrize(("n_axes", "fits"), [(1, False), (2, True), (4, True), (5, False)])
def test_up_to_three_axes_may_come_before_that_of_a_row(n_axes, fits):
    assert fit_with_more_axes([Volumes(n_axes), Tanh()], (7,)) == fits
