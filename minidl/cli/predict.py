"""The command `minidl predict`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from .. import ArgumentError, DataError, NonFiniteError, Sequential, ShapeError
from ..data import read_image
from ..data.synthetic_images import CAT_CLASSES
from .common import add_command, add_model_file, emit, load_model
from .streams import complain


def add_predict(subparsers: Any) -> None:
    """Add the command.

    Parameters
    ----------
    subparsers : object
        The commands of the program.
    """
    parser = add_command(subparsers, "predict", predict)
    add_model_file(parser)
    text = "a JPEG or PNG file"
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help=text)


def predict(options: argparse.Namespace) -> int:
    """Predict the classes of images with a saved network.

    Read a network that was trained on cats or signs, and JPEG or PNG images of any size, and print
    the predicted class of each image and its probability.

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
      minidl train cats --out results/cats
      minidl predict results/cats/model.h5 my_cat.jpg holidays/*.png
    """
    model = load_model(options)
    if not model.loss.is_classification:
        raise ArgumentError(
            f"{options.model}: must be a network that predicts classes, found the loss "
            f"{model.loss}: train it under a cross-entropy loss"
        )
    predictions: list[dict[str, Any]] = []
    for path in options.images:
        try:
            predictions.append(_predict_image(model, path))
        except DataError as error:
            complain("predict", str(error))
        except ShapeError as error:
            raise ShapeError(
                f"{options.model}: must be a network for images of 64 x 64 x 3, but {error}"
            ) from None
    return emit(
        options,
        {"model": options.model, "pictures": predictions},
        _table(predictions),
        status=int(len(predictions) < len(options.images)),
    )


def _predict_image(model: Sequential, path: Path) -> dict[str, Any]:
    with np.errstate(over="ignore", invalid="ignore"):
        output = model.predict(read_image(path).reshape(1, -1) / 255.0)[0]
    invalid = output[~np.isfinite(output)]
    if len(invalid):
        raise NonFiniteError(
            f"the network must give finite numbers, but gives {invalid[0]} for {path}: "
            "train it with a smaller --learning-rate"
        )
    probabilities = model.loss.probabilities(output)
    is_cat_network = len(output) == 1
    if is_cat_network:
        probabilities = np.append(1 - probabilities, probabilities)
    label = int(np.argmax(probabilities))
    return {
        "image": str(path),
        "called": CAT_CLASSES[label] if is_cat_network else str(label),
        "class": label,
        "probability": float(probabilities[label]),
    }


def _table(predictions: list[dict[str, Any]]) -> list[str]:
    if not predictions:
        return []
    rows = [("image", "prediction", "probability")]
    rows += [
        (prediction["image"], prediction["called"], f"{prediction['probability']:.3f}")
        for prediction in predictions
    ]
    path_width, class_width = (max(len(row[column]) for row in rows) for column in (0, 1))
    return [
        f"{path:{path_width}}  {label:>{class_width}}  {probability:>11}"
        for path, label, probability in rows
    ]
