"""The figures of the page, by Bokeh: the plane, the loss, the hidden units."""

from __future__ import annotations

from typing import Any

import numpy as np
from bokeh.models import (
    ColumnDataSource,
    CustomJS,
    DataRange1d,
    Legend,
    LegendItem,
    PlainText,
    Range1d,
)
from bokeh.plotting import figure

from ..escaping import shortened
from .pictures import COLOURS, Plane, UnitPictures
from .playground import Drawing
from .points import PointSet
from .session import Progress

MAX_POINTS = 1000  # of each set are drawn
MARKERS = ("square", "circle")  # of validation and training examples
MAX_CURVE = 400  # points of a curve
GAP = 0.12  # between the pictures of units, of their side
CELL = 1 + GAP
COLUMNS = 8  # pictures of units in a row
TITLE_HEIGHT = 0.6
NO_CURVE: dict[str, list[float]] = {"epoch": [], "loss": [], "val_loss": []}

# Bokeh draws text on a canvas, which no style sheet reaches.
FOLLOW_SCHEME = """
const dark = matchMedia("(prefers-color-scheme: dark)")
const paint = () => {
  const [text, grid, page] =
    dark.matches ? ["#e3e6ea", "#3a4048", "#15181c"] : ["#22262b", "#dfe3e8", "#ffffff"]
  for (const each of plots) {  // opaque: Bokeh leaves traces of texts on transparent ground
    each.background_fill_color = each.border_fill_color = page
    each.background_fill_alpha = each.border_fill_alpha = 1
  }
  for (const axis of axes) {
    axis.axis_label_text_color = text
    axis.major_label_text_color = text
    axis.axis_line_color = axis.major_tick_line_color = text
  }
  for (const each of grids) each.grid_line_color = grid
  for (const each of legends) each.label_text_color = text
  for (const each of texts) each.text_color = {value: text}
}
paint()
dark.addEventListener("change", paint)
"""


def _figure(name: str, **options: Any) -> Any:
    return figure(
        name=name,
        tools="",
        toolbar_location=None,
        sizing_mode="stretch_width",
        background_fill_alpha=0,
        border_fill_alpha=0,
        outline_line_color=None,
        output_backend="canvas",
        **options,
    )


def plain_text(text: str) -> PlainText:
    """Return text that Bokeh draws as it is: it would read what is between $$ as a formula."""
    return PlainText(text=shortened(text))


class Figures:
    """The figures of a tab.

    Attributes
    ----------
    plane, loss, units : bokeh.plotting.figure
        The figures.
    """

    def __init__(self) -> None:
        self._classes = ColumnDataSource({"image": []}, name="classes")
        self._examples = ColumnDataSource({"x": [], "y": [], "colour": [], "marker": []})
        self._curve = ColumnDataSource(NO_CURVE, name="curve")
        self._earlier = ColumnDataSource(NO_CURVE, name="earlier")
        self._pictures = ColumnDataSource({"image": [], "x": [], "y": []}, name="pictures")
        self._titles = ColumnDataSource({"x": [], "y": [], "text": []})
        self.plane = self._plane_figure()
        self.loss = self._loss_figure()
        self.units = self._units_figure()

    def follow_scheme(self) -> CustomJS:
        """Return the script that colours texts and lines as the visitor prefers, light or dark."""
        figures = (self.plane, self.loss)
        arguments = {
            "plots": [*figures, self.units],
            "axes": [axis for each in figures for axis in each.axis],
            "grids": [grid for each in figures for grid in each.grid],
            "legends": [self.loss.legend[0]],
            "texts": [self._title_glyph],
        }
        return CustomJS(args=arguments, code=FOLLOW_SCHEME)

    def show_examples(self, points: PointSet, plane: Plane, features: tuple[int, int]) -> None:
        """Show the examples of a set, and fit the axes to them.

        Parameters
        ----------
        points : PointSet
            The set.
        plane : Plane
            The part of the plane.
        features : tuple of int
            The numbers of the features along both axes.
        """
        self._plane = plane
        ranges = (self.plane.x_range, self.plane.y_range)
        for each, low, high in zip(ranges, plane.low, plane.high, strict=True):
            each.start, each.end = float(low), float(high)
        for axis, feature in zip(self.plane.axis, features, strict=True):
            axis.axis_label = plain_text(points.features[feature])
        sets = [points.train, points.validation]
        X = np.concatenate([x[:MAX_POINTS, list(features)] for x, _ in sets])
        labels = np.concatenate([y[:MAX_POINTS, 0] for _, y in sets]).astype(int)
        is_training = np.arange(len(X)) < len(points.train[0][:MAX_POINTS])
        self._examples.data = {
            "x": X[:, 0],
            "y": X[:, 1],
            "colour": [COLOURS[k % len(COLOURS)] for k in labels],
            "marker": [MARKERS[int(each)] for each in is_training],
        }

    def show(self, drawing: Drawing, earlier: Progress | None) -> None:
        """Show what a training has reached.

        Parameters
        ----------
        drawing : Drawing
            What is to be drawn.
        earlier : Progress or None
            What the training before has reached.
        """
        low, high = self._plane.low, self._plane.high
        self._classes.data = {
            "image": [drawing.pictures.classes],
            "x": [float(low[0])],
            "y": [float(low[1])],
            "dw": [float(high[0] - low[0])],
            "dh": [float(high[1] - low[1])],
        }
        self._curve.data = _curve_of(drawing.progress)
        self._earlier.data = _curve_of(earlier) if earlier else NO_CURVE
        for item in self._earlier_items:
            item.visible = earlier is not None
        self._show_units(drawing.pictures.units)

    def _show_units(self, layers: list[UnitPictures]) -> None:
        images, x, y, tops = [], [], [], []
        bottom = 0.0
        for layer in layers:
            tops.append(bottom - TITLE_HEIGHT / 2)
            bottom -= TITLE_HEIGHT
            for number, picture in enumerate(layer.pictures):
                row, column = divmod(number, COLUMNS)
                images.append(picture)
                x.append(column * CELL)
                y.append(bottom - row * CELL - 1)
            bottom = min(y[-1], bottom) - GAP
        self._pictures.data = {"image": images, "x": x, "y": y}
        titles = [_units_title(layer) for layer in layers]
        if titles != list(self._titles.data["text"]):
            self._titles.data = {"x": [0.0] * len(layers), "y": tops, "text": titles}
            self.units.visible = bool(layers)
            self.units.y_range.start = bottom or -1
            self.units.aspect_ratio = COLUMNS * CELL / -(bottom or -1)

    def _plane_figure(self) -> Any:
        plot = _figure("plane", x_range=Range1d(), y_range=Range1d(), aspect_ratio=1)
        corner = {name: name for name in ("x", "y", "dw", "dh")}
        plot.image_rgba("image", source=self._classes, **corner)
        plot.scatter(
            "x",
            "y",
            source=self._examples,
            size=8,
            marker="marker",
            color="colour",
            line_color="white",  # else they drown in the colour of their class
        )
        plot.grid.visible = False
        plot.axis.minor_tick_line_color = None
        return plot

    def _loss_figure(self) -> Any:
        plot = _figure("loss", y_range=DataRange1d(start=0), height=250)
        curves = [
            ("training", self._curve, "loss", COLOURS[0], "solid"),
            ("validation", self._curve, "val_loss", COLOURS[1], "solid"),
            ("before the change", self._earlier, "loss", COLOURS[0], "dotted"),
            ("validation before", self._earlier, "val_loss", COLOURS[1], "dotted"),
        ]
        items = [
            LegendItem(
                label=name,
                renderers=[
                    plot.line(
                        "epoch", column, source=source, color=colour, line_dash=dash, line_width=2
                    )
                ],
            )
            for name, source, column, colour, dash in curves
        ]
        self._earlier_items = items[2:]
        legend = Legend(items=items, ncols=2, background_fill_alpha=0, border_line_color=None)
        plot.add_layout(legend, "above")
        plot.xaxis.axis_label, plot.yaxis.axis_label = "epoch", "loss"
        plot.axis.minor_tick_line_color = None
        return plot

    def _units_figure(self) -> Any:
        ranges = {"x_range": Range1d(0, COLUMNS * CELL), "y_range": Range1d(-1, 0)}
        plot = _figure("units", **ranges, aspect_ratio=2, min_border=0)
        plot.image_rgba("image", x="x", y="y", dw=1, dh=1, source=self._pictures)
        self._title_glyph = plot.text(
            "x", "y", "text", source=self._titles, text_font_size="13px", text_baseline="middle"
        ).glyph
        plot.axis.visible = False
        plot.grid.visible = False
        return plot


def _units_title(layer: UnitPictures) -> str:
    n_shown = len(layer.pictures)
    first = f": the first {n_shown} of {layer.n_units} units" if n_shown < layer.n_units else ""
    return layer.title + first


def _curve_of(progress: Progress) -> dict[str, Any]:
    """Return the curves of a training, thinned where they have more points than can be seen."""
    n_epochs = progress.epochs
    step = max(1, -(-n_epochs // MAX_CURVE))
    rows = [*range(0, n_epochs, step)]
    if rows and rows[-1] != n_epochs - 1:
        rows.append(n_epochs - 1)
    return {
        "epoch": [row + 1 for row in rows],
        "loss": [progress.loss[row] for row in rows],
        "val_loss": [progress.val_loss[row] for row in rows],
    }
