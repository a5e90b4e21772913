"""Starts programs with several ranks."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("mpi_program.py")
# That of the package mpich, or another one.
_PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
MPIEXEC = shutil.which("mpiexec", path=_PATH) or "mpiexec"


def mpi_environment():
    """Return the environment of ranks: with the tests' helpers, and one thread of BLAS each."""
    limits = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    return {**os.environ, **limits, "PYTHONPATH": os.pathsep.join(paths)}


def mpi_command(size, command):
    """Return the command that runs a Python program on `size` ranks."""
    return [MPIEXEC, "-n", str(size), sys.executable, *map(str, command)]


def run_mpi(size, command, **options):
    """Run a Python program on `size` ranks."""
    settings = {"capture_output": True, "text": True, "timeout": 60, "env": mpi_environment()}
    return subprocess.run(mpi_command(size, command), **{**settings, **options})


def run_tasks(size, *tasks):
    """Return the output of tasks of `mpi_program.py`, of each rank."""
    process = run_mpi(size, [PROGRAM, json.dumps(tasks)], check=True)
    return json.loads(process.stdout)
