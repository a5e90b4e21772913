"""How commands are added and how they print."""

import argparse
import json
from pathlib import Path

import pytest

from minidl.cli.common import CommandParser, add_command, emit, to_json


def example(options):
    """Do something.

    It does it well.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options.

    Examples
    --------
      minidl example --json
    """
    return 0


def test_the_docstring_of_a_command_is_its_help(capsys):
    parser = CommandParser(prog="minidl")
    add_command(parser.add_subparsers(), "example", example)
    options = parser.parse_args(["example"])
    assert (options.run, options.command, options.json) == (example, "example", False)
    with pytest.raises(SystemExit):
        parser.parse_args(["example", "--help"])
    text = capsys.readouterr().out
    assert "It does it well." in text
    assert "Parameters" not in text
    assert "examples:\n  minidl example --json" in text


def test_an_error_of_the_parser_is_one_line(capsys):
    with pytest.raises(SystemExit) as end:
        CommandParser(prog="minidl").error("two\nlines")
    assert end.value.code == 2
    assert capsys.readouterr().err == "minidl: two lines (see minidl --help)\n"


def test_json_has_no_numbers_that_are_not_finite():
    content = json.loads(to_json({"path": Path("a"), "values": [1.5, float("nan"), float("inf")]}))
    assert content == {"path": "a", "values": [1.5, None, None]}


@pytest.mark.parametrize("status", [0, 1, 3])
@pytest.mark.parametrize("json_wanted", [False, True])
def test_emit_prints_the_lines_or_json(capsys, json_wanted, status):
    options = argparse.Namespace(command="example", json=json_wanted)
    assert emit(options, {"a": 1}, ["line 1", "line 2"], status=status) == status
    out = capsys.readouterr().out
    if json_wanted:
        assert json.loads(out) == {"command": "example", "a": 1}
    else:
        assert out == "line 1\nline 2\n"
