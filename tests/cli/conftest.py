"""Fixtures that the tests of several commands share."""

import json

import pytest

from minidl import Callback
from minidl.cli import main, train
from minidl.cli.train_figures import WrittenFigures
from minidl.training import loop


@pytest.fixture(autouse=True)
def no_progress_lines(monkeypatch):
    """Leave stderr to errors: test_cli.py and test_progress_bar.py see the lines of a training."""
    monkeypatch.setattr(loop, "ProgressBar", Callback)


@pytest.fixture
def results(capsys):
    """Return a function that runs `minidl train ...` and returns its JSON."""

    def trained(*words):
        assert main(["train", *map(str, words), "--json"]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return json.loads(out)

    return trained


@pytest.fixture
def run_data(capsys):
    """Return a function that runs `minidl data ...`; it returns the status and the JSON."""

    def run(*words):
        status = main(["data", *map(str, words), "--json"])
        out, err = capsys.readouterr()
        assert err == ""
        return status, json.loads(out)

    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("made") / "new"
    assert main(["data", "make", str(made)]) == 0
    return made


@pytest.fixture(scope="module")
def no_pictures():
    """Let `minidl train --out` draw nothing: that takes longer than all else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "write_figures", lambda *_: WrittenFigures([], 0))
        patch.setattr(train, "save_train_report", lambda *_: None)
        yield
