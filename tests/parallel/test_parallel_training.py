import re
import shutil
from threading import BrokenBarrierError

import numpy as np
import parallel_cases
import pytest
import scipy.sparse
from out_of_core_array import OutOfCoreArray
from parallel_cases import RNG, VARIANTS, X, Y, bits, train
from thread_ranks import results_of, run_ranks

from minidl import (
    LBFGS,
    Adam,
    ArgumentError,
    Augmentation,
    BinaryCrossEntropy,
    Callback,
    Checkpoint,
    CSVLog,
    DataParallel,
    EarlyStopping,
    Flatten,
    FunctionMetric,
    Linear,
    MissingDataError,
    NonFiniteError,
    PrintEvery,
    ReLU,
    ResumeError,
    Sequential,
    ShapeError,
    Sigmoid,
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


def test_the_numbers_of_rank_0_count():
    def work(group):
        def rank(y_true, y_pred):
            return group.rank

        metric = FunctionMetric(rank, higher_is_better=True)
        options = {"metrics": [metric], "validation": VALIDATION, "epochs": 1}
        return train(DataParallel(group), **options)[1]

    for history in results_of(3, work):
        assert (history["rank"], history["val_rank"]) == ([0], [0])


def test_rank_0_alone_writes_and_logs(tmp_path, capsys):
    def work(group):
        folder = tmp_path / f"rank-{group.rank}"
        folder.mkdir()
        checkpoint = Checkpoint(folder / "run.h5", keep="both", monitor="loss")
        callbacks = [CSVLog(folder / "log.csv"), PrintEvery(1), checkpoint, EarlyStopping("loss")]
        train(DataParallel(group), epochs=2, callbacks=callbacks, progress=True)
        return sorted(path.name for path in folder.iterdir())

    assert results_of(2, work) == [["log.csv", "run.best.h5", "run.h5"], []]
    printed = capsys.readouterr()
    assert printed.out.count("Cost after epoch 0") == 1
    assert printed.err.count("\n") == 2  # a line for each epoch


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


def test_the_clock_of_rank_0_tells_when_to_save(tmp_path):
    def work(group):
        seconds = 3600 if group.is_root else 1e-9
        checkpoint = Checkpoint(tmp_path / "run.h5", every_seconds=seconds)
        return bits(*train(DataParallel(group), callbacks=[checkpoint]))

    assert results_of(2, work) == [alone()] * 2


def test_a_training_without_lanes_is_another_one(tmp_path):
    path = tmp_path / "run.h5"
    train(None, callbacks=[Checkpoint(path)])
    with pytest.raises(ResumeError, match="lanes 8 instead of none"):
        train(DataParallel(None), epochs=3, resume=path)
    train(DataParallel(None), callbacks=[Checkpoint(path)])
    with pytest.raises(ResumeError, match="lanes none instead of 8"):
        train(None, epochs=3, resume=path)


# What all ranks refuse, with one sentence
def refused(size, work, kind=ArgumentError):
    """Return the text of the error that each rank raises, the same on all."""
    errors = run_ranks(size, work)
    assert [type(error).__mro__[:2] for error in errors] == [type(errors[0]).__mro__[:2]] * size
    assert isinstance(errors[0], kind)
    (text,) = {str(error) for error in errors}
    return text


@pytest.mark.parametrize(
    ("differs", "words"),
    [
        (lambda group: {"Y": Y if group.rank < 2 else 1 - Y}, "other training set on rank 2 than"),
        (lambda group: {"epochs": 2 + (group.rank > 0)}, "epochs on ranks 1 and 2 .*: 3 instead"),
        (lambda group: {"batch_size": 32 + group.rank % 2}, "batch size, .* on rank 1 than"),
        (lambda group: {"optimizer": ["Adam", "GD"][group.rank % 2]}, "Descent.* instead of Adam"),
        (
            lambda group: {"variant": ["none", "L2"][group.rank // 2]},
            "model on rank 2 than on rank 0",
        ),
        (lambda group: {"validation": (X[:9], Y[:9]) if group.rank else None}, "validation set on"),
    ],
)
def test_ranks_that_differ_are_named(differs, words):
    text = refused(3, lambda group: train(DataParallel(group), **differs(group)))
    assert re.search(words, text), text
    assert "all ranks must train the same model with the same arguments" in text


def test_seeds_that_differ_are_named():
    def work(group):
        model = parallel_cases.build("none")
        if group.rank:
            model.shuffle_rng = np.random.default_rng(7)
        optimizer = parallel_cases.OPTIMIZERS["GD"]()
        model.fit(X, Y, optimizer=optimizer, epochs=1, progress=False, comm=DataParallel(group))

    assert "other random generators (of another seed?) on rank 1 than on rank 0" in refused(2, work)


def test_an_error_of_one_rank_is_raised_on_all():
    def work(group):
        return train(DataParallel(group), X=X[: 99 if group.rank else None])

    text = refused(3, work, ShapeError)
    assert "same number of rows" in text
    assert "(on ranks 1 and 2 of 3)" in text
    text = refused(2, lambda group: train(DataParallel(group), epochs=0))
    assert text == "epochs must be an integer >= 1, got 0"


def test_a_file_that_one_rank_lacks_is_missing_for_all(tmp_path):
    path = tmp_path / "run.h5"
    train(DataParallel(None), callbacks=[Checkpoint(path)])

    def work(group):
        file = path if group.is_root else tmp_path / "nothing.h5"
        return train(DataParallel(group), resume=file, epochs=3)

    text = refused(2, work, MissingDataError)
    assert "nothing.h5" in text
    assert "(on rank 1 of 2)" in text


def test_lanes_that_would_be_empty_are_refused():
    text = refused(3, lambda group: train(DataParallel(group, lanes=2)))
    assert "lanes must be at least the number of ranks, got lanes=2 for 3 ranks" in text
    text = refused(2, lambda group: train(DataParallel(group), batch_size=7))
    assert "an example for each of the 8 lanes or more, got 7: choose a larger batch_size" in text
    text = refused(2, lambda group: train(DataParallel(group, exact=False), batch_size=1))
    assert "each of the 2 ranks or more, got 1" in text


def test_statistics_of_a_single_row_of_a_rank_are_refused():
    def work(group):
        comm = DataParallel(group, exact=False, batch_statistics="rank")
        return train(comm, variant="batch normalization")

    assert "leaves a single one of 259 examples for one of 2 ranks" in refused(2, work)


# What ends a training
def explode(group, row):
    """Train on data of which one row is so large that an output becomes infinite."""
    rows = X.copy()
    rows[row] = 3e38
    return train(DataParallel(group), X=rows, shuffle=False)


@pytest.mark.parametrize("row", [0, 31])  # in the first and in the last lane
def test_what_is_not_finite_on_one_rank_ends_all_with_the_same_words(row):
    text = refused(3, lambda group: explode(group, row), NonFiniteError)
    assert "at epoch 1, batch 1, layer 0, Linear(6, 10), gives an output that is not" in text
    assert "The model has the parameters of the start" in text


class Fail(Callback):
    def on_batch_end(self, run):
        if run.group.rank == 1 and run.batch == 3:
            raise OSError("the disk is full")


def test_an_error_of_one_rank_within_training_ends_all_of_them(capsys):
    errors = run_ranks(3, lambda group: train(DataParallel(group), callbacks=[Fail()]))
    assert isinstance(errors[1], OSError)
    assert all(isinstance(error, BrokenBarrierError) for error in (errors[0], errors[2]))
    expected = "rank 1 of 3: OSError: the disk is full; the training ends on all ranks\n"
    assert expected in capsys.readouterr().err


# Other batches
def test_full_batch_optimizers_minimize_the_same_objective():
    def work(comm):
        model = parallel_cases.build("L2")
        options = {"epochs": 8, "batch_size": None, "validation": VALIDATION, "progress": False}
        history = model.fit(X, Y, optimizer=LBFGS(), comm=comm, metrics=["f1"], **options)
        return bits(model, history)

    expected = work(DataParallel(None))
    assert results_of(3, lambda group: work(DataParallel(group))) == [expected] * 3
    values = np.frombuffer(expected[1]), np.frombuffer(work(None)[1])
    assert values[0] == pytest.approx(values[1], rel=1e-4)


KINDS = {
    "array": lambda: X,
    "sparse": lambda: scipy.sparse.csr_array(X),
    "float64": lambda: X.astype(np.float64),
    "file": lambda: OutOfCoreArray(X),
}


@pytest.mark.parametrize("shuffle", [True, False, "with_replacement"])
@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_any_kind_are_those_of_one_process(kind, shuffle):
    options = {"shuffle": shuffle}
    if kind == "file":
        options["memory_limit"] = 4000
        if shuffle == "with_replacement":
            pytest.skip("rows are read in blocks")

    def work(comm):
        return bits(*train(comm, X=KINDS[kind](), **options))

    expected = work(DataParallel(None))
    for size in (3, 8):
        assert results_of(size, lambda group: work(DataParallel(group))) == [expected] * size


def test_pictures_change_as_those_of_one_process():
    pictures = RNG.random((70, 6, 6, 1)).astype(np.float32)
    augment = Augmentation(flip=True, shift=1, rotate=20, crop=0.8)

    def work(comm):
        layers = [Flatten(), Linear(36, 4), ReLU(), Linear(4, 1), Sigmoid()]
        model = Sequential(layers, loss=BinaryCrossEntropy())
        options = {"batch_size": 32, "epochs": 2, "progress": False, "augment": augment}
        history = model.fit(pictures, Y[:70], optimizer=Adam(), comm=comm, **options)
        return bits(model, history)

    expected = work(DataParallel(None))
    assert results_of(3, lambda group: work(DataParallel(group))) == [expected] * 3
