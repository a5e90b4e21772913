"""Predictions by `dask.array.map_blocks`, in threads of this process and in processes."""

import numpy as np
import pytest

from minidl import (
    CategoricalCrossEntropy,
    DtypeError,
    Linear,
    ReLU,
    Sequential,
    ShapeError,
    Softmax,
)
from minidl.utils.environment import fingerprint

da = pytest.importorskip("dask.array")
delayed = pytest.importorskip("dask").delayed
distributed = pytest.importorskip("distributed")

# Dask warns of its own affairs.
pytestmark = [pytest.mark.no_cover, pytest.mark.filterwarnings("ignore")]

rng = np.random.default_rng(0)
ROWS = rng.standard_normal((3000, 4)).astype(np.float32)


def network(seed=1):
    layers = [Linear(4, 32), ReLU(), Linear(32, 3), Softmax()]
    return Sequential(layers, loss=CategoricalCrossEntropy(), seed=seed)


def blocks_of(rows, sizes=500):
    return da.from_array(rows, chunks=(sizes, -1))


def outputs(blocks, model):
    def predict(rows, model):
        return model.predict(rows) if len(rows) else np.empty((0, 3), np.float32)

    shape = {"chunks": (blocks.chunks[0], (3,)), "dtype": np.float32}
    return blocks.map_blocks(predict, model=delayed(model), **shape)


def test_many_threads_get_the_bits_that_one_gets():
    model = network()
    sizes = tuple(rng.integers(1, 12, 600))  # blocks of many sizes, which share work arrays
    rows = rng.standard_normal((sum(sizes), 4)).astype(np.float32)
    alone = [model.predict(block) for block in np.split(rows, np.cumsum(sizes)[:-1])]
    found = outputs(blocks_of(rows, sizes), model).compute(scheduler="threads", num_workers=16)
    np.testing.assert_array_equal(found, np.concatenate(alone))


def test_processes_get_the_bits_that_one_gets_with_one_thread_of_blas():
    model = network()
    local = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**local) as cluster, distributed.Client(cluster) as client:
        found = outputs(blocks_of(ROWS), model).compute()
        assert {each["blas_threads"] for each in client.run(fingerprint).values()} == {"1"}
    alone = [model.predict(block) for block in np.split(ROWS, 6)]
    np.testing.assert_array_equal(found, np.concatenate(alone))


def test_the_results_of_one_model_are_not_taken_for_those_of_another():
    first, second = (outputs(blocks_of(ROWS), network(seed)) for seed in (1, 2))
    assert first.name != second.name
    assert not np.array_equal(first.compute(), second.compute())


def test_a_block_without_rows_has_no_outputs():
    blocks = blocks_of(ROWS)
    largest = blocks[blocks[:, 0] > np.sort(ROWS[:, 0])[-3]]
    assert outputs(largest, network()).compute().shape == (2, 3)


@pytest.mark.parametrize(
    ("rows", "error", "sentence"),
    [
        (ROWS[:, :3], ShapeError, "expects 4 features, got 3 from X"),
        (ROWS.astype("U"), DtypeError, "X must hold real numbers, got dtype <U32"),
        (np.where(ROWS < 3, ROWS, np.nan), ValueError, "X must be finite, got nan at X"),
    ],
    ids=["columns", "texts", "nan"],
)
def test_what_is_wrong_with_a_block_is_a_sentence(rows, error, sentence):
    with pytest.raises(error, match=sentence):
        outputs(blocks_of(rows), network()).compute()
