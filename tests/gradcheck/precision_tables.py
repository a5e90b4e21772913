"""Tables per precision: false alarms, detection, resolution, calls.

``python tests/gradcheck/precision_tables.py --seeds 3``; --help lists the options.
"""

import argparse
from collections import Counter
from typing import NamedTuple

import numpy as np
from precision_functions import functions
from rounded_tape import in_precision, to_bfloat16

from minidl import check_gradients

PRECISIONS = ("float64", "float32", "float16", "bfloat16", "bfloat16 values", "bfloat16, reference")
MISTAKES = ("x 2", "x 1.1", "x 1.05", "x 1.02", "x 1.01", "sign", "one element x 2", "zero row")


class Outcome(NamedTuple):
    """The verdict on one function, how small an error was seen, and the calls of the cost."""

    status: str
    resolution: float
    calls: int


def check(parameters, function, precision, mistake=None, seed=0):
    """Check one function in a precision, right or with a mistake in its first array."""
    given = precision.partition(" ")[0].rstrip(",")
    cost, gradients = in_precision(function, given)
    reference = None
    if precision.endswith("values"):
        cost, exact = in_precision(function, "float64")

        def gradients(p):
            return {name: to_bfloat16(g).astype(float) for name, g in exact(p).items()}

    elif precision.endswith("reference"):
        reference = in_precision(function, "float64", constants=given)[0]
    calls = [0]

    def counted(p):
        calls[0] += 1
        return (reference or cost)(p)

    wrong = with_mistake(gradients, mistake, parameters, seed) if mistake else gradients
    numeric = {"reference": counted} if reference else {}
    report = check_gradients(
        cost if reference else counted, wrong, parameters, seed=seed, **numeric
    )
    resolutions = [row.resolution for row in report.checks if row.term != "protocol"]
    return Outcome(report.status, max(resolutions), calls[0])


def with_mistake(gradients, mistake, parameters, seed):
    """Return wrong gradients: of the first array, or of one element of at least a typical size."""
    name = next(iter(parameters))
    size = np.abs(gradients(parameters)[name])
    typical = np.flatnonzero(size >= 0.5 * np.sqrt((size**2).mean()))
    place = int(np.random.default_rng(seed).choice(typical))

    def wrong(p):
        result = gradients(p)
        g = result[name].copy()
        if mistake == "one element x 2":
            g.ravel()[place] *= 2
        elif mistake == "zero row":
            g.reshape(len(g), -1)[place * len(g) // g.size] = 0
        else:
            g *= -1 if mistake == "sign" else float(mistake.removeprefix("x "))
        return result | {name: g}

    return wrong


def table(precision, seeds, mistake=None):
    """Return the outcomes of all functions by name."""
    return {
        (name, seed): check(parameters, function, precision, mistake, seed)
        for seed in seeds
        for name, (parameters, function) in functions(seed).items()
    }


def line(title, outcomes):
    """Return a row of a table."""
    statuses = Counter(outcome.status for outcome in outcomes)
    resolutions = np.array([outcome.resolution for outcome in outcomes])
    calls = np.array([outcome.calls for outcome in outcomes])
    counts = " ".join(f"{statuses[status]:5d}" for status in ("ok", "failed", "unresolved"))
    return (
        f"{title:36} {counts}   {np.median(resolutions):8.1e} {(resolutions <= 1e-4).mean():6.3f}"
        f"   {np.median(calls):6.0f} {np.quantile(calls, 0.95):6.0f}"
    )


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--precision", choices=PRECISIONS, action="append")
    parser.add_argument("--mistakes", action="store_true", help="wrong gradients as well")
    parser.add_argument("--functions", action="store_true", help="a row for each function")
    options = parser.parse_args()
    print(f"{'':36}    ok  fail unres   resolution <=1e-4    calls    95%")
    for precision in options.precision or PRECISIONS:
        right = table(precision, range(options.seeds))
        print(line(precision, right.values()))
        for name in dict.fromkeys(name for name, _ in right) if options.functions else ():
            print(line(f"  {name}", [right[key] for key in right if key[0] == name]))
        for mistake in MISTAKES if options.mistakes else ():
            print(line(f"  {mistake}", table(precision, range(options.seeds), mistake).values()))


if __name__ == "__main__":
    main()
