"""The sets that the commands learn from: points in the plane, the course's pictures, or a CSV file."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import Array
from ..data import load_cats, load_signs, planar, train_validation_split
from .csv_file import read_csv
from .nets import Usual
from .values import NOT_NEGATIVE, number

_PLANE = (0.1, 0.01)
POINTS: dict[str, tuple[Callable[..., Any], float]] = {
    "moons": (planar.moons, 0.2),
    "circles": (planar.circles, 0.05),
    "blobs": (planar.blobs, 1.5),
}
PICTURES = {"cats": load_cats, "signs": load_signs}
CSV = "FILE.csv"
CATS = Usual("20,7,5", epochs=2500)
SIGNS = Usual("25,12", epochs=1500, optimizer="adam", rates=(0.01, 1e-4), batch_size=32)
USUAL = {
    "moons": Usual("16,16", epochs=200, optimizer="adam", rates=_PLANE, batch_size=32, init="he"),
    "circles": Usual("16,16", epochs=200, optimizer="adam", rates=_PLANE, batch_size=32, init="he"),
    "blobs": Usual("16", epochs=100, optimizer="adam", rates=_PLANE, batch_size=32, init="he"),
    "cats": CATS,
    "signs": SIGNS,
    CSV: Usual("16", epochs=200, optimizer="adam", rates=_PLANE, batch_size=32, init="he"),
}
SETS_HELP = f"{', '.join([*POINTS, *PICTURES])}, or the path of a .csv file: numbers, with the class of the row in the last column"


@dataclass(frozen=True)
class Examples:
    """A training and a test part with their names; `images` are the test pictures, where there are some."""

    name: str
    source: str
    verified: bool
    classes: tuple[str, ...]
    train: tuple[Array, Array]
    test: tuple[Array, Array]
    images: npt.NDArray[np.uint8] | None = None

    @property
    def outputs(self) -> int:
        """How many outputs a network for these classes has."""
        return 1 if len(self.classes) == 2 else len(self.classes)

    @property
    def majority(self) -> dict[str, float]:
        """The accuracy of always answering the commonest class of each part."""
        parts = {"train": self.train[1], "test": self.test[1]}
        return {part: float(np.bincount(y.ravel().astype(int)).max() / len(y)) for part, y in parts.items()}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the argument that names the set, and what goes with it."""
    parser.add_argument("set", type=_known, metavar="SET", help=SETS_HELP)
    data = parser.add_argument_group("the data")
    data.add_argument("--data", metavar="FOLDER", help="cats, signs: where the .h5 files lie (default: see minidl data list)")
    enough = number(int, "a whole number from 10 to 1000000", lambda n: 10 <= n <= 1_000_000)
    data.add_argument("--points", type=enough, metavar="N", help="points of the plane: how many are drawn (default: 400)")
    noises = ", ".join(f"{noise} for {name}" for name, (_, noise) in POINTS.items())
    data.add_argument("--noise", type=NOT_NEGATIVE, metavar="S", help=f"points of the plane: standard deviation of the noise ({noises})")


def usual_of(name: str) -> Usual:
    """Return the usual settings for a set."""
    return USUAL.get(name, USUAL[CSV])


def load(options: argparse.Namespace) -> Examples:
    """Load the set that the options name.

    Raises
    ------
    DataError
        If a file cannot be used.
    """
    name = options.set
    if name in PICTURES:
        found = PICTURES[name](options.data)
        train, test = (found.train.x, found.train.y), (found.test.x, found.test.y)
        return Examples(name, found.source, found.verified, found.classes, train, test, found.test.images)
    if name in POINTS:
        draw, usual = POINTS[name]
        noise = usual if options.noise is None else options.noise
        X, Y = draw(options.points or 400, noise, np.random.RandomState(options.seed))
        train, test = train_validation_split(X, Y, share=0.25, seed=options.seed)
        how = f"drawn: {len(X)} points in the plane with noise {noise:g}, seed {options.seed}"
        return Examples(name, how, False, tuple(f"class {k}" for k in range(int(Y.max()) + 1)), train, test)
    table = read_csv(Path(name))
    column = table.labels.reshape(-1, 1)
    Y = column.astype(np.float64) if len(table.classes) == 2 else column
    (x, y), (x_test, y_test) = train_validation_split(table.x, Y, share=0.2, seed=options.seed)
    middle, spread = x.mean(axis=0), x.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    how = f"{name}: each column scaled to mean 0 and standard deviation 1 of the training rows"
    return Examples(name, how, False, table.classes, ((x - middle) / spread, y), ((x_test - middle) / spread, y_test))


def misfit(options: argparse.Namespace) -> str | None:
    """Return what is wrong where an option does not go with the set."""
    if options.data is not None and options.set not in PICTURES:
        return f"--data goes with {' and '.join(PICTURES)} only, not with {options.set}"
    for name in ("points", "noise"):
        if getattr(options, name) is not None and options.set not in POINTS:
            return f"--{name} goes with {', '.join(POINTS)} only, not with {options.set}"
    return None


def _known(text: str) -> str:
    if (text in USUAL and text != CSV) or text.lower().endswith(".csv"):
        return text
    raise argparse.ArgumentTypeError(f"must be one of {SETS_HELP}; got {text!r}")
