"""The gradient check of 12288-20-7-5-1 on two cats, everything included, against the loop that courses teach.

The loop moves every parameter up and down by 1e-7, each time copies the vector, cuts it into matrices and computes the cost anew. It
takes minutes, so by default it is run for a share of the parameters, spread over the whole vector, and scaled up; `--full` runs all of
it. Expect the default check to be over 100 times faster than the loop, and the exhaustive one, which computes each of the 245,973
elements too, over 30 times.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from minidl import BinaryCrossEntropy, Linear, ReLU, Sequential, Sigmoid, Xavier
from minidl.data import load_cats
from minidl.gradcheck import GradientChecker

from . import report

WIDTHS = (12288, 20, 7, 5, 1)


def run(options: argparse.Namespace) -> None:
    """Time the gradient check, default and exhaustive, and the course's loop, in alternation."""
    data = load_cats(options.data)
    print(data.source)
    x, y = data.train.x[:2], data.train.y[:2]
    layers = [
        layer
        for d_in, d_out in pairwise(WIDTHS)
        for layer in (Linear(d_in, d_out, init=Xavier()), ReLU())
    ]
    model = Sequential(
        [*layers[:-1], Sigmoid()],
        loss=BinaryCrossEntropy(),
        seed=np.random.RandomState(1),
        dtype=np.float64,
    )
    parameters = course_parameters(model)
    checker = GradientChecker(model)
    share = 1 if options.full else (4000 if options.quick else 200)
    rounds = 1 if options.quick else options.rounds
    times: dict[str, list[float]] = {
        "course's loop": [],
        "check, default": [],
        "check, exhaustive": [],
    }
    for turn in range(rounds):
        if not (options.full and turn):  # minutes: once is enough
            seconds, count = timed(lambda: course_loop(parameters, x.T, y.T, share))
            times["course's loop"].append(seconds * model.parameters.size / count)
        times["check, default"].append(timed(lambda: ok(checker.check(x, y)))[0])
        times["check, exhaustive"].append(
            timed(lambda: ok(checker.check(x, y, exhaustive=True)))[0]
        )
    loop = statistics.median(times["course's loop"])
    how = "every parameter" if share == 1 else f"1 of {share} parameters timed and scaled up"
    print(f"{model.parameters.size:,} parameters, 2 pictures, {rounds} rounds; the loop: {how}")
    print(f"{'':18} {'min':>9} {'median':>9} {'max':>9}   times faster than the loop")
    rows = {}
    for name, seconds_each in times.items():
        low, middle, high = min(seconds_each), statistics.median(seconds_each), max(seconds_each)
        rows[name] = {"min": low, "median": middle, "max": high, "ratio": loop / middle}
        print(f"{name:18} {low:7.2f} s {middle:7.2f} s {high:7.2f} s   {loop / middle:6.1f}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"largest resident memory of the whole run: {memory:.0f} MiB")
    report.write(
        options, {"source": data.source, "loop_share": share, "seconds": rows, "memory_mib": memory}
    )


def timed(work: Callable[[], int]) -> tuple[float, int]:
    """Return the seconds that `work` took, and what it returned."""
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


def ok(report: object) -> int:
    """Raise unless the report is good: a benchmark of a failing check would mean nothing."""
    report.raise_if_failed()  # type: ignore[attr-defined]
    return 0


def course_parameters(model: Sequential) -> list[np.ndarray]:
    """Return W1, b1, W2, ... as the course shapes them."""
    arrays = [parameter.value for _, parameter in model.parameters]
    return [array if array.ndim == 2 else array.reshape(-1, 1) for array in arrays]


def course_loop(
    parameters: Sequence[np.ndarray],
    X: np.ndarray,
    Y: np.ndarray,
    share: int,
    epsilon: float = 1e-7,
) -> int:
    """Take central differences as courses teach it, for one of `share` parameters; return for how many."""
    theta = np.concatenate([array.reshape(-1, 1) for array in parameters])
    chosen = range(0, len(theta), share)
    slopes = np.zeros((len(theta), 1))
    for i in chosen:
        cost = []
        for step in (epsilon, -epsilon):
            moved = np.copy(theta)
            moved[i][0] = moved[i][0] + step
            cost.append(course_cost(cut(moved, parameters), X, Y))
        slopes[i] = (cost[0] - cost[1]) / (2 * epsilon)
    return len(chosen)


def cut(theta: np.ndarray, like: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Cut a column of all parameters into arrays of the given shapes."""
    ends = np.cumsum([array.size for array in like])
    return [
        theta[end - array.size : end].reshape(array.shape)
        for end, array in zip(ends, like, strict=True)
    ]


def course_cost(parameters: Sequence[np.ndarray], X: np.ndarray, Y: np.ndarray) -> float:
    """Return the cross-entropy of LINEAR -> RELU -> ... -> SIGMOID, with the examples as columns."""
    A = X
    for W, b in zip(parameters[::2], parameters[1::2], strict=True):
        Z = np.dot(W, A) + b
        A = np.maximum(0, Z)
    A = 1.0 / (1.0 + np.exp(-Z))
    logs = np.multiply(-np.log(A), Y) + np.multiply(-np.log(1 - A), 1 - Y)
    return 1.0 / X.shape[1] * np.sum(logs)
