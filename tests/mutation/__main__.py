"""Change the code at random, one place at a time, and see whether a test notices.

``python -m tests.mutation --count 300 --seed 1`` prints a table by package, and what survived. It
needs Cosmic Ray (``pip install '.[mutation]'``), works on a copy of the tree, and needs no
network. Each result is written at once: the same command again goes on where it was stopped, and
``--again`` tries once more what survived, after tests were added.
"""

import argparse
import random
import signal
import sys
from pathlib import Path

from .campaign import Campaign
from .table import table

ROOT = Path(__file__).parents[2]


def main(argv=None):
    """Run the changes that the options ask for; return 1 if one survives."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--count", type=int, default=300, help="changes (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn")
    parser.add_argument("--under", default="minidl", help="a folder, such as minidl/plots")
    parser.add_argument("--seconds", type=float, default=120, help="for the mirrored tests")
    text = "for the tests of what imports the module, if these notice nothing; 0 leaves them out"
    parser.add_argument("--wider", type=float, default=600, metavar="SECONDS", help=text)
    parser.add_argument("--again", action="store_true", help="try again what survived")
    parser.add_argument("--results", type=Path, default=Path("results/mutation.jsonl"))
    parser.add_argument("--tree", type=Path, default=ROOT, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the copy and the children end, too
    campaign = Campaign(options.tree, options.results, options.seconds, options.wider)
    rng = random.Random(options.seed)
    results = campaign.run(options.under, options.count, rng, again=options.again)
    print("\n".join(table(results)))
    return int(any(result["verdict"] == "survived" for result in results))


if __name__ == "__main__":
    sys.exit(main())
