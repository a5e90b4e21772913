from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from minidl import Conv2D, MeanSquaredError, Sequential
from minidl.layers import lanes
from minidl.layers.lanes import MIN_PRODUCTS, N_LANES, Lanes


def with_threads(n_threads, monkeypatch):
    monkeypatch.setattr(lanes, "count_threads", lambda: n_threads)


@pytest.mark.parametrize("m", [0, 1, 3, 4, 5, 11])
def test_lanes_are_all_examples_in_their_order(m):
    shared = Lanes(m, MIN_PRODUCTS, is_shared=True)
    assert len(shared.slices) == max(min(m, N_LANES), 1)
    assert [i for lane in shared.slices for i in range(m)[lane]] == [*range(m)]
    assert shared.longest == max(lane.stop - lane.start for lane in shared.slices)


@pytest.mark.parametrize(
    ("n_products", "is_shared"), [(MIN_PRODUCTS // 8 - 1, True), (MIN_PRODUCTS, False)]
)
def test_little_work_and_large_products_are_not_shared_out(n_products, is_shared, monkeypatch):
    with_threads(2, monkeypatch)
    alone = Lanes(8, n_products, is_shared=is_shared)
    assert (alone.slices, alone.n_threads) == ([slice(0, 8)], 1)
    assert Lanes(8, MIN_PRODUCTS // 8, is_shared=True).n_threads == 2


def test_there_are_no_more_threads_than_lanes(monkeypatch):
    with_threads(16, monkeypatch)
    assert Lanes(3, MIN_PRODUCTS, is_shared=True).n_threads == 3


def test_sums_begin_at_zero_and_are_added_up():
    shared, workspace = Lanes(8, MIN_PRODUCTS, is_shared=True), {}
    for _ in range(2):
        sums = shared.new_sums(workspace, (2, 3), np.dtype(float))
        assert not sums.any()
        shared.run(lambda lane, thread: sums[lane].__iadd__(lane + 1))  # noqa: B023
        np.testing.assert_array_equal(shared.total(sums), np.full((2, 3), 10.0))


def results(layer, x, dy):
    y, dx = layer.forward(x).copy(), layer.backward(dy).copy()
    return y, dx, layer.weight.grad.copy(), layer.bias.grad.copy()


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("channels", [1, 4])
def test_a_convolution_has_the_same_bits_for_any_number_of_threads(fast, channels, monkeypatch):
    if fast:
        pytest.importorskip("numba")
    rng = np.random.default_rng(0)
    layer = Conv2D(channels, 8, 3, padding=1, fast=fast)
    x = rng.standard_normal((42, 32, 32, channels)).astype(np.float32)
    dy = rng.standard_normal((42, 32, 32, 8)).astype(np.float32)
    monkeypatch.setattr(lanes, "MIN_PRODUCTS", 1)
    started, arrays = [], []
    share_out = lanes.share_out
    monkeypatch.setattr(
        lanes, "share_out", lambda *args: (started.append(args[1:]), share_out(*args))
    )
    for n_threads in (1, 2, 3):
        with_threads(n_threads, monkeypatch)
        arrays.append(results(layer, x, dy))
        assert started == [(N_LANES, n_threads)] * 3  # y, the weights' gradient and dx
        started.clear()
    for one, several in zip(arrays[0] * 2, arrays[1] + arrays[2], strict=True):
        np.testing.assert_array_equal(one, several)


def test_eight_threads_predict_with_a_model_whose_layers_use_threads(monkeypatch):
    monkeypatch.setattr(lanes, "MIN_PRODUCTS", 1)
    with_threads(2, monkeypatch)
    model = Sequential([Conv2D(3, 4, 3), Conv2D(4, 2, 3)], loss=MeanSquaredError())
    x = np.random.default_rng(0).standard_normal((64, 9, 9, 3)).astype(np.float32)
    expected = model.predict(x)
    with ThreadPoolExecutor(8) as pool:
        for k, predicted in enumerate(pool.map(model.predict, [x[k:] for k in range(24)])):
            np.testing.assert_allclose(predicted, expected[k:], atol=1e-6)


def test_an_error_state_of_the_caller_holds_in_all_threads(monkeypatch):
    monkeypatch.setattr(lanes, "MIN_PRODUCTS", 1)
    with_threads(4, monkeypatch)
    layer = Conv2D(2, 2, 3, fast=False)
    x = np.zeros((4, 5, 5, 2), np.float32)
    x[3] = 3e38  # of the last thread
    layer.weight.value = np.ones(layer.weight.shape)
    with np.errstate(all="raise"), pytest.raises(FloatingPointError, match="overflow"):
        layer.forward(x)
