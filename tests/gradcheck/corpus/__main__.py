"""Check the corpus: ``python -m tests.gradcheck.corpus``, with --help for its options."""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from .case import ALL
from .load import all_cases
from .outcome import outcomes_of
from .table import findings, table


def main():
    """Check what the options ask for and print the tables; return 1 if a verdict is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.gradcheck.corpus", description=__doc__)
    parser.add_argument("--precision", default=",".join(ALL), help="separated by commas")
    parser.add_argument("--field", help="one field only")
    parser.add_argument("--case", help="one function only, with its reports in full")
    parser.add_argument("--names", action="store_true", help="print the name given to each")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    cases = [one for one in all_cases(options.field) if options.case in (None, one.name)]
    tasks = [
        (one.name, precision, seed)
        for precision in options.precision.split(",")
        for one in cases
        if precision in one.precisions
        for seed in range(options.seeds)
    ]
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        outcomes = [o for group in pool.map(outcomes_of, tasks) for o in group]
    if options.case:
        for one in outcomes:
            print(f"\n== {one.title}: named {one.name or '-'}\n{one.text or one.diagnosis}")
    if options.names:
        print("\n".join(f"{one.title} | {one.name} | {one.diagnosis}" for one in outcomes))
    print("\n".join([*findings(outcomes), "", *table(outcomes)]))
    return int(any(one.is_wrong_verdict for one in outcomes))


if __name__ == "__main__":
    sys.exit(main())
