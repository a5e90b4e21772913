"""A training of the command line resumes from its own checkpoint only."""

import numpy as np
import pytest

from minidl.cli import main, make_parser
from minidl.cli.dataset_options import load_dataset
from minidl.cli.run_settings import identifying_settings
from minidl.data.hdf5_writer import write_hdf5


def settings(*words):
    options = make_parser().parse_args(["train", *words])
    load_dataset(options)
    return identifying_settings(options)


def test_settings_are_those_of_data_network_and_training():
    found = settings("circles", "--epochs", "3", "--checkpoint", "a.h5", "--fresh", "--json")
    assert next(iter(found)) == "set"
    assert found == {
        "set": "circles",
        "points": 400,
        "noise": 0.05,
        "seed": 1,
        "layers": [16, 16],
        "activation": "relu",
        "init": "he",
        "l2": 0.0,
        "keep_prob": 1.0,
        "dtype": "float32",
        "optimizer": "adam",
        "learning_rate": 0.01,
        "schedule": "constant",
        "warm_up": 0,
        "clip_norm": None,
        "batch_size": 32,
        "metrics": [],
    }


@pytest.fixture
def trained(tmp_path, capsys):
    """Return a function that trains with a checkpoint; it returns status, stdout and stderr."""

    def train(*words):
        path = str(tmp_path / "run.h5")
        status = main(["train", *map(str, words), "--checkpoint", path])
        out, err = capsys.readouterr()
        return status, out, err.replace(path, "run.h5")

    return train


RULE = "minidl train: run.h5: resume needs the settings of the saved training, got "
CURE = ": pass --fresh to train anew and replace the file, or pass the old settings and data\n"


@pytest.mark.parametrize(
    ("words", "differences"),
    [
        (["circles"], "set circles instead of moons; noise 0.05 instead of 0.2"),
        (["moons", "--seed", 2], "seed 2 instead of 1"),
        (["moons", "--noise", 0.3], "noise 0.3 instead of 0.2"),
        (["moons", "--points", 40], "points 40 instead of 400"),
        (["moons", "--layers", 8], "layers 8 instead of 16,16"),
        (["moons", "--l2", 0.1], "l2 0.1 instead of 0.0"),
        (["moons", "--clip-norm", 1], "clip_norm 1.0 instead of none"),
        (["moons", "--batch-size", 30], "batch_size 30 instead of 32"),
    ],
)
def test_other_settings_are_refused_before_the_training(trained, tmp_path, words, differences):
    assert trained("moons", "--epochs", 2)[0] == 0
    before = (tmp_path / "run.h5").read_bytes()
    status, out, err = trained(*words, "--epochs", 3)
    assert (status, err) == (1, RULE + differences + CURE)
    assert "accuracy" not in out
    assert (tmp_path / "run.h5").read_bytes() == before
    status, out, err = trained(*words, "--epochs", 3, "--fresh")
    assert (status, err) == (0, "")
    assert "resuming" not in out
    assert trained(*words, "--epochs", 3)[0] == 0
    assert "resuming from" in trained(*words, "--epochs", 4)[1]


def test_another_set_of_other_features_and_classes_is_refused_by_its_name(trained):
    trained("moons", "--epochs", 1)
    status, _, err = trained("blobs", "--epochs", 2)
    assert status == 1
    assert "got set blobs instead of moons; noise 1.5 instead of 0.2; layers 16 instead of" in err


def test_a_csv_file_may_be_moved_but_not_changed(trained, tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"{a:.3f},{b:.3f},{'ab'[n % 2]}" for n, (a, b) in enumerate(rng.normal(size=(40, 2)))]
    (tmp_path / "one.csv").write_text("\n".join(rows))
    (tmp_path / "two.csv").write_text("\n".join(rows))
    assert trained(tmp_path / "one.csv", "--epochs", 1)[0] == 0
    assert trained(tmp_path / "two.csv", "--epochs", 2)[0] == 0
    (tmp_path / "two.csv").write_text("\n".join([*rows[:-1], "9,9,b"]))
    status, _, err = trained(tmp_path / "two.csv", "--epochs", 3)
    assert status == 1
    assert "needs the data of the saved training, got other values in X" in err
    assert "pass --fresh to train anew" in err


@pytest.mark.parametrize("kind", ["csv", "data", "damaged", "folder"])
def test_fresh_replaces_nothing_but_checkpoints(trained, tmp_path, kind):
    path = tmp_path / "run.h5"
    if kind == "csv":
        path.write_text("1,2,a\n2,3,b\n")
    elif kind == "data":
        write_hdf5({path: {"x": np.zeros(3)}})
    elif kind == "damaged":
        trained("moons", "--epochs", 1)
        path.write_bytes(path.read_bytes()[:-100])
    else:
        path.mkdir()
    before = path.is_dir() or path.read_bytes()
    status, out, err = trained("moons", "--epochs", 1, "--fresh")
    assert (status, out) == (1, "")
    assert err.startswith("minidl train: --fresh replaces only a checkpoint, but run.h5")
    assert (path.is_dir() or path.read_bytes()) == before


def test_fresh_needs_a_checkpoint(capsys):
    assert main(["train", "moons", "--fresh"]) == 1
    assert "--fresh replaces the file of --checkpoint" in capsys.readouterr().err
