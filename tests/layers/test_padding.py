import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minidl.layers.padding import find_padding

BY_TIME = np.array([[[1, 0], [0, 0]], [[0, 0], [0, 0]], [[0, -1], [0, 0]], [[0, -0.0], [0, 0]]])


def test_padding_reaches_up_to_the_end():
    padding = find_padding(BY_TIME, {})
    assert padding.shape == (4, 2, 1)
    assert padding[:, 0, 0].tolist() == [False, False, False, True]
    assert padding[:, 1, 0].all()


def test_the_imaginary_part_does_not_count():
    np.testing.assert_array_equal(find_padding(BY_TIME + 1j, {}), find_padding(BY_TIME, {}))


def test_what_is_not_a_number_is_no_padding():
    assert not find_padding(np.full((1, 1, 1), np.nan), {}).any()


@given(
    sizes=st.lists(
        st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3)), min_size=1, max_size=3
    ),
    seed=st.integers(0, 99),
)
def test_of_any_shape_with_one_workspace(sizes, seed):
    rng, workspace = np.random.default_rng(seed), {}
    for shape in sizes:
        x = rng.integers(0, 2, shape) * rng.integers(0, 2, shape)
        padding = find_padding(x, workspace)
        for k, i in np.ndindex(shape[:2]):
            assert padding[k, i, 0] == (not x[k:, i].any())
