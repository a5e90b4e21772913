"""Hand signs: six classes, a softmax, Adam and mini-batches.

Trains 12288-25-12-6 (ReLU, softmax) by Adam at 1e-4 in batches of 32, on pictures of hands that show 0 to 5. What it shows: the
same network as for cats, with six outputs in place of one, and how it overfits. This is the course's assignment "TensorFlow tutorial"
without TensorFlow; there, 1,500 epochs on 1,080 pictures give 0.999 on the training and 0.717 on the 120 test pictures (majority:
0.167). Expect about these where you have both files. Where only the 120 test pictures are at hand, 96 of them are for training and 24
for the test: all 96 are learned by heart, and 16 of the 24 are called rightly (9 and 12 with the seeds 2 and 3: so few pictures say
little). Without files minidl draws stand-ins, which say nothing about real hands.

It takes from half a minute to some minutes, prints the results, and writes results.json, cost.png, confusion.png and
misclassified.png.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minidl import plots
from minidl.cli import model_options
from minidl.cli.dataset_options import DEFAULTS
from minidl.data import Dataset, load_signs

from . import study

QUICK_EPOCHS = 15
EXAMPLES = """examples:
  python -m experiments.signs
  python -m experiments.signs --data ~/course/datasets --epochs 300
  python -m experiments.signs --keep-prob 0.8 --l2 0.5 --out results/signs-regularized     does it overfit less?
  python -m experiments.signs --layers none                                                softmax regression, to compare with
"""


def run(options: argparse.Namespace) -> None:
    """Load, train, report, write."""
    data = load_signs(options.data)
    print(data)
    print(
        "always the commonest class: "
        + ", ".join(f"{part} {share:.3f}" for part, (_, share) in data.majority_class.items())
    )
    model_options.fill_defaults(options, DEFAULTS["signs"])
    options.epochs = min(options.epochs, QUICK_EPOCHS) if options.quick else options.epochs
    model = model_options.build_model(options, data.train.x.shape[1], len(data.classes))
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

    probability = model.predict(data.test.x)
    called = probability.argmax(axis=1)
    counts = plots.confusion_counts(data.test.labels, called, len(data.classes))
    how = (
        f"{net}, {options.optimizer} at {options.learning_rate:g}, batches of {options.batch_size}"
    )
    results = {
        "source": data.source,
        "verified": data.verified,
        "settings": study.settings(options),
        "network": net,
        "majority": {part: share for part, (_, share) in data.majority_class.items()},
        "train": model.evaluate(data.train.x, data.train.y),
        "test": model.evaluate(data.test.x, data.test.y),
        "classes": data.classes,
        "confusion": counts.tolist(),
        "cost_every_100": history.loss[::100],
        "cost_last": history.loss[-1],
        "seconds": history.seconds,
        "versions": study.versions(),
    }
    print(
        f"accuracy: train {results['train']['accuracy']:.3f}, test {results['test']['accuracy']:.3f}; {history.seconds:.1f} s"
    )
    rows = [
        [f"  really {name}", *row] for name, row in zip(data.classes, counts.tolist(), strict=True)
    ]
    print(study.table([["test pictures called", *data.classes], *rows]))
    study.write(options.out, results, pictures(data, history, called, probability, how))


def pictures(
    data: Dataset, history: Any, called: np.ndarray, probability: np.ndarray, how: str
) -> dict[str, Callable[[], Any]]:
    """Return how each picture is drawn."""
    where = data.source.split(" (")[0].split(", because")[0]

    def cost() -> Any:
        axes = plots.learning_curves(history)
        axes.axhline(
            np.log(6),
            color=plots.GREY,
            linestyle=":",
            linewidth=1.2,
            label="knowing nothing: one sixth for each sign (ln 6)",
        )
        axes.set(
            ylim=(0, None),
            ylabel="cost (cross-entropy)",
            xlabel=f"epoch (one pass over the {len(data.train)} training pictures)",
        )
        axes.figure.suptitle("Hand signs: how the cost falls while the network learns")
        axes.set_title(f"{how}\n{where}", fontsize=9, color=plots.GREY)
        axes.legend()
        return axes

    def confusion() -> Any:
        axes = plots.confusion_matrix(data.test.labels, called, data.classes)
        axes.set(xlabel="called (the sign that the network answered)", ylabel="true sign")
        axes.figure.suptitle(f"Hand signs: the {len(data.test)} test pictures")
        return axes

    def misclassified() -> Any:
        grid = plots.misclassified(
            data.test.images,
            data.test.labels,
            called,
            data.classes,
            probability=probability.max(axis=1),
        )
        return grid[0]

    drawn: dict[str, Callable[[], Any]] = {"cost.png": cost, "confusion.png": confusion}
    return drawn | (
        {"misclassified.png": misclassified} if (called != data.test.labels).any() else {}
    )


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    quick = f"at most {QUICK_EPOCHS} epochs"
    cli = study.parser(
        "signs",
        str(__doc__),
        EXAMPLES,
        seed=1,
        seed_help="where all chance comes from",
        quick_help=quick,
    )
    model_options.add_model_options(cli, DEFAULTS["signs"], seed=False)
    cli.add_argument(
        "--data",
        metavar="FOLDER",
        help="where the .h5 files lie (default: $MINIDL_DATA, then datasets/, then stand-ins)",
    )
    return cli


def main(argv: Sequence[str] | None = None) -> int:
    """Run the study and return its exit status."""
    return study.main("signs", run, parser().parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
