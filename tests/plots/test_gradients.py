"""The plot of the errors of gradients."""

import numpy as np
import pytest
from plot_examples import report

from minidl import ArgumentError, plots

pytest.importorskip("matplotlib")


def test_gradient_errors_shows_the_wrong_column():
    (axes,) = plots.gradient_errors(report(bug=1.5))
    image = axes.get_images()[0].get_array()
    assert (image[1:, 2] > 1).all()
    assert (np.delete(image, 2, axis=1) < 1).all()


def test_gradient_errors_refuses_another_type():
    with pytest.raises(
        ArgumentError,
        match="report must be what a gradient check returned, got 1 in gradient_errors",
    ):
        plots.gradient_errors(1)
