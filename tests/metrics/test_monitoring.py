import pytest

from minidl import ArgumentError
from minidl.metrics.monitoring import check_monitored, higher_is_better

DIRECTIONS = {"loss": False, "f1": True, "own": None, "val_loss": False, "val_own": None}


class Watcher:
    pass


@pytest.mark.parametrize(
    ("name", "given", "larger"),
    [
        ("f1", None, True),
        ("f1", False, False),
        ("own", None, False),
        ("own", True, True),
        ("val_f1", None, True),
        ("norm", None, False),
    ],
)
def test_what_the_user_says_comes_before_what_is_known(name, given, larger):
    assert higher_is_better(name, given, DIRECTIONS) is larger
    assert higher_is_better("custom", None, {"custom": True})


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        (
            "val_recall",
            None,
            r"Watcher monitors 'val_recall', .* only loss, .*: pass fit\(metrics=\['recall'\]\)$",
        ),
        ("norm", None, "will have only loss, f1, own, val_loss, val_own$"),
        ("val_own", None, "only you know whether a larger value is better: pass higher_is_better="),
        ("f1", "max", "higher_is_better must be True, False or None, got 'max'"),
    ],
)
def test_a_column_that_cannot_be_monitored_is_refused(name, given, message):
    with pytest.raises(ArgumentError, match=message):
        check_monitored(name, given, DIRECTIONS, Watcher())


def test_a_column_with_a_direction_is_accepted():
    check_monitored("f1", None, DIRECTIONS, Watcher())
    check_monitored("own", True, DIRECTIONS, Watcher())
