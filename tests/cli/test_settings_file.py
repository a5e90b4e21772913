"""Settings in TOML: they are checked like options, and repeat a training bit for bit."""

import json
import tomllib

import numpy as np
import pytest

from minidl import Sequential
from minidl.cli import main, make_parser
from minidl.cli.dataset_options import load_dataset
from minidl.cli.settings_file import settings_text


@pytest.fixture
def config(tmp_path):
    """Return a function that writes a file of settings and returns its path."""

    def write(text):
        path = tmp_path / "settings.toml"
        path.write_text(text)
        return str(path)

    return write


def trained(capsys, *words):
    """Return the settings in the JSON of a training."""
    assert main(["train", *map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)["settings"]


def test_settings_are_options_and_those_of_the_command_line_replace_them(config, capsys):
    path = config(
        'dataset = "circles"\nepochs = 2\nlayers = [4, 3]\nl2 = 0.5\nlearning-rate = 1e-3\n'
        'points = 40\nmetrics = ["f1", "recall"]\nmpi = false\n'
    )
    found = trained(capsys, "--config", path, "--points", 60)
    expected = {"set": "circles", "epochs": 2, "layers": [4, 3], "l2": 0.5, "learning_rate": 1e-3}
    expected |= {"points": 60, "metrics": ["f1", "recall"], "config": path}
    assert {name: found[name] for name in expected} == expected
    assert trained(capsys, "moons", "--config", path)["set"] == "moons"


def test_a_network_in_words_replaces_widths_and_they_replace_it(config, capsys):
    path = config('dataset = "moons"\nepochs = 1\nlayers = [4]\n')
    assert trained(capsys, "--config", path, "--net", "linear 1")["net"] == "linear 1"
    path = config('dataset = "moons"\nepochs = 1\nnet = ["linear 3", "relu", "linear 1"]\n')
    assert trained(capsys, "--config", path)["net"] == "linear 3,relu,linear 1"
    assert trained(capsys, "--config", path, "--layers", 5)["net"] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch = 3", "a key must be an option of minidl train, got 'epoch': did you mean epochs?"),
        ("learning_rate = 1", "got 'learning_rate': did you mean learning-rate?"),
        ("zzz = 1", "got 'zzz': write one of dataset, "),
        ("config = 'other.toml'", "got 'config'"),
        ("epochs = 0", "argument --epochs: must be an integer >= 1, got '0'"),
        ("epochs = 1.5", "argument --epochs: must be an integer >= 1, got '1.5'"),
        ("epochs = true", "argument --epochs: must be an integer >= 1, got 'True'"),
        ("learning-rate = nan", "argument --learning-rate: must be a number > 0, got 'nan'"),
        ("optimizer = 'adan'", "argument --optimizer: invalid choice: 'adan'"),
        ("layers = [3, 0]", "argument --layers: must be integers >= 1 separated by commas"),
        ("layers = [3]\nnet = 'linear 1'", "argument --net: not allowed with argument --layers"),
        ("mpi = 'yes'", "mpi must be true or false, got 'yes'"),
        ("epochs = 2020-01-01", "epochs must be a number, a text or a list of them, got"),
        ("[training]\nepochs = 3", "got 'training'"),
        ("[epochs]\nn = 3", "epochs must be a number, a text or a list of them, got {'n': 3}"),
        ("dataset = 'mons'", "got 'mons': did you mean moons?"),
    ],
)
def test_a_wrong_setting_is_refused_in_a_line_with_its_file(config, capsys, text, message):
    path = config(f"{text}\n")
    words = ["train", "--config", path] + ([] if "dataset" in text else ["moons"])
    with pytest.raises(SystemExit) as end:
        main(words)
    out, err = capsys.readouterr()
    assert (end.value.code, out) == (2, "")
    assert err.startswith(f"minidl train: --config {path}: ")
    assert message in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"epochs = ", "settings.toml: must be TOML, such as: epochs = 100, found"),
        (b"a = " + b"[" * 5000, "must be TOML"),
        (b"\xff = 1", "must be TOML"),
        (None, "file not found"),
    ],
)
def test_what_is_no_toml_is_refused(tmp_path, capsys, content, message):
    path = tmp_path / "settings.toml"
    if content is not None:
        path.write_bytes(content)
    assert main(["train", "moons", "--config", str(path)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert len(err.splitlines()) == 1


def test_a_dataset_must_be_named_somewhere(config, capsys):
    path = config("epochs = 3\n")
    with pytest.raises(SystemExit):
        main(["train", "--config", path])
    assert f'are required: DATASET, or a line such as dataset = "moons" in {path}' in (
        capsys.readouterr().err
    )


RUNS = {
    "dropout, schedule, metrics": (
        "moons --points 80 --noise 0.3 --layers 8,4 --keep-prob 0.8 --optimizer adamw --l2 0.1 "
        "--schedule cosine --warm-up 1 --clip-norm 1 --metrics f1 --seed 7 --dtype float64"
    ),
    "words": "blobs --batch-size 16 --noise 0",
    "the whole set": "circles --points 60 --optimizer lbfgs --layers none",
    "a file": "",
}


@pytest.mark.parametrize("run", RUNS)
def test_a_training_is_repeated_bit_for_bit(run, tmp_path, capsys, monkeypatch, no_pictures):
    monkeypatch.chdir(tmp_path)
    words = RUNS[run].split()
    if run == "words":
        words += ["--net", "linear 6, tanh, linear 3"]
    elif run == "a file":
        table = tmp_path / "größe, 1.csv"
        table.write_text("".join(f"{i % 7},{i % 5},{'ab'[i % 2]}\n" for i in range(40)))
        words = [table.name]
    first, second = tmp_path / "first", tmp_path / "second"
    assert main(["train", *words, "--epochs", "3", "--out", str(first)]) == 0
    settings = str(first / "settings.toml")
    assert main(["train", "--config", settings, "--out", str(second)]) == 0
    capsys.readouterr()
    for name in ("model.h5", "settings.toml"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    one, two = (json.loads((out / "results.json").read_text()) for out in (first, second))
    for name in ("loss", "train", "test", "confusion", "epochs", "stopped"):
        assert one[name] == two[name], name
    thetas = [Sequential.load(out / "model.h5").parameters.theta for out in (first, second)]
    assert np.array_equal(*thetas)
    other = tmp_path / "other"
    assert main(["train", "--config", settings, "--seed", "8", "--out", str(other)]) == 0
    assert json.loads((other / "results.json").read_text())["loss"] != one["loss"]


def test_the_file_says_what_not_where(tmp_path):
    words = ["train", "moons", "--out", "a", "--checkpoint", "b.h5", "--fresh", "--json"]
    options = make_parser().parse_args(words)
    load_dataset(options)
    text = settings_text(options, "a\nb\x1b[2J")
    assert text.splitlines()[2] == r"# a\nb\x1b[2J"
    found = tomllib.loads(text)
    assert found["dataset"] == "moons"
    assert not {"out", "checkpoint", "fresh", "json", "config", "set"} & set(found)
    assert (found["layers"], found["learning-rate"]) == ([16, 16], 0.01)


@pytest.mark.parametrize("name", ['a"b\\c.csv', "\x7f\x1b\n.csv", "größe 😀.csv", "\udcff.csv"])
def test_a_file_of_any_name_is_written_as_toml(name):
    options = make_parser().parse_args(["train", name])
    options.batch_size = 1
    found = tomllib.loads(settings_text(options, "source"))["dataset"]
    assert found == (r"\udcff.csv" if "\udcff" in name else name)


def test_the_file_of_settings_is_not_replaced_by_the_results(tmp_path, capsys):
    path = tmp_path / "settings.toml"
    path.write_text('dataset = "moons"\n')
    assert main(["train", "--config", str(path), "--out", str(tmp_path)]) == 1
    assert "--out must not replace the file of --config, found" in capsys.readouterr().err
    assert path.read_text() == 'dataset = "moons"\n'
