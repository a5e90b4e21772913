"""The command line: `minidl train`, `evaluate`, `predict`, `check` and `data`.

Exit status 0: done; 1: an error, or a gradient that is wrong; 2: a command that is not understood; 130: Ctrl-C.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import __version__
from . import check, data, evaluate, predict, sets, train
from .values import Parser, guarded

# Each has HELP, DESCRIPTION, EXAMPLES, add(parser) and run(options) -> exit status.
COMMANDS: dict[str, Any] = {"train": train, "evaluate": evaluate, "predict": predict, "check": check, "data": data}
EXAMPLES = """examples:
  minidl train moons --out results/moons
  minidl evaluate results/moons/model.h5 moons
  minidl check moons --layers 5,3
  minidl data list

exit status: 0 done; 1 an error, or a gradient that is wrong; 2 a command that is not understood; 130 Ctrl-C"""


def parser() -> Parser:
    """Return the command line with all commands."""
    cli = Parser(prog="minidl", description="Train small networks and prove their gradients right.", epilog=EXAMPLES)
    cli.add_argument("--version", action="version", version=f"minidl {__version__}")
    commands = cli.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        one = commands.add_parser(name, help=command.HELP, description=command.DESCRIPTION, epilog=command.EXAMPLES)
        command.add(one)
        one.set_defaults(run=command.run)
    return cli


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    cli = parser()
    options = cli.parse_args(argv)
    if hasattr(options, "set") and hasattr(options, "points") and (wrong := sets.misfit(options)):
        cli.error(wrong)
    return guarded(f"minidl {options.command}", lambda: int(options.run(options)), debug=options.debug)
