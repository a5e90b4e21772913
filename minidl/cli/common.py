"""What all commands share: the parser, how a command is added, and how results are printed."""

from __future__ import annotations

import argparse
import inspect
import json
import os
import sys
from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, NoReturn

from .. import Sequential
from ..data import Limits
from ..errors import ArgumentError
from ..escaping import escaped
from ..metrics.table import METRICS
from ..serialization.model_file import load_model as load_model_file
from .argument_types import POSITIVE_INTEGER, metric_names
from .completed_arguments import FileArgument
from .streams import show
from .suggestions import did_you_mean


class CommandParser(argparse.ArgumentParser):
    """Argument parser that reports an error in one line, and what may have been meant.

    Options are not abbreviated.

    Parameters
    ----------
    **arguments
        Those of `argparse.ArgumentParser`; its subparsers pass them too.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(
            formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **arguments
        )

    def parse_known_args(  # type: ignore[override]  # it has overloads for other namespaces
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse words; an unknown option is an error before the words around it are read."""
        words = list(sys.argv[1:] if args is None else args)
        known = self._option_string_actions
        options = [] if self._subparsers else [*takewhile(lambda word: word != "--", words)]
        for i, word in enumerate(options):
            name, sign, _ = word.partition("=")
            if name.startswith("--") and name not in known:
                values = (
                    [] if sign else [each for each in options[i + 1 : i + 2] if each[:1] != "-"]
                )
                shown = " ".join([word, *values])
                self.error(f"unrecognized arguments: {shown}{did_you_mean(name, known)}")
        return super().parse_known_args(words, namespace)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Add what may have been meant to the error: argparse does so from Python 3.14 on."""
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            error.message += did_you_mean(str(value), map(str, action.choices or ()))
            raise

    def error(self, message: str) -> NoReturn:
        """Print the message in one line on stderr and exit with status 2."""
        line = f"{self.prog}: {' '.join(message.split())} (see {self.prog} --help)"
        self.exit(2, f"{escaped(line)}\n")


class RaisingParser(CommandParser):
    """Parser of words that are not those of the command line: its errors are `ArgumentError`.

    Parameters
    ----------
    **arguments
        Those of `argparse.ArgumentParser`; its subparsers pass them too.
    """

    def error(self, message: str) -> NoReturn:
        """Raise the message."""
        raise ArgumentError(" ".join(message.split()))


def add_command(
    subparsers: Any, name: str, run: Callable[[argparse.Namespace], int]
) -> CommandParser:
    """Add a command; the docstring of `run` becomes its help.

    Parameters
    ----------
    subparsers : object
        What `ArgumentParser.add_subparsers` returned.
    name : str
        The word on the command line.
    run : callable
        Takes the parsed options and returns the exit status. The first line of its docstring is
        the line in the list of commands, the text before "Parameters" the description, and the
        section "Examples" the end of the help.

    Returns
    -------
    CommandParser
        The parser of the command, to which its options are added.
    """
    text = inspect.getdoc(run) or name
    summary, _, description = text.partition("Parameters\n---")[0].partition("\n\n")
    examples = text.partition("Examples\n--------\n")[2]
    parser: CommandParser = subparsers.add_parser(
        name,
        help=summary[0].lower() + summary[1:].rstrip("."),
        description=description.strip() or summary,
        epilog=f"examples:\n{examples}" if examples else None,
    )
    parser.add_argument("--json", action="store_true", help="print only JSON on stdout")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.set_defaults(run=run, command=parser.prog.removeprefix("minidl "))
    return parser


def print_help(parser: CommandParser) -> None:
    """Let a command print its help, with status 0, if no subcommand of it is named.

    Parameters
    ----------
    parser : CommandParser
        The parser of the command.
    """

    def run(options: argparse.Namespace) -> int:
        parser.print_help()
        return 0

    parser.set_defaults(run=run, command="", debug=False)


def add_model_file(parser: CommandParser) -> None:
    """Add the file of a network, and the limit of its size.

    Parameters
    ----------
    parser : CommandParser
        The parser of the command.
    """
    text = "file of the network"
    parser.add_argument("model", action=FileArgument, type=Path, metavar="MODEL.h5", help=text)
    text = "bytes that MODEL.h5 may have (default: %(default)s)"
    limit = Limits.max_bytes
    parser.add_argument("--limit", type=POSITIVE_INTEGER, default=limit, metavar="N", help=text)


def add_metrics(parser: Any) -> None:
    """Add the metrics that are measured besides loss and accuracy.

    Parameters
    ----------
    parser : object
        The parser of the command, or a group of its options.
    """
    names = ", ".join(sorted({*METRICS} - {"accuracy", "mean_absolute_error", "r2", "top_k"}))
    text = (
        f"what to measure besides loss and accuracy: {names}, top_2, top_3, ... (default: nothing)"
    )
    parser.add_argument("--metrics", type=metric_names, default=[], metavar="NAMES", help=text)


def load_model(options: argparse.Namespace) -> Sequential:
    """Return the network in the file that the options name.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options.

    Returns
    -------
    Sequential
        The network.
    """
    return load_model_file(options.model, Sequential, limit=options.limit, limit_name="--limit")


def to_json(content: dict[str, Any]) -> str:
    """Return content as JSON.

    Parameters
    ----------
    content : dict
        JSON-compatible values and paths.

    Returns
    -------
    str
        Numbers that are not finite become null, as JSON has none.
    """
    text = json.dumps(content, default=os.fspath)
    return json.dumps(json.loads(text, parse_constant=lambda _: None), indent=2)


def emit(
    options: argparse.Namespace,
    content: dict[str, Any],
    lines: list[str],
    *,
    report: str = "",
    status: int = 0,
) -> int:
    """Print the results of a command and return its exit status.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options; with `--json` the content is printed, otherwise the lines.
    content : dict
        The results, without the name of the command.
    lines : list of str
        The same for a reader; control characters in them are escaped.
    report : str, default ""
        Text that has been made for a terminal, with colours, to print after the lines.
    status : int, default 0
        The exit status.

    Returns
    -------
    int
        The exit status.
    """
    if options.json:
        show(*to_json({"command": options.command, **content}).splitlines())
        return status
    show(*lines)
    if report:
        print(report)
    return status
