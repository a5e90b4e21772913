"""Sequences: the adding problem for RNN, LSTM and GRU, and a network that writes names.

In the adding problem [1] each step of a sequence has a number from [0, 1), and two of the steps are
marked, one in each half; after the last step the network must tell the sum of the two marked
numbers. To answer 1 always has the squared error 1/6 = 0.167. An `RNN`, an `LSTM` and a `GRU` of 32
units are trained on 2,000 sequences, with Adam and a clipped gradient, and tested on 500 others.
Expect, at lengths 50 and 200: the RNN learns nothing in any of three runs (errors 0.18 and 0.16);
the LSTM all runs at 50 (0.002) and two of three at 200, where the third still answers 1 when its 20
epochs are over; the GRU all runs at both (0.001), in the fewest epochs.

Figure gradient.png has the norm of the gradient of the answer with respect to each step, before and
after training. Before, that of each network vanishes towards the first steps, and the GRU's fastest
of all: it does not tell which will learn. The gates of LSTM and GRU learn to keep the state; then
the gradient of the first steps is as large as that of the last. The RNN has no gates: its gradient
still vanishes, or reaches back without anything learned.

Then an `LSTM` learns the lines of a text letter by letter: by default 641 given names, with --text
any file. The printed cross-entropy, in nats per letter of a tenth of the lines that it has not
seen, stands beside those of three simple guesses. At last it writes lines of its own. Expect 2.16
for the names, where the frequencies of pairs of letters give 2.35, and names such as Virand, Arato
and Celiun, hardly one of which is in the file.

[1] S. Hochreiter, J. Schmidhuber, "Long short-term memory", 1997, Neural Computation 9:1735-1780,
experiment 4; as a test of networks also in Q. V. Le et al., 2015, https://arxiv.org/abs/1504.00941.

It takes about five minutes, prints three tables, and writes results.json, adding.png (test error
against epochs), gradient.png and characters.png.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import adding, characters, study

EXAMPLES = """examples:
  python -m experiments.sequences
  python -m experiments.sequences --quick --text poems.txt
"""


def run(options: argparse.Namespace) -> None:
    """Do both parts, report, write."""
    text = characters.read_text(options.text)  # a bad file is told before the long training
    runs: dict[adding.Problem, adding.Runs] = {}
    for problem in adding.QUICK if options.quick else adding.FULL:
        runs[problem] = adding.train_all(problem, options.seed)
        adding.print_table(problem, runs[problem])
    written, history = characters.learn(text, options.text.name, options.seed, quick=options.quick)
    content = {
        "settings": study.arguments(options),
        "guess": adding.GUESS,
        "adding": {problem.length: adding.as_json(problem, runs[problem]) for problem in runs},
        "characters": written,
        "versions": study.versions(),
    }
    figures = {
        "adding.png": lambda: adding.errors_figure(runs),
        "gradient.png": lambda: adding.gradient_figure(runs),
        "characters.png": lambda: characters.figure(history, written["baselines"]),
    }
    study.write(options.out, content, figures)


def add_text_option(parser: argparse.ArgumentParser) -> None:
    """Add --text."""
    text = "text whose lines are learned, in UTF-8 (default: 641 given names)"
    parser.add_argument("--text", type=Path, default=characters.NAMES, metavar="FILE", help=text)


main = study.command(
    "sequences",
    __doc__,
    run,
    EXAMPLES,
    seed=0,
    seed_help="the first of the seeds",
    quick_help="one short adding problem and few epochs",
    options=[add_text_option],
)

if __name__ == "__main__":
    sys.exit(main())
