"""Pictures of a study's results, as the bytes of PNG files.

They are drawn on figures of their own, never by pyplot: no global state, no window, nothing to close. Each function raises ImportError
where matplotlib is not installed.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minidl.data import Dataset

BLUE, GREY = "#0072B2", "#666666"  # distinct in every kind of colour vision, and in grey


def cost_picture(costs: Sequence[float], data: Dataset, how: str, penalty: bool) -> bytes:
    """Return a PNG of the cost over the epochs."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(range(1, len(costs) + 1), costs, color=BLUE, linewidth=1.2, label="training cost")
    axes.axhline(math.log(2), color=GREY, linestyle="--", linewidth=1, label='cost of answering "one half" every time (ln 2)')
    axes.set(
        xlabel=f"epoch (one pass over the {len(data.train)} training pictures)",
        ylabel=f"cost (cross-entropy{' + L2 penalty' if penalty else ''})",
    )
    axes.set(ylim=(0, None), xlim=(0, len(costs) + 1))
    figure.suptitle("Cat or not: how the cost falls while the network learns")
    axes.set_title(f"{how}\n{_kind(data)}", fontsize=9, color=GREY)
    axes.grid(alpha=0.3)
    axes.legend()
    return _png(figure)


def misclassified_picture(data: Dataset, called: np.ndarray, probability: np.ndarray, most: int = 20) -> bytes:
    """Return a PNG of the test pictures that were called wrongly, the surest mistakes first."""
    from matplotlib.figure import Figure

    wrong = np.flatnonzero(called != data.test.labels)
    shown = wrong[np.argsort(-np.abs(probability[wrong] - 0.5), kind="stable")][:most]
    rows = max(1, math.ceil(len(shown) / 5))
    figure = Figure(figsize=(9, 0.9 + 2.2 * rows), layout="constrained")
    order = "" if len(wrong) < 2 else ", the surest mistakes first" if len(wrong) <= most else f"; the {most} surest mistakes"
    figure.suptitle(f"Called wrongly: {len(wrong)} of {len(called)} test pictures{order}\n{_kind(data)}", fontsize=11)
    grid = figure.subplots(rows, 5, squeeze=False).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, i in zip(grid, shown, strict=False):
        axes.imshow(data.test.images[i])
        sure = min(probability[i] if called[i] else 1 - probability[i], 0.99)
        axes.set_title(f"a {data.classes[data.test.labels[i]]},\ncalled {data.classes[called[i]]} ({sure:.0%} sure)", fontsize=9)
    return _png(figure)


def _kind(data: Dataset) -> str:
    return data.source.split(" (")[0].split(", because")[0]


def _png(figure: Any) -> bytes:
    memory = io.BytesIO()
    figure.savefig(memory, format="png", dpi=120)
    return memory.getvalue()
