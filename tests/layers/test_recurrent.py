"""What all recurrent layers have in common; their formulas are in the tests of each."""

import copy
import inspect
import sys
import tracemalloc

import numpy as np
import pytest
from helpers import assert_gradients, complex_step, in_dtype
from hypothesis import given
from hypothesis import strategies as st
from recurrent_loops import KINDS, drawn, length, outputs, padded

from minidl import (
    GRU,
    LSTM,
    RNN,
    Adam,
    ArgumentError,
    CategoricalCrossEntropy,
    Chain,
    Embedding,
    GradientChecker,
    Linear,
    MeanSquaredError,
    Ones,
    Sequential,
    ShapeError,
    SignatureError,
    Softmax,
    Xavier,
)
from minidl.data import length_mask, pad_sequences
from minidl.layers.recurrent import Recurrent
from minidl.testing import check_layer

LAST = {"return_sequences": False}
SKIP = {"skip_padding": True}
LEARN = {"learn_initial_state": True}
OPTIONS = [{}, LAST, SKIP, LEARN, SKIP | LAST, SKIP | LEARN, SKIP | LAST | LEARN]

each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.__name__)
each_option = pytest.mark.parametrize("options", OPTIONS, ids=str)


@given(
    kind=st.sampled_from([*KINDS.values()]),
    options=st.sampled_from(OPTIONS),
    m=st.integers(1, 4),
    t=st.integers(1, 5),
    d=st.integers(1, 4),
    units=st.integers(1, 4),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 99),
)
def test_outputs_are_those_of_loops(kind, options, m, t, d, units, dtype, seed):
    layer = drawn(kind(d, units, **options), seed, dtype)
    x = padded(m, t, d, seed, dtype)
    y = layer.forward(x)
    assert y.dtype == dtype
    tolerance = 1e-5 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(y, outputs(layer, x), rtol=tolerance, atol=tolerance)


@given(
    kind=st.sampled_from([*KINDS.values()]),
    options=st.sampled_from([{}, LAST, LEARN]),
    m=st.integers(1, 3),
    t=st.integers(1, 3),
    d=st.integers(1, 2),
    units=st.integers(1, 3),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 9),
)
def test_gradients(kind, options, m, t, d, units, dtype, seed):
    x = np.random.default_rng(seed).standard_normal((m, t, d)).astype(dtype)
    assert_gradients(drawn(kind(d, units, **options), seed), x)


@each_kind
@each_option
def test_the_checker_finds_no_mistake(kind, options):
    report = check_layer(drawn(kind(3, 2, **options)), padded(4, 5))
    assert report.ok, str(report)
    assert report.difference < 1e-12


@each_kind
def test_the_checker_finds_no_mistake_in_a_model_of_padded_tokens(kind):
    layers = [
        Embedding(5, 3, padding=0),
        kind(3, 4, **SKIP),
        kind(4, 3, **SKIP | LAST | LEARN),
        Linear(3, 2),
        Softmax(),
    ]
    model = Sequential(layers, loss=CategoricalCrossEntropy(), dtype=np.float64)
    X = pad_sequences([[1, 2, 0, 3], [4, 4], [2], [3, 1, 1]])[0]
    report = GradientChecker(model).check(X, [0, 1, 1, 0])
    assert report.ok, str(report)
    assert report.difference < 1e-12


@each_kind
@pytest.mark.parametrize("options", [{}, LAST], ids=str)
def test_padded_rows_are_computed_as_if_they_were_alone(kind, options):
    x, layer = padded(), drawn(kind(3, 2, **SKIP, **options))
    dy = np.random.default_rng(1).standard_normal(layer.forward(x).shape)
    y, dx = layer.forward(x).copy(), layer.backward(dy).copy()
    gradients = {name: p.grad.copy() for name, p in layer.parameters().items()}
    sums = dict.fromkeys(gradients, 0)
    for i, row in enumerate(x):
        n = length(row)
        if not options:
            assert not y[i, n:].any()
        assert not dx[i, n:].any()
        if n == 0:
            continue
        short = copy.deepcopy(layer)
        expected = short.forward(row[np.newaxis, :n])[0]
        np.testing.assert_allclose(y[i] if options else y[i, :n], expected, rtol=1e-12)
        dx_alone = short.backward(dy[i : i + 1] if options else dy[i : i + 1, :n])[0]
        np.testing.assert_allclose(dx[i, :n], dx_alone, rtol=1e-11, atol=1e-14)
        sums = {name: sums[name] + p.grad for name, p in short.parameters().items()}
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, sums[name], rtol=1e-11, atol=1e-13)
    assert length(x[0]) == 6  # the zeros in its middle are a step
    assert not x[0, 1].any()
    assert dx[0, 1].any()


@each_kind
def test_more_padding_changes_nothing(kind):
    layer = drawn(kind(3, 2, **SKIP | LAST))
    x = padded()
    longer = np.concatenate([x, np.zeros((5, 4, 3))], axis=1)
    np.testing.assert_array_equal(layer.forward(longer).copy(), layer.forward(x))


@each_kind
def test_without_steps_the_last_state_is_the_initial_one(kind):
    layer = drawn(kind(3, 2, **SKIP | LAST | LEARN))
    y = layer.forward(np.zeros((2, 3, 3)))
    np.testing.assert_array_equal(y, [layer.initial_state.value] * 2)
    assert not layer.backward(np.ones((2, 2))).any()
    np.testing.assert_array_equal(layer.initial_state.grad, [2, 2])
    assert not layer.weight.grad.any()


@each_kind
def test_padding_is_read_from_real_parts(kind):
    """A complex step at a padded step does not make it a step."""
    layer = in_dtype(drawn(kind(3, 2, **SKIP)), np.complex128)
    x = padded()
    dy = np.random.default_rng(1).standard_normal((5, 6, 2))
    derivative = complex_step(lambda values: (layer.forward(values) * dy).sum(), x)
    twin = drawn(kind(3, 2, **SKIP))
    twin.forward(x)
    np.testing.assert_allclose(twin.backward(dy), derivative, atol=1e-13)


@each_kind
def test_a_second_recurrent_layer_skips_the_same_steps(kind):
    first, second = drawn(kind(3, 4, **SKIP)), drawn(kind(4, 2, **SKIP))
    x = padded()
    states = first.forward(x)
    y = second.forward(states)
    assert [length(row) for row in y] == [length(row) for row in x]
    np.testing.assert_allclose(y, outputs(second, outputs(first, x)), atol=1e-13)


@each_kind
@each_option
def test_backward_overwrites_and_can_be_repeated(kind, options):
    layer, x = drawn(kind(3, 2, **options)), padded()
    before = x.copy()
    dy = np.random.default_rng(1).standard_normal(layer.forward(x).shape)
    cotangent = dy.copy()
    dx = layer.backward(dy).copy()
    gradients = {name: p.grad.copy() for name, p in layer.parameters().items()}
    for p in layer.parameters().values():
        p.grad = np.full(p.shape, np.nan)
    layer.backward_parameters(dy)
    for name, p in layer.parameters().items():
        np.testing.assert_array_equal(p.grad, gradients[name])
    np.testing.assert_array_equal(layer.backward(dy), dx)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(dy, cotangent)


@each_kind
@each_option
def test_a_smaller_batch_uses_no_remains_of_a_larger_one(kind, options):
    layer, x = drawn(kind(3, 2, **options)), padded(7)
    for rows in (slice(None), slice(2, 5), slice(4, 5), slice(None)):
        fresh = drawn(kind(3, 2, **options))
        y = layer.forward(x[rows])
        np.testing.assert_array_equal(y, fresh.forward(x[rows]))
        dy = np.random.default_rng(1).standard_normal(y.shape)
        np.testing.assert_array_equal(layer.backward(dy), fresh.backward(dy))
        for name, p in layer.parameters().items():
            np.testing.assert_array_equal(p.grad, fresh.parameters()[name].grad)


@each_kind
@pytest.mark.parametrize("options", [{}, SKIP | LAST | LEARN], ids=str)
def test_memory_is_reused_for_all_batch_sizes(kind, options):
    layer = drawn(kind(8, 32, **options), dtype=np.float32)
    x = padded(64, 20, 8, dtype=np.float32)
    dy = np.ones(layer.forward(x).shape, np.float32)
    for m in (64, 40):
        layer.forward(x[:m])
        layer.backward(dy[:m])
    tracemalloc.start()
    for m in (64, 40):
        layer.forward(x[:m], training=True)
        layer.backward(dy[:m])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # NumPy's own buffers, 3 of 8192 elements; the states of all steps would be 164 kB.
    assert peak < 110_000


@each_kind
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_numbers_saturate_the_gates_without_overflow(kind, dtype):
    layer = drawn(kind(3, 2), dtype=dtype, scale=100)
    with np.errstate(all="raise"):
        y = layer.forward(1e6 * padded(dtype=dtype))
        dx = layer.backward(np.ones_like(y))
    assert np.isfinite(y).all()
    assert np.abs(y).max() <= 6 + 1e-5  # the cell of an LSTM grows by at most 1 per step
    assert np.isfinite(dx).all()


@each_kind
def test_tiny_numbers_raise_nothing(kind):
    model = Sequential([kind(3, 4, **SKIP | LAST), Linear(4, 1)], loss=MeanSquaredError())
    X = padded(dtype=np.float32) * np.float32(1e-38)
    with np.errstate(all="raise"):
        model.fit(X, np.ones((5, 1)), optimizer=Adam(), epochs=2, progress=False)


@each_kind
def test_models_train_with_masks_and_initial_states(kind):
    rng = np.random.default_rng(0)
    X, lengths = pad_sequences([rng.integers(1, 4, n) for n in rng.integers(1, 8, 40)])
    Y = (X == 2).cumsum(axis=1) % 2  # whether token 2 has come an odd number of times
    mask = length_mask(lengths, X.shape[1])
    layers = [Embedding(4, 3, padding=0), kind(3, 8, **SKIP | LEARN), Linear(8, 2), Softmax()]
    model = Sequential(layers, loss=CategoricalCrossEntropy(), seed=1)
    before = model.parameters["1.initial_state"].value.copy()
    arguments = {"sample_weight": mask, "batch_size": 16, "progress": False}
    history = model.fit(X, Y, optimizer=Adam(0.02), epochs=60, **arguments)
    assert history.loss[-1] < 0.2 * history.loss[0]
    assert (model.parameters["1.initial_state"].value != before).all()
    weights = model.evaluate(X, Y, sample_weight=mask)
    elsewhere = np.where(mask > 0, Y, 1 - Y)
    assert model.evaluate(X, elsewhere, sample_weight=mask) == weights


# Each a wrong edit of a method that the layer uses: which parameters' gradients it makes wrong.
EVERY = {"weight", "recurrent_weight", "bias", "input"}
ADD = "np.add(dstates[k], product, out=dstates[k])"
IN_ALL = {
    "not carried back in time": (ADD, "pass"),
    "carried back twice": (ADD, f"{ADD}; {ADD}"),
    "carried back by other weights": ("matmul_into(dz[k], ", "matmul_into(dz[k], 1.01 * "),
}
SHARED = {
    "states of the wrong step": ("_rows(states[:-1])", "_rows(states[1:])", "recurrent_weight"),
    "weights of the last step only": (
        "matmul_into(_rows(dz).T, _rows(inputs), ",
        "matmul_into(dz[-1].T, inputs[-1], ",
        "weight",
    ),
    "bias of the first step only": ("np.sum(_rows(dz)", "np.sum(dz[0]", "bias"),
    "time reversed": ("dx[...] = by_time", "dx[...] = by_time[::-1]", "input"),
}
OF_KIND = {
    "LSTM gates exchanged": (
        LSTM,
        "_derivatives",
        "dz_i, dz_f, dz_g, dz_o = dgates",
        "dz_f, dz_i, dz_g, dz_o = dgates",
        EVERY,
    ),
    "LSTM cell not carried back": (
        LSTM,
        "run_backward",
        "dcell, f[k], out",
        "dcell, 0, out",
        EVERY,
    ),
    "LSTM cell carried unchanged": (
        LSTM,
        "run_backward",
        "dcell, f[k], out",
        "dcell, 1, out",
        EVERY,
    ),
    "LSTM state without its cell": (
        LSTM,
        "run_backward",
        "np.add(dcell, through_state, out=dcell)",
        "dcell[...] = through_state",
        EVERY,
    ),
    "GRU gates exchanged": (
        GRU,
        "_derivatives",
        "dz_r, dz_u, dv_n = dgates",
        "dz_u, dz_r, dv_n = dgates",
        EVERY,
    ),
    "GRU state not kept": (
        GRU,
        "run_backward",
        "np.multiply(dstate, u[k]",
        "np.multiply(0, u[k]",
        EVERY,
    ),
    "GRU reset gate forgotten": (
        GRU,
        "input_gradient",
        "dz[..., 2 * self.units :] = dn",
        "pass",
        EVERY - {"recurrent_weight"},
    ),
    "GRU bias with the reset gate left out": (
        GRU,
        "input_gradient",
        "np.sum(self._dgates[2], axis=(0, 1), out=self.recurrent_bias.grad)",
        "np.sum(self._dcandidates * dstates[1:], axis=(0, 1), out=self.recurrent_bias.grad)",
        {"recurrent_bias"},
    ),
    "RNN derivative of another function": (
        RNN,
        "run_backward",
        "(one, dz, out",
        "(2, dz, out",
        EVERY,
    ),
}
PLANTED = {
    f"{kind.__name__} {name}": (kind, "run_backward", *edit, EVERY)
    for kind in KINDS.values()
    for name, edit in IN_ALL.items()
}
PLANTED |= {
    name: (RNN, "backward" if of == "input" else "_backward_parameters", right, wrong, {of})
    for name, (right, wrong, of) in SHARED.items()
}
PLANTED |= OF_KIND


def with_bug(kind, method, right, wrong):
    """Return a subclass whose method has an edit."""
    owner = next(base for base in kind.__mro__ if method in vars(base))
    source = inspect.getsource(inspect.unwrap(vars(owner)[method]))
    assert source.count(right) == 1, f"no such code in {owner.__name__}.{method}: {right}"
    namespace = dict(vars(sys.modules[owner.__module__]))
    exec(inspect.cleandoc("if True:") + "\n" + source.replace(right, wrong), namespace)
    return type(f"Wrong{kind.__name__}", (kind,), {method: namespace[method]})


@pytest.mark.parametrize("name", PLANTED)
def test_known_mistakes_are_found(name):
    kind, method, right, wrong, guilty = PLANTED[name]
    layer = drawn(with_bug(kind, method, right, wrong)(3, 2))
    report = check_layer(layer, np.random.default_rng(0).standard_normal((3, 3, 3)))
    failed = {check.parameter for check in report.failures if check.term == "layer"}
    assert guilty <= failed <= guilty | ({"recurrent_bias"} if guilty == EVERY else set())


@pytest.mark.parametrize(
    "name",
    ["RNN not carried back in time", "LSTM gates exchanged", "GRU carried back twice"],
)
def test_known_mistakes_are_placed_in_a_model(name):
    layer = drawn(with_bug(*PLANTED[name][:-1])(3, 2))
    model = Sequential([Linear(3, 3), layer, RNN(2, 2)], loss=MeanSquaredError(), dtype=np.float64)
    x = np.random.default_rng(0).standard_normal((3, 3, 3))
    report = GradientChecker(model).check(x, np.ones((3, 3, 2)))
    assert not report.ok
    assert report.guilty.layer == 1


@each_kind
def test_initial_values(kind):
    layer = kind(50, 40)
    gates = len(layer.gate_scales)
    assert layer.weight.shape == (gates * 40, 50)
    assert abs(layer.weight.value.std() * np.sqrt(50) - 1) < 0.05
    for matrix in layer.recurrent_weight.value.reshape(gates, 40, 40):
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(40), atol=1e-5)
    assert layer.initial_state is None
    assert not kind(2, 3, **LEARN).initial_state.value.any()
    other = kind(50, 40, init=Ones(), recurrent_init=Xavier())
    assert (other.weight.value == 1).all()
    assert abs(other.recurrent_weight.value.std() * np.sqrt(40) - 1) < 0.05


def test_the_base_is_abstract():
    with pytest.raises(TypeError, match="abstract"):
        Recurrent(1, 1)


@each_kind
@pytest.mark.parametrize("shape", [(2, 3), (2, 4, 2), (2, 4, 3, 1), (3,)])
def test_an_input_of_another_shape_raises(kind, shape):
    with pytest.raises(
        ShapeError,
        match=rf"{kind.__name__}\(3, 2\) expects x of shape \(m, t, 3\), one sequence.*got",
    ):
        kind(3, 2).forward(np.ones(shape))


@each_kind
def test_a_gradient_of_another_shape_raises(kind):
    layer = kind(3, 2)
    with pytest.raises(ShapeError, match=r"\(3, 2\)\.backward was called before forward"):
        layer.backward(np.ones((1, 2, 2)))
    layer.forward(np.ones((4, 5, 3)))
    for shape in ((4, 2), (4, 5, 1), (1, 5, 2)):
        with pytest.raises(ShapeError, match=r"of the last output, \(4, 5, 2\), got"):
            layer.backward_parameters(np.ones(shape))


@each_kind
def test_wrong_arguments(kind):
    for name in ("in_features", "units"):
        for value in (0, 1.0, "2", True):
            sizes = {"in_features": 1, "units": 1, name: value}
            with pytest.raises(ArgumentError, match=f"{name} must be an integer >= 1, got"):
                kind(**sizes)
    for name in ("return_sequences", "skip_padding", "learn_initial_state"):
        with pytest.raises(
            ArgumentError, match=f"{name} must be True or False, got 'yes' in {kind.__name__}"
        ):
            kind(1, 1, **{name: "yes"})
    with pytest.raises(SignatureError, match=f"{kind.__name__} has no argument 'hidden_size'"):
        kind(1, hidden_size=3)


@each_kind
def test_shapes_settings_and_repr(kind):
    layer, last = kind(3, 2), kind(3, 2, **LAST)
    assert layer.output_shape((7, 3)) == (7, 2)
    assert last.output_shape((7, 3)) == last.output_shape(None) == (2,)
    assert layer.output_shape(None) == (2,)  # of unknown rank
    assert str(layer) == f"{kind.__name__}(3, 2)"
    assert str(kind(3, 2, **LAST | SKIP | LEARN)) == (
        f"{kind.__name__}(3, 2, return_sequences=False, skip_padding=True, "
        "learn_initial_state=True)"
    )
    assert last.settings() == {"in_features": 3, "units": 2} | LAST | {
        "skip_padding": False,
        "learn_initial_state": False,
    }
    assert all(isinstance(text, str) for text in layer.formula())


@each_kind
def test_shapes_that_do_not_fit_are_named_by_a_model(kind):
    def model(*layers):
        return Sequential([*layers, kind(4, 2, **LAST), Linear(2, 1)], loss=MeanSquaredError())

    with pytest.raises(ShapeError, match=r"layer 1.*expects 4 features per step, got 5 from layer"):
        model(Linear(3, 5))
    with pytest.raises(ShapeError, match=r"layer 0.*expects 4 features per step, got 3 from X"):
        model().predict(np.ones((2, 5, 3)))
    with pytest.raises(ShapeError, match=r"expects sequences \(t, 4\), got \(4,\) from X"):
        model().predict(np.ones((2, 4)))
    single = Sequential([kind(1, 2)], loss=MeanSquaredError())
    with pytest.raises(ShapeError, match=r"got \(9,\) \(pass X\[\.\.\., np\.newaxis\]\) from X"):
        single.predict(np.ones((2, 9)))
    assert model(Chain(Linear(3, 4), kind(4, 4))).predict(np.ones((2, 5, 3))).shape == (2, 1)


@each_kind
@each_option
def test_a_saved_model_predicts_the_same(kind, options, tmp_path):
    model = Sequential([kind(3, 4, **options)], loss=MeanSquaredError(), seed=2)
    x = padded(dtype=np.float32)
    loaded = Sequential.load(model.save(tmp_path / "model.h5"))
    assert str(loaded.layers[0]) == str(model.layers[0])
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))
    np.testing.assert_array_equal(copy.deepcopy(model).predict(x[:2]), model.predict(x[:2]))
