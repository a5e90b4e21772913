"""Fingerprint of the numerical environment."""

from __future__ import annotations

import os
import platform
from typing import Any

import numpy as np

from .._version import __version__


def fingerprint() -> dict[str, str]:
    """Return, by name, what must be equal for two runs to be equal bit for bit."""
    config: dict[str, Any] = np.show_config(mode="dicts")  # type: ignore[assignment]  # documented, but not typed so
    blas = config.get("Build Dependencies", {}).get("blas", {})
    simd = config.get("SIMD Extensions", {}).get("found", [])
    processors = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    )
    limits = (
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OMP_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    )
    return {
        "minidl": __version__,
        "numpy": np.__version__,
        "blas": f"{blas.get('name', 'unknown')} {blas.get('version', 'unknown')}",
        "processor": " ".join([platform.system(), platform.machine(), *simd]),
        "threads": " ".join(f"{name}={os.environ[name]}" for name in limits if name in os.environ)
        or str(processors),
    }
