"""Arguments that a shell completes; tests/cli/test_completion.py has them in a shell."""

import argparse
from pathlib import Path

import pytest

from minidl.cli.completed_arguments import FileArgument, FolderArgument


def test_they_store_paths_and_tell_shtab_what_they_are():
    shtab = pytest.importorskip("shtab")
    parser = argparse.ArgumentParser()
    files = parser.add_argument("files", action=FileArgument, type=Path, nargs="+")
    folder = parser.add_argument("--out", action=FolderArgument, type=Path)
    options = parser.parse_args(["a", "b", "--out", "c"])
    assert (options.files, options.out) == ([Path("a"), Path("b")], Path("c"))
    assert (files.complete, folder.complete) == (shtab.FILE, shtab.DIRECTORY)
