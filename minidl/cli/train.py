"""`minidl train`: train a network, say how good it is, write the numbers and pictures."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .. import plots
from ..callbacks import EarlyStopping, Run
from ..files import make_folder, write_whole
from ..history import History
from ..resume import Checkpoint
from ..sequential import Sequential
from . import nets, sets
from .values import Parser, add_common, to_json, versions

HELP = "train a network on a set and say how good it is"
DESCRIPTION = """Train a fully connected network on a set; print its accuracy on training and test examples beside that of always
answering the commonest class. With --out, write the network (model.h5), results.json and, where matplotlib is installed, pictures.

Ctrl-C ends the training; the results are then about the best epoch so far, and the exit status is 130. With --checkpoint the same
command goes on later where it was stopped, as if it never had been."""
EXAMPLES = "\n".join(
    [
        "what each set is trained with where no option says otherwise:",
        *(f"  {name:8}  {usual}" for name, usual in sets.USUAL.items()),
        "",
        "examples:",
        "  minidl train moons",
        "  minidl train circles --layers 8,8 --activation tanh --l2 0.1 --out results/circles",
        "  minidl train cats --data ~/course/datasets --epochs 500",
        "  minidl train flowers.csv --layers 20 --learning-rate 0.003 --json",
        "  minidl train moons --optimizer adamw --learning-rate 0.02 --schedule cosine --warm-up 5 --clip-norm 1",
        "  minidl train cats --checkpoint cats.h5      stop it by Ctrl-C, say it again, and it goes on",
    ]
)


class BestSoFar(EarlyStopping):
    """Keeps the history, and brings the parameters of the best epoch back where a training does not come to its end."""

    def __init__(self, epochs: int) -> None:
        super().__init__("loss", patience=epochs)
        self.history = History()

    def on_start(self, run: Run) -> None:
        """Hold on to the history."""
        super().on_start(run)
        self.history = run.history

    def on_end(self, run: Run) -> None:
        """Put the best parameters back, unless training is complete."""
        if run.history.epochs < run.epochs:
            super().on_end(run)


def add(parser: Parser) -> None:
    """Add the options."""
    add_common(parser)
    sets.add_options(parser)
    nets.add_options(parser, None)
    out = parser.add_argument_group("the output")
    out.add_argument(
        "--checkpoint",
        type=Path,
        metavar="FILE",
        help="keep the training in this file; if it is there already, go on from it (default: none)",
    )
    out.add_argument("--out", type=Path, metavar="DIR", help="write model.h5, results.json and pictures there (default: only print)")


def run(options: argparse.Namespace) -> int:
    """Train, report, write; return the exit status."""
    examples = sets.load(options)
    nets.settle(options, sets.usual_of(options.set))
    (x, y), (x_test, y_test) = examples.train, examples.test
    model = nets.build(options, x.shape[1], examples.outputs)
    optimizer = nets.make_optimizer(options, len(x))
    if options.out is not None:
        make_folder(options.out)  # fails before the training rather than after it
    shape = nets.shape_of(model)
    say: Callable[[str], None] = (lambda line: None) if options.json else lambda line: print(line, flush=True)
    say(f"source  {examples.source}")
    say(f"train {len(x):,}, test {len(x_test):,} examples of {x.shape[1]:,} features; classes: {', '.join(examples.classes)}")
    say(f"{shape}: {model.parameters.size:,} parameters, {optimizer}, {options.epochs:,} epochs")
    best, kept = BestSoFar(options.epochs), options.checkpoint
    going = kept is not None and kept.exists()
    if going:
        say(f"goes on from {kept}")
    try:
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
        interrupted = best.history.epochs < options.epochs
    except KeyboardInterrupt:
        interrupted = True
    if interrupted:
        if not best.history.epochs:
            raise KeyboardInterrupt
        say(f"interrupted after {best.history.epochs:,} epochs; what follows is about epoch {best.best_epoch:,}, the best")
        if kept is not None:
            say(f"{kept} holds the training: the same command goes on")
    called = model.predict_classes(x_test)
    counts = plots.confusion_counts(y_test.ravel(), called, len(examples.classes))
    results = {
        "command": "train",
        "settings": {name: value for name, value in vars(options).items() if name not in ("command", "run", "json", "debug")},
        "network": shape,
        "parameters": model.parameters.size,
        "interrupted": interrupted,
        "epochs": best.history.epochs,
        "epoch": best.best_epoch if interrupted else best.history.epochs,
        **measured(model, examples, counts),
        "loss": best.history.loss,
        "seconds": best.history.seconds,
        "versions": versions(),
    }
    for line in [*table(results), f"{results['epochs']:,} epochs in {results['seconds']:.1f} s"]:
        say(line)
    if options.out is not None:
        model.save(options.out / "model.h5")
        _write(options.out, results, _pictures(model, best.history, examples, called, shape), say)
    if options.json:
        print(to_json(results))
    if interrupted:
        print("minidl train: interrupted", file=sys.stderr)
    return 130 if interrupted else 0


def measured(model: Sequential, examples: sets.Examples, counts: Any) -> dict[str, Any]:
    """Return how good a model is on both parts of a set, beside the commonest class; `counts` is the confusion of the test part."""
    return {
        "set": examples.name,
        "source": examples.source,
        "verified": examples.verified,
        "majority": examples.majority,
        "train": model.evaluate(*examples.train),
        "test": model.evaluate(*examples.test),
        "classes": examples.classes,
        "confusion": counts.tolist(),
    }


def table(results: dict[str, Any]) -> list[str]:
    """Return what `measured` found as lines of a table."""
    majority, parts = results["majority"], ("train", "test")
    lines = [f"{'':24}{'train':>7}{'test':>8}"]
    lines += [f"{'always the commonest':24}" + "".join(f"{majority[part]:8.3f}" for part in parts)[1:]]
    lines += [f"{'accuracy':24}" + "".join(f"{results[part]['accuracy']:8.3f}" for part in parts)[1:]]
    lines += [f"{'loss':24}" + "".join(f"{results[part]['loss']:8.3f}" for part in parts)[1:]]
    names = [str(name) for name in results["classes"]]
    if len(names) <= 12:
        wide = max(7, *(len(name) + 2 for name in names))
        lines.append(f"{'test examples called':24}" + "".join(f"{name:>{wide}}" for name in names))
        for name, counts in zip(names, results["confusion"], strict=True):
            lines.append(f"{f'  really {name}':24}" + "".join(f"{count:>{wide}}" for count in counts))
    return lines


def _pictures(model: Sequential, history: History, examples: sets.Examples, called: Any, shape: str) -> dict[str, Callable[[], Any]]:
    """Return how to draw each picture, as a function that returns matplotlib Axes."""
    X, Y = examples.test
    title = f"{Path(examples.name).name}, {shape}"

    def cost() -> Any:
        axes = plots.learning_curves(history)
        axes.set(title=f"{title}\nhow the loss falls while the network learns", ylim=(0, None))
        return axes

    def boundary() -> Any:
        axes = plots.decision_boundary(model, X, Y, classes=examples.classes)
        axes.set_title(f"{title}\nwhat the network answers, and the {len(X)} test points")
        return axes

    def misclassified() -> Any:
        assert examples.images is not None
        answers = model.predict(X)
        sure = np.where(called == 1, answers[:, 0], 1 - answers[:, 0]) if examples.outputs == 1 else answers.max(axis=1)
        return plots.misclassified(examples.images, Y.ravel().astype(int), called, examples.classes, probability=sure)

    drawn: dict[str, Callable[[], Any]] = {
        "cost.png": cost,
        "confusion.png": lambda: plots.confusion_matrix(Y.ravel(), called, examples.classes),
    }
    if X.shape[1] == 2:
        drawn["boundary.png"] = boundary
    if examples.images is not None and (called != Y.ravel()).any():
        drawn["misclassified.png"] = misclassified
    return drawn


def _write(out: Path, results: dict[str, Any], pictures: dict[str, Callable[[], Any]], say: Callable[[str], None]) -> None:
    files = {"results.json": (to_json(results) + "\n").encode()}
    try:
        for name, draw in pictures.items():
            memory = io.BytesIO()
            np.ravel(draw())[0].figure.savefig(memory, format="png", dpi=120)
            files[name] = memory.getvalue()
    except ImportError as error:
        print(f"minidl train: no pictures: {error}", file=sys.stderr)
    for name, content in files.items():
        write_whole(out / name, content)
    say(f"wrote model.h5, {', '.join(files)} in {out}")
