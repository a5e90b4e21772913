"""`minidl data`: which files of the course are there, whether they are the right ones, stand-ins for them, and fetching them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import Array
from ..data import Dataset, load_cats, load_signs
from ..data import pictures as known
from ..data.download import fetch
from ..data.hdf5 import read_hdf5, write_hdf5
from ..data.standin import CAT_CLASSES, SIGN_CLASSES, draw_cats, draw_signs
from ..errors import DataError
from .values import Parser, add_common, to_json

HELP = "list, verify, make or fetch the picture files"
DESCRIPTION = """Say which of the course's picture files are there, verify files by SHA-256, write drawn stand-ins for them, or fetch them
from a place that you name."""
EXAMPLES = """examples:
  minidl data list
  minidl data verify datasets/*.h5
  minidl data make stand-ins --set cats
  minidl data fetch cats --url https://example.org/course/datasets/"""
FETCH = """Fetch the files of a set from the web, each only if its size and SHA-256 are those of the course's own; a file that is there and
right is left alone, and none is ever replaced. minidl knows no address of its own, because the pictures may not be passed on: name a
place where you may take them from."""
FETCH_EXAMPLES = """examples:
  minidl data fetch cats --url https://example.org/course/datasets/
  minidl data fetch cats --url https://example.org/a/train_catvnoncat.h5 --url https://example.org/b/test_catvnoncat.h5
  minidl data fetch signs --url "test_signs.h5=https://example.org/file?id=7" --to datasets

needs the extra `data`: pip install minidl[data]"""


@dataclass(frozen=True)
class _Set:
    """A picture set: what is known of its files, how it is loaded, what its stand-in is, how its class names are kept."""

    files: Any
    load: Callable[..., Dataset]
    draw: Callable[[], tuple[Any, Any]]
    names: Array


SETS = {
    "cats": _Set(known.CATS, load_cats, draw_cats, np.array(CAT_CLASSES, dtype="S7")),
    "signs": _Set(known.SIGNS, load_signs, draw_signs, np.arange(len(SIGN_CLASSES))),
}


def add(parser: Parser) -> None:
    """Add the four commands."""
    commands = parser.add_subparsers(dest="action", required=True, metavar="list|verify|make|fetch")
    shown = commands.add_parser("list", help="the known sets, where they were looked for and what was found")
    shown.add_argument("--data", metavar="FOLDER", help="look there alone")
    shown.set_defaults(act=_list)
    verified = commands.add_parser("verify", help="whether files are the course's, by SHA-256, and can be read")
    verified.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="an .h5 file, or a folder of them")
    verified.set_defaults(act=_verify)
    made = commands.add_parser("make", help="write the drawn stand-ins as files with the course's names")
    made.add_argument("folder", type=Path, metavar="FOLDER", help="created if it is not there; no file is ever replaced")
    made.add_argument("--set", choices=(*SETS, "all"), default="all", help="which (default: %(default)s)")
    made.set_defaults(act=_make)
    fetched = commands.add_parser("fetch", help="fetch the files from a place that you name", description=FETCH, epilog=FETCH_EXAMPLES)
    fetched.add_argument("set", choices=tuple(SETS), metavar="|".join(SETS), help="which")
    url = "the folder on the web, or the address of one file (repeat it), or NAME=ADDRESS where that does not end in the file's name"
    fetched.add_argument("--url", action="append", required=True, help=f"{url}; https, or http on this computer")
    to = f"where to (default: ${known.FOLDER_VARIABLE}, else datasets)"
    fetched.add_argument("--to", type=Path, default=os.environ.get(known.FOLDER_VARIABLE) or "datasets", metavar="FOLDER", help=to)
    fetched.set_defaults(act=_fetch)
    for command in (shown, verified, made, fetched):
        add_common(command)


def run(options: argparse.Namespace) -> int:
    """Do what was asked for; return the exit status."""
    content, lines, status = options.act(options)
    print(to_json({"command": f"data {options.action}", **content}) if options.json else "\n".join(lines))
    return int(status)


def _list(options: argparse.Namespace) -> tuple[Mapping[str, Any], list[str], int]:
    chosen = os.environ.get(known.FOLDER_VARIABLE)
    searched = [*([Path(chosen)] if chosen else []), *known.usual_places()]
    places = [Path(options.data)] if options.data else list(dict.fromkeys(searched))
    found: dict[str, Any] = {}
    lines = ["looked in " + ", then ".join(map(str, places))]
    for name, one in SETS.items():
        files = {file: [str(place / file) for place in places if (place / file).exists()] for file in (one.files.train, one.files.test)}
        try:
            data = one.load(options.data)
            kind = "drawn stand-in" if data.source.startswith("stand-in") else "verified" if data.verified else "unverified"
            found[name] = {"state": kind, "source": data.source, "train": len(data.train), "test": len(data.test), "files": files}
        except DataError as error:
            found[name] = {"state": "error", "source": str(error), "train": 0, "test": 0, "files": files}
        one_set = found[name]
        lines += ["", f"{name:6} {one_set['state']}: {one_set['train']} pictures for training, {one_set['test']} for the test"]
        lines += [f"       {file:22} {' and '.join(where) or 'not found'}" for file, where in files.items()]
        lines += [f"       {one_set['source']}"]
    return {"looked_in": [str(place) for place in places], "sets": found}, lines, any(one["state"] == "error" for one in found.values())


def _verify(options: argparse.Namespace) -> tuple[Mapping[str, Any], list[str], int]:
    paths: list[Path] = []
    for path in options.paths:
        inside = sorted(path.glob("*.h5")) if path.is_dir() else [path]
        if not inside:
            raise DataError(f"{path}: must hold .h5 files, found none: pass the folder with the data files")
        paths += inside
    rows = [_verdict(path) for path in paths]
    lines = [f"{row['verdict']:8} {row['path']}: {row['detail']}" for row in rows]
    return {"files": rows}, lines, any(row["verdict"] == "broken" for row in rows)


def _verdict(path: Path) -> dict[str, Any]:
    """Return what a file is: known (by its SHA-256), unknown (but it can be read), or broken."""
    hashes = {sha: file for one in SETS.values() for file, sha in one.files.sha256.items()}
    prefixes = ("train", "test") if path.name.startswith("train") else ("test", "train")
    failures = []
    for prefix in prefixes:
        try:
            contents = read_hdf5(path, known.schema(prefix))
        except DataError as error:
            failures.append(str(error))
            continue
        images, labels, classes = contents.arrays.values()
        file = hashes.get(contents.sha256)
        told = f"the course's {file}" if file else "can be read; its SHA-256 is not one of those that minidl knows"
        detail = f"{told}: {len(images)} pictures, {len(classes)} classes, SHA-256 {contents.sha256}"
        return {
            "path": str(path),
            "verdict": "known" if file else "unknown",
            "sha256": contents.sha256,
            "pictures": len(labels),
            "detail": detail,
        }
    return {"path": str(path), "verdict": "broken", "sha256": None, "pictures": 0, "detail": failures[0].removeprefix(f"{path}: ")}


def _make(options: argparse.Namespace) -> tuple[Mapping[str, Any], list[str], int]:
    chosen = list(SETS) if options.set == "all" else [options.set]
    contents = {
        options.folder / file: {f"{prefix}_set_x": part.images, f"{prefix}_set_y": part.labels, "list_classes": SETS[name].names}
        for name in chosen
        for prefix, file, part in zip(("train", "test"), (SETS[name].files.train, SETS[name].files.test), SETS[name].draw(), strict=True)
    }
    paths = [str(path) for path in write_hdf5(contents)]
    return {"files": paths}, [f"wrote {path}: stand-in pictures drawn by minidl" for path in paths], 0


def _fetch(options: argparse.Namespace) -> tuple[Mapping[str, Any], list[str], int]:
    files = SETS[options.set].files
    done = fetch(files, options.url, options.to, progress=sys.stderr.isatty() and not options.json)
    unknown = [name for name in (files.train, files.test) if name not in files.sha256]
    lines = [f"{what} {path}" for path, what in done.items()]
    lines += [f"not fetched: {name}, whose SHA-256 is not known; put it there yourself" for name in unknown]
    return {"files": {str(path): what for path, what in done.items()}, "not_fetched": unknown}, lines, 0
