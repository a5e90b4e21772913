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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm.auto import tqdm

from minidl import GRU, LSTM, RNN, Adam, History, Linear, MeanSquaredError, Sequential, plots
from minidl.escaping import escaped

from . import characters, study
from .figures import new_figure

LAYERS = {"RNN": RNN, "LSTM": LSTM, "GRU": GRU}
LINE_STYLES = ("-", "--", "-.")
GUESS = 1 / 6  # the variance of the sum of two numbers from [0, 1)
LEARNED = 0.02  # a test error under which the task counts as learned
N_TEST, TEST_SEED, N_GRADIENTS = 500, 12345, 64
SMALLEST = 1e-16  # where the axis of the gradients ends
SHOWN_LINES = 20
COLUMNS = ["network", "parameters", "test error", "best seed", "worst seed", "learned", "seconds"]
EXAMPLES = """examples:
  python -m experiments.sequences
  python -m experiments.sequences --quick --text poems.txt
"""

Examples = tuple[np.ndarray, np.ndarray]


class Adding(NamedTuple):
    """An adding problem: the length of the sequences, the network and its training."""

    length: int
    units: int
    n_sequences: int
    batch_size: int
    epochs: int
    learning_rate: float
    n_seeds: int


class Trained(NamedTuple):
    """A training: its history, and the relative norm of the gradient at each step."""

    history: History
    n_parameters: int
    gradient_before: np.ndarray
    gradient_after: np.ndarray


FULL = (Adding(50, 32, 2000, 50, 16, 0.01, 3), Adding(200, 32, 2000, 50, 20, 0.01, 3))
QUICK = (Adding(24, 16, 800, 20, 8, 0.02, 1),)


def draw(m: int, length: int, rng: np.random.Generator) -> Examples:
    """Return m sequences (m, length, 2) of numbers and marks, and the sums (m, 1)."""
    X = np.zeros((m, length, 2), np.float32)
    X[..., 0] = rng.random((m, length))
    rows = np.arange(m)
    first, second = rng.integers(0, length // 2, m), rng.integers(length // 2, length, m)
    X[rows, first, 1] = X[rows, second, 1] = 1
    return X, (X[rows, first, 0] + X[rows, second, 0])[:, np.newaxis]


def gradient_norms(model: Sequential, X: np.ndarray) -> np.ndarray:
    """Return the norm of the answer's gradient at each step, divided by that at the last.

    It is computed in float64, in which the smallest norms do not vanish.
    """
    model = model.astype(np.float64)
    y = X.astype(np.float64)
    for layer in model.layers:
        y = layer.forward(y)
    gradient = np.ones_like(y)
    for layer in reversed(model.layers):
        gradient = layer.backward(gradient)
    norms = np.sqrt((gradient**2).sum(axis=(0, 2)))
    return norms / norms[-1]


def train(problem: Adding, name: str, seed: int) -> Trained:
    """Train a network once."""
    layers = [LAYERS[name](2, problem.units, return_sequences=False), Linear(problem.units, 1)]
    model = Sequential(layers, loss=MeanSquaredError(), seed=seed)
    test = draw(N_TEST, problem.length, np.random.default_rng(TEST_SEED))
    before = gradient_norms(model, test[0][:N_GRADIENTS])
    history = model.fit(
        *draw(problem.n_sequences, problem.length, np.random.default_rng(seed)),
        optimizer=Adam(problem.learning_rate, clip_norm=1.0),
        epochs=problem.epochs,
        batch_size=problem.batch_size,
        validation=test,
        progress=False,
    )
    after = gradient_norms(model, test[0][:N_GRADIENTS])
    return Trained(history, model.parameters.size, before, after)


Runs = dict[str, list[Trained]]


def train_all(problem: Adding, first_seed: int) -> Runs:
    """Train each network from each seed."""
    runs: Runs = {name: [] for name in LAYERS}
    jobs = [(name, first_seed + number) for number in range(problem.n_seeds) for name in LAYERS]
    label = f"length {problem.length}"
    for name, seed in tqdm(jobs, desc=label, unit="network", file=sys.stderr, dynamic_ncols=True):
        runs[name].append(train(problem, name, seed))
    return runs


def run(options: argparse.Namespace) -> None:
    """Do both parts, report, write."""
    text = characters.read_text(options.text)  # a bad file is told before the long training
    adding: dict[Adding, Runs] = {}
    for problem in QUICK if options.quick else FULL:
        adding[problem] = train_all(problem, options.seed)
        print_adding(problem, adding[problem])
    written, history = learn_text(text, options)
    content = {
        "settings": study.arguments(options),
        "guess": GUESS,
        "adding": {problem.length: as_json(problem, runs) for problem, runs in adding.items()},
        "characters": written,
        "versions": study.versions(),
    }
    figures = {
        "adding.png": lambda: errors_figure(adding),
        "gradient.png": lambda: gradient_figure(adding),
        "characters.png": lambda: characters_figure(history, written["baselines"]),
    }
    study.write(options.out, content, figures)


def test_errors(runs: Sequence[Trained]) -> np.ndarray:
    """Return the test error after the last epoch of each run."""
    return np.array([one.history["val_loss"][-1] for one in runs])


def print_adding(problem: Adding, runs: Runs) -> None:
    """Print the test error of each network."""
    print(
        f"adding problem, length {problem.length}: {problem.n_sequences:,} sequences, "
        f"{problem.units} units, {problem.epochs} epochs, seeds: {problem.n_seeds}; "
        f"learned: test error under {LEARNED:g}"
    )
    rows: list[list[Any]] = [COLUMNS, ["always 1", None, GUESS, None, None, None, None]]
    for name, trained in runs.items():
        errors = test_errors(trained)
        cells = [float(value) for value in (errors.mean(), errors.min(), errors.max())]
        seconds = float(np.mean([one.history.seconds for one in trained]))
        learned = f"{(errors < LEARNED).sum()} of {len(errors)}"
        rows.append(
            [name, f"{trained[0].n_parameters:,}", *map("{:.4f}".format, cells), learned, seconds]
        )
    print(study.table(rows), flush=True)


def as_json(problem: Adding, runs: Runs) -> dict[str, Any]:
    """Return what is known of an adding problem."""
    return {
        **problem._asdict(),
        "runs": {
            name: {
                "test_error": [one.history["val_loss"] for one in trained],
                "gradient_before": [one.gradient_before.tolist() for one in trained],
                "gradient_after": [one.gradient_after.tolist() for one in trained],
                "seconds": [one.history.seconds for one in trained],
            }
            for name, trained in runs.items()
        },
    }


def learn_text(
    text: characters.Text, options: argparse.Namespace
) -> tuple[dict[str, Any], History]:
    """Train the character model, print what it knows and writes."""
    epochs, units = (8, 32) if options.quick else (40, 64)
    lines, others = characters.split(text, options.seed)
    data, held_out = text.encode(lines), text.encode(others)
    model, history = characters.train(text, data, held_out, epochs, units, options.seed)
    baselines = characters.baselines(text.n_tokens, data, held_out)
    entropy = min(history["val_loss"])
    print(
        f"characters of {escaped(options.text.name)}: {len(lines):,} lines to learn, "
        f"{len(others)} held out, {len(text.letters)} different letters, LSTM of {units} units"
    )
    rows = [["guess", "nats per letter"], *baselines.items(), [f"LSTM of {units} units", entropy]]
    print(study.table([list(row) for row in rows]))
    written = characters.write_lines(model, text, SHOWN_LINES, options.seed)
    n_new = len([line for line in written if line and line not in text.lines])
    print(f"it writes {len(written)} lines, of which {n_new} are not in the file:")
    print("\n".join(f"  {escaped(line)}" for line in written))
    found = {"baselines": baselines, "cross_entropy": entropy, "written": written, "new": n_new}
    return found, history


def errors_figure(adding: Mapping[Adding, Runs]) -> Any:
    """Return a figure of the test error against epochs, a line for each seed."""
    figure = new_figure(
        max(6.5, 5.2 * len(adding)), 4.2, "Adding problem: error on 500 other sequences"
    )
    grid = figure.subplots(1, len(adding), squeeze=False, sharey=True)[0]
    for (problem, runs), axes in zip(adding.items(), grid, strict=True):
        for number, (name, trained) in enumerate(runs.items()):
            for i, one in enumerate(trained):
                values = one.history["val_loss"]
                axes.plot(
                    range(1, len(values) + 1),
                    values,
                    color=plots.COLOURS[number],
                    linestyle=LINE_STYLES[number],
                    label=None if i else name,
                )
        axes.axhline(GUESS, color=plots.GREY, linestyle=":", label="always 1: 1/6")
        seeds = f", {problem.n_seeds} seeds" if problem.n_seeds > 1 else ""
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set(xlabel="epoch", yscale="log", title=f"length {problem.length}{seeds}")
        axes.grid(alpha=0.3)
    grid[0].set_ylabel("mean squared error")
    grid[0].legend(fontsize=9, loc="lower left")
    return figure


def gradient_figure(adding: Mapping[Adding, Runs]) -> Any:
    """Return a figure of the norm of the gradient at each step, before and after training."""
    figure = new_figure(
        11,
        3.6 * len(adding) + 0.6,
        "Norm of the answer's gradient at each step (last step: 1), first seed",
    )
    rows = figure.subplots(len(adding), 2, squeeze=False, sharey="row")
    for (problem, runs), row in zip(adding.items(), rows, strict=True):
        smallest = 1.0
        for axes, when in zip(row, ("before", "after"), strict=True):
            for number, (name, trained) in enumerate(runs.items()):
                norms = getattr(trained[0], f"gradient_{when}")
                axes.plot(
                    range(1, problem.length + 1),
                    norms,
                    color=plots.COLOURS[number],
                    linestyle=LINE_STYLES[number],
                    label=name,
                )
                smallest = min(smallest, float(norms.min()))
            axes.set(yscale="log", title=f"length {problem.length}, {when} training")
            axes.set_xlabel("step")
            axes.grid(alpha=0.3)
        row[0].set_ylim(bottom=max(SMALLEST, smallest / 3))
        row[0].set_ylabel("norm")
    rows[0, 0].legend(fontsize=9, loc="lower right")
    return figure


def characters_figure(history: History, baselines: Mapping[str, float]) -> Any:
    """Return a figure of the cross-entropy per letter against epochs, beside simple guesses."""
    figure = new_figure(7.5, 4.2, "Letter by letter: cross-entropy of the next letter")
    axes = figure.subplots()
    epochs = range(1, history.epochs + 1)
    axes.plot(epochs, history.loss, color=plots.COLOURS[0], label="LSTM, lines it learns")
    held_out = history["val_loss"]
    axes.plot(epochs, held_out, "--", color=plots.COLOURS[1], label="LSTM, lines held out")
    for name, value in baselines.items():
        axes.axhline(value, color=plots.GREY, linestyle=":", linewidth=1.2)
        axes.annotate(name, (history.epochs, value), ha="right", va="bottom", fontsize=9)
    room = 0.7 * min(*history.loss, *held_out, *baselines.values())  # below, for the legend
    top = 1.08 * max(*history.loss, *held_out, *baselines.values())
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set(xlabel="epoch", ylabel="nats per letter", ylim=(room, top))
    axes.legend(fontsize=9, loc="lower left")
    axes.grid(alpha=0.3)
    return figure


def main(argv: Sequence[str] | None = None) -> int:
    """Run the study and return its exit status."""
    parser = study.make_parser(
        "sequences",
        str(__doc__),
        EXAMPLES,
        seed=0,
        seed_help="the first of the seeds",
        quick_help="one short adding problem and few epochs",
    )
    text = "text whose lines are learned, in UTF-8 (default: 641 given names)"
    parser.add_argument("--text", type=Path, default=characters.NAMES, metavar="FILE", help=text)
    return study.run_study("sequences", run, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
