"""Optimizers that see the whole set in an iteration, beside Adam in mini-batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from minidl import LBFGS, Adam, ConjugateGradient, He, Optimizer, Sequential, Xavier
from minidl.data import Dataset, planar

from . import study
from .networks import binary_network

WIDTHS, N_POINTS = (2, 5, 2, 1), 300  # of the two moons
CATS_WIDTHS = (12288, 20, 7, 5, 1)
CATS_PENALTY = 10.0  # of logistic regression, which could separate the images without
BATCH_SIZE = 64  # of Adam
EPOCHS = 500  # at most
QUICK_EPOCHS = 3


class Problem(NamedTuple):
    """A network with its data, and how Adam trains it."""

    network: Callable[[], Sequential]
    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    adam: Adam


def problems(cats: Dataset, seed: int) -> dict[str, Problem]:
    """Return the problems of the comparison."""
    points, others = (planar.moons(N_POINTS, 0.2, np.random.RandomState(rng)) for rng in (3, 4))
    images = (cats.train.x, cats.train.y), (cats.test.x, cats.test.y)

    def moons_network() -> Sequential:
        return binary_network(WIDTHS, init=He(), seed=np.random.RandomState(seed))

    def cats_network(widths: tuple[int, ...] = CATS_WIDTHS, l2: float = 0.0) -> Sequential:
        rng = np.random.RandomState(seed)
        return binary_network(widths, init=Xavier(), seed=rng, l2=l2, dtype=np.float32)

    logistic = CATS_WIDTHS[0], 1
    return {
        f"moons, {study.network_name(WIDTHS)}": Problem(moons_network, points, others, Adam(0.01)),
        f"cats, {study.network_name(logistic)}, L2({CATS_PENALTY:g})": Problem(
            lambda: cats_network(logistic, CATS_PENALTY), *images, Adam(1e-4)
        ),
        f"cats, {study.network_name(CATS_WIDTHS)}": Problem(cats_network, *images, Adam(1e-4)),
    }


def compare(cats: Dataset, seed: int, *, quick: bool) -> dict[str, dict[str, dict[str, Any]]]:
    """Train each problem by Adam in mini-batches and by both full-batch optimizers."""
    import scipy.optimize  # noqa: F401  # its import is no part of the first training

    epochs = QUICK_EPOCHS if quick else EPOCHS
    results: dict[str, dict[str, dict[str, Any]]] = {}
    for title, problem in problems(cats, seed).items():
        results[title] = {}
        optimizers: tuple[Optimizer, ...] = (problem.adam, ConjugateGradient(), LBFGS())
        for optimizer in optimizers:
            model = problem.network()
            history = model.fit(
                *problem.train,
                optimizer=optimizer,
                epochs=epochs,
                batch_size=BATCH_SIZE if optimizer is problem.adam else None,
                progress=False,
            )
            train, test = model.evaluate(*problem.train), model.evaluate(*problem.test)
            results[title][type(optimizer).__name__] = {
                "optimizer": str(optimizer),
                "epochs": history.epochs,
                "objective": model.objective(*problem.train)["total"],
                "train": train["accuracy"],
                "test": test["accuracy"],
                "seconds": history.seconds,
                "stopped": history.stopped,
            }
    return results


def comparison_table(results: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Return what each optimizer has reached on each problem as a table."""
    rows: list[list[Any]] = [
        ["whole set beside Adam", "epochs", "objective", "train", "test", "seconds"]
    ]
    for title, by_optimizer in results.items():
        rows.append([title, *[None] * 5])
        for name, found in by_optimizer.items():
            numbers = found["train"], found["test"]
            cells = [f"{found['epochs']}", f"{found['objective']:.4f}", *numbers]
            rows.append([f"  {name}", *cells, f"{found['seconds']:.2f}"])
    return study.table(rows)
