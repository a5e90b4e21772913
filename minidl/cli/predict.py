"""`minidl predict`: what a saved network says of pictures."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ..data import read_image
from ..data.standin import CAT_CLASSES, SIGN_CLASSES
from ..errors import DataError, ShapeError
from ..sequential import Sequential
from .values import Parser, add_common, to_json

HELP = "say what a saved network sees in pictures"
DESCRIPTION = """Read a network that was trained on cats or signs, and JPEG or PNG pictures of any size, and print the class of each
with its probability."""
EXAMPLES = """examples:
  minidl train cats --out results/cats
  minidl predict results/cats/model.h5 my_cat.jpg holidays/*.png"""

_CLASSES = {1: tuple(map(str, CAT_CLASSES)), 6: tuple(map(str, SIGN_CLASSES))}


def add(parser: Parser) -> None:
    """Add the options."""
    add_common(parser)
    parser.add_argument("model", type=Path, metavar="MODEL.h5", help="the file of the network")
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="a JPEG or PNG picture")


def run(options: argparse.Namespace) -> int:
    """Predict and report; return 1 if a picture could not be read, after the others."""
    model = Sequential.load(options.model)
    rows: list[dict[str, Any]] = []
    failed = 0
    for path in options.images:
        try:
            pixels = read_image(path).reshape(1, -1) / 255.0
        except DataError as error:
            print(f"minidl predict: {error}", file=sys.stderr)
            failed += 1
            continue
        rows.append({"image": str(path), **_answer(model, options.model, pixels)})
    if options.json:
        print(to_json({"command": "predict", "model": str(options.model), "pictures": rows}))
    elif rows:
        wide = max(7, *(len(row["image"]) for row in rows))
        called = max(6, *(len(row["called"]) for row in rows))
        print(f"{'picture':{wide}}  {'called':>{called}}  probability")
        for row in rows:
            print(f"{row['image']:{wide}}  {row['called']:>{called}}  {row['probability']:11.3f}")
    return int(failed > 0)


def _answer(model: Sequential, path: Path, pixels: np.ndarray) -> dict[str, Any]:
    try:
        answer = model.predict(pixels)[0]
    except ShapeError as error:
        raise ShapeError(f"{path}: must be a network for pictures of 64 x 64 x 3, but {error}") from None
    chances = np.array([1 - answer[0], answer[0]]) if len(answer) == 1 else answer
    names = _CLASSES.get(len(answer), tuple(map(str, range(len(chances)))))
    best = int(chances.argmax())
    return {"called": names[best], "class": best, "probability": float(chances[best])}
