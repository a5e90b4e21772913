"""The command `minidl play`."""

from __future__ import annotations

import argparse
import webbrowser
from collections.abc import Callable
from threading import Thread
from typing import Any

from .. import ArgumentError, DataError
from ..errors import require_extra
from ..play.points import PointSet, drawn_sets
from .argument_types import number_type
from .common import add_command, emit
from .dataset_options import FILES, load_dataset
from .streams import show
from .suggestions import did_you_mean

SEED = 1
_PORT = number_type(int, "an integer from 0 to 65535", lambda number: 0 <= number < 2**16)
_SETS = f"{', '.join(drawn_sets())}, or the path of a .csv file"


def add_play(subparsers: Any) -> None:
    """Add the command.

    Parameters
    ----------
    subparsers : object
        The commands of the program.
    """
    parser = add_command(subparsers, "play", play)
    text = f"what to begin with: {_SETS} (default: moons)"
    parser.add_argument("set", type=_set_name, nargs="?", metavar="DATASET", help=text)
    text = "port of this computer; 0 for any that is free (default: %(default)s)"
    parser.add_argument("--port", type=_PORT, default=0, metavar="N", help=text)
    text = "only print the address of the page, and open no browser"
    parser.add_argument("--no-browser", action="store_true", help=text)


def play(options: argparse.Namespace) -> int:
    """Play with a small network in the browser.

    Open a page on which a small network learns to tell points in the plane apart: choose its layers
    and its optimizer, watch its boundary, its loss and its hidden units, train it batch by batch,
    put a mistake into its backward pass, and let the gradient checker find it. In a file of more
    than two columns of numbers, any two of them are drawn. The page is served to this computer
    only, under an address that nobody can guess; Ctrl-C ends it (extra play).

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
      minidl play
      minidl play flower
      minidl play flowers.csv
      minidl play --no-browser
    """
    sets = _sets(options.set)
    with require_extra("bokeh", "play", "minidl play"):
        from ..play.server import PlayServer
    try:
        server = PlayServer(sets, options.port)
    except OSError as error:
        raise ArgumentError(
            f"--port must be one that is free, got {options.port} ({error.strerror}): "
            "choose another one, or leave it out"
        ) from error
    emit(options, {"url": server.url}, [f"the page is {server.url}", "press Ctrl-C to end it"])
    if not options.no_browser:  # some browsers return only when they are closed
        Thread(target=_open, args=(server.url,), name="minidl play: browser", daemon=True).start()
    server.run()
    if not options.json:
        show("ended")
    return 0


def _open(url: str) -> None:
    if not webbrowser.open(url):
        show("no browser was found: open the address above in one on this computer")


def _set_name(text: str) -> str:
    if text in drawn_sets() or any(text.lower().endswith(ending) for ending in FILES):
        return text
    cure = did_you_mean(text, drawn_sets())
    raise argparse.ArgumentTypeError(f"must be one of {_SETS}; got {text!r}{cure}")


def _sets(first: str | None) -> dict[str, Callable[[], PointSet]]:
    """Return the sets to choose from, with the one that was asked for first."""
    sets: dict[str, Callable[[], PointSet]] = {**drawn_sets()}
    if first is None:
        return sets
    if first not in sets:
        points = _points_of_file(first)  # before the page is opened, which has no place for errors
        return {first: lambda: points, **sets}
    return {first: sets.pop(first), **sets}


def _points_of_file(name: str) -> PointSet:
    dataset = load_dataset(argparse.Namespace(set=name, seed=SEED))
    n_features = dataset.train[0].shape[1]
    if n_features < 2:
        raise DataError(
            f"{name}: must have at least two columns of numbers to draw a plane, found "
            f"{n_features}: use minidl train for it"
        )
    numbered = tuple(f"column {number}" for number in range(1, n_features + 1))
    features = dataset.columns[:-1] if dataset.columns else numbered
    return PointSet(name, dataset.classes, features, dataset.train, dataset.test)
