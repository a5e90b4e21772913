"""The command line: python -m experiments.torture NAME."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

# Before NumPy is loaded: one thread, so that forked children are whole, and little memory is taken before any work.
os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

NAMES = {
    "kill": "kill -9 at random moments of saving: the old model or the new one, nothing else",
    "mutate": "files cut off, changed and forged: no crash, no hang, no silently changed model",
    "hostile": "files made to read others, to fill the memory or to run code: each refused before a byte of its data is read",
    "faults": "every system call of saving fails, or kills: the old file is whole, nothing is left",
    "stops": "trainings stopped by Ctrl-C and kill -9: the resumed ones are the uninterrupted ones, bit for bit",
    "nonfinite": "NaN and infinity planted in a training: stopped before the update, with the place; what watching costs",
    "repeat": "the same seed gives the same training, in process after process and in two threads at once",
    "cost": "what writing whole costs beside writing in place",
    "fuzz": "coverage-guided fuzzing with atheris, if it is installed",
}
EXAMPLES = """examples:
  python -m experiments.torture kill --count 1000
  python -m experiments.torture mutate --count 500 --seed 7
  python -m experiments.torture fuzz --count 120        (seconds)

exit status: 0 nothing was violated, 1 something was, 2 a command that is not understood"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a torture, print its table, write its numbers; return 1 if anything was violated."""
    listed = "\n".join(f"  {name:9}  {what}" for name, what in NAMES.items())
    cli = argparse.ArgumentParser(
        prog="python -m experiments.torture",
        description=f"Torture what minidl reads and writes.\n\n{listed}",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    cli.add_argument("name", choices=NAMES, metavar="NAME", help="one of the above")
    cli.add_argument(
        "--count", type=int, metavar="N", help="how many times (default: in full; fuzz: seconds)"
    )
    cli.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="where all chance comes from (default: %(default)s)",
    )
    cli.add_argument(
        "--out",
        type=Path,
        default=Path("results/torture"),
        metavar="DIR",
        help="where the JSON goes (default: %(default)s)",
    )
    options = cli.parse_args(argv)
    torture = importlib.import_module(f"experiments.torture.{options.name}")
    count = torture.USUAL if options.count is None else options.count
    if count < 1 or options.seed < 0:
        cli.error("--count must be >= 1 and --seed >= 0")
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="minidl-torture-") as scratch:
        result = torture.run(count, options.seed, Path(scratch))
    return tell(options.name, count, options.seed, options.out, time.perf_counter() - start, result)


def tell(name: str, count: int, seed: int, out: Path, seconds: float, result: object) -> int:
    """Print the table and what was violated, write the JSON, return the exit status."""
    from experiments.study import table, versions
    from experiments.torture.report import Result
    from minidl.utils.atomic_files import atomic_write, make_folder

    assert isinstance(result, Result)
    print(table(result.rows))
    for line in result.violations[:20]:
        print(f"VIOLATED: {line}")
    print(f"{name}: {len(result.violations):,} violation(s), {seconds:.1f} s")
    content = {
        "name": name,
        "count": count,
        "seed": seed,
        "seconds": seconds,
        "versions": versions(),
    }
    content |= {"violations": result.violations, **result.numbers}
    atomic_write(make_folder(out) / f"{name}.json", (json.dumps(content, indent=2) + "\n").encode())
    print(f"wrote {name}.json in {out}")
    return 1 if result.violations else 0


if __name__ == "__main__":
    sys.exit(main())
