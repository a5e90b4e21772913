"""Which layer is meant; the plots of layers test what they say of a wrong one."""

import numpy as np
import pytest
from plot_examples import convolutions

from minidl import ArgumentError, ReLU
from minidl.plots.model_layer import check_model, find_layer


@pytest.mark.parametrize(
    ("layer", "path"), [(2, "2"), (-3, "2"), (np.int64(2), "2"), ("2.body.0", "2.body.0")]
)
def test_a_layer_by_index_or_path(layer, path):
    model = convolutions()
    found, name = find_layer(model, layer, "f")
    assert found == path
    assert name.startswith(f"layer {path}, ")


@pytest.mark.parametrize("layer", [5, -6, True, "2.body.7", ReLU(), None])
def test_another_layer_is_refused(layer):
    with pytest.raises(ArgumentError, match=r"layer must be an index from -5 to 4, or the path"):
        find_layer(convolutions(), layer, "f")


def test_a_model():
    check_model(convolutions(), "f")
    with pytest.raises(ArgumentError, match=r"model must be a Sequential, got ReLU\(\) in f"):
        check_model(ReLU(), "f")
