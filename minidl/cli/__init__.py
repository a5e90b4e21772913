"""The command line: `minidl train`, `predict`, `check` and the other commands."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from .. import ArgumentError, MinidlError, __version__
from ..escaping import escaped_lines
from .check import add_check
from .common import CommandParser, RaisingParser, print_help
from .completion import add_completion
from .data_commands import add_data
from .dataset_options import incompatible_option, missing_dataset
from .evaluate import add_evaluate
from .play import add_play
from .predict import add_predict
from .settings_file import settings_words
from .streams import complain, standard_streams
from .train import add_train

DESCRIPTION = """\
Train small networks and prove their gradients right.

the commonest commands:
  minidl train moons --out results/moons             train a network; write it, with figures
  minidl predict results/moons/model.h5 points.csv   use it on the rows of a file, or on images
  minidl check moons --layers 5,3                    prove the gradients of a network right"""
EPILOG = """minidl COMMAND --help shows the options of a command with their defaults, and examples.

exit status: 0 success; 1 an error, or a wrong gradient; 2 an invalid command line; 3 a gradient
that could be shown neither right nor wrong; 130 Ctrl-C"""


def make_parser(parser_class: type[CommandParser] = CommandParser) -> CommandParser:
    """Return the parser of the command line.

    Parameters
    ----------
    parser_class : type, default CommandParser
        Its class, and that of the parser of each command.

    Returns
    -------
    CommandParser
        With all commands.
    """
    parser = parser_class(
        prog="minidl",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"minidl {__version__}")
    # As pip and conda do: who types the name alone asks what there is, and nothing has failed.
    print_help(parser)
    subparsers = parser.add_subparsers(metavar="COMMAND")
    for add in (add_train, add_evaluate, add_predict, add_check, add_play, add_data):
        add(subparsers)
    add_completion(subparsers, parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status; an error is printed in one line on stderr.

    Parameters
    ----------
    argv : sequence of str, optional
        The words after `minidl`; by default those of this process.

    Returns
    -------
    int
        0 success, 1 an error, a wrong gradient or output that could not be written, 130 Ctrl-C. An
        invalid command line exits with status 2.
    """
    with standard_streams() as streams:
        try:
            return streams.final_status(_run(argv))
        except SystemExit as end:  # of the parser, after a help or an invalid command line
            raise SystemExit(streams.final_status(int(end.code or 0))) from None


def _refuse(options: argparse.Namespace, message: str) -> NoReturn:
    """End with an error of the command line, in the name of the command."""
    CommandParser(prog=f"minidl {options.command}").error(message)


def _settings(options: argparse.Namespace, command: str) -> list[str]:
    """Return the settings of --config as words, once they are valid by themselves."""
    words = settings_words(options)
    make_parser(RaisingParser).parse_args([command, *words])
    return words


def _run(argv: Sequence[str] | None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    parser = make_parser()
    options = parser.parse_args(words)
    try:
        if getattr(options, "config", None) is not None:
            options = parser.parse_args([words[0], *_settings(options, words[0]), *words[1:]])
    except ArgumentError as error:
        _refuse(options, f"--config {options.config}: {error}")
    except MinidlError as error:
        complain(options.command, str(error))
        return 1
    if "points" in options:
        message = missing_dataset(options) or incompatible_option(options)
        if message:
            _refuse(options, message)
    try:
        status: int = options.run(options)
        return status
    except KeyboardInterrupt:
        status, message = 130, "interrupted"
    except Exception as error:
        if options.debug:
            print(escaped_lines(traceback.format_exc()), end="", file=sys.stderr)
            return 1
        status, message = 1, " ".join(str(error).split()) or type(error).__name__
        if not isinstance(error, MinidlError | OSError | MemoryError):
            message = f"unexpected {type(error).__name__}: {message} (--debug shows where)"
    complain(options.command, message)
    return status
