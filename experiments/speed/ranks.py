"""Run a module of the benchmarks on several ranks of this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from .rounds import ROOT, environment


def run_on_ranks(n_ranks: int, module: str, rounds: int, *, is_quick: bool) -> Any:
    """Return what rank 0 prints as JSON.

    Parameters
    ----------
    n_ranks : int
        The number of ranks, each with one thread of BLAS.
    module : str
        The module that runs on each of them.
    rounds : int
        How often it is to measure.
    is_quick : bool
        Whether on tiny sizes.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    mpiexec = shutil.which("mpiexec", path=path) or "mpiexec"
    program = [sys.executable, "-m", module, str(rounds), *["quick"] * is_quick]
    process = subprocess.run(
        [mpiexec, "-n", str(n_ranks), *program],
        cwd=ROOT,
        env=environment(threads=1),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(process.stdout)
