"""Kill a random rank of a training at a random moment, and resume from what is left.

``python -m tests.parallel.kills --count 100`` starts a training on three ranks again and again,
which saves its state every few hundredths of a second, and sends SIGKILL to one of them. All ranks
must end within 10 seconds, the file must be whole, and the training that resumes from it, on a
random number of ranks, must end with the bits of one that was never killed. It prints a table, and
returns 1 unless all of this holds. It needs the extra mpi, and a POSIX system.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the helpers of all tests

from mpi_ranks import mpi_command, mpi_environment, run_mpi
from parallel_cases import bits, train

from minidl import Callback, Checkpoint, DataParallel, Sequential

RANKS, EPOCHS, VARIANT = 3, 40, "dropout"
LIMIT = 10  # seconds
ROOT = Path(__file__).parents[2]
MODULE = ["-m", "tests.parallel.kills"]


def digest(comm, **options):
    """Return the digest of a training."""
    model, history = train(comm, variant=VARIANT, epochs=EPOCHS, **options)
    return hashlib.sha256(b"".join(bits(model, history))).hexdigest()


class NoteProcess(Callback):
    """Write the number of the process of each rank."""

    def __init__(self, folder):
        self.folder = folder

    def on_train_begin(self, run):
        (self.folder / f"rank-{run.group.rank}").write_text(str(os.getpid()))


def work(folder, resume):
    """Train on the ranks that were started; rank 0 prints the digests of all."""
    from mpi4py import MPI

    comm = MPI.COMM_WORLD
    path = folder / "run.h5"
    if resume:
        found = digest(comm, resume=path)
    else:
        found = digest(comm, callbacks=[NoteProcess(folder), Checkpoint(path, every_seconds=0.02)])
    of_ranks = comm.gather(found)
    if comm.rank == 0:
        print(json.dumps(of_ranks))


def is_alive(process):
    """Return whether a process runs, other than as a child that nobody has waited for."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def kill_one(folder, rng):
    """Start a training, kill a rank, and return which one and the seconds until all had ended."""
    command = mpi_command(RANKS, [*MODULE, "--work", folder])
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    launcher = subprocess.Popen(command, cwd=ROOT, env=mpi_environment(), **pipes)
    path = folder / "run.h5"
    while not path.exists():
        time.sleep(0.005)
        assert launcher.poll() is None, "the training has ended before its first file"
    time.sleep(rng.uniform(0, 1))
    processes = [int((folder / f"rank-{rank}").read_text()) for rank in range(RANKS)]
    rank = rng.randrange(RANKS)
    start = time.monotonic()
    os.kill(processes[rank], signal.SIGKILL)
    while launcher.poll() is None or any(map(is_alive, processes)):
        if time.monotonic() - start > 3 * LIMIT:
            launcher.kill()
            return rank, float("inf")
        time.sleep(0.01)
    return rank, time.monotonic() - start


def main():
    """Run the campaign, or the part of it that mpiexec has started."""
    parser = argparse.ArgumentParser(prog="python -m tests.parallel.kills", description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="kills (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--resume", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work, options.resume)
        return 0
    rng, expected, n_failed = random.Random(options.seed), digest(DataParallel(None)), 0
    print("| kill | rank | all ended after | file | resumed on | bits |\n|---|---|---|---|---|---|")
    for number in range(1, options.count + 1):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            rank, seconds = kill_one(folder, rng)
            Sequential.load(folder / "run.h5")  # raises unless it is whole
            size = rng.choice([1, 2, 3])
            command = [*MODULE, "--work", folder, "--resume"]
            process = run_mpi(size, command, cwd=ROOT, timeout=600)
            is_exact = not process.returncode and json.loads(process.stdout) == [expected] * size
        n_failed += not (is_exact and seconds < LIMIT)
        bits_text = "equal" if is_exact else "DIFFER"
        print(f"| {number} | {rank} | {seconds:.1f} s | whole | {size} | {bits_text} |", flush=True)
    print(
        f"\n{options.count - n_failed} of {options.count} kills: all ranks ended within {LIMIT} s, "
        "and the training resumed to the last bit"
    )
    return int(n_failed > 0)


if __name__ == "__main__":
    sys.exit(main())
