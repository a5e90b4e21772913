"""Images of a report: where in each weight matrix the gradient is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ArgumentError, require_extra
from ...utils.typing import Array
from ..result import Check, error_in_bars
from .report import Report

_LOWEST, _HIGHEST = 1e-3, 1e3  # in units of the error bar


_CELLS = 128  # more than these in a row or a column would be narrower than a pixel or two


def plot_errors(report: Report, *, axes: Any = None) -> Any:
    """Draw |analytic - numeric| in units of the error bar for each weight matrix: a wrong row or column is seen at once.

    The matrices of `report` that were computed element by element are drawn, the worst first, on the given matplotlib `axes`, or on
    a new figure, which belongs to no window: `figure.savefig("errors.png")`. It is returned.

    Raises
    ------
    MissingDependencyError
        Without matplotlib.
    ArgumentError
        If no matrix was computed element by element.
    """
    with require_extra("matplotlib", "plot", "plot_errors"):
        from matplotlib.colors import LogNorm
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    checks = _matrices(report)
    if not checks:
        raise ArgumentError(
            "the report has no weight matrix that was computed element by element: check with exhaustive=True"
        )
    if axes is None:
        columns = min(len(checks), 3)
        rows = -(-len(checks) // columns)
        figure = Figure(figsize=(4.2 * columns + 1.0, 3.4 * rows + 0.4), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False)
        for empty in axes.flat[len(checks) :]:
            empty.remove()
        figure.suptitle(f"Gradient check of {report.title}")
    chosen = list(np.ravel(axes))[: len(checks)]
    for where, check in zip(chosen, checks, strict=False):
        ratio = _ratio(check)
        height, width = ratio.shape
        norm, box = LogNorm(_LOWEST, _HIGHEST, clip=True), (-0.5, width - 0.5, height - 0.5, -0.5)
        image = where.imshow(
            _pooled(ratio),
            cmap="cividis",
            norm=norm,
            aspect="auto",
            interpolation="nearest",
            extent=box,
        )
        where.set(xlabel=_axis("column (input)", width), ylabel=_axis("row (unit)", height))
        for axis in (where.xaxis, where.yaxis):
            axis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
        term = " alone" if check.term == "layer" else f" ({check.term})"
        where.set_title(
            f"{check.location}{term}\n{np.count_nonzero(ratio > 1):,} of {ratio.size:,} elements wrong",
            fontsize=9,
        )
    bar = chosen[0].figure.colorbar(image, ax=chosen, extend="both")
    bar.set_label("|analytic - numeric| / error bar\n(wrong above the line at 1)")
    for colour, width in (("white", 2), ("black", 1)):
        bar.ax.axhline(1, color=colour, linewidth=width)
    return chosen[0].figure


def _matrices(report: Report) -> list[Check]:
    """Return one check for each weight matrix: a failed one where there is one, of the layer alone rather than of what follows."""
    terms = {"layer": 0, "total": 1, "data": 3}
    best: dict[tuple[int | None, str], Check] = {}
    for check in sorted(
        report.checks, key=lambda check: (check.verdict != "fail", terms.get(check.term, 2))
    ):
        own = check.parameter not in ("input", "prediction") or (
            check.layer is None and not check.component
        )  # a function's own parameter
        if (
            check.analytic is not None
            and check.analytic.ndim == 2
            and own
            and check.bar is not None
        ):
            best.setdefault((check.layer, check.parameter), check)
    return sorted(
        best.values(), key=lambda check: (check.verdict != "fail", -float(_ratio(check).max()))
    )


def _ratio(check: Check) -> Array:
    found: Array = np.clip(np.nan_to_num(error_in_bars(check), nan=_HIGHEST), _LOWEST, _HIGHEST)
    return found


def _pooled(ratio: Array) -> Array:
    """Return the largest number of each block, so that one wrong column of thousands is not lost between the pixels."""
    for axis in (0, 1):
        block = -(-ratio.shape[axis] // _CELLS)
        ratio = np.maximum.reduceat(ratio, np.arange(0, ratio.shape[axis], block), axis=axis)
    return ratio


def _axis(name: str, length: int) -> str:
    block = -(-length // _CELLS)
    return name if block == 1 else f"{name}, the worst of each {block}"
