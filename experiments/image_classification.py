"""What the studies of cats and of hand signs share: train on images, report, results."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minidl import History, Optimizer, Sequential
from minidl.cli.defaults import Defaults, fill_defaults
from minidl.cli.network_options import add_network_options, build_model
from minidl.cli.network_shape import network_shape
from minidl.cli.training_options import add_training_options, make_optimizer
from minidl.data import Dataset, Split
from minidl.plots import confusion_counts

from . import study


class TrainedNetwork(NamedTuple):
    """A network, how it was trained, and its history."""

    model: Sequential
    name: str
    optimizer: Optimizer
    history: History


def command(
    name: str,
    description: str | None,
    run: Callable[[argparse.Namespace], None],
    examples: str,
    defaults: Defaults,
    quick: Defaults,
) -> Callable[..., int]:
    """Return the function `main` of a study with options of the network and of the training."""
    return study.command(
        name,
        description,
        run,
        examples,
        seed=1,
        seed_help="seed of all random numbers; 1 is that of the assignment",
        quick_help=f"the images at half their height and width, with these defaults: {quick}",
        options=[
            partial(add_network_options, defaults=defaults, seed=False),
            partial(add_training_options, defaults=defaults),
            study.add_data_option,
        ],
    )


def halved(dataset: Dataset) -> Dataset:
    """Return the images at half their height and width: each pixel the mean of four."""

    def half(split: Split) -> Split:
        m, height, width, channels = split.images.shape
        blocks = split.images.reshape(m, height // 2, 2, width // 2, 2, channels)
        return replace(split, images=blocks.mean(axis=(2, 4)).round().astype(np.uint8))

    return replace(dataset, train=half(dataset.train), test=half(dataset.test))


def train(options: argparse.Namespace, dataset: Dataset, defaults: Defaults) -> TrainedNetwork:
    """Print the dataset and the network, and train."""
    print(dataset)
    shares = [
        f"{split} {share:.3f} ({label})" for split, (label, share) in dataset.majority_class.items()
    ]
    print(f"majority class: {', '.join(shares)}")
    fill_defaults(options, defaults)
    X, Y = dataset.train.x, dataset.train.y
    n_classes = len(dataset.classes)
    shape = dataset.train.images.shape[1:]
    model = build_model(options, shape, 1 if n_classes == 2 else n_classes)
    optimizer = make_optimizer(options, len(X))
    name = network_shape(model)
    size = f"{model.parameters.size:,} parameters"
    print(f"{name}: {size}, {optimizer}, {options.epochs:,} epochs", flush=True)
    history = model.fit(
        X,
        Y,
        optimizer=optimizer,
        epochs=options.epochs,
        batch_size=options.batch_size,
        validation=(dataset.test.x, dataset.test.y),  # for the curve: nothing is chosen by it
    )
    return TrainedNetwork(model, name, optimizer, history)


def report(
    options: argparse.Namespace, dataset: Dataset, trained: TrainedNetwork, predicted: np.ndarray
) -> dict[str, Any]:
    """Print accuracies and the confusion matrix of the test set, and return the results."""
    model, history = trained.model, trained.history
    train_scores = model.evaluate(dataset.train.x, dataset.train.y)
    test_scores = model.evaluate(dataset.test.x, dataset.test.y)
    counts = confusion_counts(dataset.test.labels, predicted, len(dataset.classes)).tolist()
    print(
        f"accuracy: train {train_scores['accuracy']:.3f}, test {test_scores['accuracy']:.3f}; "
        f"{history.seconds:.1f} s"
    )
    rows = [["test images, predicted", *dataset.classes]]
    rows += [[f"  true {name}", *row] for name, row in zip(dataset.classes, counts, strict=True)]
    print(study.table(rows))
    return {
        "source": dataset.source,
        "verified": dataset.verified,
        "settings": study.arguments(options),
        "majority": {split: share for split, (_, share) in dataset.majority_class.items()},
        "train": train_scores,
        "test": test_scores,
        "classes": dataset.classes,
        "confusion": counts,
        "cost_every_100": history.loss[::100],
        "test_cost_every_100": history["val_loss"][::100],
        "cost_last": history.loss[-1],
        "seconds": history.seconds,
        "versions": study.versions(),
    }
