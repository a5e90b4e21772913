"""Compute the numeric gradient of a large array where the analytic one is wrong."""

import numpy as np
import pytest

from minidl.gradcheck.location.locate import locate
from tests.gradcheck.probed_arrays import probed, right_gradient

N = right_gradient((200, 150))


def located(analytic, numeric=N, calls=1000):
    counted = []
    array = probed(analytic, numeric, counted)
    return locate(array, calls, np.random.default_rng(0)), counted


def changed(*places, factor=-1.0, n=N):
    analytic = n.copy()
    for place in places:
        analytic[place] *= factor
    return analytic


@pytest.mark.parametrize(
    "analytic",
    [
        2 * N,
        -N,
        N.T.reshape(N.shape),
        changed((7, 3)),
        changed((7, 3), (100, 149), (199, 0)),
        changed(7, factor=0),
        changed(np.s_[:, 3], factor=0),
        changed(np.s_[10:20, 30:50], factor=0),
    ],
)
def test_the_whole_numeric_gradient_is_found_with_few_calls(analytic):
    found, calls = located(analytic)
    assert found.block is None
    np.testing.assert_allclose(found.numeric, N, rtol=1e-12)
    assert len(calls) < 700


@pytest.mark.parametrize("shape", [(90_000,), (30, 40, 50), (20, 3, 30, 4)])
def test_one_wrong_element_is_found_in_arrays_of_any_rank(shape):
    numeric = right_gradient(shape)
    place = tuple(n // 3 for n in shape)
    found, calls = located(changed(place, n=numeric), numeric)
    assert found.block is None
    np.testing.assert_array_equal(found.numeric, numeric)
    assert calls.count("element") == 1
    assert len(calls) < 120


def test_a_block_of_what_is_wrong_everywhere_is_computed():
    found, calls = located(N**3, calls=500)
    assert found.block.shape == N.shape
    assert 300 <= found.block.size <= 600
    np.testing.assert_array_equal(found.numeric, found.block.of(N))
    assert len(calls) < 1200


def test_a_block_holds_scattered_wrong_elements():
    rng = np.random.default_rng(5)
    places = list(zip(rng.integers(0, 200, 80), rng.integers(0, 150, 80), strict=True))
    analytic = changed(*places)
    found, _ = located(analytic)
    assert np.count_nonzero(found.block.of(analytic) != found.numeric) >= 4


def test_lines_that_were_all_searched_are_known_in_the_block():
    found, _ = located(N * (np.arange(200)[:, np.newaxis] % 2), calls=1000)
    assert found.block.wrong[0].tolist() == list(range(0, 200, 2))


def test_a_right_gradient_is_wrong_nowhere():
    assert located(N)[0] is None
