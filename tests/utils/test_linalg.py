"""Matrix products written into an output array."""

import numpy as np
import pytest

from minidl.utils.linalg import THREADED, UNTHREADED, matmul_into


@pytest.mark.parametrize("kinds", ["fff", "dff", "fdf", "fdd", "ffd", "ddf"])
def test_products_are_written_into_the_output_for_all_dtypes(kinds):
    rng = np.random.default_rng(0)
    a, b, out = (
        rng.random(shape).astype(kind)
        for shape, kind in zip(((4, 3), (3, 2), (4, 2)), kinds, strict=True)
    )
    assert matmul_into(a, b, out) is out
    np.testing.assert_allclose(out, a.astype(float) @ b.astype(float), rtol=1e-6)
    striped = np.zeros((4, 4), kinds[2])[:, ::2]
    np.testing.assert_allclose(matmul_into(a, b, striped), out)
    with pytest.raises(ValueError, match="mismatch"):
        matmul_into(a, b.T, out)


@pytest.mark.parametrize("kind", ["f", "d"])
@pytest.mark.parametrize(
    ("m", "k", "n"), [(128, 1568, 10), (10, 128, 1568), (2001, 1, 1000), (5, 500, 1000)]
)
def test_products_in_pieces_are_whole(kind, m, k, n):
    rng = np.random.default_rng(0)
    a, b = rng.random((m, k)).astype(kind), rng.random((k, n)).astype(kind)
    assert UNTHREADED < m * k * n <= THREADED
    for out in (np.full((m, n), np.nan, kind), np.full((n, m), np.nan, kind).T):
        assert matmul_into(a, b, out) is out
        np.testing.assert_allclose(out, a @ b, rtol=1e-5 if kind == "f" else 1e-13)
