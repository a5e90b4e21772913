"""Pictures of a report: where in each weight matrix the gradient is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import ArgumentError, MissingExtraError
from .report import Report
from .verdict import Check

_LOWEST, _HIGHEST = 1e-3, 1e3  # in units of the error bar; outside of these all is one colour
_CELLS = 128  # more than these in a row or a column would be narrower than a pixel or two


def plot_errors(report: Report, *, axes: Any = None) -> Any:
    """Draw |analytic - numeric| in units of the error bar for each weight matrix: a wrong row or column is seen at once.

    Parameters
    ----------
    report : Report
        Its matrices that were computed element by element are drawn, the worst first; of each one, the check that shows most.
    axes : matplotlib Axes or sequence of them, optional
        Where to draw; at most as many matrices are drawn. By default all of them, on a new figure.

    Returns
    -------
    matplotlib.figure.Figure
        It belongs to no window: `figure.savefig("errors.png")`; a notebook shows it by itself.

    Raises
    ------
    MissingExtraError
        Without matplotlib.
    ArgumentError
        If no matrix was computed element by element.

    Examples
    --------
    >>> from minidl import check_gradients
    >>> W = np.ones((3, 4))
    >>> report = check_gradients(lambda W: (W**2).sum(), lambda W: 2 * W, W)
    >>> figure = plot_errors(report)  # doctest: +SKIP
    """
    try:
        from matplotlib.colors import LogNorm
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    except ImportError:
        raise MissingExtraError("plot_errors needs matplotlib, which is not installed: pip install minidl[plot]") from None
    checks = _matrices(report)
    if not checks:
        raise ArgumentError("the report has no weight matrix that was computed element by element: check with exhaustive=True")
    if axes is None:
        columns = min(len(checks), 3)
        rows = -(-len(checks) // columns)
        figure = Figure(figsize=(4.2 * columns + 1.0, 3.4 * rows + 0.4), layout="constrained")
        chosen = list(figure.subplots(rows, columns, squeeze=False).ravel())
        for empty in chosen[len(checks) :]:
            empty.remove()
        figure.suptitle(f"Gradient check of {report.title}")
    else:
        chosen = list(np.ravel(axes))
        figure = chosen[0].figure
    drawn = list(zip(chosen, checks, strict=False))
    ratios = [_ratio(check) for _, check in drawn]
    norm = LogNorm(_LOWEST, _HIGHEST, clip=True)
    for (where, check), ratio in zip(drawn, ratios, strict=True):
        height, width = ratio.shape
        image = where.imshow(
            _pooled(ratio),
            cmap="cividis",
            norm=norm,
            aspect="auto",
            interpolation="nearest",
            extent=(-0.5, width - 0.5, height - 0.5, -0.5),
        )
        where.set(xlabel=_axis("column (input)", width), ylabel=_axis("row (unit)", height))
        for axis in (where.xaxis, where.yaxis):
            axis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
        wrong = int(np.count_nonzero(ratio > 1))
        where.set_title(
            f"{check.place}{' alone' if check.term == 'layer' else f' ({check.term})'}\n{wrong:,} of {ratio.size:,} elements wrong",
            fontsize=9,
        )
    bar = figure.colorbar(image, ax=[where for where, _ in drawn], extend="both")
    bar.set_label("|analytic - numeric| / error bar\n(wrong above the line at 1)")
    bar.ax.axhline(1, color="white", linewidth=2)
    bar.ax.axhline(1, color="black", linewidth=1)
    return figure


def _matrices(report: Report) -> list[Check]:
    """Return one check for each weight matrix: a failed one where there is one, of the layer alone rather than of what follows."""
    terms = {"layer": 0, "total": 1, "data": 3}
    best: dict[tuple[int | None, str], Check] = {}

    def rank(check: Check) -> tuple[bool, int]:
        return check.verdict != "fail", terms.get(check.term, 2)

    for check in report.checks:
        if check.analytic is None or check.numeric is None or check.bar is None or check.analytic.ndim != 2:
            continue
        if check.parameter in ("input", "prediction") and (check.layer is not None or check.where):  # these are no weights
            continue
        key = (check.layer, check.parameter)
        if key not in best or rank(check) < rank(best[key]):
            best[key] = check
    return sorted(best.values(), key=lambda check: (check.verdict != "fail", -float(_ratio(check).max())))


def _ratio(check: Check) -> Array:
    """Return the error in units of its bar, between the ends of the scale."""
    assert check.analytic is not None
    assert check.numeric is not None
    assert check.bar is not None
    with np.errstate(all="ignore"):
        gap = np.abs(check.analytic - check.numeric)
        ratio = np.where(gap == 0, 0.0, gap / check.bar)
    found: Array = np.clip(np.nan_to_num(ratio, nan=_HIGHEST, posinf=_HIGHEST), _LOWEST, _HIGHEST)
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
