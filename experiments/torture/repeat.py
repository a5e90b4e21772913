"""The same seed gives the same training, bit for bit.

In many processes, and in two threads at the same time.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from minidl import Adam, CategoricalCrossEntropy, Dropout, Linear, ReLU, Sequential, Softmax

from .report import Result

DEFAULT_COUNT = 20


def run(count: int, seed: int, scratch: Path) -> Result:
    """Train `count` times in new processes, and `count` times in two threads at once."""
    code = f"from experiments.torture.repeat import digest; print(digest({seed}))"
    expected = [digest(seed), digest(seed + 1)]
    processes = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        for _ in range(count)
    ]
    processes_equal = sum(output == expected[0] for output in processes)
    with ThreadPoolExecutor(2) as pool:
        pairs = [list(pool.map(digest, (seed, seed + 1))) for _ in range(count)]
    threads_equal = sum(pair == expected for pair in pairs)
    rows = [
        ["trained", "times", "bitwise equal"],
        ["in separate processes", count, processes_equal],
        ["two models in two threads", count, threads_equal],
    ]
    violations = []
    if not processes_equal == threads_equal == count:
        equal = f"{processes_equal} processes and {threads_equal} pairs of threads"
        violations.append(f"of {count}, {equal} gave the same result")
    numbers = {"runs": count, "processes_equal": processes_equal, "threads_equal": threads_equal}
    return Result(rows, numbers, violations)


def digest(seed: int) -> str:
    """Train with dropout and shuffling; return the SHA-256 of parameters and history."""
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
