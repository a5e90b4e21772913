"""A search over settings on the engines of joblib, next to the same in one process.

Eight settings of a classifier in three folds of the digits. Each engine has two workers; one that
is not installed is left out. "start" is the time until its workers have minidl, "first" and "next"
those of searches, "call" that of two tasks that do nothing, "tasks" that of 100 tasks of 10 ms, for
which two workers need at least 0.5 s, and "100 MB" that of 24 tasks that get so much data and do
nothing. All scores and the weights of the best network are compared with those of one process, bit
for bit.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from typing import Any

import numpy as np

from minidl import MinidlError
from minidl.utils.environment import fingerprint

from .. import study
from . import report

N_WORKERS = 2
N_TASKS, TASK_SECONDS = 100, 0.01
N_DATA_TASKS, DATA_SHAPE = 24, (12_500, 1000)  # float64
HEADINGS = ["", "start", "first", "next", "call", "tasks", "100 MB", "BLAS", "same bits"]


def run(options: argparse.Namespace) -> None:
    """Search on every engine that is installed, print a table, write engines.json."""
    from threadpoolctl import threadpool_limits

    machine = report.describe_machine(threads=1)
    rounds = 1 if options.quick else options.rounds
    print(f"engines: seconds of a search, {rounds} rounds\n{report.heading(machine)}\n")
    rows, results, scores = [HEADINGS], {}, {}
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the engines warn of their own affairs
        for name, (needed, start) in ENGINES.items():
            if find_spec(needed) is None:
                print(f"not measured: {name} ({needed} is not installed)")
                continue
            found, scores[name] = _measure(start, rounds, options.quick)
            found["same bits"] = np.array_equal(scores[name], scores["one process"])
            results[name] = found
            rows.append([name, *(_cell(value) for value in found.values())])
    print(study.table(rows))
    report.write(options, {"machine": machine, "engines": results})
    if not all(found["same bits"] for found in results.values()):
        raise MinidlError("the scores of an engine differ from those of one process")


def _measure(
    start: Callable[[], AbstractContextManager[Any]], rounds: int, quick: bool
) -> tuple[dict[str, Any], list[Any]]:
    """Return what an engine costs, and the scores of all splits in all searches."""
    from joblib import Parallel, delayed

    data = np.zeros(DATA_SHAPE if not quick else (10, 10))
    began = time.perf_counter()
    with start():
        workers = Parallel()(delayed(fingerprint)() for _ in range(N_WORKERS))
        started = time.perf_counter() - began
        results = [_timed(lambda: _search(quick)) for _ in range(rounds + 1)]
        n_tasks = 4 if quick else N_TASKS
        call = min(_timed(lambda: _sleep(0.0, N_WORKERS))[0] for _ in range(rounds))
        tasks = min(_timed(lambda: _sleep(TASK_SECONDS, n_tasks))[0] for _ in range(rounds))
        handed = min(_timed(lambda: _shapes(data))[0] for _ in range(rounds))
    found = {
        "start": started,
        "first": results[0][0],
        "next": min(each[0] for each in results[1:]),
        "call": call,
        "tasks": tasks,
        "100 MB": handed,
        "BLAS": "/".join(sorted({worker["blas_threads"] for worker in workers})),
    }
    return found, [scores for _, scores in results]


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    value = work()
    return time.perf_counter() - began, value


def _search(quick: bool) -> list[Any]:
    """Return the scores of all splits, and the weights of the best network."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import GridSearchCV

    from minidl.sklearn import MinidlClassifier

    X, y = load_digits(return_X_y=True)
    if quick:
        X, y = X[:60], y[:60]
    grid = {"dropout": [0.0, 0.2], "alpha": [1e-4, 1e-2], "learning_rate_init": [1e-3, 1e-2]}
    classifier = MinidlClassifier((64,), max_iter=1 if quick else 100, random_state=0)
    found = GridSearchCV(classifier, grid, cv=3).fit(X / 16, y)
    splits = [found.cv_results_[f"split{i}_test_score"] for i in range(3)]
    return [*np.concatenate(splits), *found.best_estimator_.model_.parameters.theta]


def _sleep(seconds: float, n_tasks: int) -> None:
    from joblib import Parallel, delayed

    Parallel()(delayed(time.sleep)(seconds) for _ in range(n_tasks))


def _shapes(data: Any) -> None:
    from joblib import Parallel, delayed

    Parallel()(delayed(np.shape)(data) for _ in range(N_DATA_TASKS))


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


@contextmanager
def _loky() -> Iterator[None]:
    from joblib import parallel_config
    from joblib.externals.loky import get_reusable_executor

    with parallel_config("loky", n_jobs=N_WORKERS, inner_max_num_threads=1):
        yield
    get_reusable_executor().shutdown()


@contextmanager
def _dask() -> Iterator[None]:
    from distributed import Client, LocalCluster
    from joblib import parallel_config

    cluster = LocalCluster(n_workers=N_WORKERS, threads_per_worker=1, dashboard_address=None)
    with cluster, Client(cluster), parallel_config("dask"):
        yield


@contextmanager
def _ray() -> Iterator[None]:
    import ray
    from joblib import parallel_config
    from ray.util.joblib import register_ray

    ray.init(num_cpus=N_WORKERS, include_dashboard=False, log_to_driver=False)
    register_ray()
    try:
        with parallel_config("ray", n_jobs=N_WORKERS):
            yield
    finally:
        ray.shutdown()


ENGINES: dict[str, tuple[str, Callable[[], AbstractContextManager[Any]]]] = {
    "one process": ("joblib", nullcontext),
    "loky": ("joblib", _loky),
    "Dask": ("distributed", _dask),
    "Ray": ("ray", _ray),
}
