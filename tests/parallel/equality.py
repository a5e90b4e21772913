"""Train on 1, 2, 3, 4 and 8 ranks, and compare all parameters to the last bit.

``python -m tests.parallel.equality`` trains each combination of optimizer, variant and source of
the rows for 207 steps, alone and on each number of ranks; then it resumes each training within an
epoch, on the next number of ranks. It prints a table, and returns 1 unless all bits are equal. It
needs the extra mpi.
"""

import argparse
import hashlib
import json
import sys
import tempfile
import time
from pathlib import Path

import h5py

sys.path.insert(0, str(Path(__file__).parents[1]))  # the helpers of all tests

from mpi_ranks import run_mpi
from parallel_cases import OPTIMIZERS, VARIANTS, X, Y, bits, train

from minidl import Checkpoint, DataParallel

EPOCHS, PLACE = 23, (12, 4)  # 9 steps each; where a copy of the file is kept
SOURCES = ("memory", "HDF5")
CASES = [
    (name, variant, source) for name in OPTIMIZERS for variant in VARIANTS for source in SOURCES
]


class KeepFile(Checkpoint):
    """Keep the state of one step within an epoch, as if the training had been killed there."""

    def on_save(self, run):
        if (run.epoch, run.batch) == PLACE and not run.epoch_ended:
            self._save(run, self.path)


def run_case(comm, case, folder, resume=None, keep=None):
    """Return the digest of a training; keep its file within an epoch if it is asked for."""
    optimizer, variant, source = case
    with h5py.File(folder / "rows.h5", "r") as file:
        data = {"X": X, "Y": Y}
        if source == "HDF5":  # more than fits into memory
            data = {"X": file["X"], "Y": file["Y"], "memory_limit": 6000}
        callbacks = [KeepFile(keep)] if keep else []
        options = {"epochs": EPOCHS, "callbacks": callbacks, "resume": resume, **data}
        model, history = train(comm, optimizer, variant, **options)
    return hashlib.sha256(b"".join(bits(model, history))).hexdigest()


def file_name(folder, case, size):
    return folder / f"{'-'.join(case).replace(' ', '_')}-{size}.h5"


def work(folder, resumed_size):
    """Run all cases on the ranks that were started; rank 0 prints the digests of all ranks."""
    from mpi4py import MPI

    comm, digests = MPI.COMM_WORLD, []
    for case in CASES:
        kept = file_name(folder, case, comm.size)
        whole = run_case(comm, case, folder, keep=kept)
        comm.Barrier()
        resumed = run_case(comm, case, folder, resume=file_name(folder, case, resumed_size))
        of_ranks = comm.gather((whole, resumed))
        digests.append([list(set(column)) for column in zip(*(of_ranks or []), strict=True)])
    if comm.rank == 0:
        print(json.dumps(digests))


def campaign(sizes, folder):
    """Print the table; return whether all is equal."""
    with h5py.File(folder / "rows.h5", "w") as file:
        file["X"], file["Y"] = X, Y
    expected = [
        run_case(DataParallel(None), case, folder, keep=file_name(folder, case, 0))
        for case in CASES
    ]
    results, before = {}, 0
    for size in sizes:
        start = time.monotonic()
        command = ["-m", "tests.parallel.equality", "--work", folder, "--resumed", before]
        process = run_mpi(size, command, cwd=Path(__file__).parents[2], timeout=3600)
        if process.returncode:
            sys.exit(process.stderr)
        results[size] = json.loads(process.stdout)
        print(f"{size} ranks: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
        before = size
    columns = [f"{size} ranks" for size in sizes]
    print(f"| optimizer | variant | rows from | {' | '.join(columns)} |")
    print(f"|{'---|' * (3 + len(sizes))}")
    n_different = 0
    for i, case in enumerate(CASES):
        cells = []
        for size in sizes:
            whole, resumed = (digests == [expected[i]] for digests in results[size][i])
            n_different += (not whole) + (not resumed)
            cells.append(f"{'equal' if whole else 'DIFFERS'}, {'equal' if resumed else 'DIFFERS'}")
        print(f"| {' | '.join(case)} | {' | '.join(cells)} |")
    n_all = 2 * len(CASES) * len(sizes)
    print(f"\n{n_all - n_different} of {n_all} trainings and resumed trainings have equal bits")
    return not n_different


def main():
    """Run the campaign, or the part of it that mpiexec has started."""
    parser = argparse.ArgumentParser(prog="python -m tests.parallel.equality", description=__doc__)
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2, 3, 4, 8])
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--resumed", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work, options.resumed)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return 0 if campaign(options.ranks, Path(folder)) else 1


if __name__ == "__main__":
    sys.exit(main())
