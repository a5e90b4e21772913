"""Normalization: a network of depth 20 without, with batch and with layer normalization.

Trains nineteen hidden layers of 64 units (ReLU) and a softmax on 1,348 of the digits of
scikit-learn by plain gradient descent, from the same five seeds and for as many steps: without
normalization, with BatchNorm and with LayerNorm before each ReLU, from Xavier's initial weights,
whose variance is half of what a ReLU needs, and from He's. What it shows: without normalization,
Xavier's weights give gradients near 1e-5 in all layers, and 60 epochs are over before the network
has more than begun to learn; with either normalization, it learns from both kinds of weights.
Without it, He's weights are the cure, though one seed of five ends much worse (0.82). BatchNorm has
its price: in the first step, its gradients grow by more than thirty times from the last hidden
layer to the first. And with either, a step of this narrow network takes two to three times as long.
Expect test accuracies of 0.20 (none), 0.96 (BatchNorm) and 0.94 to 0.96 (LayerNorm) from Xavier's
weights, and of 0.93, 0.94 and 0.95 from He's (majority class: 0.102). But for BatchNorm's, costs
jump now and then, and a run that ends in a jump ends badly: which one does, rounding decides.

It needs scikit-learn (extra sklearn), takes about two minutes, prints a table, and writes
results.json, cost.png (the cost over the epochs, each seed) and gradients.png (the size of the
gradients of each linear layer in the first step).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from minidl import (
    BatchNorm,
    Callback,
    CategoricalCrossEntropy,
    Flatten,
    GradientDescent,
    He,
    History,
    Layer,
    LayerNorm,
    Linear,
    ReLU,
    Sequential,
    Softmax,
    Xavier,
    plots,
)

from . import study
from .digits import load_digits
from .figures import draw_chance_level, new_figure

DEPTH, WIDTH, N_CLASSES = 20, 64, 10
SEEDS, QUICK_SEEDS = 5, 2
EPOCHS, QUICK_EPOCHS = 60, 10
LEARNING_RATE = 0.03
BATCH_SIZE = 128
NORMALIZATIONS: dict[str, Callable[[int], Layer] | None] = {
    "none": None,
    "BatchNorm": BatchNorm,
    "LayerNorm": LayerNorm,
}
INITIALIZERS = {"Xavier": Xavier(), "He": He()}
COLUMNS = ["initial weights, normalization", "gradient: layer 1", f"layer {DEPTH}", "last cost"]
COLUMNS += ["test: mean", "deviation", "worst", "seconds"]
EXAMPLES = """examples:
  python -m experiments.normalization
  python -m experiments.normalization --quick --seed 10
"""

Examples = tuple[np.ndarray, np.ndarray]


class RecordFirstGradients(Callback):
    """Record the root mean square of the weights' gradients of each linear layer, in step one."""

    def __init__(self) -> None:
        self.sizes: list[float] = []

    def on_gradient(self, run: Any) -> None:
        """Record the gradients of the first step."""
        if not self.sizes:
            layers = [layer for layer in run.model.layers if isinstance(layer, Linear)]
            self.sizes = [float(np.sqrt(np.mean(layer.weight.grad**2))) for layer in layers]


class Trained(NamedTuple):
    """The history of a training, its first gradients, and the accuracy on the test digits."""

    history: History
    gradients: list[float]
    accuracy: float


Trainings = dict[str, dict[str, list[Trained]]]


def network(normalization: str, initializer: str, seed: int) -> Sequential:
    """Return an untrained network of depth 20."""
    layers: list[Layer] = [Flatten()]
    make = NORMALIZATIONS[normalization]
    for _ in range(DEPTH - 1):
        layers.append(Linear(WIDTH, WIDTH, init=INITIALIZERS[initializer]))  # 64 pixels, 64 units
        if make is not None:
            layers.append(make(WIDTH))
        layers.append(ReLU())
    layers += [Linear(WIDTH, N_CLASSES, init=INITIALIZERS[initializer]), Softmax()]
    return Sequential(layers, loss=CategoricalCrossEntropy(), seed=seed)


def train(model: Sequential, epochs: int, data: Examples, test: Examples) -> Trained:
    """Train a network by gradient descent."""
    record = RecordFirstGradients()
    history = model.fit(
        *data,
        optimizer=GradientDescent(LEARNING_RATE),
        epochs=epochs,
        batch_size=BATCH_SIZE,
        callbacks=[record],
        validation=test,
        progress=False,
    )
    return Trained(history, record.sizes, model.evaluate(*test)["accuracy"])


def run(options: argparse.Namespace) -> None:
    """Train each network from each seed, report, write."""
    data, test = load_digits()
    epochs = QUICK_EPOCHS if options.quick else EPOCHS
    seeds = [options.seed + i for i in range(QUICK_SEEDS if options.quick else SEEDS)]
    initializers = ["Xavier"] if options.quick else list(INITIALIZERS)
    training = f"depth {DEPTH}, gradient descent {LEARNING_RATE}, {epochs} epochs"
    print(f"{training} on {len(data[1]):,} digits, {len(test[1])} for testing, {len(seeds)} seeds")
    trained = {
        initializer: {
            normalization: [
                train(network(normalization, initializer, seed), epochs, data, test)
                for seed in seeds
            ]
            for normalization in NORMALIZATIONS
        }
        for initializer in initializers
    }
    majority = float(np.bincount(test[1]).max() / len(test[1]))
    print(study.table([COLUMNS, *table_rows(trained, majority)]))
    content = {
        "settings": {**study.arguments(options), "seeds": seeds, "epochs": epochs},
        "majority": majority,
        "runs": {
            initializer: {name: as_json(runs) for name, runs in networks.items()}
            for initializer, networks in trained.items()
        },
        "versions": study.versions(),
    }
    figures = {
        "cost.png": lambda: cost_figure(trained, training),
        "gradients.png": lambda: gradients_figure(trained),
    }
    study.write(options.out, content, figures)


def as_json(runs: Sequence[Trained]) -> dict[str, Any]:
    """Return the results of a network as JSON-compatible values, with a list for each seed."""
    return {
        "test": [run.accuracy for run in runs],
        "cost_last": [run.history.loss[-1] for run in runs],
        "gradients": [run.gradients for run in runs],
        "seconds": [run.history.seconds for run in runs],
    }


def table_rows(trained: Trainings, majority: float) -> list[list[Any]]:
    """Return a row for each network."""
    rows: list[list[Any]] = [["majority class", *[None] * 3, majority, *[None] * 3]]
    for initializer, networks in trained.items():
        for name, runs in networks.items():
            gradients = mean_gradients(runs)
            test = np.array([run.accuracy for run in runs])
            rows.append(
                [
                    f"{initializer}, {name}",
                    f"{gradients[0]:.1e}",
                    f"{gradients[-1]:.1e}",
                    float(np.mean([run.history.loss[-1] for run in runs])),
                    *map(float, (test.mean(), test.std(), test.min())),
                    f"{np.mean([run.history.seconds for run in runs]):.2f}",
                ]
            )
    return rows


def mean_gradients(runs: Sequence[Trained]) -> np.ndarray:
    """Return the geometric mean over the seeds of the gradients of each layer."""
    return np.exp(np.mean(np.log([run.gradients for run in runs]), axis=0))


def cost_figure(trained: Trainings, training: str) -> Any:
    """Return a figure of the cost over the epochs, with a line for each seed."""
    title = "Cost during training, a line for each seed (dashed: test digits)"
    figure, grid = panels(trained, title)
    for (initializer, networks), axes in zip(trained.items(), grid, strict=True):
        for (name, runs), colour in zip(networks.items(), plots.COLOURS, strict=False):
            for number, run in enumerate(runs):
                label = name if number == 0 else None
                epochs = range(1, len(run.history.loss) + 1)
                axes.plot(epochs, run.history.loss, color=colour, alpha=0.7, label=label)
                axes.plot(epochs, run.history["val_loss"], "--", color=colour, alpha=0.4)
        draw_chance_level(axes, N_CLASSES)
        axes.set(title=f"{initializer}'s initial weights", xlabel="epoch", ylim=(0, 2.7))
    grid[0].set_ylabel("cost (cross-entropy)")
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    figure.suptitle(f"{figure.get_suptitle()}\n{training}")
    return figure


def gradients_figure(trained: Trainings) -> Any:
    """Return a figure of the gradients of each layer in the first step."""
    title = "Size of the weights' gradients in the first step, by layer"
    figure, grid = panels(trained, title)
    for (initializer, networks), axes in zip(trained.items(), grid, strict=True):
        for (name, runs), colour, marker in zip(
            networks.items(), plots.COLOURS, "os^", strict=False
        ):
            gradients = np.array([run.gradients for run in runs])
            layers = range(1, DEPTH + 1)
            axes.plot(
                layers, mean_gradients(runs), color=colour, marker=marker, markersize=4, label=name
            )
            axes.fill_between(
                layers, gradients.min(axis=0), gradients.max(axis=0), color=colour, alpha=0.15
            )
        axes.set(title=f"{initializer}'s initial weights", yscale="log")
        axes.set(xlabel="linear layer, 1 is the first", xticks=(1, 5, 10, 15, 20))
    grid[0].set_ylabel("root mean square; band: all seeds")
    grid[0].legend()
    return figure


def panels(trained: Mapping[str, Any], title: str) -> tuple[Any, np.ndarray]:
    """Return a figure, and Axes with common scales for each kind of initial weights."""
    figure = new_figure(10 if len(trained) > 1 else 8, 4.6, title)
    grid = figure.subplots(1, len(trained), sharey=True, squeeze=False)[0]
    for axes in grid:
        axes.grid(alpha=0.3)
    return figure, grid


main = study.command(
    "normalization",
    __doc__,
    run,
    EXAMPLES,
    seed=0,
    seed_help="the first of the seeds",
    quick_help=f"Xavier's weights, {QUICK_SEEDS} seeds, {QUICK_EPOCHS} epochs",
)

if __name__ == "__main__":
    sys.exit(main())
