"""A figure of a report: where in each weight matrix the gradient is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...drawing.figure import new_figure
from ...errors import ArgumentError, require_extra
from ...escaping import MAX_LINE, PLAIN_TEXT, shortened
from ..result import Check
from .error_ratio import MAX_RATIO, MIN_RATIO, block_size, clipped_ratio, worst_of_blocks
from .report import Report

_MAX_COLUMNS = 3  # of the figure


def plot_errors(report: Report, *, axes: Any = None) -> Any:
    """Draw |analytic - numeric| in units of the error bar, for each weight matrix.

    A wrong row or column is seen at once.

    Parameters
    ----------
    report : Report
        Its matrices that were computed element by element are drawn, the worst first.
    axes : matplotlib Axes or array of Axes, optional
        Where to draw; by default on a new figure that belongs to no window.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    ArgumentError
        If no matrix was computed element by element.
    """
    with require_extra("matplotlib", "plot", "plot_errors"):
        from matplotlib.colors import LogNorm
    checks = _matrices(report)
    if not checks:
        raise ArgumentError(
            "the report must have a weight matrix that was computed element by element, got none: "
            "check with exhaustive=True"
        )
    if axes is None:
        axes = _new_axes(len(checks), f"Gradient check of {report.title}")
    used = list(np.ravel(axes))[: len(checks)]
    norm = LogNorm(MIN_RATIO, MAX_RATIO, clip=True)
    image: Any = None
    for target, check in zip(used, checks, strict=False):
        image = _draw(target, check, norm)
    figure = used[0].figure
    _add_colour_bar(figure, image, used)
    return figure


def _new_axes(count: int, title: str) -> Any:
    columns = min(count, _MAX_COLUMNS)
    rows = -(-count // columns)
    figure = new_figure("plot_errors", 4.2 * columns + 1.0, 3.4 * rows + 0.4)
    axes = figure.subplots(rows, columns, squeeze=False)
    for empty in axes.flat[count:]:
        empty.remove()
    figure.suptitle(shortened(title, MAX_LINE), **PLAIN_TEXT)
    return axes.flat[:count]


def _draw(axes: Any, check: Check, norm: Any) -> Any:
    from matplotlib.ticker import MaxNLocator

    ratio = clipped_ratio(check)
    height, width = ratio.shape
    image = axes.imshow(
        worst_of_blocks(ratio),
        cmap="cividis",
        norm=norm,
        aspect="auto",
        interpolation="nearest",
        extent=(-0.5, width - 0.5, height - 0.5, -0.5),
    )
    rows, columns = (height, width) if check.block is None else check.block.shape
    axes.set(
        xlabel=_axis_label("column (input)", width, columns),
        ylabel=_axis_label("row (unit)", height, rows),
    )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    term = " alone" if check.term == "layer" else f" ({check.term})"
    n_wrong = np.count_nonzero(ratio > 1)
    place = shortened(f"{check.location}{term}", MAX_LINE)
    wrong = f"{n_wrong:,} of {ratio.size:,} elements wrong"
    axes.set_title(f"{place}\n{wrong}", fontsize=9, **PLAIN_TEXT)
    return image


def _add_colour_bar(figure: Any, image: Any, axes: list[Any]) -> None:
    bar = figure.colorbar(image, ax=axes, extend="both")
    bar.set_label("|analytic - numeric| / error bar\n(wrong above the line at 1)")
    for colour, width in (("white", 2), ("black", 1)):
        bar.ax.axhline(1, color=colour, linewidth=width)


def _matrices(report: Report) -> list[Check]:
    """Return one check per weight matrix: preferably a failed one, and of the layer alone."""
    preference = {"layer": 0, "total": 1, "data": 3}
    checks = sorted(
        report.checks,
        key=lambda check: (check.verdict != "fail", preference.get(check.term, 2)),
    )
    best: dict[tuple[int | None, str], Check] = {}
    for check in checks:
        if _is_drawable(check) and not check.inner:
            best.setdefault((check.layer, check.parameter), check)
    return sorted(
        best.values(),
        key=lambda check: (check.verdict != "fail", -float(clipped_ratio(check).max())),
    )


def _is_drawable(check: Check) -> bool:
    """Return whether it is a matrix of a parameter that was computed element by element."""
    of_function = check.layer is None and not check.component
    is_parameter = check.parameter not in ("input", "prediction") or of_function
    is_matrix = check.analytic is not None and check.analytic.ndim == 2
    return is_matrix and is_parameter and check.bar is not None


def _axis_label(name: str, length: int, whole: int) -> str:
    if whole > length:
        name = f"{name}, {length} of {whole:,}"
    size = block_size(length)
    return name if size == 1 else f"{name}, the worst of each {size}"
