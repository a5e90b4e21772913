"""The command `minidl train`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .. import (
    Augmentation,
    Callback,
    Checkpoint,
    EarlyStopping,
    History,
    Optimizer,
    ResumeError,
    Sequential,
    __version__,
)
from ..escaping import shortened
from ..parallel.agreement import agreeing
from ..parallel.process_group import as_group
from ..parallel.world import world
from ..serialization.model_file import DATASET_ENTRY, save_model
from ..training.callbacks.base import TrainingRun
from ..utils.atomic_files import atomic_write
from ..words.augmentation import WORDS as AUGMENTATION_WORDS
from ..words.augmentation import augmentation_of_words
from .common import add_command, add_metrics, to_json
from .completed_arguments import FileArgument, FolderArgument
from .dataset_options import (
    DEFAULTS,
    IMAGES,
    NET_DEFAULTS,
    LoadedDataset,
    add_dataset_options,
    load_dataset,
)
from .network_options import add_network_options, build_model
from .network_shape import network_shape
from .output_folder import MODEL, REPORT, RESULTS, SETTINGS, check_output_folder
from .run_settings import RunSettings, check_fresh
from .scores import measure, remarks, score_lines
from .settings_file import settings_text
from .settings_shown import settings_of
from .streams import show
from .train_figures import train_figures, write_figures
from .train_report import save_train_report
from .training_options import add_training_options, make_optimizer

CHECKPOINT_SECONDS = 60


def add_train(subparsers: Any) -> None:
    """Add the command.

    Parameters
    ----------
    subparsers : object
        The commands of the program.
    """
    parser = add_command(subparsers, "train", train)
    of_net = str(NET_DEFAULTS).partition(", ")[2]  # without the widths of --layers
    rows = {**DEFAULTS, f"{', '.join(IMAGES)} with --net": of_net}
    defaults = "".join(f"  {name:8}  {values}\n" for name, values in rows.items())
    parser.epilog = f"defaults of each dataset:\n{defaults}\n{parser.epilog}"
    add_dataset_options(parser, is_required=False)
    text = "settings in TOML, as --out writes them; options of the command line replace them"
    parser.add_argument(
        "--config",
        action=FileArgument,
        type=Path,
        metavar="FILE",
        help=f"{text} (default: none)",
    )
    add_network_options(parser, None)
    group = add_training_options(parser, None)
    text = (
        f"{', '.join(IMAGES)}: change the pictures of each batch at random, in the words "
        f'"{", ".join(map(AUGMENTATION_WORDS.usage, AUGMENTATION_WORDS))}", or some of them '
        "(default: none)"
    )
    group.add_argument("--augment", metavar="WORDS", help=text)
    add_metrics(group)
    text = (
        "share each batch among all processes that mpiexec has started; the result does not depend "
        "on how many there are (extra mpi)"
    )
    group.add_argument("--mpi", action="store_true", help=text)
    group = parser.add_argument_group("output")
    text = "save the training in this file; resume from it if it exists (default: none)"
    group.add_argument("--checkpoint", action=FileArgument, type=Path, metavar="FILE", help=text)
    text = "train anew, and replace the file of --checkpoint, whatever training it holds"
    group.add_argument("--fresh", action="store_true", help=text)
    text = f"write {MODEL}, {RESULTS}, {SETTINGS}, {REPORT} and figures there (default: only print)"
    group.add_argument("--out", action=FolderArgument, type=Path, metavar="DIR", help=text)


class KeepBestEpoch(EarlyStopping):
    """Keep the history, and restore the best epoch if the training is interrupted.

    Parameters
    ----------
    monitor : str, default "val_loss"
        The name of the metric in the history.
    patience : int, default 10
        The number of epochs without an improvement after which training stops; with that of all
        epochs it never stops early.
    min_delta : float, default 0.0
        By how much the metric must be better than the best so far to count as improved.
    restore_best : bool, default True
        Whether to restore the parameters of the best epoch after an interruption.

    Attributes
    ----------
    history : History
        That of the training; empty before.
    interrupted : bool
        Whether the training has ended before its last epoch and before it has converged.
    """

    history = History()  # empty until a training begins
    interrupted = True

    def on_train_begin(self, run: TrainingRun) -> None:
        """Take the history of the training."""
        super().on_train_begin(run)
        self.history = run.history

    def on_train_end(self, run: TrainingRun) -> None:
        """Restore the parameters of the best epoch, if the training is incomplete."""
        is_complete = run.is_ending or run.history.epochs >= run.epochs
        self.interrupted = run.interruption is not None or not is_complete
        if self.interrupted:
            super().on_train_end(run)


def train(options: argparse.Namespace) -> int:
    """Train a network on a dataset and report its accuracy.

    Train a network on a dataset, fully connected unless --net describes another one; print its
    accuracy on the training and the test set, next to that of always predicting the majority class.
    With --out, write the network (model.h5), results.json, all settings (settings.toml, which
    --config reads to repeat the training), a page with all results (report.html) and, if matplotlib
    is installed, figures.

    A training that fails says so: if it diverges to numbers that are not finite, nothing is written
    and the exit status is 1; if it only ends with a larger loss, or with no better accuracy than
    the majority class, a sentence follows the results.

    Ctrl-C ends the training; the results are then those of the best epoch so far, and the exit
    status is 130. With --checkpoint, the same command later resumes the training, with the same
    results as if it had never been interrupted; lbfgs and cg begin anew at the point reached.
    Another dataset, seed or other setting is refused, unless --fresh is given: then the training
    starts anew and replaces the file.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options.

    Returns
    -------
    int
        The exit status.

    Examples
    --------
      minidl train moons
      minidl train circles --layers 8,8 --activation tanh --l2 0.1 --out results/circles
      minidl train cats --data ~/course/datasets --epochs 500
      minidl train flowers.csv --layers 20 --learning-rate 0.003 --json
      minidl train signs --net "conv 8 3, relu, pool 4, flatten, linear 6"
      minidl train cats --net "conv 8 3, relu, pool 4, flatten, linear 1" --augment "flip, shift 4"
      minidl train moons --optimizer adamw --schedule cosine --warm-up 5 --clip-norm 1
      minidl train moons --optimizer lbfgs
      minidl train moons --metrics f1,recall --out results/moons
      minidl train --config results/moons/settings.toml --seed 2
      minidl train cats --checkpoint cats.h5      stop it with Ctrl-C, run it again to resume
      mpiexec -n 4 minidl train moons --mpi       four processes, each with a part of every batch
    """
    if not options.mpi:
        return _train(options, None)
    comm = world("--mpi")
    if comm.Get_rank() == 0:
        return _train(options, comm)
    with redirect_stdout(StringIO()):  # rank 0 alone shows something, and writes files
        try:
            return _train(options, comm)
        except KeyboardInterrupt:
            return 130
        except Exception:  # rank 0 raises it, too, and tells it
            return 1


def _train(options: argparse.Namespace, comm: Any) -> int:
    """Train, alone or as one rank of a communicator, and report."""
    group = as_group(comm)
    with agreeing(group):  # before any rank waits for the others in the training
        prepared = _prepare(options, is_root=group.is_root)
    if not options.json:
        show(*_plan(options, prepared))
    best = _fit(options, prepared, comm)
    if best.interrupted and not best.history.epochs:
        raise KeyboardInterrupt
    if not group.is_root:
        return 130 if best.interrupted else 0
    return _write(options, prepared, best)


class Prepared(NamedTuple):
    """What a training needs."""

    dataset: LoadedDataset
    model: Sequential
    optimizer: Optimizer
    augment: Augmentation | None


def _prepare(options: argparse.Namespace, *, is_root: bool) -> Prepared:
    """Return what the options ask for; an error comes before the training."""
    check_fresh(options)
    augment = None
    if options.augment is not None:
        augment = augmentation_of_words(options.augment, source="--augment", seed=options.seed)
    dataset = load_dataset(options)
    shape, n_outputs = dataset.example_shape, dataset.n_outputs
    model = build_model(options, shape, n_outputs, pictures=augment is not None)
    optimizer = make_optimizer(options, len(dataset.train[0]))
    if options.out is not None and is_root:
        check_output_folder(options)
    return Prepared(dataset, model, optimizer, augment)


def _write(options: argparse.Namespace, prepared: Prepared, best: KeepBestEpoch) -> int:
    """Report a training and write its files."""
    dataset, model = prepared.dataset, prepared.model
    results = _results(options, dataset, model, best)
    if options.out is not None:  # before anything else that could fail
        entry = {DATASET_ENTRY: dataset.preparation.entry()}
        save_model(model, options.out / MODEL, entry)
        atomic_write(options.out / RESULTS, f"{to_json(results)}\n".encode())
        atomic_write(options.out / SETTINGS, settings_text(options, dataset.source).encode())
    if options.json:
        show(*to_json(results).splitlines())
    else:
        show(*_report(options, results))
    status = 0
    if options.out is not None:
        figures = train_figures(model, best.history, dataset)
        written = write_figures(options.out, figures)
        status = written.status
        drawn = {name: figures[name] for name in written.names}
        path = options.out / REPORT
        save_train_report(path, options, results, model, best.history, dataset, drawn)
        if not options.json:
            names = [MODEL, RESULTS, SETTINGS, REPORT, *written.names]
            show(f"wrote {', '.join(names)} in {options.out}")
    if best.interrupted:
        raise KeyboardInterrupt
    return status


def _plan(options: argparse.Namespace, prepared: Prepared) -> Iterator[str]:
    """Yield what is printed before the training."""
    dataset, model, optimizer, augment = prepared
    n_train, n_features = dataset.train[0].shape
    n_test = len(dataset.test[0])
    yield f"source  {dataset.source}"
    yield (
        f"train {n_train:,}, test {n_test:,} examples of {n_features:,} features; "
        f"classes: {', '.join(map(shortened, dataset.classes))}"
    )
    yield (
        f"{network_shape(model)}: {model.parameters.size:,} parameters, "
        f"{optimizer}, {options.epochs:,} epochs"
    )
    if augment is not None:
        yield f"pictures changed at random: {augment}"
    if _resumed_file(options) is not None:
        yield f"resuming from {options.checkpoint}"


def _resumed_file(options: argparse.Namespace) -> Path | None:
    path: Path | None = options.checkpoint
    return path if path is not None and path.exists() and not options.fresh else None


def _fit(options: argparse.Namespace, prepared: Prepared, comm: Any) -> KeepBestEpoch:
    """Train, until Ctrl-C at most, and return the callback that kept the history."""
    dataset, model, optimizer, augment = prepared
    X, Y = dataset.train
    if augment is not None:
        X = X.reshape(-1, *dataset.example_shape)
    best = KeepBestEpoch("loss", patience=options.epochs)
    callbacks: list[Callback] = [best]
    if options.checkpoint is not None:
        checkpoint = Checkpoint(options.checkpoint, every_seconds=CHECKPOINT_SECONDS)
        callbacks += [RunSettings(options), checkpoint]
    try:
        with suppress(KeyboardInterrupt):
            model.fit(
                X,
                Y,
                optimizer=optimizer,
                epochs=options.epochs,
                batch_size=options.batch_size,
                augment=augment,
                metrics=options.metrics,
                validation=dataset.test,
                callbacks=callbacks,
                progress=not options.json or sys.stderr.isatty(),
                resume=_resumed_file(options),
                comm=comm,
            )
    except ResumeError as error:
        cure = "pass --fresh to train anew and replace the file, or pass the old settings and data"
        raise ResumeError(error.differences, cure) from None
    return best


def _results(
    options: argparse.Namespace,
    dataset: LoadedDataset,
    model: Sequential,
    best: KeepBestEpoch,
) -> dict[str, Any]:
    """Return the content of results.json."""
    scores = measure(model, dataset, options.metrics)
    history = best.history
    others = (name for name in history if name not in ("loss", "accuracy"))
    measured = {name: history[name] for name in others if not name.startswith("val_")}
    return {
        "command": "train",
        "settings": settings_of(options),
        "columns": dataset.columns,
        "interrupted": best.interrupted,
        "stopped": None if best.interrupted else best.history.stopped,
        "epochs": best.history.epochs,
        "epoch": best.best_epoch if best.interrupted else best.history.epochs,
        **scores,
        "loss": history.loss,
        "val_loss": history["val_loss"],  # of the test set, after each epoch
        **({"metrics": measured} if options.metrics else {}),
        "remarks": remarks(scores, best.history.loss[0]),
        "seconds": best.history.seconds,
        "versions": {
            "minidl": __version__,
            "numpy": np.__version__,
            "python": sys.version.split()[0],
        },
    }


def _report(options: argparse.Namespace, results: dict[str, Any]) -> Iterator[str]:
    """Yield what is printed after the training."""
    n_epochs = results["epochs"]
    if results["interrupted"]:
        yield (
            f"interrupted after {n_epochs:,} epochs; "
            f"the results are those of the best epoch, {results['epoch']:,}"
        )
        if options.checkpoint is not None:
            yield f"saved the training in {options.checkpoint}: run the same command to resume it"
    if results["stopped"]:
        yield results["stopped"]
    yield from score_lines(results)
    yield from results["remarks"]
    yield f"{n_epochs:,} epochs in {results['seconds']:.1f} s"
