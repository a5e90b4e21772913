import threading

import numpy as np
import pytest
from helpers import in_dtype
from recurrent_loops import drawn

from minidl import LSTM, ArgumentError, MissingDependencyError
from minidl.layers import compiled_lstm, lanes, lstm
from minidl.layers.compiled_lstm import CompiledLSTM, run_backward, run_forward, tanh
from minidl.utils import compiling

needs_numba = pytest.mark.skipif(
    not compiling._numba_is_installed(), reason="numba is not installed"
)
OPTIONS = [
    {},
    {"return_sequences": False, "learn_initial_state": True},
    {"skip_padding": True, "learn_initial_state": True},
    {"skip_padding": True, "return_sequences": False},
]


def draws(layer, m=7, t=5):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((m, t, layer.in_features)).astype(np.float32)
    x[1, 3:] = x[4, 1:] = 0  # padding, where the layer skips it
    return x, rng.standard_normal(layer.forward(x).shape).astype(np.float32)


def results(layer, x, dy):
    y, dx = layer.forward(x).copy(), layer.backward(dy).copy()
    return [y, dx, *(each.grad.copy() for each in layer.parameters().values())]


def test_tanh_is_exact_to_some_units_in_the_last_place():
    x = np.linspace(-12, 12, 4001, dtype=np.float32)
    values, exact = np.array([tanh(number) for number in x]), np.tanh(x.astype(float))
    assert values.dtype == np.float32
    assert np.abs(values).max() <= 1
    assert (np.abs(values - exact) <= 7 * np.spacing(np.abs(exact).astype(np.float32))).all()


@needs_numba
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_compiled_loops_are_numpy_to_rounding(options):
    layer = drawn(LSTM(3, 4, **options), dtype=np.float32)
    x, dy = draws(layer)
    exact = results(in_dtype(layer, np.float64), x.astype(float), dy.astype(float))
    for fast in (True, False):
        layer.fast = fast
        for array, right in zip(results(layer, x, dy), exact, strict=True):
            assert array.dtype == np.float32
            np.testing.assert_allclose(array, right, rtol=1e-5, atol=1e-5)
        assert layer._is_compiled is fast
    layer.fast = True
    layer.forward(x)
    double = layer.backward(dy.astype(float))  # by NumPy, from what the compiled loop left
    np.testing.assert_allclose(double, exact[1], rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(layer.backward(dy), layer.backward(dy))


@needs_numba
def test_the_bits_do_not_depend_on_the_number_of_threads(monkeypatch):
    monkeypatch.setattr(lanes, "MIN_PRODUCTS", 1)
    layer = drawn(LSTM(3, 4, fast=True), dtype=np.float32)
    x, dy = draws(layer)
    arrays = []
    for n_threads in (1, 2, 3):
        monkeypatch.setattr(lanes, "count_threads", lambda n=n_threads: n)
        arrays.append(results(layer, x, dy))
    for one, two, three in zip(*arrays, strict=True):
        np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(one, three)


def test_each_thread_has_work_arrays_of_its_own(monkeypatch):
    monkeypatch.setattr(lanes, "MIN_PRODUCTS", 1)
    monkeypatch.setattr(lanes, "count_threads", lambda: 2)
    used = {}

    def note(*arguments):
        used.setdefault(threading.get_ident(), set()).add(arguments[8].ctypes.data)

    gates, states, cell = (np.zeros(s, np.float32) for s in ((2, 4, 12), (3, 4, 3), (4, 3)))
    arrays = (gates, states, states[1:], np.zeros((12, 3)), None, states, cell, gates)
    CompiledLSTM(note, note).backward(*arrays, {})
    (one,), (other,) = used.values()
    assert one != other


@needs_numba
def test_products_for_some_examples_at_a_time_give_the_same(monkeypatch):
    layer = drawn(LSTM(3, 4, fast=True), dtype=np.float32)
    x, dy = draws(layer)
    whole = results(layer, x, dy)
    monkeypatch.setattr(compiled_lstm, "SMALL_PRODUCT", 4 * layer.recurrent_weight.size)
    four = results(layer, x, dy)
    monkeypatch.setattr(compiled_lstm, "SMALL_PRODUCT", 1)
    for arrays in (four, results(layer, x, dy)):
        for array, right in zip(arrays, whole, strict=True):
            np.testing.assert_allclose(array, right, rtol=1e-5, atol=1e-6)


def test_the_loops_follow_the_formulas():
    layer = in_dtype(drawn(LSTM(3, 2, skip_padding=True)), np.float64)
    x, dy = (array.astype(float) for array in draws(layer))
    expected = results(layer, x, dy)
    t, m, units = 5, 7, 2
    z = layer._input_products(layer._inputs)
    flags, states = layer._padding[:, :, 0], np.zeros((t + 1, m, units))
    gates, cells, tanh_cells = np.empty((t, m, 8)), np.zeros_like(states), np.empty((t, m, units))
    weight = layer.recurrent_weight.value
    halves = np.repeat(layer.gate_scales, units)
    arrays = (gates, cells, tanh_cells, states)
    run_forward(z, weight.T * halves, flags, *arrays, 0, m, 4)
    y = states[1:].transpose(1, 0, 2) * ~flags.T[:, :, np.newaxis]
    np.testing.assert_allclose(y, expected[0], atol=1e-6)
    dstates, dcell, dz = np.zeros_like(states), np.zeros((m, units)), np.empty((t, m, 8))
    dstates[1:] = dy.transpose(1, 0, 2) * ~flags[:, :, np.newaxis]
    arrays = (dstates, dcell, dz, np.empty((4, units)))
    run_backward(gates, cells, tanh_cells, weight, flags, *arrays, 0, m, 4)
    dx = (dz @ layer.weight.value).transpose(1, 0, 2)
    np.testing.assert_allclose(dx, expected[1], atol=1e-5)


@needs_numba
def test_by_default_large_layers_are_compiled_while_training(monkeypatch):
    layer = LSTM(3, 4)
    x, _ = draws(layer)
    layer.forward(x, training=True)
    assert not layer._is_compiled
    monkeypatch.setattr(lstm, "AUTO_COMPILE_MIN_SIZE", 7 * 5 * 4)
    for training, fast, expected in (
        (True, None, True),
        (False, None, False),
        (True, False, False),
    ):
        layer.fast = fast
        layer.forward(x, training=training)
        assert layer._is_compiled is expected
    layer.fast = None
    with monkeypatch.context() as patch:
        patch.setattr(compiled_lstm, "SMALL_PRODUCT", 4 * layer.recurrent_weight.size - 1)
        layer.forward(x, training=True)
        assert not layer._is_compiled
    monkeypatch.setattr(lstm, "AUTO_COMPILE_MIN_SIZE", 7 * 5 * 4 + 1)
    layer.forward(x, training=True)
    assert not layer._is_compiled


def test_wrong_choices(monkeypatch):
    with pytest.raises(ArgumentError, match="fast must be None or True or False, got 2 in LSTM"):
        LSTM(1, 1, fast=2)
    assert "fast" not in LSTM(1, 1, fast=False).settings()
    monkeypatch.setattr(compiling, "_numba_is_installed", lambda: False)
    with pytest.raises(MissingDependencyError, match=r'pip install "numba'):
        LSTM(1, 1, fast=True).forward(np.ones((1, 1, 1), np.float32))
