"""Cat or not: the course's deep network on 64 x 64 pictures.

Trains 12288-20-7-5-1 (ReLU, sigmoid) by gradient descent on all 209 pictures at once. What it shows: a network far larger than its
data learns the training pictures almost by heart, yet beats the majority answer on new ones, but not by much. With the real pictures
expect about 0.986 on the 209 training and 0.80 on the 50 test pictures (majority: 0.656 and 0.66). These are the figures of the
course's assignment "Deep neural network for image classification: application", whose initial weights `--seed 1` draws and which
computes in float64: `--dtype float64` repeats them. In float32, the default and twice as fast, the same run rounds differently on
its way, and a test picture or two may come out otherwise (0.78). Without the real files minidl draws stand-ins, which are easier:
their accuracies say nothing about real cats.

It takes some seconds, prints the results, and writes results.json, cost.png and misclassified.png.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from minidl.cli import model_options
from minidl.cli.dataset_options import DEFAULTS
from minidl.data import load_cats
from minidl.plots import confusion_counts

from . import study
from .pictures import cost_picture, misclassified_picture

QUICK_EPOCHS = 30
EXAMPLES = """examples:
  python -m experiments.cats                                    the course's run
  python -m experiments.cats --data ~/course/datasets           with the real pictures, wherever they lie
  python -m experiments.cats --layers none                      logistic regression, to compare with
  python -m experiments.cats --optimizer adam --batch-size 64 --epochs 300
  python -m experiments.cats --init he --keep-prob 0.8 --l2 0.7 --out results/regularized
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the study and return its exit status."""
    return study.main("cats", run, parser().parse_args(argv))


def run(options: argparse.Namespace) -> None:
    """Load, train, report, write."""
    data = load_cats(options.data)
    print(data)
    print(
        "always the commonest class: "
        + ", ".join(
            f"{part} {share:.3f} ({name})" for part, (name, share) in data.majority_class.items()
        )
    )
    model_options.fill_defaults(options, DEFAULTS["cats"])
    options.epochs = min(options.epochs, QUICK_EPOCHS) if options.quick else options.epochs
    model = model_options.build_model(options, data.train.x.shape[1], 1)
    optimizer, net = model_options.make_optimizer(options, len(data.train.x)), model_options.network_shape(model)
    print(
        f"{net}: {model.parameters.size:,} parameters, {optimizer}, {options.epochs:,} epochs",
        flush=True,
    )
    history = model.fit(
        data.train.x,
        data.train.y,
        optimizer=optimizer,
        epochs=options.epochs,
        batch_size=options.batch_size,
    )

    probability = model.predict(data.test.x)[:, 0]
    called = model.predict_classes(data.test.x)
    table = confusion_counts(data.test.labels, called, len(data.classes))
    results = {
        "source": data.source,
        "verified": data.verified,
        "settings": study.settings(options),
        "majority": {part: share for part, (_, share) in data.majority_class.items()},
        "train": model.evaluate(data.train.x, data.train.y),
        "test": model.evaluate(data.test.x, data.test.y),
        "classes": data.classes,
        "confusion": table.tolist(),
        "cost_every_100": history.loss[::100],
        "cost_last": history.loss[-1],
        "seconds": history.seconds,
        "versions": study.versions(),
    }
    print(
        f"accuracy: train {results['train']['accuracy']:.3f}, test {results['test']['accuracy']:.3f}; {history.seconds:.1f} s"
    )
    rows = [
        [f"  really {name}", *counts]
        for name, counts in zip(data.classes, table.tolist(), strict=True)
    ]
    print(study.table([["test pictures", *(f"called {name}" for name in data.classes)], *rows]))
    pictures = {
        "cost.png": lambda: cost_picture(
            history, data, f"{net}, {optimizer}", penalty=bool(model.penalties)
        ),
        "misclassified.png": lambda: misclassified_picture(data, called, probability),
    }
    study.write(options.out, results, pictures)


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    chance, quick = (
        "where all chance comes from; 1 is the course's",
        f"at most {QUICK_EPOCHS} epochs",
    )
    cli = study.parser("cats", str(__doc__), EXAMPLES, seed=1, seed_help=chance, quick_help=quick)
    model_options.add_model_options(cli, DEFAULTS["cats"], seed=False)
    cli.add_argument(
        "--data",
        metavar="FOLDER",
        help="where the .h5 files lie (default: $MINIDL_DATA, then datasets/, then stand-ins)",
    )
    return cli


if __name__ == "__main__":
    sys.exit(main())
