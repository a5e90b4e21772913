"""The command `minidl completion`."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

from ..errors import require_extra
from .common import CommandParser
from .dataset_options import PREAMBLES

SHELLS = ("bash", "zsh")
DESCRIPTION = """\
Print a script that lets the Tab key complete commands, options, choices and files in a shell. It
needs the extra `completion` (shtab) once, when it is made, and nothing when it is used."""
EXAMPLES = """examples:
  minidl completion bash > ~/.local/share/bash-completion/completions/minidl
  minidl completion zsh > ~/.zfunc/_minidl

~/.zshrc needs the lines fpath+=~/.zfunc and autoload -U compinit && compinit"""


def add_completion(subparsers: Any, program: CommandParser) -> None:
    """Add the command.

    Parameters
    ----------
    subparsers : object
        The commands of the program.
    program : CommandParser
        The parser of the program, whose words are completed.
    """
    parser = subparsers.add_parser(
        "completion",
        help="print a script for the Tab key of a shell",
        description=DESCRIPTION,
        epilog=EXAMPLES,
    )
    parser.add_argument("shell", choices=SHELLS, metavar="|".join(SHELLS), help="the shell")
    run = partial(print_script, program)
    parser.set_defaults(run=run, command="completion", debug=False)


def print_script(program: CommandParser, options: argparse.Namespace) -> int:
    """Print the script of a shell.

    Parameters
    ----------
    program : CommandParser
        The parser of the program.
    options : argparse.Namespace
        The parsed options.

    Returns
    -------
    int
        The exit status.

    Raises
    ------
    MissingDependencyError
        If shtab is not installed.
    """
    with require_extra("shtab", "completion", "minidl completion"):
        import shtab
    print(shtab.complete(program, options.shell, preamble=PREAMBLES.get(options.shell, "")))
    return 0
