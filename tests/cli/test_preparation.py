"""What the file of a network tells of its dataset, and what is refused."""

import numpy as np
import pytest

from minidl import BinaryCrossEntropy, DataError, Linear, Sequential, Sigmoid
from minidl.cli.preparation import MAX_JSON, Preparation, read_preparation, scale_in_place
from minidl.serialization.model_file import DATASET_ENTRY, save_model

SCALING = {"exponents": [1, -3], "mean": [0.1, 1e-300], "deviation": [1.0, 3.0]}
ENTRY = {"n_features": 2, "classes": ["a", "b"], "columns": ["x", "y", "c"], "scaling": SCALING}


@pytest.fixture
def saved(tmp_path):
    """Return a function that saves a network with an entry and reads the entry."""

    def save(entry):
        path = tmp_path / "model.h5"
        model = Sequential([Linear(2, 1), Sigmoid()], loss=BinaryCrossEntropy())
        save_model(model, path, {} if entry == "none" else {DATASET_ENTRY: entry})
        assert Sequential.load(path).layers[0].weight.shape == (1, 2)
        return read_preparation(path, 2**20)

    return save


def test_rows_are_scaled_as_those_of_the_training_bit_for_bit(saved):
    rng = np.random.default_rng(0)
    train, test = rng.normal(3, 1e200, (20, 2)), rng.normal(3, 1e200, (5, 2))
    original = test.copy()
    scaling = scale_in_place(train, test)
    np.testing.assert_allclose(train.std(axis=0), 1)
    found = saved(Preparation(2, ["a", "b"], None, scaling).entry())
    found.scaling.apply(original)
    np.testing.assert_array_equal(original, test)
    assert (found.classes, found.columns) == (["a", "b"], None)


def test_a_file_of_your_own_tells_nothing(saved):
    assert saved("none") is None


@pytest.mark.parametrize("entry", [ENTRY, {**ENTRY, "columns": None, "scaling": None}])
def test_an_entry_is_read(saved, entry):
    assert saved(entry).entry() == entry


def test_too_many_columns_are_not_kept_and_it_is_said(saved):
    wide = Preparation(1, ["a" * MAX_JSON, "b"], None, None)
    assert wide.entry() is None
    with pytest.raises(DataError, match="found too many columns to keep that: use the API"):
        saved(None)


@pytest.mark.parametrize(
    "changes",
    [
        {"n_features": 0, "columns": None, "scaling": None},
        {"n_features": 2.0},
        {"classes": ["a", 1]},
        {"columns": ["x", "y"]},
        {"columns": "xyc"},
        {"scaling": {**SCALING, "mean": [0.1]}},
        {"scaling": {**SCALING, "exponents": [1, 10**6]}},
        {"scaling": {**SCALING, "exponents": [1, 2.0]}},
        {"scaling": {**SCALING, "deviation": [1.0, 0.0]}},
        {"scaling": [[1, 2], [0.1, 0.2], [1.0, 2.0]]},
        {"more": 1},
    ],
)
def test_nonsense_is_refused(saved, changes):
    with pytest.raises(DataError, match="must tell its dataset as minidl train does"):
        saved({**ENTRY, **changes})


@pytest.mark.parametrize("entry", [[], "text", 1, {}])
def test_another_structure_is_refused(saved, entry):
    with pytest.raises(DataError, match="must tell its dataset as minidl train does"):
        saved(entry)
