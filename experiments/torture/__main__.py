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

from .report import Result

# Before NumPy is loaded: one thread, as forked children keep no others and memory is limited.
os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

TESTS = {
    "kill": "kill -9 at random moments of saving: the old model or the new one, nothing else",
    "mutate": "truncated, changed and forged files: no crash, no hang, no silently changed model",
    "hostile": "files made to read others, to fill the memory or to run code: all refused unread",
    "faults": "every system call of saving fails or kills: the old file is intact, nothing is left",
    "stops": "trainings stopped by signals and kill -9: resumed, they are bit-for-bit identical",
    "runs": "another training tries to resume: refused, whatever the difference; the same one not",
    "nonfinite": "NaN and infinity planted in a training: found before the update; and the cost",
    "updates": "steps after which a parameter is not finite: an error, and the model that it names",
    "repeat": "the same seed gives the same training, in many processes and in two threads at once",
    "pictures": "small files with very many pixels: little memory, and none without all its rows",
    "downloads": "malformed answers, and answers drop by drop: an error in time, or the right file",
    "terminal": "hostile names, encodings and closed streams: no traceback, no control character",
    "cost": "the cost of atomic writes next to writes in place",
    "fuzz": "coverage-guided fuzzing with atheris, if it is installed",
}
EXAMPLES = """examples:
  python -m experiments.torture kill --count 1000
  python -m experiments.torture mutate --count 500 --seed 7
  python -m experiments.torture fuzz --count 120        (seconds)

exit status: 0 no violation, 1 a violation, 2 an invalid command line"""
MAX_PRINTED = 20  # violations


def main(argv: Sequence[str] | None = None) -> int:
    """Run a test, print its table, write its numbers; return 1 if there is a violation."""
    listed = "\n".join(f"  {name:9}  {summary}" for name, summary in TESTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m experiments.torture",
        description=f"Stress tests of what minidl reads and writes.\n\n{listed}",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("name", choices=TESTS, metavar="NAME", help="one of the above")
    text = "number of trials (default: that of the full test; fuzz: seconds)"
    parser.add_argument("--count", type=int, metavar="N", help=text)
    text = "seed of all random numbers (default: %(default)s)"
    parser.add_argument("--seed", type=int, default=0, metavar="N", help=text)
    folder = Path("results/torture")
    text = "folder of the JSON file (default: %(default)s)"
    parser.add_argument("--out", type=Path, default=folder, metavar="DIR", help=text)
    options = parser.parse_args(argv)
    test = importlib.import_module(f"experiments.torture.{options.name}")
    if options.count is None:
        options.count = test.DEFAULT_COUNT
    if options.count < 1 or options.seed < 0:
        parser.error("--count must be >= 1 and --seed >= 0")
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="minidl-torture-") as scratch:
        result = test.run(options.count, options.seed, Path(scratch))
    return report(options, time.perf_counter() - start, result)


def report(options: argparse.Namespace, seconds: float, result: Result) -> int:
    """Print the table and the violations, write the JSON, return the exit status."""
    # Imported here: NumPy must not be loaded before the number of threads is set.
    from experiments.study import table, versions
    from minidl.utils.atomic_files import atomic_write, make_folder

    print(table(result.rows))
    for line in result.violations[:MAX_PRINTED]:
        print(f"VIOLATED: {line}")
    print(f"{options.name}: {len(result.violations):,} violation(s), {seconds:.1f} s")
    content = {
        "name": options.name,
        "count": options.count,
        "seed": options.seed,
        "seconds": seconds,
        "versions": versions(),
        "violations": result.violations,
        **result.numbers,
    }
    path = make_folder(options.out) / f"{options.name}.json"
    atomic_write(path, (json.dumps(content, indent=2) + "\n").encode())
    print(f"wrote {path.name} in {options.out}")
    return 1 if result.violations else 0


if __name__ == "__main__":
    sys.exit(main())
