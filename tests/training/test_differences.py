"""Errors name what differs, and stay short whatever a file contains."""

import pytest

from minidl import (
    L1,
    L2,
    BinaryCrossEntropy,
    Chain,
    Linear,
    MeanSquaredError,
    ReLU,
    ResumeError,
    Sequential,
    Sigmoid,
)
from minidl.serialization.configuration import model_config
from minidl.training.differences import (
    data_differences,
    model_differences,
    presence,
    raise_if_any,
    setting_differences,
)


def test_no_difference_raises_nothing():
    raise_if_any("data", [])


def test_differences_are_listed_with_the_cure():
    with pytest.raises(ResumeError) as caught:
        raise_if_any("batches", iter(["size 3", "no order"]), "pass the same")
    assert str(caught.value) == (
        "resume needs the batches of the saved training, got size 3; no order: pass the same"
    )
    assert caught.value.cure == "pass the same"


def test_many_or_long_differences_are_cut_short():
    saved = {f"{i}" * 500: "x" * 500 for i in range(100)}
    with pytest.raises(
        ResumeError, match=r"; 100 differences: pass the same; to train on"
    ) as caught:
        raise_if_any("settings", setting_differences(saved, {}))
    assert len(str(caught.value)) < 4000


@pytest.mark.parametrize(("count", "end"), [(12, "; d11: "), (13, "; d11; 13 differences: ")])
def test_up_to_twelve_differences_are_all_shown(count, end):
    with pytest.raises(ResumeError) as caught:
        raise_if_any("data", [f"d{i}" for i in range(count)], "cure")
    assert str(caught.value).endswith(f"{end}cure")


@pytest.mark.parametrize(
    ("saved", "current", "differences"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": [8, 4]}, {"a": (8, 4)}, []),
        ({"b": 1, "a": 2}, {"a": 3, "b": None}, ["a 3 instead of 2", "b none instead of 1"]),
        ({"a": None, "b": [8, 4]}, {"b": []}, ["b none instead of 8,4"]),
        ({"a": 1}, {"a": True}, ["a True instead of 1"]),
        ({"a": 1}, {}, ["a none instead of 1"]),
    ],
)
def test_settings_that_the_file_has_are_compared(saved, current, differences):
    assert list(setting_differences(saved, current)) == differences


def config(*layers, loss=None, penalties=(), dtype="float32"):
    loss = loss or BinaryCrossEntropy()
    return model_config(
        Sequential(layers, loss=loss, penalties=penalties, dtype=dtype).objective_function
    )


@pytest.mark.parametrize(
    ("other", "differences"),
    [
        (lambda: config(Linear(2, 1)), []),
        (lambda: config(Linear(2, 1), dtype="float64"), ["dtype: float64 instead of float32"]),
        (
            lambda: config(Linear(2, 3), Linear(3, 1)),
            [
                "layer 0: Linear(bias=True, in_features=2, out_features=3) instead of "
                "Linear(bias=True, in_features=2, out_features=1)",
                "layer 1: Linear(bias=True, in_features=3, out_features=1) instead of none",
            ],
        ),
        (
            lambda: config(Linear(2, 1), penalties=[L2(0.1), L1(0.2)]),
            [
                "penalty 0: L2(strength=0.1) instead of none",
                "penalty 1: L1(strength=0.2) instead of none",
            ],
        ),
        (
            lambda: config(Linear(2, 1), loss=MeanSquaredError()),
            ["loss: MeanSquaredError() instead of BinaryCrossEntropy()"],
        ),
    ],
)
def test_parts_of_a_model_are_named(other, differences):
    assert list(model_differences(config(Linear(2, 1)), other())) == differences


def test_layers_in_layers_are_compared():
    (found,) = model_differences(
        config(Chain(Linear(2, 1), Sigmoid())), config(Chain(Linear(2, 1), ReLU()))
    )
    assert found.startswith("layer 0: Chain(layers=")


ROWS = {"shape": [5, 2], "sha256": "a"}
SAMPLED = {"shape": [5, 2], "sampled_sha256": "a", "file": {"bytes": 9, "modified": 10**18}}


def file(**change):
    return {**SAMPLED, "file": SAMPLED["file"] | change}


@pytest.mark.parametrize(
    ("saved", "current", "difference"),
    [
        (ROWS, ROWS, []),
        (ROWS, {**ROWS, "sha256": "b"}, ["other values in X"]),
        (ROWS, {**ROWS, "shape": [4, 2]}, ["X of shape (4, 2) instead of (5, 2)"]),
        (ROWS, SAMPLED, ["another memory_limit, so that X fits into memory or not"]),
        (SAMPLED, ROWS, ["another memory_limit, so that X fits into memory or not"]),
        (SAMPLED, SAMPLED, []),
        (SAMPLED, {**SAMPLED, "sampled_sha256": "b"}, ["other values in X"]),
        (SAMPLED, file(bytes=1000), ["a file of X of 1,000 bytes instead of 9"]),
        (
            SAMPLED,
            file(modified=10**18 + 100),
            [
                "a file of X with the time stamp 2001-09-09 01:46:40.000000100 UTC instead of "
                "2001-09-09 01:46:40.000000000 UTC (give a copy the time stamp of the original)"
            ],
        ),
        (
            SAMPLED,
            file(modified=10**18 - 1),
            [
                "a file of X with the time stamp 2001-09-09 01:46:39.999999999 UTC instead of "
                "2001-09-09 01:46:40.000000000 UTC (give a copy the time stamp of the original)"
            ],
        ),
        (SAMPLED, file(bytes=None, modified=None), []),
        (file(bytes=None, modified=None), SAMPLED, []),
    ],
)
def test_data_are_compared(saved, current, difference):
    old, new = ({"X": rows, "Y": ROWS, "weights": None} for rows in (saved, current))
    assert list(data_differences(old, new)) == difference
    of_validation = [text.replace("X", "X of the validation set", 1) for text in difference]
    assert list(data_differences(old, new, " of the validation set")) == of_validation


def test_presence():
    assert list(presence(None, None, "a set", "set")) == []
    assert list(presence(1, 1, "a set", "set")) == []
    assert list(presence(None, {}, "a set", "set")) == ["a set where it had none"]
    assert list(presence({}, None, "a set", "set")) == ["no set"]
