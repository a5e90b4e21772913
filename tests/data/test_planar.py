import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidl.data import planar
from minidl.errors import ArgumentError

DRAW = {name: getattr(planar, name) for name in planar.__all__}


@pytest.mark.parametrize("n", [2, 7, 300])
@pytest.mark.parametrize(
    ("name", "seed", "noise"), [("moons", 3, 0.2), ("circles", 1, 0.05), ("circles", 2, 0.05)]
)
def test_equals_scikit_learn_element_for_element(name, seed, noise, n):
    samples = pytest.importorskip("sklearn.datasets")
    X, Y = DRAW[name](n, noise, np.random.RandomState(seed))
    expected_X, expected_Y = getattr(samples, f"make_{name}")(
        n_samples=n, noise=noise, random_state=seed
    )
    np.testing.assert_array_equal(X, expected_X)
    np.testing.assert_array_equal(Y[:, 0], expected_Y)


def test_the_course_moons_are_pinned():
    X, Y = planar.moons(300, 0.2, np.random.RandomState(3))
    np.testing.assert_allclose(
        X[:2],
        [[-0.21687013460912397, 1.0154493742029873], [0.8050501531955674, -0.5579733951321297]],
        rtol=1e-12,
    )
    assert Y[:12, 0].tolist() == [0, 1, 1, 1, 0, 0, 1, 1, 0, 1, 0, 0]


def test_without_noise_moons_lie_on_two_half_circles():
    X, Y = planar.moons(51, 0.0, 0)
    upper, lower = X[Y[:, 0] == 0], X[Y[:, 0] == 1]
    assert (len(upper), len(lower)) == (25, 26)
    np.testing.assert_allclose((upper**2).sum(axis=1), 1)
    np.testing.assert_allclose(((lower - [1, 0.5]) ** 2).sum(axis=1), 1)
    assert upper[:, 1].min() > -1e-9
    assert lower[:, 1].max() < 0.5 + 1e-9


def test_without_noise_circles_have_their_radii():
    X, Y = planar.circles(40, 0.0, 0, factor=0.3)
    np.testing.assert_allclose(np.sqrt((X**2).sum(axis=1)), np.where(Y[:, 0] == 1, 0.3, 1.0))


@pytest.mark.parametrize("n", [2, 7, 400])
def test_the_flower_is_that_of_the_course_element_for_element(n):
    rng = np.random.RandomState(1)
    expected = []
    for number, count in enumerate([n // 2, n - n // 2]):  # by its formula, point by point
        evenly = np.linspace(number * 3.12, (number + 1) * 3.12, count)
        angles = [t + 0.2 * noise for t, noise in zip(evenly, rng.randn(count), strict=True)]
        radii = [
            4 * np.sin(4 * t) + 0.2 * noise
            for t, noise in zip(angles, rng.randn(count), strict=True)
        ]
        pairs = zip(radii, angles, strict=True)
        expected += [[r * np.sin(t), r * np.cos(t), number] for r, t in pairs]
    X, Y = planar.flower(n, 0.2, np.random.RandomState(1))
    np.testing.assert_allclose(np.hstack([X, Y]), expected, rtol=1e-13)


def test_without_noise_blobs_are_their_centers():
    X, Y = planar.blobs(11, 0.0, 0, centers=4)
    assert Y.dtype == np.int64
    assert sorted(np.bincount(Y[:, 0]).tolist()) == [2, 3, 3, 3]
    assert len(np.unique(X, axis=0)) == 4
    assert all(len(np.unique(X[Y[:, 0] == label], axis=0)) == 1 for label in range(4))
    assert np.abs(X).max() <= 10


def test_two_blobs_have_labels_zero_and_one_as_numbers():
    _, Y = planar.blobs(10, 0.5, 0, centers=2)
    assert Y.dtype == np.float64
    assert Y.sum() == 5


def test_noise_is_a_standard_deviation():
    clean, _ = planar.blobs(4000, 0.0, np.random.RandomState(5))
    noisy, _ = planar.blobs(4000, 0.7, np.random.RandomState(5))
    assert (noisy - clean).std() == pytest.approx(0.7, rel=0.03)


@pytest.mark.parametrize("name", DRAW)
@pytest.mark.parametrize("make", [int, np.random.default_rng, np.random.RandomState])
def test_equal_seeds_give_equal_points_and_different_seeds_different_points(name, make):
    first, second, other = (DRAW[name](30, 0.1, make(seed))[0] for seed in (4, 4, 5))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_a_generator_advances_and_the_global_one_does_not():
    rng = np.random.RandomState(0)
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    assert not np.array_equal(planar.moons(10, 0.1, rng)[0], planar.moons(10, 0.1, rng)[0])
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


@settings(deadline=None, max_examples=60)
@given(
    name=st.sampled_from(sorted(DRAW)),
    n=st.integers(3, 60),
    noise=st.floats(0, 3),
    seed=st.integers(0, 2**32),
)
def test_shapes_and_types_of_any_arguments(name, n, noise, seed):
    X, Y = DRAW[name](n, noise, seed)
    assert X.shape == (n, 2)
    assert X.dtype == np.float64
    assert np.isfinite(X).all()
    assert Y.shape == (n, 1)
    assert np.ptp(np.bincount(Y[:, 0].astype(int))) <= 1


@pytest.mark.parametrize("name", DRAW)
@pytest.mark.parametrize(
    ("n", "noise", "message"),
    [
        (1, 0.1, "n must be an integer >= 2, got 1"),
        (10.0, 0.1, "got 10.0"),
        (True, 0.1, "got True"),
        (10, -0.1, "noise must be a finite number >= 0, got -0.1"),
        (10, float("nan"), "got nan"),
        (10, float("inf"), "got inf"),
        (10, None, "got None"),
        (10, "0.1", "got '0.1'"),
    ],
)
def test_bad_numbers_are_refused(name, n, noise, message):
    with pytest.raises(ArgumentError, match=f"{message} in {name}"):
        DRAW[name](n, noise, 0)


@pytest.mark.parametrize("factor", [-0.1, 1.0, float("nan")])
def test_a_bad_factor_is_refused(factor):
    with pytest.raises(ArgumentError, match="factor must lie in"):
        planar.circles(10, 0.1, 0, factor=factor)


@pytest.mark.parametrize("centers", [1, 11, 2.0, True])
def test_a_bad_number_of_centers_is_refused(centers):
    with pytest.raises(ArgumentError, match="centers must be an integer from 2 to n = 10"):
        planar.blobs(10, 0.1, 0, centers=centers)


def test_a_bad_seed_is_refused():
    with pytest.raises(ArgumentError, match="seed must be"):
        planar.moons(10, 0.1, None)
