"""The errors of wrong gradients, element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..drawing.figure import axes_array
from ..errors import ArgumentError
from ..gradcheck.report.error_map import plot_errors
from ..gradcheck.report.report import Report


def gradient_errors(report: Report, *, axes: Any = None) -> Any:
    """Plot the gradient error of each element of the weight matrices.

    The colour is ``abs(analytic - numeric)`` in units of the error bar: above 1 is wrong. A
    wrong row or column of a matrix is visible at a glance.

    Parameters
    ----------
    report : Report
        The report of a gradient check in which at least one weight matrix was computed element
        by element.
    axes : sequence of matplotlib.axes.Axes, optional
        Where to plot the matrices, the worst first. By default, a new figure with one Axes per
        matrix.

    Returns
    -------
    ndarray of matplotlib.axes.Axes
        The axes with the plots, a flat array.

    Raises
    ------
    ArgumentError
        If `report` is not a Report, no matrix was computed element by element, or `axes` holds
        anything but Axes.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import check_gradients
    >>> W = np.ones((3, 2))
    >>> report = check_gradients(lambda W: (W**2).sum(), lambda W: 3 * W, W)
    >>> len(gradient_errors(report))
    1
    """
    function = "gradient_errors"
    if not isinstance(report, Report):
        raise ArgumentError(
            f"report must be what a gradient check returned, got {report!r} in {function}"
        )
    if axes is not None:
        axes = axes_array(axes, function)
        plot_errors(report, axes=axes)
        return axes
    figure = plot_errors(report)
    with_image = [element for element in figure.axes if element.get_images()]
    return np.array(with_image, dtype=object)
