import numpy as np
import pytest
from parallel_cases import X, Y, train

from minidl import Callback, CSVLog, DataParallel, EarlyStopping
from minidl.parallel.run_description import describe_arguments, describe_state


class Describe(Callback):
    """Keep the descriptions of the training that begins."""

    def on_train_begin(self, run):
        self.arguments = describe_arguments(run, exact=True)
        self.fewer = describe_arguments(run, exact=False)
        self.state = describe_state(run)


def described(**options):
    callback = Describe()
    callbacks = [callback, *options.pop("callbacks", [])]
    train(DataParallel(None), callbacks=callbacks, **options)
    return callback


def differing(old, new):
    return [name for name in old if old[name] != new[name]]


def test_the_same_training_has_the_same_description():
    first, second = described(), described()
    assert (first.arguments, first.state) == (second.arguments, second.state)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"epochs": 3}, ["epochs"]),
        ({"optimizer": "GD"}, ["optimizer"]),
        ({"shuffle": False}, ["batch size, shuffling or lanes"]),
        ({"shuffle": lambda epoch: np.arange(len(X))[::-1]}, ["order of the rows"]),
        ({"X": X + 1}, ["training set"]),
        ({"sample_weight": np.arange(len(X))}, ["training set"]),
        ({"validation": (X[:9], Y[:9])}, ["validation set", "metrics"]),
        ({"metrics": ["f1"]}, ["metrics"]),
        ({"callbacks": [EarlyStopping("loss")]}, ["callbacks"]),
        ({"variant": "L2"}, ["model"]),
    ],
)
def test_each_argument_has_its_name(options, names):
    base = {"shuffle": lambda epoch: np.arange(len(X))} if "order" in names[0] else {}
    assert differing(described(**base).arguments, described(**options).arguments) == names


def test_what_rank_0_alone_does_may_differ(tmp_path):
    log = CSVLog(tmp_path / "log.csv")
    assert differing(described().arguments, described(callbacks=[log]).arguments) == []


def test_processors_count_only_for_exact_trainings():
    callback = described()
    assert "processor" in callback.arguments["software or processors"]
    assert callback.fewer["software or processors"].startswith("minidl ")
    assert "processor" not in callback.fewer["software or processors"]
