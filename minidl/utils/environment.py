"""Fingerprint of the numerical environment."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from .._version import __version__

THREAD_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
KERNEL_VARIABLES = ("OPENBLAS_CORETYPE", "BLIS_ARCH_TYPE", "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS")
UNKNOWN = "unknown"


def fingerprint() -> dict[str, str]:
    """Return what must be equal for two trainings to be equal bit for bit.

    Returns
    -------
    dict of str to str
        "minidl" and "numpy": their versions; "blas": its name and version; "blas_kernel" and
        "blas_threads": the kernel that it runs and the number of its threads, as threadpoolctl
        names them, "unknown" if it is not installed; "processor": operating system, architecture
        and vector extensions; "threads": the variables that limit the threads of the BLAS, else
        the number of processors.
    """
    config: dict[str, Any] = np.show_config(mode="dicts")  # type: ignore[assignment]  # documented
    blas = config.get("Build Dependencies", {}).get("blas", {})
    simd_extensions = config.get("SIMD Extensions", {}).get("found", [])
    if hasattr(os, "sched_getaffinity"):
        n_processors = len(os.sched_getaffinity(0))
    else:
        n_processors = os.cpu_count() or 1
    return {
        "minidl": __version__,
        "numpy": np.__version__,
        "blas": f"{blas.get('name', UNKNOWN)} {blas.get('version', UNKNOWN)}",
        **_running_blas(),
        "processor": " ".join([platform.system(), platform.machine(), *simd_extensions]),
        "threads": " ".join(_variables(THREAD_VARIABLES)) or str(n_processors),
    }


def environment_changes(saved: Mapping[str, str], current: Mapping[str, str]) -> list[str]:
    """Return what differs between two fingerprints.

    Parameters
    ----------
    saved : mapping of str to str
        The fingerprint in a file; what an earlier minidl did not save is not compared.
    current : mapping of str to str
        The present one.

    Returns
    -------
    list of str
        Such as "numpy was 2.0.0 and is 2.1.0". Where the threads of the BLAS are known, the
        variables that limit them do not count.
    """
    counts = (saved.get("blas_threads", UNKNOWN), current.get("blas_threads", UNKNOWN))
    return [
        f"{name} was {value} and is {current.get(name)}"
        for name, value in saved.items()
        if value != current.get(name) and (name != "threads" or UNKNOWN in counts)
    ]


def _running_blas() -> dict[str, str]:
    controller = _numpy_blas()
    libraries = [] if controller is None else controller.info()
    kernels = {
        f"{library['internal_api']} {library['architecture']}"
        for library in libraries
        if library.get("architecture")
    }
    threads = {str(library["num_threads"]) for library in libraries if library["num_threads"]}
    return {
        "blas_kernel": ", ".join(sorted(kernels))
        or " ".join([UNKNOWN, *_variables(KERNEL_VARIABLES)]),
        "blas_threads": ", ".join(sorted(threads)) or UNKNOWN,
    }


@cache  # finding the libraries would take longer than all the rest
def _numpy_blas() -> Any:
    """Return the controller of the BLAS of NumPy, None without a threadpoolctl that works."""
    try:
        from threadpoolctl import ThreadpoolController

        blas = ThreadpoolController().select(user_api="blas")
    except Exception:  # an old one, or one that cannot ask the libraries: no training ends for it
        return None
    # SciPy may have another one, which is loaded or not; minidl's products are NumPy's.
    folder = Path(np.__file__).parent
    folders = (str(folder) + os.sep, str(folder.with_name("numpy.libs")) + os.sep)
    paths = [info["filepath"] for info in blas.info()]
    own = [path for path in paths if path.startswith(folders)]
    return blas.select(filepath=own or paths)


def _variables(names: Sequence[str]) -> list[str]:
    return [f"{name}={os.environ[name]}" for name in names if name in os.environ]
