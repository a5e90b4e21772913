"""The same seed gives the same training, bit for bit: in process after process, and in two threads at the same time."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from minidl import Adam, CategoricalCrossEntropy, Dropout, Linear, ReLU, Sequential, Softmax

from .report import Result

USUAL = 20


def run(count: int, seed: int, scratch: Path) -> Result:
    """Train `count` times in fresh processes, and `count` times in two threads at once."""
    code = f"from experiments.torture.repeat import digest; print(digest({seed}))"
    alone = [digest(seed), digest(seed + 1)]
    processes = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        for _ in range(count)
    ]
    equal = sum(found == alone[0] for found in processes)
    with ThreadPoolExecutor(2) as pool:
        pairs = [list(pool.map(digest, (seed, seed + 1))) for _ in range(count)]
    together = sum(pair == alone for pair in pairs)
    rows = [
        ["trained", "times", "bitwise equal"],
        ["in a process each", count, equal],
        ["two models in two threads", count, together],
    ]
    violations = (
        []
        if equal == together == count
        else [f"of {count}, {equal} processes and {together} pairs of threads gave the same"]
    )
    return Result(
        rows, {"runs": count, "processes_equal": equal, "threads_equal": together}, violations
    )


def digest(seed: int) -> str:
    """Train a network with dropout and shuffling; return the SHA-256 of its parameters and its history."""
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((2000, 64)), rng.integers(0, 5, 2000)
    layers = [
        Linear(64, 256),
        ReLU(),
        Dropout(0.8),
        Linear(256, 128),
        ReLU(),
        Linear(128, 5),
        Softmax(),
    ]
    model = Sequential(layers, loss=CategoricalCrossEntropy(), seed=seed)
    history = model.fit(X, Y, optimizer=Adam(), epochs=3, progress=False)
    return hashlib.sha256(
        model.parameters.theta.tobytes() + np.array(history.loss).tobytes()
    ).hexdigest()
