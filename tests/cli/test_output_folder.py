"""What the files of `minidl train --out` do not replace; all of it is known before the training."""

import numpy as np
import pytest

from minidl import BinaryCrossEntropy, History, Linear, Sequential, Sigmoid
from minidl.cli import main
from minidl.cli.dataset_options import LoadedDataset
from minidl.cli.output_folder import FIGURES, MODEL, RESULTS
from minidl.cli.train_figures import train_figures

NAMES = [MODEL, RESULTS, *FIGURES]


@pytest.fixture
def no_training(monkeypatch):
    def fail(*arguments):
        raise AssertionError("trained")

    monkeypatch.setattr("minidl.cli.train._fit", fail)


def refusal(capsys, *words):
    assert main(["train", *map(str, words)]) == 1
    shown, err = capsys.readouterr()
    assert shown == ""
    return err


@pytest.mark.parametrize("name", NAMES)
def test_a_dataset_in_the_folder_is_not_replaced(name, tmp_path, capsys, no_training):
    table = tmp_path / "table.csv"
    table.write_text("1,a\n2,b\n" * 5)
    (tmp_path / name).symlink_to("table.csv")
    (tmp_path / "again").symlink_to(tmp_path)
    for out in (tmp_path, tmp_path / "again"):
        err = refusal(capsys, table, "--out", out)
        assert f"{name}: --out must not replace the dataset, found {table}: choose" in err
    assert table.read_text() == "1,a\n2,b\n" * 5


@pytest.mark.parametrize("name", NAMES)
def test_the_checkpoint_in_the_folder_is_not_replaced(name, tmp_path, capsys, no_training):
    words = ("--checkpoint", tmp_path / "new" / name, "--out", tmp_path / "new" / ".")
    assert "must not replace the file of --checkpoint" in refusal(capsys, "moons", *words)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_cannot_be_written_does_not_cost_a_training(
    name, tmp_path, capsys, no_training
):
    (tmp_path / name).write_text("mine")
    (tmp_path / name).chmod(0o444)
    assert "found a read-only file" in refusal(capsys, "moons", "--out", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_each_figure_has_a_known_name():
    model = Sequential([Linear(2, 1), Sigmoid()], loss=BinaryCrossEntropy())
    X, Y = np.zeros((2, 2)), np.array([[0.0], [1.0]])
    data = LoadedDataset("", "", ("a", "b"), (X, Y), (X, Y), test_images=np.zeros((2, 1, 1, 3)))
    assert tuple(train_figures(model, History(), data)) == FIGURES
