"""Fingerprint of the numerical environment."""

from __future__ import annotations

import os
import platform
from typing import Any

import numpy as np

from .._version import __version__

THREAD_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def fingerprint() -> dict[str, str]:
    """Return what must be equal for two trainings to be equal bit for bit.

    Returns
    -------
    dict of str to str
        "minidl" and "numpy": their versions; "blas": its name and version; "processor": operating
        system, architecture and vector extensions; "threads": the variables that limit the
        threads of the BLAS, else the number of processors.
    """
    config: dict[str, Any] = np.show_config(mode="dicts")  # type: ignore[assignment]  # documented
    blas = config.get("Build Dependencies", {}).get("blas", {})
    simd_extensions = config.get("SIMD Extensions", {}).get("found", [])
    if hasattr(os, "sched_getaffinity"):
        n_processors = len(os.sched_getaffinity(0))
    else:
        n_processors = os.cpu_count() or 1
    thread_limits = [
        f"{name}={os.environ[name]}" for name in THREAD_VARIABLES if name in os.environ
    ]
    return {
        "minidl": __version__,
        "numpy": np.__version__,
        "blas": f"{blas.get('name', 'unknown')} {blas.get('version', 'unknown')}",
        "processor": " ".join([platform.system(), platform.machine(), *simd_extensions]),
        "threads": " ".join(thread_limits) or str(n_processors),
    }
