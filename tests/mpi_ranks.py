"""Starts programs with several ranks."""

import json
import os
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("mpi_program.py")
MPIEXEC = Path(sys.executable).with_name("mpiexec")  # that of the package mpich


def run_mpi(size, command, **options):
    """Run a Python program on `size` ranks, with one thread of BLAS each."""
    limits = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    environment = {**os.environ, **limits, "PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.run(
        [str(MPIEXEC), "-n", str(size), sys.executable, *map(str, command)],
        **{"capture_output": True, "text": True, "timeout": 60, "env": environment, **options},
    )


def run_tasks(size, *tasks):
    """Return the output of tasks of `mpi_program.py`, of each rank."""
    process = run_mpi(size, [PROGRAM, json.dumps(tasks)], check=True)
    return json.loads(process.stdout)
