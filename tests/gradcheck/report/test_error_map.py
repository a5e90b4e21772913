"""plot_errors: a wrong column is seen."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from minidl import (
    ArgumentError,
    BinaryCrossEntropy,
    GradientChecker,
    Linear,
    Sequential,
    Sigmoid,
    Tanh,
    check_gradients,
)
from minidl.gradcheck.report.error_map import plot_errors

pytest.importorskip("matplotlib")


class WrongColumn(Linear):
    """A Linear whose gradient is 1 % too large in column 3."""

    def backward(self, dy):
        dx = super().backward(dy)
        self.weight.grad[:, 3] *= 1.01
        return dx


def report(width=6, layer=WrongColumn, **settings):
    model = Sequential(
        [layer(width, 4), Tanh(), Linear(4, 1), Sigmoid()], loss=BinaryCrossEntropy(), seed=1
    )
    X = np.random.default_rng(0).standard_normal((5, width))
    return GradientChecker(model).check(X, [0, 1, 1, 0, 1], **settings)


def heat_maps(figure):
    return [axes for axes in figure.axes if axes.images and axes.get_title()]


def test_the_wrong_column_alone_lights_up():
    figure = plot_errors(report())
    first, second = heat_maps(figure)
    assert first.get_title() == "layer 0 WrongColumn(6, 4) weight alone\n4 of 24 elements wrong"
    assert second.get_title().endswith("weight alone\n0 of 4 elements wrong")
    image = first.images[0].get_array()
    assert image.shape == (4, 6)
    np.testing.assert_array_equal(
        np.asarray(image) > 1, np.arange(6)[None, :].repeat(4, axis=0) == 3
    )
    shown = first.images[0].to_rgba(image)
    assert np.abs(shown[:, 3, :3] - shown[:, 2, :3]).max(axis=1).min() > 0.3


def test_it_is_labelled():
    figure = plot_errors(report())
    for axes in heat_maps(figure):
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("column (input)", "row (unit)")
        assert axes.images[0].get_cmap().name == "cividis"
        assert all(float(tick).is_integer() for tick in axes.get_xticks())
    assert "5 examples" in figure.get_suptitle()
    assert any("error bar" in axes.get_ylabel() for axes in figure.axes)


def test_one_wrong_column_of_thousands_is_not_lost():
    figure = plot_errors(report(3000, exhaustive=True))
    image = np.asarray(heat_maps(figure)[0].images[0].get_array())
    assert image.shape[1] <= 128
    assert (image[:, 0] > 1).all()
    assert not (image[:, 1:] > 1).any()
    assert "the worst of each 24" in heat_maps(figure)[0].get_xlabel()


def test_a_block_of_a_large_matrix_says_so():
    p = np.random.default_rng(0).standard_normal((80, 100))
    figure = plot_errors(check_gradients(lambda p: np.sin(p).sum(), lambda p: np.cos(p) ** 3, p))
    (axes,) = heat_maps(figure)
    assert axes.get_xlabel() == "column (input), 32 of 100"
    assert axes.get_ylabel() == "row (unit), 31 of 80"


def test_the_file_shows_something(tmp_path):
    from matplotlib.image import imread

    plot_errors(report()).savefig(tmp_path / "errors.png")
    pixels = imread(tmp_path / "errors.png")[..., :3]
    yellow = (pixels[..., 0] > 0.8) & (pixels[..., 1] > 0.7) & (pixels[..., 2] < 0.5)
    assert yellow.sum() > 500


def test_a_right_model_is_dark_throughout():
    for axes in heat_maps(plot_errors(report(layer=Linear))):
        assert not (np.asarray(axes.images[0].get_array()) > 1).any()


def test_functions_of_arrays_and_given_axes():
    from matplotlib.figure import Figure

    report = check_gradients(
        lambda p: (p**2).sum(), lambda p: np.where([[1, 1, 0]], 2 * p, np.nan), np.ones((2, 3))
    )
    figure = Figure()
    axes = figure.subplots()
    assert plot_errors(report, axes=axes) is figure
    np.testing.assert_array_equal(
        np.asarray(axes.images[0].get_array()) > 1, [[False, False, True]] * 2
    )


def test_nothing_to_draw_is_refused():
    with pytest.raises(ArgumentError, match="exhaustive=True"):
        plot_errors(check_gradients(lambda p: p.sum(), np.ones(3), np.ones(3)))


def test_without_matplotlib_the_pip_line_is_told():
    code = """
import sys; sys.modules["matplotlib"] = None
import numpy as np, minidl
from minidl.gradcheck.report.error_map import plot_errors
try:
    plot_errors(minidl.check_gradients(lambda p: p.sum(), np.ones((2, 2)), np.ones((2, 2))))
except minidl.MissingDependencyError as error:
    print(error)
"""
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
        timeout=60,
    )
    assert 'pip install "matplotlib' in done.stdout
