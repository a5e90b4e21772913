"""The gradient check of 12288-20-7-5-1 on two cats, next to a loop of central differences.

The loop changes every parameter by 1e-7 up and down; each time it copies the vector, splits it into
matrices and computes the cost again. It takes minutes, so by default it is run for one of 200
parameters, spread over the whole vector, and scaled up; `--full` runs it for all. Expect the
default check, everything included, to be over 100 times faster than the loop, and the exhaustive
one, which also computes each of the 245,973 elements, over 30 times.

Then the default check of convolutional nets of 12,000 to 200,000 parameters: its time grows no
faster than linearly with their number.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np

from minidl import Report, Sequential, Xavier
from minidl.data import load_cats
from minidl.gradcheck import GradientChecker

from ..networks import binary_network
from . import check_growth, report
from .table import spread

WIDTHS = (12288, 20, 7, 5, 1)
STRIDE = 200  # the loop is timed for one of 200 parameters
QUICK_STRIDE = 4000


def run(options: argparse.Namespace) -> None:
    """Time the gradient check, default and exhaustive, and the loop, in alternation."""
    data = load_cats(options.data)
    print(data.source)
    X, Y = data.train.x[:2], data.train.y[:2]
    model = binary_network(WIDTHS, init=Xavier(), seed=np.random.RandomState(1))
    parameters = course_parameters(model)
    checker = GradientChecker(model)
    stride = QUICK_STRIDE if options.quick else STRIDE
    if options.full:
        stride = 1
    rounds = 1 if options.quick else options.rounds
    times: dict[str, list[float]] = {
        "central differences": [],
        "check, default": [],
        "check, exhaustive": [],
    }
    for turn in range(rounds):
        if not (options.full and turn):  # minutes: once is enough
            seconds, count = timed(lambda: course_loop(parameters, X.T, Y.T, stride))
            times["central differences"].append(seconds * model.parameters.size / count)
        times["check, default"].append(timed(lambda: require_ok(checker.check(X, Y)))[0])
        times["check, exhaustive"].append(
            timed(lambda: require_ok(checker.check(X, Y, exhaustive=True)))[0]
        )
    loop = statistics.median(times["central differences"])
    timed_part = "every parameter"
    if stride > 1:
        timed_part = f"1 of {stride} parameters timed and scaled up"
    size = f"{model.parameters.size:,} parameters, 2 images"
    print(f"{size}, {rounds} rounds; the loop: {timed_part}")
    print(f"{'':18} {'min':>9} {'median':>9} {'max':>9}   times faster than the loop")
    rows = {}
    for name, seconds_per_run in times.items():
        smallest, median, largest = spread(seconds_per_run)
        rows[name] = {"min": smallest, "median": median, "max": largest, "ratio": loop / median}
        print(
            f"{name:18} {smallest:7.2f} s {median:7.2f} s {largest:7.2f} s   {loop / median:6.1f}"
        )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak resident memory of the whole run: {memory:.0f} MiB")
    report.write(
        options,
        {
            "source": data.source,
            "loop_share": stride,
            "seconds": rows,
            "memory_mib": memory,
            "convolutional": check_growth.measure(rounds, quick=options.quick),
        },
    )


def timed(function: Callable[[], int]) -> tuple[float, int]:
    """Return the seconds that the function took, and its result."""
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def require_ok(report: Report) -> int:
    """Raise if a gradient is wrong: a benchmark of a failing check would mean nothing."""
    report.raise_if_failed()
    return 0


def course_parameters(model: Sequential) -> list[np.ndarray]:
    """Return W1, b1, W2, ... with biases as columns."""
    arrays = [parameter.value for _, parameter in model.parameters]
    return [array if array.ndim == 2 else array.reshape(-1, 1) for array in arrays]


def course_loop(
    parameters: Sequence[np.ndarray],
    X: np.ndarray,
    Y: np.ndarray,
    stride: int,
    epsilon: float = 1e-7,
) -> int:
    """Compute plain central differences; return the number of parameters.

    Only one of `stride` parameters is computed.
    """
    theta = np.concatenate([array.reshape(-1, 1) for array in parameters])
    indices = range(0, len(theta), stride)
    gradient = np.zeros((len(theta), 1))
    for i in indices:
        costs = []
        for step in (epsilon, -epsilon):
            perturbed = np.copy(theta)
            perturbed[i][0] = perturbed[i][0] + step
            costs.append(course_cost(split_vector(perturbed, parameters), X, Y))
        gradient[i] = (costs[0] - costs[1]) / (2 * epsilon)
    return len(indices)


def split_vector(theta: np.ndarray, like: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Split a column of all parameters into arrays with the shapes of others."""
    ends = np.cumsum([array.size for array in like])
    return [
        theta[end - array.size : end].reshape(array.shape)
        for end, array in zip(ends, like, strict=True)
    ]


def course_cost(parameters: Sequence[np.ndarray], X: np.ndarray, Y: np.ndarray) -> float:
    """Return the cross-entropy of LINEAR -> RELU -> ... -> SIGMOID, with examples as columns."""
    A = X
    for W, b in zip(parameters[::2], parameters[1::2], strict=True):
        Z = np.dot(W, A) + b
        A = np.maximum(0, Z)
    A = 1.0 / (1.0 + np.exp(-Z))
    logs = np.multiply(-np.log(A), Y) + np.multiply(-np.log(1 - A), 1 - Y)
    return 1.0 / X.shape[1] * np.sum(logs)
