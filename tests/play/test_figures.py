"""The figures of the page."""

import numpy as np
import pytest

pytest.importorskip("bokeh")

from minidl.play.figures import MAX_CURVE, Figures, plain_text
from minidl.play.pictures import Pictures, Plane, UnitPictures
from minidl.play.playground import Drawing
from minidl.play.session import Progress

PICTURE = np.zeros((4, 4), np.uint32)


@pytest.fixture
def figures(moons):
    made = Figures()
    made.show_examples(moons, Plane.around(moons, (0, 1)), (0, 1))
    return made


def source(figures, name):
    sources = (
        renderer.data_source
        for plot in (figures.plane, figures.loss, figures.units)
        for renderer in plot.renderers
    )
    return next(each.data for each in sources if each.name == name)


def drawing(n_epochs=3, units=()):
    numbers = np.linspace(1, 0, n_epochs)
    return Drawing(
        Progress(None, epochs=n_epochs, loss=numbers, val_loss=2 * numbers),
        Pictures(PICTURE, [*units]),
    )


def test_the_examples_have_colours_and_markers(figures, moons):
    data = figures.plane.renderers[1].data_source.data
    assert len(data["x"]) == 320
    assert data["marker"].count("circle") == len(moons.train[0])
    assert {*data["colour"][:240]} == {*data["colour"][240:]}
    assert [axis.axis_label.text for axis in figures.plane.axis] == [*moons.features]


def test_the_curves_are_shown_beside_the_earlier_ones(figures):
    def visible():
        return [item.visible for item in figures.loss.legend[0].items]

    figures.show(drawing(3), None)
    assert source(figures, "curve")["epoch"] == [1, 2, 3]
    assert source(figures, "earlier")["epoch"] == []
    assert visible() == [True, True, False, False]
    figures.show(drawing(1), drawing(2).progress)
    assert source(figures, "earlier")["val_loss"] == [2, 0]
    assert visible() == [True] * 4


def test_long_curves_are_thinned_and_keep_their_ends(figures):
    figures.show(drawing(10 * MAX_CURVE + 3), None)
    epochs = source(figures, "curve")["epoch"]
    assert len(epochs) <= MAX_CURVE + 2
    assert (epochs[0], epochs[-1]) == (1, 10 * MAX_CURVE + 3)


def test_units_are_shown_layer_below_layer(figures):
    layers = [UnitPictures("layer 0", 3, [PICTURE] * 3), UnitPictures("layer 2", 40, [PICTURE] * 9)]
    figures.show(drawing(units=layers), None)
    data = source(figures, "pictures")
    assert len(data["image"]) == 12
    assert data["x"][:4] == pytest.approx([0, 1.12, 2.24, 0])
    assert data["x"][-1] == 0  # the ninth is in a row of its own
    assert data["y"] == pytest.approx([-1.6] * 3 + [-3.32] * 8 + [-4.44])
    titles = figures.units.renderers[1].data_source.data
    assert titles["text"] == ["layer 0", "layer 2: the first 9 of 40 units"]
    assert titles["y"] == pytest.approx([-0.3, -2.02])
    assert figures.units.y_range.start == pytest.approx(-4.56)
    figures.show(drawing(), None)
    assert source(figures, "pictures")["image"] == []
    assert not figures.units.visible


def test_names_are_no_formulas():
    assert plain_text("$$x^2$$\n").text == "$$x^2$$\\n"


def test_the_script_knows_all_that_has_a_colour(figures):
    arguments = figures.follow_scheme().args
    assert {len(arguments[name]) for name in ("axes", "grids")} == {4}
    assert len(arguments["texts"]) == len(arguments["legends"]) == 1
