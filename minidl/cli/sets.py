"""Sets to learn from, and `minidl data`."""

from __future__ import annotations

import argparse
import csv
import io
import math
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .. import DataError
from ..data import course_images as known
from ..data import load_cats, load_signs, planar, read_hdf5, train_validation_split
from ..data.download import fetch
from ..data.hdf5_writer import write_hdf5
from ..utils.atomic_files import read_bounded
from ..utils.typing import Array
from .common import NOT_NEGATIVE, command, number, tell
from .nets import Usual, settle

POINTS: dict[str, tuple[Any, float]] = {
    "moons": (planar.moons, 0.2),
    "circles": (planar.circles, 0.05),
    "blobs": (planar.blobs, 1.5),
}
PICTURES = {"cats": load_cats, "signs": load_signs}
FILES = {"cats": known.CATS, "signs": known.SIGNS}
CSV = "FILE.csv"
MOST_BYTES = 256 * 2**20
MOST_CLASSES = 100
CATS = Usual("20,7,5", epochs=2500)
SIGNS = Usual("25,12", epochs=1500, optimizer="adam", rates=(0.01, 1e-4), batch_size=32)
_SMALL = Usual("16", epochs=200, optimizer="adam", rates=(0.1, 0.01), batch_size=32, init="he")
_TWO = _SMALL._replace(layers="16,16")
USUAL = {
    "moons": _TWO,
    "circles": _TWO,
    "blobs": _SMALL._replace(epochs=100),
    "cats": CATS,
    "signs": SIGNS,
    CSV: _SMALL,
}
SETS_HELP = f"{', '.join([*POINTS, *PICTURES])}, or the path of a .csv file: numbers, with the class of the row in the last column"


class Examples(NamedTuple):
    """A training and a test part, and the test `images`."""

    name: str
    source: str
    classes: tuple[str, ...]
    train: tuple[Array, Array]
    test: tuple[Array, Array]
    verified: bool = False
    images: Array | None = None

    @property
    def outputs(self) -> int:
        """How many a network has."""
        return 1 if len(self.classes) == 2 else len(self.classes)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a set."""
    parser.add_argument("set", type=_known, metavar="SET", help=SETS_HELP)
    data = parser.add_argument_group("the data")
    data.add_argument(
        "--data",
        metavar="FOLDER",
        help="cats, signs: where the .h5 files lie (default: see minidl data list)",
    )
    enough = number(int, "a whole number from 10 to 1000000", lambda n: 10 <= n <= 1_000_000)
    data.add_argument(
        "--points",
        type=enough,
        metavar="N",
        help="points of the plane: how many are drawn (default: 400)",
    )
    noises = ", ".join(f"{noise} for {name}" for name, (_, noise) in POINTS.items())
    data.add_argument(
        "--noise",
        type=NOT_NEGATIVE,
        metavar="S",
        help=f"points of the plane: standard deviation of the noise ({noises})",
    )


def _known(text: str) -> str:
    if text in POINTS or text in PICTURES or text.lower().endswith(".csv"):
        return text
    raise argparse.ArgumentTypeError(f"must be one of {SETS_HELP}; got {text!r}")


def misfit(options: argparse.Namespace) -> str | None:
    """Return what is wrong."""
    for name, sets in (("data", list(PICTURES)), ("points", list(POINTS)), ("noise", list(POINTS))):
        if getattr(options, name) is not None and options.set not in sets:
            return f"--{name} goes with {', '.join(sets)} only, not with {options.set}"
    return None


def load(options: argparse.Namespace) -> Examples:
    """Load the set, and settle the options."""
    name, seed = options.set, options.seed
    settle(options, USUAL.get(name, USUAL[CSV]))
    if name in PICTURES:
        found = PICTURES[name](options.data)
        train, test = (found.train.x, found.train.y), (found.test.x, found.test.y)
        return Examples(
            name, found.source, found.classes, train, test, found.verified, found.test.images
        )
    if name in POINTS:
        draw, usual = POINTS[name]
        noise = usual if options.noise is None else options.noise
        X, Y = draw(options.points or 400, noise, np.random.RandomState(seed))
        how = f"drawn: {len(X)} points in the plane with noise {noise:g}, seed {seed}"
        classes = tuple(f"class {k}" for k in range(int(Y.max()) + 1))
        return Examples(
            name, how, classes, *train_validation_split(X, Y, validation_fraction=0.25, seed=seed)
        )
    X, Y, classes = read_csv(Path(name))
    column = Y.reshape(-1, 1).astype(np.float64 if len(classes) == 2 else np.int64)
    (x, y), (x_test, y_test) = train_validation_split(X, column, validation_fraction=0.2, seed=seed)
    middle, spread = x.mean(axis=0), x.std(axis=0)
    spread[spread == 0] = 1
    how = f"{name}: each column scaled to mean 0 and standard deviation 1 of the training rows"
    return Examples(
        name, how, classes, ((x - middle) / spread, y), ((x_test - middle) / spread, y_test)
    )


def read_csv(path: Path) -> tuple[Array, Array, tuple[str, ...]]:
    """Return the numbers (m, d), class numbers (m,) and class names of a file; raise `DataError` with the line."""
    try:
        text = read_bounded(path, MOST_BYTES, "a CSV file", "take a part of it").decode("utf-8-sig")
        head = text.split("\n", 1)[0]
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True
        )
        rows = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except (ValueError, csv.Error) as error:
        raise DataError(
            f"{path}: must be a readable CSV file in UTF-8, found {error}: save the table as CSV again"
        ) from error
    if rows and len(rows[0][1]) > 1 and all(math.isinf(_number(cell)) for cell in rows[0][1][:-1]):
        del rows[0]  # the names of the columns
    if len(rows) < 5:
        raise DataError(f"{path}: must have at least 5 rows, found {len(rows)}: add examples")
    wide = len(rows[0][1])
    if wide < 2:
        raise DataError(
            f"{path}: must have numbers and then a class, found one column: put commas between the cells"
        )
    for line, cells in rows:
        wrong = [
            k
            for k, cell in enumerate(cells)
            if (math.isinf(_number(cell)) if k < wide - 1 else not cell.strip())
        ]
        if wrong or len(cells) != wide:
            found = (
                f"{cells[wrong[0]][:40]!r} in column {wrong[0] + 1}"
                if len(cells) == wide
                else f"{len(cells)} cells"
            )
            rule = f"must have {wide - 1} finite numbers and then a class, found {found}"
            raise DataError(f"{path}, line {line}: {rule}: repair or drop the line")
    features = np.array([[float(cell) for cell in cells[:-1]] for _, cells in rows])
    names = [cells[-1].strip() for _, cells in rows]
    classes = tuple(sorted(set(names), key=lambda name: (_number(name), name)))
    if not 2 <= len(classes) <= MOST_CLASSES:
        found = f"2 to {MOST_CLASSES} classes, found {len(classes)} different values"
        raise DataError(
            f"{path}: the last column must hold {found}: put the column with the class last"
        )
    return features, np.array([classes.index(name) for name in names]), classes


def _number(cell: str) -> float:
    """Return the number in a cell, infinity where there is none."""
    try:
        value = float(cell)
    except ValueError:
        return math.inf
    return value if math.isfinite(value) else math.inf


def add_commands(commands: Any) -> None:
    """Add `minidl data`."""
    data = commands.add_parser(
        "data",
        help="list, verify, make or fetch the picture files",
        description="""\
Say which of the course's picture files are there, verify files by SHA-256, write drawn stand-ins for them, or fetch them
from a place that you name.""",
        epilog="""examples:
  minidl data list
  minidl data verify datasets/*.h5
  minidl data make stand-ins --set cats
  minidl data fetch cats --url https://example.org/course/datasets/""",
    )
    commands = data.add_subparsers(required=True, metavar="list|verify|make|fetch")
    one = command(commands, "list", _list)
    one.add_argument("--data", metavar="FOLDER", help="look there alone")
    one = command(commands, "verify", _verify)
    one.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="an .h5 file, or a folder of them"
    )
    one = command(commands, "make", _make)
    one.add_argument(
        "folder",
        type=Path,
        metavar="FOLDER",
        help="created if it is not there; no file is ever replaced",
    )
    one.add_argument(
        "--set", choices=(*FILES, "all"), default="all", help="which (default: %(default)s)"
    )
    one = command(commands, "fetch", _fetch)
    one.add_argument("set", choices=tuple(FILES), metavar="|".join(FILES), help="which")
    text = "the folder on the web, or the address of one file (repeat it), or NAME=ADDRESS where that does not end in the file's name"
    one.add_argument(
        "--url", action="append", required=True, help=f"{text}; https, or http on this computer"
    )
    text = f"where to (default: ${known.FOLDER_VARIABLE}, else datasets)"
    one.add_argument(
        "--to",
        type=Path,
        default=os.environ.get(known.FOLDER_VARIABLE) or "datasets",
        metavar="FOLDER",
        help=text,
    )


def _list(options: argparse.Namespace) -> int:
    """Show the known sets, where they were looked for and what was found."""
    named = options.data or os.environ.get(known.FOLDER_VARIABLE)
    places = [Path(named)] if named else []
    if not options.data:
        places = list(dict.fromkeys(places + known.search_paths()))
    sets: dict[str, Any] = {}
    lines = ["looked in " + ", then ".join(map(str, places))]
    for name, one in FILES.items():
        try:
            data = PICTURES[name](options.data)
            state = (
                "drawn stand-in"
                if data.source.startswith("stand-in")
                else "verified"
                if data.verified
                else "unverified"
            )
            found = {
                "state": state,
                "source": data.source,
                "train": len(data.train),
                "test": len(data.test),
            }
        except DataError as error:
            found = {"state": "error", "source": str(error), "train": 0, "test": 0}
        files = {
            file: [str(place / file) for place in places if (place / file).exists()]
            for file in (one.train, one.test)
        }
        sets[name] = {**found, "files": files}
        lines += [
            "",
            f"{name:6} {found['state']}: {found['train']} pictures for training, {found['test']} for the test",
        ]
        lines += [
            f"       {file:22} {' and '.join(where) or 'not found'}"
            for file, where in files.items()
        ]
        lines += [f"       {found['source']}"]
    wrong = any(found["state"] == "error" for found in sets.values())
    return tell(options, {"looked_in": places, "sets": sets}, lines, wrong=wrong)


def _verify(options: argparse.Namespace) -> int:
    """Whether files are the course's, by SHA-256, and can be read."""
    paths: list[Path] = []
    for path in options.paths:
        inside = sorted(path.glob("*.h5")) if path.is_dir() else [path]
        if not inside:
            raise DataError(
                f"{path}: must hold .h5 files, found none: pass the folder with the data files"
            )
        paths += inside
    rows = [{"path": path, **_verdict(path)} for path in paths]
    lines = [f"{row['verdict']:8} {row['path']}: {row['detail']}" for row in rows]
    return tell(
        options, {"files": rows}, lines, wrong=any(row["verdict"] == "broken" for row in rows)
    )


def _verdict(path: Path) -> dict[str, Any]:
    why = ""
    for prefix in sorted(("test", "train"), key=lambda prefix: not path.name.startswith(prefix)):
        try:
            contents = read_hdf5(path, known.image_schema(prefix))
        except DataError as error:
            why = why or str(error).removeprefix(f"{path}: ")
            continue
        _, labels, classes = contents.arrays.values()
        file = {sha: file for one in FILES.values() for file, sha in one.sha256.items()}.get(
            contents.sha256
        )
        told = (
            f"the course's {file}"
            if file
            else "can be read; its SHA-256 is not one of those that minidl knows"
        )
        detail = (
            f"{told}: {len(labels)} pictures, {len(classes)} classes, SHA-256 {contents.sha256}"
        )
        return {
            "verdict": "known" if file else "unknown",
            "sha256": contents.sha256,
            "pictures": len(labels),
            "detail": detail,
        }
    return {"verdict": "broken", "sha256": None, "pictures": 0, "detail": why}


def _make(options: argparse.Namespace) -> int:
    """Write the drawn stand-ins as files with the course's names."""
    contents: dict[Path, dict[str, Array]] = {}
    for name in FILES if options.set == "all" else [options.set]:
        for prefix, part in zip(("train", "test"), FILES[name].draw(), strict=True):
            classes = (
                np.array(part.classes, "S") if name == "cats" else np.arange(len(part.classes))
            )  # as in the course's
            file = options.folder / getattr(FILES[name], prefix)
            contents[file] = {
                f"{prefix}_set_x": part.images,
                f"{prefix}_set_y": part.labels,
                "list_classes": classes,
            }
    paths = write_hdf5(contents)
    return tell(
        options,
        {"files": paths},
        [f"wrote {path}: stand-in pictures drawn by minidl" for path in paths],
    )


def _fetch(options: argparse.Namespace) -> int:
    """Fetch the files from a place that you name.

    Fetch the files of a set from the web, each only if its size and SHA-256 are those of the course's own; a file that is there and
    right is left alone, and none is ever replaced. minidl knows no address of its own, because the pictures may not be passed on: name a
    place where you may take them from.

    Examples
    --------
      minidl data fetch cats --url https://example.org/course/datasets/
      minidl data fetch cats --url https://example.org/a/train_catvnoncat.h5 --url https://example.org/b/test_catvnoncat.h5
      minidl data fetch signs --url "test_signs.h5=https://example.org/file?id=7" --to datasets

    needs the extra `data`: pip install minidl[data]
    """
    files = FILES[options.set]
    done = fetch(files, options.url, options.to, progress=sys.stderr.isatty() and not options.json)
    unknown = [name for name in (files.train, files.test) if name not in files.sha256]
    lines = [f"{what} {path}" for path, what in done.items()]
    lines += [
        f"not fetched: {name}, whose SHA-256 is not known; put it there yourself"
        for name in unknown
    ]
    return tell(
        options,
        {"files": {str(path): what for path, what in done.items()}, "not_fetched": unknown},
        lines,
    )
