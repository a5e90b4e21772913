"""The pictures of the gallery of bugs: the wrong gradient beside the right one."""

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from minidl import plots
from minidl.gradcheck.contract.layer_rules import LAYER_RULES

RIGHT, WRONG = "#e6e6e6", "#D55E00"
DARK_INK, LIGHT_INK = "#111111", "#fdfdfd"  # on coloured cells: the same in both looks
MISSING = "#9a9a9a"  # NaN, in the colours of numbers
N_COLUMNS = 2  # of the list of rules


def draw(report):
    """Return a figure of the failure that a report names first, and its description."""
    check = report.guilty
    return _gradients(check) if check.analytic is not None else _rules(report)


def _gradients(check):
    analytic, numeric = (np.atleast_2d(array) for array in (check.analytic, check.numeric))
    is_wrong = ~(np.abs(analytic - numeric) <= np.atleast_2d(check.bar))
    figure = Figure(figsize=(9, 1.3 + 0.34 * len(analytic)), layout="constrained")
    of_backward, of_checker, of_errors = figure.subplots(1, 3)
    scale = np.abs(numeric).max()
    _cells(of_backward, analytic, "what backward computed", "RdBu_r", (-scale, scale))
    _cells(of_checker, numeric, "the right gradient", "RdBu_r", (-scale, scale))
    title = f"{is_wrong.sum()} of {is_wrong.size} elements are wrong"
    _cells(of_errors, is_wrong, title, ListedColormap([RIGHT, WRONG]), (0, 1))
    description = (
        f"Three tables of {' x '.join(map(str, analytic.shape))} coloured cells: what backward "
        f"computed, the right gradient, and where they differ: {title}"
    )
    return figure, description


def _cells(axes, array, title, colours, limits):
    image = axes.imshow(array, cmap=colours, vmin=limits[0], vmax=limits[1], aspect="auto")
    image.cmap.set_bad(MISSING)
    axes.set_title(title, fontsize=11)
    axes.set(xticks=[], yticks=[])
    for (row, column), value in np.ndenumerate(array):
        background = np.array(image.to_rgba(array))[row, column, :3]
        ink = DARK_INK if background @ (0.299, 0.587, 0.114) > 0.55 else LIGHT_INK
        axes.text(column, row, _words(value), ha="center", va="center", fontsize=8.5, color=ink)


def _words(value):
    if isinstance(value, np.bool_):
        return "wrong" if value else ""
    return "NaN" if np.isnan(value) else f"{value + 0.0:.2g}"  # 0 for -0


def _rules(report):
    """Draw the rules of a layer's contract: no number is wrong, but one of them is broken."""
    broken = {check.parameter: check.diagnosis for check in report.failures}
    rules = [rule.title for rule in LAYER_RULES.values()]
    n_rows = -(-len(rules) // N_COLUMNS)
    figure = Figure(figsize=(9, 0.8 + 0.32 * n_rows), layout="constrained")
    axes = figure.subplots()
    for number, rule in enumerate(rules):
        x, y = divmod(number, n_rows)
        is_broken = rule in broken
        colour = WRONG if is_broken else plots.COLOURS[2]
        axes.plot(x, -y, "X" if is_broken else "o", color=colour, markersize=9)
        weight = "bold" if is_broken else "normal"
        axes.text(x + 0.03, -y, rule, va="center", fontsize=11, weight=weight)
    axes.set(xlim=(-0.05, N_COLUMNS - 0.05), ylim=(0.6 - n_rows, 0.6))
    axes.axis("off")
    names = " and ".join(broken)
    axes.set_title(f"the rules of a layer: broken is “{names}”", fontsize=11)
    return figure, f"A list of the rules of a layer; broken is {names}"
