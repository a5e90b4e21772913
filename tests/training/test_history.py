import copy
import math
import pickle

import pytest

from minidl import ArgumentError, History


def history(**columns):
    made = History()
    for row in zip(*columns.values(), strict=True):
        made.add(dict(zip(columns, row, strict=True)))
    return made


FULL = {"loss": [0.7, 0.5, 0.4], "val_loss": [0.6, 0.5, 0.55], "val_accuracy": [0.5, 0.9, 0.9]}


def test_columns_grow_by_rows():
    made = history(**FULL)
    assert made.loss == made["loss"] == FULL["loss"]
    assert made["val_loss"] == FULL["val_loss"]
    assert made.epochs == 3
    assert list(made) == list(FULL)
    assert "val_loss" in made
    assert "accuracy" not in made


def test_what_was_not_measured_is_filled_with_nan():
    made = history(loss=[1.0, 2.0], late=[3.0, 4.0])
    made.fill(["loss", "late", "never"], 0)
    assert list(made) == ["loss", "late"]
    made.fill(["late", "never"], 3)
    assert made.loss == [1.0, 2.0]
    assert made["late"][:2] == [3.0, 4.0]
    assert list(map(math.isnan, made["late"] + made["never"])) == [False, False, *[True] * 4]
    assert made.best_epoch("late") == 1


def test_a_history_has_no_length_as_it_has_epochs_and_columns():
    with pytest.raises(TypeError):
        len(history(**FULL))


def test_a_new_history_is_empty():
    made = History()
    assert made.loss == made["loss"] == []
    assert (made.epochs, made.stopped, made.seconds, str(made)) == (0, None, 0.0, "no epochs yet")
    with pytest.raises(ArgumentError, match="has no epochs yet"):
        made.best_epoch()


@pytest.mark.parametrize(
    ("monitor", "best"), [(None, 2), ("loss", 3), ("val_loss", 2), ("val_accuracy", 2)]
)
def test_the_best_epoch(monitor, best):
    assert history(**FULL).best_epoch(monitor) == best


def test_the_best_epoch_without_validation_is_that_of_the_loss():
    assert history(loss=[3.0, 1.0, 1.0, 2.0]).best_epoch() == 2


def test_nan_is_never_best():
    assert history(loss=[float("nan"), 2.0, 1.0]).best_epoch() == 3


def test_an_error_about_an_unknown_metric_lists_the_known_ones():
    with pytest.raises(ArgumentError, match="the history has no 'val_loss': it has loss"):
        history(loss=[1.0])["val_loss"]
    with pytest.raises(ArgumentError, match="it has no metrics yet"):
        History()["val_loss"]


def test_the_table_marks_the_best_epoch():
    lines = str(history(**FULL)).splitlines()
    assert lines[0].split() == ["epoch", "loss", "val_loss", "val_accuracy"]
    assert lines[2].split() == ["2", "0.5000", "0.5000", "0.9000", "best", "val_loss"]
    assert sum("best" in line for line in lines) == 1


def test_the_table_shows_small_learning_rates():
    line = str(history(accuracy=[0.9], learning_rate=[1e-5], loss=[0.5])).splitlines()[1]
    assert line.split()[:4] == ["1", "0.9000", "1.00e-05", "0.5000"]


@pytest.mark.parametrize("epochs", [1, 9, 100, 2500])
def test_the_table_is_short_and_shows_the_ends(epochs):
    lines = str(history(loss=[1 / (1 + abs(e - epochs // 3)) for e in range(epochs)])).splitlines()
    assert len(lines) <= 12
    assert lines[1].split()[0] == "1"
    assert lines[-1].split()[0] == str(epochs)


def test_the_table_says_why_training_stopped():
    made = history(loss=[1.0])
    made.stopped = "because"
    assert str(made).endswith("\nstopped: because")


def test_repr():
    assert (
        repr(history(loss=[0.7, 0.5], accuracy=[0, 1])) == "History(2 epochs: loss=0.5, accuracy=1)"
    )


def test_a_history_plots_itself():
    pytest.importorskip("matplotlib")
    history = History()
    history.add({"loss": 0.7, "val_loss": 0.8, "accuracy": 0.5})
    history.add({"loss": 0.5, "val_loss": 0.6, "accuracy": 0.7})
    labels = [line.get_label() for line in history.plot(held_out="test").get_lines()]
    assert labels == ["training", "test"]
    axes = history.plot("accuracy", against="loss")
    assert axes.get_lines()[0].get_xydata().tolist() == [[0.7, 0.5], [0.5, 0.7]]
    assert history.plot("loss", axes=axes) is axes
    with pytest.raises(ArgumentError, match=r"got none in History\.plot: train first"):
        History().plot()


def test_columns_are_attributes_too():
    made = history(**FULL)
    assert made.val_loss is made["val_loss"]
    assert "val_loss" in dir(made)
    assert "best_epoch" in dir(made)
    with pytest.raises(AttributeError, match="'val_los': its metrics are loss, val_loss, val_acc"):
        made.val_los  # noqa: B018
    with pytest.raises(AttributeError, match="'accuracy': its metrics are none yet"):
        History().accuracy  # noqa: B018
    with pytest.raises(AttributeError, match=r"no attribute '_loss'$"):
        made._loss  # noqa: B018


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda h: pickle.loads(pickle.dumps(h))]
)
def test_a_copy_has_the_same_columns(copied):
    assert copied(history(**FULL)).val_loss == FULL["val_loss"]
