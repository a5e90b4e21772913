import shutil

import numpy as np
import parallel_cases
import pytest
from parallel_cases import VARIANTS, X, Y, bits, train
from thread_ranks import results_of, run_ranks

from minidl import (
    ArgumentError,
    Callback,
    Checkpoint,
    DataParallel,
    EarlyStopping,
    NonFiniteError,
    ResumeError,
)

VALIDATION = X[:40], Y[:40]


def alone(*arguments, **options):
    return bits(*train(DataParallel(None), *arguments, **options))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("size", [2, 3, 8])
def test_any_number_of_ranks_gives_the_same_bits(size, variant):
    options = {"variant": variant, "metrics": ["f1"], "validation": VALIDATION}
    expected = alone(**options)
    for each in results_of(size, lambda group: bits(*train(DataParallel(group), **options))):
        assert each == expected


@pytest.mark.parametrize("variant", sorted({*VARIANTS} - {"dropout"}))
@pytest.mark.parametrize("exact", [True, False])
def test_it_is_the_training_of_one_process_but_for_rounding(variant, exact, monkeypatch):
    build = parallel_cases.build
    monkeypatch.setattr(parallel_cases, "build", lambda name: build(name).astype(np.float64))
    options = {"variant": variant, "validation": VALIDATION, "metrics": ["f1", worst_error]}
    expected, history = train(None, "Momentum", **options)

    def work(group):
        return train(DataParallel(group, exact=exact), "Momentum", **options)

    for model, history_of_rank in results_of(3, work):
        assert model.parameters.theta == pytest.approx(expected.parameters.theta, abs=1e-11)
        assert list(history_of_rank) == list(history)
        for name in history:
            assert history_of_rank[name] == pytest.approx(history[name], abs=1e-11)


def worst_error(y_true, y_pred):
    return np.abs(y_true - y_pred).max()


def test_statistics_of_each_rank_leave_all_of_them_with_one_model():
    def work(group):
        comm = DataParallel(group, exact=False, batch_statistics="rank")
        rows = slice(len(X) - 3)  # no rank has a single row
        return train(comm, variant="batch normalization", X=X[rows], Y=Y[rows])[0]

    first, second = results_of(2, work)
    assert bits(first) == bits(second)
    whole = train(DataParallel(None), variant="batch normalization")[0]
    assert np.abs(first.parameters.theta - whole.parameters.theta).max() > 1e-3


class StopOnOneRank(Callback):
    def __init__(self, group, now):
        self.group, self.now = group, now

    def on_batch_end(self, run):
        if self.group.rank == 1 and run.epoch == 2 and run.batch == 3:
            run.stop("rank 1 has had enough", now=self.now)


@pytest.mark.parametrize("now", [True, False])
def test_a_stop_of_one_rank_ends_all_of_them_after_the_same_step(now):
    def work(group):
        callbacks = [StopOnOneRank(group, now)]
        return train(DataParallel(group), epochs=5, callbacks=callbacks)

    of_ranks = results_of(3, work)
    assert len({str(bits(*each)) for each in of_ranks}) == 1
    assert {history.stopped for _, history in of_ranks} == {"rank 1 has had enough"}
    assert of_ranks[0][1].epochs == (1 if now else 2)


def test_early_stopping_and_functions_as_metrics_agree_on_all_ranks():
    def work(group):
        stopping = EarlyStopping("worst_error", patience=1, higher_is_better=False)
        options = {"epochs": 30, "metrics": [worst_error], "callbacks": [stopping]}
        model, history = train(DataParallel(group), "GD", **options)
        return bits(model, history), history.stopped

    first, *others = results_of(3, work)
    assert first[1].startswith("worst_error has not improved")
    assert all(other == first for other in others)


# Checkpoints
class CopyFile(Callback):
    """Keep the file of a step within an epoch, as if the training had been killed then."""

    def __init__(self, path, copy):
        self.path, self.copy = path, copy

    def on_save(self, run):
        if run.is_root and (run.epoch, run.batch) == (1, 4):
            shutil.copy(self.path, self.copy)


@pytest.mark.parametrize(
    ("size", "variant"), [(1, "dropout"), (3, "weights"), (1, "batch normalization")]
)
def test_a_checkpoint_resumes_on_another_number_of_ranks(size, variant, tmp_path):
    path = tmp_path / "run.h5"
    options = {"variant": variant, "metrics": ["f1", worst_error], "epochs": 2}
    expected = alone(**options)

    def begin(group):
        file = tmp_path / "last.h5"
        callbacks = [Checkpoint(file, every_seconds=1e-9), CopyFile(file, path)]
        return bits(*train(DataParallel(group), callbacks=callbacks, **options))

    assert results_of(2, begin) == [expected] * 2
    assert len(list(tmp_path.iterdir())) == 2

    def resume(group):
        return bits(*train(DataParallel(group), resume=path, **options))

    assert results_of(size, resume) == [expected] * size


def test_a_training_without_lanes_is_another_one(tmp_path):
    path = tmp_path / "run.h5"
    train(None, callbacks=[Checkpoint(path)])
    with pytest.raises(ResumeError, match="lanes 8 instead of none"):
        train(DataParallel(None), epochs=3, resume=path)
    train(DataParallel(None), callbacks=[Checkpoint(path)])
    with pytest.raises(ResumeError, match="lanes none instead of 8"):
        train(None, epochs=3, resume=path)
