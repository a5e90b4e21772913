"""The command `minidl predict`."""

from __future__ import annotations

import argparse
import csv
import io
from pathlib import Path
from typing import Any

import numpy as np

from .. import ArgumentError, DataError, NonFiniteError, Sequential, ShapeError
from ..data import read_image
from ..data.synthetic_images import CAT_CLASSES
from ..escaping import MAX_LINE, shortened
from ..utils.atomic_files import atomic_write, check_writable
from ..utils.typing import Array
from .common import add_command, add_model_file, emit, load_model
from .completed_arguments import FileArgument
from .csv_file import read_features
from .preparation import Preparation, read_preparation
from .scores import MAX_CONFUSION_CLASSES
from .streams import complain

Rows = list[list[Any]]  # the first is the header
HEADER = ("row", "prediction", "probability")  # and then the classes


def add_predict(subparsers: Any) -> None:
    """Add the command.

    Parameters
    ----------
    subparsers : object
        The commands of the program.
    """
    parser = add_command(subparsers, "predict", predict)
    add_model_file(parser)
    text = "JPEG or PNG files, or a .csv file with the columns of the training"
    parser.add_argument(
        "files", action=FileArgument, type=Path, nargs="+", metavar="FILE", help=text
    )
    text = "write a CSV file with the probability of each class (default: only print)"
    parser.add_argument(
        "--out", action=FileArgument, type=Path, metavar="PREDICTIONS.csv", help=text
    )


def predict(options: argparse.Namespace) -> int:
    """Predict the classes of the rows of a table, or of images.

    Read a saved network and a CSV file, and print the class that it predicts for each row, with the
    probabilities. The columns are those of the training, in the same order, and scaled as then;
    their names are compared if both files have names. A last column with the class is not read.

    Or read a network that was trained on cats or signs, and JPEG or PNG images of any size.

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
      minidl train flowers.csv --out results/flowers
      minidl predict results/flowers/model.h5 new_flowers.csv
      minidl predict results/flowers/model.h5 new_flowers.csv --out predictions.csv
      minidl train cats --out results/cats
      minidl predict results/cats/model.h5 my_cat.jpg holidays/*.png
    """
    model = load_model(options)
    if not model.loss.is_classification:
        raise ArgumentError(
            f"{options.model}: must be a network that predicts classes, found the loss "
            f"{model.loss}: train it under a cross-entropy loss"
        )
    if options.out is not None:
        check_writable(options.out)
    tables = [path for path in options.files if path.suffix.lower() == ".csv"]
    if tables and len(options.files) > 1:
        raise ArgumentError(f"one CSV file at a time, got {len(options.files)} files")
    return (_predict_rows if tables else _predict_images)(options, model)


def _predict_rows(options: argparse.Namespace, model: Sequential) -> int:
    """Predict the rows of a CSV file."""
    (path,) = options.files
    preparation = read_preparation(options.model, options.limit)
    n_features = None if preparation is None else preparation.n_features
    columns = None if preparation is None else preparation.columns
    X = read_features(path, n_features, columns)
    if preparation is not None and preparation.scaling is not None:
        preparation.scaling.apply(X)
    try:
        probabilities = _probabilities(model, X, str(path))
    except ShapeError as error:
        raise ShapeError(
            f"{options.model}: must be a network for rows of {path}, but {error}"
        ) from None
    names = _class_names(preparation, probabilities)
    labels = probabilities.argmax(axis=1)
    rows = [
        [k, names[label], row[label], *row]
        for k, (label, row) in enumerate(zip(labels, probabilities.tolist(), strict=True), 1)
    ]
    content = {
        "model": options.model,
        "file": path,
        "classes": names,
        "predictions": [
            {"row": k, "called": called, "class": int(label), "probabilities": row}
            for (k, called, _, *row), label in zip(rows, labels, strict=True)
        ],
    }
    return _emit(options, content, [[*HEADER, *names], *rows])


def _class_names(preparation: Preparation | None, probabilities: Array) -> list[str]:
    """Return the names of the classes, numbers where the file of the network has none."""
    n_classes = probabilities.shape[1]
    names = [*map(str, range(n_classes))] if preparation is None else preparation.classes
    if len(names) != n_classes:
        raise DataError(
            f"the network must have a name for each of its {n_classes} classes, found "
            f"{len(names)}: its file was changed, restore a copy"
        )
    return names


def _predict_images(options: argparse.Namespace, model: Sequential) -> int:
    rows: Rows = [["image", "prediction", "probability"]]
    predictions: list[dict[str, Any]] = []
    for path in options.files:
        try:
            image = read_image(path).reshape(1, -1) / 255.0
            (probabilities,) = _probabilities(model, image, str(path))
        except DataError as error:
            complain("predict", str(error))
            continue
        except ShapeError as error:
            raise ShapeError(
                f"{options.model}: must be a network for images of 64 x 64 x 3, but {error}"
            ) from None
        label = int(probabilities.argmax())
        called = CAT_CLASSES[label] if len(probabilities) == 2 else str(label)
        probability = float(probabilities[label])
        rows.append([str(path), called, probability])
        predictions.append(
            {"image": str(path), "called": called, "class": label, "probability": probability}
        )
    content = {"model": options.model, "pictures": predictions}
    status = int(len(predictions) < len(options.files))
    return _emit(options, content, rows, status=status)


def _probabilities(model: Sequential, X: Array, source: str) -> Array:
    """Return the probability of each class for each row, (m, n_classes)."""
    with np.errstate(over="ignore", invalid="ignore"):
        output = model.predict(X)
    invalid = output[~np.isfinite(output)]
    if len(invalid):
        raise NonFiniteError(
            f"the network must give finite numbers, but gives {invalid[0]} for {source}: "
            "train it with a smaller --learning-rate"
        )
    probabilities = model.loss.probabilities(output)
    if probabilities.shape[1] == 1:
        probabilities = np.concatenate([1 - probabilities, probabilities], axis=1)
    return probabilities


def _emit(
    options: argparse.Namespace, content: dict[str, Any], rows: Rows, *, status: int = 0
) -> int:
    """Print predictions, or write them where --out says, and return the exit status."""
    if options.out is None:
        return emit(options, content, _table(rows), status=status)
    header = [*rows[0][:3], *(f"probability of {name}" for name in rows[0][3:])]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows[1:]])
    atomic_write(options.out, text.getvalue().encode("utf-8", "backslashreplace"))
    return emit(
        options, content, [f"wrote {len(rows) - 1:,} predictions in {options.out}"], status=status
    )


def _table(rows: Rows) -> list[str]:
    """Return predictions as aligned lines, with a column for each class if they are few."""
    if len(rows) == 1:
        return []
    n_columns = len(rows[0]) if len(rows[0]) <= len(HEADER) + MAX_CONFUSION_CLASSES else len(HEADER)
    # The path of an image stays whole.
    texts = [[str(first), *map(_cell, others[: n_columns - 1])] for first, *others in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return [
        "  ".join([first.ljust(widths[0]), *map(str.rjust, others, widths[1:])])
        for first, *others in texts
    ]


def _cell(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else shortened(str(value), MAX_LINE)
