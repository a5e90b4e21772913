"""`minidl evaluate`."""

import json

import pytest

from minidl import BinaryCrossEntropy, Linear, MeanSquaredError, Sequential, Sigmoid
from minidl.cli import main


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return the folder of a network that was trained on the moons, and its results."""
    folder = tmp_path_factory.mktemp("moons")
    assert main(["train", "moons", "--epochs", "30", "--out", str(folder)]) == 0
    return folder, json.loads((folder / "results.json").read_text())


def test_a_saved_network_scores_the_same(saved, capsys):
    folder, results = saved
    assert main(["evaluate", str(folder / "model.h5"), "moons", "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    for name in ("train", "test", "confusion", "majority", "network", "parameters"):
        assert scores[name] == results[name], name


def test_other_points_give_other_scores(saved, capsys):
    folder, results = saved
    assert main(["evaluate", str(folder / "model.h5"), "moons", "--noise", "1", "--seed", "5"]) == 0
    out = capsys.readouterr().out
    assert "noise 1, seed 5" in out
    assert f"{results['test']['accuracy']:.3f}" not in out.splitlines()[4]


@pytest.mark.parametrize(
    ("words", "message"),
    [(["blobs"], "must predict the 3 classes of blobs, found 1"), (["signs"], "features")],
)
def test_a_dataset_that_does_not_fit_is_refused(saved, capsys, words, message):
    assert main(["evaluate", str(saved[0] / "model.h5"), *words]) == 1
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


def test_a_network_without_classes_is_refused(tmp_path, capsys):
    path = Sequential([Linear(2, 1)], loss=MeanSquaredError()).save(tmp_path / "model.h5")
    assert main(["evaluate", str(path), "moons"]) == 1
    assert "classes of moons" in capsys.readouterr().err


@pytest.mark.parametrize("is_nan", [False, True])
def test_numbers_that_are_not_finite_are_no_scores(tmp_path, capsys, is_nan):
    """Warnings are errors in tests."""
    layers = [Linear(2, 2, bias=False), Linear(2, 1), Sigmoid()]
    model = Sequential(layers, loss=BinaryCrossEntropy())
    last = -1 if is_nan else 1  # both hidden units are the same infinity
    model.parameters.theta = [3e38, -3e38, 3e38, -3e38, 1, last, 0]
    assert main(["evaluate", str(model.save(tmp_path / "model.h5")), "moons"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("minidl evaluate: the network must give finite numbers")


def test_a_missing_network_is_named(tmp_path, capsys):
    assert main(["evaluate", str(tmp_path / "none.h5"), "moons"]) == 1
    assert "none.h5" in capsys.readouterr().err


def test_the_limit_of_the_file_can_be_raised(saved, capsys):
    path = saved[0] / "model.h5"
    size = path.stat().st_size
    words = ["evaluate", str(path), "moons", "--limit"]
    assert main([*words, str(size - 1)]) == 1
    err = capsys.readouterr().err
    assert f"at most {size - 1:,} bytes, found {size:,}: pass a larger --limit if you" in err
    assert main([*words, str(size)]) == 0


def test_metrics_are_those_of_the_training_and_a_wrong_one_is_refused(tmp_path, capsys):
    words = ["moons", "--metrics", "f1,recall"]
    assert main(["train", *words, "--epochs", "5", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["metrics"].keys() == {"f1", "recall"}
    assert len(results["metrics"]["f1"]) == 5
    assert f"f1 {results['train']['f1']:28.3f} {results['test']['f1']:7.3f}" in printed
    assert main(["evaluate", str(tmp_path / "model.h5"), *words, "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["test"] == results["test"]
    for metrics, message in (("f3", "one of accuracy, class_accuracy, f1"), ("f1,f1", "twice")):
        with pytest.raises(SystemExit):
            main(["train", "moons", "--metrics", metrics])
        assert message in capsys.readouterr().err
    assert main(["evaluate", str(tmp_path / "model.h5"), "moons", "--metrics", "r2"]) == 1
    assert "'r2' needs a loss that predicts numbers" in capsys.readouterr().err


def test_a_training_with_other_metrics_does_not_resume(tmp_path, capsys):
    words = ["train", "moons", "--epochs", "3", "--checkpoint", str(tmp_path / "run.h5")]
    assert main([*words, "--metrics", "f1"]) == 0
    assert main([*words, "--metrics", "recall"]) == 1
    assert "metrics recall instead of f1" in capsys.readouterr().err
    assert main([*words, "--metrics", "f1"]) == 0
