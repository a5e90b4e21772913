"""Every public layer is in the table of proof; some of its rows are computed here, all on request.

MINIDL_ALL_BUGS=1 computes all of them.
"""

import os

import pytest
from proof import EXACT, LAYERS, error_of, missing

pytestmark = pytest.mark.no_cover  # tests of the whole: coverage is measured elsewhere

STEP = 1 if os.environ.get("MINIDL_ALL_BUGS") else 6


def test_every_layer_is_in_the_table():
    assert not missing(), "add an example of each of these layers to proof.LAYERS"


@pytest.mark.parametrize(("layer", "data"), LAYERS[1::STEP], ids=lambda part: str(part)[:40])
def test_the_gradients_are_exact(layer, data):
    error, elements = error_of(layer, data)
    assert elements > 10
    assert error <= EXACT
