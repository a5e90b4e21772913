"""Random functions and models, right and with one planted bug: how often is the verdict wrong?

Run from the root of the repository, for example:
python -m tests.gradcheck.campaign --count 10000 --jobs 2 --precision float32
python -m tests.gradcheck.campaign --what models --precision float64 float32
python -m tests.gradcheck.campaign --what models --kind repeat --count 500
"""

import argparse
import contextlib
import functools
import multiprocessing
import operator
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))

from function_bugs import plant
from model_verdicts import buggy_model, right_model
from one_sided_slopes import is_subgradient
from random_functions import RandomFunction
from repeated_checks import repeated

from minidl import check_gradients

PRECISIONS = ("float64", "float32", "bfloat16", "float16")
KINDS = ("right", "buggy")
WRONG = (
    "right failed",
    "right raised",
    "buggy ok",
    "buggy raised",
    "buggy resolution",
    "repeat differs",
    "repeat raised",
)


def options(function):
    """Return the reference of a function in half precision."""
    half = function.precision in ("bfloat16", "float16")
    return {"reference": function.reference} if half else {}


def status(report):
    """Return "ok", "failed" or "unresolved"."""
    if report.failures:
        return "failed"
    verdicts = {check.verdict for check in report.checks}
    return "unresolved" if "unresolved" in verdicts or not report.ok else "ok"


def check_right(function, exact_kinks=False):
    """Return (outcome, resolutions, what happened) of the check of a right gradient."""
    prefix = "spoiled " if function.is_spoiled else ""
    try:
        report = check_gradients(
            function.cost, function.gradients, function.parameters, **options(function)
        )
    except Exception as error:
        return "right raised", [], f"{type(error).__name__}: {error}"
    resolutions = [
        check.resolution
        for check in report.checks
        if getattr(check, "resolution", None) is not None and check.term != "protocol"
    ]
    rows = "; ".join(
        f"{check.verdict} {check.term} {check.parameter} {check.difference:.1e} "
        f"{check.diagnosis[:120]}"
        for check in report.checks
        if check.verdict != "pass"
    )
    outcome = status(report)
    if outcome == "failed" and exact_kinks and not prefix and not is_right_at_kinks(function):
        prefix = "no subgradient, "  # what reverse mode gives where kinks meet is wrong
    return f"{prefix}right {outcome}", resolutions, f"{rows} | {report.notes}"


def is_right_at_kinks(function):
    def as_given(arrays):
        return arrays if isinstance(function.parameters, dict) else arrays["a"]

    gradients = function.gradients(function.parameters)
    gradients = gradients if isinstance(gradients, dict) else {"a": gradients}
    return is_subgradient(
        lambda arrays: function.reference(as_given(arrays)), gradients, function.arrays
    )


def without_source(gradients):
    """Return the same function, of which no source is known: verdicts alone are counted here.

    Otherwise each failed check would look for the line to change, which takes most of the time.
    """
    return functools.partial(operator.call, gradients)


def check_buggy(function):
    """Return (outcome, resolutions, what happened) of the check of a wrong gradient."""
    bug = plant(function)
    if bug is None:
        return "no bug", [], ""
    try:
        report = check_gradients(
            function.cost, without_source(bug.gradients), function.parameters, **options(function)
        )
    except Exception as error:
        return "buggy raised", [], f"{bug}; {type(error).__name__}: {error}"
    outcome = status(report)
    alone = not isinstance(function.parameters, dict)
    rows = {
        "a" if alone else check.parameter: check
        for check in report.checks
        if check.term != "protocol" and (alone or check.parameter in bug.sizes)
    }
    told = f"{bug}; " + "; ".join(
        f"{name} {check.verdict} {check.difference:.1e} resolution "
        f"{getattr(check, 'resolution', np.nan):.1e} {check.diagnosis[:100]}"
        for name, check in rows.items()
    )
    if outcome == "unresolved":
        hidden = [
            name
            for name, size in bug.sizes.items()
            if name in rows and getattr(rows[name], "resolution", np.inf) >= size
        ]
        outcome = "unresolved" if hidden else "resolution"
    return f"buggy {outcome}", [], told


class Timeout(Exception):
    """A check that takes too long."""


def check_seed(what, kind, seed, precision):
    """Check the function or model of one seed; return (outcome, resolutions, what happened)."""
    if kind == "repeat":
        return repeated(what, seed, precision)
    if what == "models":
        return (right_model if kind == "right" else buggy_model)(seed, precision)
    exact_kinks = kind == "right" and seed % 4 == 0
    function = RandomFunction(seed, precision, exact_kinks=exact_kinks)
    outcome = check_right(function, exact_kinks) if kind == "right" else check_buggy(function)
    return *outcome[:2], f"{function}\n    {outcome[2]}"


def run(task):
    """Check the function or model of one seed; return what came out, and how long it took."""
    what, kind, seed, precision, limit = task
    begin = time.perf_counter()

    def stop(*_):
        raise Timeout(f"more than {limit} s")

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(limit)
    try:
        return task, *check_seed(what, kind, seed, precision), time.perf_counter() - begin
    except Exception as error:
        told = f"seed {seed}, {precision}: {type(error).__name__}: {error}"
        return task, f"{kind} raised", [], told, time.perf_counter() - begin
    finally:
        signal.alarm(0)


def campaign(kinds, precision, seeds, jobs, limit=300, *, what="functions", show=False):
    """Check right and wrong gradients; return (outcomes, resolutions, seconds, wrong verdicts)."""
    tasks = [(what, kind, seed, precision, limit) for seed in seeds for kind in kinds]
    outcomes, resolutions, seconds, wrong = Counter(), [], [], []
    with contextlib.ExitStack() as stack:
        if jobs > 1:
            pool = stack.enter_context(multiprocessing.get_context("fork").Pool(jobs))
            results = pool.imap_unordered(run, tasks, chunksize=4)
        else:
            results = map(run, tasks)
        for task, outcome, some, told, duration in results:
            outcomes[outcome] += 1
            resolutions += some
            seconds.append(duration)
            if outcome in WRONG or outcome == "spoiled right failed":
                wrong.append((outcome, task, told))
                if show:
                    print(f"  {outcome}: seed {task[2]} {told}", flush=True)
    return outcomes, resolutions, seconds, wrong


def main():
    """Run the campaign that the command line describes, and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--what", default="functions", choices=("functions", "models"))
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--precision", nargs="*", choices=PRECISIONS)
    parser.add_argument("--kind", nargs="*", default=KINDS, choices=(*KINDS, "repeat"))
    parser.add_argument("--limit", type=int, default=300, help="seconds for one check")
    arguments = parser.parse_args()
    seeds = range(arguments.first, arguments.first + arguments.count)
    precisions = PRECISIONS if arguments.what == "functions" else PRECISIONS[:2]
    for precision in arguments.precision or precisions:
        outcomes, resolutions, seconds, _ = campaign(
            arguments.kind,
            precision,
            seeds,
            arguments.jobs,
            arguments.limit,
            what=arguments.what,
            show=True,
        )
        print(
            f"{arguments.what}, {precision}: "
            + ", ".join(f"{k} {v}" for k, v in sorted(outcomes.items()))
        )
        if resolutions:
            quantiles = np.quantile(resolutions, [0.5, 0.95, 1])
            print(
                "  resolution of right arrays: median {:.1e}, 95 % {:.1e}, max {:.1e}".format(
                    *quantiles
                )
            )
        print(f"  seconds per check: mean {np.mean(seconds):.2f}, max {max(seconds):.1f}")


if __name__ == "__main__":
    main()
