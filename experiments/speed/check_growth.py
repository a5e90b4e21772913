"""The gradient check of convolutional nets: its time against the number of parameters."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from minidl import Conv2D, Flatten, Linear, MaxPool2D, ReLU, Sequential, SoftmaxCrossEntropy
from minidl.gradcheck import GradientChecker

from .. import study
from .growth import describe_fit, fit

SIZE, EXAMPLES, CLASSES = 32, 4, 6
WIDTHS = ((8, 16, 10), (16, 32, 24), (32, 64, 45))  # two convolutions and a hidden layer
QUICK_WIDTHS = ((2, 2, 3), (2, 4, 3))


def convolutional_net(first: int, second: int, hidden: int) -> Sequential:
    """Return conv, pool, conv, pool, linear, linear for pictures of 32 x 32 pixels."""
    layers = [
        Conv2D(3, first, 3, padding="same"),
        ReLU(),
        MaxPool2D(2),
        Conv2D(first, second, 3, padding="same"),
        ReLU(),
        MaxPool2D(2),
        Flatten(),
        Linear((SIZE // 4) ** 2 * second, hidden),
        ReLU(),
        Linear(hidden, CLASSES),
    ]
    return Sequential(layers, loss=SoftmaxCrossEntropy(), seed=0)


def measure(rounds: int, *, quick: bool) -> dict[str, Any]:
    """Time the default check of each net, print the table and the fits, and return the times."""
    X = np.random.default_rng(0).random((EXAMPLES, SIZE, SIZE, 3))
    Y = np.arange(EXAMPLES) % CLASSES
    seconds: dict[int, list[float]] = {}
    rows = [["parameters", "min", "each parameter"]]
    for widths in QUICK_WIDTHS if quick else WIDTHS:
        model = convolutional_net(*widths)
        times = seconds.setdefault(model.parameters.size, [])
        for _ in range(rounds):
            start = time.perf_counter()
            GradientChecker(model).check(X, Y).raise_if_failed()
            times.append(time.perf_counter() - start)
        each = min(times) / model.parameters.size
        rows.append([f"{model.parameters.size:,}", f"{min(times):.2f} s", f"{1e6 * each:.0f} us"])
    print(f"convolutional nets, default check, {EXAMPLES} pictures of {SIZE} x {SIZE} pixels")
    fits = fit(list(seconds), [min(times) for times in seconds.values()])
    print(study.table(rows), describe_fit(fits, "parameters"), sep="\n")
    return {"seconds": seconds, **fits._asdict()}
