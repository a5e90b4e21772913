"""Matrix products written into an output array."""

import numpy as np
import pytest

from minidl.utils.linalg import matmul_into


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
