"""The commands `train`, `evaluate`, `predict` and `check`."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from .. import (
    Checkpoint,
    DataError,
    EarlyStopping,
    GradientChecker,
    History,
    Sequential,
    ShapeError,
    __version__,
    plots,
)
from ..data import read_image
from ..data.synthetic_images import CAT_CLASSES
from ..training.callbacks.base import TrainingRun
from ..utils.atomic_files import atomic_write, make_folder
from . import sets
from .common import POSITIVE, SEED, WHOLE, command, tell, to_json
from .nets import add_options, build, make_optimizer, shape_of


def add_commands(commands: Any) -> None:
    """Add the commands."""
    one = command(commands, "train", train)
    usual = "".join(f"  {name:8}  {usual}\n" for name, usual in sets.USUAL.items())
    one.epilog = (
        f"what each set is trained with where no option says otherwise:\n{usual}\n{one.epilog}"
    )
    sets.add_options(one)
    add_options(one, None)
    out = one.add_argument_group("the output")
    text = "keep the training in this file; if it is there already, go on from it (default: none)"
    out.add_argument("--checkpoint", type=Path, metavar="FILE", help=text)
    out.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write model.h5, results.json and pictures there (default: only print)",
    )

    one = command(commands, "evaluate", evaluate)
    one.add_argument("model", type=Path, metavar="MODEL.h5", help="the file of the network")
    sets.add_options(one)
    one.add_argument(
        "--seed",
        type=SEED,
        default=1,
        metavar="N",
        help="points and CSV files: what was trained with (default: 1)",
    )

    one = command(commands, "predict", predict)
    one.add_argument("model", type=Path, metavar="MODEL.h5", help="the file of the network")
    one.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="a JPEG or PNG picture")

    one = command(commands, "check", check)
    sets.add_options(one)
    add_options(one, None, training=False)
    how = one.add_argument_group("the check")
    text = "how many training examples it is done on (default: %(default)s)"
    how.add_argument("--examples", type=WHOLE, default=6, metavar="N", help=text)
    how.add_argument(
        "--exhaustive",
        action="store_true",
        help="compute each element, however large the network (small ones always are)",
    )
    text = "complex step where it can (auto), or plain central differences as courses teach (default: %(default)s)"
    how.add_argument("--method", choices=("auto", "central"), default="auto", help=text)
    how.add_argument(
        "--epsilon", type=POSITIVE, metavar="E", help="the step of --method central (default: 1e-7)"
    )


class BestSoFar(EarlyStopping):
    """Keeps the history, and the best epoch of a stopped training."""

    history = History()

    def on_train_begin(self, run: TrainingRun) -> None:
        """Keep the history."""
        super().on_train_begin(run)
        self.history = run.history

    def on_train_end(self, run: TrainingRun) -> None:
        """Go back to the best epoch."""
        if run.history.epochs < run.epochs:
            super().on_train_end(run)


def train(options: argparse.Namespace) -> int:
    """Train a network on a set and say how good it is.

    Train a fully connected network on a set; print its accuracy on training and test examples beside that of always
    answering the commonest class. With --out, write the network (model.h5), results.json and, where matplotlib is installed, pictures.

    Ctrl-C ends the training; the results are then about the best epoch so far, and the exit status is 130. With --checkpoint the same
    command goes on later where it was stopped, as if it never had been.

    Examples
    --------
      minidl train moons
      minidl train circles --layers 8,8 --activation tanh --l2 0.1 --out results/circles
      minidl train cats --data ~/course/datasets --epochs 500
      minidl train flowers.csv --layers 20 --learning-rate 0.003 --json
      minidl train moons --optimizer adamw --learning-rate 0.02 --schedule cosine --warm-up 5 --clip-norm 1
      minidl train cats --checkpoint cats.h5      stop it by Ctrl-C, say it again, and it goes on
    """
    examples = sets.load(options)
    (x, y), (x_test, _) = examples.train, examples.test
    model = build(options, x.shape[1], examples.outputs)
    optimizer = make_optimizer(options, len(x))
    if options.out is not None:
        make_folder(options.out)  # fails before the training

    def say(line: str) -> None:
        if not options.json:
            print(line, flush=True)

    say(f"source  {examples.source}")
    say(
        f"train {len(x):,}, test {len(x_test):,} examples of {x.shape[1]:,} features; classes: {', '.join(examples.classes)}"
    )
    say(
        f"{shape_of(model)}: {model.parameters.size:,} parameters, {optimizer}, {options.epochs:,} epochs"
    )
    best, kept = BestSoFar("loss", patience=options.epochs), options.checkpoint
    going = kept is not None and kept.exists()
    if going:
        say(f"goes on from {kept}")
    with suppress(KeyboardInterrupt):
        model.fit(
            x,
            y,
            optimizer=optimizer,
            epochs=options.epochs,
            batch_size=options.batch_size,
            callbacks=[best] if kept is None else [best, Checkpoint(kept, every_seconds=60)],
            progress=sys.stderr.isatty(),
            resume=kept if going else None,
        )
    epochs = best.history.epochs
    interrupted = epochs < options.epochs
    if interrupted:
        if not epochs:
            raise KeyboardInterrupt
        say(
            f"interrupted after {epochs:,} epochs; what follows is about epoch {best.best_epoch:,}, the best"
        )
        if kept is not None:
            say(f"{kept} holds the training: the same command goes on")
    results = {
        "command": "train",
        "settings": {
            name: value
            for name, value in vars(options).items()
            if name not in ("command", "run", "json", "debug")
        },
        "interrupted": interrupted,
        "epochs": epochs,
        "epoch": best.best_epoch if interrupted else epochs,
        **_measured(model, examples),
        "loss": best.history.loss,
        "seconds": best.history.seconds,
        "versions": {
            "minidl": __version__,
            "numpy": np.__version__,
            "python": sys.version.split()[0],
        },
    }
    say("\n".join([*_table(results), f"{epochs:,} epochs in {results['seconds']:.1f} s"]))
    if options.out is not None:
        model.save(options.out / "model.h5")
        files = {"results.json": (to_json(results) + "\n").encode()}
        try:
            for name, axes in _pictures(model, best.history, examples):
                memory = io.BytesIO()
                axes.figure.savefig(memory, format="png", dpi=120)
                files[name] = memory.getvalue()
        except ImportError as error:
            print(f"minidl train: no pictures: {error}", file=sys.stderr)
        for name, content in files.items():
            atomic_write(options.out / name, content)
        say(f"wrote model.h5, {', '.join(files)} in {options.out}")
    if options.json:
        print(to_json(results))
    if interrupted:
        raise KeyboardInterrupt
    return 0


def _measured(model: Sequential, examples: sets.Examples) -> dict[str, Any]:
    parts = {"train": examples.train, "test": examples.test}
    X, Y = examples.test
    return {
        "network": shape_of(model),
        "parameters": model.parameters.size,
        "set": examples.name,
        "source": examples.source,
        "verified": examples.verified,
        "majority": {
            part: float(max(np.mean(y == k) for k in np.unique(y)))
            for part, (_, y) in parts.items()
        },
        **{part: model.evaluate(*rows) for part, rows in parts.items()},
        "classes": examples.classes,
        "confusion": plots.confusion_counts(
            Y, model.predict_classes(X), len(examples.classes)
        ).tolist(),
    }


def _table(results: dict[str, Any]) -> list[str]:
    train, test, names = results["train"], results["test"], results["classes"]
    lines = [f"{'':24}{'train':>7}{'test':>8}"]
    lines += ["{:24}{train:7.3f}{test:8.3f}".format("always the commonest", **results["majority"])]
    lines += [f"{name:24}{train[name]:7.3f}{test[name]:8.3f}" for name in ("accuracy", "loss")]
    if len(names) <= 12:
        wide = max(7, *(len(name) + 2 for name in names))
        titles = ["test examples called", *(f"  really {name}" for name in names)]
        for title, row in zip(titles, [names, *results["confusion"]], strict=True):
            lines.append(f"{title:24}" + "".join(f"{cell:>{wide}}" for cell in row))
    return lines


def _pictures(
    model: Sequential, history: History, examples: sets.Examples
) -> Iterator[tuple[str, Any]]:
    X, Y = examples.test
    called = model.predict_classes(X)
    title = f"{Path(examples.name).name}, {shape_of(model)}"
    axes = plots.learning_curves(history)
    axes.set(title=f"{title}\nhow the loss falls while the network learns", ylim=(0, None))
    yield "cost.png", axes
    yield "confusion.png", plots.confusion_matrix(Y, called, examples.classes)
    if X.shape[1] == 2:
        axes = plots.decision_boundary(model, X, Y, classes=examples.classes)
        axes.set_title(f"{title}\nwhat the network answers, and the {len(X)} test points")
        yield "boundary.png", axes
    if examples.images is not None and (called != Y.ravel()).any():
        sure = model.predict(X).max(axis=1)
        sure = np.maximum(sure, 1 - sure) if examples.outputs == 1 else sure
        yield (
            "misclassified.png",
            plots.misclassified(examples.images, Y, called, examples.classes, probability=sure)[0],
        )


def evaluate(options: argparse.Namespace) -> int:
    """Say how good a saved network is on a set.

    Read a network that `minidl train --out` or `model.save` wrote, and print its accuracy on the training and test examples
    of a set beside that of always answering the commonest class.

    Examples
    --------
      minidl train moons --out results/moons
      minidl evaluate results/moons/model.h5 moons
      minidl evaluate results/moons/model.h5 moons --noise 0.4 --points 2000 --json
    """
    model = Sequential.load(options.model)
    examples = sets.load(options)
    outputs = model.predict(examples.test[0][:1]).shape[1]
    if outputs != examples.outputs or not model.loss.is_classification:
        raise ShapeError(
            f"{options.model}: must answer the {len(examples.classes)} classes of {examples.name}, found {outputs} outputs"
        )
    results = _measured(model, examples)
    lines = [
        f"source  {examples.source}",
        f"{results['network']}: {model.parameters.size:,} parameters, from {options.model}",
    ]
    return tell(options, {"model": options.model, **results}, [*lines, *_table(results)])


def predict(options: argparse.Namespace) -> int:
    """Say what a saved network sees in pictures.

    Read a network that was trained on cats or signs, and JPEG or PNG pictures of any size, and print the class of each
    with its probability.

    Examples
    --------
      minidl train cats --out results/cats
      minidl predict results/cats/model.h5 my_cat.jpg holidays/*.png
    """
    model = Sequential.load(options.model)
    rows: list[dict[str, Any]] = []
    for path in options.images:
        try:
            answer = model.predict(read_image(path).reshape(1, -1) / 255.0)[0]
        except DataError as error:
            print(f"minidl predict: {error}", file=sys.stderr)
            continue
        except ShapeError as error:
            raise ShapeError(
                f"{options.model}: must be a network for pictures of 64 x 64 x 3, but {error}"
            ) from None
        cat = len(answer) == 1
        chances = [1 - answer[0], answer[0]] if cat else answer
        best = int(np.argmax(chances))
        called = CAT_CLASSES[best] if cat else str(best)
        rows.append(
            {
                "image": str(path),
                "called": called,
                "class": best,
                "probability": float(chances[best]),
            }
        )
    lines = []
    if rows:
        left, right = (
            max(least, *(len(row[name]) for row in rows))
            for name, least in (("image", 7), ("called", 6))
        )
        lines = [f"{'picture':{left}}  {'called':>{right}}  probability"]
        lines += [
            f"{row['image']:{left}}  {row['called']:>{right}}  {row['probability']:11.3f}"
            for row in rows
        ]
    return tell(
        options,
        {"model": options.model, "pictures": rows},
        lines,
        wrong=len(rows) < len(options.images),
    )


def check(options: argparse.Namespace) -> int:
    """Check the gradients of a network.

    Check every gradient of a network, on a few examples of a set, against derivatives taken from the forward passes
    alone, and print the report. Exit status 0 if all is right, 1 if a gradient is wrong.

    Examples
    --------
      minidl check moons --layers 5,3
      minidl check circles --activation tanh --keep-prob 0.8 --l2 0.7
      minidl check cats --layers 20,7,5 --examples 2
      minidl check moons --method central --epsilon 1e-5 --json
    """
    examples = sets.load(options)
    X, Y = (rows[: options.examples] for rows in examples.train)
    model = build(options, X.shape[1], examples.outputs)
    checker = GradientChecker(
        model, method=options.method, epsilon=options.epsilon, seed=options.seed
    )
    report = checker.check(X, Y, exhaustive=options.exhaustive)
    content = {
        "set": examples.name,
        "source": examples.source,
        "network": shape_of(model),
        **json.loads(report.to_json()),
    }
    lines = [
        f"source  {examples.source}",
        f"network {shape_of(model)}",
        "",
        report.text(colour=None),
    ]
    return tell(options, content, lines, wrong=not report.ok)
